import Federation

extension PolicySection {
    /// `input` as it would be under this policy: with its rules, pricing and placement instead of its own.
    ///
    /// What the profile says (what sending takes, and what the board draws idle), how often heartbeats come, and what
    /// was asked for with the task stay as they were.
    public func applied(to input: DecisionInput) -> DecisionInput {
        var changed = input
        changed.policy.minimumHeadroom = decision.minimumHeadroom
        changed.policy.minimumTrust = decision.minimumTrust
        changed.policy.newcomerBudget = decision.newcomerBudget
        changed.policy.hysteresis = decision.hysteresis
        changed.policy.delegationThreshold = decision.delegationThreshold
        changed.policy.lateCost = decision.lateCost
        changed.task.pricing = pricing
        // A task that was held here may have been so by its own wish; one that could go anywhere could by the policy's.
        if changed.task.placement == .any { changed.task.placement = defaultPlacement }
        return changed
    }
}
