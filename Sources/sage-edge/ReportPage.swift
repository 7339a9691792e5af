import Cryptography
import EnergyProofs
import Quantities
import Telemetry
import Wire

// A report as one page of HTML that needs nothing else: no script, no font, no picture from elsewhere.
extension ShownReport {
    /// The page.
    var html: String {
        var page = MarkupWriter()
        page.markup("<!DOCTYPE html>\n")
        page.begin("html", [("lang", "en")])
        page.begin("head")
        page.void("meta", [("charset", "utf-8")])
        page.void("meta", [("name", "viewport"), ("content", "width=device-width, initial-scale=1")])
        page.void("meta", [("name", "color-scheme"), ("content", "light dark")])
        page.void("meta", [("name", "generator"), ("content", "sage-edge " + Version.text)])
        page.element("title", "Energy of \(board.text), \(shown(periods.from)) to \(shown(periods.to)) \(clock)")
        page.begin("style")
        page.markup(reportStyle)
        page.end()
        page.end()
        page.line()
        page.begin("body")
        page.begin("main")
        writeHeader(to: &page)
        writeSources(to: &page)
        for (index, total) in energy.totals.enumerated() { write(total, number: index + 1, to: &page) }
        writeVerification(to: &page)
        writeReading(to: &page)
        page.end()
        page.end()
        page.end()
        page.line()
        return page.text
    }

    private func writeHeader(to page: inout MarkupWriter) {
        page.element("h1", "Energy report")
        page.begin("dl")
        define("board", board.text, in: &page)
        define("period", shown(periods.from) + " to " + shown(periods.to) + " " + clock, in: &page)
        define("signed by key", energy.key.id.fingerprint, in: &page, isCode: true)
        define(
            "federation", String(hexadecimal(energy.domain.federation.array).prefix(32)) + "…", in: &page, isCode: true)
        define("made", shown(made) + " " + clock + " by sage-edge " + Version.text, in: &page)
        page.end()
        page.line()
    }

    private func define(_ name: String, _ value: String, in page: inout MarkupWriter, isCode: Bool = false) {
        page.begin("div")
        page.element("dt", name)
        page.begin("dd")
        if isCode { page.element("code", value) } else { page.content(value) }
        page.end()
        page.end()
    }

    private func writeSources(to page: inout MarkupWriter) {
        page.element("h2", "Sources")
        page.begin("div", [("class", "scroll")])
        page.begin("table")
        writeHead(
            [
                ("source", false), ("class", false), ("energy", true), ("±", true), ("by tasks", true),
                ("chargeable", true), ("measured", true), ("pages", true),
            ], to: &page)
        page.begin("tbody")
        for total in energy.totals {
            let unit = EnergyUnit(fitting: total.energy)
            page.begin("tr")
            page.element("th", total.source.text, [("scope", "row")])
            page.begin("td")
            writeClass(total.evidence, to: &page)
            page.end()
            writeFigures(
                [
                    unit.text(total.energy), unit.text(total.errorBound), unit.text(total.work),
                    unit.text(total.chargeable),
                    percent(basisPoints: Int64(energy.coverage(of: total).value)),
                ], to: &page)
            page.element("td", "\(total.firstPage)–\(total.lastPage)", [("class", "figure")])
            page.end()
        }
        page.end()
        page.end()
        page.end()
        page.element("p", "Energy of different sources or classes is never added up.", [("class", "note")])
        page.line()
    }

    private func writeClass(_ evidence: EvidenceClass, to page: inout MarkupWriter) {
        page.element("span", evidence.name, [("class", "class " + evidence.name)])
    }

    private func write(_ total: SourceSummary, number: Int, to page: inout MarkupWriter) {
        page.begin("section")
        page.begin("h2")
        page.content(total.source.text + " ")
        writeClass(total.evidence, to: &page)
        page.end()
        page.element(
            "p",
            ShownReport.energy(total) + ", mean \(watts(milliwatts: total.mean.milliwatts)), peak "
                + watts(milliwatts: total.peak.milliwatts)
                + (total.hottest.map { ", hottest " + degrees(millidegrees: Int64($0.millidegrees)) } ?? "")
                + ". Known by: " + total.validationMethod.text + " (" + ShownReport.meaning(of: total.evidence) + ").")
        let remarks = remarks(on: total)
        if !remarks.isEmpty {
            page.element("p", "Note: " + remarks.joined(separator: "; ") + ".", [("class", "remark")])
        }
        let chart = ReportChart(self, of: total, number: number)
        if chart.isWorthwhile {
            page.begin("figure")
            chart.write(to: &page)
            page.end()
            writePeriods(of: total, to: &page)
        }
        page.end()
        page.line()
    }

