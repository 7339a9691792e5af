import Telemetry

/// The identity of an energy source, such as `compute:orin-nano:1423219087325`, `battery:BAT0-4711`
/// or `human:lct:web4:agent:dp@Thor#rest`.
///
/// Grammar: the kind's name, then one or more parts, each behind a colon and of one or more
/// characters out of `A–Z a–z 0–9 . _ - @ #`; at most `EnergyProofLimits.sourceIDBytes` bytes in
/// all. Case counts.
public struct SourceID: Hashable, Comparable, Sendable {
    /// The whole identity.
    public let text: String
    /// The kind that the identity begins with.
    public let kind: SourceKind

    /// The identity `text`, or nil where it does not follow the grammar.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count <= EnergyProofLimits.sourceIDBytes else { return nil }
        let parts = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count >= 2, let first = parts.first,
            let kind = SourceKind(name: String(decoding: first, as: UTF8.self)),
            parts.dropFirst().allSatisfy({ !$0.isEmpty && $0.allSatisfy(SourceID.isAllowed) })
        else { return nil }
        self.text = text
        self.kind = kind
    }

    /// Orders by byte.
    public static func < (left: SourceID, right: SourceID) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default:
            byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
                || byte == UInt8(ascii: "@") || byte == UInt8(ascii: "#")
        }
    }
}
