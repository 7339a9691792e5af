import Cryptography
import EnergyProofs
import Federation
import Ledger
import Quantities
import Telemetry
import Wire

// Handing a peer's task on to a further one: this board is worker above and payer below. At any time a task is either
// at one platform below or here, so that what is paid once is done once.
extension AgentMachine {
    // MARK: Whether

    /// Whether `order` may be handed on: its delegator and this board's operator both allow it.
    ///
    /// What a witness is asked about a result it must say itself.
    func mayHandOn(_ order: FederationTask) -> Bool {
        guard case .inline = order.input else { return false }
        return settings.handsOn && order.pass != nil && order.subject == nil
            && order.hops.count < FederationLimits.maximumHops
    }

    /// The most that may be locked below for `order`: what this board keeps back is its share, or what sending takes
    /// where that is more.
    func spareBudget(of order: FederationTask) -> Energy {
        guard let pass = order.pass?.pass else { return .zero }
        let most = ByteCount(bytes: order.input.size.bytes + Int64(FederationLimits.maximumInlineLength))
        let kept = max(order.budget.scaled(by: settings.handOnShare), settings.decision.transmit(most))
        return min((order.budget - kept).clampedToZero, pass.budget)
    }

    /// What is asked of a further platform for `order`, of which `left` remains.
    private func request(for order: FederationTask, left: TimeSpan) -> DelegationRequest? {
        guard case .inline(let input) = order.input else { return nil }
        return DelegationRequest(
            operation: order.operation, input: input, parameters: order.parameters, placement: .any, timeout: left)
    }

    /// What is known for the decision where `order` runs: here, or at a peer that is not in its chain, nor among
    /// those in `tried`.
    private func handingInput(for order: FederationTask, left: TimeSpan, tried: [PlatformID]) -> DecisionInput? {
        guard left > .zero, let request = request(for: order, left: left) else { return nil }
        var input = decisionInput(for: request)
        // Without a placement of its own it may go wherever its delegator could have sent it.
        input.task.placement = .any
        input.task.pricing = order.pricing
        let limit = min(spareBudget(of: order), input.purse)
        let passed = order.hops.map { $0.pass.source.context } + [order.source.context]
        input.peers.removeAll { place in passed.contains(place.platform) || tried.contains(place.node) }
        for index in input.peers.indices {
            let peer = peers[input.peers[index].node]
            input.peers[index].availableATP = min(input.peers[index].availableATP, limit)
            input.peers[index].meetsRequirement = peer?.heartbeat?.meets(order.requirement) == true
        }
        // It is paid for already; what a run takes here is the delegator's.
        input.purse = .largest
        input.here.availableATP = .largest
        return input
    }

    /// Whether a peer could do `order` now, `age` after it was signed, where this board cannot.
    func couldHandOn(_ order: FederationTask, age: TimeSpan) -> Bool {
        let left = max(.zero, order.remaining - age)
        guard mayHandOn(order), let input = handingInput(for: order, left: left, tried: []) else { return false }
        let time = HandingTime(left: left, grace: settings.grace)
        let decision = decide(input)
        return decision.ranking.contains { index in
            let place = decision.candidates[index]
            return !place.isHere && place.timeP95 <= time.working && obstacle(to: place.node) == nil
        }
    }

    // MARK: Where

    /// Hands `task` on where the decision prefers a peer, or gives it up where no place can do it any more; false where
    /// it is to run here.
    mutating func placeElsewhere(_ task: TaskID) -> Bool {
        guard let entry = working[task], let order = entry.task?.payload, entry.life.state == .accepted, !isStopping,
            mayHandOn(order), let deadline = entry.life.terms?.deadlines.proof
        else { return false }
        let left = deadline.since(ledgerNow)
        let tried = paying.values.filter { $0.parent == task }.map { $0.life.worker }
        guard let input = handingInput(for: order, left: left, tried: tried) else { return false }
        let decision = decide(input)
        // One that was made before has come to nothing.
        endDecision(of: task, as: .refused)
        let open = OpenDecision(kept: keep(decision, from: input, isTrial: false), madeAt: now.boot)
        working[task]?.decision = open
        counters.count(decision)
        for index in decision.ranking {
            let place = decision.candidates[index]
            if place.isHere { return false }
            if handOn(task, order, to: place, left: left) { return true }
        }
        guard let here = decision.candidates.first, let reason = AgentMachine.refusal(by: here, left: left) else {
            return false
        }
        tell(task, .workFailed(reason))
        return true
    }

