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
        settings.witnessShare = policy.witnessShare
        settings.minimumQuality = policy.minimumQuality
        settings.pricing = policy.pricing
        settings.silence = policy.silence
        settings.grace = policy.grace
        settings.lotMargin = policy.lotMargin
        settings.unauditedLimit = policy.unauditedLimit
        settings.handsOn = policy.handsOn
        settings.handOnShare = policy.handOnShare
        settings.addresses = link.advertised
        settings.horizons = executors.horizons
        settings.convergence = executors.convergence
        settings.verifiesSignatures = http.verifiesSignatures
        settings.opensDelegation = http.opensDelegation
        return settings
    }

    /// The operations that are served here.
    private var offers: [OperationOffer] {
        let features = OperationOffer(
            operation: ExecutorSection.features, memory: executors.featuresMemory, timeout: executors.featuresTimeout,
            typicalTime: executors.featuresTypicalTime)
        let planning = OperationOffer(
            operation: ExecutorSection.planning, memory: ExecutorSection.planningMemory,
            timeout: ExecutorSection.planningTimeout, typicalTime: ExecutorSection.planningTypicalTime)
        return [features, planning]
            + (executors.external + executors.commands).map { program in
                var offer = OperationOffer(
                    operation: program.operation, memory: program.memory, timeout: program.timeout,
                    typicalTime: program.typicalTime, concurrent: Int(program.concurrent), tolerance: program.tolerance)
                offer.verifies = program.verifies
                return offer
            }
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
            presharedKey: presharedKey, domain: federation.domain, successions: keys.successions)
    }
}

extension ExecutorSection {
    /// The operation on frames that this program runs itself.
    static let features = builtInOperation("perception.features")
    /// The order of tasks that this program finds itself; what it takes is bounded by what it is given.
    static let planning = builtInOperation("planning")
    static let planningMemory = ByteCount.mebibytes(64)
    static let planningTimeout = TimeSpan.seconds(10)
    static let planningTypicalTime = TimeSpan(milliseconds: 20)
    /// The operations that this program runs itself.
    static let builtIn = [features, planning]

    private static func builtInOperation(_ name: String) -> Operation {
        guard let operation = Operation(name) else { preconditionFailure("the name of an operation") }
        return operation
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
