import Cryptography
import EnergyProofs
import Federation
import Ledger
import Quantities
import Telemetry
import Wire

// The worker's side of peers' tasks, and the workers of this board's own.
extension AgentMachine {
    // MARK: Messages

    mutating func takeTask(_ aged: AgedEnvelope, from peer: PlatformID) {
        guard let task: Signed<FederationTask> = verified(aged.envelope, from: peer, "task") else { return }
        let id = task.payload.id
        if working[id] == nil {
            // Both have yet to say where their lanes stand in this session: no reason to refuse, and the
            // payer asks again.
            if peers[peer]?.isLaneKnown != true, ledger.image.peers[peer]?.stop == nil { return }
            if let reason = refusalUnseen(task.payload.reference, from: peer) {
                return refuse(id, task.hash, reason, to: peer)
            }
            working[id] = WorkingTask(life: WorkerLife(task: id, payer: peer, at: ledgerNow))
        }
        guard var entry = working[id], entry.life.payer == peer else { return }
        let isFirst = entry.life.state == .unseen
        let refusal =
            isFirst
            ? admissionRefusal(of: task, age: aged.age, from: peer) ?? lotRefusal(of: task.payload, from: peer) : nil
        let directives = entry.life.handle(
            .taskArrived(WorkerTerms(task, age: aged.age, at: ledgerNow), refusal: refusal), at: ledgerNow)
        if isFirst, entry.life.terms?.taskHash == task.hash {
            entry.task = task
            entry.isNew = true
            if refusal == nil { entry.chain = chain(above: task.payload) }
        }
        working[id] = entry
        if isFirst, entry.task != nil {
            stage(
                .put(.task, key: TaskPart.workerTask.key(id), value: task.envelope.encoded),
                isStoredAtEnd: isStoredAtEnd(id))
            if let refusal {
                log(.notice, "a task of \(peerName(peer)) is refused: \(refusal.explanation)", kind: .taskRefused)
            }
        }
        perform(directives, for: id, from: peer)
    }

    /// A task that is cancelled before it was seen must not come to life when it arrives.
    mutating func takeCancel(_ reference: TaskReference, _ hash: Bytes32, from peer: PlatformID) {
        let id = reference.id
        if working[id] == nil {
            if let reason = refusalUnseen(reference, from: peer) { return refuse(id, hash, reason, to: peer) }
            working[id] = WorkingTask(life: WorkerLife(task: id, payer: peer, at: ledgerNow))
        }
        guard var entry = working[id], entry.life.payer == peer else { return }
        let directives = entry.life.handle(.cancelArrived(taskHash: hash), at: ledgerNow)
        working[id] = entry
        perform(directives, for: id, from: peer)
    }

    /// Tells the worker's side of `task` what happened, and does what it answers.
    mutating func tell(_ task: TaskID, _ event: WorkerEvent) {
        guard var entry = working[task] else { return }
        let directives = entry.life.handle(event, at: ledgerNow)
        working[task] = entry
        perform(directives, for: task, from: entry.life.payer)
    }

    /// The same for something that `peer` said.
    mutating func tell(_ task: TaskID, from peer: PlatformID, _ event: WorkerEvent) {
        guard working[task]?.life.payer == peer else { return }
        tell(task, event)
    }

    /// What speaks against a task that has just come.
    private func admissionRefusal(of task: Signed<FederationTask>, age: TimeSpan, from peer: PlatformID) -> TaskRefusal?
    {
        if isStopping { return .shuttingDown }
        guard let name = peers[peer]?.name, peers[peer]?.isLaneKnown == true, ledger.image.peers[peer]?.stop == nil
        else { return .laneStopped }
        guard task.payload.operation.family == .perception || servedOffer(task.payload.operation) != nil else {
            return .operationNotServed
        }
        guard case .inline = task.payload.input else { return .inputMissing }
        let offer = servedOffer(task.payload.operation)
        let waiting = offer.map { $0.typicalTime * Int64(queue.count + active.count + 1) } ?? .zero
        var context = AdmissionContext(
            platform: identity.platform, client: name, operations: servedOperations.map { $0.operation },
            heartbeat: heartbeat,
            running: 0, spentToday: .zero,
            queueLimit: Int64(AgentLimits.workingTasks), minimumHeadroom: Int64(settings.decision.minimumHeadroom),
            expectedTime: waiting, lotMargin: .zero, strongestBasis: .witnessed)
        context.delegator = peer
        context.source = useByDelegator(task.payload.source)
        context.target = useByTarget(task.payload.target)
        context.chainFault = chainFault(of: task, from: peer)
        guard let refusal = task.refusal(in: context, age: age) else { return refusalAbove(task.payload) }
        switch refusal {
        case .memoryShort, .tooHot, .queueFull, .deadlineUnreachable:
            // What this board cannot do at present another may, where the task may be handed on.
            let mayUse = context.target?.budget.memory ?? .zero
            guard task.payload.memory <= mayUse, refusalAbove(task.payload) == nil else { return refusal }
            return couldHandOn(task.payload, age: age) ? nil : refusal
        default: return refusal
        }
    }

