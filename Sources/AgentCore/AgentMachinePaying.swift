import Cryptography
import Federation
import Ledger
import Link
import Quantities
import Wire

// The payer's side of tasks that run elsewhere.
extension AgentMachine {
    /// Hands an errand to a peer: locks, signs and sends.
    mutating func handOver(_ command: CommandID, to place: Candidate) {
        guard let errand = errands[command], peers[place.node] != nil else { return }
        if let obstacle = obstacle(to: place.node) {
            return fallBack(command, from: place.platform, because: obstacle)
        }
        let request = errand.request
        guard let acceptance = acceptance(of: request, at: place.node) else {
            return fallBack(command, from: place.platform, because: "nobody else could tell how good its result is")
        }
        let working = errand.workingTime(at: now.boot)
        // Whether its result will be found out by a second run is not known yet, and is nobody's business.
        let remaining = acceptance >= .replicated ? TimeSpan(milliseconds: working.milliseconds / 2) : working
        var wanted = WantedWork(
            operation: request.operation, input: request.input, parameters: request.parameters,
            timeout: request.timeout, remaining: remaining, minimumQuality: settings.minimumQuality,
            acceptance: acceptance, requirement: request.requirement)
        wanted.grace = settings.grace + (working - remaining)
        if request.hops > 0 {
            wanted.depth = request.hops
            wanted.scope = scope(of: request.operation)
        }
        let task = prepare(wanted, at: place, takenWithin: errand.deadline.since(now.boot))
        paying[task]?.errand = command
        errands[command]?.task = task
        tell(task, .started)
    }

    /// Why nothing can be handed to `peer` at present, or nil.
    func obstacle(to peer: PlatformID) -> String? {
        if let stop = ledger.image.peers[peer]?.stop {
            return "no money moves with it any more: " + stop.explanation
        }
        guard peers[peer]?.isLaneKnown == true else {
            return "the two ledgers have not compared notes in this session yet"
        }
        let open = paying.open
        // Each task under way may need a place in the outbox for its receipt.
        let awaited = open.count { $0.life.worker == peer } + (outbox[peer]?.count ?? 0)
        guard open.count < AgentLimits.payingTasks, awaited < AgentLimits.outboxPerPeer else {
            return "too many tasks are under way"
        }
        return nil
    }

    /// Gives what is `wanted` of a peer a number and a life, which has yet to be started.
    mutating func prepare(_ wanted: WantedWork, at place: Candidate, takenWithin time: TimeSpan) -> TaskID {
        let reference = newTask()
        let deadlines = TaskDeadlines(
            remaining: wanted.remaining, grace: wanted.grace ?? settings.grace, at: ledgerNow)
        let stated = wanted.subject == nil ? statedCost(of: wanted, at: place.node) : nil
        let life = PayerLife(
            task: reference.id, worker: place.node, budget: mostLocked(place, stated, for: wanted.operation),
            pricing: wanted.pricing ?? settings.pricing,
            silence: settings.silence, acceptBy: ledgerNow + Place.acceptTime(within: time), deadlines: deadlines,
            at: ledgerNow)
        var task = PayingTask(
            life: life, reference: reference, operation: wanted.operation, signedAt: ledgerNow, errand: nil)
        task.wanted = wanted
        task.expected = place.runTime
        task.isTight = wanted.remaining < place.timeP95
        task.stated = stated
        task.isLockCut = life.budget < place.lock
        paying[reference.id] = task
        return reference.id
    }

    // MARK: Events

    /// Tells the payer's side of `task` what happened, and does what it answers.
    mutating func tell(_ task: TaskID, _ event: PayerEvent) {
        guard var entry = paying[task] else { return }
        let directives = entry.life.handle(event, at: ledgerNow)
        paying[task] = entry
        for directive in directives { perform(directive, for: task) }
        paying[task]?.dropMessages()
    }

    /// The same for something that `peer` said.
    mutating func tell(_ task: TaskID, from peer: PlatformID, _ event: PayerEvent) {
        guard paying[task]?.life.worker == peer else { return }
        if case .stage = event { learnWay(of: task, to: peer) }
        tell(task, event)
    }

