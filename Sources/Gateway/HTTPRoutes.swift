import AgentCore
import EnergyProofs
import Quantities
import Telemetry
import Wire

/// What a request comes to.
public enum HTTPAnswer {
    /// This answer.
    case response(HTTPResponse)
    /// What the core answers to this.
    case command(AgentCommand)
    /// The metrics, in this format.
    case metrics(MetricsFormat)
    /// That the loop turns.
    case alive
    /// Whether the agent can be used.
    case ready
    /// How the agent does, in the form of the federation.
    case health
    /// What the core answers to a client, in the form of this call.
    case client(ClientCommand, FederationCall)
    /// The task in this body, which is not to be read while others wait.
    case task(ClientBody)
}

/// What is served where: the one table of paths, methods and parameters.
public enum HTTPRoutes {
    /// What a path leads to.
    enum Endpoint: CaseIterable {
        case metrics
        case alive
        case ready
        case health
        case energy
        case energyHistory
        case proofs
        case latestProof
        case ledger
        case peers
        case tasks
        case decisions

        /// The path, as segments; one that begins with a colon stands for any.
        var path: [String] {
            switch self {
            case .metrics: ["metrics"]
            case .alive: ["healthz"]
            case .ready: ["readyz"]
            case .health: ["api", "v1", "health"]
            case .energy: ["api", "v1", "energy"]
            case .energyHistory: ["api", "v1", "energy", "history"]
            case .proofs: ["api", "v1", "energy", "proofs"]
            case .latestProof: ["api", "v1", "energy", "proofs", "latest"]
            case .ledger: ["api", "v1", "ledger"]
            case .peers: ["api", "v1", "peers"]
            case .tasks: ["api", "v1", "tasks"]
            case .decisions: ["api", "v1", "decisions"]
            }
        }

        /// What may be done there; HEAD wherever GET may.
        var methods: [String] { ["GET", "HEAD"] }

        /// The parameters that it takes; nil where it passes over what there is.
        var parameters: [String]? {
            switch self {
            case .metrics, .alive, .ready: nil
            case .health, .energy, .ledger, .peers, .tasks: []
            case .energyHistory: ["resolution", "from_ms", "to_ms", "before", "limit"]
            case .proofs: ["source", "limit"]
            case .latestProof: ["source"]
            case .decisions: ["before", "limit"]
            }
        }
    }

    /// Every path that is served, as text.
    public static var paths: [String] { Endpoint.allCases.map { "/" + $0.path.joined(separator: "/") } }

    /// What `request` comes to for those that `access` lets in; `isBusy` where other clients wait meanwhile.
    public static func answer(_ request: HTTPRequest, access: HTTPAccess, isBusy: Bool = false) -> HTTPAnswer {
        let call = FederationCall(target: request.target)
        do throws(HTTPRefusal) { return try answer(request, access, call, isBusy) } catch {
            return .response(error.response(call))
        }
    }

    private static func answer(
        _ request: HTTPRequest, _ access: HTTPAccess, _ call: FederationCall?, _ isBusy: Bool
    ) throws(HTTPRefusal) -> HTTPAnswer {
        guard request.headers.count <= HTTPLimits.headers else {
            throw HTTPRefusal(431, "the request has more than \(HTTPLimits.headers) header fields")
        }
        try access.check(request, call)
        guard !request.isBodyTooLarge else {
            throw HTTPRefusal(413, "the body is longer than \(HTTPLimits.bodyBytes) bytes")
        }
        // What can be done anywhere here (RFC 9110, 9.3.7).
        if request.method == "OPTIONS", request.target == "*", let any = Endpoint.allCases.first {
            return .response(try otherMethod(request.method, any.methods))
        }
        let target: HTTPTarget
        do throws(HTTPTarget.Refusal) { target = try HTTPTarget(request.target) } catch { throw error.refusal }
        if let call { return try FederationRoutes.answer(request, access, call, target, isBusy) }
        guard let endpoint = Endpoint.allCases.first(where: { $0.path == target.segments }) else {
            throw HTTPRefusal(
                404, "nothing is served there", kind: .notFound, hint: "there are: " + paths.joined(separator: ", "))
        }
        guard endpoint.methods.contains(request.method) else {
            return .response(try otherMethod(request.method, endpoint.methods))
        }
        do throws(CommandReply) { return try answer(endpoint, target, request) } catch {
            return .response(HTTPResponse(error))
        }
    }

