import Cryptography
import Wire

/// Where requests come in.
public enum HTTPPlace: Sendable {
    /// A loopback address: everybody on this machine.
    case loopback
    /// A Unix socket: whom its file lets in.
    case unixSocket
    /// Any other address.
    case network
}

/// Who may ask.
///
/// On a loopback address and on a Unix socket everybody may read who gets there. A page in a browser on this machine
/// gets there too, by a name of its own that it lets resolve to a loopback address; so on a loopback address the
/// request must name that. From the network the API key is needed.
public struct HTTPAccess: Sendable {
    private let place: HTTPPlace
    private let key: AccessKey?

    /// Access at `place`; without `key` nobody gets in from the network.
    public init(_ place: HTTPPlace, key: AccessKey?) {
        self.place = place
        self.key = key
    }

    /// Why `request` is not listened to; nil where it is.
    func refusal(of request: HTTPRequest) -> HTTPResponse? {
        let hosts = request.values(of: "host")
        guard hosts.count <= 1 else { return .refusal(400, "the request names several hosts") }
        if place == .loopback, let host = hosts.first, !HTTPAccess.isLoopback(host) {
            return .refusal(
                403, "this address is for this machine alone, and '\(HTTPAccess.shown(host))' is not one of its names",
                hint: "ask 127.0.0.1, [::1] or localhost")
        }
        guard place == .network else { return nil }
        let shown = request.values(of: "authorization").compactMap(HTTPAccess.bearer) + request.values(of: "x-api-key")
        guard shown.count <= 1 else { return .refusal(400, "the request shows several keys") }
        if let key, let text = shown.first, key.matches(text) { return nil }
        let problem = shown.isEmpty ? "an API key is needed" : "this is not the API key"
        return .refusal(
            401, problem, hint: "Authorization: Bearer KEY, or X-API-Key: KEY, with the key of http.api_key_file",
            headers: [HTTPField("WWW-Authenticate", "Bearer realm=\"sage-edge\"")])
    }

    /// The token of `Bearer TOKEN`; an empty one of any other scheme.
    private static func bearer(_ value: String) -> String {
        let words = value.split(separator: " ", omittingEmptySubsequences: true)
        guard words.count == 2, words[0].lowercased() == "bearer" else { return "" }
        return String(words[1])
    }

    /// Whether `host`, the value of a header, names this machine's loopback: with or without a port.
    static func isLoopback(_ host: String) -> Bool {
        var name = host.lowercased()
        if name.hasPrefix("[") {
            guard name.hasPrefix("[::1]") else { return false }
            return name == "[::1]" || isPort(String(name.dropFirst(5)))
        }
        if let colon = name.utf8.lastIndex(of: UInt8(ascii: ":")) {
            guard isPort(String(name[colon...])) else { return false }
            name = String(name[..<colon])
        }
        if name == "localhost" || name == "localhost." { return true }
        guard let address = NetworkAddress(name + ":1") else { return false }
        return address.isLoopback
    }

    private static func isPort(_ text: String) -> Bool {
        let digits = text.utf8.dropFirst()
        return text.utf8.first == UInt8(ascii: ":") && digits.count <= 5
            && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    private static func shown(_ host: String) -> String {
        let printable = host.utf8.prefix(64).map { (0x21...0x7e).contains($0) ? $0 : UInt8(ascii: "?") }
        return String(decoding: printable, as: UTF8.self)
    }
}
