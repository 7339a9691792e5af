import Wire

/// JSON as `json.dumps(value, sort_keys=True)` of Python 3 writes it: what members of a federation sign.
///
/// Separators are `", "` and `": "`; keys are in the order of their code points; everything beyond printable ASCII is
/// `\uXXXX` in small letters, code points above U+FFFF as two of them. Integers and other numbers keep their kind.
public struct PythonJSON: Sendable {
    /// The text so far, all of it ASCII.
    public private(set) var bytes: [UInt8] = []
    private let isCompact: Bool

    /// The text of `value`; a compact one has no blanks beside its separators, and is not what is signed.
    /// - Complexity: O(n log n) in the members of an object.
    public init(_ value: JSONValue, isCompact: Bool = false) {
        self.isCompact = isCompact
        write(value)
    }

    private mutating func write(_ value: JSONValue) {
        switch value {
        case .null: append("null")
        case .boolean(let value): append(value ? "true" : "false")
        case .integer(let value): append("\(value)")
        case .real(let token): append(token)
        case .string(let text): quote(text)
        case .array(let values):
            list("[", "]", of: values) { $0.write($1) }
        case .object(let members):
            // The bytes of UTF-8 are in the order of the code points.
            let sorted = members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            list("{", "}", of: sorted) { json, member in
                json.quote(member.key)
                json.append(json.isCompact ? ":" : ": ")
                json.write(member.value)
            }
        }
    }

    private mutating func list<Element>(
        _ start: String, _ end: String, of elements: [Element], _ write: (inout PythonJSON, Element) -> Void
    ) {
        append(start)
        for index in elements.indices {
            if index > 0 { append(isCompact ? "," : ", ") }
            write(&self, elements[index])
        }
        append(end)
    }

    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        defer { bytes.append(UInt8(ascii: "\"")) }
        // Nearly every text is written as it is.
        if text.utf8.allSatisfy({ PythonJSON.isPlain($0) }) { return append(text) }
        var rest = Array(text.utf8)[...]
        while let first = rest.first {
            let plain = rest.prefix { PythonJSON.isPlain($0) }
            if !plain.isEmpty {
                bytes += plain
                rest = rest[plain.endIndex...]
            } else if first < 0x80 {
                escape(ascii: first)
                rest = rest.dropFirst()
            } else {
                let others = rest.prefix { $0 >= 0x80 }
                for unit in String(decoding: others, as: UTF8.self).utf16 { escape(unit) }
                rest = rest[others.endIndex...]
            }
        }
    }

    /// Whether a byte of a text is written as it is.
    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x20...0x7e).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    private mutating func escape(ascii byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): append("\\\"")
        case UInt8(ascii: "\\"): append("\\\\")
        case UInt8(ascii: "\n"): append("\\n")
        case UInt8(ascii: "\r"): append("\\r")
        case UInt8(ascii: "\t"): append("\\t")
        case 0x08: append("\\b")
        case 0x0c: append("\\f")
        default: escape(UInt16(byte))
        }
    }

    private mutating func escape(_ unit: UInt16) {
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(UInt8(ascii: "u"))
        for shift in stride(from: 12, through: 0, by: -4) {
            let digit = UInt8(truncatingIfNeeded: unit >> shift) & 0xf
            bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }

    private mutating func append(_ text: String) { bytes += text.utf8 }
}
