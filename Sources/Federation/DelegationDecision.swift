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

    /// Whether a place that cannot run it now may before long: it lacks memory, credits or headroom, or takes no tasks
    /// at present.
    public var mayBeServedLater: Bool { candidates.contains { $0.loss?.isPassing == true } }
}

/// Decides where `input.task` runs: a pure function of `input`.
///
/// Hard gates come first, for each place alike and in this order: placement, memory, credits, heat,
/// permission and service, heard and answering, trust, deadline. Of the places left the cheapest wins, where what
/// a late result costs counts as often as it is to be expected; the last place stays unless another saves more than
/// the hysteresis. Ties fall by p95 time, load, this board, node id.
/// - Complexity: O(n log n) in the number of places.
@_optimize(speed)
public func decide(_ input: DecisionInput) -> Decision {
    // The program is built for size, where copies of places and candidates are loops over their bytes, and take most of
    // the time: hence the attribute, here and below.
    let places = 1 + min(input.peers.count, FederationLimits.maximumPlaces - 1)
    let terms = DecisionTerms(input)
    var candidates: [Candidate] = []
    candidates.reserveCapacity(places)
    var ranks: [Rank] = []
    ranks.reserveCapacity(places)
    weigh(input.here, isHere: true, input, terms, &candidates, &ranks)
    // A span lends its elements; an array would copy each. One of an empty array traps where the linker has not put the
    // storage that all empty arrays share at a multiple of sixteen bytes, which elements with numbers of 128 bits need.
    if places > 1 {
        let peers = input.peers.span
        for index in 0..<(places - 1) { weigh(peers[index], isHere: false, input, terms, &candidates, &ranks) }
    }

    let isSparing =
        input.dayBudget > .zero
        && BasisPoints(input.daySpent.millijoules, of: input.dayBudget.millijoules) >= input.policy.delegationThreshold
    ranks.sort { left, right in
        if left.cost != right.cost { return left.cost < right.cost }
        return precedes(left, right, candidates, isSparing)
    }
    var ranking: [Int] = []
    ranking.reserveCapacity(ranks.count)
    for rank in ranks { ranking.append(Int(rank.index)) }
    stay(input, candidates, &ranking, isSparing)

    guard let first = ranking.first else {
        let reason = candidates.first { $0.loss != nil && $0.loss != .pinnedElsewhere }?.loss
        return Decision(
            outcome: .refuse(reason ?? .pinnedElsewhere), candidates: candidates, ranking: [], isSparing: isSparing)
    }
    let cost = candidates[first].cost.millijoules
    for index in ranking.dropFirst() {
        let difference = candidates[index].cost.millijoules - cost
        if difference > 0 {
            candidates[index].loss = .costlier(by: Energy(millijoules: difference))
        } else if difference == 0 {
            candidates[index].loss = .tie
        } else {
            candidates[index].loss = .notWorthMoving(
                saves: Energy(millijoules: -difference),
                needed: candidates[first].cost.scaled(by: input.policy.hysteresis))
        }
    }
    let outcome: DecisionOutcome =
        candidates[first].isHere ? .local : .delegate(candidates[first].node, candidates[first].platform)
    return Decision(outcome: outcome, candidates: candidates, ranking: ranking, isSparing: isSparing)
}

/// What is the same for every place of one decision, found once.
struct DecisionTerms {
    /// Energy to send the input.
    let transmit: Energy
    /// What is missing to run the task here.
    let missingHere: MissingPermission?
    /// What is missing to have it run elsewhere.
    let missingElsewhere: MissingPermission?
    /// How long ago a peer may have been heard.
    let heardLimit: TimeSpan
    /// What a result that is late costs; nil where the deadline is only a gate.
    let lateCost: Energy?

    init(_ input: DecisionInput) {
        transmit = input.policy.transmit(input.task.inputSize)
        missingHere = input.task.operation.missingPermission(target: input.task.taskType)
        missingElsewhere = input.task.operation.missingPermission(
            target: input.task.taskType, delegator: input.task.delegatorType)
        heardLimit = input.policy.heartbeatPeriod * 3
        lateCost = input.policy.lateCost.map { max(.zero, min($0, .largest)) }
    }
}

