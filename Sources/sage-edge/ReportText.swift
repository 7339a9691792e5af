import Cryptography
import EnergyProofs
import Quantities
import Telemetry
import Wire

// A report for a terminal, for programs, and for spreadsheets.
extension ShownReport {
    // MARK: Table

    /// The report as lines that fit the terminal.
    var table: String {
        var head = TextTable()
        head.row("board", board.text)
        head.row("key", energy.key.id.fingerprint)
        head.row("from", shown(periods.from) + " " + clock)
        head.row("to", shown(periods.to) + " " + clock)
        head.row("made", shown(made) + " " + clock + ", of signed pages, each of them checked")
        return head.text() + energy.totals.map { "\n" + text(of: $0) }.joined()
    }

    private func text(of total: SourceSummary) -> String {
        var sum = TextTable()
        sum.row("source", total.source.text)
        sum.row("class", total.evidence.name + ": " + ShownReport.meaning(of: total.evidence))
        let unit = unit
        let isExact = unit.name == "J" || !total.isMeasured
        sum.row(
            "energy", energy(total) + (isExact ? "" : ", " + joules(millijoules: total.energy.millijoules)))
        if total.isMeasured { sum.row("by tasks", unit.text(total.work)) }
        sum.row("chargeable", unit.text(total.chargeable))
        if let mean = total.mean, let peak = total.peak {
            sum.row(
                "power",
                "mean " + watts(milliwatts: mean.milliwatts) + ", peak " + watts(milliwatts: peak.milliwatts))
        }
        sum.row(
            ShownReport.share(of: total.evidence),
            percent(basisPoints: Int64(energy.coverage(of: total).value)) + " of the time, "
                + duration(milliseconds: total.covered.milliseconds))
        sum.row("pages", "\(total.pages), numbers \(total.firstPage) to \(total.lastPage)")
        for remark in remarks(on: total) { sum.row("note", remark) }
        guard periods.interval != .whole else { return sum.text() }
        var rows = TextTable(header: [
            "period", ">energy \(unit.name)", ">± \(unit.name)", ">mean", ">peak",
            ">" + ShownReport.share(of: total.evidence), "notes",
        ])
        var next: Int?
        for entry in entries(of: total) {
            if let next, entry.period > next { rows.row([missing(next, entry.period), "-", "-", "-", "-", "-", ""]) }
            next = entry.period + 1
            let pages = entry.pages
            rows.row([
                name(ofPeriod: entry.period), pages.isMeasured ? unit.figure(pages.energy) : "-",
                pages.errorBound.map { unit.figure($0) } ?? "-",
                pages.mean.map { watts(milliwatts: $0.milliwatts) } ?? "-",
                pages.peak.map { watts(milliwatts: $0.milliwatts) } ?? "-",
                percent(basisPoints: Int64(energy.coverage(of: entry).value)), marks(on: pages),
            ])
        }
        return sum.text() + "\n" + rows.text() + marksExplained(total)
    }

    private func missing(_ first: Int, _ end: Int) -> String {
        let unit = periods.interval == .hour ? "hour" : "day"
        return end - first == 1 ? "no page" : "\(end - first) \(unit)s, no page"
    }

    /// Remarks in letters.
    private func marks(on pages: SourceSummary) -> String {
        legend(of: pages).map { String($0.prefix(1)) }.joined()
    }

    /// The remarks that letters stand for.
    private func legend(of pages: SourceSummary) -> [String] {
        var legend: [String] = []
        if pages.throttledTime > .zero { legend.append("throttled") }
        if pages.unsynchronizedPages > 0 { legend.append("unsynchronized clock") }
        if pages.reboots > 0 { legend.append("rebooted") }
        if pages.newEpochs > 0 { legend.append("new register") }
        if pages.unboundedPages > 0 { legend.append("error not bounded") }
        return legend
    }

