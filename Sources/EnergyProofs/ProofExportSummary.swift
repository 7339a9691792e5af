import Quantities
import Telemetry

/// What the pages of an export come to, source by source; nothing is summed across sources or classes.
public struct ProofExportSummary: Hashable, Sendable {
    /// Pages in the file.
    public let pages: Int
    /// One entry for each source and class, in the order in which they first appear.
    public private(set) var sources: [SourceSummary] = []
    private var links: [SourceID: PreviousPage] = [:]

    init(pages: Int) { self.pages = pages }

    /// The last page of `source` that was added.
    func lastPage(of source: SourceID) -> PreviousPage? { links[source] }

    mutating func add(_ page: ProofPage) {
        let proof = page.proof
        if let index = sources.firstIndex(where: { $0.source == proof.source && $0.evidence == proof.evidence }) {
            sources[index].add(proof, after: links[proof.source])
        } else {
            sources.append(SourceSummary(proof))
        }
        links[proof.source] = page.link
    }
}

/// What the pages of one source in one class come to.
public struct SourceSummary: Hashable, Sendable {
    /// The source.
    public let source: SourceID
    /// How its energy is known.
    public let evidence: EvidenceClass
    /// Number of its pages.
    public private(set) var pages = 0
    /// Number of its first page.
    public let firstPage: UInt64
    /// Number of its last page.
    public private(set) var lastPage: UInt64
    /// Wall time at the start of its first window.
    public let firstWindow: WallTime
    /// Wall time at the end of its last window.
    public private(set) var lastWindow: WallTime
    /// How far the wall times can be trusted: the worst of all pages.
    public private(set) var timeStatus: TimeStatus
    /// Energy registered in all windows.
    public private(set) var energy: Energy = .zero
    /// Measured energy of work in all windows.
    public private(set) var work: Energy = .zero
    /// What all pages allow to be charged.
    public private(set) var chargeable: Energy = .zero
    /// Length of all windows.
    public private(set) var time: TimeSpan = .zero
    /// Time that was not measured.
    public private(set) var gap: TimeSpan = .zero
    /// How often the board was started anew between two pages.
    public private(set) var restarts = 0
    /// How often the register began anew between two pages.
    public private(set) var newEpochs = 0
    /// Energy of each page times its error bound, in thousandths of a millijoule.
    private var error: UInt128 = 0

    /// The error bound of `energy` in thousandths, rounded up: each page's bound weighs as much as its energy.
    ///
    /// A window in which nothing was measured adds nothing to either; it is part of `gap`.
    public var errorBoundPermille: UInt32 {
        guard energy > .zero else { return 0 }
        let total = UInt128(energy.millijoules)
        return UInt32(clamping: (error + total - 1) / total)
    }

    /// The covered share of all windows.
    public var coverage: BasisPoints { BasisPoints((time - gap).milliseconds, of: time.milliseconds) }

    init(_ proof: EnergyCapacityProof) {
        source = proof.source
        evidence = proof.evidence
        firstPage = proof.page
        lastPage = proof.page
        firstWindow = proof.wallStart
        lastWindow = proof.wallEnd
        timeStatus = proof.timeStatus
        add(proof, after: nil)
    }

    /// Adds a page; sums stop at the largest representable energy.
    mutating func add(_ proof: EnergyCapacityProof, after previous: PreviousPage?) {
        pages += 1
        lastPage = proof.page
        lastWindow = proof.wallEnd
        if proof.timeStatus == .unsynchronized { timeStatus = .unsynchronized }
        energy = energy.adding(proof.drawn) ?? energy
        work = work.adding(proof.work) ?? work
        chargeable = chargeable.adding(proof.chargeable) ?? chargeable
        time = time + proof.window
        gap = gap + proof.gap
        if let previous {
            if previous.bootID != proof.bootID { restarts += 1 }
            if previous.epoch != proof.epoch { newEpochs += 1 }
        }
        error += UInt128(max(0, proof.drawn.millijoules)) * UInt128(proof.errorBoundPermille)
    }
}
