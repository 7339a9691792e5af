import Ledger
import Quantities

/// Why a place was not chosen.
public enum LossReason: Hashable, Sendable {
    /// The task is pinned elsewhere.
    case pinnedElsewhere
    /// Not enough memory.
    case memoryShort(needed: ByteCount, free: ByteCount)
    /// More must be locked than can be spent here.
    case purseShort(needed: Energy, available: Energy)
    /// The place does not take on so much any more today.
    case budgetShort(needed: Energy, available: Energy)
    /// It would cost more than the task may.
    case overBudget(needed: Energy, limit: Energy)
    /// Too hot: thousandths of a degree of headroom.
    case tooHot(needed: Int32, headroom: Int32)
    /// A permission is missing.
    case permissionMissing(MissingPermission)
    /// It does not serve the operation.
    case operationNotServed
    /// It states another horizon or a lower convergence.
    case requirementNotMet
    /// It takes no tasks at present.
    case notAccepting
    /// It was not heard within three heartbeats.
    case notHeard(ago: TimeSpan, limit: TimeSpan)
    /// It owes the answer to a task.
    case owesAnswer(since: TimeSpan)
    /// Its reputation is too low.
    case reputationTooLow(found: BasisPoints, minimum: BasisPoints)
    /// It is not known well enough for a task of this cost.
    case newcomer(needed: Energy, limit: Energy)
    /// It is not trusted enough.
    case trustTooLow(found: BasisPoints, minimum: BasisPoints)
    /// It would be later than wanted: one time in twenty, or one in two where a late result has its price.
    case tooSlow(p95: TimeSpan, remaining: TimeSpan)
    /// Another place costs less.
    case costlier(by: Energy)
    /// It costs less than the last place, but not by enough to move.
    case notWorthMoving(saves: Energy, needed: Energy)
    /// Another place costs the same and comes first by time, load or id.
    case tie

    /// Whether it may not hold any more in some seconds.
    public var isPassing: Bool {
        switch self {
        case .memoryShort, .purseShort, .budgetShort, .tooHot, .notAccepting: true
        default: false
        }
    }

    /// The reason in a word, for programs.
    public var name: String {
        switch self {
        case .pinnedElsewhere: "pinned_elsewhere"
        case .memoryShort: "memory_short"
        case .purseShort: "purse_short"
        case .budgetShort: "budget_short"
        case .overBudget: "over_budget"
        case .tooHot: "too_hot"
        case .permissionMissing: "permission_missing"
        case .operationNotServed: "operation_not_served"
        case .requirementNotMet: "requirement_not_met"
        case .notAccepting: "not_accepting"
        case .notHeard: "not_heard"
        case .owesAnswer: "owes_answer"
        case .reputationTooLow: "reputation_too_low"
        case .newcomer: "newcomer"
        case .trustTooLow: "trust_too_low"
        case .tooSlow: "too_slow"
        case .costlier: "costlier"
        case .notWorthMoving: "not_worth_moving"
        case .tie: "tie"
        }
    }

    /// The reason with its numbers, for a person; at most 70 characters.
    public var explanation: String {
        switch self {
        case .pinnedElsewhere: "the task may not run here"
        case .memoryShort(let needed, let free):
            "memory: needs " + shortBytes(needed) + ", " + shortBytes(free) + " free"
        case .purseShort(let needed, let available):
            "ATP: " + shortEnergy(needed) + " to lock, " + shortEnergy(available) + " can be spent"
        case .budgetShort(let needed, let available):
            "ATP: " + shortEnergy(needed) + " needed, " + shortEnergy(available) + " left there today"
        case .overBudget(let needed, let limit):
            "ATP: " + shortEnergy(needed) + " needed, the task may cost " + shortEnergy(limit)
        case .tooHot(let needed, let headroom):
            "heat: \(headroom) m°C below the limit, \(needed) needed"
        case .permissionMissing(let missing):
            "permission: " + (missing.of == .target ? "the executor" : "the delegator") + " lacks "
                + missing.permission.name
        case .operationNotServed: "the operation is not served there"
        case .requirementNotMet: "the horizon or convergence asked for is not stated there"
        case .notAccepting: "takes no tasks at present"
        case .notHeard(let ago, let limit): "heard " + shortTime(ago) + " ago, limit " + shortTime(limit)
        case .owesAnswer(let since): "has not answered to a task for " + shortTime(since)
        case .reputationTooLow(let found, let minimum):
            "reputation " + found.percent + ", at least " + minimum.percent
        case .newcomer(let needed, let limit):
            "newcomer: " + shortEnergy(needed) + " needed, trusted with " + shortEnergy(limit)
        case .trustTooLow(let found, let minimum): "trust " + found.percent + ", at least " + minimum.percent
        case .tooSlow(let p95, let remaining):
            "deadline: p95 " + shortTime(p95) + ", " + shortTime(remaining) + " left"
        case .costlier(let difference): "costs " + shortEnergy(difference) + " more"
        case .notWorthMoving(let saves, let needed):
            "saves " + shortEnergy(saves) + ", moving needs " + shortEnergy(needed)
        case .tie: "costs the same; another place comes first"
        }
    }
}

