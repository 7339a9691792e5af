import CLinux
import Quantities

/// What a child may use at most; nil leaves a limit as it is (setrlimit(2)).
public struct ChildLimits: Hashable, Sendable {
    /// Address space.
    public var addressSpace: ByteCount?
    /// Processor time in seconds; at the end comes `Signal.processorTime`, a second later `Signal.kill`.
    public var processorSeconds: UInt32?
    /// Open descriptors.
    public var openFiles: UInt32?
    /// Processes and threads of its user, those of others counted too.
    public var processes: UInt32?
    /// Size of a file it writes.
    public var fileSize: ByteCount?
    /// Processors that it may run on, of those that this process may: the ones with the highest numbers, so that
    /// children with the same limit share them (sched_setaffinity(2)); at least one.
    public var processors: UInt32?

    /// No limits but those of this process.
    public init() {}
}

/// A descriptor of this process for a child.
public struct InheritedDescriptor: Hashable, Sendable {
    /// Its number here.
    public let here: Int32
    /// Its number there.
    public let there: Int32

    /// `here` becomes `there`; 0, 1 and 2 are its standard streams.
    public init(_ here: Int32, as there: Int32) {
        self.here = here
        self.there = there
    }
}

/// What to start, and how.
public struct ChildCommand: Sendable {
    /// The program's file; not looked for in `PATH`.
    public var path: String
    /// Its arguments, the program's name first.
    public var arguments: [String]
    /// Its whole environment, as `NAME=value`.
    public var environment: [String]
    /// Its descriptors; of 0, 1 and 2 those not named are `/dev/null`.
    public var descriptors: [InheritedDescriptor]
    /// Its limits; core files are never written.
    public var limits = ChildLimits()
    /// How far it steps back for others, −20 … 19; 0 leaves it as it is.
    public var nice: Int32 = 0
    /// Whether it gets a session of its own, works in the root folder and goes first where memory runs out.
    public var isSession = false
    /// The descriptor of the control group's `cgroup.procs` that it joins; nil leaves it where this process is.
    public var controlGroup: Int32?

    /// A command with an empty environment and all standard streams at `/dev/null`.
    public init(path: String, arguments: [String], environment: [String] = [], descriptors: [InheritedDescriptor] = [])
    {
        self.path = path
        self.arguments = arguments
        self.environment = environment
        self.descriptors = descriptors
    }
}

/// How a child ended, and what it used.
public struct ChildExit: Hashable, Sendable {
    /// The manner of its end.
    public enum Manner: Hashable, Sendable {
        /// By itself, with this code, 0 … 255.
        case exited(Int32)
        /// By a signal.
        case signalled(Signal)
    }

    /// The manner of its end.
    public let manner: Manner
    /// What it and those of its own children that it waited for used.
    public let usage: ResourceUsage

    /// An end of this manner.
    public init(manner: Manner, usage: ResourceUsage) {
        self.manner = manner
        self.usage = usage
    }
}

/// A running program in a process group of its own.
///
/// It is killed when the thread that started it ends, and when this value goes away before it was waited for. What
/// it leaves running in its group is killed when it is waited for.
public struct ChildProcess: ~Copyable {
    /// Its process id, which is also that of its group.
    public let identifier: Int32
    private let ended: FileDescriptor?
    private var exit: ChildExit?

    /// Starts a program and returns when it runs.
    ///
    /// It inherits nothing but the named descriptors and the user: default signal handling, its own group, no core
    /// files, no new privileges.
    /// - Throws: with `call` "execve" what kept the program from starting, else which step of the preparation failed.
    public init(_ command: ChildCommand) throws(SystemError) {
        for text in [command.path] + command.arguments + command.environment where text.utf8.contains(0) {
            throw SystemError("execve", .invalidArgument, subject: command.path)
        }
        let nothing = try FileDescriptor(opening: "/dev/null", .readWrite)
        var map = command.descriptors
        for stream in Int32(0)...2 where !map.contains(where: { $0.there == stream }) {
            map.append(InheritedDescriptor(nothing.raw, as: stream))
        }
        map.sort { $0.there < $1.there }
        for (left, right) in zip(map, map.dropFirst()) {
            precondition(left.there >= 0 && left.there < right.there, "each descriptor of a child named once")
        }
        let identifier = try ChildProcess.spawn(command, map)
        self.identifier = identifier
        // Before Linux 5.3 there is none; then the end is told by Signal.child alone.
        let descriptor = clinux_process_descriptor(identifier)
        ended = descriptor >= 0 ? FileDescriptor(adopting: Int32(descriptor)) : nil
    }

    deinit {
        guard exit == nil else { return }
        _ = clinux_signal_send(-identifier, Signal.kill.rawValue)
        var code: CInt = 0
        var signalled: CInt = 0
        var usage = clinux_usage()
        _ = try? system("wait4") { unsafe clinux_wait(identifier, 1, &code, &signalled, &usage) }
    }

