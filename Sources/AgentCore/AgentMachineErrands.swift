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
        let input = decisionInput(for: request)
        let decision = decide(input)
        let kept = keep(decision, from: input, isTrial: request.isTrial)
        counters.count(decision)
        if request.isTrial { return reply(command, AgentViews.trial(decision)) }
        var errand = Errand(
            request: request, decision: decision, kept: kept, began: now.boot, placesLeft: decision.ranking,
            deadline: now.boot + request.timeout)
        // Heat, memory and credits pass; so does what one has refused another task for.
        if decision.mayBeServedLater { errand.mayComeBack(after: .zero) }
        errands[command] = errand
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
        guard (0...FederationLimits.maximumHops).contains(request.hops) else {
            return CommandReply(.invalid, "a task may be handed on \(FederationLimits.maximumHops) times at most")
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
        let expectations = Expectations(
            predictor, of: request.operation, inputSize: size, here: identity.id)
        let own = heartbeat
        let stated = own.serves(request.operation)?.grown(to: size)
        let yardstick = Yardstick(
            measured: predictor.prediction(place: identity.id, operation: request.operation, inputSize: size),
            stated: stated)
        let here = Place(
            here: identity.platform, node: identity.id, freeMemory: own.freeMemory, availableATP: availableATP,
            thermalHeadroom: own.thermalHeadroom, load: own.load, backlog: backlog,
            servesOperation: offer != nil, meetsRequirement: own.meets(request.requirement),
            prediction: expectations.at(identity.id, stated: stated, memory: task.memory, basis: .profile))
        let places = peers.keys.sorted().compactMap {
            place(of: $0, for: task, request.requirement, expectations, yardstick)
        }
        return DecisionInput(
            task: task, policy: settings.decision, purse: availableATP,
            dayBudget: identity.delegator.task.budget.dailyATP ?? .zero, daySpent: spending.amount(at: ledgerNow),
            here: here, peers: places,
            lastPlace: lastPlace[TaskKind(request.operation, inputSize: size)])
    }

    private func place(
        of id: PlatformID, for task: DecisionTask, _ requirement: Requirement, _ expectations: Expectations,
        _ yardstick: Yardstick
    ) -> Place? {
        guard let peer = peers[id] else { return nil }
        let standing = peer.trust.standing(in: task.operation, at: ledgerNow)
        let heartbeat = peer.heartbeat ?? AgentMachine.unheard
        let stated = heartbeat.serves(task.operation)?.grown(to: task.inputSize)
        var place = Place(
            peer: peer.name, node: id, heartbeat: heartbeat,
            heardAgo: peer.heardAt.map { now.boot.since($0) } ?? .milliseconds(.max), operation: task.operation,
            requirement: requirement,
            trust: peer.trust.factors(for: task.operation, reports: [], at: ledgerNow).trust,
            reputation: standing.reputation, verified: standing.verified,
            backlog: peer.queue.backlog(
                own: workAt(id), typical: heartbeat.serves(task.operation)?.typicalTime ?? .zero),
            roundTrip: link.status(of: peer.linkID)?.roundTrip ?? .milliseconds(50),
            bytesPerSecond: peer.way.bytesPerSecond,
            prediction: prediction(
                expectations.at(id, stated: stated, memory: task.memory, basis: .stated, yardstick: yardstick),
                of: task.operation, at: peer))
        place.unansweredFor = unansweredTime(at: id)
        if peer.hasRefused { place.acceptsTasks = false }
        return place
    }

    /// How long `peer` has owed the answer to a task, with nothing heard of it since.
    private func unansweredTime(at peer: PlatformID) -> TimeSpan {
        let sent = paying.open.compactMap { $0.life.worker == peer ? $0.sentAt : nil }.min()
        guard let sent, peers[peer]?.heardAt.map({ $0 < sent }) ?? true else { return .zero }
        return now.boot.since(sent)
    }

    /// What is known of a peer that has not been heard of.
    private static let unheard = Heartbeat(
        sequence: 0, freeMemory: .zero, availableATP: .zero, thermalHeadroom: 0, load: .one, queueLength: 0,
        operations: [], powerClass: .upTo10W, uptime: .zero, acceptsTasks: false)

    /// How long the own tasks that are under way at `peer` are expected to run there.
    func workAt(_ peer: PlatformID) -> [TimeSpan] {
        // The order of a dictionary does not matter to their number and sum.
        paying.open.filter { $0.life.worker == peer && $0.isRunning }.map { $0.expected }
    }

    /// What waits or runs on this board.
    var backlog: Backlog {
        var backlog = Backlog(workers: Int64(settings.concurrentWork))
        for task in queue.map({ $0.task }) + active.keys.filter({ active[$0]?.report == nil }) {
            backlog.add(of: expectedTime(of: task))
        }
        return backlog
    }

    /// How long the worker of `task` is expected to run on this board.
    private func expectedTime(of task: TaskID) -> TimeSpan {
        let operation: Operation
        let size: ByteCount
        if let own = local[task] {
            operation = own.operation
            size = ByteCount(bytes: Int64(own.input.count))
        } else if let order = working[task]?.task?.payload {
            operation = order.operation
            size = order.input.size
        } else {
            return .zero
        }
        return predictor.prediction(place: identity.id, operation: operation, inputSize: size)?.time
            ?? settings.offer(operation)?.typicalTime ?? .zero
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

    /// How many cores the workers of `operation` may use together: those of the role in which it runs.
    public static func cores(for operation: Operation) -> UInt32 {
        UInt32(clamping: max(1, taskType(for: operation).budget.cores))
    }

    // MARK: Places

    /// Begins the next attempt of an errand, or answers it.
    mutating func tryNextPlace(_ command: CommandID) {
        guard var errand = errands[command] else { return }
        errand.task = nil
        guard !errand.placesLeft.isEmpty, now.boot < errand.deadline else {
            if errand.wait(at: now.boot) {
                errands[command] = errand
                return
            }
            errands[command] = nil
            counters.count(now.boot < errand.deadline ? .refused : .late as AgentCounters.TaskEnd)
            keepEnd(of: errand, now.boot < errand.deadline ? .refused : .late)
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

    /// Decides anew where an errand has waited long enough for a place.
    mutating func resumeErrands() {
        for command in errands.keys.sorted() {
            guard let errand = errands[command], let due = errand.waitsUntil, due <= now.boot else { continue }
            var request = errand.request
            request.timeout = errand.deadline.since(now.boot)
            let decision = decide(decisionInput(for: request))
            errands[command]?.goOn(with: decision)
            tryNextPlace(command)
        }
    }

    /// An attempt of `command` failed: remember why, and go on.
    mutating func fallBack(_ command: CommandID, from platform: PlatformName, because reason: String) {
        guard errands[command] != nil else { return }
        errands[command]?.attempts.append(Errand.Attempt(platform: platform, reason: reason))
        tryNextPlace(command)
    }

    /// The input of `command` is at fault, as this board or two peers have found: no other place could do better.
    mutating func giveUp(_ command: CommandID, at platform: PlatformName, _ reason: String) {
        guard var errand = errands.removeValue(forKey: command) else { return }
        errand.attempts.append(Errand.Attempt(platform: platform, reason: reason))
        counters.count(.badInput)
        keepEnd(of: errand, .badInput)
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
            keepEnd(of: errand, .late)
            reply(command, AgentViews.unserved(errand))
            if entry.isRunning {
                paying[task]?.isLate = true
                takeUndone(task)
            } else if let replica = replications[task]?.underWay {
                noteSlow(replica)
            }
            tell(task, .cancelRequested)
        }
    }

    /// Answers an errand with its result.
    mutating func complete(_ command: CommandID, with outcome: ErrandOutcome) {
        guard let errand = errands.removeValue(forKey: command) else { return }
        if outcome.isVerified { blameUnable(errand, doneBy: outcome.node) }
        let size = ByteCount(bytes: Int64(errand.request.input.count))
        lastPlace[TaskKind(errand.request.operation, inputSize: size)] = outcome.node
        counters.count(.done)
        keepEnd(of: errand, .done, outcome)
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
    /// The tasks below, where the platform has handed it on.
    var below: [BelowLink] = []
    /// Whether this board knows that it is good, and not from the worker's word alone.
    var isVerified = true
}
