import Wire

/// Path and query of a request, decoded (RFC 3986 §2.1, §3.3, §3.4).
///
/// The path is taken apart before it is decoded, so that an encoded slash belongs to its segment.
struct HTTPTarget: Equatable {
    /// One `name=value` of a query.
    struct Parameter: Equatable {
        let name: String
        let value: String
    }

    /// Why a target is refused.
    enum Refusal: Error, Equatable {
        case tooLong
        case notAPath
        case badEncoding
        case tooManyParts

        var refusal: HTTPRefusal {
            switch self {
            case .tooLong: HTTPRefusal(414, "the target is longer than \(HTTPLimits.targetBytes) bytes")
            case .notAPath: HTTPRefusal(400, "the target is not a path that begins with '/'")
            case .badEncoding:
                HTTPRefusal(400, "the target is not percent-encoded UTF-8 without control characters")
            case .tooManyParts: HTTPRefusal(400, "the target has more than \(HTTPLimits.parts) parts")
            }
        }
    }

    /// The segments of the path; none at the top.
    ///
    /// An empty one stands for every doubled or closing slash.
    let segments: [String]
    /// The parameters of the query, in their order.
    let parameters: [Parameter]

    init(_ text: String) throws(Refusal) {
        guard text.utf8.count <= HTTPLimits.targetBytes else { throw .tooLong }
        let bytes = HTTPTarget.path(of: text)
        guard bytes.first == UInt8(ascii: "/") else { throw .notAPath }
        let question = bytes.firstIndex(of: UInt8(ascii: "?")) ?? bytes.endIndex
        let path = bytes[..<question].dropFirst()
        let query = bytes[question...].dropFirst()
        var segments: [String] = []
        if !path.isEmpty {
            for piece in path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
                guard segments.count < HTTPLimits.parts else { throw .tooManyParts }
                segments.append(try HTTPTarget.decode(piece, plusIsBlank: false))
            }
        }
        var parameters: [Parameter] = []
        for piece in query.split(separator: UInt8(ascii: "&")) {
            guard parameters.count < HTTPLimits.parts else { throw .tooManyParts }
            let equals = piece.firstIndex(of: UInt8(ascii: "=")) ?? piece.endIndex
            parameters.append(
                Parameter(
                    name: try HTTPTarget.decode(piece[..<equals], plusIsBlank: true),
                    value: try HTTPTarget.decode(piece[equals...].dropFirst(), plusIsBlank: true)))
        }
        self.segments = segments
        self.parameters = parameters
    }

    /// Path and query of `text`, undecoded: a client may write the whole address, as to a proxy (RFC 9112 §3.2.2).
    static func path(of text: String) -> ArraySlice<UInt8> {
        let bytes = Array(text.utf8)[...]
        guard bytes.first != UInt8(ascii: "/"), text.lowercased().hasPrefix("http://") else { return bytes }
        let rest = bytes.dropFirst(7)
        return rest.firstIndex(of: UInt8(ascii: "/")).map { rest[$0...] } ?? [UInt8(ascii: "/")]
    }

    /// What `text` is once more decoded, as earlier servers of the federation did; itself where it is not encoded.
    static func decodedAgain(_ text: String) -> String {
        do throws(Refusal) { return try decode(Array(text.utf8)[...], plusIsBlank: false) } catch { return text }
    }

    private static func decode(_ bytes: ArraySlice<UInt8>, plusIsBlank: Bool) throws(Refusal) -> String {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var rest = bytes
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard let high = rest.popFirst().flatMap({ hexadecimalValue($0) }),
                    let low = rest.popFirst().flatMap({ hexadecimalValue($0) })
                else { throw .badEncoding }
                decoded.append(high << 4 | low)
            } else {
                decoded.append(plusIsBlank && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        guard decoded.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }), let text = String(validating: decoded, as: UTF8.self)
        else { throw .badEncoding }
        return text
    }
}
