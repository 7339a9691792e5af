/// A short text inside a proof: printable ASCII, so that showing a stranger's proof is harmless.
public struct ProofText: Hashable, Sendable {
    /// The text.
    public let text: String

    /// The text, or nil where it is empty, longer than `limit` bytes or not printable ASCII.
    public init?(_ text: String, limit: Int) {
        let bytes = text.utf8
        guard !bytes.isEmpty, bytes.count <= limit, bytes.allSatisfy(ProofText.isPrintable) else { return nil }
        self.text = text
    }

    /// The text cut to `limit` bytes, with `?` in place of every byte that is not printable; `?` where it is empty.
    public init(replacing text: String, limit: Int) {
        let bytes = text.utf8.prefix(limit).map { ProofText.isPrintable($0) ? $0 : UInt8(ascii: "?") }
        self.text = bytes.isEmpty ? "?" : String(decoding: bytes, as: UTF8.self)
    }

    private static func isPrintable(_ byte: UInt8) -> Bool { (0x20...0x7e).contains(byte) }
}
