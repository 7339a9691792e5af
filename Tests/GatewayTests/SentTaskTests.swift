import Cryptography
import Federation
import Quantities
import TestKit
import Testing
import Wire

@testable import Gateway

/// The key whose seed is the bytes 0, 1, 2, …, with which the vectors are signed.
private let key = SigningKey(seed: (0..<32).map { UInt8($0) })

private func call(parameters: String, budget: Int64 = 50_000, id: String = "test_001") throws -> SentTask {
    let terms = SentTask.Terms(
        source: try LCT("lct:web4:agent:dp@Thor#consciousness"), target: "lct:web4:agent:dp@Legion#consciousness",
        taskType: "consciousness", operation: "perception", budget: Energy(millijoules: budget), timeoutSeconds: 60,
        parameters: try JSONValue(parsing: Array(parameters.utf8)),
        createdAt: WallTime(milliseconds: 1_701_619_200_000))
    return try #require(SentTask(id, terms))
}

private func reply(_ text: String, status: Int32 = 200) -> HTTPCallReply { HTTPCallReply(status, Array(text.utf8)) }

@Suite struct `a task for a federation server over HTTP` {
    /// Signed by the code of earlier programs.
    @Test(arguments: [
        (
            #"{"b": [1, 2.0, null, true], "a": "é\"\\/\u007f😀\n"}"#,
            #""{\"a\": \"\\u00e9\\\"\\\\/\\u007f\\ud83d\\ude00\\n\", \"b\": [1, 2.0, null, true]}""#,
            "o9CJ5YE3YzprR7t96RVPH1l58GdJ+UVKY67Rqk6csHtn/i9EWktn0JV6QFUPr7byeIScBqyVySum8pVGhUFwDA=="
        ),
        ("{}", #""{}""#, "agSlaza4lXJYO+HJV3fL79Go5FcDFHmdQ+DklRk/4MUz1xJVLrmCGmVoVakXgklYvjqn8WWRHttVv86t6BBXDg=="),
    ])
    func `is signed as earlier programs sign it`(parameters: String, dumped: String, signature: String) throws {
        let call = try call(parameters: parameters)
        let expected =
            #"{"atp_budget": 50.0, "created_at": 1701619200.0, "operation": "perception", "parameters": "# + dumped
            + #", "source_lct": "lct:web4:agent:dp@Thor#consciousness", "#
            + #""target_lct": "lct:web4:agent:dp@Legion#consciousness", "task_id": "test_001", "#
            + #""task_type": "consciousness", "timeout_seconds": 60}"#
        #expect(String(decoding: call.message, as: UTF8.self) == expected)
        let server = try ServerAddress("http://192.0.2.12:8080")
        let signer = try #require(key)
        let request = try #require(call.request(to: server, signedWith: signer, timeout: .seconds(60)))
        #expect(request.url == "http://192.0.2.12:8080/api/v1/consciousness/delegate")
        #expect(request.timeout == .seconds(65))
        let body = try JSONValue(parsing: request.body ?? [])
        #expect(body["signature"]?.text == signature)
        let sorted = try JSONValue(parsing: PythonJSON(try JSONValue(parsing: Array(parameters.utf8))).bytes)
        #expect(body["task"]?["parameters"] == sorted)
        #expect(body["task"]?["atp_budget"] == .real("50.0"))
        #expect(body["task"]?.members.count == 9)
    }

    @Test func `needs an object as parameters`() throws {
        let terms = SentTask.Terms(
            source: try LCT("lct:web4:agent:dp@Thor#consciousness"), target: "x", taskType: "x", operation: "x",
            budget: .zero, timeoutSeconds: 1, parameters: .array([]), createdAt: .origin)
        #expect(SentTask("t", terms) == nil)
    }

    @Test func `a proof is verified as earlier programs sign it`() throws {
        let proof = #"""
            {"task_id": "test_001", "executor_lct": "lct:web4:agent:dp@Legion#consciousness", "atp_consumed": 5.0,
             "execution_time": 1e-06, "quality_score": 0.95, "result": {"observations": ["é"]},
             "created_at": 1701619201.5}
            """#
        let signature = "SSjqnu4cA/xytUbvPtQJje2tMjc4usyZd4mZHxA8rOdOL6P2RUXoZ0Xf19hdN4k4ec3WO/UyJLUU84gjhqkXDw=="
        let text = #"{"success": true, "error": null, "signature": "\#(signature)", "proof": \#(proof)}"#
        let publicKey = try #require(key).publicKey
        let answer = try ServerAnswer(reply(text), to: try call(parameters: "{}"), key: publicKey)
        #expect(answer.state == .verified(publicKey.id))
        let other = try #require(SigningKey(seed: [UInt8](repeating: 9, count: 32))).publicKey
        #expect(throws: ServerRefusal.badSignature) {
            try ServerAnswer(reply(text), to: try call(parameters: "{}"), key: other)
        }
    }

    @Test(arguments: [
        (#"{"success": true, "proof": null}"#, "it tells of success and has no proof"),
        (#"{"success": 1, "proof": {}}"#, "it tells of success and has no proof"),
        (#"{"success": true, "proof": {}}"#, "the proof is of the task missing, and not of test_001"),
        (
            #"{"success": true, "proof": {"task_id": "test_001", "executor_lct": 7}}"#,
            "the proof is by 7, and not by lct:web4:agent:dp@Legion#consciousness"
        ),
    ])
    func `an answer that proves nothing is refused`(text: String, reason: String) throws {
        #expect(throws: ServerRefusal.untrue(reason)) {
            try ServerAnswer(reply(text), to: try call(parameters: "{}"), key: nil)
        }
    }

    @Test func `of a refusal its reason is told, in whatever form it is`() throws {
        func refusal(_ text: String, _ status: Int32) -> ServerRefusal? {
            do throws(ServerRefusal) { _ = try ServerAnswer.object(reply(text, status: status)) } catch { return error }
            return nil
        }
        #expect(
            refusal(#"{"success": false, "error": "No"}"#, 400)
                == .refused(status: 400, reason: "No", retrySeconds: nil))
        #expect(
            refusal(#"{"error": {"kind": "invalid", "message": "No", "hint": null}}"#, 401)
                == .refused(status: 401, reason: "No", retrySeconds: nil))
        #expect(
            refusal(#"{"error": ""}"#, 500)
                == .refused(status: 500, reason: "status 500 without a reason", retrySeconds: nil))
        #expect(refusal("{}", 302) == .elsewhere("nowhere that it names"))
        #expect(refusal("{}", 200) == nil)
    }
}

@Suite struct `the address of a federation server` {
    @Test(arguments: [
        ("http://thor:8080", "http://thor:8080"), ("https://thor.example/", "https://thor.example"),
        ("HTTP://[2001:db8::1]:8080//", "HTTP://[2001:db8::1]:8080"),
        ("http://h/behind/a/proxy/", "http://h/behind/a/proxy"),
    ])
    func `has no slash at its end`(text: String, address: String) throws {
        #expect(try ServerAddress(text).text == address)
    }

    @Test(arguments: [
        ("thor:8080", ServerAddressError.noScheme), ("ftp://thor", .noScheme), ("file:///etc/passwd", .noScheme),
        ("http://", .noHost), ("http:///x", .noHost), ("http://:80", .noHost), ("http://me:secret@thor", .noHost),
        ("http://thor?x", .notABase), ("http://thor#x", .notABase), ("http://thor/\r\nX: y", .notAnAddress),
        ("http://thör", .notAnAddress), ("http://a b", .notAnAddress),
        ("http://" + String(repeating: "a", count: 1_018), .notAnAddress),
    ])
    func `is refused where it is none`(text: String, error: ServerAddressError) {
        #expect(throws: error) { try ServerAddress(text) }
    }

    @Test func `is followed by an identity that is encoded whole`() throws {
        let request = ServerQuestion.status(lct: "lct:web4:agent:dp@Legion#consciousness")
            .request(to: try ServerAddress("http://h"))
        #expect(
            request.url == "http://h/api/v1/consciousness/status/lct%3Aweb4%3Aagent%3Adp%40Legion%23consciousness")
        #expect(request.body == nil)
    }
}

@Suite struct `numbers as they are written` {
    @Test func `compare as Python's decimals do`() throws {
        let script = #"""
            import decimal, random, sys
            decimal.getcontext().prec = 1000
            r = random.Random(sys.argv[1])
            def number():
                digits = str(r.randint(0, 10 ** r.choice([1, 2, 20])))
                text = r.choice(["", "-"]) + digits + r.choice(["", ".0", ".5", ".000", "." + str(r.randint(0, 10**9))])
                return text + r.choice(["", "", "e0", "e-05", "E+16", "e300", "e-300"])
            for _ in range(20000):
                left = number()
                longer = left + "0" if "." in left and "e" not in left.lower() else left
                right = r.choice([number(), left, longer])
                a, b = decimal.Decimal(left), decimal.Decimal(right)
                print(left, right, (a > b) - (a < b))
            """#
        let seed = UInt64.random(in: 0..<1_000_000)
        let lines = try PythonTool.lines(script, arguments: ["\(seed)"])
        try #require(lines.count == 20_000)
        for line in lines {
            let words = line.split(separator: " ").map(String.init)
            let left = try #require(DecimalNumber(words[0]))
            let right = try #require(DecimalNumber(words[1]))
            let order = left < right ? "-1" : left > right ? "1" : left == right ? "0" : "?"
            #expect(order == words[2], "seed \(seed): \(line)")
        }
    }

    @Test(arguments: [
        "", "-", ".", "1.", ".5", "+1", "1e", "1e+", "1e1234567", "NaN", "Infinity", "1_0", "0x1", "1.2.3", "1 ",
    ])
    func `are none where they are not written as such`(text: String) {
        #expect(DecimalNumber(text) == nil)
    }
}
