import Wire

/// A value of the configuration as it is shown.
public enum ConfigurationValue: Hashable, Sendable {
    /// A number in decimal digits.
    case number(String)
    /// A text.
    case text(String)
    /// A truth value.
    case boolean(Bool)
    /// A list of texts.
    case list([String])
    /// A list of mappings.
    case mappings([ConfigurationMapping])

    /// The value as the environment and the command line write it.
    public var text: String {
        switch self {
        case .number(let digits): digits
        case .text(let text): text
        case .boolean(let value): value ? "true" : "false"
        case .list(let elements): elements.joined(separator: ",")
        case .mappings(let mappings): mappings.map { $0.text }.joined(separator: ",")
        }
    }

    /// Appends the value as JSON.
    func write(to json: inout JSONWriter) {
        switch self {
        case .number(let digits): json.decimal(digits)
        case .text(let text): json.string(text)
        case .boolean(let value): json.boolean(value)
        case .list(let elements):
            json.beginArray()
            for element in elements { json.string(element) }
            json.endArray()
        case .mappings(let mappings):
            json.beginArray()
            for mapping in mappings { mapping.write(to: &json) }
            json.endArray()
        }
    }
}

/// A mapping of the configuration as it is shown.
public struct ConfigurationMapping: Hashable, Sendable {
    /// One key and its value.
    public struct Member: Hashable, Sendable {
        /// The key.
        public let name: String
        /// The value.
        public let value: ConfigurationValue

        /// A key and its value.
        init(_ name: String, _ value: ConfigurationValue) {
            self.name = name
            self.value = value
        }
    }

    /// The members in the order in which they are shown.
    public let members: [Member]

    /// The mapping as JSON, which is also YAML.
    var text: String {
        var json = JSONWriter()
        write(to: &json)
        return json.text
    }

    /// Appends the mapping as JSON.
    func write(to json: inout JSONWriter) {
        json.beginObject()
        for member in members {
            json.key(member.name)
            member.value.write(to: &json)
        }
        json.endObject()
    }
}

/// Numbers with a fixed count of digits after the point, as integers; nothing is ever rounded.
enum FixedPoint {
    /// `text` times ten to the power of `digits`: an optional minus, digits without a leading zero, and
    /// after a point at most `digits` digits and zeros behind them; nil for anything else.
    static func parse(_ text: String, digits: Int) -> Int64? {
        var bytes = Array(text.utf8)[...]
        let isNegative = bytes.first == UInt8(ascii: "-")
        if isNegative { bytes.removeFirst() }
        let parts = bytes.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let whole = parts.first, !whole.isEmpty, whole.count == 1 || whole.first != UInt8(ascii: "0") else {
            return nil
        }
        var fraction = parts.count == 2 ? parts[1] : []
        if parts.count == 2, fraction.isEmpty || digits == 0 { return nil }
        while fraction.count > digits, fraction.last == UInt8(ascii: "0") { fraction.removeLast() }
        guard fraction.count <= digits else { return nil }
        var value: Int64 = 0
        for digit in whole + fraction + Array(repeating: UInt8(ascii: "0"), count: digits - fraction.count) {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            let (product, tooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = product.addingReportingOverflow(Int64(digit - UInt8(ascii: "0")))
            guard !tooLarge, !overflow else { return nil }
            value = sum
        }
        return isNegative ? -value : value
    }

    /// The text of `value`, which is not negative, without zeros at the end.
    static func text(_ value: Int64, digits: Int) -> String {
        var scale: Int64 = 1
        for _ in 0..<digits { scale *= 10 }
        let fraction = "\(value % scale)"
        var text = "\(value / scale)"
        if value % scale != 0 {
            text += "." + String(repeating: "0", count: digits - fraction.utf8.count) + fraction
            while text.hasSuffix("0") { text.removeLast() }
        }
        return text
    }
}
