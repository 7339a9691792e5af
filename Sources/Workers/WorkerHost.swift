import Platform
import Quantities
import Wire

/// Who starts the processes of workers.
public enum WorkerHost: Sendable {
    /// This program, as its children.
    case children(WorkerCommand)
    /// The service that listens at this Unix socket, whose unit has memory limits of its own.
    case service(path: String)

    /// Starts a worker for `order`, with these ends of pipes as its standard input and output.
    func start(_ order: WorkerOrder, input: borrowing FileDescriptor, output: borrowing FileDescriptor)
        throws(SystemError) -> WorkerProcess
    {
        switch self {
        case .children(let command): try ChildWorker(command.start(order, input: input, output: output))
        case .service(let path): try ServedWorker(order, path: path, input: input, output: output)
        }
    }
}

extension WorkerCommand {
    /// Starts this program for `order`, with these ends of pipes as its standard input and output.
    func start(_ order: WorkerOrder, input: borrowing FileDescriptor, output: borrowing FileDescriptor)
        throws(SystemError) -> ChildProcess
    {
        var start = ChildCommand(
            path: path, arguments: arguments + [order.operation], environment: environment,
            descriptors: [InheritedDescriptor(input.raw, as: 0), InheritedDescriptor(output.raw, as: 1)])
        start.limits.addressSpace = WorkerLimits.programAddressSpace + order.memory
        start.limits.processorSeconds = order.processorSeconds
        start.limits.openFiles = WorkerLimits.maximumOpenFiles
        start.limits.fileSize = .zero
        start.nice = WorkerLimits.nice
        return try ChildProcess(start)
    }
}

/// A worker's process, wherever it was started; it is killed when this object goes away.
class WorkerProcess {
    /// A descriptor that becomes readable when it ends; nil where only asking tells.
    var endDescriptor: Int32? { nil }
    /// How long its end may take once it was killed; nil where the kernel sees to it.
    var endTime: TimeSpan? { nil }

    /// Ends it and all that it started.
    func kill() throws(SystemError) {}

    /// How it ended; nil while it runs.
    func poll() throws(SystemError) -> ChildExit? { nil }
}

/// A worker that is a child of this program.
final class ChildWorker: WorkerProcess {
    private var child: ChildProcess

    init(_ child: consuming ChildProcess) { self.child = child }

    override var endDescriptor: Int32? { child.endDescriptor }
    override func kill() throws(SystemError) { try child.signal(.kill) }
    override func poll() throws(SystemError) -> ChildExit? { try child.poll() }
}

/// A worker that the service of workers has started; its connection stands for it.
final class ServedWorker: WorkerProcess {
    private let connection: StreamConnection
    private var report: [UInt8] = []

    init(
        _ order: WorkerOrder, path: String, input: borrowing FileDescriptor, output: borrowing FileDescriptor
    ) throws(SystemError) {
        connection = try StreamConnection(connectingTo: path, timeout: WorkerLimits.serviceTimeout)
        try connection.descriptor.setNonBlocking(true)
        try DescriptorMessage.send(order.encoded, [input.raw, output.raw], over: connection)
    }

    override var endDescriptor: Int32? { connection.descriptor.raw }
    override var endTime: TimeSpan? { WorkerLimits.serviceEndTime }

    /// The service kills a worker whose connection is closed, and still tells what it used.
    override func kill() throws(SystemError) { try connection.finishWriting() }

    override func poll() throws(SystemError) -> ChildExit? {
        while true {
            let room = WorkerLimits.maximumReportBytes + 1 - report.count
            switch try connection.descriptor.read(upTo: room, appendingTo: &report) {
            case .wouldBlock: return nil
            case .bytes where report.count > WorkerLimits.maximumReportBytes:
                throw SystemError("read", .messageTooLong, subject: "the service of workers")
            case .bytes: continue
            case .end: return try exit()
            }
        }
    }

    private func exit() throws(SystemError) -> ChildExit {
        let report = report
        // Where it went away, or is another program, nobody knows what became of the worker.
        guard let report = try? WorkerReport(decoding: report.span) else {
            throw SystemError("read", .connectionReset, subject: "the service of workers")
        }
        switch report {
        case .ended(let exit): return exit
        case .notStarted(let errno): throw SystemError("execve", errno, subject: "by the service of workers")
        }
    }
}
