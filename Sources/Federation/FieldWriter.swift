import Ledger
import Quantities
import Wire

/// Collects the fields of one map and counts them, so that optional fields need no arithmetic.
///
/// Keys are given in ascending order.
struct FieldWriter {
    private var count = 0
    private var body = CBORWriter()

    mutating func unsigned(_ key: UInt64, _ value: UInt64) {
        begin(key)
        body.unsigned(value)
    }

    mutating func integer(_ key: UInt64, _ value: Int64) {
        begin(key)
        body.integer(value)
    }

    mutating func boolean(_ key: UInt64, _ value: Bool) {
        begin(key)
        body.boolean(value)
    }

    mutating func text(_ key: UInt64, _ value: String) {
        begin(key)
        body.text(value)
    }

    mutating func bytes(_ key: UInt64, _ value: [UInt8]) {
        begin(key)
        body.byteString(value)
    }

    mutating func bytes(_ key: UInt64, _ value: Bytes16) {
        begin(key)
        body.byteString(value)
    }

    mutating func bytes(_ key: UInt64, _ value: Bytes32) {
        begin(key)
        body.byteString(value)
    }

    mutating func energy(_ key: UInt64, _ value: Energy) { integer(key, value.millijoules) }

    mutating func span(_ key: UInt64, _ value: TimeSpan) { integer(key, value.milliseconds) }

    mutating func share(_ key: UInt64, _ value: BasisPoints) { unsigned(key, UInt64(value.value)) }

    mutating func task(_ key: UInt64, _ value: TaskID) { bytes(key, value.bytes) }

    /// A field whose value `write` appends.
    mutating func nested(_ key: UInt64, _ write: (inout CBORWriter) -> Void) {
        begin(key)
        write(&body)
    }

    /// An array of `count` items that `write` appends.
    mutating func array(_ key: UInt64, count: Int, _ write: (inout CBORWriter) -> Void) {
        begin(key)
        body.array(count)
        write(&body)
    }

    /// Appends the finished map to `writer`.
    func finish(into writer: inout CBORWriter) {
        writer.map(count)
        writer.encoded(body.bytes)
    }

    private mutating func begin(_ key: UInt64) {
        count += 1
        body.unsigned(key)
    }
}

extension CBORReader {
    /// The next item, a task's id.
    mutating func task() throws(CBORError) -> TaskID { TaskID(bytes: try bytes16()) }

    /// The next item, an amount of 0 … `Energy.largest`.
    public mutating func amount() throws(CBORError) -> Energy {
        Energy(millijoules: Int64(try unsigned(atMost: UInt64(Energy.largest.millijoules))))
    }

    /// The next item, a span of 0 … `longest`.
    mutating func span(atMost longest: TimeSpan) throws(CBORError) -> TimeSpan {
        TimeSpan(milliseconds: Int64(try unsigned(atMost: UInt64(longest.milliseconds))))
    }

    /// The next item, a share in ten-thousandths.
    mutating func share() throws(CBORError) -> BasisPoints {
        BasisPoints(clamping: Int64(try unsigned(atMost: UInt64(BasisPoints.one.value))))
    }

    /// The next item, the raw value of a closed enumeration.
    mutating func choice<Choice: RawRepresentable>(_: Choice.Type) throws(CBORError) -> Choice
    where Choice.RawValue == UInt8 {
        let start = offset
        guard let choice = Choice(rawValue: UInt8(try unsigned(atMost: 255))) else { throw .invalidValue(at: start) }
        return choice
    }

    /// The next item, an integer that fits `Int32`.
    mutating func integer32() throws(CBORError) -> Int32 {
        let start = offset
        guard let value = Int32(exactly: try integer()) else { throw .outOfRange(at: start) }
        return value
    }

    /// The next item, a whole number that fits `UInt32`.
    mutating func unsigned32() throws(CBORError) -> UInt32 { UInt32(try unsigned(atMost: UInt64(UInt32.max))) }
}
