import Ledger
import Quantities

/// Where a task stands on its worker's side.
public enum WorkerState: Hashable, Sendable {
    /// Nothing was heard of it.
    case unseen
    /// It was or will be refused, with this stored answer.
    case refused(TaskRefusal)
    /// Taken on, waiting for its turn.
    case accepted
    /// Running.
    case running
    /// Handed on as this task to another platform.
    case handedOn(TaskID)
    /// Done; the proof with this hash is stored here and asks to be paid `due`.
    case proven(proofHash: Bytes32, due: Energy)
    /// The payer stayed silent; what the task's rule says holds until a receipt says otherwise.
    case presumed(SilenceRule, proofHash: Bytes32, due: Energy)
    /// The payer's receipt was applied.
    case settled(SettlementOutcome)

    /// The state in a word.
    public var name: String {
        switch self {
        case .unseen: "unseen"
        case .refused: "refused"
        case .accepted: "accepted"
        case .running: "running"
        case .handedOn: "handed on"
        case .proven: "proven"
        case .presumed(.pay, _, _): "presumed posted"
        case .presumed(.void, _, _): "presumed voided"
        case .settled(.posted): "posted"
        case .settled(.voided): "voided"
        }
    }
}

extension WorkerState {
    /// Whether a worker process, or another platform, is at it.
    fileprivate var isAtWork: Bool {
        switch self {
        case .running, .handedOn: true
        case .unseen, .refused, .accepted, .proven, .presumed, .settled: false
        }
    }
}

/// What a worker holds on to from a task it saw.
public struct WorkerTerms: Hashable, Sendable {
    /// Hash of the signed task.
    public let taskHash: Bytes32
    /// What the payer locked.
    public let budget: Energy
    /// What the task costs.
    public let pricing: Pricing
    /// What holds where the payer stays silent.
    public let silence: SilenceRule
    /// The deadlines.
    public let deadlines: TaskDeadlines

    /// The terms of the task with `taskHash`.
    public init(
        taskHash: Bytes32, budget: Energy, pricing: Pricing, silence: SilenceRule, deadlines: TaskDeadlines
    ) {
        self.taskHash = taskHash
        self.budget = budget
        self.pricing = pricing
        self.silence = silence
        self.deadlines = deadlines
    }

    /// The terms of `task`, signed `age` before `now`.
    public init(_ task: Signed<FederationTask>, age: TimeSpan, at now: LedgerTime) {
        self.init(
            taskHash: task.hash, budget: task.payload.budget, pricing: task.payload.pricing,
            silence: task.payload.silence,
            deadlines: TaskDeadlines(
                remaining: max(.zero, task.payload.remaining - age), grace: task.payload.grace, at: now))
    }
}

/// What happened to a task, as its worker sees it.
public enum WorkerEvent: Hashable, Sendable {
    /// The task arrived; `refusal` is what its admission says against it, which counts only the first time.
    case taskArrived(WorkerTerms, refusal: TaskRefusal?)
    /// The worker process began.
    case workStarted
    /// The worker process ended; its signed proof, hash and asked payment are at hand.
    case workFinished(proofHash: Bytes32, charged: Energy)
    /// The worker process ended without a result, for this reason.
    case workFailed(TaskRefusal)
    /// The worker process died.
    case workCrashed
    /// The worker process died, or did with an agent before this one, in work that is not to be run a second time.
    case workInterrupted
    /// It was locked and signed as this task for another platform, before any worker process began.
    case handedOn(TaskID)
    /// The task that it was handed on as ended without a result.
    case handedBack
    /// The payer withdraws the task with this hash.
    case cancelArrived(taskHash: Bytes32)
    /// The payer has stored the proof with this hash.
    case proofStored(proofHash: Bytes32)
    /// The payer's receipt arrived as the next message of its lane.
    case receiptArrived(SettlementOutcome)
    /// Time went on.
    case timePassed
    /// The agent started again and took this state from its store.
    case restarted
}

