/// Why a text is not the address of a server.
public enum ServerAddressError: Error, Equatable, Sendable {
    /// It does not begin with `http://` or `https://`.
    case noScheme
    /// It has no host, or names a user.
    case noHost
    /// It has a query or a fragment, which a server's address has not.
    case notABase
    /// It has characters that no address has, or too many of them.
    case notAnAddress

    /// What is wrong, for a person.
    public var explanation: String {
        switch self {
        case .noScheme: "it does not begin with http:// or https://"
        case .noHost: "it names no host, or a user, which would be shown in lists of processes"
        case .notABase: "it has a query or a fragment"
        case .notAnAddress: "it is no address, or longer than \(HTTPCallLimits.addressBytes) bytes"
        }
    }
}

/// Where a federation server is reached over HTTP: `http://192.0.2.12:8080`, or behind a path of a proxy.
public struct ServerAddress: Equatable, Sendable {
    /// The address, without a slash at its end.
    public let text: String

    /// The address that `text` spells.
    public init(_ text: String) throws(ServerAddressError) {
        var bytes = Array(text.utf8)
        guard bytes.count <= HTTPCallLimits.addressBytes,
            bytes.allSatisfy({ (0x21...0x7e).contains($0) && !Array("\"<>\\^`{|}".utf8).contains($0) })
        else { throw .notAnAddress }
        let lower = text.lowercased()
        guard let scheme = ["http://", "https://"].first(where: { lower.hasPrefix($0) }) else { throw .noScheme }
        guard !bytes.contains(UInt8(ascii: "?")), !bytes.contains(UInt8(ascii: "#")) else { throw .notABase }
        while bytes.count > scheme.utf8.count, bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        let host = bytes.dropFirst(scheme.utf8.count).prefix { $0 != UInt8(ascii: "/") }
        guard let first = host.first, first != UInt8(ascii: ":"), !host.contains(UInt8(ascii: "@")) else {
            throw .noHost
        }
        self.text = String(decoding: bytes, as: UTF8.self)
    }

    /// The address of what a federation server serves at `path`; `last` is one more segment, encoded whole, and `query`
    /// has names that need no encoding and their values.
    func call(_ path: String, _ last: String? = nil, _ query: [(String, String)] = []) -> String {
        var address = text + "/api/v1/" + path + (last.map { "/" + ServerAddress.encoded($0) } ?? "")
        for (index, part) in query.enumerated() {
            address += (index == 0 ? "?" : "&") + part.0 + "=" + ServerAddress.encoded(part.1)
        }
        return address
    }

    /// `text` with everything encoded that is neither letter, digit nor `-._~` (RFC 3986 §2.3).
    private static func encoded(_ text: String) -> String {
        var encoded = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                encoded.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += "%" + (digits.utf8.count < 2 ? "0" : "") + digits
            }
        }
        return encoded
    }
}
