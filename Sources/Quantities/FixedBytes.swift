/// Sixteen bytes that compare and hash as a value: short ids, challenges, tags.
public struct Bytes16: Hashable, Comparable, Sendable {
    /// The bytes as one big-endian number, so that order is the order of the bytes.
    public var bits: UInt128

    /// Sixteen zero bytes.
    public static let zero = Bytes16(bits: 0)

    /// The bytes of `bits`, most significant first.
    public init(bits: UInt128) { self.bits = bits }

    /// The first sixteen bytes of `bytes`, or nil where there are not exactly sixteen.
    public init?(_ bytes: Span<UInt8>) {
        guard bytes.count == 16 else { return nil }
        self.bits = bigEndianInteger(bytes, from: 0)
    }

    /// The bytes of `bytes`, or nil where there are not exactly sixteen.
    public init?(_ bytes: [UInt8]) { self.init(bytes.span) }

    /// The bytes in order.
    public var array: [UInt8] { bigEndianBytes(bits) }

    /// Orders by byte, first byte most significant.
    public static func < (left: Bytes16, right: Bytes16) -> Bool { left.bits < right.bits }
}

/// Thirty-two bytes that compare and hash as a value: keys, hashes.
public struct Bytes32: Hashable, Comparable, Sendable {
    /// The first sixteen bytes as one big-endian number.
    public var high: UInt128
    /// The last sixteen bytes as one big-endian number.
    public var low: UInt128

    /// Thirty-two zero bytes.
    public static let zero = Bytes32(high: 0, low: 0)

    /// The bytes of `high`, then those of `low`.
    public init(high: UInt128, low: UInt128) {
        self.high = high
        self.low = low
    }

    /// The bytes of `bytes`, or nil where there are not exactly thirty-two.
    public init?(_ bytes: Span<UInt8>) {
        guard bytes.count == 32 else { return nil }
        self.high = bigEndianInteger(bytes, from: 0)
        self.low = bigEndianInteger(bytes, from: 16)
    }

    /// The bytes of `bytes`, or nil where there are not exactly thirty-two.
    public init?(_ bytes: [UInt8]) { self.init(bytes.span) }

    /// The bytes in order.
    public var array: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32)
        appendBigEndian(high, to: &bytes)
        appendBigEndian(low, to: &bytes)
        return bytes
    }

    /// The first sixteen bytes.
    public var prefix16: Bytes16 { Bytes16(bits: high) }

    /// Orders by byte, first byte most significant.
    public static func < (left: Bytes32, right: Bytes32) -> Bool {
        left.high != right.high ? left.high < right.high : left.low < right.low
    }
}

/// The sixteen bytes of `span` from `offset`, as one big-endian number.
func bigEndianInteger(_ span: Span<UInt8>, from offset: Int) -> UInt128 {
    var (high, low): (UInt64, UInt64) = (0, 0)
    for index in offset..<(offset + 8) { high = high &<< 8 | UInt64(span[index]) }
    for index in (offset + 8)..<(offset + 16) { low = low &<< 8 | UInt64(span[index]) }
    return UInt128(high) &<< 64 | UInt128(low)
}

/// The sixteen bytes of `value`, most significant first.
func bigEndianBytes(_ value: UInt128) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(16)
    appendBigEndian(value, to: &bytes)
    return bytes
}

/// Appends the sixteen bytes of `value`, most significant first.
func appendBigEndian(_ value: UInt128, to bytes: inout [UInt8]) {
    // Shifts of 64 bits are instructions, those of 128 are calls.
    appendBigEndian(UInt64(truncatingIfNeeded: value &>> 64), to: &bytes)
    appendBigEndian(UInt64(truncatingIfNeeded: value), to: &bytes)
}

private func appendBigEndian(_ value: UInt64, to bytes: inout [UInt8]) {
    var shift: UInt64 = 64
    while shift > 0 {
        shift -= 8
        bytes.append(UInt8(truncatingIfNeeded: value &>> shift))
    }
}
