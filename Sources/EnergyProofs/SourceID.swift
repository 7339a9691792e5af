import Telemetry

/// The identity of an energy source, such as `compute:orin-nano-8gb:142321908732`, `battery:BAT0-4711`
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

    /// Which of `known` this names: itself where it is among them, else those that begin with it up to a colon.
    ///
    /// - Complexity: O(bytes of `known`).
    public func named(among known: [SourceID]) -> [SourceID] {
        if known.contains(self) { return [self] }
        let beginning = Array(text.utf8) + [UInt8(ascii: ":")]
        return known.filter { $0.text.utf8.starts(with: beginning) }
    }

    /// That there is no page of `source`, while there are pages of `known`, for a person.
    public static func noProof(of source: SourceID, among known: [SourceID]) -> String {
        let named = source.named(among: known)
        let names = (named.isEmpty ? known : named).map { $0.text }.joined(separator: ", ")
        return named.isEmpty
            ? "there is no energy proof of \(source.text); there are some of: " + names
            : "more than one source is meant by \(source.text): " + names
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
