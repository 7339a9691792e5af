import AgentCore
import Configuration
import Cryptography
import Federation
import Gateway
import Platform
import Quantities
import Store
import Wire

let identityCommands = [
    CommandSpecification(
        ["identity", "list"], "List certified identities and trusted keys",
        examples: ["identity list", "identity list --json"]
    ) { invocation throws(Failure) in
        let answer = try identities(invocation)
        try Console.print(invocation.wantsJSON ? answer.line : identitiesText(answer.value))
        return .success
    },
    CommandSpecification(
        ["identity", "show"], "Show a certificate, from its file or as the agent knows it",
        positionals: ["FILE"],
        examples: ["identity show planner.cert", "identity show lct:web4:agent:dp@Thor#perception"]
    ) { invocation throws(Failure) in
        let text = try certificateText(invocation.positionals[0], invocation)
        let content = try identityText(text, invocation)
        var json = JSONWriter()
        json.beginObject()
        IdentityViews.describe(content, to: &json)
        json.endObject()
        let answer = try AgentClient.Answer(CommandReply(json.text))
        try Console.print(invocation.wantsJSON ? answer.line : certificateText(answer.value))
        return .success
    },
    identityMintCommand,
    CommandSpecification(
        ["identity", "add"], "Take in a certificate, a revocation or a succession of keys", positionals: ["FILE"],
        examples: ["identity add planner.cert", "identity add - < planner.revocation"]
    ) { invocation throws(Failure) in
        try addIdentity(try readIdentity(invocation.positionals[0]), invocation)
    },
    CommandSpecification(
        ["identity", "verify"], "Check a certificate, and say which rule it breaks", positionals: ["FILE"],
        options: [
            OptionSpecification("key", value: "PEM", "Judge by this platform key alone, without agent or files")
        ],
        examples: ["identity verify planner.cert", "identity verify planner.cert --key thor.pem --json"]
    ) { invocation throws(Failure) in
        let answer = try verification(invocation)
        guard answer.value["valid"] == .boolean(true) else {
            let reason = answer.value["reason"]?.text ?? "it is not valid"
            throw Failure(.checkFailed, reason, answer: invocation.wantsJSON ? answer.line : nil)
        }
        try Console.print(
            invocation.wantsJSON ? answer.line : certificateText(answer.value) + "valid, and in good standing\n")
        return .success
    },
    identityRevokeCommand,
]

/// Has the agent take in `text`, and says what came of it.
func addIdentity(_ text: String, _ invocation: Invocation) throws(Failure) -> ExitCode {
    let answer = try AgentClient(invocation).ask(.addIdentity(text: text))
    if invocation.wantsJSON {
        try Console.print(answer.line)
    } else if let added = answer.value["added"]?.text {
        let reason = answer.value["reason"]?.text.map { ", but " + $0 } ?? ", in good standing"
        try Console.print("added \(added), key \(answer.value.word("fingerprint"))" + printable(reason))
    } else if let revoked = answer.value["revoked"]?.text {
        let ended = answer.value.list("ended") ?? "no identity that is known here"
        try Console.print("the key \(answer.value.word("fingerprint")) of \(revoked) is revoked\nended: " + ended)
    } else {
        try Console.print(
            "the key \(answer.value.word("old_fingerprint")) is succeeded by\n"
                + "        \(answer.value.word("new_fingerprint"))\nCompare the new key with what its owner reads out.")
    }
    return .success
}

/// The text of a file with a certificate, a revocation or a succession.
func readIdentity(_ path: String) throws(Failure) -> String {
    String(decoding: try readFile(path, limit: IdentityLimits.textBytes), as: UTF8.self)
}

/// What `text` says, its signatures checked in the configured federation.
func identityText(_ text: String, _ invocation: Invocation) throws(Failure) -> IdentityText {
    let domain = try loadConfiguration(invocation).0.federation.domain
    do throws(IdentityTextError) { return try IdentityText(text, in: domain, using: Ed25519()) } catch {
        throw Failure(.badData, "not accepted: " + error.explanation)
    }
}

/// The certificate that `word` names: a file, or an identity that the agent knows.
func certificateText(_ word: String, _ invocation: Invocation) throws(Failure) -> String {
    guard word.utf8.starts(with: "lct:".utf8) else { return try readIdentity(word) }
    let lct: LCT
    do throws(LCTError) { lct = try LCT(word) } catch {
        throw Failure(.usage, "'\(printable(word))' is no LCT: \(error.explanation)")
    }
    let known = try identities(invocation).value["identities"]?.elements ?? []
    guard let text = known.first(where: { $0["lct"]?.text == lct.text })?["certificate"]?.text else {
        throw Failure(.noInput, "no certificate of \(lct.text) is known", hint: "sage-edge identity list")
    }
    return text
}

// MARK: Where no agent runs

/// What the agent knows of identities, or what its files hold where none runs.
private func identities(_ invocation: Invocation) throws(Failure) -> AgentClient.Answer {
    if let answer = try AgentClient(invocation).askIfRunning(.identities) { return answer }
    let (registry, judge) = try storedRegistry(invocation)
    return try AgentClient.Answer(IdentityViews.list(registry, judge))
}

private func verification(_ invocation: Invocation) throws(Failure) -> AgentClient.Answer {
    let text = try readIdentity(invocation.positionals[0])
    let time = IdentityTime(Clock.wallTime, Clock.timeStatus)
    if let path = invocation.value("key") {
        let content = try identityText(text, invocation)
        guard case .certificates(let chain) = content else {
            throw Failure(.badData, "--key judges a certificate, and this is none")
        }
        let key: PublicKey
        let pem = try readIdentity(path)
        do throws(PEMError) { key = try PEM.publicKey(pem) } catch {
            throw Failure(.badData, "\(path): \(error.explanation)")
        }
        let platforms = PlatformKeys(chain.map { (name: $0.lct.context, key: key) })
        return try AgentClient.Answer(
            IdentityViews.checked(content, IdentityRegistry(), IdentityJudge(at: time, platforms: platforms)))
    }
    if let answer = try AgentClient(invocation).askIfRunning(.checkIdentity(text: text)) { return answer }
    let content = try identityText(text, invocation)
    let (registry, judge) = try storedRegistry(invocation)
    return try AgentClient.Answer(IdentityViews.checked(content, registry, judge))
}

/// The registry in the files of an agent that does not run, and what it is judged by.
private func storedRegistry(_ invocation: Invocation) throws(Failure) -> (IdentityRegistry, IdentityJudge) {
    let path = StatePaths(state: invocation.value("state")).ledger
    let image = try fromFiles(invocation) { store throws(StoreError) in try store.load([.certificate, .peer]) }
    let keys = try nodeKeys(invocation)
    let platform = try loadConfiguration(invocation).0.federation.delegator.context
    var registry = IdentityRegistry()
    for record in image.records(.certificate) {
        do throws(CBORError) { try registry.restore(key: record.key, value: record.value) } catch {
            throw Failure(.badData, "\(path): a record of an identity is damaged: " + error.explanation)
        }
    }
    let own = (name: platform, key: keys.identity.publicKey)
    let peers = image.records(.peer).compactMap { StoredPeer.platform($0.value) }
    return (
        registry,
        IdentityJudge(
            at: IdentityTime(Clock.wallTime, Clock.timeStatus), platforms: PlatformKeys([own] + peers))
    )
}
