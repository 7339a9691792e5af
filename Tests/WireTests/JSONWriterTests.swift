import TestKit
import Testing
import Wire

struct JSONWriterTests {
    /// A JSON value, and a text that names it and no other.
    indirect enum Value {
        case null, boolean(Bool), integer(Int64), unsigned(UInt64), decimal(String), string(String)
        case array([Value]), object([(String, Value)])

        func write(to writer: inout JSONWriter) {
            switch self {
            case .null: writer.null()
            case .boolean(let value): writer.boolean(value)
            case .integer(let value): writer.integer(value)
            case .unsigned(let value): writer.integer(value)
            case .decimal(let token): writer.decimal(token)
            case .string(let value): writer.string(value)
            case .array(let items):
                writer.beginArray()
                for item in items { item.write(to: &writer) }
                writer.endArray()
            case .object(let members):
                writer.beginObject()
                for (key, value) in members {
                    writer.key(key)
                    value.write(to: &writer)
                }
                writer.endObject()
            }
        }

        var notation: String {
            switch self {
            case .null: "null"
            case .boolean(let value): value ? "true" : "false"
            case .integer(let value): "\(value)"
            case .unsigned(let value): "\(value)"
            case .decimal(let token): token.contains(".") ? "d" + token : token == "-0" ? "0" : token
            case .string(let value): "t" + hexadecimal(Array(value.utf8))
            case .array(let items): "[" + items.map(\.notation).joined(separator: ",") + "]"
            case .object(let members):
                "{"
                    + members.map { "\(hexadecimal(Array($0.0.utf8))):\($0.1.notation)" }.joined(separator: ",") + "}"
            }
        }

        static func random(_ random: inout SeededRandom, depth: Int) -> Value {
            switch random.number(in: 0...(depth > 0 ? 8 : 6)) {
            case 0: return .null
            case 1: return .boolean(random.oneIn(2))
            case 2: return .integer(Int64(bitPattern: random.edgy()))
            case 3: return .unsigned(random.edgy())
            case 4:
                let sign = random.oneIn(2) ? "-" : ""
                let fraction = random.oneIn(3) ? "" : ".\(random.edgy())"
                return .decimal("\(sign)\(random.edgy())\(fraction)")
            case 5, 6: return .string(text(&random))
            case 7: return .array((0..<random.number(in: 0...4)).map { _ in .random(&random, depth: depth - 1) })
            default:
                return .object(
                    (0..<random.number(in: 0...4)).map { _ in
                        (text(&random), .random(&random, depth: depth - 1))
                    })
            }
        }

        static func text(_ random: inout SeededRandom) -> String {
            var text = String.UnicodeScalarView()
            for _ in 0..<random.number(in: 0...12) {
                let limit: UInt32 = random.oneIn(3) ? 0x10_ffff : random.oneIn(2) ? 0x7f : 0x22
                // Surrogates are no scalars; they fall out here.
                if let scalar = Unicode.Scalar(random.number(in: 0...limit)) { text.append(scalar) }
            }
            return String(text)
        }
    }

    @Test func `Python's json reads what is written here as the same values, in the same order`() throws {
        var random = SeededRandom(seed: 8259)
        let values = (0..<3000).map { _ in Value.random(&random, depth: 5) }
        let script = """
            import sys, json
            class Decimal(str): pass
            class Object(list): pass
            def notation(v):
                if v is None: return "null"
                if v is True: return "true"
                if v is False: return "false"
                if isinstance(v, int): return str(v)
                if isinstance(v, Decimal): return "d" + v
                if isinstance(v, str): return "t" + v.encode().hex()
                if isinstance(v, Object): return "{" + ",".join(f"{k.encode().hex()}:{notation(x)}" for k, x in v) + "}"
                return "[" + ",".join(map(notation, v)) + "]"
            for line in sys.stdin.buffer.read().split(b"\\n")[:-1]:
                print(notation(json.loads(line.decode(), parse_float=Decimal, object_pairs_hook=Object)))
            """
        let input = values.map { value in
            var writer = JSONWriter()
            value.write(to: &writer)
            return writer.text
        }
        let lines = try PythonTool.lines(script, input: input)
        try #require(lines.count == values.count)
        for (value, line) in zip(values, lines) { #expect(line == value.notation) }
    }

    @Test func `text is escaped where it must be`() {
        var writer = JSONWriter()
        writer.string("a\"b\\c\n\r\t\0\u{1f}\u{7f}/é水𐅑\u{2028}")
        #expect(writer.text == #""a\"b\\c\n\r\t\u0000\u001f\u007f/é水𐅑"# + "\u{2028}\"")
    }

    @Test func `members, commas and nothing at all`() {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("a", "x")
        writer.member("b", String?.none)
        writer.member("c", 3)
        writer.member("d", Int64?.none)
        writer.member("e", false)
        writer.key("f")
        writer.beginArray()
        writer.beginArray()
        writer.endArray()
        writer.beginObject()
        writer.endObject()
        writer.integer(UInt64.max)
        writer.integer(Int64.min)
        writer.endArray()
        writer.endObject()
        #expect(
            writer.text
                == #"{"a":"x","b":null,"c":3,"d":null,"e":false,"f":[[],{},18446744073709551615,-9223372036854775808]}"#
        )
    }

    @Test(arguments: [
        "0", "-0", "7", "-7.5", "0.50", "100.001", "12345678901234567890.123456789", "1e5", "1e-05", "-2.5e+16",
    ])
    func `a decimal token is written as it is`(token: String) {
        var writer = JSONWriter()
        writer.decimal(token)
        #expect(writer.text == token)
    }

    @Test(arguments: [
        "", "-", ".", "1.", ".1", "-.1", "1.2.3", "01", "-01", "00", "1e", "e5", "1e5.0", "+1", "NaN", "inf", "0x1",
        " 1", "1 ",
        "1,5", "١",
        "--1", "1-",
    ])
    func `a token that is no number is written as text`(token: String) {
        var writer = JSONWriter()
        writer.decimal(token)
        #expect(writer.text == "\"" + token + "\"")
    }
}
