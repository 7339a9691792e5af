import Foundation
import TestKit
import Testing

private let curl = ExternalTool(program: "/usr/bin/curl", package: "curl")

@Suite(.timeLimit(.minutes(10)), .enabled(if: BuiltProgram.canStartItself))
struct `an agent whose sensors hang` {
    /// A counter of the agent's metrics.
    private func counter(_ name: String, of agent: RunningAgent) throws -> Int {
        let page = try curl.run(["-sS", "--max-time", "20", "--unix-socket", agent.httpSocket, "http://agent/metrics"])
        let line = String(decoding: page, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix(name + " ") }
        return try #require(line.flatMap { Int($0.dropFirst(name.count + 1)) })
    }

    @Test func `answers all who ask while one read of them lasts`() throws {
        let lines = Fixtures.url("telemetry/tegrastats/orin-nano_l4t-r36.txt").path
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("hang-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let hang = folder.appendingPathComponent("hang")
        // The sensors' thread waits for a line for five seconds each time.
        let script = "while [ ! -e \(hang.path) ]; do tail -n 1 \(lines); sleep 0.1; done; exec sleep 100000"
        let agent = try RunningAgent(tree: "orin-nano", tegrastats: "[/bin/sh, -c, '\(script)']")
        try Data().write(to: hang)
        // Twenty requests between two looks at the counters that say: no read ended meanwhile, and some were due.
        var isShown = false
        for _ in 0..<100 where !isShown {
            let taken = try counter("sage_edge_samples_total", of: agent)
            let missed = try counter("sage_edge_samples_missed_total", of: agent)
            for _ in 0..<20 { #expect(try agent.run(["status"]).status == 0) }
            isShown =
                try counter("sage_edge_samples_total", of: agent) == taken
                && counter("sage_edge_samples_missed_total", of: agent) > missed
        }
        #expect(isShown)
        agent.stop()
        #expect(agent.exitStatus == 0)
    }

    @Test func `goes on measuring beside a meter's command that hangs, names it, and takes it along when it ends`()
        throws
    {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("hang-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let pids = folder.appendingPathComponent("pids")
        let command = "echo $$ >> \(pids.path); exec sleep 100000"
        let agent = try RunningAgent(
            tree: "orin-nano",
            sources: ["{name: 'grid:meter', command: [/bin/sh, -c, '\(command)'], class: metered, rated_watts: 3680}"])
        let unavailable = try #require(try agent.json(["telemetry"])["unavailable"] as? [[String: String]])
        #expect(unavailable.contains(["what": "grid:meter", "reason": "timeout"]))
        let pages = try #require(try agent.json(["status"])["energy"] as? [String: Any])["pages"] as? Int
        #expect(pages ?? 0 >= 3)
        agent.stop()
        #expect(agent.exitStatus == 0)
        #expect(try String(contentsOf: agent.log, encoding: .utf8).contains("stopped"))
        for line in try String(contentsOf: pids, encoding: .utf8).split(separator: "\n") {
            let process = try #require(Int32(line))
            #expect(kill(process, 0) == -1)
        }
    }
}
