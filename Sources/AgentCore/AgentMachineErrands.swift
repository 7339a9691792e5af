import Cryptography
import Federation
import Ledger
import Link
import Quantities
import Telemetry
import Wire

// What an operator asks for: the decision where it runs, and trying one place after the other.
extension AgentMachine {
    mutating func delegate(_ request: DelegationRequest, for command: CommandID) {
        if let reply = refusal(of: request) { return self.reply(command, reply) }
        let decision = decide(decisionInput(for: request))
        decisions.append(
            DecisionRecord(
                decidedAt: ledgerNow, operation: request.operation, sentence: decision.sentence))
        counters.count(decision)
        if decisions.count > AgentLimits.endedTasks { decisions.removeFirst() }
        if request.isTrial { return reply(command, AgentViews.trial(decision)) }
        errands[command] = Errand(
            request: request, decision: decision, placesLeft: decision.ranking, deadline: now.boot + request.timeout)
        tryNextPlace(command)
    }

    private func refusal(of request: DelegationRequest) -> CommandReply? {
        if isStopping { return CommandReply(.unavailable, "the agent is shutting down") }
        if max(errands.count, local.count) >= AgentLimits.errands {
            return CommandReply(
                .unavailable, "\(errands.count) requests are under way already", hint: "sage-edge tasks")
        }
        if request.input.count > FederationLimits.maximumInlineLength {
            return CommandReply(
                .invalid,
                "the input has \(request.input.count) bytes; \(FederationLimits.maximumInlineLength) are the most")
        }
        if case .platform(let name) = placement(of: request), peer(named: name.text) == nil {
            return CommandReply(.notFound, "no peer is called \(name.text)", hint: "sage-edge peers list")
        }
        return nil
    }

    /// Where `request` may run.
    private func placement(of request: DelegationRequest) -> Placement {
        let placement = request.placement ?? settings.placement
        return placement == .platform(identity.platform) ? .local : placement
    }

    // MARK: The decision

    func decisionInput(for request: DelegationRequest) -> DecisionInput {
        let size = ByteCount(bytes: Int64(request.input.count))
        let offer = servedOffer(request.operation)
        let task = DecisionTask(
            operation: request.operation, taskType: AgentMachine.taskType(for: request.operation),
            delegatorType: identity.delegator.task, inputSize: size, memory: offer?.memory ?? .zero,
            remaining: request.timeout, budget: request.budget, pricing: settings.pricing,
            placement: placement(of: request))
        let own = heartbeat
        let here = Place(
            here: identity.platform, node: identity.id, freeMemory: own.freeMemory, availableATP: availableATP,
            thermalHeadroom: own.thermalHeadroom, load: own.load, queueLength: own.queueLength,
            servesOperation: offer != nil, meetsRequirement: true,
            prediction: prediction(at: identity.id, request.operation, size, stated: own))
        let places = peers.keys.sorted().compactMap { place(of: $0, for: request.operation, size) }
        return DecisionInput(
            task: task, policy: settings.decision, purse: availableATP,
            dayBudget: identity.delegator.task.budget.dailyATP ?? .zero, daySpent: spending.amount(at: ledgerNow),
            here: here, peers: places,
            lastPlace: lastPlace[request.operation])
    }

    private func place(of id: PlatformID, for operation: Operation, _ size: ByteCount) -> Place? {
        guard let peer = peers[id] else { return nil }
        let reputation = peer.trust.reputation(for: operation, at: ledgerNow)
        let heartbeat = peer.heartbeat ?? AgentMachine.unheard
        let roundTrip = link.status(of: peer.linkID)?.roundTrip ?? .milliseconds(50)
        return Place(
            peer: peer.name, node: id, heartbeat: heartbeat,
            heardAgo: peer.heardAt.map { now.boot.since($0) } ?? .milliseconds(.max), operation: operation,
            requirement: .none, trust: peer.trust.factors(for: operation, reports: [], at: ledgerNow).trust,
            reputation: reputation.value(at: ledgerNow), verified: reputation.verified, roundTrip: roundTrip,
            bytesPerSecond: AgentMachine.assumedBytesPerSecond,
            prediction: prediction(at: id, operation, size, stated: heartbeat))
    }

    /// What is assumed of the way to a peer: 20 Mbit/s, a slow Wi-Fi.
    private static let assumedBytesPerSecond: Int64 = 2_500_000

    /// What is known of a peer that has not been heard of.
    private static let unheard = Heartbeat(
        sequence: 0, freeMemory: .zero, availableATP: .zero, thermalHeadroom: 0, load: .one, queueLength: 0,
        operations: [], powerClass: .upTo10W, uptime: .zero, acceptsTasks: false)

