import Foundation
import TestKit
import Testing
import Wire

/// Python's `cbor2` in canonical mode (RFC 8949 §4.2.1) as a second opinion, both ways.
struct CBORPeerTests {
    static let modules = ["cbor2": "python3-cbor2"]
    static let count = 10_000

    /// Python's side of `CBORValue.notation`.
    static let notation = """
        import sys, random, cbor2
        def notation(v):
            if v is True: return "true"
            if v is False: return "false"
            if isinstance(v, int): return str(v)
            if isinstance(v, bytes): return "h" + v.hex()
            if isinstance(v, str): return "t" + v.encode().hex()
            if isinstance(v, list): return "[" + ",".join(map(notation, v)) + "]"
            return "{" + ",".join(f"{k}:{notation(v[k])}" for k in v) + "}"

        """

    @Test func `cbor2 reads what is written here as the same value and writes the same bytes`() throws {
        var random = SeededRandom(seed: 2026)
        let values = (0..<Self.count).map { _ in CBORValue.random(&random) }
        let script =
            Self.notation + """
                for line in sys.stdin:
                    given = bytes.fromhex(line)
                    value = cbor2.loads(given)
                    print(notation(value), cbor2.dumps(value, canonical=True) == given)
                """
        let lines = try PythonTool.lines(
            script, input: values.map { hexadecimal($0.encoded) }, modules: Self.modules)
        try #require(lines.count == values.count)
        for (value, line) in zip(values, lines) { #expect(line == value.notation + " True") }
    }

    @Test func `what cbor2 writes is read here as the same value and written as the same bytes`() throws {
        let script =
            Self.notation + """
                r = random.Random(2026)
                def integer():
                    v = r.getrandbits(r.randint(1, 64))
                    return r.choice([v, -1 - v, 1 << v.bit_length() if v < 2**63 else v])
                def text():
                    ranges = [(0, 0x7f), (0x80, 0xd7ff), (0xe000, 0x10ffff)]
                    return "".join(chr(r.randint(*r.choice(ranges))) for _ in range(r.choice([0, 1, 5, 24, 300])))
                def value(depth):
                    kind = r.randint(0, 6 if depth else 3)
                    if kind == 0: return integer()
                    if kind == 1: return r.choice([True, False])
                    if kind == 2: return r.randbytes(r.choice([0, 1, 23, 24, 255, 256, 300]))
                    if kind == 3: return text()
                    if kind == 4: return [value(depth - 1) for _ in range(r.randint(0, 4))]
                    if kind == 5: return [value(0) for _ in range(r.choice([23, 24, 30]))]
                    return {abs(integer()) % 2**64: value(depth - 1) for _ in range(r.randint(0, 5))}
                for _ in range(int(sys.argv[1])):
                    v = value(8)
                    # Reading back gives the map's keys in the order of the encoding.
                    given = cbor2.dumps(v, canonical=True)
                    print(given.hex(), notation(cbor2.loads(given)))
                """
        let lines = try PythonTool.lines(script, arguments: ["\(Self.count)"], modules: Self.modules)
        try #require(lines.count == Self.count)
        for line in lines {
            let parts = line.split(separator: " ")
            let given = try octets(String(parts[0]))
            let value = try CBORValue(given)
            #expect(value.notation == parts[1])
            #expect(value.encoded == given)
        }
    }
}
