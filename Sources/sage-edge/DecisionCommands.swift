import AgentCore
import Configuration
import Federation
import Gateway
import Quantities
import Store
import Wire

let decisionCommands = [
    CommandSpecification(
        ["decisions", "list"], "List the decisions where tasks ran, newest first",
        options: [OptionSpecification("limit", value: "N", "How many at most (default 20)")],
        examples: ["decisions list", "decisions list --limit 200 --json"]
    ) { invocation throws(Failure) in
        let limit = Int(try invocation.number("limit", in: 1...Int64(DecisionLimits.listed)) ?? 20)
        var answer = try AgentClient(invocation).askIfRunning(.decisions(DecisionQuery(limit: limit)))
        if answer == nil {
            let records = try fromFiles(invocation) { store throws(StoreError) in
                try store.lastRecords(.decision, limit: limit)
            }
            answer = try AgentClient.Answer(
                AgentViews.decisions(records.reversed(), tellsRecords: false, nextBefore: nil))
        }
        if let answer { try Console.print(invocation.wantsJSON ? answer.line : listText(answer.value)) }
        return .success
    },
    CommandSpecification(
        ["decisions", "show"], "Show a decision with every place, and what it was made from", positionals: ["ID"],
        examples: ["decisions show 17", "decisions show 17 --json"]
    ) { invocation throws(Failure) in
        let kept = try DecisionSupply(invocation).decision(invocation.positionals[0])
        let decision = kept.record.again
        if invocation.wantsJSON {
            try Console.print { json in
                AgentViews.write(membersOf: kept, to: &json)
                json.member("same", kept.record.isSame(as: decision))
                json.key("input")
                kept.record.input.write(to: &json)
                json.key("explained")
                decision.write(to: &json)
            }
        } else {
            try Console.print(printable(shownText(kept, decision)))
        }
        return .success
    },
    CommandSpecification(
        ["decisions", "replay"], "Decide again from what was kept, by this policy or another",
        positionals: ["[ID]…"],
        options: [
            OptionSpecification("all", "Every decision that is kept"),
            OptionSpecification("policy", value: "FILE", "By the section policy of this configuration"),
        ],
        examples: [
            "decisions replay --all", "decisions replay 17 18 --json", "decisions replay --all --policy careful.yaml",
        ]
    ) { invocation throws(Failure) in
        let replay = try DecisionReplay(invocation)
        if invocation.wantsJSON {
            try Console.print { json in replay.write(to: &json) }
        } else {
            try Console.print(printable(replay.text))
        }
        return replay.differing == 0 ? .success : .checkFailed
    },
]

private func listText(_ answer: JSONValue) -> String {
    let decisions = answer["decisions"]?.elements ?? []
    if decisions.isEmpty { return "no decisions" }
    var table = TextTable(header: [">number", "made", "operation", "decision", ">expected", "outcome", ">cost"])
    for decision in decisions {
        let end = decision["end"] ?? .null
        table.row([
            decision.word("number"), decision["decided_ms"]?.number.map { utc(milliseconds: $0) } ?? "-",
            decision.word("operation"), decision.word("decision"),
            decision["cost_mj"]?.text == nil ? "-" : decision.energy("cost_mj"),
            decision["trial"] == .boolean(true) ? "trial" : endText(end),
            end["paid_mj"]?.text == nil ? "-" : end.energy("paid_mj"),
        ])
    }
    return printable(table.text())
}

/// How a decision ended, and where that was.
private func endText(_ end: JSONValue) -> String {
    guard let outcome = end["outcome"]?.text else { return "open" }
    let words = outcome == DecisionEnd.Outcome.badInput.name ? "bad input" : outcome
    return end["platform"]?.text.map { words + " on " + $0 } ?? words
}

private func shownText(_ kept: NumberedDecision, _ decision: Decision) -> String {
    let record = kept.record
    var table = TextTable()
    table.row("decision", "\(kept.number)" + (record.isTrial ? ", a trial" : ""))
    table.row("made", utc(milliseconds: record.decided.milliseconds))
    table.row("task", record.input.task.operation.name + ", \(record.input.task.inputSize.bytes) bytes of input")
    table.row("result wanted within", duration(milliseconds: record.input.task.remaining.milliseconds))
    table.row("decided", record.sentence)
    if let end = record.end {
        table.row("ended", end.outcome.name + " after " + duration(milliseconds: end.after.milliseconds))
        if let platform = end.platform { table.row("ran on", platform.text) }
        if let time = end.time { table.row("run", duration(milliseconds: time.milliseconds)) }
        if let energy = end.energy { table.row("energy", joules(millijoules: energy.millijoules)) }
        if let paid = end.paid { table.row("cost", joules(millijoules: paid.millijoules)) }
        if end.failedAttempts > 0 { table.row("tried in vain", "\(end.failedAttempts)") }
    }
    let note =
        record.isSame(as: decision)
        ? "" : "\nThis version of the program decides otherwise; what follows is what it decides.\n"
    return table.text() + note + "\n" + decision.table
}
