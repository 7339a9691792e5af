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
    /// Whether the federation's calls need no key from the network either.
    private let isOpen: Bool

    /// Access at `place`; without `key` nobody gets in from the network, but to the federation's calls where `isOpen`.
    public init(_ place: HTTPPlace, key: AccessKey?, isOpen: Bool = false) {
        self.place = place
        self.key = key
        self.isOpen = isOpen
    }

    /// What a client that shows no key, or a wrong one, is to do.
    static let challenge = HTTPField("WWW-Authenticate", "Bearer realm=\"sage-edge\"")

    /// Whether `request` shows the key.
    func showsKey(_ request: HTTPRequest) -> Bool {
        guard let key, let text = HTTPAccess.keys(of: request).first else { return false }
        return key.matches(text)
    }

    /// Refuses what is not listened to; `call` says of which of the federation's calls the request is.
    ///
    /// A task that is signed needs no key, and whether it is signed is seen later.
    func check(_ request: HTTPRequest, _ call: FederationCall?) throws(HTTPRefusal) {
        let hosts = request.values(of: "host")
        guard hosts.count <= 1 else { throw HTTPRefusal(400, "the request names several hosts") }
        // Whoever passes it on may go by another of them, and take what follows for a part of it (RFC 9112, 11.2).
        let lengths = request.values(of: "content-length").count + request.values(of: "transfer-encoding").count
        guard lengths <= 1 else {
            throw HTTPRefusal(
                400, "the request says more than once how long it is", headers: [HTTPField("Connection", "close")])
        }
        if place == .loopback, let host = hosts.first, !HTTPAccess.isLoopback(host) {
            throw HTTPRefusal(
                403, "this address is for this machine alone, and '\(HTTPAccess.shown(host))' is not one of its names",
                hint: "ask 127.0.0.1, [::1] or localhost")
        }
        // A page from elsewhere in a browser on this machine may send what it cannot read.
        if request.method == "POST", let origin = request.values(of: "origin").first,
            !HTTPAccess.isOrigin(origin, among: hosts)
        {
            throw HTTPRefusal(403, "pages from elsewhere may change nothing here")
        }
        let keys = HTTPAccess.keys(of: request)
        guard keys.count <= 1 else { throw HTTPRefusal(400, "the request shows several keys") }
        guard place == .network, !showsKey(request) else { return }
        if keys.isEmpty, call == .delegate || (isOpen && call != nil) { return }
        throw HTTPRefusal(
            401, keys.isEmpty ? "an API key is needed" : "this is not the API key",
            hint: "Authorization: Bearer KEY, or X-API-Key: KEY, with the key of http.api_key_file",
            headers: [HTTPAccess.challenge])
    }

    private static func keys(of request: HTTPRequest) -> [String] {
        request.values(of: "authorization").map(bearer) + request.values(of: "x-api-key")
    }

    /// Whether `origin`, the value of a header, is a page that was got from here.
    private static func isOrigin(_ origin: String, among hosts: [String]) -> Bool {
        let origin = origin.lowercased()
        return hosts.contains { origin == "http://" + $0.lowercased() || origin == "https://" + $0.lowercased() }
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
