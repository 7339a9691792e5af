import AgentCore
import Gateway
import Wire

let statusCommand = CommandSpecification(
    ["status"], "Show the running agent: board, energy, credits, tasks, peers",
    examples: ["status", "status --json"]
) { invocation throws(Failure) in
    let answer = try AgentClient(invocation).ask(.status)
    try Console.print(invocation.wantsJSON ? answer.line : statusText(answer.value))
    return .success
}

/// A source beside the board: its power, its register, its pages, and what keeps it from being charged from.
private func sourceText(_ source: JSONValue) -> String {
    var text = source.word("source") + ", " + source.wordOrDash("class")
    if let disbelief = disbelief(of: source) {
        text += ", - (" + disbelief + ")"
    } else {
        text += source["reporting"] == .boolean(true) ? ", " + source.power("power_mw") : ", not shown now"
    }
    if source["register_mj"]?.text != nil { text += ", " + source.energy("register_mj") + " registered" }
    text += ", " + counted(source["pages"]?.number ?? 0, "proof") + ", " + source.energy("charged_mj") + " charged"
    if let refusal = source["charge_refused"]?.text { text += " (" + refusal + ")" }
    return text
}

/// Why what a source shows is no power; nil where it shows one, or none.
private func disbelief(of source: JSONValue) -> String? {
    source["unbelieved_mw"]?.number.map { unbelievedText(milliwatts: $0, isRated: source["rated_mw"]?.number != nil) }
}

/// A cause that slows the board down: how deep, and since when.
private func throttleText(_ cause: JSONValue) -> String {
    let depth =
        cause["max"]?.number.map { "step \(cause.word("state")) of \($0)" }
        ?? counted(cause["depth"]?.number ?? 0, "event")
    return cause.word("cause") + ", " + depth + ", for " + cause.time("since_ms_ago")
}

/// How a program of the operator's stands that serves an operation.
private func executorText(_ executor: JSONValue) -> String {
    if let reason = executor["because"]?.text { return executor.word("state") + ": " + reason }
    let count = executor["processes"]?.number ?? 0
    return executor.word("state") + ", \(count) process" + (count == 1 ? "" : "es")
}

/// What came of the last reading of the configuration; nil where all of it counts.
private func configurationText(_ configuration: JSONValue) -> String? {
    let refusal = configuration["refused_because"]?.text.map {
        "the last one that was read is refused, the one before counts: "
            + $0.split(separator: "\n").joined(separator: "; ")
    }
    let pending = configuration.list("restart_needed_for").map { "counts only after a restart: " + $0 }
    let texts = [refusal, pending].compactMap { $0 }
    return texts.isEmpty ? nil : texts.joined(separator: "; ")
}

/// What clients over HTTP may do that they could not by default; nil where nothing.
private func openingText(_ http: JSONValue) -> String? {
    var texts: [String] = []
    if http["signatures_verified"] == .boolean(false) { texts.append("SIGNATURES OF CLIENTS ARE NOT VERIFIED") }
    if http["delegation_open"] == .boolean(true) { texts.append("no API key is needed to delegate") }
    return texts.isEmpty ? nil : texts.joined(separator: "; ")
}

/// The text of a `status` answer.
func statusText(_ status: JSONValue) -> String {
    let board = status["board"] ?? .null
    let energy = status["energy"] ?? .null
    let ledger = status["ledger"] ?? .null
    let tasks = status["tasks"] ?? .null
    let peers = status["peers"] ?? .null
    var table = TextTable()
    table.row(
        "agent",
        "\(status.word("platform")), \(status.word("state")) for "
            + (status["uptime_ms"]?.number.map { duration(milliseconds: $0) } ?? "?"))
    table.row("key", status.word("fingerprint"))
    if let address = status["http"]?["address"]?.text {
        let fault = status["http"]?["fault"]?.text.map { "not at \(address): \($0)" }
        table.row("http", fault ?? address)
        if let text = openingText(status["http"] ?? .null) { table.row("http", text) }
    }
    if let text = configurationText(status["configuration"] ?? .null) { table.row("configuration", text) }
    for executor in status["executors"]?.elements ?? [] {
        table.row("executor", executor.word("operation") + ", " + executorText(executor))
    }
    let replayed = board["replayed"] == .boolean(true) ? ", replayed" : ""
    table.row("board", board.word("profile") + replayed + (board["model"]?.text.map { ", \($0)" } ?? ""))
    let doubt = status["sources"]?.elements.first.flatMap { disbelief(of: $0) }
    table.row(
        "power",
        (doubt.map { "- (" + $0 + ")" } ?? board.power("power_mw")) + " of " + board.power("rated_mw")
            + (board["rated_guessed"] == .boolean(true) ? " (a guess: set energy.rated_watts)" : "")
            + (board["power_mode"]?.text.map { ", mode \($0)" } ?? ""))
    table.row("hottest", board["hottest_millidegrees"]?.number.map { degrees(millidegrees: $0) } ?? "unknown")
    table.row(
        "memory",
        board.memory("memory_available_bytes") + " free, " + board.memory("memory_for_tasks_bytes") + " for tasks")
    let causes = (status["throttle"]?.elements ?? []).filter { $0["active"] == .boolean(true) }
    for cause in causes { table.row("throttle", throttleText(cause)) }
    if causes.isEmpty { table.row("throttle", "none") }
    if let unavailable = board.list("unavailable") { table.row("unread", unavailable) }
    if let fault = status["store_fault"]?.text {
        table.row("store", "cannot be used: \(fault)")
        return printable(table.text())
    }
    let register = energy["register_mj"]?.text == nil ? "not metered" : energy.energy("register_mj") + " registered"
    table.row("energy", register + ", " + energy.power("baseline_mw") + " without work")
    table.row(
        "proofs",
        energy.word("pages")
            + (energy["last_chargeable_mj"]?.text == nil
                ? "" : ", the last allows " + energy.energy("last_chargeable_mj")))
    // The board itself comes first; what is told of it stands above.
    if let board = status["sources"]?.elements.first?["source"]?.text { table.row("source", board + ", the board") }
    for source in (status["sources"]?.elements ?? []).dropFirst() { table.row("source", sourceText(source)) }
    table.row(
        "ATP",
        ledger.energy("available_mj") + " available, " + ledger.energy("locked_mj") + " locked, "
            + ledger.energy("reserved_mj") + " reserved")
    table.row("ADP", ledger.energy("adp_mj") + " of a supply of " + ledger.energy("supply_mj"))
    table.row(
        "tasks",
        "\(tasks.word("running")) running, \(tasks.word("queued")) queued, \(tasks.word("elsewhere")) elsewhere, "
            + "\(tasks.word("for_others")) for others")
    table.row("peers", "\(peers.word("up")) up of \(peers.word("known"))")
    if let decision = status["last_decision"]?.text { table.row("decided", decision) }
    return printable(table.text())
}
