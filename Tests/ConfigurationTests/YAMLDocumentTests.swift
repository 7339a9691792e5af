import Testing

@testable import Configuration

private func refusal(_ bytes: [UInt8], _ read: (inout YAMLMapping) throws(YAMLError) -> Void = { _ in }) -> String? {
    do throws(YAMLError) {
        var mapping = try YAMLDocument(bytes, file: "c.yaml").mapping
        try read(&mapping)
        try mapping.finish()
        return nil
    } catch {
        return error.explanation
    }
}

private func refusal(_ text: String, _ read: (inout YAMLMapping) throws(YAMLError) -> Void = { _ in }) -> String? {
    refusal(Array(text.utf8), read)
}

@Suite struct `YAML files` {
    @Test func `give texts, numbers, truth values, lists and mappings to whoever asks`() throws {
        let text = """
            name: Sprout   # a comment
            quoted: "12"
            count: -12
            on: true
            list: [a, "b c", 3]
            inner: {x: 1}
            many:
              - y: 2
              - y: 3
            block: |
              one
              two
            """
        var top = try YAMLDocument(Array(text.utf8), file: "c.yaml").mapping
        #expect(try top.string("name") == "Sprout")
        #expect(try top.string("quoted") == "12")
        #expect(try top.integer("count", in: -12...12) == -12)
        #expect(try top.boolean("on") == true)
        #expect(try top.strings("list") == ["a", "b c", "3"])
        var inner = try #require(try top.mapping("inner"))
        #expect(try inner.integer("x", in: 0...9) == 1)
        try inner.finish()
        var numbers: [Int64?] = []
        for var one in try #require(try top.mappings("many")) { numbers.append(try one.integer("y", in: 0...9)) }
        #expect(numbers == [2, 3])
        #expect(try top.string("block") == "one\ntwo")
        #expect(try top.string("absent") == nil)
        #expect(try top.mapping("absent") == nil)
        try top.finish()
    }

    @Test(arguments: [
        ("", "c.yaml: the file is empty"),
        ("# only a comment\n", "c.yaml: the file is empty"),
        ("---\n", "c.yaml:2: the file is empty"),
        (
            "a:\n \tb: 1\n",
            "c.yaml:2: not YAML: found character that cannot start any token; tabs cannot indent YAML: use spaces"
        ),
        ("a: \t@\n", "c.yaml:1: not YAML: found character that cannot start any token"),
        ("- a\n", "c.yaml:1: expected a mapping, found a list"),
        ("text\n", "c.yaml:1: expected a mapping, found 'text'"),
        ("a: 1\na: 2\n", "c.yaml:2: a: the key stands twice, first in line 1"),
        ("a:\n  b: 1\n  c: 2\n  b: 3\n", "c.yaml:4: a.b: the key stands twice, first in line 2"),
        ("a: &x 1\n", "c.yaml:1: anchors and aliases are not allowed; write the value out"),
        ("a: 1\nb: *x\n", "c.yaml:2: anchors and aliases are not allowed; write the value out"),
        ("a: !!int 1\n", "c.yaml:1: tags are not allowed"),
        ("a: !x {b: 1}\n", "c.yaml:1: tags are not allowed"),
        ("a: 1\n---\nb: 2\n", "c.yaml:2: a second document begins; one per file is read"),
        ("[a]: 1\n", "c.yaml:1: a key must be a text"),
        ("a: [1\n", "c.yaml:2: not YAML: did not find expected ',' or ']'"),
        ("a: 1\n  b: 2\n", "c.yaml:2: not YAML: mapping values are not allowed in this context"),
        ("a: 'x\n", "c.yaml:2: not YAML: found unexpected end of stream"),
        ("a: 1\n", "c.yaml:1: a: unknown key; allowed here: "),
    ])
    func `are refused with file, line and key`(text: String, explanation: String) {
        #expect(refusal(text) == explanation)
    }

