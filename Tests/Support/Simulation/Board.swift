import AgentCore
import Cryptography
import EnergyProofs
import Federation
import Ledger
import Quantities
import Telemetry
import Wire

/// One simulated board: the real agent, with a disk, clocks, sensors and workers of its own.
struct Board {
    let index: Int
    private(set) var identity: AgentIdentity
    var settings: AgentSettings
    let scheme: any SignatureScheme
    /// The agent; nil while its process is not running.
    var core: AgentMachine?
    var disk: SimulatedDisk
    var clock: SimulatedClock
    var sensors: SimulatedSensors
    /// Number of the present process; what was scheduled for an earlier one is void.
    var process = 0
    /// Running workers, with the number of the run.
    var workers: [TaskID: Int] = [:]
    /// Commands that have no reply yet.
    var asked: Set<CommandID> = []
    /// When the agent's timer is set to.
    var timer: Int64?
    /// When the newest write will be durable.
    var flushAt: Int64 = 0
    /// Starts so far.
    var starts: Int64 = 0

    var id: PlatformID { identity.id }
    var name: String { identity.platform.text }

    /// How its workers work.
    var conduct = Conduct()
    /// What its workers come to instead of a result; nil where they do their work.
    var workOutcome: WorkReport.Outcome?
    /// How long every run takes, where that is said.
    var workMilliseconds: Int64?
    /// Whether its workers say how good their results are.
    var tellsQuality = true

    static let names = ["Sprout", "Thor", "Legion", "Willow", "Acorn", "Cedar"]

    init(_ index: Int, _ scenario: Scenario, _ random: inout SimulationRandom, scheme: any SignatureScheme)
        throws(SimulationSetupError)
    {
        self.index = index
        self.scheme = scheme
        var keys = DeterministicRandom(seed: Bytes32(high: UInt128(scenario.seed), low: UInt128(index)))
        guard let signing = SigningKey(seed: keys.bytes(32)), let agreement = KeyAgreementKey(secret: keys.bytes(32)),
            let delegator = try? LCT("lct:web4:agent:dp@" + Board.names[index] + "#delegation.federation"),
            let source = SourceID("compute:simulated:" + Board.names[index].lowercased()),
            let operation = Operation(SimulatedOperation.name)
        else { throw .identity }
        let domain = SignatureDomain(federation: Bytes32(high: 1, low: 2), configurationEpoch: 1)
        identity = AgentIdentity(delegator: delegator, signing: signing, agreement: agreement, domain: domain)
        var profile = HardwareProfile(name: "simulated", title: "Simulated board")
        profile.moduleRating = Power(milliwatts: 15_000)
        profile.powerModes = [HardwareProfile.Mode(name: "15W", rated: Power(milliwatts: 15_000))]
        var settings = AgentSettings(
            energy: EnergySettings(
                source: source, rated: Power(milliwatts: 15_000), samplePeriod: scenario.samplePeriod),
            profile: profile, supply: Energy(joules: 5_000))
        settings.charging.lotLifetime = scenario.lotLifetime
        settings.chargeTarget = scenario.chargeTarget
        settings.operations = [
            OperationOffer(
                operation: operation, memory: .mebibytes(64), timeout: .seconds(10), typicalTime: .milliseconds(800))
        ]
        settings.grace = scenario.grace
        settings.lotMargin = scenario.lotLifetime > .seconds(3_600) ? .seconds(3_600) : .seconds(5)
        if !scenario.isScripted {
            settings.silence = random.chance(permille: 300) ? .pay : .void
            settings.pricing = random.chance(permille: 200) ? .fixed : .metered
            settings.tasksPerMinute = random.chance(permille: 200) ? 60 : 60_000
            // Handing on pays where boards differ in what they take.
            settings.handsOn = random.chance(permille: 600)
            settings.handOnShare = BasisPoints(clamping: random.number(in: 0...3_000))
            settings.operations[0].typicalTime = .milliseconds([100, 400, 800, 1_500][Int(random.number(below: 4))])
            settings.acceptance = [QualityBasis.checked, .checked, .replicated, .claimed][Int(random.number(below: 4))]
            if random.chance(permille: 200) {
                let cheats = Conduct.Cheat.allCases
                conduct = Conduct(
                    cheats[Int(random.number(below: Int64(cheats.count)))], after: Int(random.number(below: 30)))
            }
        }
        settings.addresses = [Board.address(of: index)]
        var others: [SimulatedSource] = []
        if scenario.othersPermille > 0, random.chance(permille: scenario.othersPermille) {
            others = Board.others(&settings, &random)
        }
        self.settings = settings
        disk = SimulatedDisk(
            StoreImage(
                ledger: LedgerImage(), storeEpoch: StoreEpoch(random.next()), bootEpoch: 0))
        clock = SimulatedClock(&random)
        sensors = SimulatedSensors(&random, others: others)
    }

