import Cryptography
import Federation
import Ledger
import Quantities
import Wire

// Clients that ask over HTTP in the name of an identity: whether their tasks are taken on. A task runs on a work ticket
// as this board's own do, but on the client's account.
extension AgentMachine {
    mutating func handle(_ id: CommandID, _ command: ClientCommand) {
        switch command {
        case .delegate(let request): take(request, for: id)
        case .status(let text): answer(id, status(of: text))
        case .cancel(let task, let source): cancel(called: task, of: source, for: id)
        }
    }

    /// Answers a client once everything so far is durable.
    mutating func answer(_ command: CommandID, _ answer: ClientAnswer) {
        // A proof is signed while the disk is at work.
        if case .proven = answer { behindWrites.append(.prepare(command, answer)) }
        afterWrites(.answer(command, answer))
    }

    private mutating func take(_ request: ClientRequest, for command: CommandID) {
        if let refusal = admit(request) {
            counters.count(.clientRefused)
            let source = request.terms.source.text
            switch refusal {
            case .unknownKey, .badSignature, .noSignature, .keyNeeded:
                log(.warning, "a task in the name of \(source) is refused: it is not signed by it", kind: .taskRefused)
            default: log(.notice, "a task of \(source) is refused: " + refusal.reason, kind: .taskRefused)
            }
            return answer(command, .refused(refusal, request.terms))
        }
        begin(request, for: command)
    }

    // MARK: Admission

    /// What speaks against a client's task, or nil; counts it against its client's rate.
    ///
    /// Asked in this order: signature, earlier tasks of that name, time, platform, type, operation, standing and
    /// permissions, rate, budget, credits, number of tasks and today's budget of target and source, memory, heat,
    /// queue, deadline.
    private mutating func admit(_ request: ClientRequest) -> ClientRefusal? {
        if isStopping { return .unavailable("the agent is shutting down") }
        let terms = request.terms
        if let refusal = verification(of: request) ?? clients.refusal(of: terms) { return refusal }
        if ClientBook.isAhead(terms, at: now) { return .ahead }
        let (source, target) = (useByDelegator(terms.source), useByTarget(terms.target))
        if let refusal = misfit(of: terms, from: source, to: target) { return refusal }
        let client = KeyID(bytes: Hashing.hash(Array(terms.source.text.utf8), for: .identifier))
        if let wait = clientRates.request(by: client, at: now.boot) { return .rules(.rateLimited(wait: wait)) }
        return shortage(for: request, from: source, to: target)
    }

    /// Whether the source has signed the request, or needs not to have.
    private func verification(of request: ClientRequest) -> ClientRefusal? {
        if request.signature != nil {
            let keys = identities.signers(of: request.terms.source, identityJudge)
            if let signer = request.signer, keys.contains(signer) { return nil }
            let rest = keys.filter { !request.strangers.contains($0) }
            if rest.contains(where: { request.isSigned(by: $0, scheme) }) { return nil }
            // A signature by a known key counts, also where none is asked for.
            if !keys.isEmpty { return .badSignature }
            if settings.verifiesSignatures { return .unknownKey }
        } else if settings.verifiesSignatures {
            return .noSignature
        }
        return request.showsKey || settings.opensDelegation ? nil : .keyNeeded
    }

    /// Verifies who has signed clients' tasks, as it is known at present.
    public var clientVerifier: ClientVerifier { ClientVerifier(identities, identityJudge, scheme) }

    /// What a task of `terms` has that no later attempt could mend.
    private func misfit(of terms: ClientTerms, from source: IdentityUse, to target: IdentityUse) -> ClientRefusal? {
        guard terms.target.context == identity.platform else { return .otherPlatform(own: identity.platform) }
        guard terms.type == terms.target.task else { return .typeDiffers }
        if let rules = PermissionRules.refusal(of: terms.operation, from: source, to: target) { return .rules(rules) }
        let isOffered = settings.offer(terms.operation) != nil
        if isOffered, let wait = restartWait(of: terms.operation) { return .notYet(wait) }
        return servedOffer(terms.operation) == nil ? .notServed : nil
    }

