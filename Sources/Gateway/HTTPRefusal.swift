import AgentCore

/// Why a request is refused, before it is known in which form.
struct HTTPRefusal: Error {
    let status: UInt32
    let message: String
    var kind = CommandReply.Refusal.invalid
    var hint: String?
    var headers: [HTTPField] = []

    init(
        _ status: UInt32, _ message: String, kind: CommandReply.Refusal = .invalid, hint: String? = nil,
        headers: [HTTPField] = []
    ) {
        self.status = status
        self.message = message
        self.kind = kind
        self.hint = hint
        self.headers = headers
    }

    /// The refusal in the form of `call`'s answers, or, for nil, in the one that every refused command has.
    func response(_ call: FederationCall?) -> HTTPResponse {
        if let call {
            let text = hint.map { message + ": " + $0 } ?? message
            return HTTPResponse(status, call.refusal(text), headers: headers)
        }
        return HTTPResponse(status, json: CommandReply(kind, message, hint: hint).json, headers: headers)
    }
}
