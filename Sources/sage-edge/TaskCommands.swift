import AgentCore
import Gateway
import Ledger
import Wire

let taskCommands = [
    CommandSpecification(
        ["tasks"], "List tasks under way and lately ended", examples: ["tasks", "tasks --json"]
    ) { invocation throws(Failure) in
        let client = AgentClient(invocation)
        let answer = try client.ask(.tasks).value
        let ended = try endedHere(client)
        guard invocation.wantsJSON else {
            try Console.print(tasksText(answer, ended))
            return .success
        }
        try Console.print { json in
            for member in answer.members {
                json.key(member.key)
                member.value.write(to: &json)
            }
            json.key("ended")
            json.beginArray()
            for run in ended { run.write(to: &json) }
            json.endArray()
        }
        return .success
    },
    CommandSpecification(
        ["task", "show"], "Show where a task came from, went and was paid", positionals: ["ID"],
        examples: ["task show 3f9a27c0", "task show 3f9a27c0 --json"]
    ) { invocation throws(Failure) in
        let client = AgentClient(invocation)
        let id = try task(invocation.positionals[0], client)
        let tasks = try client.ask(.tasks).value["tasks"]?.elements ?? []
        guard let found = tasks.first(where: { $0["task"]?.text == id.text }) else {
            throw Failure(.noInput, "no task \(id.text) is known any more", hint: "sage-edge tasks")
        }
        guard invocation.wantsJSON else {
            try Console.print(taskText(found))
            return .success
        }
        try Console.print { json in
            for member in found.members {
                json.key(member.key)
                member.value.write(to: &json)
            }
        }
        return .success
    },
    CommandSpecification(
        ["task", "cancel"], "Take back a task that is under way", positionals: ["ID"],
        examples: ["task cancel 3f9a27c0", "task cancel 3f9a27c04be1d2a55c1e90b7d6f48a02"]
    ) { invocation throws(Failure) in
        let client = AgentClient(invocation)
        let task = try task(invocation.positionals[0], client)
        let answer = try client.ask(.cancel(task: task))
        try Console.print(invocation.wantsJSON ? answer.line : "cancelling \(task.text)")
        return .success
    },
]

/// The task whose id begins with `prefix`, which is enough where it is the only one.
private func task(_ prefix: String, _ client: AgentClient) throws(Failure) -> TaskID {
    if let id = TaskID(text: prefix) { return id }
    guard (4..<32).contains(prefix.utf8.count), prefix.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit })
    else {
        throw Failure(
            .usage, "'\(printable(prefix))' is not the id of a task, nor at least four digits of one",
            hint: "sage-edge tasks")
    }
    let known = try client.ask(.tasks).value["tasks"]?.elements ?? []
    let found = known.compactMap { $0["task"]?.text }.filter { $0.hasPrefix(prefix.lowercased()) }
    guard let first = found.first, let id = TaskID(text: first) else {
        throw Failure(.noInput, "no task's id begins with \(prefix)", hint: "sage-edge tasks")
    }
    guard found.allSatisfy({ $0 == first }) else {
        throw Failure(
            .usage, "\(found.count) tasks' ids begin with \(prefix): give more digits", hint: "sage-edge tasks")
    }
    return id
}

/// How many own tasks are listed that ended here, and among how many of the newest runs they are looked for.
private let (listedEnded, searchedRuns) = (20, 500)

/// Own tasks that ended on this board, the newest first, as `runs` tells them.
private func endedHere(_ client: AgentClient) throws(Failure) -> [JSONValue] {
    let runs = try client.ask(.runs(RunQuery(limit: searchedRuns))).value["runs"]?.elements ?? []
    return runs.reversed().filter { $0["payer_id"]?.text == nil }.prefix(listedEnded).map { $0 }
}

func tasksText(_ answer: JSONValue, _ ended: [JSONValue]) -> String {
    let tasks = answer["tasks"]?.elements ?? []
    if tasks.isEmpty, ended.isEmpty { return "no tasks" }
    let over = tasks.filter { $0["over"] == .boolean(true) }
    let open = tasks.filter { $0["over"] != .boolean(true) }
    let parts = [
        open.isEmpty ? "" : sharedText(open, "task"), over.isEmpty ? "" : sharedText(over, "ended with"),
        ended.isEmpty ? "" : endedText(ended),
    ]
    return printable(parts.filter { !$0.isEmpty }.joined(separator: "\n"))
}

/// One task with the platforms above and below it.
func taskText(_ task: JSONValue) -> String {
    var table = TextTable()
    table.row("task", task.word("task"))
    table.row("role", task.word("role"))
    table.row("operation", task.wordOrDash("operation"))
    table.row("state", task.word("state"))
    table.row("platform", task.word("platform"))
    table.row("budget", task.energy("budget_mj"))
    if task["paid_mj"] != nil { table.row("paid", task.energy("paid_mj")) }
    for link in task["chain"]?.elements ?? [] {
        let isKnown = link["key_known"] == .boolean(true)
        table.row("handed on by", link.word("platform") + (isKnown ? "" : ", whose key is not known here"))
    }
    if let parent = task["handed_on_from"]?.text { table.row("handed on", "for task " + parent) }
    for child in task["handed_on_as"]?.elements ?? [] {
        table.row(
            "handed on", "to " + child.word("platform") + " as " + child.word("task") + ": " + child.word("state"))
    }
    for link in task["below"]?.elements ?? [] { table.row("handed on", belowText(link)) }
    return printable(table.text())
}

private func endedText(_ runs: [JSONValue]) -> String {
    var table = TextTable(header: ["ended here", "operation", "outcome", "at", ">energy"])
    for run in runs {
        table.row([
            String(run.word("task").prefix(12)), run.word("operation"), run.word("outcome"),
            run["end_ms"]?.number.map { utc(milliseconds: $0) } ?? "-",
            run["energy_mj"]?.text == nil ? "-" : run.energy("energy_mj"),
        ])
    }
    return table.text()
}

/// Tasks under way, and those with peers that have ended.
private func sharedText(_ tasks: [JSONValue], _ title: String) -> String {
    var table = TextTable(header: [title, "role", "operation", "state", "platform", ">budget", ">paid"])
    for task in tasks {
        table.row([
            String(task.word("task").prefix(12)), task.word("role"), task.wordOrDash("operation"), task.word("state"),
            shortPlatform(task.word("platform")), task.energy("budget_mj"),
            task["paid_mj"] == nil ? "-" : task.energy("paid_mj"),
        ])
    }
    return table.text()
}

/// A platform's name; of one that is no peer any more, whose id is all that is known, the beginning of that.
private func shortPlatform(_ name: String) -> String {
    let isID = name.utf8.count == 64 && name.utf8.allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
    return isID ? String(name.prefix(12)) : name
}
