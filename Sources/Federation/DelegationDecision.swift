import Ledger
import Quantities

/// Where a task goes.
public enum DecisionOutcome: Hashable, Sendable {
    /// It runs here.
    case local
    /// It goes to this peer.
    case delegate(PlatformID, PlatformName)
    /// No place can run it; the reason is that of the first place where it may run, this board before peers.
    case refuse(LossReason)
}

/// Where a task goes and why.
public struct Decision: Hashable, Sendable {
    /// Where it goes.
    public let outcome: DecisionOutcome
    /// Every place that was weighed, this board first, peers in the given order.
    public let candidates: [Candidate]
    /// The places that could run it, as indices of `candidates`: the chosen one, then those to fall back to.
    public let ranking: [Int]
    /// Whether so much of the day's budget is spent that delegating was preferred.
    public let isSparing: Bool

    /// The chosen place, or nil.
    public var chosen: Candidate? { ranking.first.map { candidates[$0] } }
}

/// Decides where `input.task` runs: a pure function of `input`.
///
/// Hard gates come first, for each place alike and in this order: placement, memory, credits, heat,
/// permission and service, heard and answering, trust, deadline at p95. Of the places left the cheapest wins; the
/// last place stays unless another saves more than the hysteresis. Ties fall by p95 time, load, this
/// board, node id.
/// - Complexity: O(n log n) in the number of places.
public func decide(_ input: DecisionInput) -> Decision {
    let peers = input.peers.prefix(FederationLimits.maximumPlaces - 1)
    var candidates: [Candidate] = []
    candidates.reserveCapacity(1 + peers.count)
    var ranking: [Int] = []
    ranking.reserveCapacity(1 + peers.count)
    var loads: [BasisPoints] = []
    loads.reserveCapacity(1 + peers.count)

    func weigh(_ place: Place, isHere: Bool) {
        var candidate = Candidate(place, isHere: isHere, task: input.task, policy: input.policy)
        candidate.loss = gate(place, candidate, input)
        if candidate.loss == nil { ranking.append(candidates.count) }
        candidates.append(candidate)
        loads.append(place.load)
    }
    weigh(input.here, isHere: true)
    for peer in peers { weigh(peer, isHere: false) }

    let isSparing =
        input.dayBudget > .zero
        && BasisPoints(input.daySpent.millijoules, of: input.dayBudget.millijoules) >= input.policy.delegationThreshold
    ranking.sort { left, right in
        let (a, b) = (candidates[left], candidates[right])
        if a.cost != b.cost { return a.cost < b.cost }
        if isSparing, a.isHere != b.isHere { return b.isHere }
        if a.timeP95 != b.timeP95 { return a.timeP95 < b.timeP95 }
        if loads[left] != loads[right] { return loads[left] < loads[right] }
        if a.isHere != b.isHere { return a.isHere }
        return a.node != b.node ? a.node < b.node : left < right
    }
    stay(input, candidates, &ranking, isSparing)

    guard let first = ranking.first else {
        let reasons = candidates.compactMap { $0.loss }
        return Decision(
            outcome: .refuse(reasons.first { $0 != .pinnedElsewhere } ?? .pinnedElsewhere), candidates: candidates,
            ranking: [], isSparing: isSparing)
    }
    let chosen = candidates[first]
    for index in ranking.dropFirst() {
        let difference = candidates[index].cost.millijoules - chosen.cost.millijoules
        if difference > 0 {
            candidates[index].loss = .costlier(by: Energy(millijoules: difference))
        } else if difference == 0 {
            candidates[index].loss = .tie
        } else {
            candidates[index].loss = .notWorthMoving(
                saves: Energy(millijoules: -difference), needed: chosen.cost.scaled(by: input.policy.hysteresis))
        }
    }
    return Decision(
        outcome: chosen.isHere ? .local : .delegate(chosen.node, chosen.platform), candidates: candidates,
        ranking: ranking, isSparing: isSparing)
}

/// Moves the last place to the front of `ranking` where the front does not save enough to leave it.
private func stay(_ input: DecisionInput, _ candidates: [Candidate], _ ranking: inout [Int], _ isSparing: Bool) {
    guard let last = input.lastPlace, let best = ranking.first, candidates[best].node != last,
        let position = ranking.firstIndex(where: { candidates[$0].node == last })
    else { return }
    let current = candidates[ranking[position]]
    if isSparing && current.isHere { return }
    let saves = current.cost - candidates[best].cost
    if saves <= current.cost.scaled(by: input.policy.hysteresis) {
        ranking.insert(ranking.remove(at: position), at: 0)
    }
}

/// The first gate that `place` does not pass, or nil.
private func gate(_ place: Place, _ candidate: Candidate, _ input: DecisionInput) -> LossReason? {
    let task = input.task
    let policy = input.policy
    switch task.placement {
    case .any: break
    case .local: guard candidate.isHere else { return .pinnedElsewhere }
    case .platform(let platform): guard place.platform == platform else { return .pinnedElsewhere }
    }
    let memory = max(task.memory, place.prediction.memory)
    guard place.freeMemory >= memory else { return .memoryShort(needed: memory, free: place.freeMemory) }
    if let limit = task.budget, candidate.lock > limit { return .overBudget(needed: candidate.lock, limit: limit) }
    guard input.purse >= candidate.lock else {
        return .purseShort(needed: candidate.lock, available: input.purse)
    }
    guard place.availableATP >= candidate.lock else {
        return .budgetShort(needed: candidate.lock, available: place.availableATP)
    }
    guard place.thermalHeadroom >= policy.minimumHeadroom else {
        return .tooHot(needed: policy.minimumHeadroom, headroom: place.thermalHeadroom)
    }
    let missing =
        candidate.isHere
        ? task.operation.missingPermission(target: task.taskType)
        : task.operation.missingPermission(target: task.taskType, delegator: task.delegatorType)
    if let missing { return .permissionMissing(missing) }
    guard place.servesOperation else { return .operationNotServed }
    guard place.meetsRequirement else { return .requirementNotMet }
    guard place.acceptsTasks else { return .notAccepting }
    let limit = policy.heartbeatPeriod * 3
    guard place.heardAgo <= limit else { return .notHeard(ago: place.heardAgo, limit: limit) }
    guard place.unansweredFor <= Place.patience else { return .owesAnswer(since: place.unansweredFor) }
    if place.verified >= Reputation.knownAfter {
        guard place.reputation >= Reputation.minimum else {
            return .reputationTooLow(found: place.reputation, minimum: Reputation.minimum)
        }
    } else if candidate.lock > policy.newcomerBudget {
        return .newcomer(needed: candidate.lock, limit: policy.newcomerBudget)
    }
    guard place.trust >= policy.minimumTrust else {
        return .trustTooLow(found: place.trust, minimum: policy.minimumTrust)
    }
    guard candidate.timeP95 <= task.remaining else {
        return .tooSlow(p95: candidate.timeP95, remaining: task.remaining)
    }
    return nil
}