    /// The board has a new signing key from its next start on; both count for `overlap` from `wall` on.
    ///
    /// Returns the text of the succession, for its peers; nil where there is none of these times.
    mutating func rotateKey(overlap: TimeSpan, at wall: WallTime, seed: UInt8) -> String? {
        guard let new = SigningKey(seed: [UInt8](repeating: seed, count: 32)),
            let succession = CountersignedSuccession(
                from: identity.signing, to: new, at: wall, overlapEnd: wall + overlap, in: identity.domain, by: scheme)
        else { return nil }
        identity = AgentIdentity(
            delegator: identity.delegator, signing: new, agreement: identity.agreement, domain: identity.domain,
            successions: identity.successions + [succession])
        return IdentityText.succession(succession).text
    }

    /// What a seed puts beside a board: a battery and a panel that fills it, a part of the board, the operator's word.
    private static func others(_ settings: inout AgentSettings, _ random: inout SimulationRandom) -> [SimulatedSource] {
        var others: [SimulatedSource] = []
        if random.chance(permille: 600) {
            var battery = SimulatedSource("battery:BAT0", .battery, milliwatts: random.number(in: -4_000...9_000))
            battery.wander = 6_000
            battery.failurePermille = random.chance(permille: 500) ? 40 : 0
            battery.traits.rated = Power(milliwatts: 60_000)
            others.append(battery)
            var panel = SimulatedSource("solar:roof", .solar, milliwatts: random.number(in: 0...12_000))
            panel.hasCounter = random.chance(permille: 500)
            panel.failurePermille = random.chance(permille: 300) ? 20 : 0
            others.append(panel)
            settings.energy.declarations.append(
                SourceDeclaration(
                    name: "solar:roof", kind: .solar, evidence: .metered, origin: .path("/sys/roof"),
                    rated: Power(milliwatts: 20_000), feeds: "battery:BAT0"))
        }
        if random.chance(permille: 600) {
            var part = SimulatedSource("compute:gpu", .compute, milliwatts: random.number(in: 500...2_500))
            part.hasCounter = random.chance(permille: 500)
            part.traits.parent = "board"
            part.traits.rated = random.chance(permille: 500) ? Power(milliwatts: 6_000) : nil
            others.append(part)
        }
        if random.chance(permille: 300) {
            settings.energy.declarations.append(
                SourceDeclaration(
                    name: "human:dp", kind: .human, evidence: .declared, origin: .declared(Power(milliwatts: 100_000))))
            settings.charging.shares[.declared] = BasisPoints(clamping: 1_000)
        }
        return others
    }

    static func address(of index: Int) -> NetworkAddress {
        NetworkAddress(ipv4: 10, 0, 0, UInt8(index + 1), port: 7_411)
    }

    static func index(of address: NetworkAddress) -> Int? {
        (0..<names.count).first { Board.address(of: $0) == address }
    }

    /// The text by which others make this board a peer.
    var record: String {
        guard
            let record = NodeRecord(
                signingKey: identity.signing.publicKey, agreementKey: identity.agreement.publicKey,
                platform: identity.platform, addresses: settings.addresses, sequence: 1)
        else { return "" }
        return NodeRecordText.text(Signed(signing: record, with: identity.signing, in: identity.domain, by: scheme))
    }

    /// Whether nothing is under way here that the end of a run must not find.
    var unfinished: String? {
        guard let core else { return name + " is down" }
        let figures = core.figures
        let image = core.ledgerImage
        if !asked.isEmpty { return "\(asked.count) commands on " + name + " have no reply" }
        if figures.paying > 0 { return "\(figures.paying) tasks that " + name + " pays for are not over" }
        if figures.working > 0 { return "\(figures.working) tasks that " + name + " works for are not over" }
        if figures.local + figures.errands + figures.queued + figures.active > 0 {
            return "work of " + name + " is not over: \(figures.local) local, \(figures.errands) errands, "
                + "\(figures.queued) queued, \(figures.active) active"
        }
        if figures.outbox > 0 { return "\(figures.outbox) messages wait in the outbox of " + name }
        if !image.holds.isEmpty { return "\(image.holds.count) locks or tickets live at " + name }
        if !image.owed.isEmpty { return "\(image.owed.count) returns are owed by " + name }
        return nil
    }
}

/// Why a run could not be set up.
public enum SimulationSetupError: Error, Sendable {
    /// A key or name was refused.
    case identity
}