/// One place as it was weighed.
public struct Candidate: Hashable, Sendable {
    /// The platform's name.
    public let platform: PlatformName
    /// The node's id.
    public let node: PlatformID
    /// Whether it is this board.
    public let isHere: Bool
    /// Mean time until the result is here: queue, run and, for a peer, the way there and back.
    public let time: TimeSpan
    /// Mean time of the run alone.
    public let runTime: TimeSpan
    /// The time of all that nineteen times of twenty is not exceeded.
    public let timeP95: TimeSpan
    /// Energy of the run.
    public let energy: Energy
    /// Energy to send the input.
    public let transmit: Energy
    /// Energy this board draws while it waits.
    public let waiting: Energy
    /// What the run costs: its energy here, its price at a peer.
    public let price: Energy
    /// What is taken off that because the place was not measured for long.
    public let doubt: Energy
    /// What has to be locked or reserved for it.
    public var lock: Energy
    /// What a late result costs, as often as it is to be expected; nil where lateness has no price.
    public let risk: Energy?
    /// What is weighed: transmit, waiting, price and risk, less the doubt.
    public let cost: Energy
    /// What the times and energies rest on.
    public let basis: PredictionBasis
    /// Why it was not chosen; nil for the chosen one.
    public internal(set) var loss: LossReason?

    /// The benefit of the doubt for a peer that is to be tried.
    static let newcomersDoubt = BasisPoints(clamping: 5_000)

    /// `place` as it is weighed for `input`.
    ///
    /// A function, since an initializer would be given copies of both.
    @_optimize(speed)
    static func weighed(
        _ place: Place, isHere: Bool, _ input: DecisionInput, _ terms: DecisionTerms
    ) -> Candidate {
        var before = place.wait
        if !isHere {
            let transfer = scaled(input.task.inputSize.bytes, by: 1_000, over: place.bytesPerSecond) ?? 0
            before = place.roundTrip + TimeSpan(milliseconds: transfer) + before
        }
        let time = before + place.prediction.time
        let energy = place.prediction.energy
        let lock = max(Energy(millijoules: 1), place.prediction.energyP95)
        let price = isHere || input.task.pricing == .metered ? energy : lock
        let doubt = price.scaled(by: max(place.prediction.doubt, place.isToBeTried ? newcomersDoubt : .zero))
        let transmit = isHere ? Energy.zero : terms.transmit
        let waiting = isHere ? Energy.zero : min(input.policy.idlePower.held(for: time), .largest).clampedToZero
        let risk = terms.lateCost.map {
            $0.scaled(by: place.prediction.lateness(within: input.task.remaining - before))
        }
        return Candidate(
            platform: place.platform, node: place.node, isHere: isHere, time: time, runTime: place.prediction.time,
            timeP95: before + place.prediction.timeP95, energy: energy, transmit: transmit, waiting: waiting,
            price: price, doubt: doubt, lock: lock, risk: risk,
            cost: transmit + waiting + price - doubt + (risk ?? .zero), basis: place.prediction.basis, loss: nil)
    }
}

/// Milliseconds, seconds or days in at most eight characters.
func shortTime(_ span: TimeSpan) -> String {
    let milliseconds = span.milliseconds
    if milliseconds < 100_000 { return "\(milliseconds) ms" }
    if milliseconds < 100_000_000 { return "\(milliseconds / 1000) s" }
    return "\(min(99_999, milliseconds / 86_400_000)) d"
}

/// Millijoules, joules, kilojoules or gigajoules in at most nine characters.
func shortEnergy(_ energy: Energy) -> String {
    let millijoules = energy.millijoules
    if millijoules < 1_000_000 { return "\(millijoules) mJ" }
    if millijoules < 1_000_000_000 { return "\(millijoules / 1000) J" }
    if millijoules < 1_000_000_000_000 { return "\(millijoules / 1_000_000) kJ" }
    return "\(min(999_999, millijoules / 1_000_000_000_000)) GJ"
}

/// Bytes, KiB, MiB or GiB.
func shortBytes(_ count: ByteCount) -> String {
    let bytes = count.bytes
    if bytes < 10_240 { return "\(bytes) B" }
    if bytes < 10_485_760 { return "\(bytes / 1024) KiB" }
    if bytes < 10_737_418_240 { return "\(bytes / 1_048_576) MiB" }
    return "\(bytes / 1_073_741_824) GiB"
}
