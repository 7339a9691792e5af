import Platform
import Quantities
import Wire

/// Who starts the processes of workers.
public enum WorkerHost: Sendable {
    /// This program, as its children.
    case children(WorkerCommand)
    /// The service that listens at this Unix socket, whose unit has memory limits of its own.
    case service(path: String)

    /// Starts a worker for `order`; `descriptors` become its standard input, its standard output and what else it has,
    /// from 0 on.
    func start(_ order: WorkerOrder, _ descriptors: [Int32]) throws(SystemError) -> WorkerProcess {
        switch self {
        case .children(let command): try ChildWorker(order, by: command, descriptors)
        case .service(let path): try ServedWorker(order, path: path, descriptors)
        }
    }
}

/// A worker's process, wherever it was started; it is killed when this object goes away.
class WorkerProcess {
    /// A descriptor that becomes readable when it ends or something is told of it; nil where only asking tells.
    var endDescriptor: Int32? { nil }
    /// How long its end may take once it was killed; nil where the kernel sees to it.
    var endTime: TimeSpan? { nil }
    /// The limit that it was ended for, if it was.
    var excess: WorkerExcess? { nil }

    /// Ends it and all that it started.
    func kill() throws(SystemError) {}

    /// How it ended; nil while it runs.
    func poll() throws(SystemError) -> ChildExit? { nil }

    /// Asks what it and its children have used since they began; `takeUsage` gives the answer.
    func measure() throws(SystemError) {}

    /// What was asked for; nil where it has not come yet.
    func takeUsage() -> ResourceUsage? { nil }

    /// Ends it where it has more than it may; does nothing before it is due.
    func watch(_ now: BootTime, isBusy: Bool) throws(SystemError) {}

    /// When `watch` is due; nil where somebody else watches.
    func watchDue(isBusy: Bool) -> BootTime? { nil }
}

/// A worker that the service of workers has started; its connection stands for it.
final class ServedWorker: WorkerProcess {
    private let connection: StreamConnection
    private var unread: [UInt8] = []
    private var usage: ResourceUsage?
    private var exceeded: WorkerExcess?
    private var exit: ChildExit?
    private var failure: SystemError?

    /// The byte that asks what a worker has used.
    static let question = UInt8(ascii: "?")

    init(_ order: WorkerOrder, path: String, _ descriptors: [Int32]) throws(SystemError) {
        connection = try StreamConnection(connectingTo: path, timeout: WorkerLimits.serviceTimeout)
        try connection.descriptor.setNonBlocking(true)
        try DescriptorMessage.send(order.encoded, descriptors, over: connection)
    }

    override var endDescriptor: Int32? { connection.descriptor.raw }
    override var endTime: TimeSpan? { WorkerLimits.serviceEndTime }
    override var excess: WorkerExcess? { exceeded }

    /// The service kills a worker whose connection is closed, and still tells what it used.
    override func kill() throws(SystemError) { try connection.finishWriting() }

    override func measure() throws(SystemError) {
        usage = nil
        let question = [ServedWorker.question]
        // A service that has closed the connection has told its end before, and that is read next.
        _ = try? connection.descriptor.write(question.span)
    }

    override func takeUsage() -> ResourceUsage? { usage.take() }

    override func poll() throws(SystemError) -> ChildExit? {
        while true {
            switch try receive() {
            case .wouldBlock: return nil
            case .bytes: try takeReports()
            case .end:
                if let failure { throw failure }
                // Where it went away, or is another program, nobody knows what became of the worker.
                guard let exit else {
                    throw SystemError("read", .connectionReset, subject: "the service of workers")
                }
                return exit
            }
        }
    }

    /// What the service says next.
    ///
    /// Where it has closed the connection with a question of ours unread, the kernel tells that in place of the end,
    /// once all is read that the service had said.
    private func receive() throws(SystemError) -> ReadResult {
        let limit = 4 * WorkerLimits.maximumReportBytes
        do throws(SystemError) { return try connection.descriptor.read(upTo: limit, appendingTo: &unread) } catch {
            if error.errno == .connectionReset { return .end }
            throw error
        }
    }

    private func takeReports() throws(SystemError) {
        while let length = unread.first.map({ Int($0) }), unread.count > length {
            let bytes = Array(unread[1..<(1 + length)])
            unread.removeFirst(length + 1)
            guard let report = try? WorkerReport(decoding: bytes.span) else {
                throw SystemError("read", .connectionReset, subject: "the service of workers")
            }
            switch report {
            case .used(let used): usage = used
            case .exceeded(let limit): exceeded = limit
            case .ended(let end): exit = end
            case .notStarted(let errno):
                failure = SystemError("execve", errno, subject: "by the service of workers")
            }
        }
    }
}