    /// What there is too little of for a client's task.
    private func shortage(
        for request: ClientRequest, from source: IdentityUse, to target: IdentityUse
    ) -> ClientRefusal? {
        let terms = request.terms
        let budget = terms.budget.energy
        guard let account = AccountID(terms.source.text), let offer = servedOffer(terms.operation) else {
            return .notServed
        }
        let required = requiredBudget(for: offer, on: ByteCount(bytes: Int64(request.input.count)))
        guard budget >= required else { return .shortOfBudget(required: required) }
        let available = ledger.image.accounts[account]?.available ?? .zero
        guard budget <= available else { return .shortOfCredits(available: available) }
        let memory = min(freeMemory, target.budget.memory)
        let rules =
            PermissionRules.shortage(of: target, budget: budget)
            ?? PermissionRules.shortage(ofDelegator: source, budget: budget)
            ?? (offer.memory <= memory ? nil : .memoryShort(needed: offer.memory, free: memory))
            ?? strain(offer, within: terms.timeout)
        if let rules { return .rules(rules) }
        guard local.count < AgentLimits.errands, clients.hasRoom(for: request.input.count, of: terms.source) else {
            return .full
        }
        return nil
    }

    /// What heat and the tasks before it say against one of `offer` that is to be done `within` a time.
    private func strain(_ offer: OperationOffer, within timeout: TimeSpan) -> TaskRefusal? {
        let needed = Int64(settings.decision.minimumHeadroom)
        guard Int64(thermalHeadroom) >= needed else {
            return .tooHot(needed: needed, headroom: Int64(thermalHeadroom))
        }
        let length = Int64(queueLength)
        guard length < Int64(AgentLimits.workingTasks) else {
            return .queueFull(length: length, limit: Int64(AgentLimits.workingTasks))
        }
        let expected = offer.typicalTime * (length + 1)
        guard expected <= timeout else { return .deadlineUnreachable(expected: expected, remaining: timeout) }
        return nil
    }

    // MARK: Status

    private func status(of text: String) -> ClientAnswer {
        guard let lct = try? LCT(text), let standing = clients.standing(of: lct) else { return .unknown(lct: text) }
        let use = useByTarget(lct)
        let task = text.utf8.firstIndex(of: UInt8(ascii: "#")).map { String(text[text.utf8.index(after: $0)...]) }
        return .status(
            ClientStatus(
                text: text, task: task ?? lct.task.name, spent: use.spentToday, budget: use.budget.dailyATP,
                running: use.running, limit: Int64(use.budget.concurrentTasks), free: heartbeat.load.complement,
                tasks: standing.tasks, runtime: standing.runtime, isGood: use.refusal == nil, since: standing.since))
    }
}

extension ClientRefusal {
    /// The reason in a few words, for the log.
    var reason: String {
        switch self {
        case .unknownKey: "no key is known by which it signs"
        case .badSignature: "the signature is not valid"
        case .noSignature: "it is not signed"
        case .keyNeeded: "it is neither signed nor shows the API key"
        case .alreadyActive: "a task of that name is under way"
        case .alreadyEnded: "a task of that name has ended"
        case .forgotten: "it is older than what is remembered"
        case .ahead: "it was made in the future"
        case .otherPlatform: "the target lives on another platform"
        case .typeDiffers: "the type is not the target's"
        case .notServed: "the operation is not served here"
        case .notYet: "the program that serves the operation died too often"
        case .rules(let refusal): refusal.explanation
        case .shortOfCredits(let available): "\(available.millijoules) mJ are in its account (sage-edge ledger grant)"
        case .shortOfBudget(let required): "its budget is less than the \(required.millijoules) mJ that it takes"
        case .full: "as many tasks of clients as may be are under way"
        case .ledger(let reason), .failed(let reason), .interrupted(let reason), .unavailable(let reason): reason
        case .timedOut: "it was not done in time"
        case .cancelled: "it was taken back"
        }
    }
}