    /// What tasks for others took of today's ceilings: what was paid, and what is locked for those under way.
    private var takenToday: Energy {
        working.open.reduce(earnings.amount(at: ledgerNow)) { $0 + $1.budget }
    }

    /// What tasks for others may still cost today, by the least ceiling of the roles in which operations run here.
    var acceptableATP: Energy {
        let ceilings = settings.operations.map { AgentMachine.taskType(for: $0.operation).budget.dailyATP ?? .largest }
        return ((ceilings.min() ?? .zero) - takenToday).clampedToZero
    }

    private mutating func earn(_ payment: Energy) {
        earnings.add(payment, at: ledgerNow)
        staging.write(.put(.setting, key: SettingKey.earnings, value: earnings.encoded))
    }

    /// Why a task of which nothing was heard before is not looked at, or nil; counts it against its client's rate.
    private mutating func refusalUnseen(_ reference: TaskReference, from peer: PlatformID) -> TaskRefusal? {
        if let reason = numberRefusal(of: reference, from: peer) ?? roomRefusal { return reason }
        return rates.request(by: peer, at: now.boot).map { .rateLimited(wait: $0) }
    }

    /// Why a task numbered like this could not be paid for: its receipt would find no place in the ledger.
    private func numberRefusal(of reference: TaskReference, from peer: PlatformID) -> TaskRefusal? {
        if reference.delegator != peer { return .delegatorDiffers }
        if ledger.image.finished[reference.id] != nil { return .idReused }
        guard let row = ledger.image.peers[peer] else { return .laneStopped }
        return reference.storeEpoch == row.storeEpoch && reference.sequence >= row.taskFloor ? nil : .idDead
    }

    /// Why no further task can be taken on, or nil.
    private var roomRefusal: TaskRefusal? {
        let count = working.openIDs.count
        guard count >= AgentLimits.workingTasks else { return nil }
        return .queueFull(length: Int64(count), limit: Int64(AgentLimits.workingTasks))
    }

    private mutating func refuse(_ task: TaskID, _ hash: Bytes32, _ reason: TaskRefusal, to peer: PlatformID) {
        let notice = Signed(
            signing: RefusalNotice(task: task, taskHash: hash, reason: reason, again: comeBack(after: reason)),
            with: identity.signing, in: identity.domain, by: scheme)
        send(.taskRefused(notice.envelope), to: peer)
    }

    // MARK: Directives

    mutating func perform(
        _ directives: [WorkerDirective], for task: TaskID, from peer: PlatformID
    ) {
        for directive in directives {
            switch directive {
            case .store: store(working: task)
            case .enqueue: enqueueWork(task)
            case .stopWork: stopWork(task)
            case .sendStage(let stage):
                if isStoredAtEnd(task) { putOffStage(of: task) } else { tell(stage, of: task) }
            case .sendRefusal(let reason, let hash): refuse(task, hash, reason, to: peer)
            case .sendResult:
                if let result = working[task]?.result { send(.taskResult(result), to: peer) }
            case .applyReceipt(let outcome):
                // The ledger has taken it already.
                let endedAt = ledgerNow
                if let entry = working[task], entry.endedAt == nil { countEnd(entry.life.state) }
                working[task]?.endedAt = endedAt
                keepPayment(for: task, outcome)
                let order = working[task]?.task?.payload
                store(working: task)
                if case .posted(let paid) = outcome {
                    earn(paid)
                    countUse(paid, by: [order?.source, order?.target])
                }
            case .acknowledgeReceipt: sendLaneHeads(to: peer)
            case .reportShortfall(let due, let paid):
                log(
                    .warning, "\(peerName(peer)) paid \(paid.millijoules) mJ where \(due.millijoules) mJ were due",
                    kind: .paymentMissing)
                peers[peer]?.trust.recordDefault()
                storePeer(peer)
            case .reportSilence:
                log(.warning, "\(peerName(peer)) never answered the proof of task \(task.text)", kind: .paymentMissing)
                peers[peer]?.trust.recordDefault()
                storePeer(peer)
            }
        }
    }

