import Federation
import Ledger
import Quantities
import Telemetry
import Wire

/// Something an operator asked for, from the decision to the outcome.
///
/// Errands live in memory alone: after a restart the tasks that they began end by themselves, and
/// nobody is left to try the next place for.
struct Errand {
    let request: DelegationRequest
    var decision: Decision
    /// The first decision as it is kept.
    let kept: NumberedDecision
    /// When it was made.
    let began: BootTime
    /// Indices of the decision's candidates that are left to try, best first.
    var placesLeft: [Int]
    /// When the outcome must be there.
    let deadline: BootTime
    /// The task under way; nil between two attempts.
    var task: TaskID?
    /// What was tried in vain, for the answer.
    var attempts: [Attempt] = []
    /// The peers among them that could not do it for what may lie in the task.
    var inabilities: [Inability] = []
    /// The least time after which a place may do it that cannot now; nil where none said so.
    private(set) var again: TimeSpan?
    /// How often it has waited for that.
    private(set) var waits: Int64 = 0
    /// Until when it waits; nil while places are tried.
    private(set) var waitsUntil: BootTime?

    /// Times that it waits: 1, 2, 4 and 8 seconds, or longer where a place has said so.
    static let mostWaits: Int64 = 4

    /// A place refuses for how it stands at present, and may do it after `time`.
    mutating func mayComeBack(after time: TimeSpan) { again = min(again ?? time, time) }

    /// Begins to wait for a place, where one may do it in time; false where none may.
    mutating func wait(at now: BootTime) -> Bool {
        guard let again, waits < Errand.mostWaits else { return false }
        let until = now + max(.seconds(1 << waits), again)
        guard until < deadline else { return false }
        waits += 1
        waitsUntil = until
        return true
    }

    /// No further place is tried.
    mutating func end() {
        placesLeft = []
        again = nil
    }

    /// Goes on with a decision that was made anew.
    mutating func goOn(with decision: Decision) {
        self.decision = decision
        placesLeft = decision.ranking
        waitsUntil = nil
        // Where there is no place yet, it may wait once more for what was said.
        if !placesLeft.isEmpty { again = nil }
    }

    /// Time for a peer to prove its work: what is left at `now`, less the way back.
    func workingTime(at now: BootTime) -> TimeSpan {
        let left = max(.zero, deadline.since(now))
        return left - min(.seconds(1), TimeSpan(milliseconds: left.milliseconds / 10))
    }

    /// A place that was tried in vain.
    struct Attempt {
        let platform: PlatformName
        let reason: String
    }

    /// A peer that could not do it for what may lie in the task: false, once another place has done it.
    struct Inability {
        let peer: PlatformID
        /// When it was given the task.
        let handedAt: LedgerTime
        /// Whether it says that the input cannot be read.
        let isOfInput: Bool
    }
}

/// A decision that was made, for `status`.
struct DecisionLine {
    let decidedAt: LedgerTime
    let operation: Operation
    let sentence: String
}

/// Work of this board for its own operator, on a work ticket.
struct LocalTask {
    let reference: TaskReference
    let command: CommandID?
    let operation: Operation
    let input: [UInt8]
    let parameters: [UInt8]
    let memory: ByteCount
    let timeout: TimeSpan
    let reserved: Energy
    /// The client on whose account it runs; nil for the own operator.
    var client: ClientBook.Key?
    /// Whether its beginning is stored before it runs, and not only together with its end.
    var isStored = true
    /// The task whose result is found out by this; nil for an ordinary one.
    var replicaOf: TaskID?
    /// Its result, where only its quality is asked for; nil where it is run again.
    var verified: [UInt8]?
}

/// Work that waits for a worker.
struct QueuedWork {
    let task: TaskID
    /// Whether it is for a peer.
    let isForPeer: Bool
    let urgency: UInt8
    let trust: BasisPoints
    let since: BootTime

    /// Its place in the queue at `now`.
    func priority(at now: BootTime) -> QueuePriority {
        QueuePriority(trust: trust, urgency: urgency, waited: now.since(since))
    }
}

/// Work that a worker does, or has done and the meter has not shown yet.
struct ActiveWork {
    let isForPeer: Bool
    let operation: Operation
    /// For whom it is; nil for the own operator.
    let payer: RunPayer?
    /// The worker's report, once it is there.
    var report: WorkReport?
    /// Whether the worker was told to stop, so that its result counts no more.
    var isCancelled = false
}
