import Foundation
import TestKit
import Testing

private let lines = Fixtures.url("telemetry/tegrastats/orin-nano_l4t-r36.txt").path

@Suite(.timeLimit(.minutes(10)), .enabled(if: BuiltProgram.canStartItself))
struct `an agent that reads lines of tegrastats` {
    @Test func `calls those of a script a recording in status, telemetry and proofs`() throws {
        let script = FileManager.default.temporaryDirectory.appendingPathComponent("scripts-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: script) }
        try FileManager.default.createDirectory(at: script, withIntermediateDirectories: true)
        let program = script.appendingPathComponent("tegrastats")
        try "#!/bin/sh\nwhile :; do tail -n 1 \"$1\"; sleep 0.1; done\n"
            .write(to: program, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program.path)

        let agent = try RunningAgent(tree: "orin-nano", tegrastats: "['\(program.path)', '\(lines)']")
        let board = try #require(try agent.json(["status"])["board"] as? [String: Any])
        #expect(board["evidence"] as? String == "replayed")
        #expect(board["replayed"] as? Bool == true)
        #expect(board["power_mw"] as? Int == 6030)
        let sources = try #require(try agent.json(["telemetry"])["sources"] as? [[String: Any]])
        #expect(sources.map { $0["class"] as? String } == ["replayed"])
        let proof = try agent.run(["proof", "latest"])
        #expect(proof.output.contains("replayed"))
        #expect(!proof.output.contains("metered"))
    }

    @Test(arguments: [
        ("/nowhere/tegrastats.txt", "ENOENT", "open /nowhere/tegrastats.txt: No such file or directory"),
        ("/dev/null", "empty", "/dev/null holds no line"),
        ("'-'", "empty", "standard input holds no line"),
        ("[/nowhere/tegrastats]", "ENOENT", "execve /nowhere/tegrastats: No such file or directory"),
        ("[no-such-program]", "ENOENT", "execve no-such-program: No such file or directory"),
        ("[/dev/null]", "EACCES", "execve /dev/null: Permission denied"),
        ("[/bin/sh, -c, 'exit 3']", "empty", "/bin/sh ended with status 3"),
        (
            "[/bin/sh, -c, 'while :; do echo hello; sleep 0.1; done']", "malformed",
            "/bin/sh: not a line of tegrastats: 0 words are known to it, 1 are not"
        ),
        ("[/bin/sleep, '60']", "timeout", "/bin/sleep printed none for 5 s"),
    ])
    func `says in its log, once, and in every answer why it has none`(
        setting: String, reason: String, message: String
    ) throws {
        let agent = try RunningAgent(tree: "orin-nano", tegrastats: setting, hasPower: false)
        let unavailable = try #require(try agent.json(["telemetry"])["unavailable"] as? [[String: String]])
        #expect(unavailable == ["tegrastats", "total"].map { ["what": $0, "reason": reason] })
        let board = try #require(try agent.json(["status"])["board"] as? [String: Any])
        #expect(board["unavailable"] as? [String] == ["tegrastats: " + reason, "total: " + reason])
        #expect(try agent.run(["status"]).output.contains("unread    tegrastats: " + reason))
        Thread.sleep(forTimeInterval: 1)
        let log = try String(contentsOf: agent.log, encoding: .utf8).split(separator: "\n").map(String.init)
        #expect(log.filter { $0.contains("tegrastats: ") } == ["warning: no line of tegrastats: " + message])
    }

    @Test func `takes the newest line where several have waited`() throws {
        let both = "both=$(head -n 1 \(lines); tail -n 1 \(lines))"
        let command = "[/bin/sh, -c, '\(both); while :; do echo \"$both\"; sleep 0.5; done']"
        let agent = try RunningAgent(tree: "orin-nano", tegrastats: command)
        for _ in 0..<8 {
            let total = try #require(try agent.json(["telemetry"])["total"] as? [String: Any])
            #expect(total["uw"] as? Int == 6_030_000)
            Thread.sleep(forTimeInterval: 0.25)
        }
    }
}