    private func writePeriods(of total: SourceSummary, to page: inout MarkupWriter) {
        let unit = EnergyUnit(fitting: total.energy)
        page.begin("div", [("class", "scroll")])
        page.begin("table")
        writeHead(
            [
                (periods.interval == .day ? "day" : "hour", false), ("energy \(unit.name)", true),
                ("± \(unit.name)", true),
                ("by tasks \(unit.name)", true), ("mean W", true), ("peak W", true), ("measured", true),
                ("register J", true),
                ("pages", true), ("notes", false),
            ], to: &page)
        page.begin("tbody")
        var next: Int?
        for entry in entries(of: total) {
            if let next, entry.period > next { writeGap(entry.period - next, to: &page) }
            next = entry.period + 1
            write(entry, in: unit, to: &page)
        }
        page.end()
        page.end()
        page.end()
    }

    private func writeGap(_ count: Int, to page: inout MarkupWriter) {
        let unit = (periods.interval == .day ? "day" : "hour") + (count == 1 ? "" : "s")
        page.begin("tr", [("class", "gap")])
        page.element("td", "\(count) \(unit) without a page", [("colspan", "10")])
        page.end()
    }

    private func write(_ entry: ReportEntry, in unit: EnergyUnit, to page: inout MarkupWriter) {
        let pages = entry.pages
        page.begin("tr")
        page.element("th", name(ofPeriod: entry.period), [("scope", "row")])
        writeFigures(
            [
                unit.figure(pages.energy), unit.figure(pages.errorBound), unit.figure(pages.work),
                decimal(thousandths: pages.mean.milliwatts),
                decimal(thousandths: pages.peak.milliwatts),
                percent(basisPoints: Int64(energy.coverage(of: entry).value)),
                decimal(thousandths: pages.registerEnd.millijoules), "\(pages.firstPage)–\(pages.lastPage)",
            ], to: &page)
        page.element("td", shortRemarks(on: pages), [("class", "notes")])
        page.end()
        page.line()
    }

    private func writeHead(_ columns: [(name: String, isFigure: Bool)], to page: inout MarkupWriter) {
        page.begin("thead")
        page.begin("tr")
        for column in columns {
            page.element("th", column.name, [("scope", "col")] + (column.isFigure ? [("class", "figure")] : []))
        }
        page.end()
        page.end()
    }

    private func writeFigures(_ figures: [String], to page: inout MarkupWriter) {
        for figure in figures { page.element("td", figure, [("class", "figure")]) }
    }

    private func writeVerification(to page: inout MarkupWriter) {
        page.element("h2", "How to check it")
        page.element(
            "p",
            "Every figure here is a sum over signed pages, which its maker hands out on request; this page itself "
                + "carries no signature. On the board:")
        let from = CivilTime(periods.from).text
        let to = CivilTime(periods.to).text
        page.element(
            "pre", "sage-edge proof export energy.proofs --from \(from) --to \(to)\nsage-edge key export > board.pem")
        page.element("p", "Anywhere, with nothing but these two files:")
        page.element(
            "pre",
            "sage-edge proof verify energy.proofs --key board.pem\n"
                + "sage-edge report energy energy.proofs --from \(from) --to \(to)")
        page.begin("p")
        page.content("The key's fingerprint must be the one that the board's owner reads out: ")
        page.element("code", energy.key.id.fingerprint)
        page.content(".")
        page.end()
        page.line()
    }

    private func writeReading(to page: inout MarkupWriter) {
        page.element("h2", "How to read it")
        page.begin("ul")
        for text in [
            "A page is signed as a whole and never divided: it counts where its window ends. The registers at the end "
                + "of a period say exactly which energy is in it.",
            "± is the error bound: the bounds of all windows added. It covers the sensor's step, jitter and gaps, not "
                + "the sensor's gain, which only a better instrument can tell.",
            "Measured is the share of the period that readings cover. What is not measured is not guessed: it adds "
                + "nothing.",
            "1 Wh is 3600 J. Hours and days are those of \(clock).",
        ] { page.element("li", text) }
        page.end()
        page.line()
    }
}
