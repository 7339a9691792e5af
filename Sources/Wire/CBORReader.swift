import Quantities

/// Reads the deterministic CBOR subset strictly: another encoding of the same value is refused.
///
/// A type reads its map with `beginMap`, then `field` or `hasField` for its keys in ascending
/// order, then `endMap`, which refuses keys below 64 that are left and skips those from 64 on.
public struct CBORReader: ~Copyable, ~Escapable {
    let span: Span<UInt8>
    /// Offset of the next item.
    public private(set) var offset = 0
    private var depth = 0

    /// A reader over one message; `limit` is the most bytes that message may have.
    @_lifetime(copy span)
    public init(_ span: Span<UInt8>, limit: Int) throws(CBORError) {
        self.span = span
        guard span.count <= limit else { throw .tooLong(at: 0, limit: limit) }
    }

    /// Refuses bytes after the last item.
    public func finish() throws(CBORError) {
        guard offset == span.count else { throw .trailingBytes(at: offset) }
    }

    // MARK: Scalars

    /// The next item, an integer ≥ 0.
    public mutating func unsigned() throws(CBORError) -> UInt64 { try head(expecting: .unsigned) }

    /// The next item, an integer ≥ 0 of at most `maximum`.
    public mutating func unsigned(atMost maximum: UInt64) throws(CBORError) -> UInt64 {
        let start = offset
        let value = try unsigned()
        guard value <= maximum else { throw .outOfRange(at: start) }
        return value
    }

    /// The next item, an integer within `Int64`.
    public mutating func integer() throws(CBORError) -> Int64 {
        let start = offset
        let (kind, argument) = try head()
        guard kind == .unsigned || kind == .negative else {
            throw .unexpectedKind(at: start, expected: .unsigned, found: kind)
        }
        guard let magnitude = Int64(exactly: argument) else { throw .outOfRange(at: start) }
        return kind == .unsigned ? magnitude : ~magnitude
    }

    /// The next item, an integer below zero, as n in −1 − n.
    public mutating func negativeComplement() throws(CBORError) -> UInt64 { try head(expecting: .negative) }

    /// The next item, an integer ≥ 0 within `Int64`.
    public mutating func nonNegative() throws(CBORError) -> Int64 {
        Int64(try unsigned(atMost: UInt64(Int64.max)))
    }

    /// The next item, `true` or `false`.
    public mutating func boolean() throws(CBORError) -> Bool { try head(expecting: .boolean) == 1 }

    /// The next item, a byte string of at most `limit` bytes.
    public mutating func byteString(limit: Int) throws(CBORError) -> [UInt8] {
        [UInt8](copying: span.extracting(try string(.bytes, limit: limit)))
    }

    /// The next item, a byte string of sixteen bytes.
    public mutating func bytes16() throws(CBORError) -> Bytes16 {
        let start = offset
        let range = try string(.bytes, limit: 16)
        guard let value = Bytes16(span.extracting(range)) else { throw .invalidValue(at: start) }
        return value
    }

    /// The next item, a byte string of thirty-two bytes.
    public mutating func bytes32() throws(CBORError) -> Bytes32 {
        let start = offset
        let range = try string(.bytes, limit: 32)
        guard let value = Bytes32(span.extracting(range)) else { throw .invalidValue(at: start) }
        return value
    }

    /// The next item, a text of at most `limit` UTF-8 bytes.
    public mutating func text(limit: Int) throws(CBORError) -> String {
        let start = offset
        let range = try string(.text, limit: limit)
        guard let value = String(validating: [UInt8](copying: span.extracting(range)), as: UTF8.self) else {
            throw .invalidUTF8(at: start)
        }
        return value
    }

    // MARK: Arrays and maps

    /// Begins an array and returns its number of items, at most `limit`; read them, then call `endArray`.
    public mutating func beginArray(limit: Int) throws(CBORError) -> Int {
        let start = offset
        let count = try head(expecting: .array)
        guard count <= UInt64(span.count - offset) else { throw .truncated(at: span.count) }
        guard count <= UInt64(limit) else { throw .tooLong(at: start, limit: limit) }
        try descend(at: start)
        return Int(count)
    }

    /// Begins an array of exactly `count` items.
    public mutating func beginArray(of count: Int) throws(CBORError) {
        let start = offset
        let found = try beginArray(limit: .max)
        guard found == count else { throw .wrongCount(at: start, expected: count, found: found) }
    }

    /// Ends the innermost array.
    public mutating func endArray() { depth -= 1 }

    /// Begins a map.
    public mutating func beginMap() throws(CBORError) -> CBORMapFields {
        let start = offset
        let count = try head(expecting: .map)
        guard count <= UInt64(span.count - offset) / 2 else { throw .truncated(at: span.count) }
        try descend(at: start)
        return CBORMapFields(remaining: Int(count))
    }

    /// Moves to the value of `key`, which must be there.
    public mutating func field(_ key: UInt64, of map: inout CBORMapFields) throws(CBORError) {
        guard try hasField(key, of: &map) else { throw .missingField(key, at: offset) }
    }

