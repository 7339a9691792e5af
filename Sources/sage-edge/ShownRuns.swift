import AgentCore
import Cryptography
import EnergyProofs
import Federation
import Ledger
import Quantities
import Telemetry
import Wire

/// A report on the runs of a time as it is handed on.
struct ShownRuns {
    /// The runs, and what they come to.
    let report: RunReport
    /// The time.
    let periods: ReportPeriods
    /// What the signed pages of the time come to, and whose they are; nil where there are none at all.
    let signed: ShownReport?
    /// Records of runs that cannot be read.
    let damaged: Int
    /// When it was made.
    let made: WallTime

    /// The runs of one source in one class.
    func runs(of total: RunTotal) -> [ReportedRun] {
        report.runs.filter { $0.run.source == total.source && $0.run.evidence == total.evidence }
    }

    /// For whom a run was, in words.
    static func payer(_ run: RunRecord) -> String { run.payer?.name.text ?? "own" }

    /// The unit of every energy in the report, but what was asked and paid, which is counted in joules.
    var unit: EnergyUnit {
        EnergyUnit(fitting: report.totals.reduce(.zero) { max($0, $1.energy, $1.pages?.energy ?? .zero) })
    }

    /// What a register showed, `123.456 to 234.567`; a dash where that is not known.
    func span(_ run: RunRecord) -> String {
        guard let span = run.span else { return "–" }
        return unit.figure(span.start) + " to " + unit.figure(span.end)
    }

    /// What was asked and paid for a run.
    static func payment(_ run: RunRecord) -> String {
        guard run.charged > .zero else { return "nothing asked" }
        let asked = joules(millijoules: run.charged.millijoules)
        guard let paid = run.paid else { return asked + " asked, not paid yet" }
        return paid == run.charged
            ? asked + " paid" : asked + " asked, " + joules(millijoules: paid.millijoules) + " paid"
    }

    /// Processor time, and what the worker claims of graphics processors; nil where neither is known.
    static func processors(_ run: RunRecord) -> String? {
        let claimed = run.graphicsClaim.map { duration(milliseconds: $0.milliseconds) + " GPU claimed" }
        let parts = [run.processor.map { duration(milliseconds: $0.milliseconds) + " CPU" }, claimed]
        let known = parts.compactMap { $0 }
        return known.isEmpty ? nil : known.joined(separator: ", ")
    }

    /// What was asked and paid for all of them.
    static func payment(_ total: RunTotal) -> String {
        joules(millijoules: total.charged.millijoules) + " asked, " + joules(millijoules: total.paid.millijoules)
            + " paid" + (total.openRuns > 0 ? ", \(total.openRuns) not decided yet" : "")
    }

    /// Energy with its error, as far as that is bounded.
    func energy(_ total: RunTotal) -> String {
        let unit = unit
        if total.unboundedRuns == total.runs { return unit.text(total.energy) + ", error not bounded" }
        let text = unit.text(total.energy) + " ± " + unit.text(total.errorBound)
        return total.unboundedRuns == 0 ? text : text + ", error not bounded in \(total.unboundedRuns)"
    }

    /// What the signed pages have to do with the runs.
    func pages(_ total: RunTotal) -> String {
        guard let pages = total.pages else { return "none of this source and class end in this time" }
        let text = "numbers \(pages.firstPage) to \(pages.lastPage) sign " + unit.text(pages.energy)
        guard let share = total.share else { return text }
        return text + "; runs that they cover are " + percent(basisPoints: Int64(share.value)) + " of it"
    }

    /// How many runs rest on signed pages.
    func signed(_ total: RunTotal) -> String {
        "\(total.signedRuns) of \(total.runs) runs, " + unit.text(total.signedEnergy)
    }

    // MARK: JSON

    /// The report as one JSON object on one line.
    var json: String {
        var json = JSONWriter()
        json.beginObject()
        json.member("report", "energy")
        json.member("from", CivilTime(periods.from, offset: periods.offset).text)
        json.member("from_ms", periods.from.milliseconds)
        json.member("to", CivilTime(periods.to, offset: periods.offset).text)
        json.member("to_ms", periods.to.milliseconds)
        json.member("by", "task")
        json.member("utc_offset_ms", periods.offset.milliseconds)
        json.member("made_ms", made.milliseconds)
        if let signed {
            json.member("board", signed.board.text)
            json.member("key_id", signed.energy.key.id.text)
            json.member("fingerprint", signed.energy.key.id.fingerprint)
        }
        json.key("classes")
        json.beginArray()
        for total in report.totals { write(total, to: &json) }
        json.endArray()
        json.key("tasks")
        json.beginArray()
        for reported in report.runs { write(reported, to: &json) }
        json.endArray()
        json.member("damaged", damaged)
        json.endObject()
        return json.text
    }

