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
        case .noBegin: "there is no line " + NodeRecordText.armour.begin
        case .noEnd: "there is no line " + NodeRecordText.armour.end + " after the beginning"
        case .severalBlocks: "there is more than one node record; add them one at a time"
        case .notBase64: "the lines between BEGIN and END are not base64"
        case .refused(let error): error.explanation
        }
    }
}

/// A node record as the text that people exchange, between lines `-----BEGIN SAGE-EDGE NODE-----` and
/// `-----END SAGE-EDGE NODE-----`.
public enum NodeRecordText {
    static let armour = ArmouredText(label: "NODE")

    /// The text of `record`.
    public static func text(_ record: Signed<NodeRecord>) -> String { armour.text(record.envelope.encoded) }

    /// The record of `text`, whose signature by its own key is checked in `domain`.
    public static func record(
        _ text: String, in domain: SignatureDomain, using scheme: any SignatureScheme
    ) throws(NodeRecordTextError) -> Signed<NodeRecord> {
        let bytes: [UInt8]
        do throws(ArmourError) {
            bytes = try armour.bytes(text, limit: FederationLimits.maximumNodeTextLength)
        } catch {
            switch error {
            case .tooLong(let length, _): throw .tooLong(length: length)
            case .noBegin: throw .noBegin
            case .noEnd: throw .noEnd
            case .severalBlocks: throw .severalBlocks
            case .notBase64: throw .notBase64
            }
        }
        do throws(EnvelopeError) {
            let envelope = try SignedEnvelope(decoding: bytes.span)
            return try Signed(selfSigned: envelope, in: domain, using: scheme)
        } catch { throw .refused(error) }
    }
}