    /// Takes in how long it took until `peer` said that it has `task`.
    private mutating func learnWay(of task: TaskID, to peer: PlatformID) {
        guard let sentAt = paying[task]?.sentAt, let linkID = peers[peer]?.linkID else { return }
        paying[task]?.sentAt = nil
        let (size, elapsed) = (inputSize(of: task), now.boot.since(sentAt))
        let roundTrip = link.status(of: linkID)?.roundTrip ?? .zero
        if paying[task]?.timesSent == 1 { peers[peer]?.way.record(size, elapsed: elapsed, roundTrip: roundTrip) }
    }

    mutating func takeRefusal(_ envelope: SignedEnvelope, from peer: PlatformID) {
        guard let notice: Signed<RefusalNotice> = verified(envelope, from: peer, "refusal") else { return }
        if paying[notice.payload.task]?.life.worker == peer {
            paying[notice.payload.task]?.refusal = notice.payload.reason
            paying[notice.payload.task]?.again = notice.payload.again
            if notice.payload.reason.isOfState { peers[peer]?.hasRefused = true }
        }
        tell(notice.payload.task, from: peer, .refused(notice.payload.reason, taskHash: notice.payload.taskHash))
    }

    mutating func takeResult(_ result: TaskResult, from peer: PlatformID) {
        guard let proof: Signed<ExecutionProof> = verified(result.proof, from: peer, "execution proof"),
            let entry = paying[proof.payload.task], entry.life.worker == peer
        else { return }
        if entry.result == nil, !entry.isOver {
            paying[proof.payload.task]?.result = result
            let below = links(below: proof.payload, result)
            paying[proof.payload.task]?.below = below
            drawReplication(of: proof.payload.task)
        }
        tell(proof.payload.task, .proofArrived(proofHash: proof.hash, charged: proof.payload.charged))
    }

    // MARK: Directives

    private mutating func perform(_ directive: PayerDirective, for task: TaskID) {
        guard let entry = paying[task] else { return }
        switch directive {
        case .lock(let amount, let deadline): lock(task, amount, until: deadline)
        case .store: store(paying: task)
        case .sendTask:
            guard let envelope = entry.task else { return }
            send(.task(AgedEnvelope(envelope, age: ledgerNow.since(entry.signedAt))), to: entry.life.worker)
            let sentAt = entry.sentAt ?? now.boot
            paying[task]?.sentAt = sentAt
            paying[task]?.timesSent += 1
            tell(task, .sent)
        case .sendCancel:
            guard let hash = entry.life.taskHash else { return }
            send(.cancel(entry.reference, taskHash: hash), to: entry.life.worker)
        case .sendProofStored(let hash): send(.proofStored(task, proofHash: hash), to: entry.life.worker)
        case .verify(let hash): check(task, hash)
        case .settle(let outcome, let proofHash, let receipt):
            settle(task, outcome, proofHash: proofHash, receipt: receipt)
        case .resendReceipt: resendReceipt(of: task, to: entry.life.worker)
        case .clearOutbox: break
        case .fallBack(let reason):
            if let original = entry.replicaOf { return replicaFailed(task, of: original) }
            if let parent = entry.parent { return takeBack(parent, from: task) }
            let isSpent = entry.operation.runsOnce && entry.mayHaveRun
            guard let command = entry.errand else { return }
            paying[task]?.errand = nil
            let platform = peers[entry.life.worker]?.name ?? identity.platform
            let explanation = entry.refusal?.explanation ?? reason.explanation
            if takeInability(entry, for: command, isLast: isSpent) {
                return giveUp(command, at: platform, explanation)
            }
            if isSpent { errands[command]?.end() }
            if entry.refusal?.isOfState == true { errands[command]?.mayComeBack(after: entry.again ?? .zero) }
            fallBack(command, from: platform, because: explanation)
        }
    }

