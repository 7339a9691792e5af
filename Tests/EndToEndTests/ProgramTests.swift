import Foundation
import TestKit
import Testing

@Suite(.timeLimit(.minutes(10))) struct `the program without an agent` {
    @Test func `says its version`() throws {
        let version = try BuiltProgram.json(["version"])
        #expect(version["version"] as? String == "0.1.0")
        #expect(version["architecture"] is String)
    }

    @Test(arguments: [
        ["status"], ["tasks"], ["task", "cancel", "3f9a27c04be1d2a55c1e90b7d6f48a02"],
        ["task", "show", "3f9a27c04be1d2a55c1e90b7d6f48a02"], ["peers", "list"],
        ["peers", "ping", "Thor"], ["peers", "remove", "Thor"],
        ["delegate", "perception", "--input", Fixtures.url("frames/corridor.pgm").path],
    ]) func `says that no agent is running, and how to start one`(command: [String]) throws {
        let outcome = try BuiltProgram.run(command)
        #expect(outcome.status == 69)
        #expect(outcome.output == "")
        #expect(outcome.errors.hasPrefix("sage-edge: no agent is running: nobody listens at /"))
        #expect(outcome.errors.hasSuffix("\n  hint: sage-edge run\n"))
        let error = try #require(try BuiltProgram.json(command, status: 69)["error"] as? [String: Any])
        #expect(error["kind"] as? String == "unreachable")
        #expect(error["hint"] as? String == "sage-edge run")
    }

    private static let refused: [([String], Int32)] = [
        (["ledger", "verify"], 66), (["ledger", "balance"], 66), (["ledger", "history"], 66),
        (["proof", "latest"], 66), (["proof", "list"], 66), (["proof", "verify", "/nowhere"], 66),
        (["key", "show"], 66), (["key", "export"], 66), (["key", "import", "/nowhere"], 66),
        (["peers", "add", "/nowhere"], 66),
        (["delegate", "perception", "--input", "/nowhere"], 66), (["delegate", "perception"], 64),
        (["delegate", "nonsense!", "--input", "-"], 64),
        (["delegate", "perception", "--input", "-", "--raw", "3"], 64),
        (["delegate", "perception", "--input", "-", "--raw", "0x3"], 64),
        (["delegate", "perception", "--input", "-", "--budget", "1.2345"], 64),
        (["delegate", "perception", "--input", "-", "--budget", "0"], 64),
        (["delegate", "perception", "--input", "-", "--budget", "-1"], 64),
        (["delegate", "perception", "--input", "-", "--timeout", "0"], 64),
        (["delegate", "perception", "--input", "-", "--to", "a b"], 64),
        (["delegate", "perception", "--input", "-", "--to", "Thor", "--local"], 64),
        (["task", "cancel", "xyz"], 64), (["peers", "ping", "a/b"], 64), (["ledger", "history", "--limit", "0"], 64),
        (["config", "check", "--config", "/nowhere"], 66), (["nonsense"], 64),
    ]

    @Test(arguments: refused) func `ends with the status that says what was wrong, in JSON too`(
        command: [String], status: Int32
    ) throws {
        let error = try #require(try BuiltProgram.json(command, status: status)["error"] as? [String: Any])
        #expect((error["message"] as? String)?.isEmpty == false)
    }

    @Test func `an input that no task can carry is refused before anybody is asked`() throws {
        let big = [UInt8](repeating: 0, count: 100_000)
        let outcome = try BuiltProgram.run(["delegate", "perception", "--input", "-"], input: big)
        #expect(outcome.status == 65)
        #expect(outcome.errors.hasPrefix("sage-edge: the input has 100000 bytes; a task carries at most 61440\n"))
    }

    @Test func `makes keys once, shows them, and exports what openssl reads`() throws {
        try withTemporaryFolder { home in
            let made = try BuiltProgram.json(["key", "generate"], home: home)
            let again = try BuiltProgram.run(["key", "generate"], home: home)
            #expect(again.status == 73)
            let shown = try BuiltProgram.json(["key", "show"], home: home)
            #expect(shown as NSDictionary == made as NSDictionary)
            let text = try BuiltProgram.run(["key", "show"], home: home)
            #expect(text.lines.filter { $0.count > 80 } == [])
            let pem = try BuiltProgram.run(["key", "export"], home: home).output
            let read = try ExternalTool.openssl.run(["pkey", "-pubin", "-outform", "DER"], input: Array(pem.utf8))
            #expect(Data(read.suffix(32)).base64EncodedString() == made["ed25519_public_key"] as? String)
            let object = try BuiltProgram.json(["key", "export"], home: home)
            #expect(object["pem"] as? String == pem)
            let record = try BuiltProgram.json(["key", "export", "--node"], home: home)
            #expect((record["record"] as? String)?.hasPrefix("-----BEGIN SAGE-EDGE NODE-----\n") == true)
            for file in ["identity.pem", "link.pem"] {
                let path = home.appendingPathComponent("state/keys/" + file).path
                let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
                #expect(mode as? Int == 0o600)
            }
        }
    }

    @Test func `shows its configuration and where each value comes from`() throws {
        try withTemporaryFolder { home in
            let file = home.appendingPathComponent("config.yaml")
            try "energy:\n  window_milliseconds: 20000\n".write(to: file, atomically: true, encoding: .utf8)
            let shown = try BuiltProgram.json(["config", "show", "--origin", "--config", file.path], home: home)
            let settings = try #require(shown["settings"] as? [String: [String: Any]])
            #expect(settings["energy.window_milliseconds"]?["value"] as? Int == 20_000)
            #expect(settings["energy.window_milliseconds"]?["origin"] as? String == file.path + ":2")
            #expect(settings["federation.name"]?["origin"] as? String == "default")
            let checked = try BuiltProgram.json(["config", "check", "--config", file.path], home: home)
            #expect(checked["valid"] as? Bool == true)
            let text = try BuiltProgram.run(["config", "show", "--origin", "--config", file.path], home: home)
            #expect(text.lines.filter { $0.count > 80 && !$0.contains(home.path) } == [])
        }
    }

    @Test func `names the file, line and key of what is wrong in its configuration`() throws {
        try withTemporaryFolder { home in
            let file = home.appendingPathComponent("config.yaml")
            try "energy:\n  window_milliseconds: soon\n".write(to: file, atomically: true, encoding: .utf8)
            let outcome = try BuiltProgram.run(["config", "check", "--config", file.path], home: home)
            #expect(outcome.status == 78)
            #expect(outcome.errors.contains("  \(file.path):2: energy.window_milliseconds: "))
        }
    }
}
