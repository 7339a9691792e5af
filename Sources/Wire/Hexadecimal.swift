/// Lower-case hexadecimal text of bytes.
public func hexadecimal(_ bytes: [UInt8]) -> String {
    var text = ""
    for byte in bytes {
        text.unicodeScalars.append(digit(byte >> 4))
        text.unicodeScalars.append(digit(byte & 15))
    }
    return text
}

/// The bytes of hexadecimal `text` of either case, or nil where it is not an even number of digits.
public func bytes(hexadecimal text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    var high: UInt8?
    for character in text.utf8 {
        guard let value = hexadecimalValue(character) else { return nil }
        if let first = high {
            bytes.append(first << 4 | value)
            high = nil
        } else {
            high = value
        }
    }
    return high == nil ? bytes : nil
}

/// The value of one hexadecimal digit in ASCII, or nil.
public func hexadecimalValue(_ character: UInt8) -> UInt8? {
    switch character {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): character - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): character - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): character - UInt8(ascii: "A") + 10
    default: nil
    }
}

private func digit(_ value: UInt8) -> Unicode.Scalar {
    Unicode.Scalar(value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10)
}