    /// What `method` is told where only `methods` may be used.
    static func otherMethod(_ method: String, _ methods: [String]) throws(HTTPRefusal) -> HTTPResponse {
        let allow = HTTPField("Allow", (methods + ["OPTIONS"]).joined(separator: ", "))
        if method == "OPTIONS" { return HTTPResponse(204, [], type: HTTPResponse.jsonType, headers: [allow]) }
        let problem =
            methods.contains("GET") ? "this can only be read" : "this takes " + methods.joined(separator: ", ")
        throw HTTPRefusal(405, problem, headers: [allow])
    }

    private static func answer(_ endpoint: Endpoint, _ target: HTTPTarget, _ request: HTTPRequest)
        throws(CommandReply) -> HTTPAnswer
    {
        if let known = endpoint.parameters { try check(target.parameters, known) }
        switch endpoint {
        case .metrics: return .metrics(MetricsFormat(accept: request.values(of: "accept")))
        case .alive: return .alive
        case .ready: return .ready
        case .health: return .health
        case .energy: return .command(.energy)
        case .energyHistory:
            return .command(
                .energyHistory(
                    HistoryQuery(
                        try resolution(target), from: try time("from_ms", target), to: try time("to_ms", target),
                        before: try number("before", in: 0...1 << 53, target).map { UInt64($0) },
                        limit: try number("limit", in: 1...EnergyHistoryLimits.listed, target)
                            ?? EnergyHistoryLimits.listed)))
        case .proofs:
            let limit = try number("limit", in: 1...HTTPLimits.listedPages, target) ?? 20
            return .command(.proofs(limit: limit, source: try source(target)))
        case .latestProof: return .command(.proofs(limit: 1, source: try source(target)))
        case .ledger: return .command(.balance)
        case .peers: return .command(.peers)
        case .tasks: return .command(.tasks)
        case .decisions:
            return .command(
                .decisions(
                    DecisionQuery(
                        before: try number("before", in: 0...1 << 53, target).map { UInt64($0) },
                        limit: try number("limit", in: 1...DecisionLimits.listed, target) ?? 20)))
        }
    }

    // MARK: Parameters

    /// Refuses parameters that are not among `known`, and those that come twice.
    private static func check(_ parameters: [HTTPTarget.Parameter], _ known: [String]) throws(CommandReply) {
        for (index, parameter) in parameters.enumerated() {
            guard known.contains(parameter.name) else {
                throw CommandReply(
                    .invalid, "there is no parameter '\(cut(parameter.name))' here",
                    hint: known.isEmpty ? "none is taken" : "there are: " + known.joined(separator: ", "))
            }
            guard !parameters[..<index].contains(where: { $0.name == parameter.name }) else {
                throw CommandReply(.invalid, "the parameter '\(parameter.name)' comes twice")
            }
        }
    }

    /// The source that is asked for; nil for the board.
    private static func source(_ target: HTTPTarget) throws(CommandReply) -> SourceID? {
        guard let parameter = target.parameters.first(where: { $0.name == "source" }) else { return nil }
        guard let source = SourceID(parameter.value) else {
            throw CommandReply(
                .invalid,
                "'source' takes the identity of a source, such as battery:BAT0, not '\(cut(parameter.value))'",
                hint: "/api/v1/energy lists them")
        }
        return source
    }

    /// How finely the history is to be told; by minutes where it is not said.
    private static func resolution(_ target: HTTPTarget) throws(CommandReply) -> HistoryResolution {
        guard let parameter = target.parameters.first(where: { $0.name == "resolution" }) else { return .minute }
        guard let resolution = HistoryResolution(name: parameter.value) else {
            let known = HistoryResolution.allCases.map { $0.name }.joined(separator: ", ")
            throw CommandReply(.invalid, "'resolution' is one of \(known), not '\(cut(parameter.value))'")
        }
        return resolution
    }

    private static func time(_ name: String, _ target: HTTPTarget) throws(CommandReply) -> WallTime? {
        try number(name, in: 0...1 << 53, target).map { WallTime(milliseconds: Int64($0)) }
    }

    private static func number(_ name: String, in range: ClosedRange<Int>, _ target: HTTPTarget)
        throws(CommandReply) -> Int?
    {
        guard let parameter = target.parameters.first(where: { $0.name == name }) else { return nil }
        let digits = Array(parameter.value.utf8)
        guard let value = DecimalText.unsigned(digits[...]).flatMap({ Int(exactly: $0) }), range.contains(value) else {
            throw CommandReply(
                .invalid,
                "'\(name)' takes a whole number from \(range.lowerBound) to \(range.upperBound), not "
                    + "'\(cut(parameter.value))'")
        }
        return value
    }

    /// A foreign word as an answer repeats it.
    private static func cut(_ text: String) -> String {
        text.utf8.count <= GatewayLimits.quotedBytes ? text : String(text.prefix(GatewayLimits.quotedBytes / 4)) + "…"
    }
}
