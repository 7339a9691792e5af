import Foundation
import TestKit
import Testing

@Suite(.timeLimit(.minutes(10)), .enabled(if: BuiltProgram.canStartItself))
struct `the state folder of an earlier release` {
    private static let settings = """
        federation: {name: demo, platform: Sprout, lineage: demo}
        energy: {supply_joules: 10000, charge_target_joules: 200, window_milliseconds: 1000, policy: {replayed: 100}}
        telemetry: {period_milliseconds: 250, sysroot: \(Fixtures.url("telemetry/sysfs/orin-nano").path)}


        """

    /// A home folder with a copy of the state of `release`, and what its own program said of it.
    private func withState(_ release: String, _ body: (URL, [String: Any]) throws -> Void) throws {
        try withTemporaryFolder { home in
            let source = Fixtures.url("state/" + release)
            let state = home.appendingPathComponent("state")
            try FileManager.default.copyItem(at: source.appendingPathComponent("state"), to: state)
            for name in ["identity.pem", "link.pem"] {
                try FileManager.default.setAttributes(
                    [.posixPermissions: 0o600], ofItemAtPath: state.appendingPathComponent("keys/" + name).path)
            }
            let config = home.appendingPathComponent("config")
            try FileManager.default.createDirectory(at: config, withIntermediateDirectories: true)
            try StateTests.settings.write(
                to: config.appendingPathComponent("config.yaml"), atomically: true, encoding: .utf8)
            let shown = try JSONSerialization.jsonObject(
                with: try Data(contentsOf: source.appendingPathComponent("shown.json")))
            try body(home, try #require(shown as? [String: Any]))
        }
    }

    private typealias StateTests = `the state folder of an earlier release`

    private func figures(_ balance: [String: Any]) -> [String: String] {
        var figures: [String: String] = [:]
        for (name, value) in balance where name.hasSuffix("_mj") { figures[name] = value as? String }
        for account in balance["accounts"] as? [[String: Any]] ?? [] {
            for (name, value) in account { figures["account " + name] = value as? String }
        }
        return figures
    }

    @Test(arguments: ["first-release"]) func `is verified, gone on with, and loses nothing`(release: String) throws {
        try withState(release) { home, shown in
            // A later release may tell more of it.
            let key = try BuiltProgram.json(["key", "show"], home: home)
            for (name, value) in try #require(shown["key"] as? [String: String]) {
                #expect(key[name] as? String == value, "\(name)")
            }
            let before = try #require(shown["balance"] as? [String: Any])
            let verified = try BuiltProgram.json(["ledger", "verify"], home: home)
            #expect(verified["verified"] as? Bool == true)
            #expect(verified["hash"] as? String == before["hash"] as? String)
            let balance = try BuiltProgram.json(["ledger", "balance"], home: home)
            #expect(figures(balance) == figures(before))
            let old = try #require(shown["proof"] as? [String: Any])

            let process = try BuiltProgram.process(
                ["run", "--listen", "127.0.0.1:\(try RunningAgent.freePort())"], home: home)
            let log = home.appendingPathComponent("log")
            try Data().write(to: log)
            process.standardError = try FileHandle(forWritingTo: log)
            try process.run()
            defer { if process.isRunning { process.terminate() } }
            func status() throws -> [String: Any]? {
                let outcome = try BuiltProgram.run(["status", "--json"], home: home)
                guard outcome.status == 0 else { return nil }
                return try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
            }
            // It measures on: a page follows the last one of the old program.
            let oldPage = try #require(old["page"] as? Int)
            let deadline = Date(timeIntervalSinceNow: 60)
            var page = -1
            while page <= 0, Date() < deadline, process.isRunning {
                Thread.sleep(forTimeInterval: 0.2)
                guard try status() != nil else { continue }
                let proof = try BuiltProgram.run(["proof", "latest", "--json"], home: home)
                let newest = try? JSONSerialization.jsonObject(with: Data(proof.output.utf8)) as? [String: Any]
                let number = newest?["page"] as? Int ?? -1
                // Another boot begins another epoch of the register, whose pages are numbered on or anew.
                if newest?["boot_id"] as? String != old["boot_id"] as? String || number > oldPage { page = number + 1 }
            }
            let said = try String(contentsOf: log, encoding: .utf8)
            #expect(page > 0, "\(said)")
            let running = try #require(try status())
            #expect(running["store_fault"] is NSNull || running["store_fault"] == nil, "\(running)")
            #expect(running["platform"] as? String == "Sprout")
            // The task that was under way is known still, by the same id.
            let tasks = try #require(try BuiltProgram.json(["tasks"], home: home)["tasks"] as? [[String: Any]])
            let known = Set(tasks.compactMap { $0["task"] as? String })
            for task in shown["tasks"] as? [[String: Any]] ?? [] where task["role"] as? String == "payer" {
                #expect(known.contains(task["task"] as? String ?? "?"), "\(task)")
            }
            #expect(
                try BuiltProgram.run(
                    ["delegate", "perception", "--local", "--input", Fixtures.url("frames/ball.ppm").path], home: home
                ).status == 0)
            #expect(try BuiltProgram.json(["ledger", "verify"], home: home)["verified"] as? Bool == true)
            process.terminate()
            process.waitUntilExit()
            #expect(process.terminationStatus == 0)
            #expect(try BuiltProgram.json(["ledger", "verify"], home: home)["verified"] as? Bool == true)
            let after = try BuiltProgram.json(["ledger", "balance"], home: home)
            #expect(after["supply_mj"] as? String == before["supply_mj"] as? String)
        }
    }
}
