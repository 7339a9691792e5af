import Federation
import Quantities

extension ConfigurationKey {
    /// Section `policy`: how tasks are placed and settled.
    static let policy: [ConfigurationKey] = [
        .boolean("policy.auto_delegate") {
            $0.policy.delegatesByItself
        } set: {
            $0.policy.delegatesByItself = $1
        },
        .share("policy.delegation_threshold") {
            $0.policy.decision.delegationThreshold
        } set: {
            $0.policy.decision.delegationThreshold = $1
        },
        .share("policy.quality_threshold") {
            $0.policy.minimumQuality
        } set: {
            $0.policy.minimumQuality = $1
        },
        .percent("policy.hysteresis_percent") {
            $0.policy.decision.hysteresis
        } set: {
            $0.policy.decision.hysteresis = $1
        },
        .percent("policy.minimum_trust_percent") {
            $0.policy.decision.minimumTrust
        } set: {
            $0.policy.decision.minimumTrust = $1
        },
        .number("policy.newcomer_budget_joules", digits: 3, in: 0...Energy.largest.millijoules) {
            $0.policy.decision.newcomerBudget.millijoules
        } set: {
            $0.policy.decision.newcomerBudget = Energy(millijoules: $1)
        },
        // Nothing: lateness has no price.
        .number("policy.late_joules", digits: 3, in: 0...Energy.largest.millijoules) {
            $0.policy.decision.lateCost?.millijoules ?? 0
        } set: {
            $0.policy.decision.lateCost = $1 == 0 ? nil : Energy(millijoules: $1)
        },
        .number("policy.minimum_headroom_degrees", digits: 3, in: 0...100_000) {
            Int64($0.policy.decision.minimumHeadroom)
        } set: {
            $0.policy.decision.minimumHeadroom = Int32(clamping: $1)
        },
        .choice("policy.acceptance", among: QualityBasis.allCases, name: { $0.name }) {
            $0.policy.acceptance
        } set: {
            $0.policy.acceptance = $1
        },
        .percent("policy.witness_share_percent") {
            $0.policy.witnessShare
        } set: {
            $0.policy.witnessShare = $1
        },
        .choice("policy.pricing", among: Pricing.allCases, name: { $0.name }) {
            $0.policy.pricing
        } set: {
            $0.policy.pricing = $1
        },
        .choice("policy.silence", among: SilenceRule.allCases, name: { $0.name }) {
            $0.policy.silence
        } set: {
            $0.policy.silence = $1
        },
        .number("policy.grace_seconds", in: 1...86_400) {
            $0.policy.grace.milliseconds / 1000
        } set: {
            $0.policy.grace = .seconds($1)
        },
        .number("policy.lot_margin_minutes", in: 0...43_200) {
            $0.policy.lotMargin.milliseconds / 60_000
        } set: {
            $0.policy.lotMargin = .seconds($1 * 60)
        },
        .number("policy.unaudited_limit_joules", digits: 3, in: 0...Energy.largest.millijoules) {
            $0.policy.unauditedLimit.millijoules
        } set: {
            $0.policy.unauditedLimit = Energy(millijoules: $1)
        },
        .boolean("policy.hand_on") {
            $0.policy.handsOn
        } set: {
            $0.policy.handsOn = $1
        },
        .percent("policy.hand_on_share_percent") {
            $0.policy.handOnShare
        } set: {
            $0.policy.handOnShare = $1
        },
    ]
}
