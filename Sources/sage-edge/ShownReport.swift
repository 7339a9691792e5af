import Cryptography
import EnergyProofs
import Quantities
import Telemetry
import Wire

/// A report as it is handed on: what it comes to, and about which board.
struct ShownReport {
    /// The energy.
    let energy: EnergyReport
    /// The board.
    let board: ProofText
    /// When it was made.
    let made: WallTime

    /// The report's time and periods.
    var periods: ReportPeriods { energy.periods }

    /// A point in time on the report's clock, `2026-01-31 17:05:09`.
    func shown(_ time: WallTime) -> String { periods.shown(time) }

    /// The clock whose hours are shown.
    var clock: String { periods.clock }

    /// Period `index` by the name of its beginning.
    func name(ofPeriod index: Int) -> String {
        let start = CivilTime(periods.start(of: index), offset: periods.offset)
        switch periods.interval {
        case .hour: return start.date + " " + String(start.timeOfDay.prefix(5))
        case .day: return start.date
        case .whole: return "whole time"
        }
    }

    /// Entries of one source in one class, in the order of time.
    func entries(of total: SourceSummary) -> [ReportEntry] {
        energy.entries.filter { $0.pages.source == total.source && $0.pages.evidence == total.evidence }
    }

    /// What about `pages` a reader must know besides its sums.
    func remarks(on pages: SourceSummary) -> [String] {
        var remarks: [String] = []
        if pages.throttledTime > .zero {
            remarks.append(
                "throttled in windows of " + duration(milliseconds: pages.throttledTime.milliseconds) + " ("
                    + pages.throttle.all.map { $0.name }.joined(separator: ", ") + ")")
        }
        if pages.unsynchronizedPages > 0 {
            remarks.append("clock unsynchronized in " + counted(Int64(pages.unsynchronizedPages), "page"))
        }
        if pages.reboots > 0 { remarks.append(counted(Int64(pages.reboots), "reboot")) }
        if pages.newEpochs > 0 { remarks.append(counted(Int64(pages.newEpochs), "new register")) }
        if pages.unboundedPages > 0 {
            remarks.append("error not bounded in " + counted(Int64(pages.unboundedPages), "page"))
        }
        return remarks
    }

    /// The remarks in as few words as a column has room for.
    func shortRemarks(on pages: SourceSummary) -> String {
        var remarks: [String] = []
        if pages.throttledTime > .zero {
            remarks.append("throttled " + duration(milliseconds: pages.throttledTime.milliseconds))
        }
        if pages.unsynchronizedPages > 0 { remarks.append("clock unsynchronized") }
        if pages.reboots > 0 { remarks.append(counted(Int64(pages.reboots), "reboot")) }
        if pages.newEpochs > 0 { remarks.append(counted(Int64(pages.newEpochs), "new register")) }
        if pages.unboundedPages > 0 { remarks.append("error not bounded") }
        return remarks.joined(separator: ", ")
    }

    /// What can be said of how the energy of `evidence` is known.
    static func meaning(of evidence: EvidenceClass) -> String {
        switch evidence {
        case .metered: "a sensor measured it"
        case .modeled: "computed from use and rating, not measured"
        case .declared: "the operator's word, not measured"
        case .replayed: "a recording, not measured here"
        }
    }

    /// The share of a time that energy of `evidence` is known of, in one word.
    static func share(of evidence: EvidenceClass) -> String {
        switch evidence {
        case .metered: "measured"
        case .replayed: "replayed"
        case .modeled: "modeled"
        case .declared: "declared"
        }
    }

    /// The unit of every energy in the report: that of the largest of its sums.
    var unit: EnergyUnit {
        EnergyUnit(fitting: energy.totals.reduce(.zero) { max($0, $1.energy, $1.chargeable) })
    }

    /// Energy with its unit and error, `12.345 Wh ± 0.012 Wh`; where nothing was measured, that and what is said.
    func energy(_ pages: SourceSummary) -> String {
        guard !pages.isWord else {
            return "not measured; declared, rated " + watts(milliwatts: pages.rated.milliwatts)
        }
        guard pages.isMeasured else { return "not measured" }
        guard let error = pages.errorBound else { return unit.text(pages.energy) + ", error not bounded" }
        return unit.text(pages.energy) + " ± " + unit.text(error)
    }
}

extension ReportPeriods {
    /// A point in time on the report's clock, `2026-01-31 17:05:09`.
    func shown(_ time: WallTime) -> String {
        let civil = CivilTime(time, offset: offset)
        return civil.date + " " + civil.timeOfDay
    }

    /// The clock whose hours are shown.
    var clock: String { offset == .zero ? "UTC" : "UTC" + CivilTime(to, offset: offset).offsetText() }
}
