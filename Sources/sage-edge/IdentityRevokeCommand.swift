import AgentCore
import Configuration
import Cryptography
import Federation
import Platform
import Quantities

let identityRevokeCommand = CommandSpecification(
    ["identity", "revoke"], "End a certificate, and everything below it, for good", positionals: ["FILE"],
    options: [
        OptionSpecification("key", value: "PEM", "Sign with this private key instead of this node's"),
        OptionSpecification("out", value: "PATH", "Write the revocation here, for other boards"),
    ],
    examples: [
        "identity revoke planner.cert --out planner.revocation",
        "identity revoke lct:web4:agent:dp.child@Thor#perception --key dp.pem",
    ]
) { invocation throws(Failure) in
    let content = try identityText(try certificateText(invocation.positionals[0], invocation), invocation)
    guard case .certificates(let chain) = content, let certificate = chain.first else {
        throw Failure(.badData, "only a certificate can be revoked")
    }
    let key: SigningKey
    if let path = invocation.value("key") {
        key = try privateKey(path)
    } else {
        key = try nodeKeys(invocation).identity
    }
    let mayRevoke =
        chain.map { $0.payload.key } + chain.map { $0.payload.creator } + [certificate.platformKey]
    guard mayRevoke.contains(key.publicKey) else {
        throw Failure(
            .permission,
            "the key \(key.publicKey.id.fingerprint) is neither the identity's, nor a creator's, nor the "
                + "platform's: its revocation would count nowhere",
            hint: "--key FILE, the private key of one of them")
    }
    guard
        let payload = Revocation(
            of: certificate.payload.key, for: certificate.payload.lineage, by: key.publicKey, at: Clock.wallTime)
    else { throw Failure(.tryAgain, "this board's clock names no time that can be signed", hint: "set the clock") }
    let domain = try loadConfiguration(invocation).0.federation.domain
    let text = IdentityText.revocation(Signed(signing: payload, with: key, in: domain, by: Ed25519())).text
    if let path = invocation.value("out") {
        try writeFile(path, Array(text.utf8))
        // Without an agent the file is what was asked for.
        if try AgentClient(invocation).askIfRunning(.nodeRecord) == nil {
            Console.note("sage-edge: no agent is running; take it in later: sage-edge identity add \(path)")
            return .success
        }
    }
    return try addIdentity(text, invocation)
}

/// The private key in the PEM file at `path`.
func privateKey(_ path: String) throws(Failure) -> SigningKey {
    let pem = try readIdentity(path)
    do throws(PEMError) { return try PEM.signingKey(pem) } catch {
        throw Failure(.badData, "\(path): \(error.explanation)")
    }
}