/// What a worker is to do, in order.
public enum WorkerDirective: Hashable, Sendable {
    /// Store the state, with the task or the proof and result that came along.
    case store
    /// Put the task into the queue.
    case enqueue
    /// End the worker process, take the task out of the queue, or withdraw the task that it was handed on as.
    case stopWork
    /// Say where the task stands.
    case sendStage(TaskStage)
    /// Send the signed refusal of the task with this hash.
    case sendRefusal(TaskRefusal, taskHash: Bytes32)
    /// Send the signed proof and the result.
    case sendResult
    /// In one transaction: apply the receipt to the ledger and the lane, store the state.
    case applyReceipt(SettlementOutcome)
    /// Say how far the payer's lane has been applied.
    case acknowledgeReceipt
    /// Note that the payer paid less than the task's terms say.
    case reportShortfall(due: Energy, paid: Energy)
    /// Note that the payer stayed silent about a proof it had.
    case reportSilence(SilenceRule)
}

/// A task's life on its worker's side: a pure machine.
///
/// A task is taken on once: the same bytes get the same stored answer, other bytes under the same
/// id are refused.
public struct WorkerLife: Hashable, Sendable {
    /// The task.
    public let task: TaskID
    /// Who pays.
    public let payer: PlatformID
    /// What was agreed; nil where only a cancellation or a receipt was seen.
    public internal(set) var terms: WorkerTerms?
    /// Where it stands.
    public internal(set) var state: WorkerState
    /// How often the worker process was started.
    public internal(set) var attempts: UInt8
    /// Whether the payer said that it has the proof.
    public internal(set) var proofStored: Bool
    var retry: RetryTimer

    /// The life of a task of which nothing was heard before.
    public init(task: TaskID, payer: PlatformID, at now: LedgerTime) {
        self.task = task
        self.payer = payer
        self.terms = nil
        self.state = .unseen
        self.attempts = 0
        self.proofStored = false
        self.retry = RetryTimer(at: now)
    }

    /// When `timePassed` is due next; nil where nothing waits for time.
    public var nextDeadline: LedgerTime? {
        guard let deadlines = terms?.deadlines else { return nil }
        switch state {
        case .accepted, .running, .handedOn: return deadlines.proof
        case .proven: return min(retry.due, deadlines.asking)
        case .unseen, .refused, .presumed, .settled: return nil
        }
    }

    /// Takes in `event` at `now` and says what to do.
    public mutating func handle(_ event: WorkerEvent, at now: LedgerTime) -> [WorkerDirective] {
        switch event {
        case .taskArrived(let terms, let refusal): return handleTask(terms, refusal)
        case .workStarted:
            guard state == .accepted else { return [] }
            state = .running
            attempts += 1
            // Durable before the run, so that a task that brings the board down is not run for ever.
            return [.store, .sendStage(.running)]
        case .workFinished(let hash, let charged):
            guard state.isAtWork, let terms else { return [] }
            state = .proven(
                proofHash: hash, due: terms.pricing.settlement(charged: charged, locked: terms.budget))
            retry = RetryTimer(at: now)
            return [.store, .sendResult]
        case .workFailed(let reason):
            return state.isAtWork || state == .accepted ? refuse(reason) : []
        case .workCrashed: return state == .running ? startAgain() : []
        case .workInterrupted: return state == .running ? refuse(.interrupted) : []
        case .handedOn(let child):
            guard state == .accepted else { return [] }
            state = .handedOn(child)
            return [.store, .sendStage(.running)]
        case .handedBack:
            guard case .handedOn = state else { return [] }
            state = .accepted
            return [.store, .enqueue]
        case .cancelArrived(let hash): return handleCancel(hash)
        case .proofStored(let hash):
            guard case .proven(hash, _) = state, !proofStored else { return [] }
            proofStored = true
            return [.store]
        case .receiptArrived(let outcome): return handleReceipt(outcome)
        case .timePassed: return handleTime(now)
        case .restarted: return handleRestart(now)
        }
    }

    // MARK: What the payer says

