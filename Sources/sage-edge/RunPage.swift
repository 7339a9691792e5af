import AgentCore
import Cryptography
import EnergyProofs
import Federation
import Ledger
import Quantities
import Telemetry

// A report on runs as one page of HTML that needs nothing else.
extension ShownRuns {
    /// The page.
    var html: String {
        let time = periods.shown(periods.from) + " to " + periods.shown(periods.to) + " " + periods.clock
        var page = MarkupWriter(page: "Energy per task" + (signed.map { " of " + $0.board.text } ?? "") + ", " + time)
        page.element("h1", "Energy per task")
        page.begin("dl")
        if let signed {
            page.definition("board", signed.board.text)
            page.definition("pages signed by", signed.energy.key.id.fingerprint, isCode: true)
        }
        page.definition("period", time)
        page.definition("made", periods.shown(made) + " " + periods.clock + " by sage-edge " + Version.text)
        if damaged > 0 { page.definition("note", "\(damaged) runs cannot be read") }
        page.end()
        page.line()
        for total in report.totals { write(total, to: &page) }
        writeReading(to: &page)
        page.endPage()
        return page.text
    }

    private func write(_ total: RunTotal, to page: inout MarkupWriter) {
        page.begin("section")
        page.begin("h2")
        page.content(total.source.text + " ")
        page.evidence(total.evidence)
        page.end()
        page.begin("dl")
        page.definition("known by", ShownReport.meaning(of: total.evidence))
        page.definition("runs", "\(total.runs), " + duration(milliseconds: total.duration.milliseconds))
        page.definition("energy", energy(total))
        page.definition("payment", ShownRuns.payment(total))
        page.definition("signed pages", pages(total))
        page.definition("rest on pages", signed(total))
        page.end()
        writeRuns(of: total, to: &page)
        page.end()
        page.line()
    }

    private func writeRuns(of total: RunTotal, to page: inout MarkupWriter) {
        let runs = runs(of: total)
        let unit = unit
        page.begin("div", [("class", "scroll")])
        page.begin("table")
        page.tableHead([
            ("ended", false), ("task", false), ("operation", false), ("for", false), ("energy \(unit.name)", true),
            ("± \(unit.name)", true), ("mean W", true), ("took", true), ("register \(unit.name)", true),
            ("signed pages", false), ("payment", false),
        ])
        page.begin("tbody")
        for reported in runs {
            let run = reported.run
            page.begin("tr")
            page.element("th", periods.shown(run.ended), [("scope", "row")])
            page.begin("td")
            page.element("code", String(run.task.text.prefix(12)), [("title", run.task.text)])
            page.end()
            page.element("td", run.operation.name + (run.outcome == .done ? "" : " (" + run.outcome.name + ")"))
            page.element("td", ShownRuns.payer(run), run.payer.map { [("title", $0.id.text)] } ?? [])
            page.figures([
                unit.figure(run.energy), run.errorBound.map { unit.figure($0) } ?? "–",
                run.mean.map { decimal(thousandths: $0.milliwatts) } ?? "–",
                duration(milliseconds: run.duration.milliseconds), span(run),
            ])
            page.element("td", reported.coverage.name)
            let notes = [ShownRuns.payment(run), ShownRuns.processors(run)].compactMap { $0 }
            page.element("td", notes.joined(separator: ", "), [("class", "notes")])
            page.end()
            page.line()
        }
        page.end()
        page.end()
        page.end()
    }

    private func writeReading(to page: inout MarkupWriter) {
        page.element("h2", "How to read it")
        page.begin("ul")
        for text in [
            "What a board keeps of its runs is its own word and carries no signature. Signed pages, yes: every page "
                + "that covers the run's part of the register was there and was checked. No: the run's energy was "
                + "computed, its register is not known, or no page covers it.",
            "Energy is what the run drew beyond what the board draws without work; runs at the same time share it in "
                + "equal parts. The register's span is the whole board's.",
            "± is how far the register's difference over the run may be from the truth. A run that the meter did not "
                + "resolve has none: its energy is processor time at the profile's power of one core.",
            "Energy of different sources or classes is never added up. 1 Wh is 3600 J. Times are those of "
                + "\(periods.clock).",
        ] { page.element("li", text) }
        page.end()
        page.line()
    }
}
