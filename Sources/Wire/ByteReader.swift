/// Why bytes could not be read.
public enum ByteReaderError: Error, Equatable, Sendable {
    /// Fewer bytes are left than were asked for; `at` is the offset of the first byte asked for.
    case truncated(at: Int)
}

/// A cursor over borrowed bytes that never reads past their end.
///
/// Fixed-width integers are little-endian unless the name says otherwise.
public struct ByteReader: ~Copyable, ~Escapable {
    let span: Span<UInt8>
    /// Offset of the next byte.
    public private(set) var offset = 0

    /// A reader at the first byte of `span`.
    @_lifetime(copy span)
    public init(_ span: Span<UInt8>) { self.span = span }

    /// Bytes not yet read.
    public var remaining: Int { span.count - offset }

    /// The next byte.
    public mutating func uint8() throws(ByteReaderError) -> UInt8 {
        guard remaining >= 1 else { throw .truncated(at: offset) }
        defer { offset += 1 }
        return span[offset]
    }

    /// The next `count` bytes (1 … 8) as a little-endian number.
    public mutating func littleEndian(_ count: Int) throws(ByteReaderError) -> UInt64 {
        precondition((1...8).contains(count), "one to eight bytes")
        guard remaining >= count else { throw .truncated(at: offset) }
        var value: UInt64 = 0
        for index in stride(from: offset + count - 1, through: offset, by: -1) {
            value = value << 8 | UInt64(span[index])
        }
        offset += count
        return value
    }

    /// The next two bytes.
    public mutating func uint16() throws(ByteReaderError) -> UInt16 { UInt16(truncatingIfNeeded: try littleEndian(2)) }
    /// The next four bytes.
    public mutating func uint32() throws(ByteReaderError) -> UInt32 { UInt32(truncatingIfNeeded: try littleEndian(4)) }
    /// The next eight bytes.
    public mutating func uint64() throws(ByteReaderError) -> UInt64 { try littleEndian(8) }

    /// The next `count` bytes, borrowed from the input.
    @_lifetime(copy self)
    public mutating func bytes(_ count: Int) throws(ByteReaderError) -> Span<UInt8> {
        guard count >= 0, remaining >= count else { throw .truncated(at: offset) }
        defer { offset += count }
        return span.extracting(offset..<(offset + count))
    }

    /// The next `count` bytes, copied.
    public mutating func array(_ count: Int) throws(ByteReaderError) -> [UInt8] { [UInt8](copying: try bytes(count)) }
}

extension Array where Element == UInt8 {
    /// A copy of the bytes of `span`.
    public init(copying span: Span<UInt8>) {
        self.init()
        self.append(copying: span)
    }

    /// Appends a copy of the bytes of `span`.
    public mutating func append(copying span: Span<UInt8>) {
        reserveCapacity(count + span.count)
        for index in span.indices { append(span[index]) }
    }
}
