import Cryptography
import Federation
import Foundation
import Quantities
import TestKit
import Testing
import Wire
import Workers

@testable import AgentCore
@testable import Gateway

private let accessKey = "0123456789abcdef-0123456789"
private let socket = HTTPAccess(.unixSocket, key: nil)
private let prefixes = ["/api/v1/consciousness", "/api/v1/cognition", "//api/v1/consciousness", "///api/v1/cognition"]

private let task = """
    {"task": {"task_id": "t1", "source_lct": "lct:web4:agent:dp@Thor#consciousness", \
    "target_lct": "lct:web4:agent:dp@Legion#consciousness", "task_type": "consciousness", "operation": "planning", \
    "atp_budget": 50, "timeout_seconds": 60, "parameters": {}, "created_at": 1701619200.0}, "signature": ""}
    """

private func post(
    _ target: String, _ body: String = task, type: String? = "application/json", _ headers: [(String, String)] = []
) -> HTTPRequest {
    let fields = headers + (type.map { [("Content-Type", $0)] } ?? [])
    return HTTPRequest("POST", target, headers: fields.map { HTTPField($0.0, $0.1) }, body: Array(body.utf8))
}

private func response(_ request: HTTPRequest, _ access: HTTPAccess = socket) -> HTTPResponse? {
    guard case .response(let response) = HTTPRoutes.answer(request, access: access) else { return nil }
    return response
}

private func text(_ response: HTTPResponse?) -> String { String(decoding: response?.body ?? [], as: UTF8.self) }

/// The operation of that name.
private func named(_ name: String) throws -> Federation.Operation {
    struct NoName: Error {}
    guard let operation = Federation.Operation(name) else { throw NoName() }
    return operation
}

private func command(_ request: HTTPRequest, _ access: HTTPAccess = socket) -> ClientCommand? {
    guard case .client(let command, _) = HTTPRoutes.answer(request, access: access) else { return nil }
    return command
}

@Suite struct `the calls of the federation` {
    @Test(arguments: prefixes) func `have two names, and slashes to spare`(prefix: String) {
        guard case .delegate(let request)? = command(post(prefix + "/delegate?x=1")) else {
            Issue.record("no task")
            return
        }
        #expect(request.terms.task == "t1")
        guard case .cancel("a b/c", nil)? = command(post(prefix + "/cancel/a%20b%2Fc?x=1", "", type: nil)) else {
            Issue.record("no task to cancel")
            return
        }
        let named = prefix + "/cancel/t1?source_lct=lct:web4:agent:dp@Thor%23consciousness"
        guard case .cancel("t1", let source?)? = command(post(named, "{}")) else {
            Issue.record("no task of a source to cancel")
            return
        }
        #expect(source.text == "lct:web4:agent:dp@Thor#consciousness")
        for query in ["source_lct=x", "source_lct=", "source_lct=a&source_lct=b"] {
            #expect(response(post(prefix + "/cancel/t1?" + query))?.status == 400, "\(query)")
        }
        for path in ["/delegate/", "/cancel", "/cancel/", "/cancel/a/b", "/delegates", "", "/x/y"] {
            let refusal = response(post(prefix + path))
            #expect(refusal?.status == 404, "\(path)")
            #expect(text(refusal).hasSuffix(#""success":false}"# + "\n"), "\(path)")
        }
    }

