/// Any value of the subset, as a tree; for tools and tests, not for the data path.
public indirect enum CBORValue: Equatable, Sendable {
    /// An integer ≥ 0.
    case unsigned(UInt64)
    /// The integer −1 − n.
    case negative(complement: UInt64)
    /// A byte string.
    case bytes([UInt8])
    /// A text.
    case text(String)
    /// An array.
    case array([CBORValue])
    /// A map, in ascending order of its keys.
    case map([CBOREntry])
    /// A boolean.
    case boolean(Bool)

    /// One entry of a map.
    public struct CBOREntry: Equatable, Sendable {
        /// The key.
        public var key: UInt64
        /// The value.
        public var value: CBORValue

        /// An entry of `key` and `value`.
        public init(key: UInt64, value: CBORValue) {
            self.key = key
            self.value = value
        }
    }

    /// The value that is encoded by exactly the bytes of `span`.
    public init(decoding span: Span<UInt8>) throws(CBORError) {
        var reader = try CBORReader(span, limit: .max)
        self = try CBORValue(from: &reader)
        try reader.finish()
    }

    /// The next item of `reader`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        switch try reader.peekKind() {
        case .unsigned: self = .unsigned(try reader.unsigned())
        case .negative: self = .negative(complement: try reader.negativeComplement())
        case .bytes: self = .bytes(try reader.byteString(limit: .max))
        case .text: self = .text(try reader.text(limit: .max))
        case .boolean: self = .boolean(try reader.boolean())
        case .array:
            var items: [CBORValue] = []
            for _ in 0..<(try reader.beginArray(limit: .max)) { items.append(try CBORValue(from: &reader)) }
            reader.endArray()
            self = .array(items)
        case .map:
            var entries: [CBOREntry] = []
            var map = try reader.beginMap()
            while let key = try reader.nextKey(of: &map) {
                entries.append(CBOREntry(key: key, value: try CBORValue(from: &reader)))
            }
            try reader.endMap(&map)
            self = .map(entries)
        }
    }

    /// The encoding.
    public var encoded: [UInt8] {
        var writer = CBORWriter()
        write(to: &writer)
        return writer.bytes
    }

    /// Appends the encoding to `writer`.
    public func write(to writer: inout CBORWriter) {
        switch self {
        case .unsigned(let value): writer.unsigned(value)
        case .negative(let complement): writer.negative(complement: complement)
        case .bytes(let value): writer.byteString(value)
        case .text(let value): writer.text(value)
        case .boolean(let value): writer.boolean(value)
        case .array(let items):
            writer.array(items.count)
            for item in items { item.write(to: &writer) }
        case .map(let entries):
            writer.map(entries.count)
            for entry in entries {
                writer.unsigned(entry.key)
                entry.value.write(to: &writer)
            }
        }
    }
}
