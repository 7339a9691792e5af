import AgentCore
import Cryptography
import Federation
import Gateway
import Platform
import Quantities
import Wire
import Workers

let delegateCommand = CommandSpecification(
    ["delegate"], "Run an operation here or on a peer, whichever is better", positionals: ["OPERATION"],
    options: [
        OptionSpecification(
            "input", value: "FILE", "The frame, PGM, PPM or --raw; - is standard input"),
        OptionSpecification("previous", value: "FILE", "The frame before, for motion"),
        OptionSpecification("raw", value: "WxH", "The frames are bare grey levels of this size"),
        OptionSpecification("parameters", value: "JSON", "Parameters of an operation that takes some"),
        OptionSpecification("to", value: "PEER", "Run it on this peer only"),
        OptionSpecification("local", "Run it here only"),
        OptionSpecification("explain", "Show every place and why it won or lost"),
        OptionSpecification("trial", "Only decide; run, lock and send nothing"),
        OptionSpecification("timeout", value: "S", "Seconds until the result must be there (default 60)"),
        OptionSpecification("budget", value: "J", "Joules (ATP) that it may cost at most"),
        OptionSpecification("hops", value: "N", "How often a peer may hand it on (default 0)"),
        OptionSpecification("horizon", value: "NAME", "Only where this horizon is served"),
        OptionSpecification("convergence", value: "P", "Only where so many percent are stated"),
    ] + delegateHTTPOptions,
    examples: [
        "delegate perception --input frame.pgm", "delegate perception --input frame.pgm --to Thor --explain",
        "delegate perception --input new.pgm --previous old.pgm --json",
        "delegate perception --input frame.grey --raw 320x180 --budget 2.5",
        "delegate planning --input tasks.json --local", "delegate perception --input frame.pgm --to Thor --hops 1",
        "delegate perception --http http://thor:8080 --server-key thor.pem",
    ]
) { invocation throws(Failure) in
    if let url = invocation.value("http") { return try delegateOverHTTP(url, invocation) }
    if let option = delegateHTTPOptions.first(where: { invocation.has($0.name) }) {
        throw Failure(.usage, "--\(option.name) goes with --http only", hint: "sage-edge delegate --help")
    }
    let request = try delegation(invocation)
    let answer: AgentClient.Answer
    do throws(Failure) {
        answer = try AgentClient(invocation).ask(
            .delegate(request), timeout: request.timeout + AgentClient.ordinaryTimeout,
            progress: "waiting for \(request.operation.name)", interruption: request.isTrial ? nil : interruption)
    } catch {
        var error = error
        // What was just asked for is no advice.
        if invocation.has("explain"), error.code == .checkFailed { error = error.hinting(nil) }
        // The command that was called, so that the hint can be run as it is.
        if error.hint?.hasPrefix("sage-edge delegate … ") == true {
            let words = Program.arguments.map { shellWord($0) }.joined(separator: " ")
            error = error.hinting("sage-edge \(words) --explain shows every place and why it lost")
        }
        if error.code == .noInput, let peer = invocation.value("to") { error = likeNamed(peer, error, invocation) }
        // A task that nobody could run still has its decision and its attempts to show.
        guard !invocation.wantsJSON, let answer = try? JSONValue(parsing: Array(error.json.utf8)) else { throw error }
        if invocation.has("explain"), let table = answer["explanation"]?.text { try Console.print(printable(table)) }
        for attempt in answer["attempts"]?.elements ?? [] {
            Console.note(printable("failed on \(attempt.word("platform")): \(attempt.word("reason"))"))
        }
        throw error
    }
    let features = perceptionFeatures(answer.value)
    if invocation.wantsJSON {
        try Console.print { json in
            for member in answer.value.members {
                json.key(member.key)
                member.value.write(to: &json)
            }
            if let features {
                json.key("features")
                features.write(to: &json)
            } else if let output = outputJSON(answer.value) {
                json.key("output")
                output.write(to: &json)
            }
        }
        return .success
    }
    var parts: [String] = []
    if request.isTrial || invocation.has("explain") { parts.append(answer.value["explanation"]?.text ?? "") }
    if !request.isTrial { parts.append(outcomeText(answer.value)) }
    if let features {
        parts.append(featureText(features))
    } else if let output = outputText(answer.value) {
        parts.append(output)
    }
    try Console.print(printable(parts.joined(separator: "\n")))
    return .success
}

/// What Ctrl-C is answered with: the agent does not give up a task because nobody waits for it any more.
private let interruption = Failure(
    .interrupted, "the task goes on without this command", hint: "sage-edge tasks, sage-edge task cancel ID")

// MARK: The request

