import Quantities
import Testing

struct TimeTests {
    @Test func `spans saturate`() {
        #expect(TimeSpan.seconds(2).milliseconds == 2000)
        #expect(TimeSpan.seconds(.max).milliseconds == .max)
        #expect(TimeSpan.seconds(.min).milliseconds == .min)
        #expect(TimeSpan.milliseconds(.max) + .milliseconds(1) == .milliseconds(.max))
        #expect(TimeSpan.milliseconds(.min) - .milliseconds(1) == .milliseconds(.min))
        #expect(TimeSpan.zero - .milliseconds(.min) == .milliseconds(.max))
        #expect(TimeSpan.milliseconds(3) * -2 == .milliseconds(-6))
        #expect(TimeSpan.milliseconds(.max) * 2 == .milliseconds(.max))
        #expect(TimeSpan.milliseconds(.min) * -1 == .milliseconds(.max))
        #expect(TimeSpan.milliseconds(.max) * -2 == .milliseconds(.min))
    }

    @Test func `instants saturate`() {
        #expect(BootTime.origin + .seconds(1) == BootTime(milliseconds: 1000))
        #expect(BootTime.distantFuture + .milliseconds(1) == .distantFuture)
        #expect(BootTime(milliseconds: .min) - .milliseconds(1) == BootTime(milliseconds: .min))
        #expect(BootTime.origin - .milliseconds(.min) == .distantFuture)
    }

    @Test func `the span between instants is signed and saturates`() {
        #expect(WallTime(milliseconds: 5).since(WallTime(milliseconds: 8)) == .milliseconds(-3))
        #expect(WallTime(milliseconds: .max).since(WallTime(milliseconds: .min)) == .milliseconds(.max))
        #expect(WallTime(milliseconds: .min).since(WallTime(milliseconds: .max)) == .milliseconds(.min))
    }

    @Test func `earlier and shorter come first`() {
        #expect(LedgerTime(milliseconds: -1) < LedgerTime.origin)
        #expect(LedgerTime.origin < LedgerTime.distantFuture)
        #expect(TimeSpan.milliseconds(-1) < TimeSpan.zero)
    }
}

struct BasisPointsTests {
    @Test(arguments: [
        (Int64(0), Int32?(0)), (1, 1), (10_000, 10_000), (10_001, nil), (-1, nil), (.max, nil), (.min, nil),
    ])
    func `a share lies between nothing and all`(value: Int64, expected: Int32?) {
        #expect(BasisPoints(value)?.value == expected)
    }

    @Test(arguments: [(Int64.min, Int32(0)), (-1, 0), (9_999, 9_999), (10_001, 10_000), (.max, 10_000)])
    func `clamping brings a value into range`(value: Int64, expected: Int32) {
        #expect(BasisPoints(clamping: value).value == expected)
    }

    @Test(arguments: [
        (Int64(1), Int64(3), Int32(3333)), (2, 3, 6666), (3, 2, 10_000), (0, 3, 0), (-1, 3, 0), (1, 0, 0), (1, -3, 0),
        (.max, .max, 10_000), (.max, 1, 10_000), (1, .max, 0), (.max / 2, .max, 4999),
    ])
    func `the share of a part is rounded towards zero`(part: Int64, whole: Int64, expected: Int32) {
        #expect(BasisPoints(part, of: whole).value == expected)
    }

    @Test func `products, complements and order`() {
        #expect(BasisPoints(clamping: 9_999) * BasisPoints(clamping: 9_999) == BasisPoints(clamping: 9_998))
        #expect(BasisPoints(clamping: 99) * BasisPoints(clamping: 99) == .zero)
        #expect(BasisPoints.one * BasisPoints.one == .one)
        #expect(BasisPoints(clamping: 1).complement == BasisPoints(clamping: 9_999))
        #expect(BasisPoints.zero.complement == .one)
        #expect(BasisPoints.zero < BasisPoints.one)
    }