    mutating func store(working task: TaskID) {
        endDecision(of: task)
        guard var entry = working[task] else { return }
        if entry.isOver, entry.endedAt == nil {
            entry.endedAt = ledgerNow
            countEnd(entry.life.state)
            working[task] = entry
        }
        let waits = isStoredAtEnd(task)
        working[task]?.isNew = waits
        stage(.put(.task, key: TaskPart.workerLife.key(task), value: entry.encoded), isStoredAtEnd: waits)
        if let result = entry.result, !entry.isOver {
            staging.write(.put(.task, key: TaskPart.workerResult.key(task), value: encoded(result)))
        }
        working[task]?.dropMessages()
    }

    /// Counts a peer's task that has ended here in `state`.
    private mutating func countEnd(_ state: WorkerState) {
        switch state {
        case .refused: counters.count(.workRefused)
        case .settled(.posted): counters.count(.workPaid)
        case .unseen, .accepted, .running, .handedOn, .proven, .presumed, .settled: counters.count(.workUnpaid)
        }
    }

    /// Has `task` done: at a further platform where that is allowed and better, else here when its turn comes.
    private mutating func enqueueWork(_ task: TaskID) {
        guard !queue.contains(where: { $0.task == task }), !placeElsewhere(task), let entry = working[task],
            let order = entry.task
        else { return }
        let trust = peers[entry.life.payer]?.trust.factors(for: order.payload.operation, reports: [], at: ledgerNow)
            .trust
        queue.append(
            QueuedWork(
                task: task, isForPeer: true, urgency: order.payload.priority, trust: trust ?? .zero, since: now.boot))
    }

    private mutating func stopWork(_ task: TaskID) {
        queue.removeAll { $0.task == task }
        cancelWorker(of: task)
        withdrawBelow(task)
    }

    /// Has the worker of `task` stopped, if there is one; what it reports counts no more.
    mutating func cancelWorker(of task: TaskID) {
        guard active[task] != nil else { return }
        active[task]?.isCancelled = true
        // Behind the writes, as its start was: it cannot be stopped before it was started.
        afterWrites(.cancelWork(task))
    }

    // MARK: Workers

    /// Starts what waits, most urgent first, while there are workers free.
    mutating func startQueuedWork() {
        while active.values.filter({ $0.report == nil }).count < settings.concurrentWork, !isStopping,
            let next = queue.indices.filter({ hasRoom(for: queue[$0]) }).min(by: {
                queue[$0].priority(at: now.boot) < queue[$1].priority(at: now.boot)
            })
        {
            start(queue.remove(at: next))
        }
    }

    /// Whether one more run of its operation may begin.
    private func hasRoom(for work: QueuedWork) -> Bool {
        let operation =
            work.isForPeer ? working[work.task]?.task?.payload.operation : local[work.task]?.operation
        guard let operation, let limit = settings.offer(operation)?.concurrent else { return true }
        return active.values.count { $0.report == nil && $0.operation == operation } < limit
    }

    private mutating func start(_ work: QueuedWork) {
        var order: WorkOrder
        if work.isForPeer {
            guard let task = working[work.task]?.task?.payload, case .inline(let input) = task.input,
                let offer = settings.offer(task.operation)
            else {
                // The configuration has changed meanwhile.
                return tell(work.task, .workFailed(.operationNotServed))
            }
            order = WorkOrder(
                task: work.task, operation: task.operation, input: input, parameters: task.parameters,
                memory: min(offer.memory, useByTarget(task.target).budget.memory),
                timeout: min(task.timeout, offer.timeout),
                // A program that cannot tell how good another's result is makes its own to hold it against.
                verified: offer.verifies ? task.subject?.result : nil)
            order.isStored = !isStoredAtEnd(work.task)
            order.startBy = working[work.task]?.life.terms.map { now.boot + $0.deadlines.proof.since(ledgerNow) }
        } else {
            guard let task = local[work.task] else { return }
            order = WorkOrder(
                task: work.task, operation: task.operation, input: task.input, parameters: task.parameters,
                memory: task.memory, timeout: task.timeout, verified: task.verified)
            order.isStored = task.isStored
            order.startBy = deadline(of: task)
        }
        active[work.task] = ActiveWork(
            isForPeer: work.isForPeer, operation: order.operation, payer: runPayer(of: work))
        energy.beginWork(work.task, at: now.boot)
        if work.isForPeer { tell(work.task, WorkerEvent.workStarted) }
        guard order.isStored else { return behindWrites.append(.startWork(order)) }
        afterWrites(.startWork(order))
    }