    /// Moves to the value of `key` if it is there; a smaller unknown key is refused.
    public mutating func hasField(_ key: UInt64, of map: inout CBORMapFields) throws(CBORError) -> Bool {
        guard let next = try peekKey(&map) else { return false }
        if next == key {
            map.pendingKey = nil
            return true
        }
        if next < key { throw .unknownField(next, at: map.pendingOffset) }
        return false
    }

    /// The next key, whatever it is, or nil at the end of the map; its value comes next.
    public mutating func nextKey(of map: inout CBORMapFields) throws(CBORError) -> UInt64? {
        let key = try peekKey(&map)
        map.pendingKey = nil
        return key
    }

    /// Ends the map: refuses keys below 64 that are left, skips those from 64 on.
    public mutating func endMap(_ map: inout CBORMapFields) throws(CBORError) {
        while let key = try nextKey(of: &map) {
            guard key >= CBORLimits.firstIgnorableKey else { throw .unknownField(key, at: map.pendingOffset) }
            _ = try skip()
        }
        depth -= 1
    }

    // MARK: Whole items

    /// Kind of the next item.
    public func peekKind() throws(CBORError) -> CBORKind { try parseHead(at: offset).kind }

    /// Checks and passes over the next item; returns where it stood.
    public mutating func skip() throws(CBORError) -> Range<Int> {
        let start = offset
        switch try peekKind() {
        case .unsigned, .negative, .boolean: _ = try head()
        case .bytes: _ = try string(.bytes, limit: .max)
        case .text: _ = try text(limit: .max)
        case .array:
            for _ in 0..<(try beginArray(limit: .max)) { _ = try skip() }
            endArray()
        case .map:
            var map = try beginMap()
            while try nextKey(of: &map) != nil { _ = try skip() }
            depth -= 1
        }
        return start..<offset
    }

    /// The next item's encoding, as received.
    public mutating func encodedItem() throws(CBORError) -> [UInt8] {
        [UInt8](copying: span.extracting(try skip()))
    }

    // MARK: Heads

    private mutating func descend(at start: Int) throws(CBORError) {
        guard depth < CBORLimits.maximumDepth else { throw .tooDeep(at: start) }
        depth += 1
    }

    private mutating func peekKey(_ map: inout CBORMapFields) throws(CBORError) -> UInt64? {
        if let pending = map.pendingKey { return pending }
        guard map.remaining > 0 else { return nil }
        let start = offset
        let key = try unsigned()
        if let last = map.lastKey {
            guard key != last else { throw .repeatedKey(at: start) }
            guard key > last else { throw .unsortedKey(at: start) }
        }
        map.remaining -= 1
        map.lastKey = key
        map.pendingKey = key
        map.pendingOffset = start
        return key
    }

    private mutating func string(_ kind: CBORKind, limit: Int) throws(CBORError) -> Range<Int> {
        let start = offset
        let length = try head(expecting: kind)
        guard length <= UInt64(span.count - offset) else { throw .truncated(at: span.count) }
        guard length <= UInt64(limit) else { throw .tooLong(at: start, limit: limit) }
        let range = offset..<(offset + Int(length))
        offset = range.upperBound
        return range
    }

    private mutating func head(expecting kind: CBORKind) throws(CBORError) -> UInt64 {
        let start = offset
        let (found, argument) = try head()
        guard found == kind else { throw .unexpectedKind(at: start, expected: kind, found: found) }
        return argument
    }

    private mutating func head() throws(CBORError) -> (kind: CBORKind, argument: UInt64) {
        let (kind, argument, next) = try parseHead(at: offset)
        offset = next
        return (kind, argument)
    }

    private func parseHead(at start: Int) throws(CBORError) -> (kind: CBORKind, argument: UInt64, next: Int) {
        guard start < span.count else { throw .truncated(at: start) }
        let initial = span[start]
        guard let kind = CBORKind(rawValue: initial >> 5) else { throw .unsupported(at: start, initialByte: initial) }
        let additional = initial & 0x1f
        if kind == .boolean {
            guard additional == 20 || additional == 21 else { throw .unsupported(at: start, initialByte: initial) }
            return (kind, UInt64(additional - 20), start + 1)
        }
        guard additional >= 24 else { return (kind, UInt64(additional), start + 1) }
        guard additional <= 27 else { throw .unsupported(at: start, initialByte: initial) }
        let width = 1 << Int(additional - 24)
        guard span.count - start > width else { throw .truncated(at: span.count) }
        var argument: UInt64 = 0
        for index in (start + 1)...(start + width) { argument = argument << 8 | UInt64(span[index]) }
        let smallest: UInt64 = additional == 24 ? 24 : 1 << (UInt64(width) * 4)
        guard argument >= smallest else { throw .notShortest(at: start) }
        return (kind, argument, start + 1 + width)
    }
}

/// Progress through one map; see `CBORReader.beginMap`.
public struct CBORMapFields: Sendable {
    var remaining: Int
    var lastKey: UInt64?
    var pendingKey: UInt64?
    var pendingOffset = 0

    init(remaining: Int) { self.remaining = remaining }
}
