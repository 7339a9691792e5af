import Federation
import Quantities

/// What has happened since the agent began, for metrics: nothing here goes back while it runs.
///
/// Every table has the fixed rows of its enum, so that nothing a peer or a sensor says makes it grow.
public struct AgentCounters: Sendable {
    /// How a task ended.
    public enum TaskEnd: String, Sendable, CaseIterable {
        /// An own task has its result, made here or elsewhere.
        case done
        /// No place could run an own task, or every place failed.
        case refused
        /// The input of an own task was at fault.
        case badInput = "bad_input"
        /// An own task had no result in time.
        case late
        /// An own task was taken back.
        case cancelled
        /// A peer's task was run and paid.
        case workPaid = "work_paid"
        /// A peer's task was run, or begun, and not paid.
        case workUnpaid = "work_unpaid"
        /// A peer's task was not taken on.
        case workRefused = "work_refused"
        /// A client's task was run and paid.
        case clientDone = "client_done"
        /// A client's task was begun and came to nothing.
        case clientFailed = "client_failed"
        /// A client's task was not taken on.
        case clientRefused = "client_refused"
    }

    /// Where a run was, and for whom.
    public enum Place: String, Sendable, CaseIterable {
        /// Here, for this board's operator.
        case here
        /// At a peer, for this board's operator.
        case elsewhere
        /// Here, for a peer.
        case forPeer = "for_peer"
        /// Here, for a client.
        case forClient = "for_client"
    }

    /// What became of a peer's task that was handed on.
    public enum Handing: String, Sendable, CaseIterable {
        /// It was locked and signed for a further platform.
        case sent
        /// A result has come from there, and was paid.
        case proven
        /// It ended there without a result.
        case back
    }

    /// Whether a paid task of a peer took what the peer says that its runs take.
    public enum Word: String, Sendable, CaseIterable {
        /// It did.
        case kept
        /// It took more, which may be chance.
        case broken
        /// It took more, as the peer's tasks do too often; that counts as worth nothing.
        case brokenHabitually = "broken_habitually"
    }

    /// What became of an energy page.
    public enum PageResult: String, Sendable, CaseIterable {
        /// The charging gate took it.
        case accepted
        /// The charging gate refused it.
        case refused
    }

    /// What a decision came to, and why.
    public struct Verdict: Hashable, Comparable, Sendable {
        /// `local`, `delegate` or `refuse`.
        public let outcome: String
        /// `cheapest` or `sparing`; of a refusal the first gate that was not passed.
        public let reason: String

        /// The verdict of `decision`.
        init(_ decision: Decision) {
            switch decision.outcome {
            case .local: (outcome, reason) = ("local", decision.isSparing ? "sparing" : "cheapest")
            case .delegate: (outcome, reason) = ("delegate", decision.isSparing ? "sparing" : "cheapest")
            case .refuse(let loss): (outcome, reason) = ("refuse", loss.name)
            }
        }

        /// Orders by outcome, then by reason.
        public static func < (left: Verdict, right: Verdict) -> Bool {
            left.outcome != right.outcome ? left.outcome < right.outcome : left.reason < right.reason
        }
    }

    /// Tasks by how they ended.
    public private(set) var tasks: [TaskEnd: UInt64] = [:]
    /// Peers' tasks that were handed on, by what became of them.
    public private(set) var handings: [Handing: UInt64] = [:]
    /// Times of runs in milliseconds, by place.
    public private(set) var durations: [Place: Histogram] = [:]
    /// Energies of runs in millijoules, by place.
    public private(set) var energies: [Place: Histogram] = [:]
    /// Decisions by outcome and reason; as many rows as there are reasons.
    public private(set) var decisions: [Verdict: UInt64] = [:]
    /// Energy pages by what became of them.
    public private(set) var pages: [PageResult: UInt64] = [:]

    /// Paid tasks of peers by whether they took what was said.
    public private(set) var words: [Word: UInt64] = [:]

    /// Processor time of runs here in milliseconds, by for whom they were.
    public private(set) var processors: [Place: UInt64] = [:]
    /// Milliseconds that workers say that graphics processors worked, by for whom they did.
    public private(set) var claimedGraphics: [Place: UInt64] = [:]

    mutating func countProcessor(_ place: Place, _ time: TimeSpan, claimed graphics: TimeSpan?) {
        processors[place, default: 0] &+= UInt64(max(0, time.milliseconds))
        claimedGraphics[place, default: 0] &+= UInt64(max(0, graphics?.milliseconds ?? 0))
    }

    mutating func count(_ word: Word) { words[word, default: 0] += 1 }

    mutating func count(_ end: TaskEnd) { tasks[end, default: 0] += 1 }

    mutating func count(_ handing: Handing) { handings[handing, default: 0] += 1 }

    mutating func count(_ decision: Decision) { decisions[Verdict(decision), default: 0] += 1 }

    mutating func count(_ result: PageResult) { pages[result, default: 0] += 1 }

    mutating func countRun(_ place: Place, time: TimeSpan, energy: Energy) {
        durations[place, default: AgentCounters.emptyDurations].observe(time.milliseconds)
        energies[place, default: AgentCounters.emptyEnergies].observe(energy.millijoules)
    }

    /// No runs: bounds from 10 ms to a minute.
    public static let emptyDurations = Histogram(bounds: [10, 50, 100, 500, 1000, 5000, 15_000, 60_000])
    /// No runs: bounds from 10 mJ to a kilojoule.
    public static let emptyEnergies = Histogram(bounds: [10, 100, 500, 1000, 5000, 20_000, 100_000, 1_000_000])
}

/// Counts of values up to each of a few bounds.
public struct Histogram: Hashable, Sendable {
    /// The bounds, ascending; a value on a bound counts for it.
    public let bounds: [Int64]
    /// Values up to each bound and above the one before it; last those above all.
    public private(set) var counts: [UInt64]
    /// The sum of all values.
    public private(set) var sum: Int64 = 0

    /// Nothing observed yet.
    public init(bounds: [Int64]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    /// Values in all.
    public var count: UInt64 { counts.reduce(0, +) }

    /// Counts a value; a negative one as zero.
    public mutating func observe(_ value: Int64) {
        let value = max(0, value)
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
        sum = Int64(clamping: Int128(sum) + Int128(value))
    }
}
