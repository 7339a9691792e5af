import Quantities
import TestKit
import Testing
import Wire

/// How types read their fields: kinds, ranges, counts, missing and unknown fields.
struct CBORReaderTests {
    /// A type with two required fields and an optional one between them, as the wire types are written.
    struct Sample: Equatable {
        var first: UInt64
        var second: Bool?
        var fourth: String

        init(_ hex: String) throws {
            let input = try octets(hex)
            self = try Sample(reading: input)
        }

        private init(reading input: [UInt8]) throws(CBORError) {
            var reader = try CBORReader(input.span, limit: 64)
            var map = try reader.beginMap()
            try reader.field(1, of: &map)
            first = try reader.unsigned()
            second = try reader.hasField(2, of: &map) ? try reader.boolean() : nil
            try reader.field(4, of: &map)
            fourth = try reader.text(limit: 4)
            try reader.endMap(&map)
            try reader.finish()
        }
    }

    @Test func `required and optional fields are read`() throws {
        #expect(try Sample("a201070461 61".filter { $0 != " " }).second == nil)
        #expect(try Sample("a3010702f5046161").second == true)
        #expect(try Sample("a3010702f5046161").first == 7)
        #expect(try Sample("a3010702f5046161").fourth == "a")
    }

    @Test(arguments: ["a301070461611840f5", "a40107046161184080193fffa0"])
    func `unknown fields from 64 on are carried and ignored`(hex: String) throws {
        #expect(try Sample(hex).fourth == "a")
    }

    @Test(arguments: [
        // A field below, between, and after the known ones.
        ("a3000001070461 61", CBORError.unknownField(0, at: 1)),
        ("a30107030004 6161", .unknownField(3, at: 3)),
        ("a30107046161 0500", .unknownField(5, at: 6)),
        ("a30107046161 183f00", .unknownField(63, at: 6)),
        // Absent fields: at the end, and where a later one stands.
        ("a0", .missingField(1, at: 1)), ("a10107", .missingField(4, at: 3)),
        ("a20107184000", .missingField(4, at: 5)),
        ("a1046161", .missingField(1, at: 2)),
        // What an ignorable field holds is still held to the encoding.
        ("a301070461611840f6", .unsupported(at: 8, initialByte: 0xf6)),
        ("a3010704616118401800", .notShortest(at: 8)),
        ("a3010704616118406161ff", .trailingBytes(at: 10)),
        ("a30107046161184061ff", .invalidUTF8(at: 8)),
        ("a40107046161184000184000", .repeatedKey(at: 9)),
        ("a40107046161184100184000", .unsortedKey(at: 9)),
        ("a301070461611840818181818181818180", .tooDeep(at: 15)),
        // Values of another kind or beyond their limit.
        ("a201f5046161", .unexpectedKind(at: 2, expected: .unsigned, found: .boolean)),
        ("a30107020104 6161", .unexpectedKind(at: 4, expected: .boolean, found: .unsigned)),
        ("a2010704656162636465", .tooLong(at: 4, limit: 4)),
        ("a1", .truncated(at: 1)), ("a201", .truncated(at: 2)), ("", .truncated(at: 0)),
        ("80", .unexpectedKind(at: 0, expected: .map, found: .array)),
    ])
    func `other maps are refused by name and place`(hex: String, error: CBORError) {
        #expect(throws: error) { try Sample(hex.filter { $0 != " " }) }
    }

    /// Runs `body` on a reader of `hex`.
    func read<Value>(
        _ hex: String, limit: Int = 100, _ body: (inout CBORReader) throws(CBORError) -> Value
    ) throws -> Value {
        let input = try octets(hex)
        var reader = try CBORReader(input.span, limit: limit)
        return try body(&reader)
    }

    @Test func `a message above its limit is refused whole`() throws {
        #expect(throws: CBORError.tooLong(at: 0, limit: 2)) { try read("820000", limit: 2) { _ in } }
        #expect(try read("820000", limit: 3) { reader throws(CBORError) in try reader.encodedItem() } == [0x82, 0, 0])
    }

