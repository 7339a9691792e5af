import Foundation
import TestKit
import Testing

/// Clients that wait long for their tasks, and those that come meanwhile.
@Suite(.timeLimit(.minutes(10)), .enabled(if: BuiltProgram.canStartItself)) struct `clients that wait over HTTP` {
    private let client = "lct:web4:agent:dp@Thor#consciousness"

    /// Plays a scene of `waiting.py` with an agent whose section `http` has `settings`.
    private func play(_ scene: String, _ settings: [String]) throws {
        let port = try RunningAgent.freePort()
        let agent = try RunningAgent(
            tree: "orin-nano", http: ["listen: 127.0.0.1:\(port)"] + settings,
            settings: """
                executors:
                  concurrent: 6
                  tasks_per_minute: 600
                  execution:
                    commands:
                      - {name: wait, command: [/usr/bin/sleep, "250"], memory_mib: 64, typical_milliseconds: 10}
                      - {name: nap, command: [/usr/bin/sleep, "3"], memory_mib: 64, typical_milliseconds: 10}
                """, platform: "Legion")
        let key = try agent.addClient(client, of: "Thor", granting: 20)
        #expect(try agent.run(["ledger", "grant", client + ".sage", "2"]).status == 0)
        _ = try PythonTool.run(
            try Fixtures.text("federation/waiting.py"), arguments: ["127.0.0.1", "\(port)", key.path, scene],
            modules: ["cryptography": "python3-cryptography"])
        #expect(agent.isRunning)
        #expect(try agent.run(["ledger", "verify"]).status == 0)
    }

    @Test func `get their answer after a task that takes longer than the limit of a connection`() throws {
        try play("quiet", ["timeout_seconds: 1"])
    }

    @Test func `keep nobody from a task, from asking or from taking back, and hold no place when gone`() throws {
        try play("places", ["connections: 8"])
    }

    @Test func `with long tasks are answered as others are`() throws { try play("long", []) }

    @Test func `take back each its own of two tasks of one name`() throws { try play("namesakes", []) }
}
