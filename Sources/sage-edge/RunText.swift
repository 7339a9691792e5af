import AgentCore
import Cryptography
import EnergyProofs
import Federation
import Ledger
import Quantities
import Telemetry

// A report on runs for a terminal.
extension ShownRuns {
    /// The report as lines that fit the terminal.
    var table: String {
        var head = TextTable()
        if let signed {
            head.row("board", signed.board.text)
            head.row("key", signed.energy.key.id.fingerprint)
        }
        head.row("from", periods.shown(periods.from) + " " + periods.clock)
        head.row("to", periods.shown(periods.to) + " " + periods.clock)
        head.row(
            "made",
            periods.shown(made) + " " + periods.clock + ", of what the board keeps of its runs, beside its signed pages"
        )
        if damaged > 0 { head.row("note", "\(damaged) runs cannot be read") }
        return head.text() + report.totals.map { "\n" + text(of: $0) }.joined()
    }

    private func text(of total: RunTotal) -> String {
        var sum = TextTable()
        sum.row("source", total.source.text)
        sum.row("class", total.evidence.name + ": " + ShownReport.meaning(of: total.evidence))
        sum.row("runs", "\(total.runs), " + duration(milliseconds: total.duration.milliseconds))
        sum.row("energy", energy(total))
        sum.row("payment", ShownRuns.payment(total))
        sum.row("pages", pages(total))
        sum.row("signed", signed(total))
        let runs = runs(of: total)
        let unit = unit
        var rows = TextTable(header: [
            "ended", "task", "for", ">energy \(unit.name)", ">± \(unit.name)", ">mean", ">took", "signed",
        ])
        for reported in runs {
            let run = reported.run
            rows.row([
                String(periods.shown(run.ended).dropFirst(5)), String(run.task.text.prefix(8)), ShownRuns.payer(run),
                unit.figure(run.energy), run.errorBound.map { unit.figure($0) } ?? "-",
                run.mean.map { watts(milliwatts: $0.milliwatts) } ?? "-",
                duration(milliseconds: run.duration.milliseconds), reported.coverage.name,
            ])
        }
        return sum.text() + "\n" + withDetails(rows.text(), runs)
    }

    /// The lines of a table, each but the first with what there was no room for below it.
    private func withDetails(_ table: String, _ runs: [ReportedRun]) -> String {
        let lines = table.split(separator: "\n").map { String($0) }
        // A line that had to be broken has no run of its own; then nothing is said twice.
        guard lines.count == runs.count + 1 else { return table }
        var text = (lines.first ?? "") + "\n"
        for (line, reported) in zip(lines.dropFirst(), runs) {
            let run = reported.run
            var details = [run.operation.name]
            if run.outcome != .done { details.append(run.outcome.name) }
            details.append("register " + span(run) + (run.span == nil ? "" : " " + unit.name))
            details.append(ShownRuns.payment(run))
            if let processors = ShownRuns.processors(run) { details.append(processors) }
            text += line + "\n"
            for part in wrapped(details.joined(separator: ", "), to: max(20, Console.width - 16)) {
                text += String(repeating: " ", count: 16) + part + "\n"
            }
        }
        return text
    }
}
