import EnergyProofs
import Federation
import Ledger
import Quantities
import Telemetry
import Wire

/// How a worker's run came to its end, numbered as it is stored.
public enum RunOutcome: UInt8, Sendable, CaseIterable {
    /// With a result.
    case done = 1
    /// The operation refused its input.
    case refusedInput = 2
    /// The worker died, or answered what cannot be understood.
    case crashed = 3
    /// It ran past its time.
    case timedOut = 4
    /// It wanted more memory than it may have.
    case outOfMemory = 5
    /// It was cancelled.
    case cancelled = 6
    /// The operation came to no result.
    case failed = 7

    /// The outcome in the words of output.
    public var name: String {
        switch self {
        case .done: "done"
        case .refusedInput: "refused_input"
        case .crashed: "crashed"
        case .timedOut: "timed_out"
        case .outOfMemory: "out_of_memory"
        case .cancelled: "cancelled"
        case .failed: "failed"
        }
    }

    /// The outcome called `name`, or nil.
    public init?(name: String) {
        guard let outcome = RunOutcome.allCases.first(where: { $0.name == name }) else { return nil }
        self = outcome
    }
}

/// A platform that had a task run here.
public struct RunPayer: Hashable, Sendable {
    /// Its node.
    public let id: PlatformID
    /// What it was called then.
    public let name: PlatformName

    /// The platform `id`, called `name`.
    public init(id: PlatformID, name: PlatformName) {
        self.id = id
        self.name = name
    }
}

/// What is kept of a worker's run on this board: what it drew, how that is known, and what was asked and paid for it.
public struct RunRecord: Hashable, Sendable {
    /// The task.
    public var task: TaskID
    /// What was run.
    public var operation: Operation
    /// For whom; nil for the board's own operator.
    public var payer: RunPayer?
    /// When it ended, by the agent's clock.
    public var ended: WallTime
    /// How long it ran.
    public var duration: TimeSpan
    /// Whether anybody vouched for that clock.
    public var timeStatus: TimeStatus
    /// How it came to its end.
    public var outcome: RunOutcome
    /// What it drew.
    public var energy: Energy
    /// How far that may be from the truth; nil where no meter resolved it.
    public var errorBound: Energy?
    /// How the energy is known.
    public var evidence: EvidenceClass
    /// The source.
    public var source: SourceID
    /// What the source's register showed; nil where that is not known.
    public var span: RegisterSpan?
    /// What was asked for it; nothing for a run without a result.
    public var charged: Energy
    /// What was paid of that; nil while it is open.
    public var paid: Energy?
    /// Processor time that its worker used, its own code and the kernel's; nil where it is not known.
    public var processor: TimeSpan?
    /// How long the worker says that graphics processors worked for it, which nobody has measured; nil where it says
    /// nothing.
    public var graphicsClaim: TimeSpan?

    /// A run of its parts, for which nothing is asked.
    public init(
        task: TaskID, operation: Operation, payer: RunPayer?, ended: WallTime, duration: TimeSpan,
        timeStatus: TimeStatus, outcome: RunOutcome, energy: Energy, errorBound: Energy?, evidence: EvidenceClass,
        source: SourceID, span: RegisterSpan?
    ) {
        self.task = task
        self.operation = operation
        self.payer = payer
        self.ended = ended
        self.duration = duration
        self.timeStatus = timeStatus
        self.outcome = outcome
        self.energy = energy
        self.errorBound = errorBound
        self.evidence = evidence
        self.source = source
        self.span = span
        charged = .zero
        paid = .zero
    }

    /// When it began.
    public var began: WallTime { max(.origin, ended - duration) }

    /// Its energy over its time; nil where that is too short to tell.
    public var mean: Power? { duration > .zero ? energy.meanPower(over: duration) : nil }

    /// The run with `amount` asked for it and nothing paid yet.
    func asking(_ amount: Energy) -> RunRecord {
        var run = self
        run.charged = amount
        run.paid = amount > .zero ? nil : .zero
        return run
    }

    /// The run with `amount` asked for it and paid.
    func paid(_ amount: Energy) -> RunRecord {
        var run = self
        run.charged = amount
        run.paid = amount
        return run
    }
}

/// A run with the number under which it is kept; later runs have higher ones.
public struct NumberedRun: Hashable, Sendable {
    /// The number.
    public let number: UInt64
    /// The run.
    public internal(set) var run: RunRecord

    /// The run `number`.
    public init(number: UInt64, run: RunRecord) {
        self.number = number
        self.run = run
    }

    /// The run in a record of the store.
    ///
    /// - Throws: what is wrong with it, and where.
    public init(_ record: StoredRecord) throws(CBORError) {
        guard let number = AgentMachine.number(ofKey: record.key) else { throw .invalidValue(at: 0) }
        self.init(number: number, run: try RunRecord(decoding: record.value))
    }
}
