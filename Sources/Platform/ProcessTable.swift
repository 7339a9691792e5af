import CLinux
import Quantities

/// A process of this machine at one moment.
public struct ProcessEntry: Hashable, Sendable {
    /// Its number.
    public let identifier: Int32
    /// The number of its parent.
    public let parent: Int32
    /// The number of its session.
    public let session: Int32
    /// Whether it has ended, and nobody has waited for it.
    public let hasEnded: Bool
    /// When it started, in the kernel's ticks: with its number this names it for ever.
    public let started: UInt64
    /// Memory that is resident; pages that it shares with others are counted in each.
    public let resident: ByteCount
    /// Processor time of its children that it has waited for, in microseconds.
    public let waitedMicroseconds: Int64

    /// What the kernel says of process `identifier` now; nil where there is none.
    public init?(_ identifier: Int32) {
        var process = clinux_process()
        guard unsafe clinux_process_read(identifier, &process) == 0 else { return nil }
        self.init(process)
    }

    init(_ process: clinux_process) {
        identifier = process.identifier
        parent = process.parent
        session = process.session
        hasEnded = process.ended == 1
        started = process.started
        resident = ByteCount(bytes: process.resident_bytes)
        waitedMicroseconds = process.waited_microseconds
    }

    /// Whether `other` is this very process, and not a later one of its number.
    public func isSame(as other: ProcessEntry) -> Bool { identifier == other.identifier && started == other.started }

    /// Processor time of its threads and of the children that it has waited for, in microseconds; zero once it is gone.
    public var processorMicroseconds: Int64 {
        max(0, Int64(clinux_process_microseconds(identifier))) + waitedMicroseconds
    }
}

/// A process that is looked at again and again.
///
/// A later one of its number is not mistaken for it, unless no descriptor could be had for it when this began.
public struct ProcessWatch: ~Copyable {
    private let identifier: Int32
    private let file: FileDescriptor?

    /// Watches the process `identifier`.
    public init(_ identifier: Int32) {
        self.identifier = identifier
        let opened = clinux_process_open(identifier)
        file = opened < 0 ? nil : FileDescriptor(adopting: Int32(opened))
    }

    /// What the kernel says of it now; nil once somebody has waited for it.
    public var entry: ProcessEntry? {
        switch file {
        case .none: return ProcessEntry(identifier)
        case .some(let file):
            var process = clinux_process()
            guard unsafe clinux_process_look(file.raw, identifier, &process) == 0 else { return nil }
            return ProcessEntry(process)
        }
    }
}

/// The processes of this machine that this one may see, at one moment.
public struct ProcessTable: Sendable {
    /// The processes.
    public let entries: [ProcessEntry]

    /// The processes now, `PlatformLimits.processes` at most.
    ///
    /// - Complexity: linear in the processes of the machine; some microseconds for each.
    public init() throws(SystemError) {
        var list = [clinux_process](repeating: clinux_process(), count: PlatformLimits.processes)
        let count = try system("opendir", "/proc") {
            unsafe list.withUnsafeMutableBufferPointer { list in
                guard let start = list.baseAddress else { return 0 }
                return unsafe clinux_processes(start, list.count)
            }
        }
        entries = list.prefix(count).map { ProcessEntry($0) }
    }

    init(entries: [ProcessEntry]) { self.entries = entries }

    /// Those of the session `root`, those that were `known` to belong to it, and all that descend from either.
    ///
    /// What leaves the session and loses its parent between two tables is not found.
    public func family(of root: Int32, known: [ProcessEntry] = []) -> [ProcessEntry] {
        var members = entries.filter { entry in
            entry.identifier == root || entry.session == root || known.contains { $0.isSame(as: entry) }
        }
        var next = 0
        while next < members.count {
            let parent = members[next].identifier
            next += 1
            members += entries.filter { entry in
                entry.parent == parent && !members.contains { $0.identifier == entry.identifier }
            }
        }
        return members
    }
}
