import Cryptography
import Foundation
import TestKit
import Testing

/// `examples/http-client`, against servers that tell the truth and others.
@Suite(.timeLimit(.minutes(2))) struct `the example's client over HTTP` {
    private let server: PythonServer

    init() throws { server = try PythonServer.federation() }

    /// What it prints to the server that behaves as `mode` says; it throws where it ends with another status than 0.
    private func run(_ mode: String, _ command: [String], verifies: Bool = true) throws -> String {
        _ = try PythonTool.run("pass", modules: ["requests": "python3-requests"])
        return try withTemporaryFolder { folder in
            let client = try #require(SigningKey(seed: [UInt8](repeating: 7, count: 32)))
            let publicKey = try #require(SigningKey(seed: (0..<32).map { UInt8($0) })).publicKey
            let files = ["client.pem", "server.pem"].map { folder.appendingPathComponent($0) }
            try PEM.secretText(client).write(to: files[0], atomically: true, encoding: .utf8)
            try PEM.text(publicKey).write(to: files[1], atomically: true, encoding: .utf8)
            let script = Repository.root.appendingPathComponent("examples/http-client/federation_client.py").path
            let output = try ExternalTool(program: "/usr/bin/python3", package: "python3").run(
                [script, server.address(mode), "--key", files[0].path]
                    + (verifies ? ["--server-key", files[1].path] : []) + command)
            return String(decoding: output, as: UTF8.self)
        }
    }

    private let task = [
        "delegate", "perception", "lct:web4:agent:dp@Thor#consciousness", "lct:web4:agent:dp@Legion#consciousness",
        "--parameters", #"{"input": {"é\u007f😀": [1, -0.0, 1e16, 5e-324]}}"#,
    ]

    @Test func `signs, and verifies what comes back`() throws {
        #expect(try run("honest", task).contains(#""atp_consumed": 5.0"#))
        #expect(try run("before", task, verifies: false).contains(#""atp_consumed": 5.0"#))
        #expect(try run("honest", ["health"]).contains(#""platform": "Legion""#))
        #expect(try run("honest", ["status", "lct:web4:agent:dp@Legion#consciousness"]).contains("995.0"))
        #expect(try run("honest", ["cancel", "known/1"]) == "50\n")
        let source = "lct:web4:agent:dp@Thor#consciousness"
        #expect(try run("honest", ["cancel", "known/1", "--source", source]) == "50\n")
    }

    @Test(arguments: [
        ("before", "the proof is not signed by the server's key"),
        ("other-key", "the proof is not signed by the server's key"),
        ("changed-later", "the proof is not signed by the server's key"),
        ("signature-is-a-list", "the proof is not signed by the server's key"),
        ("other-task", "the proof is of another task, or by another executor"),
        ("too-expensive", "atp_consumed is 51.0"), ("too-good", "quality_score is 3"),
        ("cost-is-true", "atp_consumed is True"), ("no-proof", "the answer has no proof"),
        ("html", "what answers is no federation server: status 500"), ("busy", "Rate limit exceeded; again in 7 s"),
        ("elsewhere", "status 307"),
    ])
    func `believes nothing else`(mode: String, reason: String) throws {
        do {
            let text = try run(mode, task)
            Issue.record("\(mode) is accepted: \(text)")
        } catch ToolError.failed(_, let status, let errors) {
            #expect(status == 1)
            #expect(errors.contains(reason), "\(errors)")
        }
    }
}
