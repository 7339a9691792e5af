import Ledger
import Quantities

/// Where a task stands on its payer's side.
public enum PayerState: Hashable, Sendable {
    /// Decided on, nothing locked yet.
    case created
    /// The ledger refused the lock; nothing happened.
    case unfunded
    /// Locked and signed, not known to be on its way.
    case locked
    /// On its way, no answer yet.
    case sent
    /// The worker took it.
    case accepted
    /// The worker runs it.
    case running
    /// A proof is stored here and not decided on.
    case proven(proofHash: Bytes32, charged: Energy)
    /// The lock has ended.
    case settled(SettlementOutcome, PayerReceipt)

    /// The state in a word.
    public var name: String {
        switch self {
        case .created: "created"
        case .unfunded: "unfunded"
        case .locked: "locked"
        case .sent: "sent"
        case .accepted: "accepted"
        case .running: "running"
        case .proven: "proven"
        case .settled(.posted, _): "posted"
        case .settled(.voided(.cancelled), _): "cancelled"
        case .settled(.voided(.expired), _): "expired"
        case .settled(.voided(.refused), _): "refused"
        case .settled(.voided, _): "voided"
        }
    }
}

/// Where the receipt of a settled task is.
public enum PayerReceipt: UInt8, Sendable {
    /// None is needed: the worker itself declined.
    case none = 0
    /// In the outbox.
    case owed = 1
    /// The worker has applied it.
    case delivered = 2
}

/// What happened to a task, as its payer sees it.
public enum PayerEvent: Hashable, Sendable {
    /// The decision was made for this worker.
    case started
    /// The ledger locked the budget and the task with this hash was signed.
    case locked(taskHash: Bytes32)
    /// The ledger refused the lock.
    case lockRefused
    /// The task was handed to the link.
    case sent
    /// The worker says where the task with this hash stands.
    case stage(TaskStage, taskHash: Bytes32)
    /// The worker's signed word that no proof for the task with this hash will come.
    case refused(TaskRefusal, taskHash: Bytes32)
    /// A proof, signed by the worker, arrived with its result.
    case proofArrived(proofHash: Bytes32, charged: Energy)
    /// The check of that proof ended: nil where it holds.
    case verified(proofHash: Bytes32, VoidReason?)
    /// The ledger did not pay: the lane has stopped, or a limit is reached.
    case postRefused
    /// The person or program that asked for the task withdraws it.
    case cancelRequested
    /// The worker has applied the receipt.
    case receiptApplied
    /// Time went on.
    case timePassed
    /// The agent started again and took this state from its store.
    case restarted
}

/// What a payer is to do, in order.
public enum PayerDirective: Hashable, Sendable {
    /// Lock `amount` until `until`; build and sign the task with the frozen lots; answer with
    /// `locked` or `lockRefused`.
    case lock(Energy, until: LedgerTime)
    /// Store the state, with what came along.
    case store
    /// Send the signed task.
    case sendTask
    /// Send the cancellation.
    case sendCancel
    /// Tell the worker that its proof is stored.
    case sendProofStored(proofHash: Bytes32)
    /// Check the stored proof and result against the task; answer with `verified`.
    case verify(proofHash: Bytes32)
    /// In one transaction: end the lock as `outcome`, store the state and, with `receipt`, the signed receipt
    /// (answering the proof with this hash) in the outbox; then send it.
    case settle(SettlementOutcome, proofHash: Bytes32?, receipt: Bool)
    /// Send what the outbox holds for this worker again.
    case resendReceipt
    /// Forget the outbox row.
    case clearOutbox
    /// Try the next place of the decision.
    case fallBack(VoidReason)
}

