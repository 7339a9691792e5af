/// Says whether bytes are exactly one JSON value (RFC 8259), without making anything of it.
public struct JSONChecker {
    private let bytes: [UInt8]
    private var position = 0
    private static let deepest = 64

    /// Whether `text` is one object and nothing else.
    public static func isObject(_ text: String) -> Bool {
        var checker = JSONChecker(bytes: Array(text.utf8))
        guard checker.bytes.first == UInt8(ascii: "{") else { return false }
        return checker.value(depth: 0) && checker.position == checker.bytes.count
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
    }

    private mutating func value(depth: Int) -> Bool {
        guard depth < JSONChecker.deepest else { return false }
        switch next {
        case UInt8(ascii: "{"):
            return list(close: UInt8(ascii: "}")) { checker in
                guard checker.string() else { return false }
                checker.skipSpace()
                guard checker.take(UInt8(ascii: ":")) else { return false }
                checker.skipSpace()
                return checker.value(depth: depth + 1)
            }
        case UInt8(ascii: "["): return list(close: UInt8(ascii: "]")) { $0.value(depth: depth + 1) }
        case UInt8(ascii: "\""): return string()
        case UInt8(ascii: "t"): return word("true")
        case UInt8(ascii: "f"): return word("false")
        case UInt8(ascii: "n"): return word("null")
        default: return number()
        }
    }

    private mutating func list(close: UInt8, _ item: (inout JSONChecker) -> Bool) -> Bool {
        position += 1
        skipSpace()
        if take(close) { return true }
        while true {
            guard item(&self) else { return false }
            skipSpace()
            if take(close) { return true }
            guard take(UInt8(ascii: ",")) else { return false }
            skipSpace()
        }
    }

    private mutating func word(_ text: String) -> Bool {
        for byte in text.utf8 { guard take(byte) else { return false } }
        return true
    }

    private mutating func digits() -> Bool {
        let start = position
        while let byte = next, (0x30...0x39).contains(byte) { position += 1 }
        return position > start
    }

    private mutating func number() -> Bool {
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")), !digits() { return false }
        if take(UInt8(ascii: ".")), !digits() { return false }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            return digits()
        }
        return true
    }

    private mutating func string() -> Bool {
        guard take(UInt8(ascii: "\"")) else { return false }
        let start = position
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                return String(validating: bytes[start..<(position - 1)], as: UTF8.self) != nil
            case UInt8(ascii: "\\"):
                guard let escape = next else { return false }
                position += 1
                switch escape {
                case UInt8(ascii: "u"):
                    for _ in 0..<4 {
                        guard let digit = next, JSONChecker.isHexadecimal(digit) else { return false }
                        position += 1
                    }
                case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
                    UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
                    break
                default: return false
                }
            case 0..<0x20: return false
            default: break
            }
        }
        return false
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
    }
}
