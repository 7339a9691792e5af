import Simulation
import Testing

@Suite struct JSONCheckerTests {
    @Test(arguments: [
        "{}", "{\"a\":1}", "{\"a\":[1,-2,3.5e+7],\"b\":{\"c\":null}}", "{ \"a\" : true , \"b\" : \"\\u00e4\\n\" }",
        "{\"ü\":\"…\"}",
    ])
    func `takes an object`(text: String) { #expect(JSONChecker.isObject(text)) }

    @Test(arguments: [
        "", "1", "[]", "{", "{}{}", "{\"a\":01}", "{\"a\":1,}", "{a:1}", "{\"a\":\"\n\"}", "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12g4\"}", "{\"a\":tru}", "{\"a\" 1}", "{\"a\":1.}", "{\"a\":-}",
    ])
    func `takes nothing else`(text: String) { #expect(!JSONChecker.isObject(text)) }
}