    /// When whoever asked for `task` waits no longer; nil for what this board asked itself.
    private func deadline(of task: LocalTask) -> BootTime? {
        task.client.flatMap { clients.open[$0]?.deadline } ?? task.command.flatMap { errands[$0]?.deadline }
    }

    mutating func handle(_ report: WorkReport) {
        guard active[report.task] != nil else { return }
        energy.endWork(report.task, at: report.ended)
        active[report.task]?.report = report
        settleMeasuredWork()
    }

    /// Concludes work whose energy the meter can tell by now.
    mutating func settleMeasuredWork() {
        for task in active.keys.sorted() {
            guard let work = active[task], let report = work.report else { continue }
            guard isStopping || energy.isSettled(report.started, report.ended) else { continue }
            active[task] = nil
            let used = energy.energy(
                of: task, from: report.started, to: report.ended, processor: report.processor)
            let run = runRecord(of: work, report, used)
            countProcessor(report, isForPeer: work.isForPeer)
            if work.isCancelled {
                keep(run)
            } else if work.isForPeer {
                concludePeerWork(report, used, run)
            } else {
                concludeLocalWork(report, used, run)
            }
        }
    }

    private mutating func concludePeerWork(_ report: WorkReport, _ used: TaskEnergy, _ run: RunRecord) {
        guard let entry = working[report.task], let order = entry.task, entry.life.state == .running else {
            keep(run)
            return
        }
        guard case .result(let made) = report.outcome else {
            keep(run)
            return tell(report.task, report.workerEvent(of: order.payload.operation))
        }
        let attestation = attest(made, report.quality, order.payload)
        let result = attestation?.encoded ?? made
        guard result.count <= FederationLimits.maximumInlineLength,
            let measured = MeasuredWork(
                energy: used.energy, evidence: used.evidence, source: settings.energy.source.text,
                registerStart: used.registerStart, registerEnd: used.registerEnd),
            let proof = ExecutionProof(
                task: report.task, taskHash: order.hash, executor: order.payload.target, work: measured,
                charged: order.payload.pricing.settlement(charged: used.energy, locked: order.payload.budget),
                executionTime: report.ended.since(report.started),
                quality: attestation?.quality
                    ?? quality(of: report, order.payload.operation, asked: asked(in: order.payload)),
                basis: attestation == nil ? .claimed : .checked,
                resultHash: Hashing.hash(result, for: .result))
        else {
            keep(run)
            return tell(report.task, WorkerEvent.workFailed(.operationFailed(code: 1)))
        }
        let signed = Signed(signing: proof, with: identity.signing, in: identity.domain, by: scheme)
        working[report.task]?.result = TaskResult(proof: signed.envelope, result: result)
        let claim = run.asking(proof.charged)
        if let number = keep(claim) { working[report.task]?.run = NumberedRun(number: number, run: claim) }
        if attestation == nil || settings.offer(order.payload.operation)?.verifies != true {
            learn(report, order.payload.operation, order.payload.input.size, used.energy)
        }
        counters.countRun(.forPeer, time: report.ended.since(report.started), energy: used.energy)
        blameUnable(below: report.task, doneBy: identity.id)
        tell(report.task, WorkerEvent.workFinished(proofHash: signed.hash, charged: proof.charged))
    }

    /// What this board says of the result that `order` asks about, having `made` its own or told its quality; nil for
    /// an ordinary task.
    private func attest(_ made: [UInt8], _ quality: BasisPoints?, _ order: FederationTask) -> Attestation? {
        guard let subject = order.subject else { return nil }
        if settings.offer(order.operation)?.verifies == true {
            return Attestation(on: subject, quality: quality ?? .zero)
        }
        let isSame = order.tolerance.agree(made, subject.result)
        return Attestation(on: subject, quality: isSame ? quality ?? .one : .zero)
    }

