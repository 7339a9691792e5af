import Platform
import Quantities

/// A program of the operator's that stays and serves one operation, one task after another (docs/workers.md).
public struct ExternalExecutor: Hashable, Sendable {
    /// The operation.
    public var operation: String
    /// The program's file and its arguments.
    public var command: [String]
    /// Its whole environment, as `NAME=value`.
    public var environment: [String]
    /// Memory that each of its processes may use, the children of the process counted.
    public var memory: ByteCount
    /// Processes at once; each has one task at a time.
    public var concurrent: Int
    /// Cores that each of them may use; nil for all that there are.
    public var cores: UInt32?

    /// An executor of its parts.
    public init(
        operation: String, command: [String], environment: [String], memory: ByteCount, concurrent: Int,
        cores: UInt32? = nil
    ) {
        self.operation = operation
        self.command = command
        self.environment = environment
        self.memory = memory
        self.concurrent = concurrent
        self.cores = cores
    }
}

/// A program of the operator's that runs once for each task: input on its standard input, result on its output.
public struct AllowedCommand: Hashable, Sendable {
    /// The operation, `execution.` and its name.
    public var operation: String
    /// The program's file and its arguments.
    public var command: [String]
    /// Its whole environment, as `NAME=value`.
    public var environment: [String]

    /// A command of its parts.
    public init(operation: String, command: [String], environment: [String]) {
        self.operation = operation
        self.command = command
        self.environment = environment
    }
}

/// The programs of the operator's that a pool runs besides this one.
public struct WorkerPrograms: Hashable, Sendable {
    /// Those that stay.
    public var external: [ExternalExecutor]
    /// Those that run once.
    public var commands: [AllowedCommand]

    /// Programs; by default none.
    public init(external: [ExternalExecutor] = [], commands: [AllowedCommand] = []) {
        self.external = external
        self.commands = commands
    }
}

/// Why a process of an external executor is ended.
public enum ExternalFault: Error, Hashable, Sendable {
    /// A line is not what it should be; what is wrong with it.
    case malformed(String)
    /// It wrote without having been asked.
    case unasked
    /// It answered for another task than the one that it has.
    case wrongTask
    /// A line was longer than this.
    case lineTooLong(limit: Int)
    /// A line that was begun did not end in time.
    case lineUnfinished
    /// A result was longer than this.
    case resultTooLarge(limit: Int)
    /// It told of its progress more often than this.
    case tooMuchProgress(limit: Int)
    /// It closed its standard output and went on.
    case closedOutput
    /// It closed its standard input and went on.
    case closedInput
    /// It ended by itself.
    case exited(code: Int32)
    /// It ended by a signal.
    case crashed(Signal)
    /// It was not ready in time.
    case notReady
    /// It had more than it might.
    case exceeded(WorkerExcess)
    /// It took longer for a task than it might.
    case timedOut(limit: TimeSpan)
    /// The task was given up.
    case cancelled
    /// The configuration names it no more.
    case retired
    /// The kernel refused something.
    case system(SystemError)

    /// What happened, for a person.
    public var explanation: String {
        switch self {
        case .malformed(let what): "what it wrote cannot be read: " + what
        case .unasked: "it wrote a line without being asked"
        case .wrongTask: "it answered for another task"
        case .lineTooLong(let limit): "it wrote a line of more than \(limit) bytes"
        case .lineUnfinished: "it began a line and did not end it"
        case .resultTooLarge(let limit): "its result has more than \(limit) bytes"
        case .tooMuchProgress(let limit): "it told of its progress more than \(limit) times"
        case .closedOutput: "it closed its standard output"
        case .closedInput: "it closed its standard input"
        case .exited(let code): "it ended with code \(code)"
        case .crashed(let signal): "it ended by signal \(signal.rawValue)"
        case .notReady: "it was not ready after \(WorkerLimits.readyTime.milliseconds / 1000) s"
        case .exceeded(.memory(let limit)): "it had more than \(limit.bytes / 1_048_576) MiB of memory"
        case .exceeded(.processes(let limit)): "it had more than \(limit) processes"
        case .timedOut(let limit): "no answer within \(limit.milliseconds) ms"
        case .cancelled: "its task was cancelled"
        case .retired: "it is configured no more"
        case .system(let error): "it could not be run: " + error.description
        }
    }
}
