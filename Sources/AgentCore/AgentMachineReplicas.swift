import Cryptography
import Federation
import Ledger
import Quantities
import Wire

// Running again what a peer has proven: here where that is possible, else at peers of other owners. A peer that runs it
// again gets an ordinary task, and cannot tell.
extension AgentMachine {
    // MARK: Places

    /// Places that could run `request`, without those of the peers in `excluded` and of their owners: this board alone
    /// where it can, since its own word counts, else peers, best first.
    func replicaPlaces(for request: DelegationRequest, excluding excluded: [PlatformID]) -> [Candidate] {
        var request = request
        request.placement = .any
        request.budget = nil
        var input = decisionInput(for: request)
        input.task.placement = .any
        input.lastPlace = nil
        if excluded.contains(identity.id) { input.here.acceptsTasks = false }
        input.peers.removeAll { place in
            excluded.contains { place.node == $0 || isSameOwner(place.node, $0) } || obstacle(to: place.node) != nil
        }
        let decision = decide(input)
        let memory = settings.offer(request.operation)?.memory ?? .zero
        let places = decision.ranking.map { decision.candidates[$0] }.filter {
            identityRefusal(of: request.operation, memory: memory, at: $0) == nil
        }
        return places.first { $0.isHere }.map { [$0] } ?? places
    }

    /// Whether certificates tell that both platforms belong to one owner that is not this board's own.
    func isSameOwner(_ first: PlatformID, _ second: PlatformID) -> Bool {
        guard !identities.certificates.isEmpty else { return false }
        return !owners(of: first).isDisjoint(with: owners(of: second))
    }

    /// The roots of the lineages that live on `peer`, without this board's own.
    private func owners(of peer: PlatformID) -> Set<Lineage> {
        guard let key = peers[peer]?.record.payload.signingKey else { return [] }
        var owners: Set<Lineage> = []
        for certificate in identities.certificates.values
        where identities.successions.isSameHolder(certificate.platformKey, key) {
            owners.insert(Lineage(of: certificate.lct).root)
        }
        owners.remove(Lineage(of: identity.delegator).root)
        return owners
    }

    // MARK: Running

    /// Begins to find out the result of `task`, or goes on after a restart with what its replicas have brought.
    mutating func replicate(_ task: TaskID) {
        guard replications[task] == nil, let (order, proof, entry) = evidence(of: task), let result = entry.result
        else { return }
        var replication = Replication(
            ReplicaComparison(
                claim: result.result, quality: proof.payload.quality, tolerance: order.payload.tolerance,
                minimum: order.payload.minimumQuality),
            of: entry.life.worker,
            isCheck: order.payload.acceptance == .checked && servedOffer(entry.operation)?.verifies == true)
        // Who has really run it does not run it again.
        replication.tried += workersBelow(task)
        for (id, replica) in paying.sorted(by: { $0.key < $1.key }) where replica.replicaOf == task {
            replication.tried.append(replica.life.worker)
            guard !replica.isOver else { continue }
            if case .proven = replica.life.state { replication.add(id, replica) } else { replication.underWay = id }
        }
        replications[task] = replication
        advance(task)
    }

    /// Decides where enough is known of `task`, or has it run once more.
    private mutating func advance(_ task: TaskID) {
        guard let replication = replications[task], let entry = paying[task], case .proven = entry.life.state else {
            replications[task] = nil
            return
        }
        if replication.comparison.verdict(isLast: false) != nil { return conclude(task) }
        guard replication.underWay == nil else { return }
        guard replication.comparison.opinions.count < ReplicaComparison.mostOpinions,
            let (order, _, _) = evidence(of: task), case .inline(let input) = order.payload.input
        else { return conclude(task) }
        let left = entry.life.deadlines.decision.since(ledgerNow)
        let request = DelegationRequest(
            operation: order.payload.operation, input: input, parameters: order.payload.parameters,
            timeout: left - TimeSpan(milliseconds: left.milliseconds / 10), requirement: order.payload.requirement)
        var places = replicaPlaces(for: request, excluding: replication.tried)
        if replication.isCheck { places.removeAll { !$0.isHere } }
        if replication.isCheck, replication.tried.contains(identity.id) { return conclude(task) }
        guard !places.isEmpty else { return wait(task) }
        // Which of several peers it is nobody should be able to arrange.
        let place = places[Int(random.number(below: UInt64(places.count)))]
        replications[task]?.retryAt = nil
        replications[task]?.tried.append(place.node)
        guard place.isHere else { return handReplica(of: task, request, order, place) }
        runReplicaHere(of: task, request, place)
    }

