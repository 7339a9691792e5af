import Quantities
import Wire

/// How far the numbers of two results of one task may be apart where machines compute them differently.
///
/// In millionths. Without tolerance results must be the same bytes. With it both are read as JSON texts: the same but
/// for their numbers, each of which may be off by the absolute tolerance or, where that is more, by the relative one's
/// part of the larger. What is no number, or too long a one, must be the same bytes.
public struct ResultTolerance: Hashable, Sendable {
    /// Most that numbers may be apart, in millionths of one.
    public let absolute: Int64
    /// Most that numbers may be apart, in millionths of the larger.
    public let relative: Int64

    /// The same bytes.
    public static let exact = ResultTolerance()
    /// The largest absolute tolerance: a million.
    public static let largestAbsolute: Int64 = 1_000_000_000_000
    /// The largest relative tolerance: the whole.
    public static let largestRelative: Int64 = 1_000_000

    private init() { (absolute, relative) = (0, 0) }

    /// A tolerance; nil where one of both is negative or too large.
    public init?(absolute: Int64, relative: Int64) {
        guard (0...ResultTolerance.largestAbsolute).contains(absolute),
            (0...ResultTolerance.largestRelative).contains(relative)
        else { return nil }
        self.absolute = absolute
        self.relative = relative
    }

    /// Whether both results count as the same.
    ///
    /// Complexity: O(bytes).
    public func agree(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        if left == right { return true }
        guard self != .exact else { return false }
        var (a, b) = (0, 0)
        while a < left.count, b < right.count {
            if let one = NumberText(in: left, at: a), let other = NumberText(in: right, at: b) {
                guard isNear(one, other, left[a..<one.end], right[b..<other.end]) else { return false }
                (a, b) = (one.end, other.end)
                continue
            }
            guard left[a] == right[b] else { return false }
            guard left[a] == UInt8(ascii: "\"") else {
                (a, b) = (a + 1, b + 1)
                continue
            }
            // A text is the same byte by byte, digits in it included.
            let end = ResultTolerance.endOfText(left, from: a)
            let length = end - a
            guard b + length <= right.count, left[a..<end] == right[b..<(b + length)] else { return false }
            (a, b) = (end, b + length)
        }
        return a == left.count && b == right.count
    }

    private func isNear(
        _ one: NumberText, _ other: NumberText, _ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>
    ) -> Bool {
        if left == right { return true }
        guard let first = one.millionths, let second = other.millionths else { return false }
        let larger = max(first.magnitude, second.magnitude)
        let (million, share) = (UInt128(1_000_000), UInt128(relative))
        let part = larger < UInt128(1) << 100 ? larger * share / million : larger / million * share
        let allowed = max(UInt128(absolute), part)
        return first > second ? UInt128(first - second) <= allowed : UInt128(second - first) <= allowed
    }

    /// Where the text that begins with the quotation mark at `start` ends, its last mark included.
    private static func endOfText(_ bytes: [UInt8], from start: Int) -> Int {
        var index = start + 1
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\\"): index += 2
            case UInt8(ascii: "\""): return index + 1
            default: index += 1
            }
        }
        return bytes.count
    }

    /// Reads `[absolute, relative]`, not both nothing.
    init(from reader: inout CBORReader) throws(CBORError) {
        let start = reader.offset
        try reader.beginArray(of: 2)
        guard let tolerance = ResultTolerance(absolute: try reader.integer(), relative: try reader.integer()),
            tolerance != .exact
        else { throw .invalidValue(at: start) }
        self = tolerance
        reader.endArray()
    }

    func write(to writer: inout CBORWriter) {
        writer.array(2)
        writer.integer(absolute)
        writer.integer(relative)
    }
}

/// A JSON number within a text.
private struct NumberText {
    /// Where it ends.
    let end: Int
    /// Its value in millionths, further digits dropped; nil where it is too large or too long.
    let millionths: Int128?

    /// Digits that are looked at; with more a number is only the same as itself.
    private static let mostDigits = 30

    /// The number that begins at `start`; nil where none does.
    init?(in bytes: [UInt8], at start: Int) {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        func digit(_ index: Int) -> Int128? {
            guard index < bytes.count, digits.contains(bytes[index]) else { return nil }
            return Int128(bytes[index] - digits.lowerBound)
        }
        var index = start
        let isNegative = index < bytes.count && bytes[index] == UInt8(ascii: "-")
        if isNegative { index += 1 }
        guard digit(index) != nil else { return nil }
        var (value, count, scale) = (Int128(0), 0, Int128(0))
        while let next = digit(index) {
            if count < NumberText.mostDigits { value = value * 10 + next }
            (count, index) = (count + 1, index + 1)
        }
        if index < bytes.count, bytes[index] == UInt8(ascii: "."), digit(index + 1) != nil {
            index += 1
            while let next = digit(index) {
                // Beyond what is counted a fraction's digits change nothing that matters.
                if count < NumberText.mostDigits { (value, scale, count) = (value * 10 + next, scale - 1, count + 1) }
                index += 1
            }
        }
        var isTooLong = count > NumberText.mostDigits
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            var after = index + 1
            var isDown = false
            if after < bytes.count, bytes[after] == UInt8(ascii: "+") || bytes[after] == UInt8(ascii: "-") {
                isDown = bytes[after] == UInt8(ascii: "-")
                after += 1
            }
            if digit(after) != nil {
                var exponent = Int128(0)
                while let next = digit(after) {
                    exponent = min(exponent * 10 + next, 1_000)
                    after += 1
                }
                scale += isDown ? -exponent : exponent
                index = after
            }
        }
        end = index
        scale += 6
        while scale < 0, value != 0 { (value, scale) = (value / 10, scale + 1) }
        while scale > 0, value != 0, !isTooLong {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            if overflow { isTooLong = true } else { (value, scale) = (product, scale - 1) }
        }
        // A difference of two must not overflow either.
        guard !isTooLong, value < Int128.max / 4 else {
            millionths = nil
            return
        }
        millionths = isNegative ? -value : value
    }
}
