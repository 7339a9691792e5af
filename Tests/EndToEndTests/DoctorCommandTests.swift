import Foundation
import Platform
import TestKit
import Testing
import Wire

private func names(_ report: [String: Any], _ severity: String? = nil) throws -> [String] {
    let findings = try #require(report["findings"] as? [[String: Any]])
    return findings.filter { severity == nil || $0["severity"] as? String == severity }
        .compactMap { $0["name"] as? String }
}

private func tree(_ name: String) -> String { Fixtures.url("telemetry/sysfs/" + name).path }

@Suite(.timeLimit(.minutes(10))) struct `the doctor on a machine` {
    @Test(arguments: [
        ("orin-nano", Int32(0), [] as [String]), ("agx-orin", 0, []), ("nano", 0, []),
        ("xavier-nx", 1, ["power-mode-unknown"]), ("agx-thor", 1, ["residual-negative"]),
    ]) func `a captured board is looked at alone`(name: String, status: Int32, wrong: [String]) throws {
        let report = try BuiltProgram.json(["doctor", "--sysroot", tree(name)], status: status)
        #expect(try names(report, "problem") + names(report, "warning") == wrong)
        #expect(report["healthy"] as? Bool == wrong.isEmpty)
        let areas = try #require(report["findings"] as? [[String: Any]]).compactMap { $0["area"] as? String }
        #expect(Set(areas).isSubset(of: ["board", "power", "heat", "memory", "configuration"]))
    }

    @Test func `its text fits eighty columns and names the remedy`() throws {
        let outcome = try BuiltProgram.run(["doctor", "--sysroot", tree("xavier-nx")])
        #expect(outcome.status == 1)
        #expect(outcome.lines.filter { $0.count > 80 && !$0.hasPrefix("           $ ") } == [])
        #expect(outcome.output.contains("           $ sudo systemctl restart nvpmodel\n"))
        #expect(outcome.output.hasSuffix("\n1 warning, 1 note\n"))
    }

    @Test func `files that a captured board kept for root are named`() throws {
        try withTemporaryFolder { folder in
            let copy = folder.appendingPathComponent("tree")
            try FileManager.default.copyItem(at: Fixtures.url("telemetry/sysfs/orin-nano"), to: copy)
            let failures = copy.appendingPathComponent("_errno.tsv")
            let table = try String(contentsOf: failures, encoding: .utf8)
            let device = "/sys/bus/i2c/drivers/ina3221/1-0040/hwmon/hwmon1/in1_input"
            try (table + device + "\tEACCES\n").write(to: failures, atomically: true, encoding: .utf8)
            let report = try BuiltProgram.json(["doctor", "--sysroot", copy.path], status: 1)
            #expect(try names(report, "problem") == ["rails-closed", "no-total"])
        }
    }

    @Test func `a folder that is not there is a failure of its own`() throws {
        #expect(try BuiltProgram.run(["doctor", "--sysroot", "/nowhere/at/all"]).status == 66)
    }

    @Test func `without an agent it looks at what the agent would find`() throws {
        try withTemporaryFolder { home in
            let state = home.appendingPathComponent("state")
            let config = home.appendingPathComponent("config")
            for folder in [state, config] {
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            }
            let settings = "telemetry: {sysroot: \(tree("orin-nano"))}\nlink: {listen: \"127.0.0.1:PORT\"}\n"
            // Somebody else has the port.
            let other = try DatagramSocket(
                boundTo: NetworkAddress(ipv4: 127, 0, 0, 1, port: 0),
                batch: DatagramBatch(datagrams: 1, datagramBytes: 64))
            let port = try other.localAddress().port
            let file = config.appendingPathComponent("config.yaml")
            try settings.replacingOccurrences(of: "PORT", with: "\(port)")
                .write(to: file, atomically: true, encoding: .utf8)
            #expect(try BuiltProgram.run(["key", "generate"], home: home).status == 0)
            let key = state.appendingPathComponent("keys/identity.pem").path
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: key)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: state.path)

            let report = try BuiltProgram.json(["doctor"], status: 1, home: home)
            let problems = try names(report, "problem")
            #expect(problems.contains("key-exposed"))
            #expect(problems.contains("port-in-use"))
            #expect(try names(report, "warning").contains("state-open"))
            #expect(try names(report, "note").contains("agent-absent"))
            #expect(!problems.contains("worker-fails") || !BuiltProgram.canStartItself)
            let findings = try #require(report["findings"] as? [[String: Any]])
            let use = try #require(findings.first { $0["name"] as? String == "port-in-use" })
            // The process that has the port is this test's own.
            #expect(
                (use["what"] as? String)?.contains("(process \(ProcessInfo.processInfo.processIdentifier))") == true)
            #expect(findings.contains { ["sync", "sync-slow", "sync-very-slow"].contains($0["name"] as? String) })
            // Nothing is left behind in the folder.
            let left = try FileManager.default.contentsOfDirectory(atPath: state.path).filter { $0.hasPrefix(".") }
            #expect(left == [])
            withExtendedLifetime(other.descriptor) {}
        }
    }

    @Test func `a wrong configuration is a finding, and the rest is looked at all the same`() throws {
        try withTemporaryFolder { home in
            let config = home.appendingPathComponent("config")
            try FileManager.default.createDirectory(at: config, withIntermediateDirectories: true)
            try "energy: {windw: 3}\n".write(
                to: config.appendingPathComponent("config.yaml"), atomically: true, encoding: .utf8)
            let report = try BuiltProgram.json(["doctor"], status: 1, home: home)
            #expect(try names(report, "problem").contains("configuration-wrong"))
            #expect(try names(report).contains("memory"))
        }
    }

    @Test(.enabled(if: BuiltProgram.canStartItself)) func `with an agent it asks the agent`() throws {
        let agent = try RunningAgent(tree: "orin-nano")
        // The clock of a test machine may be synchronised or not.
        let outcome = try agent.run(["doctor", "--json"])
        let report = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        let found = try names(report)
        for name in ["agent", "total", "residual", "temperature", "keys", "worker", "state"] {
            #expect(found.contains(name), "\(name)")
        }
        #expect(try names(report, "problem") == [])
        let findings = try #require(report["findings"] as? [[String: Any]])
        let spoken = findings.first { $0["name"] as? String == "agent" }?["what"] as? String
        #expect(spoken == "Sprout, running")
        let files = findings.first { $0["name"] as? String == "configuration" }?["what"] as? String
        #expect(files == agent.configuration.path + ", which the running agent reads")
    }
}

