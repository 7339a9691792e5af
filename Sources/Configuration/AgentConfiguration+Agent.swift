import AgentCore
import Cryptography
import EnergyProofs
import Federation
import Quantities
import Telemetry

extension AgentConfiguration {
    /// What the core is set to do on a board of `profile` whose node id is `node`.
    ///
    /// The board's energy source is `compute:<profile>:<first twelve digits of the node's id>`. Where the
    /// operator rates the board, that replaces the profile's rating, and what a power mode in force says still counts
    /// before it.
    public func settings(profile: HardwareProfile, node: KeyID) -> AgentSettings {
        var profile = profile
        profile.moduleRating = energy.rated ?? profile.moduleRating
        guard let source = SourceID("compute:" + profile.name + ":" + node.text.prefix(12)) else {
            preconditionFailure("the name of a hardware profile is part of a source's identity")
        }
        let board = EnergySettings(
            source: source, rated: energy.rated ?? profile.ratedPower, samplePeriod: telemetry.period,
            window: energy.window,
            declarations: energy.sources,
            isRatedByGuess: energy.rated == nil && profile.guessedRating != nil)
        var settings = AgentSettings(energy: board, profile: profile, supply: energy.supply)
        settings.charging = energy.charging
        settings.chargeTarget = energy.chargeTarget
        settings.memoryReserve = memoryReserve ?? profile.memoryReserve
        settings.operations = offers
        settings.concurrentWork = Int(executors.concurrent)
        settings.tasksPerMinute = executors.tasksPerMinute
        settings.decision = policy.decision
        settings.decision.idlePower = profile.priors.idle
        settings.heartbeatPeriod = policy.decision.heartbeatPeriod
        settings.placement = policy.defaultPlacement
        settings.acceptance = policy.acceptance
        settings.minimumQuality = policy.minimumQuality
        settings.pricing = policy.pricing
        settings.silence = policy.silence
        settings.grace = policy.grace
        settings.lotMargin = policy.lotMargin
        settings.unauditedLimit = policy.unauditedLimit
        settings.addresses = link.advertised
        return settings
    }

    /// The operations that are served here.
    private var offers: [OperationOffer] {
        guard let features = Operation("perception.features") else {
            preconditionFailure("perception is a family of operations")
        }
        return [
            OperationOffer(
                operation: features, memory: executors.featuresMemory, timeout: executors.featuresTimeout,
                typicalTime: executors.featuresTypicalTime)
        ]
    }

    /// Who the agent is with these keys; reads the file of the pre-shared key where there is one.
    ///
    /// - Throws: what `presharedKey()` throws.
    public func identity(keys: NodeKeys) throws(ConfigurationError) -> AgentIdentity {
        identity(keys: keys, presharedKey: try presharedKey() ?? .zero)
    }

    /// Who the agent is with these keys and this shared secret.
    public func identity(keys: NodeKeys, presharedKey: SymmetricKey) -> AgentIdentity {
        AgentIdentity(
            delegator: federation.delegator, signing: keys.identity, agreement: keys.link,
            presharedKey: presharedKey, domain: federation.domain)
    }
}

extension HardwareProfile {
    /// What the board is rated for where neither its power mode nor the operator says it: the least of its modes,
    /// since any of them may be the one that is set, or else the module's rating.
    ///
    /// A board of which neither is known is rated at what it draws when idle: its pages can be verified,
    /// and nothing is charged from a guess.
    var ratedPower: Power { ratedWithoutMode ?? priors.idle }

    /// What such a board is rated for where that is a guess; nil where its modes or its module say it.
    public var guessedRating: Power? { ratedWithoutMode == nil ? priors.idle : nil }
}