    /// Why a task is not even begun here, by what made this board lose; nil where it is run all the same.
    private static func refusal(by here: Candidate, left: TimeSpan) -> TaskRefusal? {
        switch here.loss {
        case .memoryShort(let needed, let free): .memoryShort(needed: needed, free: free)
        case .tooHot(let needed, let headroom): .tooHot(needed: Int64(needed), headroom: Int64(headroom))
        case .tooSlow where here.time > left: .deadlineUnreachable(expected: here.time, remaining: left)
        default: nil
        }
    }

    /// Locks and signs the task below `task` for a peer; false where that cannot be had.
    private mutating func handOn(
        _ task: TaskID, _ order: FederationTask, to place: Candidate, left: TimeSpan
    ) -> Bool {
        let memory = settings.offer(order.operation)?.memory ?? order.memory
        let time = HandingTime(left: left, grace: settings.grace)
        guard let pass = order.pass, let request = request(for: order, left: left), place.timeP95 <= time.working,
            obstacle(to: place.node) == nil,
            identityRefusal(of: order.operation, memory: memory, at: place) == nil,
            let acceptance = acceptance(of: request, at: place.node)
        else { return false }
        // Where its result will be found out by a second run, half of the time is for that.
        let remaining =
            acceptance >= .replicated ? TimeSpan(milliseconds: time.working.milliseconds / 2) : time.working
        var wanted = WantedWork(
            operation: order.operation, input: request.input, parameters: order.parameters,
            timeout: min(order.timeout, remaining), remaining: remaining,
            minimumQuality: max(order.minimumQuality, settings.minimumQuality), acceptance: acceptance)
        wanted.pricing = order.pricing
        wanted.grace = time.grace + (time.working - remaining)
        wanted.requirement = order.requirement
        wanted.hops = order.hops + [pass]
        wanted.depth = Int(pass.pass.depth) - 1
        let own = useByDelegator(identity.delegator).budget.permissions
        wanted.scope = pass.pass.scope.intersection(
            own.union(PermissionSet([order.operation.family.permission])))
        let child = prepare(wanted, at: place, takenWithin: remaining)
        paying[child]?.parent = task
        tell(child, .started)
        guard paying[child]?.life.taskHash != nil else { return false }
        log(.info, "task \(task.text) is handed on to \(place.platform.text) as \(child.text)")
        counters.count(.sent as AgentCounters.Handing)
        tell(task, .handedOn(child))
        return true
    }

    // MARK: What becomes of it

    /// Withdraws what `task` was handed on as.
    mutating func withdrawBelow(_ task: TaskID) {
        for child in paying.openIDs.sorted() where paying[child]?.parent == task {
            tell(child, PayerEvent.cancelRequested)
        }
    }

    /// The task `child` below `parent` has ended unpaid: the next place is tried, this board among them.
    mutating func takeBack(_ parent: TaskID, from child: TaskID) {
        guard working[parent]?.life.state == .handedOn(child) else { return }
        counters.count(.back as AgentCounters.Handing)
        if paying[child]?.life.cancelRequested == true { return tell(parent, .workFailed(.cancelled)) }
        // Nobody knows any more what a child that is forgotten has done.
        if working[parent]?.task?.payload.operation.runsOnce == true, paying[child]?.mayHaveRun ?? true {
            return tell(parent, .workFailed(.interrupted))
        }
        tell(parent, .handedBack)
    }

    /// The task `child` below `parent` is paid: its result is the result above.
    mutating func conclude(_ parent: TaskID, with child: TaskID, paid: Energy) {
        guard let (_, proof, done) = evidence(of: child), let result = done.result else { return }
        learnBelow(done, proof.payload, size: inputSize(of: child))
        if done.verified != nil { blameUnable(below: parent, doneBy: done.life.worker) }
        guard let entry = working[parent], let order = entry.task, entry.life.state == .handedOn(child) else {
            return log(
                .warning, "\(paid.millijoules) mJ were paid below for task \(parent.text), which ended meanwhile",
                kind: .paymentMissing)
        }
        guard let signed = proofAbove(order, proof, done, paid: paid, bytes: result.result.count) else {
            return tell(parent, .workFailed(.operationFailed(code: 1)))
        }
        working[parent]?.result = TaskResult(
            proof: signed.envelope, result: result.result, below: [result.proof] + result.below)
        counters.count(.proven as AgentCounters.Handing)
        endDecision(of: parent, as: .done, below: done, proof.payload, paid: paid)
        tell(parent, .workFinished(proofHash: signed.hash, charged: signed.payload.charged))
    }

