import AgentCore
import Quantities
import Wire

/// A request over HTTP as it came, whole.
public struct HTTPRequest: Sendable {
    /// `GET`, in the letters of the client.
    public var method: String
    /// Path and query, undecoded.
    public var target: String
    /// Header fields in their order; names in the letters of the client.
    public var headers: [HTTPField]
    /// The body; empty where it was too long to be kept.
    public var body: [UInt8]
    /// Whether the body was too long.
    public var isBodyTooLarge: Bool

    /// A request of its parts.
    public init(
        _ method: String, _ target: String, headers: [HTTPField] = [], body: [UInt8] = [], isBodyTooLarge: Bool = false
    ) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.isBodyTooLarge = isBodyTooLarge
    }

    /// The values of all fields called `name`, without the blanks around them; `name` is in small letters.
    public func values(of name: String) -> [String] {
        headers.filter { isSame($0.name, name) }.map { field in
            let bytes = Array(field.value.utf8)
            guard let first = bytes.firstIndex(where: { !isBlank($0) }),
                let last = bytes.lastIndex(where: { !isBlank($0) })
            else { return "" }
            return String(decoding: bytes[first...last], as: UTF8.self)
        }
    }

    /// Whether `field`, in letters of ASCII of any size, is `name`.
    private func isSame(_ field: String, _ name: String) -> Bool {
        field.utf8.count == name.utf8.count
            && zip(field.utf8, name.utf8).allSatisfy { byte, small in
                ((0x41...0x5a).contains(byte) ? byte | 0x20 : byte) == small
            }
    }
}

/// Whether `byte` may stand around what it separates in a header field.
func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

/// One header field.
public struct HTTPField: Hashable, Sendable {
    /// Its name.
    public let name: String
    /// Its value.
    public let value: String

    /// A field of both.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// An answer over HTTP.
public struct HTTPResponse: Equatable, Sendable {
    /// The status code.
    public var status: UInt32
    /// Header fields besides those that the server makes itself.
    public var headers: [HTTPField]
    /// The body.
    public var body: [UInt8]

    static let jsonType = "application/json"

    /// A JSON object.
    public init(_ status: UInt32, json: String, headers: [HTTPField] = []) {
        self.init(status, Array((json + "\n").utf8), type: HTTPResponse.jsonType, headers: headers)
    }

    /// A body of a media type.
    public init(_ status: UInt32, _ body: [UInt8], type: String, headers: [HTTPField] = []) {
        self.status = status
        self.body = body
        self.headers =
            [
                HTTPField("Content-Type", type), HTTPField("Cache-Control", "no-store"),
                HTTPField("X-Content-Type-Options", "nosniff"),
            ] + headers
    }

    /// The answer to a command: what was asked for, or the status that fits why not.
    public init(_ reply: CommandReply) {
        switch reply.refusal {
        case nil: self.init(200, json: reply.json)
        case .invalid: self.init(400, json: reply.json)
        case .notFound: self.init(404, json: reply.json)
        case .unavailable: self.init(503, json: reply.json)
        case .failed: self.init(500, json: reply.json)
        }
    }
}
