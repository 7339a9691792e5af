import Quantities

/// Something that a service tells the program that started it.
public enum ServiceNotice: Hashable, Sendable {
    /// It does what it is there for; also the end of `reloading`.
    case ready
    /// It reads its configuration again.
    case reloading
    /// It is about to end.
    case stopping
    /// It is alive.
    case watchdog
    /// How it is, in one line for people.
    case status(String)

    /// The notice as a line of the protocol.
    var line: String {
        switch self {
        case .ready: "READY=1"
        case .reloading: "RELOADING=1"
        case .stopping: "STOPPING=1"
        case .watchdog: "WATCHDOG=1"
        // A line end in it would begin another notice.
        case .status(let text): "STATUS=" + String(text.map { $0 == "\n" ? " " : $0 })
        }
    }
}

/// The program that started this one as a service and wants to know how it is: systemd, by sd_notify(3).
///
/// The protocol is one datagram of lines, which needs no library; `libsystemd` would add as much memory as the
/// ledger takes.
public struct ServiceSupervisor: ~Copyable {
    private let sender: LocalSender?
    /// Within which time it wants to hear `watchdog`; nil where it does not watch.
    public let watchdog: TimeSpan?

    /// The manager that the environment names, if any: `$NOTIFY_SOCKET`, `$WATCHDOG_USEC`, `$WATCHDOG_PID`.
    public init() {
        self.init(
            socket: Program.environment("NOTIFY_SOCKET"), watchdogMicroseconds: Program.environment("WATCHDOG_USEC"),
            watchdogProcess: Program.environment("WATCHDOG_PID"))
    }

    /// The manager that these values of the environment name.
    init(socket: String?, watchdogMicroseconds: String?, watchdogProcess: String?) {
        // Only a path and an abstract name are Unix addresses; newer systemd has vsock: as well.
        guard let socket, socket.hasPrefix("/") || socket.hasPrefix("@"),
            let sender = try? LocalSender(to: socket)
        else {
            sender = nil
            watchdog = nil
            return
        }
        self.sender = consume sender
        let isMeant = watchdogProcess.map { $0 == "\(Program.processID)" } ?? true
        let microseconds = watchdogMicroseconds.flatMap { Int64($0) } ?? 0
        watchdog = isMeant && microseconds >= 1000 ? TimeSpan(milliseconds: microseconds / 1000) : nil
    }

    /// Tells it, in one datagram and without waiting; false where it has no room for it now.
    ///
    /// One that is not there, or cannot be reached, misses it.
    @discardableResult
    public func tell(_ notices: [ServiceNotice]) -> Bool {
        switch sender {
        case .some(let sender):
            let text = notices.map { $0.line }.joined(separator: "\n")
            return (try? sender.send(Array(text.utf8))) ?? true
        case .none: return true
        }
    }
}
