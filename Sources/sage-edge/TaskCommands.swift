import AgentCore
import Gateway
import Ledger

let taskCommands = [
    CommandSpecification(
        ["tasks"], "List tasks under way and lately ended", examples: ["tasks", "tasks --json"]
    ) { invocation throws(Failure) in
        let answer = try AgentClient(invocation).ask(.tasks)
        try Console.print(invocation.wantsJSON ? answer.line : tasksText(answer.value))
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

private func tasksText(_ answer: JSONValue) -> String {
    let tasks = answer["tasks"]?.elements ?? []
    if tasks.isEmpty { return "no tasks" }
    var table = TextTable(header: ["task", "role", "operation", "state", "platform", ">budget", ">paid"])
    for task in tasks {
        table.row([
            String(task.word("task").prefix(12)), task.word("role"), task.wordOrDash("operation"), task.word("state"),
            task.word("platform"), task.energy("budget_mj"), task["paid_mj"] == nil ? "-" : task.energy("paid_mj"),
        ])
    }
    return printable(table.text())
}
