import Cryptography
import EnergyProofs
import Quantities
import Telemetry

/// A board that signs pages about windows that a test thinks up.
public struct SignedBoard {
    /// The federation that its pages are for.
    public static let domain = SignatureDomain(federation: Bytes32(high: 0xfed, low: 2), configurationEpoch: 1)

    /// Its key.
    public let key: SigningKey
    /// The source that its pages are about.
    public let source: SourceID
    /// What a page says besides its window.
    public var state: SourceState
    /// How far its clock is to be trusted.
    public var status = TimeStatus.synchronized
    /// The present boot.
    public var boot: UInt128 = 1
    /// The register's epoch.
    public var epoch: UInt64 = 1
    /// Where the next window begins on the wall clock.
    public var wall: WallTime
    /// The register in microjoules.
    public var register: UInt64 = 0
    private var now = BootTime(milliseconds: 60_000)
    private var previous: PreviousPage?
    private let scheme = Ed25519()

    /// A board whose first window begins at `wall`; nil where libsodium cannot be used or `source` is none.
    public init?(
        _ source: String = "compute:orin-nano:1423219087325", seed: UInt8 = 1, evidence: EvidenceClass = .metered,
        wall: WallTime
    ) {
        guard prepareCryptography(), let key = SigningKey(seed: [UInt8](repeating: seed, count: 32)),
            let source = SourceID(source), let method = ProofText("ina3221:VDD_IN, nvpmodel 25W", limit: 240)
        else { return nil }
        self.key = key
        self.source = source
        self.wall = wall
        state = SourceState(evidence: evidence, rated: Power(milliwatts: 25_000), validationMethod: method)
    }

    /// The page of the next window: `length` long, of which `gap` was not measured, at `milliwatts` in the rest; one
    /// without readings where it `isWord`.
    public mutating func page(
        _ length: TimeSpan = .seconds(10), milliwatts: UInt64 = 9_600, gap: TimeSpan = .zero,
        errorBoundPermille: UInt32 = 11, isWord: Bool = false
    ) -> ProofPage {
        let covered = UInt64(max(0, (length - gap).milliseconds))
        let end = register + milliwatts * covered
        var window = MeterWindow.unmeasured(
            from: now, to: now + length, bootID: Bytes16(bits: boot), epoch: epoch, epochReason: .firstStart,
            register: EnergyRegister(microjoules: register))
        window.registerEnd = EnergyRegister(microjoules: end)
        window.gap = gap
        window.samples = isWord ? 0 : covered / 1000
        window.expected = isWord ? 0 : UInt64(max(0, length.milliseconds)) / 1000
        window.peak = Power(milliwatts: covered == 0 || isWord ? 0 : Int64(milliwatts) + 100)
        window.errorBoundPermille = errorBoundPermille
        register = end
        now = now + length
        wall = wall + length
        let proof = EnergyCapacityProof(
            of: window, from: source, in: state, wallEnd: wall, timeStatus: status,
            federation: SignedBoard.domain.federation, after: previous)
        let page = ProofPage(signing: proof, with: key, in: SignedBoard.domain, by: scheme)
        previous = page.link
        return page
    }

    /// The page of the next window of a source that nobody measures.
    public mutating func wordPage(_ length: TimeSpan = .seconds(10), gap: TimeSpan = .zero) -> ProofPage {
        page(length, milliwatts: 0, gap: gap, errorBoundPermille: 0, isWord: true)
    }

    /// The board is started anew: its boot time begins again, its register goes on.
    public mutating func restart() {
        boot += 1
        now = BootTime(milliseconds: 30_000)
    }

    /// The register begins anew.
    public mutating func beginEpoch() {
        epoch += 1
        register = 0
    }

    /// An export of `pages`; nil where they are too many.
    public func export(_ pages: [ProofPage], board: String = "NVIDIA Jetson Orin Nano 8GB") -> ProofExport? {
        ProofText(board, limit: EnergyProofLimits.boardDescriptionBytes).flatMap {
            ProofExport(domain: SignedBoard.domain, key: key.publicKey, board: $0, pages: pages.map { $0.bytes })
        }
    }
}
