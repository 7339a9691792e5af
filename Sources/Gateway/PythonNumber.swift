import Quantities
import Wire

/// A number as Python writes it, which is what is signed, beside what it says.
struct PythonNumber: Equatable {
    /// The number as Python writes it.
    let text: String
    /// Whether it was written without fraction and exponent.
    let isWhole: Bool

    /// The number that `value` is; nil where it is none.
    init?(_ value: JSONValue) {
        switch value {
        case .integer(let number): (text, isWhole) = ("\(number)", true)
        case .real(let token): (text, isWhole) = (token, false)
        default: return nil
        }
    }

    /// A number of thousandths, as one with a fraction.
    init(thousandths: Int64) {
        let magnitude = thousandths.magnitude
        let (whole, rest) = magnitude.quotientAndRemainder(dividingBy: 1000)
        let digits = "\(rest)"
        let written =
            (thousandths < 0 ? "-" : "") + "\(whole)." + String(repeating: "0", count: 3 - digits.utf8.count) + digits
        // Many digits are more than such a number has in Python.
        self.init(fraction: written)
    }

    /// A number of ten-thousandths, as one with a fraction.
    init(tenThousandths: Int32) {
        let (whole, rest) = Int64(tenThousandths).quotientAndRemainder(dividingBy: 10_000)
        let digits = "\(rest)"
        self.init(fraction: "\(whole)." + String(repeating: "0", count: 4 - digits.utf8.count) + digits)
    }

    private init(fraction: String) {
        // A double holds fifteen digits as they are, and Python writes them so, less the zeros at their end.
        if fraction.utf8.count <= 16 {
            let end = fraction.utf8.lastIndex { $0 != UInt8(ascii: "0") } ?? fraction.utf8.startIndex
            let digits = fraction.utf8.prefix(through: end)
            text = String(decoding: Array(digits), as: UTF8.self) + (fraction.utf8[end] == UInt8(ascii: ".") ? "0" : "")
            isWhole = false
            return
        }
        let value = (try? JSONValue(parsing: Array(fraction.utf8))) ?? .real(fraction)
        if case .real(let token) = value { text = token } else { text = fraction }
        isWhole = false
    }

    /// The number as a JSON value.
    var value: JSONValue {
        if isWhole, let number = Int64(text) { return .integer(number) }
        return .real(text)
    }

    /// The number in thousandths, rounded towards zero; nil where that is no Int64.
    var thousandths: Int64? {
        var rest = Array(text.utf8)[...]
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative { rest = rest.dropFirst() }
        var power: Int64 = 3
        if let mark = rest.firstIndex(of: UInt8(ascii: "e")) {
            guard let exponent = Int64(String(decoding: rest[(mark + 1)...], as: UTF8.self)) else { return nil }
            power += exponent
            rest = rest[..<mark]
        }
        var digits: Int128 = 0
        var isFraction = false
        // At most nineteen digits: those of Int64, or the seventeen of a double.
        for byte in rest {
            if byte == UInt8(ascii: ".") {
                isFraction = true
            } else {
                guard digits < Int128(Int64.max) else { return nil }
                digits = digits * 10 + Int128(byte - UInt8(ascii: "0"))
                if isFraction { power -= 1 }
            }
        }
        if digits == 0 { return 0 }
        guard power <= 19 else { return nil }
        while power > 0, digits <= Int128(Int64.max) {
            digits *= 10
            power -= 1
        }
        while power < 0, digits > 0 {
            digits /= 10
            power += 1
        }
        return Int64(exactly: isNegative ? -digits : digits)
    }
}
