import Cryptography
import Federation
import Foundation
import Quantities
import TestKit
import Testing
import Wire

@testable import Gateway

/// What `request` comes to; it fails where a step takes the caller's thread for ever.
private func reply(to request: HTTPCallRequest) throws -> HTTPCallReply {
    var call = try HTTPCall(request)
    while call.step(watching: nil, atMost: .milliseconds(200)) != .ended {}
    return try call.reply()
}

private let serverKey = SigningKey(seed: (0..<32).map { UInt8($0) })?.publicKey
private let clientKey = SigningKey(seed: [UInt8](repeating: 7, count: 32))

@Suite(.timeLimit(.minutes(2))) struct `calls of federation servers over HTTP` {
    private let server: PythonServer

    init() throws { server = try PythonServer.federation() }

    private func call(budget: Int64 = 50_000) throws -> SentTask {
        let parameters = #"{"input": {"é\u007f😀": [1, -0.0, 1e16, 5e-324, 9223372036854775807]}}"#
        let terms = SentTask.Terms(
            source: try LCT("lct:web4:agent:dp@Thor#consciousness"), target: "lct:web4:agent:dp@Legion#consciousness",
            taskType: "consciousness", operation: "perception", budget: Energy(millijoules: budget), timeoutSeconds: 1,
            parameters: try JSONValue(parsing: Array(parameters.utf8)),
            createdAt: WallTime(milliseconds: 1_795_797_823_441))
        return try #require(SentTask("Thor_1_perception", terms))
    }

    /// What the server that behaves as `mode` says is worth.
    private func answer(_ mode: String, budget: Int64 = 50_000, key: PublicKey? = serverKey) throws -> ServerAnswer {
        let call = try call(budget: budget)
        let address = try ServerAddress(server.address(mode))
        let signer = try #require(clientKey)
        let request = try #require(call.request(to: address, signedWith: signer, timeout: .seconds(20)))
        return try ServerAnswer(try reply(to: request), to: call, key: key)
    }

    @Test func `a server that verifies the signature accepts it, and its own is verified`() throws {
        let answer = try answer("honest")
        let id = try #require(serverKey).id
        #expect(answer.state == .verified(id))
        #expect(answer.proof["quality_score"] == .real("0.9909999999999999"))
        #expect(try self.answer("honest", key: nil).state == .unknownKey)
        #expect(try self.answer("whole-numbers").state == .verified(id))
        #expect(try self.answer("result-is-text").state == .verified(id))
        #expect(try self.answer("honest", budget: 5_000).proof["atp_consumed"] == .real("5.0"))
    }

    @Test func `a server that signs nothing is believed only where its key is not known`() throws {
        #expect(try answer("before", key: nil).state == .notSigned)
        #expect(throws: ServerRefusal.unsigned) { try answer("before") }
    }

    @Test(arguments: [
        ("other-task", "the proof is of the task 'OTHER'"),
        ("task-in-small-letters", "the proof is of the task 'thor_1_perception'"),
        ("other-executor", "the proof is by 'lct:web4:agent:dp@Thor#consciousness'"),
        ("too-good", "quality_score is 3"), ("just-too-good", "quality_score is 1.0000000000000002"),
        ("no-quality", "quality_score is null"), ("too-expensive", "it cost 51.0 ATP of a budget of 50.0"),
        ("paid-for-it", "atp_consumed is -1"), ("cost-in-words", "atp_consumed is '5.0'"),
        ("cost-is-true", "atp_consumed is true"), ("before-it-began", "execution_time is -1e-09"),
        ("result-is-a-list", "the result is neither an object nor JSON"),
        ("at-noon", "created_at is '2026-11-27T12:00:00Z'"), ("signature-is-a-list", "the signature is no text"),
        ("no-proof", "it tells of success and has no proof"),
    ])
    func `a proof of something else is not accepted, signed or not`(mode: String, reason: String) throws {
        for key in [serverKey, nil] {
            do {
                _ = try answer(mode, key: key)
                Issue.record("\(mode) is accepted")
            } catch ServerRefusal.untrue(let text) { #expect(text.hasPrefix(reason), "\(text)") }
        }
    }

    @Test(arguments: ["other-key", "changed-later", "signature-is-hex"])
    func `a signature that is not the server's is not accepted`(mode: String) throws {
        #expect(throws: ServerRefusal.badSignature) { try answer(mode) }
    }

    @Test func `refusals keep status, reason and time`() throws {
        func refusal(_ mode: String, budget: Int64 = 50_000) throws -> ServerRefusal? {
            do { _ = try answer(mode, budget: budget) } catch let error as ServerRefusal { return error }
            return nil
        }
        #expect(
            try refusal("honest", budget: 4_999)
                == .refused(
                    status: 400, reason: "Insufficient ATP budget. Required: 5.0, Available: 4.999", retrySeconds: nil))
        #expect(
            try refusal("unauthorised") == .refused(status: 401, reason: "Invalid signature", retrySeconds: nil))
        #expect(try refusal("busy") == .refused(status: 429, reason: "Rate limit exceeded", retrySeconds: 7))
        #expect(try refusal("false") == .refused(status: 400, reason: "no reason is given", retrySeconds: nil))
        #expect(
            try refusal("success-with-500")
                == .refused(status: 500, reason: "status 500 without a reason", retrySeconds: nil))
        #expect(try refusal("elsewhere") == .elsewhere("http://192.0.2.1:1/api/v1/consciousness/delegate"))
        #expect(try refusal("to-a-file") == .elsewhere("file:///etc/passwd"))
        guard case .refused(400, let reason, nil) = try refusal("long-reason") else {
            Issue.record("a long reason")
            return
        }
        #expect(reason.utf8.count <= HTTPCallLimits.reasonBytes + 3)
    }

    @Test(arguments: ["html", "html-200", "empty", "list", "nan", "twice", "deep", "not-utf-8", "packed"])
    func `what is no object in JSON comes from no federation server`(mode: String) throws {
        do {
            _ = try answer(mode)
            Issue.record("\(mode) is accepted")
        } catch ServerRefusal.notAServer(let status, _) { #expect(status == (mode == "html" ? 500 : 200)) }
    }

    private func error(_ mode: String, timeout: TimeSpan = .seconds(20)) throws -> HTTPCallError? {
        do {
            _ = try reply(to: HTTPCallRequest(server.address(mode) + "/api/v1/health", timeout: timeout))
        } catch let error as HTTPCallError { return error }
        return nil
    }

    @Test func `an answer that does not end is cut off`() throws {
        #expect(try error("endless") == .tooLong)
        #expect(try error("endless-header") == .tooLong)
    }

    @Test func `a server that is silent, or all but, is waited for no longer than is said`() throws {
        for mode in ["never", "drop-by-drop"] {
            guard case .tooLate = try error(mode, timeout: .milliseconds(400)) else {
                Issue.record("\(mode)")
                continue
            }
        }
    }

    @Test(arguments: ["cut-off", "no-http", "nothing"])
    func `half an answer is none`(mode: String) throws {
        guard case .broken = try error(mode) else {
            Issue.record("\(mode): \(String(describing: try error(mode)))")
            return
        }
    }

    @Test func `where nobody listens there is no connection, and nothing else than HTTP is spoken`() throws {
        func error(_ url: String) throws -> HTTPCallError? {
            do { _ = try reply(to: HTTPCallRequest(url)) } catch let error as HTTPCallError { return error }
            return nil
        }
        func kind(_ url: String) throws -> String {
            switch try error(url) {
            case .noConnection: "no connection"
            case .badAddress: "bad address"
            default: "something else"
            }
        }
        #expect(try kind("http://127.0.0.1:1/") == "no connection")
        #expect(try kind("http://127.0.0.1:99999/") == "bad address")
        #expect(try kind("file:///etc/passwd") == "bad address")
    }

    @Test func `the other questions are answered`() throws {
        let address = try ServerAddress(server.address("honest"))
        func object(_ question: ServerQuestion) throws -> JSONValue {
            try ServerAnswer.object(try reply(to: question.request(to: address)))
        }
        #expect(try object(.health)["platform"]?.text == "Legion")
        let status = try object(.status(lct: "lct:web4:agent:dp@Legion#consciousness"))
        #expect(status["status"]?["lct_id"]?.text == "lct:web4:agent:dp@Legion#consciousness")
        #expect(try object(.cancel(taskID: "known/1"))["atp_refunded"] == .integer(50))
        #expect(throws: ServerRefusal.refused(status: 400, reason: "Task x not active", retrySeconds: nil)) {
            try object(.cancel(taskID: "x"))
        }
    }

    @Test func `what the caller waits for besides ends the step`() throws {
        let pipe = Pipe()
        var call = try HTTPCall(HTTPCallRequest(server.address("never") + "/api/v1/health"))
        try pipe.fileHandleForWriting.write(contentsOf: Data([1]))
        var state = HTTPCall.State.running
        while state == .running {
            state = call.step(watching: pipe.fileHandleForReading.fileDescriptor, atMost: .seconds(10))
        }
        #expect(state == .otherReadable)
    }

    @Test func `a header field cannot carry another one`() throws {
        var request = HTTPCallRequest(server.address("honest") + "/api/v1/health")
        request.headers = [HTTPField("X-API-Key", "a\r\nX-Other: b")]
        #expect(throws: HTTPCallError.self) { try HTTPCall(request) }
    }

    @Test func `a server over TLS has to show who it is`() throws {
        try withTemporaryFolder { folder in
            func certificate(_ name: String, _ alternative: String) throws -> [String] {
                let files = ["cert", "key"].map { folder.appendingPathComponent("\(name).\($0)").path }
                _ = try ExternalTool.openssl.run([
                    "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=\(name)", "-addext",
                    "subjectAltName=" + alternative, "-out", files[0], "-keyout", files[1],
                ])
                return files
            }
            let right = try certificate("right", "IP:127.0.0.1")
            let wrong = try certificate("wrong", "DNS:other.example")
            for (files, trusted, isRight) in [(right, right[0], true), (right, nil, false), (wrong, wrong[0], false)] {
                let server = try PythonServer.federation(["--tls"] + files)
                var request = HTTPCallRequest(server.address("honest", scheme: "https") + "/api/v1/health")
                request.authorities = trusted
                if isRight {
                    #expect(try reply(to: request).status == 200)
                } else {
                    do {
                        _ = try reply(to: request)
                        Issue.record("\(files) \(trusted ?? "-") is accepted")
                    } catch HTTPCallError.notSecure {}
                }
            }
            let server = try PythonServer.federation(["--tls"] + right)
            var request = HTTPCallRequest(server.address("honest", scheme: "https") + "/api/v1/health")
            request.authorities = folder.appendingPathComponent("none").path
            do {
                _ = try reply(to: request)
                Issue.record("authorities that are not there are accepted")
            } catch HTTPCallError.badAuthorities {}
        }
    }
}
