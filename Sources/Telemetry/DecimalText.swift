extension UInt8 {
    static let lineFeed: UInt8 = 0x0a
    static let carriageReturn: UInt8 = 0x0d

    var isBlank: Bool { self == 0x20 || self == 0x09 }
    var isDigit: Bool { (0x30...0x39).contains(self) }
    var isLetter: Bool { (0x41...0x5a).contains(self) || (0x61...0x7a).contains(self) }
}

/// Reads whole numbers from ASCII digits, and nothing else.
public enum DecimalText {
    /// Digits that make a number of at most 64 bits; nil for anything else.
    public static func unsigned(_ digits: ArraySlice<UInt8>) -> UInt64? {
        guard !digits.isEmpty else { return nil }
        var value: UInt64 = 0
        for digit in digits {
            guard digit.isDigit else { return nil }
            let (product, tooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = product.addingReportingOverflow(UInt64(digit - 0x30))
            guard !tooLarge, !overflow else { return nil }
            value = sum
        }
        return value
    }

    /// An optional minus and digits; nil for anything else.
    public static func signed(_ text: ArraySlice<UInt8>) -> Int64? {
        guard text.first == UInt8(ascii: "-") else { return unsigned(text).flatMap { Int64(exactly: $0) } }
        guard let magnitude = unsigned(text.dropFirst()) else { return nil }
        return Int64(exactly: -Int128(magnitude))
    }

    /// The number a sysfs file holds: digits with an optional minus, then a line end.
    ///
    /// Blanks, line ends and NUL around the number are passed over.
    public static func value(ofFile bytes: [UInt8]) -> Int64? { signed(trimmed(bytes[...])) }

    /// `bytes` without blanks, line ends and NUL at either end.
    public static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var rest = bytes
        while let first = rest.first, first <= 0x20 { rest.removeFirst() }
        while let last = rest.last, last <= 0x20 { rest.removeLast() }
        return rest
    }
}

/// The text of a small file or word: UTF-8 without control characters and those that are not seen or turn the
/// direction of writing, ends trimmed; nil where it is not such text.
///
/// At most `TelemetryLimits.nameBytes` bytes.
public func nameText(_ bytes: ArraySlice<UInt8>) -> String? {
    let trimmed = DecimalText.trimmed(bytes)
    guard !trimmed.isEmpty, trimmed.count <= TelemetryLimits.nameBytes,
        trimmed.allSatisfy({ $0 >= 0x20 && $0 != 0x7f })
    else { return nil }
    guard let text = String(validating: trimmed, as: UTF8.self) else { return nil }
    return text.unicodeScalars.contains { isHidden($0.value) } ? nil : text
}

/// Whether a scalar is a control character, or formats text unseen.
private func isHidden(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x80...0x9f, 0x200b...0x200f, 0x2028...0x202e, 0x2060...0x206f, 0xfeff, 0xfff9...0xfffb: true
    case 0xe0000...0xe007f: true
    default: false
    }
}

/// Splits text into lines and words.
struct TextScanner {
    private let bytes: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    /// The words between runs of blanks.
    func words() -> [ArraySlice<UInt8>] { bytes.split { $0.isBlank || $0 == .carriageReturn } }

    /// The lines, without their ends; empty ones are left out.
    func lines() -> [ArraySlice<UInt8>] { bytes.split(separator: .lineFeed) }
}
