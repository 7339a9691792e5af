import AgentCore
import Federation
import Gateway
import Quantities

let peerShowCommand = CommandSpecification(
    ["peers", "show"], "Show everything that is known of a peer", positionals: ["NAME"],
    examples: ["peers show Thor", "peers show Thor --json"]
) { invocation throws(Failure) in
    let name = try platformName(invocation.positionals[0]).text
    let answer: AgentClient.Answer
    do throws(Failure) { answer = try AgentClient(invocation).ask(.peer(name: name)) } catch {
        throw likeNamed(name, error, invocation)
    }
    try Console.print(invocation.wantsJSON ? answer.line : printable(peerText(answer.value)))
    return .success
}

/// The text of a `peer` answer.
func peerText(_ peer: JSONValue) -> String {
    let parts = [factsText(peer), servicesText(peer), predictionsText(peer), peerDisputesText(peer)]
    return parts.filter { !$0.isEmpty }.joined(separator: "\n")
}

private func factsText(_ peer: JSONValue) -> String {
    let (identity, session) = (peer["identity"] ?? .null, peer["session"] ?? .null)
    var table = TextTable()
    table.row("peer", peer.word("peer") + (peer["up"] == .boolean(true) ? ", up" : ", down"))
    table.row("key", peer.word("fingerprint"))
    table.row("key id", peer.word("key_id"))
    table.row("address", peer.wordOrDash("address"))
    let addresses = identity["addresses"]?.elements.compactMap { $0.text } ?? []
    if !addresses.isEmpty { table.row("its record names", addresses.joined(separator: ", ")) }
    let certified = identity["certified"]?.elements.compactMap { $0.text } ?? []
    if !certified.isEmpty { table.row("identities there", certified.joined(separator: ", ")) }
    table.row(
        "heard", peer["heard_ms_ago"]?.number.map { duration(milliseconds: $0) + " ago" } ?? "never since the start")
    table.row("round trip", peer["round_trip_ms"]?.number.map { "\($0) ms" } ?? "-")
    table.row(
        "datagrams",
        "\(peer.word("datagrams_sent")) sent, \(peer.word("datagrams_received")) received, "
            + "\(peer.word("datagrams_lost")) lost in \(session.word("sessions")) sessions")
    if let heartbeat = peer["heartbeat"], heartbeat["queue"] != nil { stateRows(peer, heartbeat, &table) }
    let tasks = peer["tasks"] ?? .null
    table.row("tasks", "\(tasks.word("there")) of ours there, \(tasks.word("for_it")) of it here")
    table.row(
        "it may send", "\(tasks.word("per_minute")) tasks a minute, \(tasks.word("allowed_now")) of them now")
    table.row("money", money(with: peer))
    if let lanes = peer["lanes"], lanes["sent"] != nil {
        table.row("our credits there", lanes.energy("own_abroad_mj"))
        table.row("others' credits sent", lanes.energy("foreign_abroad_mj"))
        table.row("to be returned to it", lanes.energy("owed_mj"))
        table.row(
            "lane",
            "\(lanes.word("sent")) sent, \(lanes.word("acknowledged")) acknowledged, "
                + "\(lanes.word("received")) received")
    }
    table.row("direct trust", share(peer, "direct_trust_bp"))
    table.row("claims too much", share(peer, "anomaly_bp") + " of the time")
    table.row(
        "as a witness", share(peer, "witness_accuracy_bp") + " accurate, \(peer.word("witness_words")) words")
    return table.text()
}

private func stateRows(_ peer: JSONValue, _ heartbeat: JSONValue, _ table: inout TextTable) {
    table.row(
        "state",
        (heartbeat["accepts_tasks"] == .boolean(true) ? "takes tasks" : "takes no tasks")
            + ", \(heartbeat.word("queue")) in its queue, load \(share(peer, "load_bp"))")
    table.row(
        "free",
        (peer["free_memory_bytes"]?.number.map { memorySize(bytes: $0) } ?? "-") + " memory, "
            + peer.energy("available_mj") + " of today's credits")
    if let headroom = peer["headroom_millidegrees"]?.number {
        table.row("heat", "\(headroom / 1000) °C below its limit")
    }
    let horizons = heartbeat["horizons"]?.elements.compactMap { $0.text } ?? []
    if !horizons.isEmpty { table.row("horizons", horizons.joined(separator: ", ")) }
    if heartbeat["convergence_bp"]?.number != nil { table.row("convergence", share(heartbeat, "convergence_bp")) }
    if let uptime = heartbeat["uptime_ms"]?.number { table.row("running for", duration(milliseconds: uptime)) }
}

private func servicesText(_ peer: JSONValue) -> String {
    let services = peer["services"]?.elements ?? []
    if services.isEmpty { return "" }
    var table = TextTable(
        header: [
            "operation", ">says", ">energy", ">reputation", ">verified", "standing", ">trust", ">run again", ">beyond",
        ])
    for service in services {
        table.row([
            service.word("operation"), service["typical_ms"]?.number.map { "\($0) ms" } ?? "-",
            service["typical_mj"]?.text == nil ? "-" : service.energy("typical_mj"), share(service, "reputation_bp"),
            service.word("verified"), standing(service.word("standing")), share(service, "trust_bp"),
            share(service, "replication_bp"), service.word("beyond_word"),
        ])
    }
    return table.text()
}

private func standing(_ name: String) -> String { name == "not_chosen" ? "not chosen" : name }

private func predictionsText(_ peer: JSONValue) -> String {
    let predictions = peer["predictions"]?.elements ?? []
    if predictions.isEmpty { return "" }
    var table = TextTable(header: ["measured", ">input up to", ">runs", ">time", ">19 of 20", ">energy", ">19 of 20"])
    for prediction in predictions {
        table.row([
            prediction.word("operation"), prediction["up_to_bytes"]?.number.map { memorySize(bytes: $0) } ?? "-",
            prediction.word("runs"), prediction.word("time_ms") + " ms", prediction.word("time_p95_ms") + " ms",
            prediction.energy("energy_mj"), prediction.energy("energy_p95_mj"),
        ])
    }
    return table.text()
}

private func peerDisputesText(_ peer: JSONValue) -> String {
    let disputes = peer["disputes"]?.elements ?? []
    if disputes.isEmpty { return "" }
    var table = TextTable(header: ["disputed task", "operation", "reason", ">claimed", ">found"])
    for dispute in disputes.reversed() {
        table.row([
            String(dispute.word("task").prefix(12)), dispute.word("operation"), dispute.word("reason"),
            share(dispute, "claimed_bp"), share(dispute, "verified_bp"),
        ])
    }
    return table.text()
}

/// The share in ten-thousandths that is member `name` of `object`, in percent; a dash where there is none.
func share(_ object: JSONValue, _ name: String) -> String {
    object[name]?.number.map { percent(basisPoints: $0) } ?? "-"
}
