import Configuration
import Cryptography
import Federation
import Gateway
import Platform
import Quantities
import Wire

/// The options of `delegate` that go with `--http`.
let delegateHTTPOptions =
    [
        OptionSpecification("http", value: "URL", "Run it on the federation server at this address"),
        OptionSpecification("target", value: "LCT", "With --http: who is to run it (default: its platform)"),
        OptionSpecification("source", value: "LCT", "With --http: who hands it out (default: this node)"),
        OptionSpecification("server-key", value: "PEM", "With --http: accept only what this key has signed"),
    ] + FederationServer.options

/// What a task may cost where nobody says; servers of before take up to 35 for an operation, and 2 a second.
private let defaultBudget = Energy(millijoules: 50_000)

/// Hands the operation of `invocation` to the federation server at `url`.
func delegateOverHTTP(_ url: String, _ invocation: Invocation) throws(Failure) -> ExitCode {
    let others = ["previous", "raw", "to", "local", "explain", "trial", "horizon", "convergence"]
    for other in others where invocation.has(other) {
        throw Failure(.usage, "--http and --\(other) do not go together")
    }
    let server = try FederationServer(url, invocation)
    let operation = invocation.positionals[0]
    guard let family = Operation(operation)?.family else {
        throw Failure(
            .usage, "'\(printable(operation))' is not an operation", hint: "sage-edge delegate perception --http URL")
    }
    let parameters = try parameters(invocation)
    let budget = try invocation.value("budget").map { text throws(Failure) -> Energy in
        try energy(joules: text, of: "--budget")
    }
    let seconds = try invocation.number("timeout", in: 1...GatewayLimits.longestTimeout.milliseconds / 1000) ?? 60
    let serverKey = try invocation.value("server-key").map { path throws(Failure) -> PublicKey in try publicKey(path) }
    let keys = try nodeKeys(invocation)
    let source = try source(invocation)
    let (target, taskType) = try chosenTarget(invocation, source, server)
    let now = Clock.wallTime
    let taskID =
        "\(source.context.text)_\(now.milliseconds)_\(family.name)_" + hexadecimal(try randomBytes())
    let terms = SentTask.Terms(
        source: source, target: target, taskType: taskType, operation: operation, budget: budget ?? defaultBudget,
        timeoutSeconds: seconds, parameters: parameters, createdAt: now)
    guard let call = SentTask(taskID, terms),
        let request = call.request(to: server.address, signedWith: keys.identity, timeout: .seconds(seconds))
    else { throw Failure(.usage, "--parameters takes a JSON object") }
    let cancel = "sage-edge peers http \(shellWord(server.address.text)) --cancel \(shellWord(taskID))"
    let reply: HTTPCallReply
    do throws(Failure) {
        reply = try server.call(
            request, progress: "waiting for \(operation)",
            interruption: Failure(.interrupted, "the task \(taskID) goes on at the server", hint: cancel))
    } catch {
        guard error.code == .tryAgain else { throw error }
        throw error.hinting("the task may go on there: " + cancel)
    }
    let answer: ServerAnswer
    do throws(ServerRefusal) { answer = try ServerAnswer(reply, to: call, key: serverKey) } catch {
        throw server.failure(error)
    }
    try show(answer, call, server, invocation)
    return .success
}

private func show(
    _ answer: ServerAnswer, _ call: SentTask, _ server: FederationServer, _ invocation: Invocation
) throws(Failure) {
    var fingerprint: String?
    if case .verified(let key) = answer.state { fingerprint = key.fingerprint }
    if invocation.wantsJSON {
        return try Console.print { json in
            json.member("server", server.address.text)
            json.member("task", call.taskID)
            json.key("budget_atp")
            call.budget.write(to: &json)
            json.member("signature_state", answer.state.name)
            json.member("signed_by", fingerprint)
            json.member("signature", answer.signature)
            json.key("proof")
            answer.proof.write(to: &json)
        }
    }
    let proof = answer.proof
    var table = TextTable()
    table.row("task", call.taskID)
    table.row("ran on", call.target + " in " + proof.word("execution_time") + " s")
    table.row("cost", proof.word("atp_consumed") + " ATP of " + number(call.budget))
    table.row("quality", proof.word("quality_score") + " of 1, as the executor says")
    let signature =
        switch answer.state {
        case .verified: "verified, key " + (fingerprint ?? "?")
        case .unknownKey: "not checked: --server-key PEM names the key of the server"
        case .notSigned: "not signed"
        }
    table.row("signature", signature)
    try Console.print(printable(table.text() + (proof["result"]?.line ?? "")))
}

