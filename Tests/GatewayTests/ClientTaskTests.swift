import AgentCore
import Cryptography
import Federation
import Foundation
import Quantities
import TestKit
import Testing
import Wire

@testable import Gateway

private let legion = "lct:web4:agent:dp@Legion#consciousness"

/// The nine members of a task as a client writes them, in its order.
private let members: [(String, String)] = [
    ("task_id", #""test_001""#), ("source_lct", #""lct:web4:agent:dp@Thor#consciousness""#),
    ("target_lct", "\"" + legion + "\""), ("task_type", #""consciousness""#), ("operation", #""perception""#),
    ("atp_budget", "50.0"), ("timeout_seconds", "60"), ("parameters", "{}"), ("created_at", "1701619200.0"),
]

/// A body with a task in which `changes` replace members; those without a value are left out.
private func body(_ changes: [String: String?] = [:], signature: String = "") -> [UInt8] {
    var parts: [String] = []
    for (key, value) in members {
        guard let value = changes[key] ?? value else { continue }
        parts.append("\"\(key)\": \(value)")
    }
    return Array("{\"task\": {\(parts.joined(separator: ", "))}, \"signature\": \"\(signature)\"}".utf8)
}

private func read(_ body: [UInt8]) throws -> ClientRequest { try ClientTask.request(body, showsKey: false) }

private func fault(_ body: [UInt8]) -> String? {
    do throws(ClientTaskFault) { _ = try ClientTask.request(body, showsKey: false) } catch { return error.text }
    return nil
}

@Suite struct `a client's task` {
    private static let key = PublicKey(
        bytes: Bytes32(
            bytes(hexadecimal: "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8") ?? []) ?? .zero)

    private func isSigned(_ signature: Signature, _ request: ClientRequest) -> Bool {
        request.signature == signature && request.isSigned(by: Self.key, Ed25519())
    }

    @Test func `whose parameters are a text may have signed that text as it stands`() throws {
        let key = try #require(SigningKey(seed: [UInt8](0..<32)))
        let text = "{\"b\" : 1,\n \"a\":2.50, \"é\": \"\\u00e9\"}"
        var fields = members.filter { $0.0 != "parameters" }.map { ($0.0, $0.1) }
        fields.append(("parameters", String(decoding: PythonJSON(.string(text)).bytes, as: UTF8.self)))
        let script = "import json, sys\nsys.stdout.write(json.dumps(json.loads(sys.stdin.read()), sort_keys=True))"
        let sent = "{" + fields.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}"
        let message = try PythonTool.run(script, input: Array(sent.utf8))
        let signature = Ed25519().sign(message.span, with: key)
        let parameters = ["parameters": fields.last?.1]
        let request = try read(body(parameters, signature: Base64.encode(signature.array)))
        #expect(isSigned(signature, request))
        // It says the same as the object, by which it may be signed too, and no other text's signature is its own.
        let object = try read(body(["parameters": text]))
        #expect(request.signed.count == 2 && request.signed.first == object.signed.first && object.signed.count == 1)
        let changed = ["parameters": fields.last?.1.replacing("2.50", with: "2.5")]
        let other = try read(body(changed, signature: Base64.encode(signature.array)))
        #expect(!isSigned(signature, other))
    }

    private static let signed: [(String?, String, String)] = [
        (
            nil, "50.0",
            "o9CJ5YE3YzprR7t96RVPH1l58GdJ+UVKY67Rqk6csHtn/i9EWktn0JV6QFUPr7byeIScBqyVySum8pVGhUFwDA=="
        ),
        (
            nil, "50",
            "dk2mEvBib4iWZiAQI7a0jtcvXpxAigo3rbYlG0kzpUT7IaAzf+1NJwki0xpio5xrWJRByd0ykRY3kv4E6PyaBw=="
        ),
        (
            "{}", "50.0",
            "agSlaza4lXJYO+HJV3fL79Go5FcDFHmdQ+DklRk/4MUz1xJVLrmCGmVoVakXgklYvjqn8WWRHttVv86t6BBXDg=="
        ),
    ]

    @Test(arguments: signed.indices)
    func `is signed by the bytes that the federation's programs sign, however it is sent`(index: Int) throws {
        let (parameters, budget, signature) = Self.signed[index]
        let object = parameters ?? #"{"b":[1,2.0,null,true],"a":"\u00e9\"\\/\u007f\ud83d\ude00\n"}"#
        let quoted = "\"" + object.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
        for sent in [object, quoted, object.replacing("\\u00e9", with: "é")] {
            let request = try read(body(["parameters": sent, "atp_budget": budget], signature: signature))
            let found = try #require(request.signature)
            #expect(isSigned(found, request), "\(sent)")
        }
        let other = try read(body(["parameters": object, "atp_budget": "50.00001"], signature: signature))
        #expect(!isSigned(try #require(other.signature), other))
    }

    @Test func `is read by kind, and what it has besides is passed over`() throws {
        let request = try read(
            body([
                "atp_budget": "12.5, \"lct_identity\": {\"x\": [1]}", "timeout_seconds": "1.5",
                "parameters": #"{"input": "AQID", "width": 3, "height": 1}"#, "task_type": "\"cognition\"",
            ]))
        #expect(request.terms.task == "test_001")
        #expect(request.terms.budget == ClientAmount(text: "12.5", isWhole: false, energy: Energy(millijoules: 12_500)))
        #expect(request.terms.timeout == TimeSpan(milliseconds: 1_500))
        #expect(request.terms.type == .consciousness)
        #expect(request.terms.typeText == "cognition")
        #expect(request.terms.operation.name == "perception.features")
        #expect(request.terms.created == WallTime(milliseconds: 1_701_619_200_000))
        #expect(request.input == [1, 2, 3])
        #expect(request.parameters == [0xa2, 1, 3, 2, 1])
        #expect(request.signature == nil)
    }

    private static let noSignatures = [
        "", "!!!!", "-_-_", "AAAA", Base64.encode([UInt8](repeating: 1, count: 32)),
        Base64.encode([UInt8](repeating: 1, count: 65)),
    ]

    @Test(arguments: noSignatures) func `with something else in place of a signature has none`(text: String) throws {
        #expect(try read(body(signature: text)).signature == nil)
        for other in ["null", "[1]", "7", "{}"] {
            let text = String(decoding: body(), as: UTF8.self)
            let sent = text.replacing("\"signature\": \"\"", with: "\"signature\": " + other)
            #expect(try read(Array(sent.utf8)).signature == nil)
        }
    }

    private static let malformed = [
        "", "{", "nul", #"{"task": NaN}"#, #"{"task": Infinity}"#, #"{"task": -Infinity}"#, #"{"a": 1, "a": 2}"#,
        #"{"task": 9223372036854775808}"#, #"{"task": 1e400}"#, #"{"task": "\ud800"}"#, #"{"a\u0000b": 1}"#,
        "{\"task\": \"\u{1}\"}", #"{"task": {}} x"#, "{'task': 1}", #"{"task": 01}"#, #"{"task": 1.}"#,
        String(repeating: "[", count: 100_000), #"{"task": {"x": "\x"}}"#,
    ]

    @Test(arguments: malformed) func `in a body that is no strict JSON is refused`(text: String) {
        #expect(fault(Array(text.utf8))?.hasPrefix("Malformed JSON: ") == true, "\(fault(Array(text.utf8)) ?? "-")")
    }

    @Test func `in a body of very many values is refused before they are made`() {
        let many = "[" + String(repeating: "0,", count: HTTPLimits.jsonValues) + "0]"
        let refusal = "more than \(HTTPLimits.jsonValues) values"
        #expect(fault(Array("{\"task\": \(many)}".utf8)) == "Malformed JSON: " + refusal)
        let parameters = body(["parameters": "\"" + many + "\""])
        #expect(fault(parameters) == "Invalid task format: parameters are not JSON: " + refusal)
        // What stands in texts is no value.
        let commas = #"{"x": "\\\","# + String(repeating: ",[{", count: HTTPLimits.jsonValues / 2) + #""}"#
        #expect(fault(body(["operation": "\"perception\"", "parameters": commas])) == nil)
    }

    @Test func `nested deeper than may be is refused, however it is sent`() {
        func nested(_ levels: Int) -> String {
            String(repeating: #"{"a":"#, count: levels) + "1" + String(repeating: "}", count: levels)
        }
        let refusal = "more than \(HTTPLimits.jsonLevels) levels"
        // The body and the task are two of them.
        #expect(fault(body(["parameters": nested(HTTPLimits.jsonLevels - 2)])) == nil)
        #expect(fault(body(["parameters": nested(HTTPLimits.jsonLevels - 1)])) == "Malformed JSON: " + refusal)
        let text = String(decoding: PythonJSON(.string(nested(HTTPLimits.jsonLevels + 1))).bytes, as: UTF8.self)
        #expect(fault(body(["parameters": text])) == "Invalid task format: parameters are not JSON: " + refusal)
    }

    @Test func `in a body of other bytes than UTF-8 is refused`() {
        #expect(fault([0x7b, 0xff, 0x7d])?.hasPrefix("Malformed JSON: ") == true)
        #expect(
            fault(Array("{\"a\": \"".utf8) + [0xc0, 0x80] + Array("\"}".utf8))?.hasPrefix("Malformed JSON: ") == true)
    }

    private static let shapes: [(String, String)] = [
        ("{}", "No JSON data provided"), ("[]", "No JSON data provided"), ("null", "No JSON data provided"),
        ("0", "No JSON data provided"), ("false", "No JSON data provided"), ("[1]", "The body is not an object"),
        ("\"x\"", "The body is not an object"), (#"{"signature": ""}"#, "No task provided"),
        (#"{"task": {}}"#, "No task provided"), (#"{"task": null}"#, "No task provided"),
        (#"{"task": [1]}"#, "Invalid task format: task is not an object"),
        (#"{"task": "x"}"#, "Invalid task format: task is not an object"),
        (#"{"task": {"task_id": "t"}}"#, "Invalid task format: 'source_lct'"),
    ]

    @Test(arguments: shapes) func `that is not there is refused`(text: String, refusal: String) {
        #expect(fault(Array(text.utf8)) == refusal)
    }

    @Test(arguments: members.map { $0.0 }) func `lacks no member but parameters`(key: String) {
        let expected = key == "parameters" ? nil : "Invalid task format: '\(key)'"
        #expect(fault(body([key: nil])) == expected)
    }

    private static let wrong: [(String, String, String)] = [
        ("task_id", "1", "Invalid task format: task_id is not a text"),
        ("task_id", "\"\"", "Invalid task format: task_id has 1 to 128 bytes, none of them a control character"),
        ("task_id", "\"a\\nb\"", "Invalid task format: task_id has 1 to 128 bytes, none of them a control character"),
        ("source_lct", "null", "Invalid task format: source_lct is not a text"),
        ("source_lct", "\"x\"", "Invalid source LCT: x"), ("target_lct", "\"x\"", "Invalid target LCT: x"),
        ("target_lct", "\"\(legion)\\n\"", "Invalid target LCT: \(legion)\n"),
        (
            "target_lct", "\"lct:web4:agent:a..b@Legion#consciousness\"",
            "Invalid target LCT: lct:web4:agent:a..b@Legion#consciousness"
        ),
        ("task_type", "\"thinking\"", "Invalid task type: thinking"),
        ("task_type", "[]", "Invalid task format: task_type is not a text"),
        ("operation", "\"x\"", "Invalid operation: x"),
        ("operation", "{}", "Invalid task format: operation is not a text"),
        ("atp_budget", "0", "Invalid ATP budget: 0"), ("atp_budget", "0.0", "Invalid ATP budget: 0.0"),
        ("atp_budget", "-5", "Invalid ATP budget: -5"), ("atp_budget", "0.0009", "Invalid ATP budget: 0.0009"),
        ("atp_budget", "1e300", "Invalid ATP budget: 1e+300"),
        (
            "atp_budget", "9223372036854775807",
            "Invalid ATP budget: 9223372036854775807"
        ),
        ("atp_budget", "true", "Invalid task format: atp_budget is not a number"),
        ("atp_budget", "\"50\"", "Invalid task format: atp_budget is not a number"),
        ("timeout_seconds", "0", "Invalid timeout: 0"), ("timeout_seconds", "-1.5", "Invalid timeout: -1.5"),
        ("timeout_seconds", "86401", "Invalid timeout: 86401"),
        ("timeout_seconds", "null", "Invalid task format: timeout_seconds is not a number"),
        ("created_at", "\"2023-12-03\"", "Invalid task format: created_at is not a number"),
        ("created_at", "-1", "Invalid task format: created_at is not a time: -1"),
        ("parameters", "[1]", "Invalid task format: parameters are not an object"),
        ("parameters", "null", "Invalid task format: parameters are not an object"),
        ("parameters", "\"[1]\"", "Invalid task format: parameters are not an object"),
        ("parameters", #"{"input": "?"}"#, "Invalid task format: parameters.input is not base64"),
        (
            "parameters", #"{"operation": "planning"}"#,
            "Invalid task format: parameters.operation is not the name of an operation of perception"
        ),
        (
            "parameters", #"{"operation": 7}"#,
            "Invalid task format: parameters.operation is not the name of an operation of perception"
        ),
    ]

    @Test(arguments: wrong.indices) func `with a member of another kind is refused`(index: Int) {
        let (key, value, refusal) = Self.wrong[index]
        #expect(fault(body([key: value])) == refusal)
    }

    @Test func `whose parameters are a text that is no JSON is refused`() {
        #expect(
            fault(body(["parameters": "\"{\""]))?.hasPrefix("Invalid task format: parameters are not JSON: ") == true)
        let twice = body(["parameters": #""{\"a\": 1, \"a\": 2}""#])
        #expect(fault(twice)?.hasPrefix("Invalid task format: parameters are not JSON: ") == true)
    }

    private static let orders: [(String, String, String, String, String)] = [
        ("perception", "{}", "perception.features", "", ""),
        ("perception", #"{"input": [1, 2], "note": "x"}"#, "perception.features", "", ""),
        (
            "perception", #"{"operation": "perception.detect", "input": "AQ==", "threshold": 0.5}"#,
            "perception.detect",
            "\u{1}", #"{"threshold":0.5}"#
        ),
        ("perception.detect", #"{"threshold": 1}"#, "perception.detect", "", #"{"threshold":1}"#),
        ("planning", #"{"tasks": [], "budget_mj": 1}"#, "planning", #"{"budget_mj":1,"tasks":[]}"#, ""),
        ("execution", #"{"action": "disk.free", "x": 1}"#, "execution.disk.free", "", ""),
        ("execution", #"{"operation": "execution.disk.free", "input": "AQ=="}"#, "execution.disk.free", "\u{1}", ""),
        ("delegation", "{}", "delegation", "", ""),
    ]

    @Test(arguments: orders.indices) func `says what runs, on what`(index: Int) throws {
        let (operation, parameters, name, input, rest) = Self.orders[index]
        let request = try read(body(["operation": "\"\(operation)\"", "parameters": parameters]))
        #expect(request.terms.operation.name == name)
        #expect(String(decoding: request.input, as: UTF8.self) == input)
        #expect(String(decoding: request.parameters, as: UTF8.self) == rest)
    }

    @Test func `of a command without its name is refused, and so are parameters that are too long`() {
        let nameless = body(["operation": "\"execution\"", "parameters": #"{"action": "../x"}"#])
        #expect(fault(nameless) == "Invalid task format: parameters.action is not the name of a command")
        let long = #"{"x": ""# + String(repeating: "a", count: 2_048) + #""}"#
        let refusal = fault(body(["operation": "\"perception.detect\"", "parameters": long]))
        #expect(refusal == "Invalid task format: parameters have 2056 bytes besides the input; 2048 are the most")
    }
}

@Suite struct `a number that a client writes` {
    private static let numbers: [(String, Int64?)] = [
        ("50", 50_000), ("50.0", 50_000), ("0.001", 1), ("0.0009", 0), ("1e-05", 0), ("5e-324", 0), ("-0.0", 0),
        ("0.30000000000000004", 300), ("12.3456", 12_345), ("-1.5", -1_500), ("1e15", 1_000_000_000_000_000_000),
        ("1007199254740.991", 1_007_199_254_740_991), ("1e16", nil), ("1e300", nil), ("9223372036854776", nil),
        ("9223372036854775807", nil), ("9223372036854774", 9_223_372_036_854_774_000),
    ]

    @Test(arguments: numbers) func `is taken to the thousandth`(text: String, thousandths: Int64?) throws {
        let number = try #require(PythonNumber(try JSONValue(parsing: Array(text.utf8))))
        #expect(number.thousandths == thousandths)
    }

    @Test func `goes out as Python would write it`() throws {
        var random = SeededRandom(seed: 7)
        var values: [Int64] = [0, 1, 10, 100, 999, 1_000, 1_001, 9_007_199_254_740_991, 1_795_797_823_441]
        for _ in 0..<2_000 { values.append(Int64(random.next() >> UInt64(11 + random.next() % 50))) }
        let script = "import sys\nfor line in sys.stdin: print(repr(int(line) / 1000))"
        let lines = try PythonTool.lines(script, input: values.map { "\($0)" })
        #expect(values.map { PythonNumber(thousandths: $0).text } == lines)
        let shares = (0...10_000).map { PythonNumber(tenThousandths: Int32($0)).text }
        #expect(shares == (try PythonTool.lines("for i in range(10001): print(repr(i / 10000))")))
    }
}