    @Test func `leave a long task to be read later, and read a short one at once`() {
        let path = "/api/v1/cognition/delegate"
        func long(_ sent: String) -> ClientBody? {
            guard case .task(let body) = HTTPRoutes.answer(post(path, sent), access: socket) else { return nil }
            return body
        }
        #expect(long(task) == nil && long("{") == nil)
        guard case .task(let short) = HTTPRoutes.answer(post(path, task), access: socket, isBusy: true),
            case .task(let shortly) = short.read()
        else {
            Issue.record("a task that is read while others wait")
            return
        }
        #expect(shortly.terms.task == "t1")
        let note = "{\"note\": \"" + String(repeating: "é", count: 3_000) + "\"}"
        let noted = task.replacing("\"parameters\": {}", with: "\"parameters\": " + note)
        guard case .task(let read)? = long(noted)?.read() else {
            Issue.record("no task")
            return
        }
        #expect(read.terms.task == "t1")
        guard case .refused(let response)? = long(String(repeating: "[", count: 5_000))?.read() else {
            Issue.record("a task")
            return
        }
        #expect(response.status == 400)
        let told = #"{"error":"Malformed JSON: more than 128 levels","proof":null,"success":false}"# + "\n"
        #expect(text(response) == told)
    }

    @Test(arguments: ["/api/v1/health", "//api/v1/health"]) func `among them is health`(path: String) {
        guard case .health = HTTPRoutes.answer(HTTPRequest("HEAD", path), access: socket) else {
            Issue.record("no health")
            return
        }
        #expect(response(HTTPRequest("GET", path + "/"))?.status == 404)
    }

    private static let spellings = [
        ("lct%3Aweb4%3Aagent%3Adp%40Legion%23consciousness", "lct:web4:agent:dp@Legion#consciousness"),
        ("lct%253Aweb4%253Aagent%253Adp%2540Legion%2523consciousness", "lct:web4:agent:dp@Legion#consciousness"),
        ("lct:web4:agent:dp@Legion%23consciousness", "lct:web4:agent:dp@Legion#consciousness"),
        ("lct:web4:agent:dp@Legion", "lct:web4:agent:dp@Legion"), ("a%2Fb/", "a/b/"), ("100%25", "100%"), ("", ""),
    ]

    @Test(arguments: spellings) func `take identities however they are encoded`(sent: String, read: String) {
        for method in ["GET", "HEAD"] {
            guard case .status(read)? = command(HTTPRequest(method, "/api/v1/cognition/status/" + sent)) else {
                Issue.record("\(sent)")
                return
            }
        }
    }