/// A task's life on its payer's side: a pure machine.
///
/// `created → locked → sent → accepted | refused → running → proven → posted | voided`, or
/// cancelled or expired on the way. It ends exactly once.
public struct PayerLife: Hashable, Sendable {
    /// The task.
    public let task: TaskID
    /// Who is to run it.
    public let worker: PlatformID
    /// What is locked.
    public let budget: Energy
    /// What it costs.
    public let pricing: Pricing
    /// What holds where this side never decides.
    public let silence: SilenceRule
    /// Until when the worker must have taken it.
    public let acceptBy: LedgerTime
    /// The other deadlines.
    public let deadlines: TaskDeadlines
    /// Hash of the signed task; nil before it is signed.
    public internal(set) var taskHash: Bytes32?
    /// Where it stands.
    public internal(set) var state: PayerState
    /// Whether it was withdrawn.
    public internal(set) var cancelRequested: Bool
    var retry: RetryTimer

    /// A new life; nothing is locked yet.
    public init(
        task: TaskID, worker: PlatformID, budget: Energy, pricing: Pricing, silence: SilenceRule,
        acceptBy: LedgerTime, deadlines: TaskDeadlines, at now: LedgerTime
    ) {
        self.task = task
        self.worker = worker
        self.budget = budget
        self.pricing = pricing
        self.silence = silence
        self.acceptBy = min(acceptBy, deadlines.decision)
        self.deadlines = deadlines
        self.taskHash = nil
        self.state = .created
        self.cancelRequested = false
        self.retry = RetryTimer(at: now)
    }

    /// When `timePassed` is due next; nil where nothing waits for time.
    public var nextDeadline: LedgerTime? {
        switch state {
        case .created, .unfunded, .settled: nil
        case .locked, .sent: min(retry.due, acceptBy)
        case .accepted, .running: cancelRequested ? min(retry.due, deadlines.decision) : deadlines.decision
        case .proven: deadlines.decision
        }
    }

    /// Takes in `event` at `now` and says what to do.
    public mutating func handle(_ event: PayerEvent, at now: LedgerTime) -> [PayerDirective] {
        switch event {
        case .started:
            return state == .created ? [.lock(budget, until: deadlines.asking)] : []
        case .locked(let hash):
            guard state == .created else { return [] }
            taskHash = hash
            state = .locked
            retry = RetryTimer(at: now)
            return [.store, .sendTask]
        case .lockRefused:
            guard state == .created else { return [] }
            state = .unfunded
            return [.fallBack(.refused)]
        case .sent:
            if state == .locked { state = .sent }
            return []
        case .stage(let stage, let hash): return handle(stage, hash)
        case .refused(let reason, let hash): return handle(reason, hash)
        case .proofArrived(let hash, let charged): return handleProof(hash, charged)
        case .verified(let hash, let fault): return handleVerdict(hash, fault)
        case .postRefused:
            guard case .settled(.posted, _) = state else { return [] }
            state = .settled(.voided(.silence), .owed)
            return [.settle(.voided(.silence), proofHash: nil, receipt: true), .fallBack(.silence)]
        case .cancelRequested: return handleCancel(at: now)
        case .receiptApplied:
            guard case .settled(let outcome, .owed) = state else { return [] }
            state = .settled(outcome, .delivered)
            return [.store, .clearOutbox]
        case .timePassed: return handleTime(now)
        case .restarted: return handleRestart(now)
        }
    }

    // MARK: The worker's answers

    private mutating func handle(_ stage: TaskStage, _ hash: Bytes32) -> [PayerDirective] {
        guard hash == taskHash else { return [] }
        switch state {
        case .locked, .sent:
            state = stage == .running ? .running : .accepted
            return [.store]
        case .accepted:
            if stage == .running { state = .running }
            return []
        case .settled(_, .owed): return [.resendReceipt]
        case .created, .unfunded, .running, .proven, .settled: return []
        }
    }

    private mutating func handle(_ reason: TaskRefusal, _ hash: Bytes32) -> [PayerDirective] {
        guard hash == taskHash else { return [] }
        switch state {
        case .locked, .sent: return settleUnpaid(.refused, receipt: .none)
        case .accepted, .running: return settleUnpaid(.failed, receipt: .none)
        // After its proof the worker's refusal no longer counts; the proof is what is decided on.
        case .created, .unfunded, .proven, .settled: return []
        }
    }