private func delegation(_ invocation: Invocation) throws(Failure) -> DelegationRequest {
    let name = invocation.positionals[0]
    guard let operation = Operation(name == "perception" ? "perception.features" : name) else {
        throw Failure(
            .usage, "'\(printable(name))' is not an operation", hint: "sage-edge delegate perception --input FILE")
    }
    guard let path = invocation.value("input") else {
        throw Failure(.usage, "missing --input FILE", hint: "sage-edge delegate --help")
    }
    var request = DelegationRequest(operation: operation, input: [])
    for file in [invocation.value("previous"), path] {
        if let file {
            request.input += try readFile(
                file, limit: FrameLimits.maximumPixels, hint: "name a frame, PGM or PPM; - is standard input")
        }
    }
    guard request.input.count <= FederationLimits.maximumInlineLength else {
        throw Failure(
            .badData,
            "the input has \(request.input.count) bytes; "
                + "a task carries at most \(FederationLimits.maximumInlineLength)",
            hint: "scale the frame down, to 320x180 grey levels for example")
    }
    if let size = invocation.value("raw") { request.parameters = try frameSize(size).encoded }
    if let text = invocation.value("parameters") { request.parameters = try parameters(text, invocation) }
    if invocation.has("local"), invocation.has("to") {
        throw Failure(.usage, "--local and --to do not go together")
    }
    if invocation.has("local") { request.placement = .local }
    if let peer = invocation.value("to") { request.placement = .platform(try platformName(peer)) }
    if let seconds = try invocation.number("timeout", in: 1...GatewayLimits.longestTimeout.milliseconds / 1000) {
        request.timeout = .seconds(seconds)
    }
    request.budget = try invocation.value("budget").map { text throws(Failure) in
        try energy(joules: text, of: "--budget")
    }
    if let hops = try invocation.number("hops", in: 0...Int64(FederationLimits.maximumHops)) {
        if hops > 0, request.placement == .local {
            throw Failure(.usage, "--local and --hops do not go together")
        }
        request.hops = Int(hops)
    }
    request.isTrial = invocation.has("trial")
    request.requirement = try requirement(invocation)
    return request
}

/// What is asked of whoever runs it.
private func requirement(_ invocation: Invocation) throws(Failure) -> Requirement {
    let horizon = try invocation.value("horizon").map { name throws(Failure) in
        guard let horizon = Horizon(name) else {
            throw Failure(
                .usage,
                "--horizon takes 1 to \(FederationLimits.maximumHorizonLength) characters of A-Z a-z 0-9 . _ -, "
                    + "not '\(printable(name))'")
        }
        return horizon
    }
    let percent = try invocation.number("convergence", in: 0...100)
    return Requirement(horizon: horizon, minimumConvergence: percent.map { BasisPoints(clamping: $0 * 100) })
}

/// The platform called `name`.
func platformName(_ name: String) throws(Failure) -> PlatformName {
    guard let platform = PlatformName(name) else {
        throw Failure(.usage, "'\(printable(name))' is not the name of a platform", hint: "sage-edge peers list")
    }
    return platform
}

/// The parameters in `text`, which are JSON.
private func parameters(_ text: String, _ invocation: Invocation) throws(Failure) -> [UInt8] {
    guard !invocation.has("raw") else { throw Failure(.usage, "--raw and --parameters do not go together") }
    let bytes = Array(text.utf8)
    do throws(JSONError) { _ = try JSONValue(parsing: bytes) } catch {
        throw Failure(.usage, "--parameters takes JSON: \(printable(error.message))")
    }
    guard bytes.count <= FederationLimits.maximumParametersLength else {
        throw Failure(
            .usage, "--parameters has \(bytes.count) bytes, \(FederationLimits.maximumParametersLength) are the most")
    }
    return bytes
}

private func frameSize(_ text: String) throws(Failure) -> FrameSize {
    let sides = text.split(separator: "x", omittingEmptySubsequences: false).map { UInt16($0) ?? 0 }
    guard sides.count == 2, let width = sides.first, let height = sides.last, width > 0, height > 0 else {
        throw Failure(.usage, "--raw takes a size such as 320x180, not '\(printable(text))'")
    }
    return FrameSize(width: width, height: height)
}

/// The energy of `text`, joules with at most three digits after the point, which `name` is.
func energy(joules text: String, of name: String) throws(Failure) -> Energy {
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let fraction = parts.count == 2 ? parts[1] : "0"
    let isDigits = parts.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
    let padded = fraction + String(repeating: "0", count: max(0, 3 - fraction.utf8.count))
    guard isDigits, fraction.utf8.count <= 3, let whole = Int64(parts[0]), let thousandths = Int64(padded),
        whole <= Energy.largest.millijoules / 1000 - 1, whole * 1000 + thousandths > 0
    else {
        throw Failure(
            .usage,
            "\(name) takes joules above 0 with at most three digits after the point, such as 2.5, "
                + "not '\(printable(text))'")
    }
    return Energy(millijoules: whole * 1000 + thousandths)
}

// MARK: The answer

/// The features in the answer's result; nil where it holds none.
private func perceptionFeatures(_ answer: JSONValue) -> PerceptionFeatures? {
    guard answer["operation"]?.text == WorkerOperation.perceptionFeatures.rawValue,
        let result = answer["result"]?.text.flatMap({ Base64.decode($0) })
    else { return nil }
    return try? PerceptionFeatures(decoding: result.span)
}

/// The answer's result where it is an object or a list in JSON.
private func outputJSON(_ answer: JSONValue) -> JSONValue? {
    guard let bytes = answer["result"]?.text.flatMap({ Base64.decode($0) }), let value = try? JSONValue(parsing: bytes)
    else { return nil }
    switch value {
    case .object, .array: return value
    case .null, .boolean, .integer, .real, .string: return nil
    }
}

/// The answer's result where it is text.
private func outputText(_ answer: JSONValue) -> String? {
    guard let bytes = answer["result"]?.text.flatMap({ Base64.decode($0) }), !bytes.isEmpty else { return nil }
    let text = String(decoding: bytes, as: UTF8.self)
    return text.utf8.elementsEqual(bytes) ? text : nil
}
