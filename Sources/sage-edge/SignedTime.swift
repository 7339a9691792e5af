import AgentCore
import Cryptography
import EnergyProofs
import Quantities

/// What the signed pages of a time come to, and which registers those of the time and around it cover.
///
/// A run's first and last moments may be in windows that end outside the time: those pages are looked at, too, and add
/// nothing to the sums.
struct SignedTime {
    /// The sums over the pages of the time itself.
    private(set) var energy: EnergyReport
    /// What the pages of the time itself cover.
    private(set) var ofTime = SignedRegisters()
    /// What all pages cover.
    private(set) var registers = SignedRegisters()
    private var around: [EnergyReport] = []

    /// The longest window that a page can be about, and what a clock may have been set by between a page and a run.
    private static let margin = TimeSpan.seconds(3600 + 60)

    /// What `supply` holds of the time of `periods`, and of that of `runs`, about `source` or every source.
    init(_ supply: PageSupply, _ periods: ReportPeriods, _ source: SourceID?, runs: [NumberedRun]) throws(Failure) {
        energy = EnergyReport(periods: periods, domain: supply.domain, key: supply.key, source: source)
        let first = runs.map { $0.run.began }.min() ?? periods.from
        let from = max(.origin, min(periods.from, first) - SignedTime.margin)
        let to = periods.to + SignedTime.margin
        for (start, end) in [(from, periods.from), (periods.to, to)] {
            guard let beside = ReportPeriods(from: start, to: end, by: .whole) else { continue }
            around.append(EnergyReport(periods: beside, domain: supply.domain, key: supply.key, source: source))
        }
        var read = self
        try supply.read(PageSelection(source: source, from: from, to: to)) { supplied throws(Failure) in
            try read.add(supplied)
            return true
        }
        self = read
    }

    private mutating func add(_ supplied: SuppliedPage) throws(Failure) {
        let isOfTime = try take(supplied, into: &energy)
        var belongs = isOfTime
        for index in around.indices where try take(supplied, into: &around[index]) { belongs = true }
        guard belongs, let page = supplied.page else { return }
        do throws(EnergyReportError) {
            try registers.add(page.proof)
            if isOfTime { try ofTime.add(page.proof) }
        } catch {
            throw Failure(.badData, "not reported: " + error.explanation)
        }
    }
}

/// Takes a page into `report`; returns whether it belongs to its time.
///
/// - Throws: what is wrong with the page.
@discardableResult
func take(_ supplied: SuppliedPage, into report: inout EnergyReport) throws(Failure) -> Bool {
    guard let page = supplied.page else {
        do throws(EnergyProofError) { _ = try ProofPage(decoding: supplied.bytes) } catch {
            throw Failure(.badData, "a page cannot be read: \(error.explanation)")
        }
        return false
    }
    do throws(EnergyReportError) {
        return try report.add(page, isResumed: supplied.isResumed, using: Ed25519())
    } catch {
        var hint = "sage-edge proof export FILE"
        if case .page(_, _, .otherFederation) = error {
            hint = "give the agent's own --config: federation.name is another one here"
        }
        throw Failure(.badData, "not reported: " + error.explanation, hint: hint)
    }
}
