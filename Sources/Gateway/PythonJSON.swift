import Wire

/// JSON as `json.dumps(value, sort_keys=True)` of Python 3 writes it: what members of a federation sign.
///
/// Separators are `", "` and `": "`; keys are in the order of their code points; everything beyond printable ASCII is
/// `\uXXXX` in small letters, code points above U+FFFF as two of them. Integers and other numbers keep their kind.
public struct PythonJSON: Sendable {
    /// The text so far, all of it ASCII.
    public private(set) var bytes: [UInt8] = []

    /// The text of `value`.
    /// - Complexity: O(n log n) in the members of an object.
    public init(_ value: JSONValue) { write(value) }

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
                json.append(": ")
                json.write(member.value)
            }
        }
    }

    private mutating func list<Element>(
        _ start: String, _ end: String, of elements: [Element], _ write: (inout PythonJSON, Element) -> Void
    ) {
        append(start)
        for index in elements.indices {
            if index > 0 { append(", ") }
            write(&self, elements[index])
        }
        append(end)
    }

    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for scalar in text.unicodeScalars { write(scalar) }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func write(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "\"": append("\\\"")
        case "\\": append("\\\\")
        case "\n": append("\\n")
        case "\r": append("\\r")
        case "\t": append("\\t")
        case "\u{8}": append("\\b")
        case "\u{c}": append("\\f")
        case " "..."~": bytes.append(UInt8(truncatingIfNeeded: scalar.value))
        default: for unit in String(scalar).utf16 { escape(unit) }
        }
    }

    private mutating func escape(_ unit: UInt16) {
        append("\\u")
        append(hexadecimal([UInt8(truncatingIfNeeded: unit >> 8), UInt8(truncatingIfNeeded: unit)]))
    }

    private mutating func append(_ text: String) { bytes += text.utf8 }
}
