import Foundation
import TestKit
import Testing

/// More clients than there are places for, all of whom want what is refused.
@Suite(.timeLimit(.minutes(20)), .enabled(if: BuiltProgram.canStartItself)) struct `a crowd over HTTP` {
    private let client = "lct:web4:agent:dp@Thor#consciousness"

    @Test func `is refused in known words or closed, a thousand at once, and costs nothing that stays`() throws {
        let port = try RunningAgent.freePort()
        let agent = try RunningAgent(
            tree: "orin-nano", http: ["listen: 127.0.0.1:\(port)", "timeout_seconds: 2"],
            settings: """
                executors:
                  tasks_per_minute: 6000
                """, platform: "Legion")
        let key = try agent.addClient(client, of: "Thor", granting: 10)

        let output = try PythonTool.run(
            try Fixtures.text("federation/crowd.py"), arguments: ["127.0.0.1", "\(port)", key.path, "4"],
            modules: ["cryptography": "python3-cryptography"])
        let resident = String(decoding: output, as: UTF8.self).split(separator: "\n").compactMap { Int($0) }
        #expect(resident.count == 4)
        // What the first round needed is used again: in 3,000 further connections no more than a mebibyte is added.
        let (first, most) = (try #require(resident.first), try #require(resident.max()))
        #expect(most - first <= 1024, "\(resident) KiB")
        #expect(agent.isRunning)
        #expect(try agent.run(["ledger", "verify"]).status == 0)
    }
}