    private mutating func lock(_ task: TaskID, _ amount: Energy, until deadline: LedgerTime) {
        guard let entry = paying[task], let wanted = entry.wanted,
            let target = try? LCT(
                AgentMachine.lctText(identity.delegator, on: peerName(entry.life.worker), as: entry.operation))
        else { return tell(task, .lockRefused) }
        let worker = entry.life.worker
        let frozen: [LotSlice]
        do throws(LedgerError) {
            let request = LockRequest(
                task: entry.reference, payer: Party(platform: identity.id, account: account),
                payee: Party(platform: worker, account: AgentIdentity.account(of: target)), amount: amount,
                deadline: deadline, leastLifetimeBeyond: settings.lotMargin)
            guard case .frozen(let slices) = try tryApply(.lock(request)) else { return tell(task, .lockRefused) }
            frozen = slices
        } catch {
            paying[task]?.refusal = nil
            log(.notice, "no lock for a task: " + error.explanation, kind: .taskUnfunded)
            return tell(task, .lockRefused)
        }
        let offer = settings.offer(entry.operation)
        var order = FederationTask(
            reference: entry.reference, source: identity.delegator, target: target, operation: entry.operation,
            input: .inline(wanted.input), budget: amount,
            timeout: min(offer?.timeout ?? wanted.timeout, wanted.remaining),
            memory: offer?.memory ?? .zero, lots: frozen.map { $0.transfer(at: ledgerNow, to: worker) },
            remaining: wanted.remaining, grace: wanted.grace ?? settings.grace)
        order.parameters = wanted.parameters
        order.pricing = entry.life.pricing
        order.acceptance = wanted.acceptance
        order.minimumQuality = wanted.minimumQuality
        order.silence = settings.silence
        order.subject = wanted.subject
        order.requirement = wanted.requirement
        order.hops = wanted.hops
        order.scope = wanted.scope
        order.witnesses = wanted.acceptance == .witnessed ? WitnessRule(count: settings.witnessCount) : nil
        if wanted.acceptance >= .replicated || wanted.subject != nil { order.tolerance = offer?.tolerance ?? .exact }
        order.pass = pass(for: order, depth: wanted.depth, to: worker)
        // What does not fit into one message cannot be handed out; the lock ends as nobody's.
        guard order.fault == nil else {
            apply(.void(VoidRequest(task: task, by: identity.id, reason: .unreachable)))
            return tell(task, .lockRefused)
        }
        let signed = Signed(signing: order, with: identity.signing, in: identity.domain, by: scheme)
        paying[task]?.task = signed.envelope
        paying[task]?.wanted = nil
        let signedAt = ledgerNow
        paying[task]?.signedAt = signedAt
        staging.write(.put(.task, key: TaskPart.payerTask.key(task), value: signed.envelope.encoded))
        tell(task, .locked(taskHash: signed.hash))
    }

    /// The identity in which a peer's platform runs `operation` for this lineage.
    private static func lctText(_ delegator: LCT, on platform: String, as operation: Operation) -> String {
        "lct:web4:agent:" + delegator.lineage + "@" + platform + "#" + taskType(for: operation).name
    }

    func checkedQuality(of result: [UInt8], _ order: Signed<FederationTask>) -> BasisPoints? {
        guard case .inline(let input) = order.payload.input else { return nil }
        return verifier.quality(
            of: result, operation: order.payload.operation, input: input, parameters: order.payload.parameters)
    }

    /// The signed task and proof of a task that has both.
    func evidence(of task: TaskID) -> (Signed<FederationTask>, Signed<ExecutionProof>, PayingTask)? {
        guard let entry = paying[task], let envelope = entry.task, let result = entry.result,
            let order = try? Signed<FederationTask>(stored: envelope),
            let proof = try? Signed<ExecutionProof>(stored: result.proof)
        else { return nil }
        return (order, proof, entry)
    }

    // MARK: Settlement

