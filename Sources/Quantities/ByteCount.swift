/// A number of bytes.
public struct ByteCount: Hashable, Comparable, Sendable {
    /// Bytes.
    public var bytes: Int64

    /// No bytes.
    public static let zero = ByteCount(bytes: 0)

    /// A count of `bytes` bytes.
    public init(bytes: Int64) { self.bytes = bytes }

    /// A count of `kibibytes` KiB, saturating at the representable range.
    public static func kibibytes(_ kibibytes: Int64) -> ByteCount {
        ByteCount(bytes: Int64(clamping: Int128(kibibytes) * 1024))
    }

    /// A count of `mebibytes` MiB, saturating at the representable range.
    public static func mebibytes(_ mebibytes: Int64) -> ByteCount {
        ByteCount(bytes: Int64(clamping: Int128(mebibytes) * 1_048_576))
    }

    /// The sum, saturating at the representable range.
    public static func + (left: ByteCount, right: ByteCount) -> ByteCount {
        ByteCount(bytes: Int64(clamping: Int128(left.bytes) + Int128(right.bytes)))
    }

    /// The difference, saturating at the representable range.
    public static func - (left: ByteCount, right: ByteCount) -> ByteCount {
        ByteCount(bytes: Int64(clamping: Int128(left.bytes) - Int128(right.bytes)))
    }

    /// Orders smaller before larger.
    public static func < (left: ByteCount, right: ByteCount) -> Bool { left.bytes < right.bytes }
}
