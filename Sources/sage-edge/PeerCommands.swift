import AgentCore
import Federation
import Gateway
import Quantities

let peerCommands = [
    CommandSpecification(
        ["peers", "list"], "List the peers and how they do", examples: ["peers list", "peers list --json"]
    ) { invocation throws(Failure) in
        let answer = try AgentClient(invocation).ask(.peers)
        try Console.print(invocation.wantsJSON ? answer.line : peersText(answer.value))
        return .success
    },
    CommandSpecification(
        ["peers", "add"], "Make a node a peer by its record (key export --node)",
        positionals: ["FILE"], examples: ["peers add thor.node", "peers add - < thor.node"]
    ) { invocation throws(Failure) in
        let path = invocation.positionals[0]
        let bytes = try readFile(path, limit: FederationLimits.maximumNodeTextLength)
        let answer = try AgentClient(invocation).ask(.addPeer(record: String(decoding: bytes, as: UTF8.self)))
        if invocation.wantsJSON {
            try Console.print(answer.line)
        } else {
            try Console.print(
                "added \(answer.value.word("added")), key \(answer.value.word("fingerprint"))\n"
                    + "Compare the key with what 'sage-edge key show' prints there.")
        }
        return .success
    },
    CommandSpecification(
        ["peers", "ping"], "Measure the round trip to a peer", positionals: ["NAME"], examples: ["peers ping Thor"]
    ) { invocation throws(Failure) in
        let name = try platformName(invocation.positionals[0]).text
        let answer = try AgentClient(invocation).ask(.ping(name: name), progress: "waiting for \(name)")
        let time = answer.value["round_trip_ms"]?.number == 0 ? "less than 1 ms" : answer.value.time("round_trip_ms")
        try Console.print(invocation.wantsJSON ? answer.line : "\(name) answers in \(time)")
        return .success
    },
    CommandSpecification(
        ["peers", "remove"], "Forget a peer", positionals: ["NAME"], examples: ["peers remove Thor"]
    ) { invocation throws(Failure) in
        let name = try platformName(invocation.positionals[0]).text
        let answer = try AgentClient(invocation).ask(.removePeer(name: name))
        try Console.print(invocation.wantsJSON ? answer.line : "removed \(name)")
        return .success
    },
]

private func peersText(_ answer: JSONValue) -> String {
    let peers = answer["peers"]?.elements ?? []
    if peers.isEmpty { return "no peers; add one: sage-edge peers add FILE" }
    var table = TextTable(header: ["peer", "address", "state", ">round trip", ">memory", ">ATP", ">load", "money"])
    for peer in peers {
        table.row([
            peer.word("peer"), peer.wordOrDash("address"), peer["up"] == .boolean(true) ? "up" : "down",
            peer["round_trip_ms"]?.number.map { "\($0) ms" } ?? "-",
            peer["free_memory_bytes"]?.number.map { memorySize(bytes: $0) } ?? "-",
            peer["available_mj"]?.text == nil ? "-" : peer.energy("available_mj"),
            peer["load_bp"]?.number.map { "\($0 / 100) %" } ?? "-", peer.word("money"),
        ])
    }
    return printable(table.text())
}
