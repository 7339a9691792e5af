import Cryptography
import Quantities
import Telemetry

/// What one source gave in one period, by one register and known in one way.
///
/// Its pages follow one another, so its energy is the difference of its registers and its error bound the sum of
/// theirs.
public struct ReportEntry: Hashable, Sendable {
    /// The period, by its number in the report.
    public let period: Int
    /// The register's epoch.
    public let epoch: UInt64
    /// What its pages come to.
    public internal(set) var pages: SourceSummary
}

/// Why pages make no report.
public enum EnergyReportError: Error, Equatable, Sendable {
    /// This page of `source` is not accepted, so nothing that is made of it would be.
    case page(SourceID, page: UInt64, EnergyProofError)
    /// The pages are of more sources, each counted once for every class it shows, than a report has.
    case tooManySources(limit: Int)
    /// The pages make more entries than a report has: class or register changed too often.
    case tooManyEntries(limit: Int)

    /// What is wrong, for a person.
    public var explanation: String {
        switch self {
        case .page(let source, let page, let error): "page \(page) of \(source.text): " + error.explanation
        case .tooManySources(let limit): "the pages are of more than \(limit) sources"
        case .tooManyEntries(let limit): "the pages make more than \(limit) entries; choose longer periods or less time"
        }
    }
}

/// Energy per period, source and class, made of nothing but signed pages.
///
/// Pages are added one by one and not kept; memory is that of the entries. Nothing is summed across sources or
/// classes. Every page is checked before it counts: its signature, its content, and that it follows the page of the
/// same source before it.
public struct EnergyReport: Sendable {
    /// The time of the report and its periods.
    public let periods: ReportPeriods
    /// The federation and configuration in which the pages were signed.
    public let domain: SignatureDomain
    /// The key that signed them.
    public let key: PublicKey
    /// Whose pages count; nil for those of every source.
    public let source: SourceID?
    /// The sum of each source and class, in the order in which they first appeared.
    public private(set) var totals: [SourceSummary] = []
    private var unordered: [ReportEntry] = []
    private var current: [SourceID: Int] = [:]
    private var links: [SourceID: PreviousPage] = [:]

    /// A report without pages.
    public init(periods: ReportPeriods, domain: SignatureDomain, key: PublicKey, source: SourceID? = nil) {
        self.periods = periods
        self.domain = domain
        self.key = key
        self.source = source
    }

    /// The entries: by source, then in the order of time, then of pages.
    public var entries: [ReportEntry] {
        unordered.sorted { left, right in
            if left.pages.source != right.pages.source { return left.pages.source < right.pages.source }
            if left.period != right.period { return left.period < right.period }
            return left.pages.firstPage < right.pages.firstPage
        }
    }

    /// The measured share of the entry's whole period: what no page covers was not measured.
    public func coverage(of entry: ReportEntry) -> BasisPoints {
        BasisPoints(entry.pages.covered.milliseconds, of: periods.length(of: entry.period).milliseconds)
    }

    /// The measured share of the whole report's time.
    public func coverage(of total: SourceSummary) -> BasisPoints {
        BasisPoints(total.covered.milliseconds, of: periods.to.since(periods.from).milliseconds)
    }

    /// Adds a page where it belongs to the report; returns whether it does.
    ///
    /// Pages of one source come in their order. After pages of it that were left out, `isResumed` says that the one
    /// before is not known.
    ///
    /// - Throws: the first thing that is wrong; the report is of no use then.
    @discardableResult
    public mutating func add(
        _ page: ProofPage, isResumed: Bool = false, using scheme: any SignatureScheme
    ) throws(EnergyReportError) -> Bool {
        let proof = page.proof
        if let source, proof.source != source { return false }
        guard let period = periods.index(ofWindowEndingAt: proof.wallEnd) else {
            // Outside the time; what comes next is checked against it all the same.
            links[proof.source] = page.link
            return false
        }
        let previous = isResumed ? nil : links[proof.source]
        do throws(EnergyProofError) {
            try EnergyProofVerifier.verify(page, after: previous, key: key, in: domain, using: scheme)
        } catch { throw .page(proof.source, page: proof.page, error) }
        try addTotal(page, after: previous)
        try addEntry(page, after: previous, in: period)
        links[proof.source] = page.link
        return true
    }

    private mutating func addTotal(_ page: ProofPage, after previous: PreviousPage?) throws(EnergyReportError) {
        let proof = page.proof
        if let index = totals.firstIndex(where: { $0.source == proof.source && $0.evidence == proof.evidence }) {
            totals[index].add(page, after: previous)
        } else {
            guard totals.count < EnergyProofLimits.exportSources else {
                throw .tooManySources(limit: EnergyProofLimits.exportSources)
            }
            totals.append(SourceSummary(page, after: previous))
        }
    }

    private mutating func addEntry(
        _ page: ProofPage, after previous: PreviousPage?, in period: Int
    ) throws(EnergyReportError) {
        let proof = page.proof
        if let index = current[proof.source], previous != nil {
            let entry = unordered[index]
            let continues =
                entry.period == period && entry.epoch == proof.epoch && entry.pages.evidence == proof.evidence
                && entry.pages.lastPage + 1 == proof.page
            if continues { return unordered[index].pages.add(page, after: previous) }
        }
        guard unordered.count < EnergyProofLimits.reportEntries else {
            throw .tooManyEntries(limit: EnergyProofLimits.reportEntries)
        }
        current[proof.source] = unordered.count
        unordered.append(
            ReportEntry(period: period, epoch: proof.epoch, pages: SourceSummary(page, after: previous)))
    }
}
