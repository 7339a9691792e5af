import Quantities
import Wire

/// A key that a client has to show, such as that of the HTTP gateway; only its hash is kept.
public struct AccessKey: Equatable, Sendable {
    private let hash: Bytes32

    /// Shortest and longest key in bytes.
    public static let lengths = 16...256

    /// The key that a file's bytes are: 16 to 256 printable ASCII characters, blanks and line ends around them.
    public init?(file: [UInt8]) {
        var bytes = file[...]
        while let first = bytes.first, first <= 0x20 { bytes.removeFirst() }
        while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
        guard AccessKey.lengths.contains(bytes.count), bytes.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            return nil
        }
        hash = Hashing.sha256(Array(bytes).span)
    }

    /// Whether `text` is the key, in time that does not depend on where they differ.
    public func matches(_ text: String) -> Bool {
        let found = Hashing.sha256(Array(text.utf8).span).array
        let expected = hash.array
        return Hashing.constantTimeEqual(found.span, expected.span)
    }
}
