import Platform
import Quantities
import Wire

/// How to start the program that runs operations; the operation's name follows as the last argument.
public struct WorkerCommand: Sendable {
    /// The program's file.
    public var path: String
    /// Its arguments before the operation's name, the program's name first.
    public var arguments: [String]
    /// Its whole environment, as `NAME=value`.
    public var environment: [String]

    /// A command with an empty environment, so that no secret reaches a worker that way.
    public init(path: String, arguments: [String], environment: [String] = []) {
        self.path = path
        self.arguments = arguments
        self.environment = environment
    }

    /// This very program, started as `sage-edge worker OPERATION`: the same file even after an upgrade replaced it.
    public static var thisProgram: WorkerCommand {
        WorkerCommand(path: "/proc/self/exe", arguments: ["sage-edge", "worker"])
    }
}

/// An operation to run once, and what it may use.
public struct WorkerJob: Sendable {
    /// What the caller knows it by; unique among the pool's jobs.
    public var id: Bytes16
    /// The operation and its input.
    public var request: WorkerRequest
    /// Memory that it may use besides the program itself.
    public var memory: ByteCount
    /// Time that it may take, from its start.
    public var time: TimeSpan
    /// Processor time that it may use, rounded up to seconds.
    public var processorTime: TimeSpan
    /// Cores that it may use, where it has a process of its own; nil for all that there are.
    public var cores: UInt32?
    /// Until when it may wait for a process that stays; nil for as long as it may take, from when it was handed over.
    public var startBy: BootTime?
    /// The result whose quality is asked for, in place of one of its own; nil for an ordinary task.
    ///
    /// Only programs of the operator's that stay are asked.
    public var verified: [UInt8]?

    /// The job `id`; without a limit of its own for processor time it is `time`.
    public init(
        id: Bytes16, request: WorkerRequest, memory: ByteCount, time: TimeSpan, processorTime: TimeSpan? = nil
    ) {
        self.id = id
        self.request = request
        self.memory = memory
        self.time = time
        self.processorTime = processorTime ?? time
    }
}

/// What the pool does with a new job.
public enum WorkerAdmission: Equatable, Sendable {
    /// It runs, or has failed at once; its outcome comes.
    case started
    /// It waits for its turn behind this many others.
    case queued(behind: Int)
    /// A job of this id is here already.
    case duplicate
    /// Its input has more than `WorkerLimits.maximumInputBytes` bytes.
    case inputTooLarge(bytes: Int)
    /// As many jobs, or as many bytes of input, wait as may.
    case queueFull(jobs: Int, bytes: Int)
}

/// Why a job has no result.
public enum WorkerFailure: Equatable, Sendable {
    /// The worker refused the request.
    case refused(WorkerRefusal)
    /// The kernel refused something that running it needs, most often its start.
    case systemError(SystemError)
    /// It took longer than it might.
    case timedOut(limit: TimeSpan)
    /// It used more processor time than it might.
    case processorTimeExceeded(limit: TimeSpan)
    /// It ended by a signal; running out of memory ends it so as well.
    case crashed(Signal)
    /// It ended with this code without a proper answer.
    case exited(code: Int32)
    /// The operator's command ended with this code, which says that it has failed.
    case commandFailed(code: Int32)
    /// It wrote more than `WorkerLimits.maximumAnswerBytes` bytes.
    case tooMuchOutput(limit: Int)
    /// What it wrote is no answer.
    case malformedAnswer(CBORError)
    /// The operation gave no result, in its own words.
    case failed(String)
    /// The worker and its children had more than they might.
    case exceeded(WorkerExcess)
    /// The process of an external executor did not keep to what is agreed with it.
    case broken(ExternalFault)
    /// No process of its external executor could take it in time, and why the last one died where one did.
    case notStarted(because: String)
    /// The external executor is parked, and why.
    case parked(String)
    /// The caller gave it up.
    case cancelled

    /// What happened, for a person.
    public var explanation: String {
        switch self {
        case .refused(let refusal): refusal.explanation
        case .systemError(let error): "the worker could not be run: " + error.description
        case .timedOut(let limit): "no answer within \(limit.milliseconds) ms"
        case .processorTimeExceeded(let limit): "more than \(limit.milliseconds) ms of processor time"
        case .crashed(let signal): "the worker crashed (signal \(signal.rawValue))"
        case .exited(let code): "the worker ended with code \(code)"
        case .commandFailed(let code): "the command ended with code \(code)"
        case .tooMuchOutput(let limit): "the worker wrote more than \(limit) bytes"
        case .malformedAnswer(let error): "the worker's answer cannot be read: " + error.explanation
        case .failed(let reason): reason
        case .exceeded(let excess): ExternalFault.exceeded(excess).explanation
        case .broken(let fault): fault.explanation
        case .notStarted(let reason):
            "no process of its executor could take it in time"
                + (reason.isEmpty ? "" : "; the last one died: " + reason)
        case .parked(let reason): "its executor is parked: " + reason
        case .cancelled: "cancelled"
        }
    }
}

/// How a job ended, and what it used, whether or not it has a result.
public struct WorkerOutcome: Sendable {
    /// The job.
    public let id: Bytes16
    /// The operation's result, or why there is none.
    public let result: Result<[UInt8], WorkerFailure>
    /// How good the worker says that its result is; nil where it says nothing.
    public let quality: BasisPoints?
    /// When the worker was started; the same as `ended` where it never was.
    public let started: BootTime
    /// When its end was seen.
    public let ended: BootTime
    /// Processor time that it used, its own code and the kernel's, in microseconds.
    public let processorMicroseconds: Int64
    /// The most memory that it had resident at once, and no less than the starting process had resident when
    /// it forked: until the worker's own program replaces it, the kernel counts that copy as the worker's.
    public let peakResident: ByteCount
    /// How long the worker says that graphics processors worked for it; nil where it says nothing.
    public var graphicsClaim: TimeSpan?

    /// From start to end.
    public var duration: TimeSpan { ended.since(started) }
}

extension WorkerFailure: Error {
    /// What `fault` of its process means for a task.
    init(_ fault: ExternalFault) {
        switch fault {
        case .timedOut(let limit): self = .timedOut(limit: limit)
        case .exceeded(let excess): self = .exceeded(excess)
        case .cancelled: self = .cancelled
        case .exited(let code): self = .exited(code: code)
        case .crashed(let signal): self = .crashed(signal)
        case .system(let error): self = .systemError(error)
        default: self = .broken(fault)
        }
    }
}

extension WorkerOutcome {
    /// The outcome of a job of which nobody saw an end.
    init(_ id: Bytes16, _ failure: WorkerFailure, started: BootTime, ended: BootTime) {
        self.init(
            id: id, result: .failure(failure), quality: nil, started: started, ended: ended, processorMicroseconds: 0,
            peakResident: .zero)
    }
}
