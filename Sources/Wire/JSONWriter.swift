/// Writes JSON (RFC 8259) for people and other programs; never what is signed or stored.
///
/// Numbers are written from integers or from decimal tokens as they were read, so that no value
/// passes through floating point. Commas and escapes are the writer's business; the caller pairs
/// its begins with ends and puts a key before every value inside an object.
public struct JSONWriter: Sendable {
    /// The text so far.
    public private(set) var text = ""
    private var needsComma = false

    /// An empty writer.
    public init() {}

    /// Begins an object.
    public mutating func beginObject() { open("{") }
    /// Ends an object.
    public mutating func endObject() { close("}") }
    /// Begins an array.
    public mutating func beginArray() { open("[") }
    /// Ends an array.
    public mutating func endArray() { close("]") }

    /// Writes the key of the value that follows.
    public mutating func key(_ name: String) {
        separate()
        quote(name)
        text += ":"
        needsComma = false
    }

    /// Writes a text.
    public mutating func string(_ value: String) {
        separate()
        quote(value)
    }

    /// Writes an integer.
    public mutating func integer<Integer: FixedWidthInteger>(_ value: Integer) {
        separate()
        text += "\(value)"
    }

    /// Writes a number from its digits: an optional sign, digits, at most one decimal point between digits, and perhaps
    /// a power of ten such as `e-05`.
    ///
    /// A token that is not such a number is written as a string, so that the output stays JSON.
    public mutating func decimal(_ token: String) {
        separate()
        if JSONWriter.isDecimal(token) { text += token } else { quote(token) }
    }

    /// Writes `true` or `false`.
    public mutating func boolean(_ value: Bool) {
        separate()
        text += value ? "true" : "false"
    }

    /// Writes `null`.
    public mutating func null() {
        separate()
        text += "null"
    }

    /// Writes a key and a text, or `null`.
    public mutating func member(_ name: String, _ value: String?) {
        key(name)
        if let value { string(value) } else { null() }
    }

    /// Writes a key and an integer, or `null`.
    public mutating func member<Integer: FixedWidthInteger>(_ name: String, _ value: Integer?) {
        key(name)
        if let value { integer(value) } else { null() }
    }

    /// Writes a key and a boolean.
    public mutating func member(_ name: String, _ value: Bool) {
        key(name)
        boolean(value)
    }

    private mutating func separate() {
        if needsComma { text += "," }
        needsComma = true
    }

    private mutating func open(_ bracket: String) {
        separate()
        text += bracket
        needsComma = false
    }

    private mutating func close(_ bracket: String) {
        text += bracket
        needsComma = true
    }

    private mutating func quote(_ value: String) {
        text += "\""
        // Nearly every text is written as it is.
        if value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x22 && $0 != 0x5c && $0 != 0x7f }) {
            text += value
            text += "\""
            return
        }
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{0}"..."\u{1f}", "\u{7f}":
                let hex = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - hex.utf8.count) + hex
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }

    private static func isDecimal(_ token: String) -> Bool {
        func isDigits(_ text: ArraySlice<UInt8>) -> Bool {
            !text.isEmpty && text.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        }
        var rest = Array(token.utf8)[...]
        if let mark = rest.firstIndex(of: UInt8(ascii: "e")) {
            let power = rest[(mark + 1)...]
            let isSigned = power.first == UInt8(ascii: "-") || power.first == UInt8(ascii: "+")
            guard isDigits(power.dropFirst(isSigned ? 1 : 0)) else { return false }
            rest = rest[..<mark]
        }
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        let parts = rest.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, whole.count == 1 || whole.first != UInt8(ascii: "0") else { return false }
        return parts.allSatisfy { isDigits($0) }
    }
}
