import JSON
import Testing
import Wire

private func parse(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

private func written(_ value: JSONValue) -> String {
    var json = JSONWriter()
    value.write(to: &json)
    return json.text
}

@Suite struct `JSON values` {
    @Test(arguments: [
        "null", "true", "false", "0", "-1", "9223372036854775807", "-9223372036854775808", "\"\"", "\"a\\\"b\\\\c\\n\"",
        "[]",
        "{}", "[1,[2,[3]],{}]", #"{"b":1,"a":{"c":[true,null]}}"#, "\"\u{e9}\u{1f600}\"", "\"\\u0000\"",
    ]) func `are written as they were read`(text: String) throws {
        #expect(written(try parse(text)) == text)
    }

    @Test func `keep integers and other numbers apart`() throws {
        #expect(try parse("1") == .integer(1))
        #expect(try parse("1.5") == .real("1.5"))
        #expect(try parse("1e0") == .real("1.0"))
        #expect(try parse("1.5").number == nil)
    }

    @Test func `find members and elements`() throws {
        let value = try parse(#"{"a":[1,"x"],"b":null}"#)
        #expect(value["a"]?.elements.map { $0.number } == [1, nil])
        #expect(value["a"]?.elements.last?.text == "x")
        #expect(value["b"] == .null)
        #expect(value["c"] == nil)
        #expect(value.members.map { $0.key } == ["a", "b"])
        #expect(value["a"]?["x"] == nil)
        #expect(value.elements == [])
    }

    @Test(arguments: [
        "", " ", "{", "}", "[1,]", "{\"a\":1,}", "{\"a\":1,\"a\":2}", "{a:1}", "01", "+1", ".5", "1.", "NaN",
        "Infinity",
        "'a'", "\"\u{1}\"", "\"\\x\"", "nul", "[1] 2", "9223372036854775808", "1e400", "\"\\ud800\"", "{\"\\u0000\":1}",
    ]) func `refuse what is not JSON or would be read in two ways`(text: String) {
        #expect(throws: JSONError.self) { try parse(text) }
    }

    @Test func `refuse bytes that are no UTF-8`() {
        for bytes in [[0x22, 0xff, 0x22], [0x22, 0xc0, 0x80, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22]] as [[UInt8]] {
            #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
        }
    }

    @Test func `say where a text breaks off`() {
        #expect(throws: JSONError(message: "unexpected token near ']'", line: 2, column: 4)) { try parse("[1,\n 2,]") }
    }
}
