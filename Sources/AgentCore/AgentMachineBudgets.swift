import Federation
import Quantities
import Telemetry

// What a client's budget has to cover. Only what is measured is charged, so a budget that is larger costs nothing, and
// one that is less than a run takes would have the rest of it paid by nobody.
extension AgentMachine {
    /// Runs from which on what they took on the average is held against a budget.
    static let runsOfBudget: UInt32 = 4
    /// After this time what was measured may no longer hold.
    static let measureAge = TimeSpan.seconds(3_600)

    /// The least budget of a task of `offer` on an input of `size`.
    ///
    /// What such runs took here on the average, less twice what that is off ordinarily, so that nobody is refused
    /// because the last few were dear. What was measured seldom, or not for an hour, counts only as far as the
    /// configuration says no less: a figure that has drifted, and by which everybody is refused, is measured anew.
    /// Where nothing was measured it is what the configuration says.
    func requiredBudget(for offer: OperationOffer, on size: ByteCount) -> Energy {
        let stated = settings.profile.priors.core.held(for: offer.typicalTime)
        guard let known = predictor.prediction(place: identity.id, operation: offer.operation, inputSize: size) else {
            return stated
        }
        let last = measuredAt[TaskKind(offer.operation, inputSize: size)]
        guard known.runs >= AgentMachine.runsOfBudget, let last, now.boot.since(last) < AgentMachine.measureAge else {
            return min(known.energy, stated)
        }
        return known.energy.scaled(by: BasisPoints(clamping: 10_000 - 2 * Int64(known.uncertainty.value)))
    }
}
