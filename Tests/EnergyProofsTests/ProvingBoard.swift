import Cryptography
import EnergyProofs
import Quantities
import Telemetry
import Testing

/// A board that meters one source and signs pages about it.
struct ProvingBoard {
    static let federation = Bytes32(high: 0xfed, low: 1)
    static let domain = SignatureDomain(federation: federation, configurationEpoch: 1)
    static let scheme = Ed25519()

    let key: SigningKey
    let source: SourceID
    var state: SourceState
    var meter: Meter
    var previous: PreviousPage?
    /// Present boot time in milliseconds.
    var now: Int64

    init(
        _ source: String = "compute:orin-nano:1423219087325", seed: UInt8 = 1, watts: Int64 = 25,
        evidence: EvidenceClass = .metered, boot: UInt128 = 1, at now: Int64 = 60_000
    ) throws {
        try #require(prepareCryptography())
        key = try #require(SigningKey(seed: [UInt8](repeating: seed, count: 32)))
        self.source = try #require(SourceID(source))
        let method = try #require(ProofText("ina3221:VDD_IN@1-0040 hwmon, nvpmodel 25W", limit: 240))
        state = SourceState(evidence: evidence, rated: Power(milliwatts: watts * 1000), validationMethod: method)
        let configuration = MeterConfiguration(samplePeriod: .seconds(1), sensorStep: Power(milliwatts: 98))
        meter = Meter(configuration, bootID: Bytes16(bits: boot), at: BootTime(milliseconds: now))
        self.now = now
    }

    /// The registration of the board's source.
    var registration: SourceRegistration { SourceRegistration(source, owner: key.publicKey, rated: state.rated) }

    /// The next window's page over `seconds` seconds at `milliwatts`, changed by `change` before it is signed.
    ///
    /// Sample `lost`, counted from 1, and those after it up to the window's end are lost.
    mutating func page(
        seconds: Int = 10, milliwatts: Int64 = 9600, lost: Range<Int> = 0..<0,
        change: (inout EnergyCapacityProof) -> Void = { _ in }
    ) throws -> ProofPage {
        let start = now
        for second in 0...seconds where !lost.contains(second) {
            let at = BootTime(milliseconds: start + Int64(second) * 1000)
            meter.record(MeterReading(at: at, power: Power(milliwatts: milliwatts)))
        }
        now = start + Int64(seconds) * 1000
        let end = BootTime(milliseconds: now)
        let closed = meter.closeWindow(at: end, now: end + .seconds(4))
        return sign(try #require(closed), change: change)
    }

    /// The page about `window`.
    mutating func sign(_ window: MeterWindow, change: (inout EnergyCapacityProof) -> Void = { _ in }) -> ProofPage {
        var proof = EnergyCapacityProof(
            of: window, from: source, in: state,
            wallEnd: WallTime(milliseconds: 1_800_000_000_000 + window.end.milliseconds),
            timeStatus: .synchronized, federation: ProvingBoard.federation, after: previous)
        change(&proof)
        let page = ProofPage(signing: proof, with: key, in: ProvingBoard.domain, by: ProvingBoard.scheme)
        previous = page.link
        return page
    }

    /// Checks `page` as one of this board's.
    func verify(_ page: ProofPage, after previous: PreviousPage?) throws(EnergyProofError) {
        try EnergyProofVerifier.verify(
            page, after: previous, key: key.publicKey, in: ProvingBoard.domain, using: ProvingBoard.scheme)
    }
}

/// Fails unless `body` throws exactly `expected`.
func expect(
    _ expected: EnergyProofError, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws(EnergyProofError) -> Void
) {
    do throws(EnergyProofError) {
        try body()
        Issue.record("accepted", sourceLocation: sourceLocation)
    } catch {
        #expect(error == expected, sourceLocation: sourceLocation)
        #expect(!error.explanation.isEmpty, sourceLocation: sourceLocation)
    }
}

/// Shorthands for numbers in tests.
func mJ(_ value: Int64) -> Energy { Energy(millijoules: value) }
func mW(_ value: Int64) -> Power { Power(milliwatts: value) }