    private mutating func settle(
        _ task: TaskID, _ outcome: SettlementOutcome, proofHash: Bytes32?, receipt: Bool
    ) {
        guard let entry = paying[task] else { return }
        let worker = entry.life.worker
        var lots: [LotSlice] = []
        switch outcome {
        case .posted(let amount):
            guard let hold = ledger.image.holds[task], let payee = hold.payee,
                case .ended(_, let left)? = apply(
                    .post(
                        PostRequest(
                            task: task, by: identity.id, payee: payee, amount: amount, proof: proofHash ?? .zero)))
            else { return tell(task, .postRefused) }
            lots = left
            audit.passOn(left)
            spend(amount)
            countUse(amount, by: [identity.delegator])
            if !entry.isLate { peers[worker]?.undone[entry.operation] = nil }
        case .voided(let reason):
            takeVoid(reason, of: task)
            // A lock whose deadline has passed may have been ended by the sweep of locks already.
            if ledger.image.holds[task] != nil {
                apply(.void(VoidRequest(task: task, by: identity.id, reason: reason.release)))
            }
        }
        if receipt, let position = lanePosition(to: worker),
            let content = SettlementReceipt(
                reference: entry.reference, proofHash: proofHash, outcome: outcome,
                lots: lots.map { $0.transfer(at: ledgerNow, to: worker) },
                lane: position)
        {
            let signed = Signed(signing: content, with: identity.signing, in: identity.domain, by: scheme)
            enqueue(signed, as: .receipt(task, signed.envelope), to: worker)
        }
        let endedAt = ledgerNow
        paying[task]?.endedAt = endedAt
        store(paying: task)
        abandonReplication(of: task)
        abandonWitnessing(of: task)
        if let original = entry.replicaOf, case .voided = outcome { replicaFailed(task, of: original) }
        finishErrand(of: task, outcome)
    }

    /// Answers the command that waits for a paid task, or proves the task above it; an unpaid one falls back, or is
    /// over.
    private mutating func finishErrand(of task: TaskID, _ outcome: SettlementOutcome) {
        if let parent = paying[task]?.parent {
            switch outcome {
            case .posted(let paid): conclude(parent, with: task, paid: paid)
            case .voided(.cancelled): takeBack(parent, from: task)
            case .voided: break
            }
            return
        }
        guard let entry = paying[task], entry.errand != nil || entry.isLate else { return }
        switch outcome {
        case .posted(let paid):
            guard let (_, proof, _) = evidence(of: task), let result = entry.result else { return }
            paying[task]?.errand = nil
            let time = proof.payload.executionTime
            predictor.record(
                place: entry.life.worker, operation: entry.operation, inputSize: inputSize(of: task), time: time,
                energy: proof.payload.work.energy, memory: settings.offer(entry.operation)?.memory ?? .zero)
            storePredictor()
            guard let command = entry.errand else { return }
            complete(
                command,
                with: ErrandOutcome(
                    task: task, platform: peers[entry.life.worker]?.name ?? identity.platform,
                    node: entry.life.worker, result: result.result, energy: proof.payload.work.energy,
                    evidence: proof.payload.work.evidence, paid: paid, time: time,
                    quality: entry.verified
                        ?? VerifiedQuality(quality: proof.payload.quality, basis: proof.payload.basis),
                    below: entry.below, isVerified: entry.verified != nil))
        case .voided(.cancelled):
            guard let command = entry.errand else { return }
            paying[task]?.errand = nil
            guard let errand = errands.removeValue(forKey: command) else { return }
            counters.count(.cancelled)
            keepEnd(of: errand, .cancelled)
            reply(command, AgentViews.cancelled(errand, task))
        case .voided: break
        }
    }

    func inputSize(of task: TaskID) -> ByteCount {
        guard let envelope = paying[task]?.task, let order = try? Signed<FederationTask>(stored: envelope) else {
            return .zero
        }
        return order.payload.input.size
    }

    mutating func store(paying task: TaskID) {
        guard let entry = paying[task] else { return }
        staging.write(.put(.task, key: TaskPart.payerLife.key(task), value: entry.encoded))
        if let result = entry.result, entry.endedAt == nil {
            staging.write(.put(.task, key: TaskPart.payerResult.key(task), value: encoded(result)))
        }
    }

    /// Has what was learned written: once for all that is learned within a second, since it is one record.
    mutating func storePredictor() {
        guard predictorDue == nil else { return }
        predictorDue = isStopping ? now.boot : now.boot + AgentMachine.predictorDelay
    }

    /// For how long what was learned is not yet with the writes.
    private static let predictorDelay = TimeSpan.seconds(1)

    mutating func writePredictor() {
        guard let due = predictorDue, due <= now.boot else { return }
        predictorDue = nil
        var writer = CBORWriter()
        predictor.write(to: &writer)
        staging.putOff(.put(.setting, key: SettingKey.predictor, value: writer.bytes), now: now.boot)
    }
}