    /// Measured runs first, then what the platform says of itself.
    private func prediction(at place: PlatformID, _ operation: Operation, _ size: ByteCount, stated: Heartbeat)
        -> Prediction
    {
        if let measured = predictor.prediction(place: place, operation: operation, inputSize: size) { return measured }
        let served = stated.serves(operation)
        return Prediction(
            unmeasuredTime: served?.typicalTime ?? .zero,
            energy: served?.typicalEnergy ?? .zero, memory: settings.offer(operation)?.memory ?? .zero,
            basis: place == identity.id ? .profile : .stated)
    }

    /// The role in which an operation of this family runs.
    public static func taskType(for operation: Operation) -> TaskType {
        switch operation.family {
        case .perception: .perception
        case .planning: .planning
        case .execution: .executionCode
        case .delegation: .delegationFederation
        }
    }

    // MARK: Places

    /// Begins the next attempt of an errand, or answers it.
    mutating func tryNextPlace(_ command: CommandID) {
        guard var errand = errands[command] else { return }
        errand.task = nil
        guard !errand.placesLeft.isEmpty, now.boot < errand.deadline else {
            errands[command] = nil
            counters.count(now.boot < errand.deadline ? .refused : .late as AgentCounters.TaskEnd)
            return reply(command, AgentViews.unserved(errand))
        }
        let place = errand.decision.candidates[errand.placesLeft.removeFirst()]
        errands[command] = errand
        let operation = errand.request.operation
        let memory = settings.offer(operation)?.memory ?? .zero
        if let refusal = identityRefusal(of: operation, memory: memory, at: place) {
            return fallBack(command, from: place.platform, because: refusal.explanation)
        }
        if place.isHere { runHere(command, place) } else { handOver(command, to: place) }
    }

    /// An attempt of `command` failed: remember why, and go on.
    mutating func fallBack(_ command: CommandID, from platform: PlatformName, because reason: String) {
        guard errands[command] != nil else { return }
        errands[command]?.attempts.append(Errand.Attempt(platform: platform, reason: reason))
        tryNextPlace(command)
    }

    /// The input of `command` is at fault: no other place could do better.
    mutating func giveUp(_ command: CommandID, at platform: PlatformName, _ reason: String) {
        guard var errand = errands.removeValue(forKey: command) else { return }
        errand.attempts.append(Errand.Attempt(platform: platform, reason: reason))
        counters.count(.badInput)
        reply(command, AgentViews.unserved(errand, kind: .invalid, hint: nil))
    }

    /// Answers the errands whose time is over; what a peer still does for one is withdrawn.
    mutating func expireErrands() {
        for command in errands.keys.sorted() {
            guard var errand = errands[command], errand.deadline <= now.boot, let task = errand.task,
                let entry = paying[task]
            else { continue }
            errand.attempts.append(
                Errand.Attempt(
                    platform: peers[entry.life.worker]?.name ?? identity.platform, reason: "no result in time"))
            errands[command] = nil
            paying[task]?.errand = nil
            counters.count(.late)
            reply(command, AgentViews.unserved(errand))
            tell(task, .cancelRequested)
        }
    }

    /// Answers an errand with its result.
    mutating func complete(_ command: CommandID, with outcome: ErrandOutcome) {
        guard let errand = errands.removeValue(forKey: command) else { return }
        lastPlace[errand.request.operation] = outcome.node
        counters.count(.done)
        counters.countRun(
            outcome.node == identity.id ? .here : .elsewhere, time: outcome.time, energy: outcome.energy)
        reply(command, AgentViews.served(errand, outcome))
    }

    mutating func abandon(_ command: CommandID) {
        pings[command] = nil
        // The work goes on; its outcome is in the task list.
        if let task = errands.removeValue(forKey: command)?.task { paying[task]?.errand = nil }
    }

    // MARK: Here

    private mutating func runHere(_ command: CommandID, _ place: Candidate) {
        guard let errand = errands[command], let offer = settings.offer(errand.request.operation) else { return }
        let reference = newTask()
        let timeout = min(offer.timeout, errand.deadline.since(now.boot))
        let reserved = place.lock
        do throws(LedgerError) {
            _ = try tryApply(
                .reserve(
                    ReserveRequest(
                        task: reference, account: account, amount: reserved,
                        deadline: ledgerNow + timeout + settings.grace)))
        } catch {
            return fallBack(command, from: identity.platform, because: error.explanation)
        }
        let request = errand.request
        local[reference.id] = LocalTask(
            reference: reference, command: command, operation: request.operation, input: request.input,
            parameters: request.parameters, memory: offer.memory, timeout: timeout, reserved: reserved)
        errands[command]?.task = reference.id
        queue.append(
            QueuedWork(task: reference.id, isForPeer: false, urgency: 5, trust: .one, since: now.boot))
    }
}

/// How an errand ended well.
struct ErrandOutcome {
    let task: TaskID
    let platform: PlatformName
    let node: PlatformID
    let result: [UInt8]
    let energy: Energy
    let evidence: EvidenceClass
    let paid: Energy
    let time: TimeSpan
    let quality: VerifiedQuality
}