    private func write(_ total: RunTotal, to json: inout JSONWriter) {
        json.beginObject()
        json.member("source", total.source.text)
        json.member("class", total.evidence.name)
        json.member("tasks", total.runs)
        json.member("duration_ms", total.duration.milliseconds)
        json.member("energy_mj", "\(total.energy.millijoules)")
        json.member("error_mj", "\(total.errorBound.millijoules)")
        json.member("unbounded_error_tasks", total.unboundedRuns)
        json.member("charged_mj", "\(total.charged.millijoules)")
        json.member("paid_mj", "\(total.paid.millijoules)")
        json.member("undecided_tasks", total.openRuns)
        json.member("signed_tasks", total.signedRuns)
        json.member("signed_tasks_mj", "\(total.signedEnergy.millijoules)")
        let pages = total.pages
        json.member("pages_mj", pages.map { "\($0.energy.millijoules)" })
        json.member("pages_error_mj", pages?.errorBound.map { "\($0.millijoules)" })
        json.member("pages_work_mj", pages.map { "\($0.work.millijoules)" })
        json.member("pages_chargeable_mj", pages.map { "\($0.chargeable.millijoules)" })
        json.member("first_page", pages?.firstPage)
        json.member("last_page", pages?.lastPage)
        json.member("share_of_pages_bp", total.share?.value)
        json.endObject()
    }

    private func write(_ reported: ReportedRun, to json: inout JSONWriter) {
        let run = reported.run
        json.beginObject()
        json.member("number", reported.kept.number)
        json.member("task", run.task.text)
        json.member("operation", run.operation.name)
        json.member("payer", run.payer?.name.text)
        json.member("payer_id", run.payer?.id.text)
        json.member("outcome", run.outcome.name)
        json.member("start", CivilTime(run.began, offset: periods.offset).text)
        json.member("start_ms", run.began.milliseconds)
        json.member("end", CivilTime(run.ended, offset: periods.offset).text)
        json.member("end_ms", run.ended.milliseconds)
        json.member("time_synchronized", run.timeStatus == .synchronized)
        json.member("duration_ms", run.duration.milliseconds)
        json.member("source", run.source.text)
        json.member("class", run.evidence.name)
        json.member("energy_mj", "\(run.energy.millijoules)")
        json.member("error_mj", run.errorBound.map { "\($0.millijoules)" })
        json.member("mean_mw", run.mean.map { "\($0.milliwatts)" })
        json.member("epoch", run.span?.epoch)
        json.member("register_start_mj", run.span.map { "\($0.start.millijoules)" })
        json.member("register_end_mj", run.span.map { "\($0.end.millijoules)" })
        json.member("signed_pages", reported.coverage.name)
        json.member("charged_mj", "\(run.charged.millijoules)")
        json.member("paid_mj", run.paid.map { "\($0.millijoules)" })
        json.member("processor_ms", run.processor?.milliseconds)
        json.member("gpu_claimed_ms", run.graphicsClaim?.milliseconds)
        json.endObject()
    }

    // MARK: CSV

    private static let columns = [
        "number", "task", "operation", "payer", "payer_id", "outcome", "start", "end", "time_synchronized",
        "duration_ms", "source", "class", "energy_mJ", "error_mJ", "mean_mW", "register_epoch", "register_start_mJ",
        "register_end_mJ", "signed_pages", "charged_mJ", "paid_mJ", "processor_ms", "gpu_claimed_ms",
    ]

    /// The runs as comma-separated values (RFC 4180), with one line of names; what is not known is empty.
    var csv: String {
        CSVText.table(ShownRuns.columns, report.runs.map { fields($0) })
    }

    private func fields(_ reported: ReportedRun) -> [String] {
        let run = reported.run
        func figure(_ energy: Energy?) -> String { energy.map { "\($0.millijoules)" } ?? "" }
        return [
            "\(reported.kept.number)", run.task.text, run.operation.name, run.payer?.name.text ?? "",
            run.payer?.id.text ?? "", run.outcome.name, CivilTime(run.began, offset: periods.offset).text,
            CivilTime(run.ended, offset: periods.offset).text, run.timeStatus == .synchronized ? "true" : "false",
            "\(run.duration.milliseconds)", run.source.text, run.evidence.name, figure(run.energy),
            figure(run.errorBound), run.mean.map { "\($0.milliwatts)" } ?? "", run.span.map { "\($0.epoch)" } ?? "",
            figure(run.span?.start), figure(run.span?.end), reported.coverage.name, figure(run.charged),
            figure(run.paid), run.processor.map { "\($0.milliseconds)" } ?? "",
            run.graphicsClaim.map { "\($0.milliseconds)" } ?? "",
        ]
    }
}
