import AgentCore
import Configuration
import Cryptography
import EnergyProofs
import Federation
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
}

/// A core that has looked at a captured board a few times.
struct MeasuringAgent {
    var core: AgentMachine
    private var boot: BootTime = .origin + .seconds(1000)
    private let reader: BoardReader

    /// A core on the board captured in `tree`, at one sample a second.
    init(tree: String) throws {
        let root = SysfsTree(root: Fixtures.url("telemetry/sysfs/" + tree).path)
        let profiles = try HardwareProfileFile.builtIn()
        let profile = try #require(HardwareProfile.detect(root.facts(), among: profiles))
        reader = BoardReader(tree: root, profile: profile, model: root.facts().model)
        let identity = AgentIdentity(
            delegator: try LCT("lct:web4:agent:dp@Sprout#delegation.federation"),
            signing: try #require(SigningKey(seed: [UInt8](repeating: 7, count: 32))),
            agreement: try #require(KeyAgreementKey(secret: [UInt8](repeating: 9, count: 32))),
            domain: SignatureDomain(federation: Bytes32(high: 1, low: 2), configurationEpoch: 1))
        let settings = AgentSettings(
            energy: EnergySettings(
                source: try #require(SourceID("compute:" + profile.name)),
                rated: profile.moduleRating ?? Power(milliwatts: 10_000)),
            profile: profile, supply: Energy(joules: 5000))
        let store = StoreImage(ledger: LedgerImage(), storeEpoch: StoreEpoch(1), bootEpoch: 1)
        core = try AgentMachine(
            identity: identity, settings: settings, scheme: Ed25519(), verifier: NoVerifier(), store: store,
            bootID: .zero, seed: .zero, now: Moment(boot: boot, wall: .origin, status: .unsynchronized))
        _ = core.start(at: now)
    }

    /// The moment at which it is.
    var now: Moment { Moment(boot: boot, wall: .origin, status: .unsynchronized) }

    /// Takes `count` samples, a second apart; `change` may change what they say.
    mutating func sample(_ count: Int = 1, _ change: (inout TelemetrySample) -> Void = { _ in }) {
        for _ in 0..<count {
            boot = boot + .seconds(1)
            var sample = reader.sample(at: boot)
            change(&sample)
            _ = core.handle(.sample(sample), at: now)
        }
    }

    var metrics: AgentMetrics { core.metrics(at: boot) }
}
