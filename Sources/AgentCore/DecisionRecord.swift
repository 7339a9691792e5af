import Cryptography
import Federation
import Ledger
import Quantities
import Wire

/// How many decisions are kept; at the limit the oldest makes room.
public enum DecisionLimits {
    /// Decisions, in the store: about 2 MB where there are three peers, at most 30 MB where there are 64.
    public static let kept: UInt64 = 2_000
    /// Longest stored decision in bytes.
    public static let recordBytes = DecisionInput.maximumEncodedLength + 1_024
    /// Most decisions of one answer.
    public static let listed = 256
    /// Most decisions of one answer that tells all their inputs; the longest ones stay below 3 MiB.
    public static let told = 32
    /// Longest sentence that is kept, in bytes.
    static let sentenceBytes = 256
}

/// How what was decided on ended.
public struct DecisionEnd: Hashable, Sendable {
    /// What became of it.
    public enum Outcome: UInt8, Sendable, CaseIterable {
        /// There is a result.
        case done = 1
        /// No place ran it.
        case refused = 2
        /// There was no result in time.
        case late = 3
        /// It was cancelled.
        case cancelled = 4
        /// Its input was at fault.
        case badInput = 5

        /// The outcome in the words of output.
        public var name: String {
            switch self {
            case .done: "done"
            case .refused: "refused"
            case .late: "late"
            case .cancelled: "cancelled"
            case .badInput: "bad_input"
            }
        }
    }

    /// What became of it.
    public var outcome: Outcome
    /// Time from the decision to the end.
    public var after: TimeSpan
    /// Places that were tried in vain before.
    public var failedAttempts: UInt32
    /// The task under which it ran; nil where it never began.
    public var task: TaskID?
    /// Where it ran; nil where it did not.
    public var platform: PlatformName?
    /// What the run drew; nil where there was none.
    public var energy: Energy?
    /// What it cost; nil where there was no run.
    public var paid: Energy?
    /// How long the run took; nil where there was none.
    public var time: TimeSpan?

    init(_ outcome: Outcome, after: TimeSpan, failedAttempts: Int, task: TaskID?) {
        self.outcome = outcome
        self.after = max(.zero, after)
        self.failedAttempts = UInt32(clamping: failedAttempts)
        self.task = task
    }
}

/// A decision as it is kept: with everything it was made from, so that it can be made again.
public struct DecisionRecord: Hashable, Sendable {
    /// When it was made.
    public let decided: WallTime
    /// How that time is known.
    public let timeStatus: TimeStatus
    /// Whether only the decision was asked for.
    public let isTrial: Bool
    /// What it was made from.
    public let input: DecisionInput
    /// The hash of what was decided.
    public let digest: Bytes32
    /// What was decided, in a few words.
    public let sentence: String
    /// Where the task went; nil where it was refused.
    public let chosen: PlatformName?
    /// What that was expected to cost.
    public let cost: Energy?
    /// How it ended; nil while that is open, for a trial, and where the agent was stopped before.
    public internal(set) var end: DecisionEnd?

    /// The record of `decision`, made from `input`.
    public init(
        _ decision: Decision, from input: DecisionInput, decided: WallTime, timeStatus: TimeStatus, isTrial: Bool
    ) {
        self.decided = max(.origin, decided)
        self.timeStatus = timeStatus
        self.isTrial = isTrial
        self.input = input
        digest = decision.digest
        sentence = decision.sentence
        chosen = decision.chosen?.platform
        cost = decision.chosen?.cost
    }

    /// What today's rules decide from the same input.
    public var again: Decision { decide(input) }

    /// Whether `decision` is the same in every number and reason.
    public func isSame(as decision: Decision) -> Bool { decision.digest == digest }
}

/// A decision with the number under which it is kept; later ones have higher numbers.
public struct NumberedDecision: Hashable, Sendable {
    /// The number.
    public let number: UInt64
    /// The decision.
    public internal(set) var record: DecisionRecord

    /// The decision `number`.
    public init(number: UInt64, record: DecisionRecord) {
        self.number = number
        self.record = record
    }

    /// The decision in a record of the store.
    ///
    /// - Throws: what is wrong with it, and where.
    public init(_ stored: StoredRecord) throws(CBORError) {
        guard let number = AgentMachine.number(ofKey: stored.key) else { throw .invalidValue(at: 0) }
        self.init(number: number, record: try DecisionRecord(decoding: stored.value))
    }
}
