import AgentCore
import Configuration
import Cryptography
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
    peerShowCommand,
    CommandSpecification(
        ["peers", "add"], "Make a node a peer by its record, or trust a bare public key",
        positionals: ["FILE"],
        options: [
            OptionSpecification("key", value: "PEM", "Trust this public key as that of the platform or creator named")
        ],
        examples: [
            "peers add thor.node", "peers add - < thor.node", "peers add Legion --key legion.pem",
            "peers add lct:web4:agent:dp --key dp.pem",
        ]
    ) { invocation throws(Failure) in
        let path = invocation.positionals[0]
        if let key = invocation.value("key") { return try trust(key, as: path, invocation) }
        let making = "the other board's record is made there: sage-edge key export --node > board.node"
        let record = String(
            decoding: try readFile(path, limit: FederationLimits.maximumNodeTextLength, hint: making), as: UTF8.self)
        if IdentityText.isSuccession(record) { return try addIdentity(record, invocation) }
        let answer: AgentClient.Answer
        do throws(Failure) { answer = try AgentClient(invocation).ask(.addPeer(record: record)) } catch {
            // The agent checks it in its own federation, whatever is configured for whoever asks.
            guard error.message.hasSuffix(EnvelopeError.badSignature.explanation) else {
                throw error.code == .badData && error.hint == nil ? error.hinting(making) : error
            }
            throw error.hinting(
                "perhaps it is of another federation: compare federation.name and configuration_epoch on both boards")
        }
        if invocation.wantsJSON {
            try Console.print(answer.line)
        } else {
            let peer = answer.value.word("added")
            try Console.print(
                "added \(peer), key \(answer.value.word("fingerprint"))\n"
                    + "Compare the key with what 'sage-edge key show' prints on \(peer).\n"
                    + "\(peer) must add this board, too:\n"
                    + "  here:       sage-edge key export --node > this-board.node\n"
                    + "  on \(peer):  sage-edge peers add this-board.node")
        }
        return .success
    },
    CommandSpecification(
        ["peers", "ping"], "Measure the round trip to a peer", positionals: ["NAME"], examples: ["peers ping Thor"]
    ) { invocation throws(Failure) in
        let name = try platformName(invocation.positionals[0]).text
        let answer: AgentClient.Answer
        do throws(Failure) {
            answer = try AgentClient(invocation).ask(.ping(name: name), progress: "waiting for \(name)")
        } catch {
            throw error.code == .checkFailed && hasNeverAnswered(name, invocation)
                ? error.hinting(
                    "it has never answered: has each board added the other's record, with an address that reaches it, "
                        + "and do both have the same keys.psk_file?")
                : likeNamed(name, error, invocation)
        }
        let time = answer.value["round_trip_ms"]?.number == 0 ? "less than 1 ms" : answer.value.time("round_trip_ms")
        try Console.print(invocation.wantsJSON ? answer.line : "\(name) answers in \(time)")
        return .success
    },
    CommandSpecification(
        ["peers", "remove"], "Forget a peer", positionals: ["NAME"], examples: ["peers remove Thor"]
    ) { invocation throws(Failure) in
        let name = invocation.positionals[0]
        guard TrustedName(name) != nil else { throw notAName(name) }
        let answer: AgentClient.Answer
        do throws(Failure) { answer = try AgentClient(invocation).ask(.removePeer(name: name)) } catch {
            throw likeNamed(name, error, invocation)
        }
        try Console.print(invocation.wantsJSON ? answer.line : "removed \(name)")
        return .success
    },
    peersHTTPCommand,
]

/// Trusts the public key in the file `path` as that of `name`.
private func trust(_ path: String, as name: String, _ invocation: Invocation) throws(Failure) -> ExitCode {
    guard TrustedName(name) != nil else { throw notAName(name) }
    let pem = String(decoding: try readFile(path, limit: IdentityLimits.textBytes), as: UTF8.self)
    let answer = try AgentClient(invocation).ask(.trustKey(name: name, pem: pem))
    try Console.print(
        invocation.wantsJSON
            ? answer.line
            : "trusts the key \(answer.value.word("fingerprint")) as that of \(name)\n"
                + "Compare the key with what its owner reads out.")
    return .success
}

private func notAName(_ name: String) -> Failure {
    Failure(
        .usage, "'\(printable(name))' is neither a platform's name nor lct:web4:agent: and a creator's",
        hint: "sage-edge peers list, sage-edge identity list")
}

/// The peers that the running agent tells of; none where it does not answer.
func knownPeers(_ invocation: Invocation) -> [JSONValue] {
    (try? AgentClient(invocation).askIfRunning(.peers))?.value["peers"]?.elements ?? []
}

/// `error` with the hint at the peer that is called almost `name`, where there is one and `error` says there is none.
func likeNamed(_ name: String, _ error: Failure, _ invocation: Invocation) -> Failure {
    guard error.code == .noInput else { return error }
    let names = knownPeers(invocation).compactMap { $0["peer"]?.text }
    let guess = names.first { $0.lowercased() == name.lowercased() } ?? nearestName(to: name, among: names)
    return guess.map { error.hinting("did you mean \($0)?") } ?? error
}

/// Whether nothing has come from the peer called `name` since the agent started.
private func hasNeverAnswered(_ name: String, _ invocation: Invocation) -> Bool {
    knownPeers(invocation).contains { $0["peer"]?.text == name && $0["heard_ms_ago"]?.number == nil }
}

/// Whether money moves with `peer` of a `peers` answer, and why not, where it was stopped.
func money(with peer: JSONValue) -> String {
    peer["money_stopped_because"]?.text.map { "closed: " + $0 } ?? peer.word("money")
}

/// The text of a `peers` answer.
func peersText(_ answer: JSONValue) -> String {
    let peers = answer["peers"]?.elements ?? []
    if peers.isEmpty { return "no peers; add one: sage-edge peers add FILE" }
    var table = TextTable(header: ["peer", "address", "state", ">round trip", ">memory", ">ATP", ">load", "money"])
    for peer in peers {
        table.row([
            peer.word("peer"), peer.wordOrDash("address"), peer["up"] == .boolean(true) ? "up" : "down",
            peer["round_trip_ms"]?.number.map { "\($0) ms" } ?? "-",
            peer["free_memory_bytes"]?.number.map { memorySize(bytes: $0) } ?? "-",
            peer["available_mj"]?.text == nil ? "-" : peer.energy("available_mj"),
            peer["load_bp"]?.number.map { "\($0 / 100) %" } ?? "-", money(with: peer),
        ])
    }
    return printable(table.text())
}
