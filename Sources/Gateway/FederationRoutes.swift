import AgentCore
import Federation
import Wire

/// What the federation's calls come to: `/api/v1/health`, and `delegate`, `status` and `cancel` below
/// `/api/v1/consciousness` and `/api/v1/cognition`, which are the same.
enum FederationRoutes {
    /// What a request of `call` comes to, which was let in.
    static func answer(
        _ request: HTTPRequest, _ access: HTTPAccess, _ call: FederationCall, _ target: HTTPTarget, _ isBusy: Bool
    ) throws(HTTPRefusal) -> HTTPAnswer {
        guard !call.methods.isEmpty else { throw HTTPRefusal(404, "nothing is served there") }
        guard call.methods.contains(request.method) else {
            return .response(try HTTPRoutes.otherMethod(request.method, call.methods))
        }
        // What follows the name of the call; slashes in it are part of an identity.
        let path = target.segments.drop { $0.isEmpty }.dropFirst(4)
        switch call {
        case .health: return .health
        case .delegate: return try delegate(request, access, isBusy)
        case .status:
            let text = HTTPTarget.decodedAgain(path.joined(separator: "/"))
            return .client(.status(lct: text), call)
        case .cancel:
            guard path.count == 1, let task = path.first, !task.isEmpty else {
                throw HTTPRefusal(404, "nothing is served there")
            }
            return .client(.cancel(task: task, source: try source(target)), call)
        case .other: throw HTTPRefusal(404, "nothing is served there")
        }
    }

    /// Whose task is meant; nil where that is not said.
    private static func source(_ target: HTTPTarget) throws(HTTPRefusal) -> LCT? {
        let named = target.parameters.filter { $0.name == "source_lct" }
        guard let text = named.first?.value else { return nil }
        guard named.count == 1 else { throw HTTPRefusal(400, "the parameter 'source_lct' comes twice") }
        do throws(LCTError) { return try LCT(text) } catch {
            throw HTTPRefusal(400, "Invalid source LCT: " + shown(text))
        }
    }

    private static func delegate(
        _ request: HTTPRequest, _ access: HTTPAccess, _ isBusy: Bool
    ) throws(HTTPRefusal) -> HTTPAnswer {
        guard isJSON(request) else {
            throw HTTPRefusal(415, "Unsupported Media Type: the Content-Type is to be application/json")
        }
        let body = ClientBody(request.body, showsKey: access.showsKey(request))
        if body.isLong || isBusy { return .task(body) }
        switch body.read() {
        case .task(let task): return .client(.delegate(task), .delegate)
        case .refused(let response): return .response(response)
        }
    }

    /// Whether the body is said to be JSON: `application/json`, or another type of that syntax.
    private static func isJSON(_ request: HTTPRequest) -> Bool {
        let fields = request.values(of: "content-type")
        guard fields.count == 1, let field = fields.first else { return false }
        let bytes = field.utf8.prefix { $0 != UInt8(ascii: ";") && !isBlank($0) }
        let type = String(decoding: Array(bytes), as: UTF8.self).lowercased()
        return type == HTTPResponse.jsonType || (type.hasPrefix("application/") && type.hasSuffix("+json"))
    }
}
