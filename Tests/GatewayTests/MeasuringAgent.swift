import AgentCore
import Configuration
import Cryptography
import EnergyProofs
import Federation
import Gateway
import Ledger
import Quantities
import Sensors
import Telemetry
import TestKit
import Testing
import Wire

/// Checks nothing.
private final class NoVerifier: ResultVerifier {
    func quality(of result: [UInt8], operation: Operation, input: [UInt8], parameters: [UInt8]) -> BasisPoints? { nil }
    func checks(_ operation: Federation.Operation) -> Bool { false }
}

/// A core that has looked at a captured board a few times.
struct MeasuringAgent {
    var core: AgentMachine
    private var boot: BootTime = .origin + .seconds(1000)
    private let reader: BoardReader
    /// What was to be told.
    private(set) var log: [LogEntry] = []

    /// A core on the board captured in `tree`, at one sample a second, whose operator has declared `declarations`.
    init(tree: String, declarations: [SourceDeclaration] = [], storeFault: String? = nil) throws {
        let root = SysfsTree(root: Fixtures.url("telemetry/sysfs/" + tree).path)
        let profiles = try HardwareProfileFile.builtIn()
        let profile = try #require(HardwareProfile.detect(root.facts(), among: profiles))
        reader = BoardReader(tree: root, profile: profile, model: root.facts().model)
        let identity = AgentIdentity(
            delegator: try LCT("lct:web4:agent:dp@Sprout#delegation.federation"),
            signing: try #require(SigningKey(seed: [UInt8](repeating: 7, count: 32))),
            agreement: try #require(KeyAgreementKey(secret: [UInt8](repeating: 9, count: 32))),
            domain: SignatureDomain(federation: Bytes32(high: 1, low: 2), configurationEpoch: 1))
        var energy = EnergySettings(
            source: try #require(SourceID("compute:" + profile.name)),
            rated: profile.ratedWithoutMode ?? Power(milliwatts: 10_000),
            isRatedByGuess: profile.guessedRating != nil)
        energy.declarations = declarations
        let settings = AgentSettings(energy: energy, profile: profile, supply: Energy(joules: 5000))
        let store = StoreImage(ledger: LedgerImage(), storeEpoch: StoreEpoch(1), bootEpoch: 1)
        let now = Moment(boot: boot, wall: .origin, status: .unsynchronized)
        if let storeFault {
            core = AgentMachine(
                withoutStore: storeFault, identity: identity, settings: settings, scheme: Ed25519(),
                verifier: NoVerifier(), bootID: .zero, seed: .zero, now: now)
            return
        }
        core = try AgentMachine(
            identity: identity, settings: settings, scheme: Ed25519(), verifier: NoVerifier(), store: store,
            bootID: .zero, seed: .zero, now: now)
        _ = carryOut(core.start(at: now))
    }

    /// The moment at which it is.
    var now: Moment { Moment(boot: boot, wall: .origin, status: .unsynchronized) }

    /// Takes `count` samples, a second apart; `change` may change what they say.
    mutating func sample(_ count: Int = 1, _ change: (inout TelemetrySample) -> Void = { _ in }) {
        for _ in 0..<count {
            boot = boot + .seconds(1)
            var sample = reader.sample(at: boot)
            change(&sample)
            _ = carryOut(core.handle(.sample(sample), at: now))
        }
    }

    /// Notes what is to be told, and has everything stored at once; returns all that it came to.
    private mutating func carryOut(_ effects: [AgentEffect]) -> [AgentEffect] {
        var all: [AgentEffect] = []
        for effect in effects {
            all.append(effect)
            switch effect {
            case .log(let entry): log.append(entry)
            case .persist(let token, _): all += carryOut(core.handle(.persisted(token), at: now))
            default: break
            }
        }
        return all
    }

    /// What it answers to `command`.
    mutating func answer(_ command: AgentCommand) throws -> JSONValue {
        for case .reply(_, let reply) in carryOut(core.handle(.command(CommandID(value: 1), command), at: now)) {
            return try JSONValue(parsing: Array(reply.json.utf8))
        }
        throw ToolError.failed("the core", status: -1, errors: "it does not answer at once")
    }

    var metrics: AgentMetrics { core.metrics(at: boot) }
}