    /// No place can run it now; looks again after a while where nothing is known yet, and gives up in the end.
    private mutating func wait(_ task: TaskID) {
        if replications[task]?.comparison.verdict(isLast: true) != nil { return conclude(task) }
        if mayBeTakenOnClaim(task) { return takeOnClaim(task) }
        let retries = replications[task]?.retries ?? Replication.mostRetries
        guard retries < Replication.mostRetries else { return conclude(task) }
        replications[task]?.retries = retries + 1
        replications[task]?.retryAt = now.boot + .seconds(1 << retries)
    }

    /// Looks again for places where it is time.
    mutating func retryReplicas() {
        for task in replications.keys.sorted() {
            guard let due = replications[task]?.retryAt, due <= now.boot else { continue }
            replications[task]?.retryAt = nil
            if let replica = replications[task]?.underWay, paying[replica]?.isRunning == true {
                // Whether it is to be blamed shows once its own time is over; the worker does not wait for that.
                takeUndone(replica)
                replications[task]?.underWay = nil
            }
            advance(task)
        }
    }

    private mutating func runReplicaHere(of task: TaskID, _ request: DelegationRequest, _ place: Candidate) {
        guard let offer = settings.offer(request.operation) else { return advance(task) }
        let reference = newTask()
        let timeout = min(offer.timeout, request.timeout)
        do throws(LedgerError) {
            _ = try tryApply(
                .reserve(
                    ReserveRequest(
                        task: reference, account: account, amount: place.lock,
                        deadline: ledgerNow + timeout + settings.grace)))
        } catch { return advance(task) }
        local[reference.id] = LocalTask(
            reference: reference, command: nil, operation: request.operation, input: request.input,
            parameters: request.parameters, memory: offer.memory, timeout: timeout, reserved: place.lock,
            replicaOf: task)
        if replications[task]?.isCheck == true {
            let result = paying[task]?.result?.result
            local[reference.id]?.verified = result
        }
        replications[task]?.underWay = reference.id
        queue.append(QueuedWork(task: reference.id, isForPeer: false, urgency: 5, trust: .one, since: now.boot))
    }

    private mutating func handReplica(
        of task: TaskID, _ request: DelegationRequest, _ order: Signed<FederationTask>, _ place: Candidate
    ) {
        let wanted = WantedWork(
            operation: request.operation, input: request.input, parameters: request.parameters,
            timeout: request.timeout, remaining: request.timeout, minimumQuality: order.payload.minimumQuality,
            acceptance: .replicated, requirement: request.requirement)
        let replica = prepare(wanted, at: place, takenWithin: request.timeout)
        paying[replica]?.replicaOf = task
        replications[task]?.underWay = replica
        // A proof may still come for half of the time that is left to the decision then.
        let proof = request.timeout
        replications[task]?.retryAt = now.boot + proof + TimeSpan(milliseconds: proof.milliseconds / 18)
        tell(replica, .started)
    }

    // MARK: Nobody to run it

    /// Whether a peer that serves `operation`, and is of no owner of those in `excluded`, is there and left out since
    /// nothing has come of what it was given.
    func isReplicaLeftOut(of operation: Operation, by excluded: [PlatformID]) -> Bool {
        let heardLimit = settings.decision.heartbeatPeriod * 3
        return peers.values.contains { peer in
            peer.undone[operation] != nil && peer.heartbeat?.serves(operation) != nil
                && peer.heardAt.map { now.boot.since($0) <= heardLimit } ?? false
                && !excluded.contains { peer.id == $0 || isSameOwner(peer.id, $0) }
        }
    }

    /// Whether the proof of `task`, which nobody can run again at present, is paid on its claim.
    ///
    /// It is where only peers that bring nothing could: they are not to keep others from work. Who was found false has
    /// to prove itself first.
    private func mayBeTakenOnClaim(_ task: TaskID) -> Bool {
        guard let replication = replications[task], let entry = paying[task], !replication.isCheck,
            replication.comparison.opinions.isEmpty,
            let trust = peers[entry.life.worker]?.trust.reputation(for: entry.operation, at: ledgerNow),
            trust.probation == 0
        else { return false }
        return isReplicaLeftOut(of: entry.operation, by: [entry.life.worker] + workersBelow(task))
    }

    private mutating func takeOnClaim(_ task: TaskID) {
        replications[task] = nil
        guard case .proven(let hash, _)? = paying[task]?.life.state else { return }
        tell(task, .verified(proofHash: hash, judge(task, nil, spared: true)))
    }

    // MARK: Outcomes

    /// This board itself has run what a peer has proven as `task`.
    mutating func takeOwnOpinion(_ outcome: ErrandOutcome, on task: TaskID) {
        guard replications[task]?.underWay == outcome.task else { return }
        replications[task]?.underWay = nil
        replications[task]?.own = outcome
        replications[task]?.tasks.append(nil)
        replications[task]?.comparison.add(
            ReplicaOpinion(isOwn: true, result: outcome.result, quality: outcome.quality.quality))
        advance(task)
    }