    /// A descriptor that becomes readable when it ends; nil before Linux 5.3, where `Signal.child` tells.
    public var endDescriptor: Int32? {
        switch ended {
        case .some(let descriptor): descriptor.raw
        case .none: nil
        }
    }

    /// Sends a signal to its whole group; nothing happens when it was waited for already.
    public func signal(_ signal: Signal) throws(SystemError) {
        // Its number may belong to another process by then.
        guard exit == nil else { return }
        _ = try system("kill", expecting: .noProcess) { clinux_signal_send(-identifier, signal.rawValue) }
    }

    /// How it ended; nil while it runs.
    public mutating func poll() throws(SystemError) -> ChildExit? { try reap(waiting: false) }

    /// How it ends; waits for it.
    public mutating func wait() throws(SystemError) -> ChildExit {
        while true {
            if let exit = try reap(waiting: true) { return exit }
        }
    }

    private mutating func reap(waiting: Bool) throws(SystemError) -> ChildExit? {
        if let exit { return exit }
        var code: CInt = 0
        var signalled: CInt = 0
        var usage = clinux_usage()
        let process = identifier
        let done = try system("wait4") {
            unsafe clinux_wait(process, waiting ? 1 : 0, &code, &signalled, &usage)
        }
        guard done == 1 else { return nil }
        let manner: ChildExit.Manner = signalled == 1 ? .signalled(Signal(rawValue: code)) : .exited(code)
        exit = ChildExit(manner: manner, usage: ResourceUsage(usage))
        return exit
    }
}

// MARK: Starting

extension ChildProcess {
    private static func spawn(_ command: ChildCommand, _ map: [InheritedDescriptor]) throws(SystemError) -> Int32 {
        let here = map.map { $0.here }
        let there = map.map { $0.there }
        let path = Array(command.path.utf8CString)
        var step: CInt = 0
        do throws(SystemError) {
            let limits = command.limits
            return Int32(
                try system("fork", command.path) {
                    unsafe withCStrings(command.arguments) { arguments in
                        unsafe withCStrings(command.environment) { environment in
                            unsafe path.withUnsafeBufferPointer { path in
                                unsafe here.withUnsafeBufferPointer { here in
                                    unsafe there.withUnsafeBufferPointer { there in
                                        guard let program = path.baseAddress, let from = here.baseAddress,
                                            let to = there.baseAddress
                                        else { return -Int(Errno.invalidArgument.rawValue) }
                                        var request = unsafe clinux_spawn(
                                            path: program, arguments: arguments, environment: environment, from: from,
                                            to: to, descriptors: UInt32(here.count), nice: command.nice,
                                            address_space_bytes: limit(limits.addressSpace),
                                            cpu_seconds: limit(limits.processorSeconds),
                                            open_files: limit(limits.openFiles), processes: limit(limits.processes),
                                            file_bytes: limit(limits.fileSize), processors: limits.processors ?? 0,
                                            session: command.isSession ? 1 : 0,
                                            control_group: command.controlGroup ?? -1)
                                        return unsafe clinux_spawn(&request, &step)
                                    }
                                }
                            }
                        }
                    }
                })
        } catch {
            throw SystemError(callOfStep(step), error.errno, subject: command.path)
        }
    }

    private static func callOfStep(_ step: CInt) -> String {
        switch Int(step) {
        case CLINUX_SPAWN_DESCRIPTORS: "dup2"
        case CLINUX_SPAWN_LIMITS: "setrlimit"
        case CLINUX_SPAWN_PRIVILEGES: "prctl"
        case CLINUX_SPAWN_EXEC: "execve"
        case CLINUX_SPAWN_GROUP: "cgroup.procs"
        case CLINUX_SPAWN_PROCESSORS: "sched_setaffinity"
        default: "fork"
        }
    }

    private static func limit(_ value: UInt32?) -> UInt64 { value.map { UInt64($0) } ?? .max }

    private static func limit(_ value: ByteCount?) -> UInt64 { value.map { UInt64(max(0, $0.bytes)) } ?? .max }
}

/// Calls `body` with `strings` as C has them: a list of pointers, closed by a null pointer.
private func withCStrings(_ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Int) -> Int {
    var bytes: [CChar] = []
    var starts: [Int] = []
    for string in strings {
        starts.append(bytes.count)
        bytes += string.utf8CString
    }
    return unsafe bytes.withUnsafeBufferPointer { bytes in
        var pointers: [UnsafePointer<CChar>?] = unsafe starts.map { start in
            unsafe bytes.baseAddress.map { unsafe $0 + start }
        }
        unsafe pointers.append(nil)
        return unsafe pointers.withUnsafeBufferPointer { pointers in
            guard let list = pointers.baseAddress else { return -Int(Errno.noMemory.rawValue) }
            return unsafe body(list)
        }
    }
}
