import Configuration
import Cryptography
import Platform
import Quantities
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
        ["key", "show"], "Show this node's public keys and their fingerprint", examples: ["key show", "key show --json"]
    ) { invocation throws(Failure) in
        try show(try nodeKeys(invocation), invocation)
    },
    CommandSpecification(
        ["key", "import"], "Use an existing Ed25519 key (PKCS#8 PEM) as this node's identity", positionals: ["FILE"],
        examples: ["key import Sprout_ed25519_private.pem"]
    ) { invocation throws(Failure) in
        let path = invocation.positionals[0]
        let text = String(decoding: try readFile(path, limit: 65_536), as: UTF8.self)
        let identity: SigningKey
        do throws(PEMError) { identity = try PEM.signingKey(text) } catch {
            throw Failure(.badData, "\(path): \(error.explanation)")
        }
        let keys = try keyFiles { () throws(KeyFileError) in
            try NodeKeys.create(StatePaths(state: invocation.value("state")), identity: identity)
        }
        return try show(keys, invocation)
    },
]

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
            json.member("ed25519_public_key", Base64.encode(key.bytes.array))
            json.member("x25519_public_key", Base64.encode(keys.link.publicKey.array))
        }
    } else {
        try Console.print(
            table([
                ["fingerprint", key.id.fingerprint],
                ["key id", key.id.text],
                ["identity (Ed25519)", Base64.encode(key.bytes.array)],
                ["link (X25519)", Base64.encode(keys.link.publicKey.array)],
            ]))
    }
    return .success
}

private func keyFiles<Result>(_ body: () throws(KeyFileError) -> Result) throws(Failure) -> Result {
    do throws(KeyFileError) { return try body() } catch {
        switch error {
        case .system(let system): throw failure(system)
        case .notAKey, .tooLong: throw Failure(.badData, error.explanation)
        case .exposed: throw Failure(.permission, error.explanation)
        case .exists:
            throw Failure(.cannotCreate, error.explanation, hint: "sage-edge key show, or choose another --state folder")
        }
    }
}
