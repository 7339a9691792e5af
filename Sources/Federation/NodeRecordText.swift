import Cryptography
import Wire

/// Why a text is not an exported node record.
public enum NodeRecordTextError: Error, Equatable, Sendable {
    /// Longer than `FederationLimits.maximumNodeTextLength` bytes.
    case tooLong(length: Int)
    /// There is no line `-----BEGIN SAGE-EDGE NODE-----`.
    case noBegin
    /// There is no line `-----END SAGE-EDGE NODE-----` after it.
    case noEnd
    /// There is more than one block.
    case severalBlocks
    /// What stands between the two lines is not base64.
    case notBase64
    /// The content is not a record signed by the key it names in this federation.
    case refused(EnvelopeError)

    /// What is wrong, for a person.
    public var explanation: String {
        switch self {
        case .tooLong(let length):
            "\(length) bytes; a node record has at most \(FederationLimits.maximumNodeTextLength)"
        case .noBegin: "there is no line " + NodeRecordText.begin
        case .noEnd: "there is no line " + NodeRecordText.end + " after the beginning"
        case .severalBlocks: "there is more than one node record; add them one at a time"
        case .notBase64: "the lines between BEGIN and END are not base64"
        case .refused(let error): error.explanation
        }
    }
}

/// A node record as the text that people exchange.
///
/// The envelope's bytes in base64 between two armour lines. Text around the block and any kind of
/// line end are passed over; inside, only what `text(_:)` could have written is accepted.
public enum NodeRecordText {
    static let begin = "-----BEGIN SAGE-EDGE NODE-----"
    static let end = "-----END SAGE-EDGE NODE-----"
    private static let lineLength = 64

    /// The text of `record`.
    public static func text(_ record: Signed<NodeRecord>) -> String {
        let body = Array(Base64.encode(record.envelope.encoded).utf8)
        var text = begin + "\n"
        for start in stride(from: 0, to: body.count, by: lineLength) {
            text += String(decoding: body[start..<min(start + lineLength, body.count)], as: UTF8.self) + "\n"
        }
        return text + end + "\n"
    }

    /// The record of `text`, whose signature by its own key is checked in `domain`.
    public static func record(
        _ text: String, in domain: SignatureDomain, using scheme: any SignatureScheme
    ) throws(NodeRecordTextError) -> Signed<NodeRecord> {
        let bytes = Array(text.utf8)
        guard bytes.count <= FederationLimits.maximumNodeTextLength else { throw .tooLong(length: bytes.count) }
        let lines = bytes.split { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }.map(trimmed)
        let isBegin = { (line: ArraySlice<UInt8>) in line.elementsEqual(begin.utf8) }
        guard let first = lines.firstIndex(where: isBegin) else { throw .noBegin }
        guard lines.lastIndex(where: isBegin) == first else { throw .severalBlocks }
        guard let last = lines[first...].firstIndex(where: { $0.elementsEqual(end.utf8) }) else { throw .noEnd }
        guard let envelopeBytes = Base64.decode(Array(lines[(first + 1)..<last].joined())) else { throw .notBase64 }
        do throws(EnvelopeError) {
            let envelope = try SignedEnvelope(decoding: envelopeBytes.span)
            return try Signed(selfSigned: envelope, in: domain, using: scheme)
        } catch { throw .refused(error) }
    }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let isSpace = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        let start = line.firstIndex { !isSpace($0) } ?? line.endIndex
        let end = line.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? start
        return line[start..<end]
    }
}