    private func marksExplained(_ total: SourceSummary) -> String {
        let legend = legend(of: total)
        return legend.isEmpty ? "" : legend.map { $0.prefix(1) + " " + $0 }.joined(separator: ", ") + "\n"
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
        json.member("by", byName)
        json.member("utc_offset_ms", periods.offset.milliseconds)
        json.member("made_ms", made.milliseconds)
        json.member("board", board.text)
        json.member("key_id", energy.key.id.text)
        json.member("fingerprint", energy.key.id.fingerprint)
        json.member("federation", hexadecimal(energy.domain.federation.array))
        json.member("configuration_epoch", energy.domain.configurationEpoch)
        json.key("sources")
        json.beginArray()
        for total in energy.totals {
            json.beginObject()
            write(total, coverage: energy.coverage(of: total), to: &json)
            json.member("new_registers", total.newEpochs)
            json.endObject()
        }
        json.endArray()
        json.key("periods")
        json.beginArray()
        for entry in energy.entries {
            json.beginObject()
            json.member("start", CivilTime(periods.start(of: entry.period), offset: periods.offset).text)
            json.member("start_ms", periods.start(of: entry.period).milliseconds)
            json.member("end_ms", periods.end(of: entry.period).milliseconds)
            write(entry.pages, coverage: energy.coverage(of: entry), to: &json)
            json.member("epoch", entry.epoch)
            json.member("register_start_mj", "\(entry.pages.registerStart.millijoules)")
            json.member("register_end_mj", "\(entry.pages.registerEnd.millijoules)")
            json.member("last_page_hash", hexadecimal(entry.pages.lastHash.array))
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return json.text
    }

    private var byName: String {
        switch periods.interval {
        case .hour: "hour"
        case .day: "day"
        case .whole: "source"
        }
    }

    private func write(_ pages: SourceSummary, coverage: BasisPoints, to json: inout JSONWriter) {
        json.member("source", pages.source.text)
        json.member("class", pages.evidence.name)
        json.member("energy_mj", "\(pages.energy.millijoules)")
        json.member("error_mj", pages.errorBound.map { "\($0.millijoules)" })
        json.member("work_mj", "\(pages.work.millijoules)")
        json.member("chargeable_mj", "\(pages.chargeable.millijoules)")
        json.member("mean_mw", pages.mean.map { "\($0.milliwatts)" })
        json.member("peak_mw", pages.peak.map { "\($0.milliwatts)" })
        json.member("rated_mw", "\(pages.rated.milliwatts)")
        json.member("hottest_millidegrees", pages.hottest?.millidegrees)
        json.member("covered_ms", pages.covered.milliseconds)
        json.member("coverage_bp", coverage.value)
        json.member("gap_ms", pages.gap.milliseconds)
        json.member("throttled_ms", pages.throttledTime.milliseconds)
        json.key("throttle")
        json.beginArray()
        for reason in pages.throttle.all { json.string(reason.name) }
        json.endArray()
        json.member("pages", pages.pages)
        json.member("first_page", pages.firstPage)
        json.member("last_page", pages.lastPage)
        json.member("first_window_wall_ms", pages.firstWindow.milliseconds)
        json.member("last_window_wall_ms", pages.lastWindow.milliseconds)
        json.member("unsynchronized_pages", pages.unsynchronizedPages)
        json.member("unbounded_error_pages", pages.unboundedPages)
        json.member("reboots", pages.reboots)
        json.member("validation_method", pages.validationMethod.text)
    }

    // MARK: CSV

    /// What a report in CSV begins with.
    static let firstColumn = "period_start"

    private static let columns = [
        firstColumn, "period_end", "source", "class", "energy_mJ", "error_mJ", "work_mJ", "chargeable_mJ",
        "mean_mW", "peak_mW", "covered_ms", "coverage_percent", "gap_ms", "throttled_ms", "throttle", "reboots",
        "unsynchronized_pages", "unbounded_error_pages", "pages", "first_page", "last_page", "register_epoch",
        "register_start_mJ", "register_end_mJ", "last_page_hash",
    ]

    /// The entries as comma-separated values (RFC 4180), with one line of names.
    var csv: String {
        CSVText.table(ShownReport.columns, energy.entries.map { fields($0) })
    }

    private func fields(_ entry: ReportEntry) -> [String] {
        let pages = entry.pages
        let coverage = decimal(hundredths: Int64(energy.coverage(of: entry).value))
        return [
            CivilTime(periods.start(of: entry.period), offset: periods.offset).text,
            CivilTime(periods.end(of: entry.period), offset: periods.offset).text,
            pages.source.text, pages.evidence.name, "\(pages.energy.millijoules)",
            pages.errorBound.map { "\($0.millijoules)" } ?? "", "\(pages.work.millijoules)",
            "\(pages.chargeable.millijoules)", pages.mean.map { "\($0.milliwatts)" } ?? "",
            pages.peak.map { "\($0.milliwatts)" } ?? "", "\(pages.covered.milliseconds)", coverage,
            "\(pages.gap.milliseconds)",
            "\(pages.throttledTime.milliseconds)", pages.throttle.all.map { $0.name }.joined(separator: " "),
            "\(pages.reboots)", "\(pages.unsynchronizedPages)", "\(pages.unboundedPages)", "\(pages.pages)",
            "\(pages.firstPage)", "\(pages.lastPage)", "\(entry.epoch)", "\(pages.registerStart.millijoules)",
            "\(pages.registerEnd.millijoules)", hexadecimal(pages.lastHash.array),
        ]
    }
}
