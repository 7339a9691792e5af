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
    let decision: Decision
    /// The decision as it is kept.
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
