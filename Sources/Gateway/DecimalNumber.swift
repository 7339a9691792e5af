/// A number of JSON as it is written, compared to the last digit.
///
/// Amounts of other programs are numbers of any size with any number of digits; nothing here rounds them.
struct DecimalNumber: Comparable, Sendable {
    private let isNegative: Bool
    /// The digits behind `0.`, without zeros at either end; none for zero.
    private let digits: [UInt8]
    /// The power of ten that `0.digits` is multiplied by.
    private let exponent: Int

    static let zero = DecimalNumber(isNegative: false, digits: [], exponent: 0)
    static let one = DecimalNumber(isNegative: false, digits: [1], exponent: 1)

    private init(isNegative: Bool, digits: [UInt8], exponent: Int) {
        self.isNegative = isNegative
        self.digits = digits
        self.exponent = exponent
    }

    /// The number that `value` is; nil where it is none.
    init?(_ value: JSONValue?) {
        switch value {
        case .integer(let number): self.init("\(number)")
        case .real(let token): self.init(token)
        case .null, .boolean, .string, .array, .object, .none: return nil
        }
    }

    /// The number of `text`: an optional minus, digits, at most one point between them, perhaps a power of ten.
    init?(_ text: String) {
        var bytes = Array(text.utf8)[...]
        let isNegative = bytes.first == UInt8(ascii: "-")
        if isNegative { bytes.removeFirst() }
        let mark = bytes.firstIndex { $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") } ?? bytes.endIndex
        var power = 0
        if mark != bytes.endIndex {
            guard let read = DecimalNumber.power(bytes[(mark + 1)...]) else { return nil }
            power = read
        }
        let parts = bytes[..<mark].split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(DecimalNumber.isDigit) }) else {
            return nil
        }
        var digits = parts.joined().map { $0 - UInt8(ascii: "0") }[...]
        var exponent = whole.count + power
        while digits.first == 0 {
            digits.removeFirst()
            exponent -= 1
        }
        while digits.last == 0 { digits.removeLast() }
        self.init(
            isNegative: isNegative && !digits.isEmpty, digits: Array(digits), exponent: digits.isEmpty ? 0 : exponent)
    }

    /// A power of ten of at most six digits, more than any number that is sent has.
    private static func power(_ text: ArraySlice<UInt8>) -> Int? {
        var text = text
        let isNegative = text.first == UInt8(ascii: "-")
        if isNegative || text.first == UInt8(ascii: "+") { text.removeFirst() }
        guard (1...6).contains(text.count), text.allSatisfy(isDigit) else { return nil }
        let magnitude = text.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        return isNegative ? -magnitude : magnitude
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    static func < (left: DecimalNumber, right: DecimalNumber) -> Bool {
        if left.isNegative != right.isNegative { return left.isNegative }
        return left.isNegative ? right.isSmaller(than: left) : left.isSmaller(than: right)
    }

    /// Whether this is nearer to zero than `other`.
    private func isSmaller(than other: DecimalNumber) -> Bool {
        if digits.isEmpty || other.digits.isEmpty { return digits.isEmpty && !other.digits.isEmpty }
        if exponent != other.exponent { return exponent < other.exponent }
        return digits.lexicographicallyPrecedes(other.digits)
    }
}
