import Cryptography
import Federation
import Ledger
import Quantities
import Wire

// Whether a proof earns its pay: by whatever the task says that quality must be known by.
extension AgentMachine {
    // MARK: Rules

    /// How the quality of what `peer` makes of `request` is to be known; nil where nobody could find it out.
    ///
    /// Where the rule is to check and this program cannot, the same is run again instead.
    func acceptance(of request: DelegationRequest, at peer: PlatformID) -> QualityBasis? {
        if request.operation.runsOnce { return .claimed }
        switch settings.acceptance {
        case .claimed: return .claimed
        case .checked where verifier.checks(request.operation): return .checked
        case .witnessed:
            return canBeWitnessed(request, at: peer) ? .witnessed : nil
        case .checked, .replicated:
            guard let place = replicaPlaces(for: request, excluding: [peer]).first else {
                return isReplicaLeftOut(of: request.operation, by: [peer]) ? .replicated : nil
            }
            let isVerified = place.isHere && servedOffer(request.operation)?.verifies == true
            return settings.acceptance == .checked && isVerified ? .checked : .replicated
        }
    }

    /// Draws whether the result of `task` is found out by running it again, where the task allows for that.
    mutating func drawReplication(of task: TaskID) {
        guard let (order, _, entry) = evidence(of: task), order.payload.acceptance == .replicated,
            entry.replicaOf == nil, let trust = peers[entry.life.worker]?.trust
        else { return }
        let draw = random.number(below: 10_000)
        let isDrawn = trust.isReplicated(entry.operation, draw: draw, at: ledgerNow)
        paying[task]?.isDrawn = isDrawn
    }

    // MARK: Judgement

    /// Checks the stored proof of `task`, and decides on it: at once, or once somebody has run the same.
    mutating func check(_ task: TaskID, _ hash: Bytes32) {
        guard let (order, _, entry) = evidence(of: task) else {
            return tell(task, .verified(proofHash: hash, .proofDiffers))
        }
        if let original = entry.replicaOf {
            return order.payload.subject == nil
                ? takeOpinion(of: task, on: original) : takeAttestation(task, on: original)
        }
        let acceptance = order.payload.acceptance
        let fault: VoidReason?
        if let flaw = findFlaw(of: task) {
            fault = judge(task, VerifiedQuality(quality: .zero, basis: acceptance), because: flaw)
        } else if acceptance == .claimed || (acceptance == .checked && verifier.checks(entry.operation)) {
            let quality = entry.result.flatMap { checkedQuality(of: $0.result, order) }
            fault = judge(task, quality.map { VerifiedQuality(quality: $0, basis: .checked) })
        } else if entry.operation.runsOnce {
            fault = judge(task, nil, spared: true)
        } else if acceptance == .witnessed {
            return askWitnesses(about: task)
        } else if acceptance == .checked || entry.isDrawn != false {
            return replicate(task)
        } else {
            fault = judge(task, nil, spared: true)
        }
        tell(task, .verified(proofHash: hash, fault))
    }

    /// What is wrong with the proof of `task` however good its result may be, or nil.
    func findFlaw(of task: TaskID) -> VoidReason? {
        objection(to: task, VerifiedQuality(quality: .one, basis: .witnessed), spared: false)
    }

    private func objection(to task: TaskID, _ verified: VerifiedQuality?, spared: Bool) -> VoidReason? {
        guard let (order, proof, entry) = evidence(of: task), let result = entry.result else { return .proofDiffers }
        if entry.below.contains(where: { $0.standing == .notSigned }) { return .proofDiffers }
        return proof.fault(
            for: order, executorKey: signingKey(of: entry.life.worker, for: proof.signer)?.id ?? entry.life.worker,
            result: result.result, verified: verified, spared: spared, below: result.below)
    }