    private mutating func handleTask(_ new: WorkerTerms, _ refusal: TaskRefusal?) -> [WorkerDirective] {
        if let known = terms?.taskHash, known != new.taskHash {
            return [.sendRefusal(.idReused, taskHash: new.taskHash)]
        }
        switch state {
        case .unseen:
            terms = new
            if let refusal { return refuse(refusal) }
            state = .accepted
            return [.store, .sendStage(.accepted), .enqueue]
        case .refused(let reason): return [.sendRefusal(reason, taskHash: new.taskHash)]
        case .accepted: return [.sendStage(.accepted)]
        case .running, .handedOn: return [.sendStage(.running)]
        case .proven, .presumed: return [.sendResult]
        case .settled: return [.acknowledgeReceipt]
        }
    }

    private mutating func handleCancel(_ hash: Bytes32) -> [WorkerDirective] {
        if let known = terms?.taskHash, known != hash { return [] }
        switch state {
        case .unseen:
            // Remembered, so that the task is refused should it still come.
            state = .refused(.cancelled)
            return [.store, .sendRefusal(.cancelled, taskHash: hash)]
        case .refused(let reason): return [.sendRefusal(reason, taskHash: hash)]
        case .accepted, .running: return [.stopWork] + refuse(.cancelled)
        // What is proven below is paid there: the answer is what becomes of that.
        case .handedOn: return [.stopWork]
        case .proven, .presumed: return [.sendResult]
        case .settled: return [.acknowledgeReceipt]
        }
    }

    private mutating func handleReceipt(_ outcome: SettlementOutcome) -> [WorkerDirective] {
        var directives: [WorkerDirective] = []
        switch state {
        case .settled: return [.acknowledgeReceipt]
        case .accepted, .running, .handedOn: directives.append(.stopWork)
        case .proven(_, let due), .presumed(_, _, let due):
            if case .posted(let paid) = outcome, paid < due {
                directives.append(.reportShortfall(due: due, paid: paid))
            }
        case .unseen, .refused: break
        }
        state = .settled(outcome)
        return directives + [.applyReceipt(outcome), .acknowledgeReceipt]
    }

    // MARK: This side's own doing

    private mutating func handleTime(_ now: LedgerTime) -> [WorkerDirective] {
        guard let terms else { return [] }
        switch state {
        case .accepted, .running, .handedOn:
            guard now >= terms.deadlines.proof else { return [] }
            return [.stopWork] + refuse(.deadlineUnreachable(expected: .zero, remaining: .zero))
        case .proven(let hash, let due):
            if now >= terms.deadlines.asking {
                // A payer that never said it has the proof may never have got it, and owes nothing.
                let rule: SilenceRule = proofStored ? terms.silence : .void
                state = .presumed(rule, proofHash: hash, due: due)
                return proofStored ? [.store, .reportSilence(rule)] : [.store]
            }
            guard now >= retry.due else { return [] }
            retry.rearm(at: now)
            return [.sendResult]
        case .unseen, .refused, .presumed, .settled: return []
        }
    }

    private mutating func handleRestart(_ now: LedgerTime) -> [WorkerDirective] {
        retry = RetryTimer(at: now)
        let overdue = handleTime(now)
        guard overdue.isEmpty else { return overdue }
        switch state {
        case .accepted: return [.enqueue]
        case .running: return startAgain()
        case .proven: return [.sendResult]
        case .unseen, .refused, .handedOn, .presumed, .settled: return []
        }
    }

    private mutating func startAgain() -> [WorkerDirective] {
        guard attempts < FederationLimits.maximumWorkAttempts else {
            return refuse(.workerCrashed(attempts: Int64(attempts)))
        }
        state = .accepted
        return [.store, .enqueue]
    }

    private mutating func refuse(_ reason: TaskRefusal) -> [WorkerDirective] {
        state = .refused(reason)
        return [.store] + (terms.map { [.sendRefusal(reason, taskHash: $0.taskHash)] } ?? [])
    }
}