    @Test func `integers keep to their range`() throws {
        #expect(try read("3b7fffffffffffffff") { reader throws(CBORError) in try reader.integer() } == .min)
        #expect(try read("1b7fffffffffffffff") { reader throws(CBORError) in try reader.integer() } == .max)
        #expect(throws: CBORError.outOfRange(at: 0)) {
            try read("3b8000000000000000") { reader throws(CBORError) in try reader.integer() }
        }
        #expect(throws: CBORError.outOfRange(at: 0)) {
            try read("1b8000000000000000") { reader throws(CBORError) in try reader.integer() }
        }
        #expect(throws: CBORError.outOfRange(at: 0)) {
            try read("1b8000000000000000") { reader throws(CBORError) in try reader.nonNegative() }
        }
        #expect(throws: CBORError.unexpectedKind(at: 0, expected: .unsigned, found: .negative)) {
            try read("20") { reader throws(CBORError) in try reader.nonNegative() }
        }
        #expect(throws: CBORError.outOfRange(at: 0)) {
            try read("1818") { reader throws(CBORError) in try reader.unsigned(atMost: 23) }
        }
        #expect(throws: CBORError.unexpectedKind(at: 0, expected: .unsigned, found: .text)) {
            try read("60") { reader throws(CBORError) in try reader.integer() }
        }
    }

    @Test func `the writer's integers are the reader's`() throws {
        for value in [Int64.min, .min + 1, -257, -256, -25, -24, -1, 0, 23, 24, 255, 256, 65_535, 65_536, .max] {
            var writer = CBORWriter()
            writer.integer(value)
            let written = hexadecimal(writer.bytes)
            #expect(try read(written) { reader throws(CBORError) in try reader.integer() } == value)
        }
    }

    @Test func `fixed-length strings have just that length`() throws {
        let sixteen = "50" + String(repeating: "07", count: 16)
        let thirtyTwo = "5820" + String(repeating: "07", count: 32)
        #expect(
            try read(sixteen) { reader throws(CBORError) in try reader.bytes16() }.array
                == Array(repeating: 7, count: 16))
        #expect(
            try read(thirtyTwo) { reader throws(CBORError) in try reader.bytes32() }.array
                == Array(repeating: 7, count: 32))
        #expect(throws: CBORError.invalidValue(at: 0)) {
            try read("4f" + String(repeating: "07", count: 15)) { reader throws(CBORError) in try reader.bytes16() }
        }
        #expect(throws: CBORError.tooLong(at: 0, limit: 16)) {
            try read(thirtyTwo) { reader throws(CBORError) in try reader.bytes16() }
        }
        #expect(throws: CBORError.invalidValue(at: 0)) {
            try read(sixteen) { reader throws(CBORError) in try reader.bytes32() }
        }
        #expect(throws: CBORError.tooLong(at: 0, limit: 3)) {
            try read("4401020304") { reader throws(CBORError) in try reader.byteString(limit: 3) }
        }
    }

    @Test func `arrays have the number of items that their type says`() throws {
        #expect(throws: CBORError.wrongCount(at: 0, expected: 3, found: 2)) {
            try read("820000") { reader throws(CBORError) in try reader.beginArray(of: 3) }
        }
        #expect(throws: CBORError.tooLong(at: 0, limit: 1)) {
            try read("820000") { reader throws(CBORError) in try reader.beginArray(limit: 1) }
        }
        #expect(try read("820000") { reader throws(CBORError) in try reader.beginArray(limit: 2) } == 2)
    }

    @Test func `an item is carried as it was received`() throws {
        let rest = try read("8301a10102f5") { reader throws(CBORError) -> [UInt8] in
            try reader.beginArray(of: 3)
            _ = try reader.unsigned()
            return try reader.encodedItem()
        }
        #expect(rest == [0xa1, 1, 2])
        var writer = CBORWriter()
        writer.array(2)
        writer.encoded(rest)
        writer.byteString(Bytes16.zero)
        #expect(hexadecimal(writer.bytes) == "82a1010250" + String(repeating: "00", count: 16))
    }

    @Test func `every refusal says what is wrong and where, in words`() {
        #expect(CBORError.missingField(4, at: 9).explanation == "field 4 is missing at byte 9")
        #expect(CBORError.tooLong(at: 0, limit: 64).explanation == "longer than the limit of 64 bytes at byte 0")
        #expect(
            CBORError.unexpectedKind(at: 2, expected: .map, found: .boolean).explanation
                == "expected a map, found a boolean at byte 2")
        #expect(
            CBORError.unsupported(at: 1, initialByte: 246).explanation
                == "unsupported item (initial byte 246) at byte 1")
    }
}
