import TestKit
import Testing
import Wire

struct HexadecimalTests {
    @Test func `bytes become lower-case digits and are read in either case`() {
        #expect(hexadecimal([0x00, 0x0f, 0xa5, 0xff]) == "000fa5ff")
        #expect(bytes(hexadecimal: "000FA5ff") == [0x00, 0x0f, 0xa5, 0xff])
        #expect(bytes(hexadecimal: "") == [])
    }

    @Test(arguments: ["0", "000", "0g", "g0", "0x00", " 00", "00 ", "00\n", "-1", "é0", "/:", "@`", "٠٠"])
    func `text that is not pairs of digits is refused`(text: String) {
        #expect(bytes(hexadecimal: text) == nil)
    }

    @Test func `every byte reads back`() {
        let all = (0...255).map { UInt8($0) }
        #expect(bytes(hexadecimal: hexadecimal(all)) == all)
    }
}

struct ByteReaderTests {
    @Test func `integers are little-endian`() throws {
        let input: [UInt8] = [1, 2, 1, 4, 3, 2, 1, 8, 7, 6, 5, 4, 3, 2, 1, 3, 2, 1, 9]
        var reader = ByteReader(input.span)
        #expect(try reader.uint8() == 1)
        #expect(try reader.uint16() == 0x0102)
        #expect(try reader.uint32() == 0x0102_0304)
        #expect(try reader.uint64() == 0x0102_0304_0506_0708)
        #expect(try reader.littleEndian(3) == 0x01_0203)
        #expect(reader.remaining == 1)
        #expect(try reader.array(1) == [9])
        #expect(reader.offset == 19)
    }

    @Test func `nothing is read past the end, and the refusal names the place`() throws {
        let input: [UInt8] = [1, 2, 3]
        var reader = ByteReader(input.span)
        _ = try reader.uint8()
        #expect(throws: ByteReaderError.truncated(at: 1)) { try reader.uint32() }
        #expect(throws: ByteReaderError.truncated(at: 1)) { try reader.array(3) }
        #expect(throws: ByteReaderError.truncated(at: 1)) { try reader.array(-1) }
        #expect(throws: ByteReaderError.truncated(at: 1)) { try reader.array(.max) }
        #expect(reader.remaining == 2)
        #expect(try reader.array(2) == [2, 3])
        #expect(try reader.array(0) == [])
        #expect(throws: ByteReaderError.truncated(at: 3)) { try reader.uint8() }
    }

    @Test func `the writer writes what the reader reads`() throws {
        var random = SeededRandom(seed: 1)
        for _ in 0..<500 {
            let width = random.number(in: 1...8)
            let value = random.next() >> UInt64(64 - 8 * width)
            let tail = random.bytes(random.number(in: 0...9))
            var writer = ByteWriter()
            writer.littleEndian(value, width)
            writer.uint8(UInt8(truncatingIfNeeded: value))
            writer.uint16(UInt16(truncatingIfNeeded: value))
            writer.uint32(UInt32(truncatingIfNeeded: value))
            writer.uint64(value)
            writer.zeros(2)
            writer.append(tail)
            writer.append(tail.span)
            #expect(writer.count == width + 17 + 2 * tail.count)
            let written = writer.bytes
            var reader = ByteReader(written.span)
            #expect(try reader.littleEndian(width) == value)
            #expect(try reader.uint8() == UInt8(truncatingIfNeeded: value))
            #expect(try reader.uint16() == UInt16(truncatingIfNeeded: value))
            #expect(try reader.uint32() == UInt32(truncatingIfNeeded: value))
            #expect(try reader.uint64() == value)
            #expect(try reader.array(2) == [0, 0])
            #expect(try reader.array(tail.count) == tail)
            #expect(try reader.array(tail.count) == tail)
            #expect(reader.remaining == 0)
            writer.removeAll()
            #expect(writer.bytes.isEmpty)
        }
    }
}
