import AgentCore
import Cryptography
import EnergyProofs
import Federation
import Quantities
import Telemetry
import Testing
import Wire

@testable import Configuration

private let key = SigningKey(seed: [UInt8](repeating: 7, count: 32))

private func profile(_ name: String) throws -> HardwareProfile {
    try #require(try HardwareProfileFile.builtIn().first { $0.name == name })
}

@Suite struct `what the core is set to do` {
    @Test func `is what the configuration says`() throws {
        let node = try #require(key).publicKey.id
        let read = try configuration(
            """
            energy:
              supply_joules: 5000
              charge_target_joules: 250.5
              window_milliseconds: 20000
              lot_lifetime_hours: 48
              policy: {metered: 90, replayed: 100}
              maximum_age_seconds: 60
              minimum_coverage_percent: 80
            telemetry: {period_milliseconds: 500}
            memory: {reserve_mib: 100}
            policy:
              delegation_threshold: 0.35
              hysteresis_percent: 15
              minimum_trust_percent: 20
              newcomer_budget_joules: 1.5
              late_joules: 7.5
              minimum_headroom_degrees: 2.5
              auto_delegate: false
              quality_threshold: 0.8
              acceptance: claimed
              pricing: fixed
              silence: pay
              grace_seconds: 30
              lot_margin_minutes: 90
              unaudited_limit_joules: 2.5
            link:
              advertise: ["192.0.2.1:7411"]
              heartbeat_milliseconds: 1000
            executors:
              concurrent: 3
              tasks_per_minute: 90
              perception.features: {memory_mib: 128, timeout_seconds: 9, typical_milliseconds: 40}
            """)
        let settings = read.settings(profile: try profile("orin-nano-8gb"), node: node)
        #expect(settings.energy.source.text == "compute:orin-nano-8gb:" + node.text.prefix(12))
        #expect(settings.energy.samplePeriod == TimeSpan(milliseconds: 500))
        #expect(settings.energy.window == .seconds(20))
        #expect(settings.energy.rated == Power(milliwatts: 7000))
        #expect(settings.profile == (try profile("orin-nano-8gb")))
        #expect(settings.supply == Energy(joules: 5000))
        #expect(settings.chargeTarget == Energy(millijoules: 250_500))
        #expect(
            settings.charging
                == ChargingPolicy(
                    shares: [.metered: BasisPoints(clamping: 9000), .replayed: .one], maximumAge: .seconds(60),
                    minimumCoverage: BasisPoints(clamping: 8000), lotLifetime: .seconds(48 * 3600)))
        #expect(settings.memoryReserve == .mebibytes(100))
        let features = try #require(Operation("perception.features"))
        #expect(
            settings.operations == [
                OperationOffer(
                    operation: features, memory: .mebibytes(128), timeout: .seconds(9),
                    typicalTime: TimeSpan(milliseconds: 40)),
                OperationOffer(
                    operation: try #require(Operation("planning")), memory: .mebibytes(64), timeout: .seconds(10),
                    typicalTime: TimeSpan(milliseconds: 20)),
            ])
        #expect(settings.concurrentWork == 3)
        #expect(settings.tasksPerMinute == 90)
        var decision = DecisionPolicy()
        decision.delegationThreshold = BasisPoints(clamping: 3500)
        decision.hysteresis = BasisPoints(clamping: 1_500)
        decision.minimumTrust = BasisPoints(clamping: 2000)
        decision.newcomerBudget = Energy(millijoules: 1500)
        decision.lateCost = Energy(millijoules: 7500)
        decision.minimumHeadroom = 2500
        decision.heartbeatPeriod = .seconds(1)
        decision.idlePower = Power(milliwatts: 4800)
        #expect(settings.decision == decision)
        #expect(settings.heartbeatPeriod == .seconds(1))
        #expect(settings.placement == .local)
        #expect(settings.minimumQuality == BasisPoints(clamping: 8000))
        #expect(settings.acceptance == .claimed)
        #expect(settings.pricing == .fixed)
        #expect(settings.silence == .pay)
        #expect(settings.grace == .seconds(30))
        #expect(settings.lotMargin == .seconds(90 * 60))
        #expect(settings.unauditedLimit == Energy(millijoules: 2500))
        #expect(settings.addresses == [NetworkAddress(ipv4: 192, 0, 2, 1, port: 7411)])
    }

    @Test(arguments: [
        ("orin-nano-8gb", 7000), ("agx-thor", 70_000), ("tx2", 7500), ("generic", 5000), ("pc", 50_000),
    ])
    func `rates a board at the least that any of its modes allows`(name: String, milliwatts: Int64) throws {
        let node = try #require(key).publicKey.id
        let settings = try configuration("").settings(profile: try profile(name), node: node)
        #expect(settings.energy.rated == Power(milliwatts: milliwatts))
        #expect(settings.energy.isRatedByGuess == ["generic", "pc"].contains(name))
        #expect(settings.profile == (try profile(name)))
        #expect(settings.memoryReserve == (try profile(name)).memoryReserve)
    }

    @Test func `takes the operator's rating over the profile's`() throws {
        let node = try #require(key).publicKey.id
        let settings = try configuration("energy: {rated_watts: 15}").settings(
            profile: try profile("orin-nano-8gb"), node: node)
        #expect(settings.energy.rated == Power(milliwatts: 15_000))
        #expect(settings.energy.rated == Power(milliwatts: 15_000))
        #expect(settings.profile.moduleRating == Power(milliwatts: 15_000))
        #expect(settings.profile.rated(modeNamed: "7W") == Power(milliwatts: 7000))
        let rated = try configuration("energy: {rated_watts: 15}").settings(profile: try profile("pc"), node: node)
        #expect(!rated.energy.isRatedByGuess)
    }

    @Test func `knows who the agent is`() throws {
        let signing = try #require(key)
        let link = try #require(KeyAgreementKey(secret: [UInt8](repeating: 9, count: 32)))
        let read = try configuration(
            "federation: {name: workshop, configuration_epoch: 3, platform: Thor, lineage: dp}")
        let identity = try read.identity(keys: NodeKeys(identity: signing, link: link))
        #expect(identity.delegator.text == "lct:web4:agent:dp@Thor#delegation.federation")
        #expect(identity.platform.text == "Thor")
        #expect(identity.id == signing.publicKey.id)
        #expect(identity.agreement.publicKey == link.publicKey)
        #expect(
            identity.domain
                == SignatureDomain(federation: FederationSection.id(of: "workshop"), configurationEpoch: 3))
    }
}