    private mutating func concludeLocalWork(_ report: WorkReport, _ used: TaskEnergy, _ run: RunRecord) {
        guard let task = local.removeValue(forKey: report.task) else {
            keep(run)
            return
        }
        if let client = task.client { return concludeClientWork(task, client, report, used, run) }
        guard case .result(let result) = report.outcome else {
            keep(run)
            apply(.failWork(report.task, report.outcome == .timedOut ? .timedOut : .failed))
            if let original = task.replicaOf { return replicaFailed(report.task, of: original) }
            guard let command = task.command else { return }
            if case .failure = report.outcome {
                return giveUp(command, at: identity.platform, report.outcome.explanation)
            }
            if task.operation.runsOnce, report.outcome.hasRun { errands[command]?.end() }
            return fallBack(command, from: identity.platform, because: report.outcome.explanation)
        }
        let proof = Hashing.hash(result, for: .result)
        guard
            apply(
                .completeWork(
                    WorkCompletion(task: report.task, measured: used.energy, proof: proof, reputation: nil))) != nil
        else {
            keep(run)
            if let original = task.replicaOf { replicaFailed(report.task, of: original) }
            return
        }
        let paid = min(used.energy, task.reserved)
        keep(run.paid(paid))
        spend(paid)
        countUse(paid, by: [identity.delegator, ownTarget(of: task.operation)])
        if task.verified == nil {
            learn(report, task.operation, ByteCount(bytes: Int64(task.input.count)), used.energy)
        }
        let outcome = ErrandOutcome(
            task: report.task, platform: identity.platform, node: identity.id, result: result, energy: used.energy,
            evidence: used.evidence, paid: paid, time: report.ended.since(report.started),
            quality: ownQuality(of: report, task))
        if let original = task.replicaOf {
            if task.verified == nil { return takeOwnOpinion(outcome, on: original) }
            return takeVerdict(report.quality, on: original, by: report.task)
        }
        if let command = task.command { complete(command, with: outcome) }
    }

    /// How good this board says that a result is.
    ///
    /// What the worker says of it. Where it says nothing: as good as can be if this program made it, since whoever runs
    /// it again makes the same; else as good as was `asked` for, and no better.
    func quality(of report: WorkReport, _ operation: Operation, asked: BasisPoints) -> BasisPoints {
        report.quality ?? (verifier.checks(operation) ? .one : asked)
    }

    /// How good a result of `order` is taken to be whose worker says nothing.
    ///
    /// Held against another's result it is the same or not: that says how good it is, and less would be held against
    /// whoever said it.
    private func asked(in order: FederationTask) -> BasisPoints {
        order.acceptance == .replicated ? .one : order.minimumQuality
    }

    /// How good the result of an own task is, and by what that is known.
    private func ownQuality(of report: WorkReport, _ task: LocalTask) -> VerifiedQuality {
        let isChecked = verifier.checks(task.operation)
        // As for a peer's task that is replicated.
        let asked = task.replicaOf == nil ? settings.minimumQuality : .one
        return VerifiedQuality(
            quality: quality(of: report, task.operation, asked: asked), basis: isChecked ? .checked : .claimed)
    }

    mutating func learn(_ report: WorkReport, _ operation: Operation, _ size: ByteCount, _ used: Energy) {
        predictor.record(
            place: identity.id, operation: operation, inputSize: size, time: report.ended.since(report.started),
            energy: used, memory: report.peakMemory)
        measuredAt[TaskKind(operation, inputSize: size)] = now.boot
        storePredictor()
        // What peers would take for a broken word is told them before the next task.
        guard !peers.isEmpty, let said = statedOperations.first(where: { $0.operation == operation }),
            let ordinary = settings.offer(operation).flatMap({ stated(of: $0) })
        else { return }
        let word = StatedCost(said, inputSize: ordinary.typicalSize ?? size)
        if !word.covers(time: ordinary.typicalTime, energy: ordinary.typicalEnergy) { heartbeatDue = now.boot }
    }

    /// The energy that this board measured for a task it proved; of one that was handed on what it took here.
    func measuredEnergy(of task: TaskID) -> Energy {
        guard let envelope = working[task]?.result?.proof, let proof = try? Signed<ExecutionProof>(stored: envelope)
        else { return .zero }
        return proof.payload.work.energy - (proof.payload.below?.energy ?? .zero)
    }

    /// Counts what an own task cost.
    mutating func spend(_ amount: Energy) {
        spending.add(amount, at: ledgerNow)
        staging.write(.put(.setting, key: SettingKey.spending, value: spending.encoded))
    }

    /// What the work earns besides credits; work for the own lineage earns none.
    func reputation(for task: TaskID) -> ReputationCredit? {
        guard let order = working[task]?.task?.payload, order.source.lineage != identity.delegator.lineage else {
            return nil
        }
        return ReputationCredit(worker: account, quality: .one)
    }
}
