import Cryptography
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
            sources[index].add(page, after: links[proof.source])
        } else {
            sources.append(SourceSummary(page, after: links[proof.source]))
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
    public var timeStatus: TimeStatus { unsynchronizedPages == 0 ? .synchronized : .unsynchronized }
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
    /// The register at the start of its first window.
    public let registerStart: Energy
    /// The register at the end of its last window.
    public private(set) var registerEnd: Energy
    /// The highest power that it was made or set for.
    public private(set) var rated: Power = .zero
    /// Pages without readings, which are the operator's word and nothing else.
    public private(set) var unmeasuredPages = 0
    /// Highest temperature seen; nil where none is known.
    public private(set) var hottest: Temperature?
    /// Everything that throttled the source.
    public private(set) var throttle = ThrottleReasons.none
    /// Length of the windows in which something throttled it.
    public private(set) var throttledTime: TimeSpan = .zero
    /// Pages whose wall times nobody vouches for.
    public private(set) var unsynchronizedPages = 0
    /// Pages whose error bound is the largest that is told apart: there it may be larger.
    ///
    /// A bound in thousandths of no energy says nothing, so a page of these may show none. What lies in a gap is not
    /// known, so a page that is nothing but gap is one of these.
    public private(set) var unboundedPages = 0
    /// How far the wall time at the start can be trusted.
    public let firstTimeStatus: TimeStatus
    /// How far the wall time at the end can be trusted.
    public private(set) var lastTimeStatus: TimeStatus
    /// Hash of its last page, which fixes every page before it.
    public private(set) var lastHash: Bytes32
    /// How capacity was known in its last window, in words.
    public private(set) var validationMethod: ProofText
    /// How often the board was started anew between two pages.
    public private(set) var reboots = 0
    /// How often the register began anew between two pages.
    public private(set) var newEpochs = 0
    /// Energy of each page times its error bound, in thousandths of a millijoule.
    private var error: UInt128 = 0
    private var highest: Power = .zero
    /// Length of what readings cover.
    private var measured: TimeSpan = .zero

    /// The error bound of `energy` in thousandths, rounded up: each page's bound weighs as much as its energy.
    ///
    /// Where pages are not bounded it is no bound, and where those are all that there are it is the largest that a
    /// page can state.
    public var errorBoundPermille: UInt32 {
        guard energy > .zero else { return unboundedPages > 0 ? MeterLimits.errorBoundCeilingPermille : 0 }
        let total = UInt128(energy.millijoules)
        return UInt32(clamping: (error + total - 1) / total)
    }

    /// How far the true energy may be from `energy`: the bounds of all windows added, rounded up; nil where nothing
    /// was measured, or nothing of it is bounded.
    public var errorBound: Energy? {
        guard isMeasured, unboundedPages == 0 || unboundedPages < pages && error > 0 else { return nil }
        return Energy(millijoules: Int64(clamping: (error + 999) / 1000))
    }

    /// Whether anything was measured: where not, `energy` is nothing and says nothing.
    public var isMeasured: Bool { measured > .zero }

    /// Whether nobody measures it, and all there is is the operator's word.
    public var isWord: Bool { unmeasuredPages == pages }

    /// Time that was measured, or that a source was said to work in.
    public var covered: TimeSpan { time - gap }

    /// `energy` over the covered time, in whole milliwatts rounded down; nil where nothing was measured.
    public var mean: Power? {
        isMeasured ? energy.meanPower(over: measured).map { Power(milliwatts: $0.milliwatts) } : nil
    }

    /// Highest power seen; nil where nothing was measured.
    public var peak: Power? { isMeasured ? highest : nil }

    /// The covered share of all windows.
    public var coverage: BasisPoints { BasisPoints((time - gap).milliseconds, of: time.milliseconds) }

    init(_ page: ProofPage, after previous: PreviousPage? = nil) {
        let proof = page.proof
        source = proof.source
        evidence = proof.evidence
        firstPage = proof.page
        lastPage = proof.page
        firstWindow = proof.wallStart
        lastWindow = proof.wallEnd
        registerStart = proof.registerStart
        registerEnd = proof.registerEnd
        firstTimeStatus = proof.timeStatus
        lastTimeStatus = proof.timeStatus
        lastHash = page.hash
        validationMethod = proof.validationMethod
        add(page, after: previous)
    }

    /// Adds a page; sums stop at the largest representable energy.
    mutating func add(_ page: ProofPage, after previous: PreviousPage?) {
        let proof = page.proof
        pages += 1
        lastPage = proof.page
        lastHash = page.hash
        lastWindow = proof.wallEnd
        lastTimeStatus = proof.timeStatus
        registerEnd = proof.registerEnd
        validationMethod = proof.validationMethod
        if proof.timeStatus == .unsynchronized { unsynchronizedPages += 1 }
        if proof.errorBoundPermille >= MeterLimits.errorBoundCeilingPermille { unboundedPages += 1 }
        if proof.isUnmeasured { unmeasuredPages += 1 } else { measured = measured + proof.covered }
        rated = max(rated, proof.rated)
        highest = max(highest, proof.peak)
        if let temperature = proof.hottest { hottest = max(hottest ?? temperature, temperature) }
        if !proof.throttle.isEmpty {
            throttledTime = throttledTime + proof.window
            for reason in proof.throttle.all { throttle.insert(reason) }
        }
        energy = energy.adding(proof.drawn) ?? energy
        work = work.adding(proof.work) ?? work
        chargeable = chargeable.adding(proof.chargeable) ?? chargeable
        time = time + proof.window
        gap = gap + proof.gap
        if let previous {
            if previous.bootID != proof.bootID { reboots += 1 }
            if previous.epoch != proof.epoch { newEpochs += 1 }
        }
        error += UInt128(max(0, proof.drawn.millijoules)) * UInt128(proof.errorBoundPermille)
    }
}