@Suite(.timeLimit(.minutes(10))) struct `hardware profiles on the command line` {
    @Test(arguments: [
        ("orin-nano", "orin-nano-8gb", "module p3767-0005", ["generic", "orin-nano-4gb"]),
        ("agx-orin", "agx-orin-64gb", "module p3701-0005", ["generic", "agx-orin-32gb"]),
        ("agx-thor", "agx-thor", "module p3834", ["generic"]),
        ("nano", "nano", "module p3448", ["generic"]),
    ]) func `detect says which, why, and what else came near`(
        name: String, profile: String, reason: String, near: [String]
    ) throws {
        let found = try BuiltProgram.json(["profile", "detect", "--sysroot", tree(name)])
        #expect(found["profile"] as? String == profile)
        let matches = try #require(found["matches"] as? [[String: Any]])
        #expect(matches.first?["profile"] as? String == profile)
        let others = matches.dropFirst().compactMap { $0["profile"] as? String }
        #expect(Set(near).isSubset(of: Set(others)), "\(others)")
        let text = try BuiltProgram.run(["profile", "detect", "--sysroot", tree(name)])
        #expect(text.status == 0)
        #expect(text.output.contains(reason))
        #expect(text.lines.filter { $0.count > 80 } == [])
    }

    @Test func `an operator's own is listed with its file, and wins`() throws {
        try withTemporaryFolder { home in
            let folder = home.appendingPathComponent("config/profiles")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let yaml = try BuiltProgram.run(["profile", "show", "orin-nano-8gb", "--yaml"], home: home)
            #expect(yaml.status == 0)
            let file = folder.appendingPathComponent("orin-nano-8gb.yaml")
            try yaml.output.replacingOccurrences(of: "NVIDIA Jetson Orin Nano 8GB", with: "Mine")
                .write(to: file, atomically: true, encoding: .utf8)
            let shown = try BuiltProgram.json(
                ["profile", "show", "--sysroot", tree("orin-nano")], home: home)
            #expect(shown["name"] as? String == "orin-nano-8gb")
            #expect(shown["title"] as? String == "Mine")
            #expect(shown["file"] as? String == file.path)
            #expect(shown["replaces_built_in"] as? Bool == true)
            let list = try BuiltProgram.run(["profile", "list", "--sysroot", tree("orin-nano")], home: home)
            let rows = list.lines.map { $0.split(separator: " ").prefix(3) }
            #expect(rows.contains(["*", "orin-nano-8gb", "Mine"]), "\(list.output)")
            let all = try BuiltProgram.json(["profile", "list"], home: home)
            let profiles = try #require(all["profiles"] as? [[String: Any]])
            #expect(profiles.filter { $0["built_in"] as? Bool == false }.count == 1)
        }
    }

    @Test func `a profile that does not exist is said, with the one that was meant`() throws {
        let outcome = try BuiltProgram.run(["profile", "show", "orin-nano-8g"])
        #expect(outcome.status == 66)
        #expect(outcome.errors.contains("did you mean orin-nano-8gb?"))
    }

    @Test func `everything in every built-in profile is shown`() throws {
        let list = try BuiltProgram.json(["profile", "list"])
        let profiles = try #require(list["profiles"] as? [[String: Any]]).compactMap { $0["name"] as? String }
        #expect(profiles.count >= 15)
        for name in profiles {
            let shown = try BuiltProgram.json(["profile", "show", name])
            let text = try BuiltProgram.run(["profile", "show", name]).output
            for rail in try #require(shown["rails"] as? [[String: Any]]) {
                #expect(text.contains(try #require(rail["name"] as? String)))
            }
            for mode in try #require(shown["power_modes"] as? [[String: Any]]) {
                #expect(text.contains(try #require(mode["name"] as? String)))
            }
        }
    }
}
