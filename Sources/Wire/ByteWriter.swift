/// Bytes under construction; fixed-width integers are little-endian.
public struct ByteWriter: Sendable {
    /// What has been written so far.
    public private(set) var bytes: [UInt8] = []

    /// An empty writer, with room for `capacity` bytes.
    public init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    /// Bytes written so far.
    public var count: Int { bytes.count }

    /// Appends one byte.
    public mutating func uint8(_ value: UInt8) { bytes.append(value) }

    /// Appends the low `count` bytes (1 … 8) of `value`.
    public mutating func littleEndian(_ value: UInt64, _ count: Int) {
        precondition((1...8).contains(count), "one to eight bytes")
        for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
    }

    /// Appends two bytes.
    public mutating func uint16(_ value: UInt16) { littleEndian(UInt64(value), 2) }
    /// Appends four bytes.
    public mutating func uint32(_ value: UInt32) { littleEndian(UInt64(value), 4) }
    /// Appends eight bytes.
    public mutating func uint64(_ value: UInt64) { littleEndian(value, 8) }
    /// Appends a copy of `span`.
    public mutating func append(_ span: Span<UInt8>) { bytes.append(copying: span) }
    /// Appends `array`.
    public mutating func append(_ array: [UInt8]) { bytes += array }
    /// Appends `count` zero bytes.
    public mutating func zeros(_ count: Int) { for _ in 0..<count { bytes.append(0) } }
    /// Forgets the bytes and keeps the room.
    public mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }
}
