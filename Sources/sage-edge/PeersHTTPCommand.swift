import Federation
import Gateway

/// Asks a federation server over HTTP what is not a task.
let peersHTTPCommand = CommandSpecification(
    ["peers", "http"], "Ask a federation server how it does, or to cancel a task",
    positionals: ["URL"],
    options: [
        OptionSpecification("status", value: "LCT", "Show what this identity there has used and may use"),
        OptionSpecification("cancel", value: "TASK", "Take back this task"),
        OptionSpecification("source", value: "LCT", "With --cancel: whose task, where several have that name"),
    ] + FederationServer.options,
    examples: [
        "peers http http://192.0.2.12:8080",
        "peers http http://thor:8080 --status lct:web4:agent:dp@Thor#planning",
        "peers http https://thor.example --ca fleet.pem",
        "peers http http://thor:8080 --cancel Sprout_17957_planning",
    ]
) { invocation throws(Failure) in
    let server = try FederationServer(invocation.positionals[0], invocation)
    guard !(invocation.has("status") && invocation.has("cancel")) else {
        throw Failure(.usage, "--status and --cancel do not go together")
    }
    guard invocation.has("cancel") || !invocation.has("source") else {
        throw Failure(.usage, "--source goes with --cancel")
    }
    let answer: JSONValue
    if let text = invocation.value("status") {
        _ = try lct(text, of: "--status")
        answer = try server.ask(.status(lct: text))
        guard let status = answer["status"], case .object = status else { throw strange(server, "no status") }
        if !invocation.wantsJSON { try Console.print(standingText(status)) }
    } else if let task = invocation.value("cancel") {
        var source: LCT?
        if let text = invocation.value("source") { source = try lct(text, of: "--source") }
        answer = try server.ask(.cancel(taskID: task, source: source))
        guard answer["cancelled"] == .boolean(true) else { throw strange(server, "nothing was cancelled") }
        if !invocation.wantsJSON {
            try Console.print(printable("cancelled \(task), \(answer.word("atp_refunded")) ATP are free again"))
        }
    } else {
        answer = try server.ask(.health)
        guard answer["status"]?.text != nil, answer["platform"]?.text != nil else { throw strange(server, "no health") }
        if !invocation.wantsJSON { try Console.print(serverText(answer)) }
    }
    if invocation.wantsJSON { try Console.print(answer.line) }
    return .success
}

private func strange(_ server: FederationServer, _ what: String) -> Failure {
    server.failure(.notAServer(status: 200, reason: what))
}

private func serverText(_ answer: JSONValue) -> String {
    var table = TextTable()
    table.row("platform", answer.word("platform"))
    table.row("status", answer.word("status") + (answer.list("reasons").map { ": " + $0 } ?? ""))
    table.row("tasks", "\(answer.word("active_tasks")) under way, \(answer.word("completed_tasks")) completed")
    if answer["signatures_verified"] == .boolean(false) { table.row("signatures", "not verified") }
    if answer["delegation_open"] == .boolean(true) { table.row("open", "to tasks that are not signed") }
    return printable(table.text())
}

private func standingText(_ status: JSONValue) -> String {
    var table = TextTable()
    table.row("identity", status.word("lct_id"))
    table.row(
        "ATP",
        status.word("atp_spent") + " spent of " + status.word("atp_budget") + ", " + status.word("atp_remaining")
            + " left")
    table.row("tasks", status.word("active_tasks") + " of " + status.word("max_tasks") + " at a time")
    table.row("runtime", status.word("total_runtime") + " s")
    return printable(table.text())
}
