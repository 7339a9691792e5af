import AgentCore
import Configuration
import Cryptography
import Federation
import Gateway
import Platform
import Quantities
import Store
import Wire

let keyCommands = [
    CommandSpecification(
        ["key", "generate"], "Make this node's keys", examples: ["key generate", "key generate --state ./sprout"]
    ) { invocation throws(Failure) in
        let keys = try keyFiles { () throws(KeyFileError) in
            try NodeKeys.create(StatePaths(state: invocation.value("state")))
        }
        return try show(keys, invocation)
    },
    CommandSpecification(
        ["key", "show"], "Show this node's public keys and their fingerprint",
        examples: ["key show", "key show --json"]
    ) { invocation throws(Failure) in
        try show(try nodeKeys(invocation), invocation)
    },
    CommandSpecification(
        ["key", "import"], "Take an existing Ed25519 key (PKCS#8 PEM) as identity", positionals: ["FILE"],
        examples: ["key import Sprout_ed25519_private.pem"]
    ) { invocation throws(Failure) in
        let path = invocation.positionals[0]
        let text = String(decoding: try readFile(path, limit: 65_536, hint: importHint), as: UTF8.self)
        let identity: SigningKey
        do throws(PEMError) { identity = try PEM.signingKey(text) } catch {
            throw Failure(.badData, "\(path): \(error.explanation)", hint: importHint)
        }
        let keys = try keyFiles { () throws(KeyFileError) in
            try NodeKeys.create(StatePaths(state: invocation.value("state")), identity: identity)
        }
        return try show(keys, invocation)
    },
    keyRotateCommand,
    CommandSpecification(
        ["key", "export"], "Print this node's public key, or its record for peers to add",
        options: [
            OptionSpecification("node", "Print the signed node record: keys, name and addresses"),
            OptionSpecification("succession", "Print the last succession of keys (key rotate)"),
        ],
        examples: ["key export > sprout.pem", "key export --node > sprout.node"]
    ) { invocation throws(Failure) in
        let text: String
        if invocation.has("succession") {
            guard let last = try nodeKeys(invocation).successions.last else {
                throw Failure(.noInput, "this node has its first key still", hint: "sage-edge key rotate")
            }
            text = IdentityText.succession(last).text
        } else if invocation.has("node") {
            text = try nodeRecord(invocation)
            warnWithoutAddress(text, invocation)
        } else {
            text = PEM.text(try nodeKeys(invocation).identity.publicKey)
        }
        guard invocation.wantsJSON else {
            try Console.print(text)
            return .success
        }
        try Console.print { json in
            json.member(invocation.has("succession") ? "succession" : invocation.has("node") ? "record" : "pem", text)
        }
        return .success
    },
]

private let importHint =
    "the secret key is meant, which begins with -----BEGIN PRIVATE KEY-----, not what sage-edge key export prints"

/// The node's record: the running agent's, or one made from keys and configuration where none runs.
private func nodeRecord(_ invocation: Invocation) throws(Failure) -> String {
    if let answer = try AgentClient(invocation).askIfRunning(.nodeRecord) { return answer.value.word("record") }
    let keys = try nodeKeys(invocation)
    let configuration = try loadConfiguration(invocation).0
    // A record made later must count higher: the agent numbers its own by how often the store was opened.
    let sequence = (try? openStore(invocation).bootEpoch) ?? 0
    guard
        let record = NodeRecord(
            signingKey: keys.identity.publicKey, agreementKey: keys.link.publicKey,
            platform: configuration.federation.delegator.context, addresses: configuration.link.namedAddresses,
            sequence: sequence)
    else { throw Failure(.configuration, "more addresses are advertised than a node record names") }
    let scheme = Ed25519()
    return NodeRecordText.text(
        Signed(signing: record, with: keys.identity, in: configuration.federation.domain, by: scheme))
}

/// Says so where the record in `text` does not tell others how to reach this node.
private func warnWithoutAddress(_ text: String, _ invocation: Invocation) {
    guard let domain = (try? loadConfiguration(invocation))?.0.federation.domain,
        let record = try? NodeRecordText.record(text, in: domain, using: Ed25519()), record.payload.addresses.isEmpty
    else { return }
    Console.note(
        "sage-edge: the record names no address: others cannot call this board, only be called by it\n"
            + "  hint: set link.advertise, restart the agent and export again")
}

/// The node's keys; a failure that says how to make them where there are none.
func nodeKeys(_ invocation: Invocation) throws(Failure) -> NodeKeys {
    let paths = StatePaths(state: invocation.value("state"))
    let keys = try keyFiles { () throws(KeyFileError) in try NodeKeys.load(paths) }
    guard let keys else { throw Failure(.noInput, "no keys in \(paths.keys)", hint: "sage-edge key generate") }
    return keys
}

private func show(_ keys: NodeKeys, _ invocation: Invocation) throws(Failure) -> ExitCode {
    let key = keys.identity.publicKey
    if invocation.wantsJSON {
        try Console.print { json in
            json.member("key_id", key.id.text)
            json.member("fingerprint", key.id.fingerprint)
            json.member("node_id", keys.nodeID.text)
            json.member("ed25519_public_key", Base64.encode(key.bytes.array))
            json.member("x25519_public_key", Base64.encode(keys.link.publicKey.array))
        }
    } else {
        var table = TextTable()
        table.row("fingerprint", key.id.fingerprint)
        table.row("key id", key.id.text)
        if keys.nodeID != key.id { table.row("node id", keys.nodeID.text) }
        table.row("Ed25519", Base64.encode(key.bytes.array))
        table.row("X25519", Base64.encode(keys.link.publicKey.array))
        try Console.print(table.text())
    }
    return .success
}

func keyFiles<Result>(_ body: () throws(KeyFileError) -> Result) throws(Failure) -> Result {
    do throws(KeyFileError) { return try body() } catch {
        switch error {
        case .system(let system): throw failure(system)
        case .notAKey, .tooLong: throw Failure(.badData, error.explanation)
        case .notASuccession: throw Failure(.badData, error.explanation)
        case .unfinishedRotation: throw Failure(.configuration, error.explanation, hint: "sage-edge key rotate")
        case .keyElsewhere:
            throw Failure(
                .configuration, error.explanation, hint: "replace the service's credential, or move the key back")
        case .exposed: throw Failure(.permission, error.explanation)
        case .exists(let path):
            throw Failure(
                .cannotCreate, error.explanation, hint: existingKeysHint(path))
        }
    }
}

/// What to do where the key at `path` is there already.
private func existingKeysHint(_ path: String) -> String {
    let keys = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropLast(2)
    let folder = keys.map { String(decoding: Array($0), as: UTF8.self) }.joined(separator: "/")
    return "sage-edge key show; to make new ones, stop the agent and put keys and ledger aside, which belong together: "
        + "(cd \(shellWord(folder)) && mkdir -m 700 old && mv keys ledger.db* old/)"
}
