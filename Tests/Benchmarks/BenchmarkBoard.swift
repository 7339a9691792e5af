import AgentCore
import Cryptography
import EnergyProofs
import Federation
import Ledger
import Link
import Platform
import Quantities
import Store
import Telemetry
import Wire

/// An agent's core with a store, on a board that is a recording, for benchmarks that play the shell themselves.
struct BenchmarkBoard {
    var core: AgentMachine
    let store: AgentStore
    let address: NetworkAddress

    /// The board `name`, whose keys follow from `number`; its store is made at the path `store`.
    init(
        _ name: String, _ number: UInt8, store path: String, address: NetworkAddress, domain: SignatureDomain,
        now: Moment
    ) throws(BenchmarkError) {
        store = try benchmarkStore(path)
        self.address = address
        guard let delegator = try? LCT("lct:web4:agent:bench@\(name)#delegation.federation") else {
            throw .failed("no identity")
        }
        let seed = [UInt8](repeating: number + 1, count: 32)
        let identity = AgentIdentity(
            delegator: delegator, signing: try sure(SigningKey(seed: seed), "key"),
            agreement: try sure(KeyAgreementKey(secret: seed), "key"), domain: domain)
        let source = try sure(SourceID("compute:benchmark:" + name), "source")
        var settings = AgentSettings(
            energy: EnergySettings(source: source, rated: Power(milliwatts: 15_000)),
            profile: HardwareProfile(name: "benchmark", title: "benchmark"), supply: Energy(joules: 1_000_000))
        settings.charging.shares[.replayed] = .one
        settings.addresses = [address]
        settings.tasksPerMinute = 60_000
        settings.operations = [
            OperationOffer(
                operation: try sure(Operation("perception.features"), "operation"), memory: .mebibytes(64),
                timeout: .seconds(10), typicalTime: .milliseconds(50))
        ]
        let image: StoreImage
        do throws(StoreError) { image = try store.load([]) } catch { throw .store(error) }
        do throws(AgentRestoreError) {
            core = try AgentMachine(
                identity: identity, settings: settings, scheme: Ed25519(), verifier: NoCheck(), store: image,
                bootID: Bytes16(bits: 1), seed: Bytes32(high: UInt128(number), low: 5), now: now)
        } catch { throw .failed("the core does not begin") }
    }

    /// A cool board that draws 9 W.
    static func sample(at now: BootTime) -> TelemetrySample {
        var sample = TelemetrySample(taken: now, board: BoardIdentity(profile: "benchmark"))
        let power = Power(milliwatts: 9_000)
        let zone = ZoneReading(name: "tj-thermal", temperature: Temperature(millidegrees: 50_000))
        sample.rails = [RailReading(name: "VDD_IN", role: .total, power: power, source: .ina3221)]
        sample.total = TotalPower(power: power, isComplete: true, rails: ["VDD_IN"], scope: .module)
        sample.zones = [zone]
        sample.hottest = zone
        sample.memory = MemoryReading(total: .mebibytes(8_192), available: .mebibytes(4_096))
        sample.sources = [EnergySource(name: "VDD_IN", kind: .compute, evidence: .replayed)]
        return sample
    }
}

/// Accepts any result: checking one is running the operation again.
private final class NoCheck: ResultVerifier {
    func quality(of result: [UInt8], operation: Operation, input: [UInt8], parameters: [UInt8]) -> BasisPoints? { .one }
    func checks(_ operation: Operation) -> Bool { true }
}
