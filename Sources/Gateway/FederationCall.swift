import Wire

/// The calls of the federation's HTTP interface, whose answers have a form of their own each.
public enum FederationCall: Sendable {
    /// How the agent does.
    case health
    /// Run a task here.
    case delegate
    /// What an identity does here.
    case status
    /// Take a task back.
    case cancel
    /// A path beside these that begins like them.
    case other

    /// The call that `target`, as it was sent, is of; nil where it is none.
    ///
    /// Slashes before the path may be doubled, as clients make them of an address that ends in one.
    init?(target: String) {
        var path = HTTPTarget.path(of: target)
        path = path[..<(path.firstIndex(of: UInt8(ascii: "?")) ?? path.endIndex)]
        guard path.first == UInt8(ascii: "/") else { return nil }
        while path.first == UInt8(ascii: "/") { path = path.dropFirst() }
        let words = path.split(separator: UInt8(ascii: "/"), maxSplits: 4, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard words.count >= 3, words[0] == "api", words[1] == "v1" else { return nil }
        if words == ["api", "v1", "health"] {
            self = .health
            return
        }
        guard words[2] == "consciousness" || words[2] == "cognition" else { return nil }
        switch (words.count, words.count > 3 ? words[3] : "") {
        case (4, "delegate"): self = .delegate
        case (5, "status"): self = .status
        case (5, "cancel"): self = .cancel
        default: self = .other
        }
    }

    /// What may be done there, HEAD wherever GET may; nothing where nothing is served.
    var methods: [String] {
        switch self {
        case .health, .status: ["GET", "HEAD"]
        case .delegate, .cancel: ["POST"]
        case .other: []
        }
    }

    /// A refusal in the form of the call's answers.
    func refusal(_ text: String) -> JSONValue {
        var members: [(String, JSONValue)] = [("error", .string(text)), ("success", .boolean(false))]
        switch self {
        case .health, .other: break
        case .delegate: members.append(("proof", .null))
        case .status: members.append(("status", .null))
        case .cancel: members += [("atp_refunded", .real("0.0")), ("cancelled", .boolean(false))]
        }
        return .object(members.map { JSONValue.Member(key: $0.0, value: $0.1) })
    }
}

extension HTTPResponse {
    /// An answer in the federation's form: members in the order of their keys, no blanks, all of it ASCII.
    init(_ status: UInt32, _ value: JSONValue, headers: [HTTPField] = []) {
        self.init(
            status, PythonJSON(value, isCompact: true).bytes + [UInt8(ascii: "\n")], type: HTTPResponse.jsonType,
            headers: headers)
    }
}