    @Test(
        arguments: [
            (0, "0 %"), (1, "0.01 %"), (30, "0.3 %"), (305, "3.05 %"), (9_950, "99.5 %"), (10_000, "100 %"),
        ] as [(Int64, String)])
    func `a share is told in percent with the digits that it needs`(value: Int64, text: String) {
        #expect(BasisPoints(clamping: value).percent == text)
    }
}

struct IntegerArithmeticTests {
    @Test(arguments: [
        (Int64(7), Int64(2), Int64(3)), (-7, 2, -4), (-8, 2, -4), (0, 5, 0), (.min, 1, .min), (.max, .max, 1),
        (.min, .max, -2), (-1, .max, -1),
    ])
    func `floored quotients round towards negative infinity`(value: Int64, divisor: Int64, expected: Int64) {
        #expect(value.flooredQuotient(by: divisor) == expected)
    }

    @Test func `a divisor that is not positive is our own mistake`() async {
        await #expect(processExitsWith: .failure) { _ = Int64(1).flooredQuotient(by: 0) }
        await #expect(processExitsWith: .failure) { _ = Int64(1).flooredQuotient(by: -1) }
    }

    @Test(arguments: [
        (Int64(10), Int64(3), Int64(4), Int64?(7)), (-10, 3, 4, -7), (10, 3, -4, -7), (1, 1, 0, nil),
        (.max, .max, .max, .max), (.max, .max, 1, .max), (.min, .max, 1, .min), (.min, .min, 1, .max),
        (.min, 1, -1, .max), (0, .max, .min, 0),
    ])
    func `scaling uses a 128-bit product and clamps`(
        value: Int64, numerator: Int64, denominator: Int64, expected: Int64?
    ) {
        #expect(scaled(value, by: numerator, over: denominator) == expected)
    }
}

struct ByteCountTests {
    @Test func `byte counts saturate`() {
        #expect(ByteCount.kibibytes(3).bytes == 3072)
        #expect(ByteCount.mebibytes(-2).bytes == -2_097_152)
        #expect(ByteCount.kibibytes(.max).bytes == .max)
        #expect(ByteCount.mebibytes(.min).bytes == .min)
        #expect(ByteCount(bytes: .max) + ByteCount(bytes: 1) == ByteCount(bytes: .max))
        #expect(ByteCount(bytes: .min) - ByteCount(bytes: 1) == ByteCount(bytes: .min))
        #expect(ByteCount.zero < ByteCount(bytes: 1))
    }
}

struct FixedBytesTests {
    static let ascending = (0..<32).map { UInt8($0) }

    @Test func `bytes keep their order and value`() {
        #expect(Bytes16(Array(Self.ascending[..<16]))?.bits == 0x0001_0203_0405_0607_0809_0a0b_0c0d_0e0f)
        #expect(Bytes16(bits: 1).array == Array(repeating: 0, count: 15) + [1])
        #expect(Bytes32(Self.ascending)?.array == Self.ascending)
        #expect(Bytes32(Self.ascending)?.prefix16.array == Array(Self.ascending[..<16]))
        #expect(Bytes32.zero.array == Array(repeating: 0, count: 32))
    }

    @Test(arguments: [0, 1, 15, 17, 31, 33, 64])
    func `another number of bytes is refused`(count: Int) {
        let bytes = [UInt8](repeating: 1, count: count)
        #expect(Bytes16(bytes) == nil)
        #expect(Bytes32(bytes) == nil)
    }

    @Test func `order is that of the bytes, the first most significant`() {
        #expect(Bytes16(bits: 255) < Bytes16(bits: 256))
        #expect(Bytes32(high: 0, low: .max) < Bytes32(high: 1, low: 0))
        #expect(Bytes32(high: 1, low: 0) < Bytes32(high: 1, low: 1))
        #expect(!(Bytes32(high: 2, low: 0) < Bytes32(high: 1, low: 1)))
    }
}