/// What the order of places rests on, apart from the candidates, which are ten times as large.
private struct Rank {
    /// Millijoules.
    let cost: Int64
    let load: BasisPoints
    /// Of the candidate.
    let index: Int32
}

@_optimize(speed)
private func weigh(
    _ place: Place, isHere: Bool, _ input: DecisionInput, _ terms: DecisionTerms, _ candidates: inout [Candidate],
    _ ranks: inout [Rank]
) {
    var candidate = Candidate.weighed(place, isHere: isHere, input, terms)
    candidate.loss = gate(place, candidate, input, terms)
    if candidate.loss == nil {
        ranks.append(
            Rank(
                cost: candidate.cost.millijoules, load: place.load, index: Int32(truncatingIfNeeded: candidates.count)))
    }
    candidates.append(candidate)
}

/// The order of two places that cost the same.
@_optimize(speed)
private func precedes(_ left: Rank, _ right: Rank, _ candidates: [Candidate], _ isSparing: Bool) -> Bool {
    let (a, b) = (candidates[Int(left.index)], candidates[Int(right.index)])
    if isSparing, a.isHere != b.isHere { return b.isHere }
    if a.timeP95 != b.timeP95 { return a.timeP95 < b.timeP95 }
    if left.load != right.load { return left.load < right.load }
    if a.isHere != b.isHere { return a.isHere }
    return a.node != b.node ? a.node < b.node : left.index < right.index
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
@_optimize(speed)
private func gate(
    _ place: Place, _ candidate: Candidate, _ input: DecisionInput, _ terms: DecisionTerms
) -> LossReason? {
    switch input.task.placement {
    case .any: break
    case .local: guard candidate.isHere else { return .pinnedElsewhere }
    case .platform(let platform): guard place.platform == platform else { return .pinnedElsewhere }
    }
    let memory = max(input.task.memory, place.prediction.memory)
    guard place.freeMemory >= memory else { return .memoryShort(needed: memory, free: place.freeMemory) }
    if let limit = input.task.budget, candidate.lock > limit {
        return .overBudget(needed: candidate.lock, limit: limit)
    }
    guard input.purse >= candidate.lock else {
        return .purseShort(needed: candidate.lock, available: input.purse)
    }
    guard place.availableATP >= candidate.lock else {
        return .budgetShort(needed: candidate.lock, available: place.availableATP)
    }
    guard place.thermalHeadroom >= input.policy.minimumHeadroom else {
        return .tooHot(needed: input.policy.minimumHeadroom, headroom: place.thermalHeadroom)
    }
    if let missing = candidate.isHere ? terms.missingHere : terms.missingElsewhere {
        return .permissionMissing(missing)
    }
    guard place.servesOperation else { return .operationNotServed }
    guard place.meetsRequirement else { return .requirementNotMet }
    guard place.acceptsTasks else { return .notAccepting }
    guard place.heardAgo <= terms.heardLimit else { return .notHeard(ago: place.heardAgo, limit: terms.heardLimit) }
    guard place.unansweredFor <= Place.patience else { return .owesAnswer(since: place.unansweredFor) }
    if place.verified >= Reputation.knownAfter {
        guard place.reputation >= Reputation.minimum else {
            return .reputationTooLow(found: place.reputation, minimum: Reputation.minimum)
        }
    } else if candidate.lock > input.policy.newcomerBudget {
        return .newcomer(needed: candidate.lock, limit: input.policy.newcomerBudget)
    }
    guard place.trust >= input.policy.minimumTrust else {
        return .trustTooLow(found: place.trust, minimum: input.policy.minimumTrust)
    }
    // Where lateness has its price, only what is more likely late than not is left out.
    guard (terms.lateCost == nil ? candidate.timeP95 : candidate.time) <= input.task.remaining else {
        return .tooSlow(p95: candidate.timeP95, remaining: input.task.remaining)
    }
    return nil
}
