import Cryptography
import EnergyProofs
import Quantities
import Telemetry
import Wire

// A report as one page of HTML that needs nothing else: no script, no font, no picture from elsewhere.
extension ShownReport {
    /// The page.
    var html: String {
        var page = MarkupWriter(
            page: "Energy of \(board.text), \(shown(periods.from)) to \(shown(periods.to)) \(clock)")
        writeHeader(to: &page)
        writeSources(to: &page)
        for (index, total) in energy.totals.enumerated() { write(total, number: index + 1, to: &page) }
        writeVerification(to: &page)
        writeReading(to: &page)
        page.endPage()
        return page.text
    }

    private func writeHeader(to page: inout MarkupWriter) {
        page.element("h1", "Energy report")
        page.begin("dl")
        page.definition("board", board.text)
        page.definition("period", shown(periods.from) + " to " + shown(periods.to) + " " + clock)
        page.definition("signed by key", energy.key.id.fingerprint, isCode: true)
        page.definition("federation", hexadecimal(energy.domain.federation.array), isCode: true)
        page.definition("made", shown(made) + " " + clock + " by sage-edge " + Version.text)
        page.end()
        page.line()
    }

    private func writeSources(to page: inout MarkupWriter) {
        page.element("h2", "Sources")
        page.begin("div", [("class", "scroll")])
        page.begin("table")
        page.tableHead(
            [
                ("source", false), ("class", false), ("energy", true), ("±", true), ("by tasks", true),
                ("chargeable", true), ("covered", true), ("pages", true),
            ])
        page.begin("tbody")
        for total in energy.totals {
            let unit = unit
            page.begin("tr")
            page.element("th", total.source.text, [("scope", "row")])
            page.begin("td")
            page.evidence(total.evidence)
            page.end()
            page.figures(
                [
                    total.isMeasured ? unit.text(total.energy) : "–",
                    total.errorBound.map { unit.text($0) } ?? "–",
                    total.isMeasured ? unit.text(total.work) : "–",
                    unit.text(total.chargeable),
                    percent(basisPoints: Int64(energy.coverage(of: total).value)),
                ])
            page.element("td", "\(total.firstPage)–\(total.lastPage)", [("class", "figure")])
            page.end()
        }
        page.end()
        page.end()
        page.end()
        page.element("p", "Energy of different sources or classes is never added up.", [("class", "note")])
        page.line()
    }

    private func write(_ total: SourceSummary, number: Int, to page: inout MarkupWriter) {
        page.begin("section")
        page.begin("h2")
        page.content(total.source.text + " ")
        page.evidence(total.evidence)
        page.end()
        page.element(
            "p",
            energy(total)
                + (total.mean.map { ", mean " + watts(milliwatts: $0.milliwatts) } ?? "")
                + (total.peak.map { ", peak " + watts(milliwatts: $0.milliwatts) } ?? "")
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
        let unit = unit
        page.begin("div", [("class", "scroll")])
        page.begin("table")
        page.tableHead(
            [
                (periods.interval == .day ? "day" : "hour", false), ("energy \(unit.name)", true),
                ("± \(unit.name)", true),
                ("by tasks \(unit.name)", true), ("chargeable \(unit.name)", true), ("mean W", true), ("peak W", true),
                (ShownReport.share(of: total.evidence), true),
                ("register \(unit.name)", true),
                ("pages", true), ("notes", false),
            ])
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
        page.element("td", "\(count) \(unit) without a page", [("colspan", "11")])
        page.end()
    }

    private func write(_ entry: ReportEntry, in unit: EnergyUnit, to page: inout MarkupWriter) {
        let pages = entry.pages
        page.begin("tr")
        page.element("th", name(ofPeriod: entry.period), [("scope", "row")])
        page.figures(
            [
                pages.isMeasured ? unit.figure(pages.energy) : "–",
                pages.errorBound.map { unit.figure($0) } ?? "–",
                pages.isMeasured ? unit.figure(pages.work) : "–",
                unit.figure(pages.chargeable), pages.mean.map { decimal(thousandths: $0.milliwatts) } ?? "–",
                pages.peak.map { decimal(thousandths: $0.milliwatts) } ?? "–",
                percent(basisPoints: Int64(energy.coverage(of: entry).value)),
                unit.figure(pages.registerEnd), "\(pages.firstPage)–\(pages.lastPage)",
            ])
        page.element("td", shortRemarks(on: pages), [("class", "notes")])
        page.end()
        page.line()
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
            "A page is signed as a whole and never divided: it counts where its window ends. The registers say which "
                + "energy is in a period; as JSON or CSV the report has them to the millijoule.",
            "± is the error bound: the bounds of all windows added. It covers the sensor's step, jitter and gaps, not "
                + "the sensor's gain, which only a better instrument can tell.",
            "Covered is the share of the period that readings were taken in, or that a declared source was said to "
                + "work. What is not covered is not guessed: it adds nothing.",
            "1 Wh is 3600 J. Hours and days are those of \(clock).",
        ] { page.element("li", text) }
        page.end()
        page.line()
    }
}
