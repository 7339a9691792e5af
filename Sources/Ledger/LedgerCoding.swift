import Cryptography
import Quantities
import Wire

/// A type with exactly one encoding in the deterministic CBOR subset.
public protocol LedgerCodable {
    /// The value that comes next in `reader`.
    init(from reader: inout CBORReader) throws(CBORError)
    /// Appends the value's encoding to `writer`.
    func write(to writer: inout CBORWriter)
}

extension LedgerCodable {
    /// The value's encoding.
    public var encoded: [UInt8] {
        var writer = CBORWriter()
        write(to: &writer)
        return writer.bytes
    }

    /// The value that is encoded by exactly `bytes`, of which there may be `limit`.
    public init(decoding bytes: [UInt8], limit: Int) throws(CBORError) {
        let span = bytes.span
        var reader = try CBORReader(span, limit: limit)
        self = try Self(from: &reader)
        try reader.finish()
    }
}

/// One entry of a map at a time, for types whose fields all are there.
extension CBORWriter {
    mutating func field(_ key: UInt64, _ value: UInt64) {
        unsigned(key)
        unsigned(value)
    }

    mutating func field(_ key: UInt64, _ value: Bool) {
        unsigned(key)
        boolean(value)
    }

    mutating func field(_ key: UInt64, _ value: Energy) {
        unsigned(key)
        integer(value.millijoules)
    }

    mutating func field(_ key: UInt64, _ value: TimeSpan) {
        unsigned(key)
        integer(value.milliseconds)
    }

    mutating func field(_ key: UInt64, _ value: LedgerTime) {
        unsigned(key)
        integer(value.milliseconds)
    }

    mutating func field(_ key: UInt64, _ value: Bytes16) {
        unsigned(key)
        byteString(value)
    }

    mutating func field(_ key: UInt64, _ value: Bytes32) {
        unsigned(key)
        byteString(value)
    }

    mutating func field(_ key: UInt64, _ value: PlatformID) { field(key, value.bytes) }

    mutating func field(_ key: UInt64, _ value: TaskID) { field(key, value.bytes) }

    mutating func field(_ key: UInt64, _ value: StoreEpoch) { field(key, value.number) }

    mutating func field(_ key: UInt64, _ value: BasisPoints) { field(key, UInt64(value.value)) }

    mutating func field<Value: LedgerCodable>(_ key: UInt64, _ value: Value) {
        unsigned(key)
        value.write(to: &self)
    }

    mutating func field<Value: LedgerCodable>(_ key: UInt64, _ values: [Value]) {
        unsigned(key)
        array(values.count)
        for value in values { value.write(to: &self) }
    }
}

extension CBORReader {
    mutating func number(_ key: UInt64, of map: inout CBORMapFields) throws(CBORError) -> UInt64 {
        try field(key, of: &map)
        return try unsigned()
    }

    mutating func flag(_ key: UInt64, of map: inout CBORMapFields) throws(CBORError) -> Bool {
        try field(key, of: &map)
        return try boolean()
    }

    mutating func energy(_ key: UInt64, of map: inout CBORMapFields) throws(CBORError) -> Energy {
        try field(key, of: &map)
        return Energy(millijoules: try integer())
    }

    /// An amount that a row may hold: 0 … `Energy.largest`.
    mutating func balance(_ key: UInt64, of map: inout CBORMapFields) throws(CBORError) -> Energy {
        try field(key, of: &map)
        return try balance()
    }

    /// An amount that a row may hold: 0 … `Energy.largest`.
    mutating func balance() throws(CBORError) -> Energy {
        Energy(millijoules: Int64(try unsigned(atMost: UInt64(Energy.largest.millijoules))))
    }

    /// A count of energy since the ledger began, which only grows.
    mutating func total(_ key: UInt64, of map: inout CBORMapFields) throws(CBORError) -> Energy {
        try field(key, of: &map)
        return Energy(millijoules: try nonNegative())
    }

    mutating func span(_ key: UInt64, of map: inout CBORMapFields) throws(CBORError) -> TimeSpan {
        try field(key, of: &map)
        return TimeSpan(milliseconds: try integer())
    }

    mutating func time(_ key: UInt64, of map: inout CBORMapFields) throws(CBORError) -> LedgerTime {
        try field(key, of: &map)
        return LedgerTime(milliseconds: try integer())
    }

    mutating func bytes16(_ key: UInt64, of map: inout CBORMapFields) throws(CBORError) -> Bytes16 {
        try field(key, of: &map)
        return try bytes16()
    }

    mutating func bytes32(_ key: UInt64, of map: inout CBORMapFields) throws(CBORError) -> Bytes32 {
        try field(key, of: &map)
        return try bytes32()
    }

    mutating func platform(_ key: UInt64, of map: inout CBORMapFields) throws(CBORError) -> PlatformID {
        KeyID(bytes: try bytes32(key, of: &map))
    }

    mutating func task(_ key: UInt64, of map: inout CBORMapFields) throws(CBORError) -> TaskID {
        TaskID(bytes: try bytes16(key, of: &map))
    }

    mutating func storeEpoch(_ key: UInt64, of map: inout CBORMapFields) throws(CBORError) -> StoreEpoch {
        StoreEpoch(try number(key, of: &map))
    }

    mutating func share(_ key: UInt64, of map: inout CBORMapFields) throws(CBORError) -> BasisPoints {
        try field(key, of: &map)
        let start = offset
        guard let share = BasisPoints(try integer()) else { throw .invalidValue(at: start) }
        return share
    }

    mutating func value<Value: LedgerCodable>(
        _ key: UInt64, of map: inout CBORMapFields
    ) throws(CBORError) -> Value {
        try field(key, of: &map)
        return try Value(from: &self)
    }

    mutating func optional<Value: LedgerCodable>(
        _ key: UInt64, of map: inout CBORMapFields
    ) throws(CBORError) -> Value? {
        guard try hasField(key, of: &map) else { return nil }
        return try Value(from: &self)
    }

    mutating func values<Value: LedgerCodable>(
        _ key: UInt64, of map: inout CBORMapFields, limit: Int
    ) throws(CBORError) -> [Value] {
        try field(key, of: &map)
        let count = try beginArray(limit: limit)
        var values: [Value] = []
        for _ in 0..<count { values.append(try Value(from: &self)) }
        endArray()
        return values
    }

    mutating func code<Code: RawRepresentable>(
        _ key: UInt64, of map: inout CBORMapFields
    ) throws(CBORError) -> Code where Code.RawValue == UInt8 {
        guard let code: Code = try optionalCode(key, of: &map) else { throw .missingField(key, at: offset) }
        return code
    }

    mutating func optionalCode<Code: RawRepresentable>(
        _ key: UInt64, of map: inout CBORMapFields
    ) throws(CBORError) -> Code? where Code.RawValue == UInt8 {
        guard try hasField(key, of: &map) else { return nil }
        let start = offset
        guard let code = Code(rawValue: UInt8(try unsigned(atMost: 255))) else { throw .invalidValue(at: start) }
        return code
    }
}