    /// Why the stored proof of `task` earns nothing, or nil where it earns what it asks for; what was `verified` counts
    /// for or against the worker.
    ///
    /// Without `verified` the claim is all there is. `known` says what is wrong already.
    mutating func judge(
        _ task: TaskID, _ verified: VerifiedQuality?, spared: Bool = false, because known: VoidReason? = nil,
        beside replicas: [TaskResult] = [], own: [UInt8]? = nil
    ) -> VoidReason? {
        guard let (order, proof, entry) = evidence(of: task), let result = entry.result else { return .proofDiffers }
        let worker = entry.life.worker
        paying[task]?.verified = verified
        let fault = known ?? objection(to: task, verified, spared: spared)
        let decidedAt = ledgerNow
        let takesMoreThanSaid = fault == nil && isBeyondWord(entry, proof.payload)
        if let verified {
            peers[worker]?.trust.record(
                entry.operation, claimed: proof.payload.quality, verified: verified.quality,
                billedAboveMeasured: proof.payload.charged > proof.payload.work.energy, accepted: fault == nil,
                takesMoreThanSaid: takesMoreThanSaid, at: decidedAt)
            storePeer(worker)
        } else if takesMoreThanSaid {
            peers[worker]?.trust.recordTakesMoreThanSaid(entry.operation, at: decidedAt)
            storePeer(worker)
        } else if spared {
            peers[worker]?.trust.recordUnverified(entry.operation, at: decidedAt)
            storePeer(worker)
        }
        guard let fault else { return nil }
        log(
            .warning, "\(peerName(worker)) is not paid for \(task.text): \(fault.explanation)", kind: .paymentWithheld)
        // A claim that is too low is no false one, nor is one that nobody could hold against anything.
        guard verified != nil || (known != nil && known != .basisTooWeak) else { return fault }
        let dispute = DisputeRecord(
            proof, of: order, by: worker, result: result.result, reason: fault, verified: verified,
            replicas: replicas, own: own, at: decidedAt)
        staging.write(.put(.task, key: TaskPart.dispute.key(task), value: dispute.encoded))
        for old in disputes.add(dispute) { staging.write(.remove(.task, key: TaskPart.dispute.key(old))) }
        return fault
    }

    // MARK: Words

    /// What `wanted` may take at `peer` by what its last heartbeat said; nil where it said nothing.
    func statedCost(of wanted: WantedWork, at peer: PlatformID) -> StatedCost? {
        peers[peer]?.heartbeat?.serves(wanted.operation).map {
            StatedCost($0, inputSize: ByteCount(bytes: Int64(wanted.input.count)))
        }
    }

    /// What is locked for a task at `place`: of who takes more than it says habitually, its word at most.
    func mostLocked(_ place: Candidate, _ stated: StatedCost?, for operation: Operation) -> Energy {
        guard let stated, let peer = peers[place.node],
            peer.trust.reputation(for: operation, at: ledgerNow).word.isHabit
        else { return place.lock }
        return min(place.lock, stated.energy)
    }

    /// Whether what `entry` took, which is to be paid, is beyond its worker's word once too often.
    private mutating func isBeyondWord(_ entry: PayingTask, _ proof: ExecutionProof) -> Bool {
        // What was handed on costs what it costs further down.
        guard let stated = entry.stated, proof.below == nil else { return false }
        let worker = entry.life.worker
        let keeping = stated.keeping(
            time: proof.executionTime, energy: proof.work.energy, isLockCut: entry.isLockCut)
        guard keeping != .neither else {
            counters.count(.kept as AgentCounters.Word)
            return false
        }
        let isKept = keeping == .kept
        let decidedAt = ledgerNow
        let before = peers[worker]?.trust
        let isHabit =
            peers[worker]?.trust.recordWord(
                entry.operation, isKept: isKept, handedAt: entry.signedAt, at: decidedAt) == true
        counters.count(isKept ? .kept : isHabit ? .brokenHabitually : .broken as AgentCounters.Word)
        if peers[worker]?.trust != before { storePeer(worker) }
        guard isHabit else { return false }
        log(
            .warning,
            "\(peerName(worker)) takes more than it says, again and again: \(proof.executionTime.milliseconds) ms and "
                + "\(proof.work.energy.millijoules) mJ, where its word is \(stated.time.milliseconds) ms and "
                + "\(stated.energy.millijoules) mJ at most", kind: .wordBroken)
        return true
    }
}
