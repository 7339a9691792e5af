import TestKit
import Testing
import Wire

@testable import Gateway

private func python(_ text: String) throws -> String {
    String(decoding: PythonJSON(try JSONValue(parsing: Array(text.utf8))).bytes, as: UTF8.self)
}

@Suite struct `JSON as Python writes it` {
    @Test(arguments: [
        (#"{"b":1,"a":[true,null,{}],"":[]}"#, #"{"": [], "a": [true, null, {}], "b": 1}"#),
        ("50", "50"), ("50.0", "50.0"), ("-0", "0"), ("-0.0", "-0.0"), ("1e-5", "1e-05"), ("1E16", "1e+16"),
        ("1e15", "1000000000000000.0"), ("0.0001", "0.0001"), ("1e-324", "0.0"), ("5e-324", "5e-324"),
        ("0.1", "0.1"), ("7.1202363472230444e-307", "7.120236347223045e-307"), ("1e22", "1e+22"),
        ("123456789012345680.0", "1.2345678901234568e+17"), ("9223372036854775807", "9223372036854775807"),
        (#""/é\u007f😀\u0000\b\f\n\r\t\\\"""#, #""/\u00e9\u007f\ud83d\ude00\u0000\b\f\n\r\t\\\"""#),
        // Code points decide, not what letters look like, nor the halves of surrogates.
        (#"{"😀":1,"ﬀ":2,"e\u0301":3,"é":4}"#, #"{"e\u0301": 3, "\u00e9": 4, "\ufb00": 2, "\ud83d\ude00": 1}"#),
    ])
    func `is written to the byte`(text: String, written: String) throws {
        #expect(try python(text) == written)
    }

    @Test func `has the bytes of Python for a hundred thousand objects, however they were sent`() throws {
        let script = #"""
            import json, random, struct, sys
            r = random.Random(sys.argv[1])
            def real():
                while True:
                    value = r.choice([
                        lambda: struct.unpack(">d", r.randbytes(8))[0],
                        lambda: r.uniform(-1, 1) * 10 ** r.randint(-25, 25),
                        lambda: round(r.uniform(-1e6, 1e6), r.randint(0, 8)),
                        lambda: float(r.randint(-10**17, 10**17)),
                        lambda: 2.0 ** r.randint(-1074, 1023)])()
                    if value == value and abs(value) != float("inf"): return value
            def integer():
                value = r.getrandbits(r.randint(1, 63))
                return r.choice([value, -value, -1 - value])
            def text():
                ranges = [(0x20, 0x7e), (0x20, 0x7e), (1, 0xff), (0, 0xd7ff), (0xe000, 0xffff), (0x10000, 0x10ffff)]
                return "".join(chr(r.randint(*r.choice(ranges))) for _ in range(r.choice([0, 1, 3, 8, 30])))
            def value(depth):
                kind = r.randint(0, 6 if depth else 4)
                if kind == 0: return integer()
                if kind == 1: return real()
                if kind == 2: return r.choice([True, False, None])
                if kind <= 4: return text()
                if kind == 5: return [value(depth - 1) for _ in range(r.randint(0, 3))]
                return {text().replace("\0", ""): value(depth - 1) for _ in range(r.randint(0, 4))}
            for _ in range(int(sys.argv[2])):
                members = {text().replace("\0", ""): value(2) for _ in range(r.randint(0, 4))}
                sent = json.dumps(members, ensure_ascii=r.random() < 0.5,
                                  separators=r.choice([(",", ":"), (", ", ": "), (" ,\t", " :\r ")]))
                print(sent.encode().hex(), json.dumps(members, sort_keys=True).encode().hex())
            """#
        let seed = UInt64.random(in: 0..<1_000_000)
        let lines = try PythonTool.lines(script, arguments: ["\(seed)", "100000"])
        try #require(lines.count == 100_000)
        for line in lines {
            let sides = line.split(separator: " ").map { bytes(hexadecimal: String($0)) ?? [] }
            let written = PythonJSON(try JSONValue(parsing: sides[0])).bytes
            if written != sides[1] {
                Issue.record("seed \(seed): \(String(decoding: sides[0], as: UTF8.self))")
                #expect(String(decoding: written, as: UTF8.self) == String(decoding: sides[1], as: UTF8.self))
                return
            }
        }
    }
}