    @Test(arguments: [
        ("a: x", "c.yaml:1: a: expected a whole number, found 'x'"),
        ("a: '1'", "c.yaml:1: a: expected a whole number without quotes, found '1'"),
        ("a: 1.5", "c.yaml:1: a: expected a whole number, found '1.5'"),
        ("a: 010", "c.yaml:1: a: expected a whole number, found '010'"),
        ("a: 0x10", "c.yaml:1: a: expected a whole number, found '0x10'"),
        ("a: +1", "c.yaml:1: a: expected a whole number, found '+1'"),
        ("a: -0", "c.yaml:1: a: expected a whole number, found '-0'"),
        ("a: 99999999999999999999", "c.yaml:1: a: expected a whole number, found '99999999999999999999'"),
        ("a:", "c.yaml:1: a: expected a whole number, found nothing"),
        ("a: []", "c.yaml:1: a: expected a whole number, found a list"),
        ("a: {b: 1}", "c.yaml:1: a: expected a whole number, found a mapping"),
        ("a: 11", "c.yaml:1: a: 11 is not allowed; allowed: 1 … 10"),
        ("a: 0", "c.yaml:1: a: 0 is not allowed; allowed: 1 … 10"),
    ])
    func `say what number they wanted`(text: String, explanation: String) {
        #expect(refusal(text) { mapping throws(YAMLError) in _ = try mapping.integer("a", in: 1...10) } == explanation)
    }

    @Test func `say what else they wanted`() {
        #expect(
            refusal("x: 1\na: yes") { mapping throws(YAMLError) in
                _ = try mapping.string("x")
                _ = try mapping.boolean("a")
            } == "c.yaml:2: a: expected true or false, found 'yes'")
        #expect(
            refusal("a: b") { mapping throws(YAMLError) in _ = try mapping.sequence("a") }
                == "c.yaml:1: a: expected a list, found 'b'")
        #expect(
            refusal("a: [b, [c]]") { mapping throws(YAMLError) in _ = try mapping.strings("a") }
                == "c.yaml:1: a[1]: expected a text, found a list")
        #expect(
            refusal("a:\n - b: 1\n - c") { mapping throws(YAMLError) in _ = try mapping.mappings("a") }
                == "c.yaml:3: a[1]: expected a mapping, found 'c'")
        #expect(
            refusal("a: c") { mapping throws(YAMLError) in _ = try mapping.choice("a", among: ["d", "e"]) }
                == "c.yaml:1: a: 'c' is not allowed; allowed: d, e")
        #expect(
            refusal("a:") { mapping throws(YAMLError) in _ = try mapping.string("a") }
                == "c.yaml:1: a: expected a text, found nothing")
        #expect(
            refusal("b: 1") { mapping throws(YAMLError) in _ = try mapping.required("a", try mapping.string("a")) }
                == "c.yaml:1: a: the key is required")
        #expect(
            refusal("b: 1\nzz: 2") { mapping throws(YAMLError) in
                _ = try mapping.string("c")
                _ = try mapping.string("b")
            } == "c.yaml:2: zz: unknown key; allowed here: b, c")
    }

    @Test func `are refused beyond every limit`() {
        let deep = String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
        #expect(refusal("a: " + deep)?.hasSuffix("nested deeper than 16 levels") == true)
        let many = "a: [" + String(repeating: "1,", count: YAMLLimits.nodes) + "]"
        #expect(refusal(many)?.hasSuffix("more than 16384 values in one file") == true)
        let long = "a: " + String(repeating: "x", count: YAMLLimits.textBytes + 1)
        #expect(refusal(long)?.hasSuffix("a text of 65537 bytes; at most 65536 are allowed") == true)
        let large = Array(repeating: UInt8(ascii: "#"), count: YAMLLimits.fileBytes + 1)
        #expect(refusal(large) == "c.yaml: the file has 262145 bytes; at most 262144 are read")
    }

    @Test func `with bytes that are no text are refused`() {
        #expect(refusal([0x61, 0x3a, 0x20, 0xff]) != nil)
        #expect(refusal([0x00, 0x01, 0x02]) != nil)
        #expect(refusal(Array("a: \u{1}".utf8)) != nil)
    }

    @Test(arguments: 0..<4) func `with bytes changed are read or refused`(seed: UInt64) throws {
        let file = Array(
            """
            title: x
            rails:
              - {name: A, role: gpu}
            totals: [{rails: [A], scope: module}]
            thermal: {soft_millidegrees: 1000}
            """
            .utf8)
        var state = seed &+ 1
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
        for _ in 0..<2000 {
            var bytes = file
            for _ in 0...random(4) { bytes[random(bytes.count)] = UInt8(random(256)) }
            do throws(YAMLError) {
                _ = try HardwareProfileFile.parse(bytes, file: "a.yaml")
            } catch {
                #expect(error.explanation.hasPrefix("a.yaml"))
            }
        }
    }
}
