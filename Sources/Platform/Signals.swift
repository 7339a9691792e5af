import CLinux

/// A signal, by its number.
public struct Signal: RawRepresentable, Hashable, Sendable {
    /// The number, 1 … 63; those named here are the same on all Linux architectures in use.
    public let rawValue: Int32

    /// The signal with this number.
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// The terminal has gone, or: read the configuration again.
    public static let hangup = Signal(rawValue: 1)
    /// Ctrl-C.
    public static let interrupt = Signal(rawValue: 2)
    /// An instruction that cannot be executed; how Swift stops on x86-64.
    public static let illegalInstruction = Signal(rawValue: 4)
    /// A breakpoint; how Swift stops on arm64.
    public static let trap = Signal(rawValue: 5)
    /// The program ended itself.
    public static let abort = Signal(rawValue: 6)
    /// Ends the process at once.
    public static let kill = Signal(rawValue: 9)
    /// Memory that is not there.
    public static let segmentationFault = Signal(rawValue: 11)
    /// Written to a closed pipe.
    public static let pipe = Signal(rawValue: 13)
    /// Asks the process to end.
    public static let terminate = Signal(rawValue: 15)
    /// A child has ended.
    public static let child = Signal(rawValue: 17)
    /// The limit of processor time is reached.
    public static let processorTime = Signal(rawValue: 24)
    /// The limit of a file's size is reached.
    public static let fileSize = Signal(rawValue: 25)
    /// The terminal's window has another size.
    public static let windowChange = Signal(rawValue: 28)

    /// Makes the process ignore this signal.
    public func ignore() throws(SystemError) { _ = try system("signal") { clinux_signal_ignore(rawValue) } }

    /// Sends this signal to a process.
    public func send(to process: Int32) throws(SystemError) {
        _ = try system("kill") { clinux_signal_send(process, rawValue) }
    }
}

/// Signals as something to read, instead of handlers that run anywhere (signalfd(2)).
public struct SignalSource: ~Copyable {
    private let source: FileDescriptor

    /// Blocks `signals` in the calling thread and those it starts later, and collects them here.
    ///
    /// Make it before the first other thread, which would otherwise be ended by them.
    public init(_ signals: [Signal]) throws(SystemError) {
        var set: UInt64 = 0
        for signal in signals {
            precondition((1...63).contains(signal.rawValue), "the number of a signal")
            set |= 1 << UInt64(signal.rawValue)
        }
        source = FileDescriptor(adopting: Int32(try system("signalfd") { clinux_signals_create(set) }))
    }

    /// What to wait for.
    public var descriptor: Int32 { source.raw }

    /// The next signal that has come; nil where none has.
    ///
    /// Several of one kind may have become one.
    public func next() throws(SystemError) -> Signal? {
        try system("read", expecting: .tryAgain) { clinux_signals_next(source.raw) }.map {
            Signal(rawValue: Int32(truncatingIfNeeded: $0))
        }
    }
}