    private mutating func handleProof(_ hash: Bytes32, _ charged: Energy) -> [PayerDirective] {
        switch state {
        case .locked, .sent, .accepted, .running:
            state = .proven(proofHash: hash, charged: charged)
            return [.store, .sendProofStored(proofHash: hash), .verify(proofHash: hash)]
        case .proven(let stored, _):
            return stored == hash ? [.sendProofStored(proofHash: hash)] : []
        case .settled(_, .owed), .settled(_, .delivered): return [.resendReceipt]
        case .created, .unfunded, .settled(_, .none): return []
        }
    }

    private mutating func handleVerdict(_ hash: Bytes32, _ fault: VoidReason?) -> [PayerDirective] {
        guard case .proven(let stored, let charged) = state, stored == hash else { return [] }
        if let fault { return settle(.voided(fault), proofHash: hash) + [.fallBack(fault)] }
        return settle(.posted(pricing.settlement(charged: charged, locked: budget)), proofHash: hash)
    }

    // MARK: This side's own doing

    private mutating func handleCancel(at now: LedgerTime) -> [PayerDirective] {
        guard !cancelRequested else { return [] }
        switch state {
        case .created:
            state = .unfunded
            return []
        case .locked, .sent, .accepted, .running:
            cancelRequested = true
            retry = RetryTimer(at: now)
            return [.store, .sendCancel]
        // A proof in hand is work done: it is decided on, not cancelled.
        case .proven, .unfunded, .settled: return []
        }
    }

    private mutating func handleTime(_ now: LedgerTime) -> [PayerDirective] {
        switch state {
        case .created, .unfunded, .settled: return []
        case .proven(let hash, let charged):
            guard now >= deadlines.decision else { return [] }
            switch silence {
            case .pay: return settle(.posted(pricing.settlement(charged: charged, locked: budget)), proofHash: hash)
            case .void: return settle(.voided(.silence), proofHash: hash) + [.fallBack(.silence)]
            }
        case .locked, .sent:
            if now >= acceptBy { return settleUnpaid(.noAnswer, receipt: .owed) }
        case .accepted, .running:
            if now >= deadlines.decision { return settleUnpaid(.expired, receipt: .owed) }
        }
        guard now >= retry.due else { return [] }
        retry.rearm(at: now)
        if cancelRequested { return [.sendCancel] }
        return state == .locked || state == .sent ? [.sendTask] : []
    }

    private mutating func handleRestart(_ now: LedgerTime) -> [PayerDirective] {
        retry = RetryTimer(at: now)
        let overdue = handleTime(now)
        guard overdue.isEmpty else { return overdue }
        switch state {
        case .created:
            state = .unfunded
            return []
        case .locked, .sent: return cancelRequested ? [.sendCancel] : [.sendTask]
        case .accepted, .running: return cancelRequested ? [.sendCancel] : []
        case .proven(let hash, _): return [.sendProofStored(proofHash: hash), .verify(proofHash: hash)]
        case .settled(_, .owed): return [.resendReceipt]
        case .unfunded, .settled: return []
        }
    }

    private mutating func settleUnpaid(_ reason: VoidReason, receipt: PayerReceipt) -> [PayerDirective] {
        let reason: VoidReason = cancelRequested ? .cancelled : reason
        state = .settled(.voided(reason), receipt)
        let settle = PayerDirective.settle(.voided(reason), proofHash: nil, receipt: receipt == .owed)
        return reason == .cancelled ? [settle] : [settle, .fallBack(reason)]
    }

    private mutating func settle(_ outcome: SettlementOutcome, proofHash: Bytes32) -> [PayerDirective] {
        state = .settled(outcome, .owed)
        return [.settle(outcome, proofHash: proofHash, receipt: true)]
    }
}