    private static let refused: [(HTTPRequest, UInt32, String)] = [
        (
            HTTPRequest("GET", "/api/v1/cognition/delegate"), 405,
            #"{"error":"this takes POST","proof":null,"success":false}"#
        ),
        (post("/api/v1/cognition/status/x"), 405, #"{"error":"this can only be read","status":null,"success":false}"#),
        (
            HTTPRequest("DELETE", "/api/v1/cognition/cancel/x"), 405,
            #"{"atp_refunded":0.0,"cancelled":false,"error":"this takes POST","success":false}"#
        ),
        (post("/api/v1/health"), 405, #"{"error":"this can only be read","success":false}"#),
        (
            post("/api/v1/cognition/delegate", "{"), 400,
            #"{"error":"Malformed JSON: string or '}' expected near end of file (line 1, column 1)","proof":null,"#
                + #""success":false}"#
        ),
        (
            post("/api/v1/cognition/delegate", "{}"), 400,
            #"{"error":"No JSON data provided","proof":null,"success":false}"#
        ),
        (
            post("/api/v1/cognition/delegate", #"{"task": {"é": 1}}"#), 400,
            #"{"error":"Invalid task format: 'task_id'","proof":null,"success":false}"#
        ),
        (
            HTTPRequest("POST", "/api/v1/cognition/delegate", isBodyTooLarge: true), 413,
            #"{"error":"the body is longer than 1048576 bytes","proof":null,"success":false}"#
        ),
        (
            HTTPRequest("GET", "/api/v1/consciousness/status/%zz"), 400,
            #"{"error":"the target is not percent-encoded UTF-8 without control characters","status":null,"#
                + #""success":false}"#
        ),
    ]

    @Test(arguments: refused.indices) func `are refused in the form of their answers`(index: Int) {
        let (request, status, body) = Self.refused[index]
        let refusal = response(request)
        #expect(refusal?.status == status)
        #expect(text(refusal) == body + "\n")
        #expect(refusal?.headers.contains(HTTPField("Content-Type", "application/json")) == true)
    }

    @Test func `say what may be done`() {
        for (path, methods) in [
            ("/api/v1/cognition/delegate", "POST, OPTIONS"), ("/api/v1/cognition/status/x", "GET, HEAD, OPTIONS"),
            ("/api/v1/cognition/cancel/x", "POST, OPTIONS"), ("/api/v1/health", "GET, HEAD, OPTIONS"),
        ] {
            for (method, status) in [("OPTIONS", UInt32(204)), ("PUT", 405)] {
                let answer = response(HTTPRequest(method, path))
                #expect(answer?.status == status)
                #expect(answer?.headers.contains(HTTPField("Allow", methods)) == true)
            }
        }
    }

    @Test(arguments: [
        "application/json", "APPLICATION/JSON; charset=utf-8", "application/json;charset=latin-1",
        "application/ld+json",
    ])
    func `take JSON`(type: String) { #expect(command(post("/api/v1/cognition/delegate", type: type)) != nil) }

    @Test(arguments: [nil, "", "text/json", "text/plain", "application/x-www-form-urlencoded", "json"])
    func `and nothing else`(type: String?) {
        let refusal = response(post("/api/v1/cognition/delegate", type: type))
        #expect(refusal?.status == 415)
        #expect(text(refusal).contains("Unsupported Media Type"))
    }
}

@Suite struct `who may delegate` {
    private let network: HTTPAccess
    private let open: HTTPAccess

    init() throws {
        let key = try #require(AccessKey(file: Array(accessKey.utf8)))
        network = HTTPAccess(.network, key: key)
        open = HTTPAccess(.network, key: key, isOpen: true)
    }

    private func showsKey(_ request: HTTPRequest, _ access: HTTPAccess) -> Bool? {
        guard case .delegate(let request)? = command(request, access) else { return nil }
        return request.showsKey
    }

    @Test func `is seen by the signature, with or without the key`() throws {
        let key = try #require(AccessKey(file: Array(accessKey.utf8)))
        let target = "/api/v1/cognition/delegate"
        let shown = post(target, [("X-API-Key", accessKey)])
        let wrong = post(target, [("X-API-Key", accessKey + "x")])
        for access in [network, open, HTTPAccess(.loopback, key: key), HTTPAccess(.unixSocket, key: key)] {
            #expect(showsKey(post(target), access) == false)
            #expect(showsKey(shown, access) == true)
        }
        #expect(showsKey(shown, socket) == false)
        let refusal = response(wrong, network)
        #expect(refusal?.status == 401)
        #expect(text(refusal).hasPrefix(#"{"error":"this is not the API key: "#))
        #expect(text(refusal).hasSuffix(#"","proof":null,"success":false}"# + "\n"))
    }

    private func post(_ target: String, _ headers: [(String, String)] = []) -> HTTPRequest {
        GatewayTests.post(target, task, type: "application/json", headers)
    }

    @Test func `what is not signed needs the key from the network, unless it is open`() {
        for request in [
            HTTPRequest("GET", "/api/v1/health"), HTTPRequest("GET", "/api/v1/cognition/status/x"),
            post("/api/v1/cognition/cancel/x"),
        ] {
            #expect(response(request, network)?.status == 401)
            #expect(response(request, open) == nil)
        }
        #expect(response(HTTPRequest("GET", "/metrics"), open)?.status == 401)
    }

    @Test(arguments: ["http://attacker.example", "null", "http://127.0.0.1:8081", "http://127.0.0.1:8080.example"])
    func `pages from elsewhere change nothing`(origin: String) {
        let loopback = HTTPAccess(.loopback, key: nil)
        let own = [("Host", "127.0.0.1:8080")]
        let target = "/api/v1/cognition/cancel/t1"
        #expect(response(post(target, own + [("Origin", origin)]), loopback)?.status == 403)
        #expect(command(post(target, own + [("Origin", "http://127.0.0.1:8080")]), loopback) != nil)
        #expect(command(post(target, own), loopback) != nil)
    }
}

@Suite struct `what a client is answered` {
    private let signer: ClientSigner
    private let key: SigningKey

    init() throws {
        try #require(prepareCryptography())
        key = try #require(SigningKey(seed: [UInt8](0..<32)))
        signer = ClientSigner(key, Ed25519())
    }

    private func terms(_ operation: String = "perception.detect", budget: String = "50", joules: Int64 = 50) throws
        -> ClientTerms
    {
        let target = "lct:web4:agent:dp@Legion#cognition"
        return ClientTerms(
            task: "t1", source: try LCT("lct:web4:agent:dp@Thor#consciousness"), target: try LCT(target),
            targetText: target, type: .consciousness, typeText: "cognition",
            operation: try named(operation),
            budget: ClientAmount(text: budget, isWhole: !budget.contains("."), energy: Energy(joules: joules)),
            timeout: .seconds(60), timeoutText: "60", created: .origin)
    }

    private func proof(_ result: [UInt8], charged: Int64 = 420, isCapped: Bool = false) -> ClientProof {
        ClientProof(
            charged: Energy(millijoules: charged), isCapped: isCapped, time: TimeSpan(milliseconds: 12),
            quality: BasisPoints(clamping: 9_500), result: result, ended: WallTime(milliseconds: 1_701_619_201_500))
    }

    private func answer(_ answer: ClientAnswer, _ call: FederationCall = .delegate) -> HTTPResponse {
        HTTPResponse(answer, to: call, by: signer)
    }

    @Test func `is a proof that Python's cryptography finds signed`() throws {
        let result = #"{"observations": ["é", 1e-5, 2.0, null, true], "b": {"x": "\u0000😀\\\""}, "a": -0.0}"#
        let response = answer(.proven(proof(Array(result.utf8)), try terms()))
        #expect(response.status == 200)
        let script = """
            import base64, json, sys
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
            text = sys.stdin.read()
            answer = json.loads(text)
            assert text == json.dumps(answer, sort_keys=True, separators=(",", ":")) + "\\n"
            assert sorted(answer) == ["error", "proof", "signature", "success"], answer
            proof = dict(answer["proof"], result=json.dumps(answer["proof"]["result"], sort_keys=True))
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(sys.argv[1]))
            signed = json.dumps(proof, sort_keys=True).encode()
            key.verify(base64.b64decode(answer["signature"], validate=True), signed)
            print(json.dumps(answer["proof"], sort_keys=True))
            """
        let output = try PythonTool.lines(
            script, arguments: [hexadecimal(key.publicKey.bytes.array)],
            input: [String(text(response).dropLast())], modules: ["cryptography": "python3-cryptography"])
        #expect(
            output == [
                #"{"atp_consumed": 0.42, "created_at": 1701619201.5, "execution_time": 0.012, "#
                    + #""executor_lct": "lct:web4:agent:dp@Legion#cognition", "quality_score": 0.95, "result": "#
                    + #"{"a": -0.0, "b": {"x": "\u0000\ud83d\ude00\\\""}, "observations": ["\u00e9", 1e-05, 2.0, "#
                    + #"null, true]}, "task_id": "t1"}"#
            ])
    }

    @Test func `is signed by the bytes that the federation's programs sign`() throws {
        let text =
            #"{"task_id": "test_001", "executor_lct": "lct:web4:agent:dp@Legion#consciousness", "atp_consumed": 5.0, "#
            + #""execution_time": 0.000001, "quality_score": 0.95, "created_at": 1701619201.5, "#
            + #""result": "{\"observations\": [\"\\u00e9\"]}"}"#
        let proof = try JSONValue(parsing: Array(text.utf8))
        #expect(
            signer.sign(PythonJSON(proof).bytes)
                == "SSjqnu4cA/xytUbvPtQJje2tMjc4usyZd4mZHxA8rOdOL6P2RUXoZ0Xf19hdN4k4ec3WO/UyJLUU84gjhqkXDw==")
    }

    @Test func `costs an integer where that was the budget`() throws {
        for (budget, isCapped, consumed) in [
            ("50", true, "50"), ("50.0", true, "50.0"), ("50", false, "50.0"),
        ] {
            let response = answer(
                .proven(proof([], charged: 50_000, isCapped: isCapped), try terms(budget: budget)))
            #expect(text(response).contains("\"atp_consumed\":\(consumed),"))
        }
    }

    @Test func `has a result that is always an object`() throws {
        for (operation, bytes, object) in [
            ("perception.detect", Array("[1]".utf8), #"{"result":[1]}"#),
            ("execution.df", Array("12\n34".utf8), #"{"text":"12\n34"}"#), ("execution.df", [], #"{"text":""}"#),
            ("execution.df", [0xff], #"{"result_base64":"/w=="}"#),
            ("perception.features", Array("{}".utf8), "{}"),
        ] {
            let response = answer(.proven(proof(bytes), try terms(operation)))
            #expect(text(response).contains("\"result\":" + object + ","), "\(text(response))")
        }
    }

    @Test func `tells the features of a frame by name`() throws {
        let frame = try Fixtures.bytes("frames/shapes.pgm")
        let features = try WorkerOperation.perceptionFeatures.result(for: frame)
        let response = answer(.proven(proof(features), try terms("perception.features")))
        let result = try #require(try JSONValue(parsing: response.body)["proof"]?["result"])
        #expect(
            result.members.map { $0.key } == [
                "brightness", "contrast", "edges", "height", "percentiles", "perceptual_hash", "regions",
                "result_base64", "threshold", "version", "width",
            ])
        #expect(result["version"]?.number == 1)
        #expect(result["percentiles"]?.elements.count == 7)
        #expect(result["perceptual_hash"]?.text?.utf8.count == 16)
        #expect(result["regions"]?["largest"]?.elements.count == 5)
        #expect(result["result_base64"]?.text.flatMap { Base64.decode($0) } == features)
    }

    private static let refusals: [(ClientRefusal, UInt32, String)] = [
        (.unknownKey, 401, "No key of Thor is known here; sage-edge peers add Thor --key FILE"),
        (.badSignature, 401, "Invalid signature"),
        (.noSignature, 401, "Invalid signature: 64 bytes of Ed25519 in base64 are needed"),
        (.keyNeeded, 401, "A task that is not signed needs the API key here"),
        (.alreadyActive, 400, "Task t1 already active"),
        (.alreadyEnded(.completed), 400, "Task t1 already completed"),
        (.alreadyEnded(.timedOut), 400, "Task t1 already timed out"),
        (.forgotten, 400, "Task t1 is older than what is remembered of its client"),
        (.typeDiffers, 400, "Task type cognition does not match target LCT task cognition"),
        (.notServed, 400, "Operation perception.detect is not served here"),
        (
            .rules(.permissionMissing(MissingPermission(permission: .execCode, of: .target))), 400,
            "Task cognition lacks permission exec:code"
        ),
        (
            .rules(.permissionMissing(MissingPermission(permission: .federationDelegate, of: .delegator))), 400,
            "Client lct:web4:agent:dp@Thor#consciousness lacks permission federation:delegate"
        ),
        (
            .shortOfCredits(available: Energy(joules: 10)), 400,
            "Insufficient ATP budget. Required: 50, Available: 10.0"
        ),
        (
            .shortOfBudget(required: Energy(millijoules: 62_330)), 400,
            "Insufficient ATP budget. Required: 62.33, Available: 50"
        ),
        (
            .rules(.budgetExhausted(needed: Energy(joules: 50), available: Energy(millijoules: 1))), 400,
            "Insufficient ATP budget. Required: 50, Available: 0.001"
        ),
        (
            .rules(.rateLimited(wait: TimeSpan(milliseconds: 1_001))), 429,
            "Task t1 refused: too many requests; the next is welcome in 1001 ms"
        ),
        (
            .notYet(.milliseconds(9_001)), 429,
            "Operation perception.detect is not served for 10 s: its program died"
        ),
        (.full, 429, "Task t1 refused: as many tasks of clients as may be are under way"),
        (.failed("the worker crashed: x"), 400, "Task t1 failed: the worker crashed: x"),
        (.ahead, 400, "Task t1 was made in the future: created_at is more than a day ahead"),
        (.timedOut, 400, "Task t1 timed out after 60 seconds"), (.cancelled, 400, "Task t1 cancelled"),
        (.unavailable("the agent is shutting down"), 503, "Not now: the agent is shutting down"),
    ]

    @Test(arguments: refusals.indices) func `is refused in words that it knows`(index: Int) throws {
        let (refusal, status, words) = Self.refusals[index]
        let response = answer(.refused(refusal, try terms()))
        #expect(response.status == status)
        #expect(text(response) == "{\"error\":\"\(words)\",\"proof\":null,\"success\":false}\n")
        let wait = response.headers.first { $0.name == "Retry-After" }?.value
        #expect((wait != nil) == (status == 429 || status == 503))
        if case .rules(.rateLimited) = refusal { #expect(wait == "2") }
        #expect(response.headers.contains { $0.name == "WWW-Authenticate" } == (status == 401))
    }

    @Test func `names another platform's target`() throws {
        let legion = try #require(PlatformName("Sprout"))
        let response = answer(.refused(.otherPlatform(own: legion), try terms()))
        #expect(text(response).contains("Target context Legion does not match platform Sprout"))
    }

    @Test func `tells status and cancellation in their forms`() throws {
        let status = ClientStatus(
            text: "lct:web4:agent:dp@Legion#cognition", task: "cognition", spent: Energy(millijoules: 420),
            budget: Energy(joules: 1000), running: 1, limit: 100, free: BasisPoints(clamping: 5_000), tasks: 3,
            runtime: TimeSpan(milliseconds: 36), isGood: true, since: WallTime(milliseconds: 1_701_619_200_000))
        #expect(
            text(answer(.status(status), .status))
                == #"{"error":null,"status":{"active_tasks":1,"atp_budget":1000.0,"atp_remaining":999.58,"#
                + #""atp_spent":0.42,"awareness_level":0.5,"created_at":1701619200.0,"is_active":true,"#
                + #""lct_id":"lct:web4:agent:dp@Legion#cognition","loop_count":3,"max_tasks":100,"#
                + #""task":"cognition","total_runtime":0.036},"success":true}"# + "\n")
        let unknown = answer(.unknown(lct: "x\u{e9}"), .status)
        #expect(unknown.status == 404)
        #expect(
            text(unknown) == #"{"error":"No consciousness found for x\u00e9","status":null,"success":false}"# + "\n")
        let amount = ClientAmount(text: "50", isWhole: true, energy: Energy(joules: 50))
        #expect(
            text(answer(.cancelled(refunded: amount), .cancel))
                == #"{"atp_refunded":50,"cancelled":true,"error":null,"success":true}"# + "\n")
        #expect(
            text(answer(.ambiguous(task: "X"), .cancel))
                == #"{"atp_refunded":0.0,"cancelled":false,"error":"Task X is active for several sources; say which: "#
                + #"cancel/TASK?source_lct=LCT","success":false}"# + "\n")
        let inactive = answer(.notActive(task: "X"), .cancel)
        #expect(inactive.status == 400)
        #expect(
            text(inactive)
                == #"{"atp_refunded":0.0,"cancelled":false,"error":"Task X not active","success":false}"# + "\n")
        #expect(answer(.unavailable("x"), .status).status == 503)
    }
}