    /// The program that serves the operation here has told how good what a peer has proven as `task` is.
    mutating func takeVerdict(_ quality: BasisPoints?, on task: TaskID, by run: TaskID) {
        guard let replication = replications[task], replication.underWay == run else { return }
        // A program that tells no quality has not done what was asked.
        guard let quality else { return replicaFailed(run, of: task) }
        replications[task] = nil
        guard case .proven(let hash, _)? = paying[task]?.life.state else { return }
        tell(task, .verified(proofHash: hash, judge(task, VerifiedQuality(quality: quality, basis: .checked))))
    }

    /// A peer has proven `replica`, which runs again what another has proven as `task`.
    mutating func takeOpinion(of replica: TaskID, on task: TaskID) {
        guard let entry = paying[replica], case .proven(let hash, _) = entry.life.state else { return }
        if let flaw = findFlaw(of: replica) {
            return tell(
                replica,
                .verified(
                    proofHash: hash,
                    judge(replica, VerifiedQuality(quality: .zero, basis: .replicated), because: flaw)))
        }
        if let original = paying[task], case .proven = original.life.state {
            // After a restart the task itself comes for it.
            guard let replication = replications[task], !replication.tasks.contains(replica) else { return }
            if replication.underWay == replica {
                replications[task]?.underWay = nil
                replications[task]?.add(replica, entry)
                return advance(task)
            }
        }
        // What it was to be held against has ended without it: its claim is all there is.
        tell(replica, .verified(proofHash: hash, judge(replica, nil, spared: true)))
    }

    /// `replica` has ended without a result.
    mutating func replicaFailed(_ replica: TaskID, of task: TaskID) {
        witnessFailed(replica, on: task)
        guard replications[task]?.underWay == replica else { return }
        replications[task]?.underWay = nil
        advance(task)
    }

    /// `task` has ended before its result was found out: those who ran the same are paid on their claim.
    mutating func abandonReplication(of task: TaskID) {
        for case let id? in replications.removeValue(forKey: task)?.tasks ?? [] {
            guard case .proven(let hash, _)? = paying[id]?.life.state else { continue }
            tell(id, .verified(proofHash: hash, judge(id, nil, spared: true)))
        }
    }

    /// Decides on a result, and on those who ran the same, by what is known of it.
    private mutating func conclude(_ task: TaskID) {
        guard let replication = replications.removeValue(forKey: task), let entry = paying[task],
            case .proven(let hash, _) = entry.life.state
        else { return }
        let comparison = replication.comparison
        let others = replication.tasks.compactMap { $0.flatMap { paying[$0]?.result } }
        let claim = ReplicaOpinion(isOwn: false, result: comparison.claim, quality: comparison.quality)
        let isGood = comparison.isBorneOut(claim)
        var verdicts: [(task: TaskID, quality: BasisPoints?, isGood: Bool?)] = [
            (task, comparison.verdict(isLast: true), isGood)
        ]
        for (index, id) in replication.tasks.enumerated() {
            guard let id else { continue }
            let opinion = comparison.opinions[index]
            let quality = comparison.verdict(of: index, isLast: true)
            // One that says less than two others say of the same is false, too.
            let isTrue = comparison.isBorneOut(opinion).map { $0 && (quality != .zero || opinion.quality == .zero) }
            verdicts.append((id, quality, isTrue))
        }
        if isGood == false, let own = replication.own, let command = entry.errand {
            // The result is there all the same: this board has made it.
            paying[task]?.errand = nil
            let attempt = Errand.Attempt(
                platform: peers[entry.life.worker]?.name ?? identity.platform,
                reason: VoidReason.checkFailed.explanation)
            errands[command]?.attempts.append(attempt)
            complete(command, with: own)
        }
        for (id, quality, isGood) in verdicts {
            guard case .proven(let proofHash, _)? = paying[id]?.life.state else { continue }
            let isOriginal = id == task
            let fault: VoidReason?
            if let quality {
                let found = VerifiedQuality(quality: quality, basis: .replicated)
                fault = judge(
                    id, found, because: isGood == false ? .checkFailed : nil,
                    beside: isOriginal ? others : [], own: isOriginal ? replication.own?.result : nil)
            } else {
                fault = judge(id, nil, because: .basisTooWeak)
            }
            tell(id, .verified(proofHash: isOriginal ? hash : proofHash, fault))
        }
    }
}

extension Replication {
    /// Takes in what `replica`, the task `id` of a peer, has proven.
    fileprivate mutating func add(_ id: TaskID, _ replica: PayingTask) {
        guard let result = replica.result, let proof = try? Signed<ExecutionProof>(stored: result.proof) else { return }
        tasks.append(id)
        comparison.add(ReplicaOpinion(isOwn: false, result: result.result, quality: proof.payload.quality))
    }
}