    /// This board's proof of a task that `proof` below is the proof of.
    ///
    /// It asks for what was paid below and what sending took; it claims no more quality than was claimed or found
    /// there, and no better measurement.
    private func proofAbove(
        _ order: Signed<FederationTask>, _ proof: Signed<ExecutionProof>, _ done: PayingTask, paid: Energy, bytes: Int
    ) -> Signed<ExecutionProof>? {
        let sent = settings.decision.transmit(ByteCount(bytes: order.payload.input.size.bytes + Int64(bytes)))
        let below = proof.payload
        let register = energy.register ?? EnergyRegister(microjoules: 0)
        let quality = min(below.quality, done.verified?.quality ?? below.quality)
        let isChecked = (done.verified?.basis ?? .claimed) >= .checked
        guard
            let work = MeasuredWork(
                energy: min(below.work.energy + sent, .largest),
                evidence: below.work.evidence == .metered ? .modeled : below.work.evidence,
                source: settings.energy.source.text, registerStart: register, registerEnd: register),
            let above = ExecutionProof(
                task: order.payload.id, taskHash: order.hash, executor: order.payload.target, work: work,
                charged: order.payload.pricing.settlement(charged: paid + sent, locked: order.payload.budget),
                executionTime: below.executionTime, quality: quality, basis: isChecked ? .checked : .claimed,
                resultHash: below.resultHash,
                below: WorkBelow(task: below.task, proofHash: proof.hash, paid: paid, energy: below.work.energy))
        else { return nil }
        return Signed(signing: above, with: identity.signing, in: identity.domain, by: scheme)
    }

    /// Takes in what a run took below.
    private mutating func learnBelow(_ done: PayingTask, _ proof: ExecutionProof, size: ByteCount) {
        predictor.record(
            place: done.life.worker, operation: done.operation, inputSize: size, time: proof.executionTime,
            energy: proof.work.energy, memory: settings.offer(done.operation)?.memory ?? .zero)
        storePredictor()
        lastPlace[TaskKind(done.operation, inputSize: size)] = done.life.worker
    }

    /// Keeps how `task`, about which a decision is open, has ended here; nothing while it has not.
    mutating func endDecision(of task: TaskID) {
        switch working[task]?.life.state {
        case .proven: endDecision(of: task, as: .done)
        case .refused(.cancelled), .settled: endDecision(of: task, as: .cancelled)
        case .refused(.deadlineUnreachable): endDecision(of: task, as: .late)
        case .refused, .presumed: endDecision(of: task, as: .refused)
        case .unseen, .accepted, .running, .handedOn, nil: break
        }
    }

    /// Keeps how the open decision about `task` ended: with what was done `below`, where it was.
    private mutating func endDecision(
        of task: TaskID, as outcome: DecisionEnd.Outcome, below: PayingTask? = nil, _ proof: ExecutionProof? = nil,
        paid: Energy? = nil
    ) {
        guard let open = working[task]?.decision else { return }
        working[task]?.decision = nil
        // What has made room for later decisions does not come back.
        guard open.kept.number + DecisionLimits.kept >= decisions.next else { return }
        let tried = paying.values.count { $0.parent == task && $0.life.task != below?.life.task }
        var end = DecisionEnd(
            outcome, after: now.boot.since(open.madeAt), failedAttempts: tried, task: below?.life.task ?? task)
        if outcome == .done { end.platform = below.flatMap { peers[$0.life.worker]?.name } ?? identity.platform }
        end.energy = proof?.work.energy
        end.time = proof?.executionTime
        end.paid = paid
        var kept = open.kept
        kept.record.end = end
        staging.write(.put(.decision, key: AgentMachine.numberKey(kept.number), value: kept.record.encoded))
    }