private func number(_ value: JSONValue) -> String {
    switch value {
    case .integer(let number): "\(number)"
    case .real(let token): token
    case .null, .boolean, .string, .array, .object: "?"
    }
}

// MARK: What is asked for

/// The parameters, in which a file is the member `input`: its bytes in base64.
private func parameters(_ invocation: Invocation) throws(Failure) -> JSONValue {
    var given = JSONValue.object([])
    if let text = invocation.value("parameters") {
        do throws(JSONError) { given = try JSONValue(parsing: Array(text.utf8)) } catch {
            throw Failure(.usage, "--parameters takes JSON: \(printable(error.message))")
        }
    }
    guard case .object = given else { throw Failure(.usage, "--parameters takes a JSON object") }
    guard let path = invocation.value("input") else { return given }
    guard given["input"] == nil else {
        throw Failure(.usage, "--input and a member 'input' of --parameters do not go together")
    }
    let bytes = try readFile(path, limit: FederationLimits.maximumInlineLength)
    var json = JSONWriter()
    json.beginObject()
    for member in given.members {
        json.key(member.key)
        member.value.write(to: &json)
    }
    json.member("input", Base64.encode(bytes))
    json.endObject()
    do throws(JSONError) { return try JSONValue(parsing: Array(json.text.utf8)) } catch {
        throw Failure(.badData, "\(path) cannot be sent: \(printable(error.message))")
    }
}

private func source(_ invocation: Invocation) throws(Failure) -> LCT {
    guard let text = invocation.value("source") else {
        return try loadConfiguration(invocation).0.federation.delegator
    }
    return try lct(text, of: "--source")
}

/// Who is to run it, and in which role, both as they are spelled.
private func chosenTarget(
    _ invocation: Invocation, _ source: LCT, _ server: FederationServer
) throws(Failure) -> (text: String, taskType: String) {
    if let text = invocation.value("target") {
        _ = try lct(text, of: "--target")
        return (text, String(text.split(separator: "#").last ?? ""))
    }
    let name = try server.ask(.health)["platform"]?.text ?? ""
    guard let platform = PlatformName(name), let type = TaskType(name: "consciousness"),
        let target = LCT(lineageOf: source, context: platform, task: type)
    else {
        throw Failure(
            .unavailable, "\(server.address.text) tells no name of its platform",
            hint: "--target lct:web4:agent:NAME@PLATFORM#consciousness")
    }
    return (target.text, type.name)
}

/// The LCT of `text`, which `option` takes.
func lct(_ text: String, of option: String) throws(Failure) -> LCT {
    do throws(LCTError) { return try LCT(text) } catch {
        throw Failure(.usage, "\(option): '\(printable(text))' is no LCT: \(error.explanation)")
    }
}

private func publicKey(_ path: String) throws(Failure) -> PublicKey {
    let making = "the server's public key is meant: sage-edge key export there, or its …_ed25519_public.pem"
    let text = String(decoding: try readFile(path, limit: 65_536, hint: making), as: UTF8.self)
    do throws(PEMError) { return try PEM.publicKey(text) } catch {
        throw Failure(.badData, "\(path): \(error.explanation)", hint: making)
    }
}

private func randomBytes() throws(Failure) -> [UInt8] {
    do throws(SystemError) { return try Entropy.bytes(4) } catch { throw failure(error) }
}