    /// After a restart: what was handed on and has nothing under way below goes on by what became of that.
    mutating func resumeHandedOn() {
        for task in working.openIDs.sorted() {
            guard case .handedOn(let child)? = working[task]?.life.state else { continue }
            switch paying[child]?.life.state {
            case nil, .unfunded, .settled(.voided, _): takeBack(task, from: child)
            case .settled(.posted(let paid), _): conclude(task, with: child, paid: paid)
            case .created, .locked, .sent, .accepted, .running, .proven: break
            }
        }
    }

    // MARK: The chain

    /// What is wrong with the keys and signatures of the chain of `task`, which `peer` sent; nil where nothing is.
    func chainFault(of task: Signed<FederationTask>, from peer: PlatformID) -> HopFault? {
        guard !task.payload.hops.isEmpty || task.payload.pass != nil, task.payload.hopFault == nil else { return nil }
        guard let sender = signingKey(of: peer, for: task.signer) else { return .broken }
        let (registry, judge) = (identities, identityJudge)
        return task.payload.chainFault(
            from: sender, to: identity.signing.publicKey,
            ChainJudge(
                domain: identity.domain, scheme: scheme, known: { registry.key(of: $0, judge.platforms) },
                isSameHolder: { registry.successions.isSameHolder($0, $1) }))
    }

    /// Why a delegator above `order` does not count here, or nil.
    func refusalAbove(_ order: FederationTask) -> TaskRefusal? {
        guard !order.hops.isEmpty else { return nil }
        let judge = identityJudge
        for hop in order.hops {
            do throws(CertificateRefusal) {
                let budget = try identities.budget(of: hop.pass.source, judge)
                guard budget.permissions.contains(.federationDelegate) else {
                    return .permissionMissing(MissingPermission(permission: .federationDelegate, of: .delegator))
                }
            } catch { return .identityNotAccepted(error.fault.kind, .delegator) }
        }
        return nil
    }

    /// The platforms above `order`, first delegator first.
    func chain(above order: FederationTask) -> [ChainLink] {
        guard !order.hops.isEmpty else { return [] }
        let judge = identityJudge
        return order.hops.map {
            let platform = $0.pass.source.context
            return ChainLink(platform: platform, isKnown: identities.key(of: platform, judge.platforms) != nil)
        }
    }

    /// The leave to hand `order` on `depth` times, for `worker`; nil where there is none to give.
    func pass(for order: FederationTask, depth: Int, to worker: PlatformID) -> Hop? {
        guard depth > 0, let known = peers[worker]?.record.payload.signingKey,
            let pass = TaskPass(
                for: order, from: identity.signing.publicKey, to: identities.successions.newest(known), depth: depth)
        else { return nil }
        return Hop(Signed(signing: pass, with: identity.signing, in: identity.domain, by: scheme))
    }

    /// What may be done further down in the name of an own task of `operation`.
    func scope(of operation: Operation) -> PermissionSet {
        PermissionSet([.federationDelegate, operation.family.permission])
    }

    // MARK: What is told from below

    /// The tasks below the one that `proof` is about, as far as the proofs beside it lead from one to the next.
    func links(below proof: ExecutionProof, _ result: TaskResult) -> [BelowLink] {
        guard proof.below != nil else { return [] }
        let judge = identityJudge
        var links: [BelowLink] = []
        var next = proof.below
        for envelope in result.below {
            guard let named = next, let signed = try? Signed<ExecutionProof>(stored: envelope),
                signed.hash == named.proofHash
            else { break }
            let platform = signed.payload.executor.context
            var standing = BelowLink.Standing.unknown
            if let key = identities.key(of: platform, judge.platforms) {
                let keys = identities.successions.keys(for: key, at: judge.time)
                standing = keys.contains { isSigned(envelope, by: $0) } ? .signed : .notSigned
            }
            links.append(
                BelowLink(
                    task: named.task, platform: platform, energy: signed.payload.work.energy, paid: named.paid,
                    standing: standing))
            next = signed.payload.below
        }
        return links
    }

    private func isSigned(_ proof: SignedEnvelope, by key: PublicKey) -> Bool {
        do throws(EnvelopeError) {
            try proof.verify(as: .executionProof, by: key, in: identity.domain, using: scheme)
            return true
        } catch { return false }
    }

    /// The peers that were at the task below `task`.
    func workersBelow(_ task: TaskID) -> [PlatformID] {
        let names = (paying[task]?.below ?? []).map { $0.platform }
        return names.isEmpty ? [] : peers.keys.sorted().filter { id in names.contains { peers[id]?.name == $0 } }
    }
}
