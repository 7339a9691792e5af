import AgentCore
import Cryptography
import EnergyProofs
import Foundation
import Gateway
import Platform
import Quantities
import TestKit
import Testing
import Wire

private let frame = Fixtures.url("frames/corridor.pgm").path

@Suite(.timeLimit(.minutes(10)), .enabled(if: BuiltProgram.canStartItself)) struct `commands to a running agent` {
    private let agent: RunningAgent

    init() throws { agent = try RunningAgent(tree: "orin-nano") }

    @Test func `each answers with one object, and with text that fits eighty columns`() throws {
        let commands: [[String]] = [
            ["status"], ["telemetry"], ["energy", "history"], ["energy", "history", "--by", "sample"],
            ["energy", "history", "--by", "hour"], ["proof", "latest"], ["proof", "list"], ["tasks"],
            ["ledger", "balance"],
            ["ledger", "history"], ["ledger", "verify"], ["peers", "list"],
            ["disputes", "list"], ["key", "export", "--node"],
            ["delegate", "perception", "--input", frame], ["delegate", "perception", "--input", frame, "--explain"],
            ["delegate", "perception", "--input", frame, "--trial"],
        ]
        for command in commands {
            let object = try agent.json(command)
            #expect(!object.isEmpty, "\(command)")
            let text = try agent.run(command)
            #expect(text.status == 0, "\(command): \(text.errors)")
            #expect(text.errors == "", "\(command)")
            // A path is shown whole.
            let isPlain = { (line: String) in !line.contains("verified") && !line.contains(agent.home.path) }
            #expect(text.lines.filter { $0.count > 80 && isPlain($0) } == [], "\(command)")
        }
        let balance = try agent.json(["ledger", "balance"])
        let accounts = try #require(balance["accounts"] as? [[String: Any]])
        #expect(accounts.compactMap { $0["account"] as? String } == ["lct:web4:agent:local@Sprout"])
    }

    @Test func `a replayed board is called so on every screen`() throws {
        #expect(try agent.run(["status"]).output.contains("orin-nano-8gb, replayed"))
        #expect(try agent.run(["telemetry"]).output.contains("compute:orin-nano-8gb, replayed"))
        #expect(try agent.run(["proof", "latest"]).output.contains(", replayed\n"))
        let board = try #require(try agent.json(["status"])["board"] as? [String: Any])
        #expect(board["replayed"] as? Bool == true)
    }

    @Test func `a frame is run here and its features are those of the second implementation`() throws {
        let done = try agent.json(["delegate", "perception", "--input", frame, "--local"])
        #expect(done["outcome"] as? String == "done")
        #expect(done["platform"] as? String == "Sprout")
        let expected = try #require(
            try Fixtures.text("frames/expected.txt").split(separator: "\n").first { $0.contains("corridor") })
        #expect(expected.contains(try #require(done["result_hash"] as? String)))
        let features = try #require(done["features"] as? [String: Any])
        #expect(features["width"] as? Int == 128)
        #expect(features["height"] as? Int == 96)
    }

    @Test func `what cannot be done is said with its status`() throws {
        let cases: [([String], Int32, String)] = [
            (["delegate", "perception", "--input", frame, "--to", "Thor"], 66, "not_found"),
            (["delegate", "perception", "--input", Fixtures.url("frames/expected.txt").path], 65, "invalid"),
            (["peers", "ping", "Thor"], 66, "not_found"), (["peers", "remove", "Thor"], 66, "not_found"),
            (["peers", "add", frame], 65, "invalid"), (["peers", "show", "Thor"], 66, "not_found"),
            (["disputes", "show", "3f9a27c04be1d2a55c1e90b7d6f48a02"], 66, "not_found"),
            (["disputes", "export", "3f9a"], 64, "usage"), (["disputes", "show", "3f9a"], 66, "no_input"),
            (["disputes", "verify", frame], 65, "bad_data"),
            (["delegate", "perception", "--input", frame, "--local", "--horizon", "regional"], 1, "failed"),
            (["delegate", "perception", "--input", frame, "--horizon", "a b"], 64, "usage"),
            (["task", "cancel", "3f9a27c04be1d2a55c1e90b7d6f48a02"], 66, "not_found"),
            (["proof", "export", agent.home.path + "/none", "--first", "100000"], 66, "no_input"),
        ]
        for (command, status, kind) in cases {
            let error = try #require(try agent.json(command, status: status)["error"] as? [String: Any], "\(command)")
            #expect(error["kind"] as? String == kind, "\(command)")
        }
    }

    @Test func `a trial decides and moves nothing`() throws {
        let before = try agent.json(["ledger", "balance"])
        let trial = try agent.json(["delegate", "perception", "--input", frame, "--trial"])
        #expect(trial["outcome"] as? String == "trial")
        let decision = try #require(trial["decision"] as? [String: Any])
        #expect(decision["decision"] as? String == "local")
        let after = try agent.json(["ledger", "balance"])
        for key in ["discharged_mj", "locked_mj", "reserved_mj"] {
            let amounts = [before, after].map { ($0["accounts"] as? [[String: Any]])?.first?[key] as? String }
            #expect(amounts[0] == amounts[1])
        }
    }

    @Test func `hostile lines get a refusal each and harm nobody`() throws {
        // Writing to a connection that was closed is then an error, and not the end of the tests.
        try Signal.pipe.ignore()
        func ask(_ line: [UInt8]) throws -> [UInt8] {
            let connection = try StreamConnection(connectingTo: agent.socket, timeout: .seconds(5))
            try connection.descriptor.writeAll((line + [UInt8(ascii: "\n")]).span)
            var answer: [UInt8] = []
            while answer.last != UInt8(ascii: "\n") {
                guard case .bytes = try connection.descriptor.read(upTo: 65_536, appendingTo: &answer) else { break }
            }
            return answer
        }
        let lines: [[UInt8]] = [
            [], Array("nonsense".utf8), Array("[]".utf8), Array(#"{"command":"nothing"}"#.utf8),
            Array(#"{"command":"status","more":1}"#.utf8), [0xff, 0xfe, 0x00],
            Array(repeating: UInt8(ascii: "["), count: 100_000),
            Array(#"{"command":"delegate","operation":"perception.features","input":"%%%"}"#.utf8),
        ]
        for line in lines {
            let answer = try JSONValue(parsing: try ask(line))
            #expect(answer["error"]?["kind"]?.text == "invalid", "\(line.prefix(60))")
        }
        // A line without an end, longer than any request: the connection is closed, the agent goes on.
        let connection = try StreamConnection(connectingTo: agent.socket, timeout: .seconds(5))
        let flood = [UInt8](repeating: UInt8(ascii: "x"), count: 4 << 20)
        #expect(throws: SystemError.self) { try connection.descriptor.writeAll(flood.span) }
        #expect(try agent.json(["status"])["state"] as? String == "running")
    }

    @Test func `its ledger takes no other key, federation or name`() throws {
        agent.stop()
        func run(_ settings: String) throws -> BuiltProgram.Outcome {
            try BuiltProgram.run(["run", "--config", try agent.write(settings)], home: agent.home)
        }
        let cases = [
            ("{name: end-to-end, platform: Bean}", "its credits belong to lct:web4:agent:local@Sprout"),
            ("{name: away, platform: Sprout}", "it was begun in another federation"),
            ("{name: end-to-end, configuration_epoch: 2, platform: Sprout}", "it was begun in configuration epoch 1"),
        ]
        for (federation, reason) in cases {
            let outcome = try run("federation: \(federation)\n")
            #expect(outcome.status == 78, "\(outcome.errors)")
            #expect(outcome.errors.contains(reason), "\(outcome.errors)")
        }
        try FileManager.default.removeItem(at: agent.state.appendingPathComponent("keys"))
        let outcome = try run("federation: {name: end-to-end, platform: Sprout}\n")
        #expect(outcome.status == 78)
        #expect(outcome.errors.contains("it belongs to the key"))
    }

    @Test func `when it has ended, the files answer, and say so`() throws {
        let before = try agent.json(["ledger", "history", "--limit", "3"])
        agent.stop()
        let history = try agent.run(["ledger", "history", "--limit", "3"])
        #expect(history.status == 0)
        #expect(
            history.errors.hasPrefix("sage-edge: no agent is running; this is from \(agent.home.path)/state/ledger.db"))
        #expect(before["entries"] is [Any])
        for command in [["ledger", "balance"], ["ledger", "verify"], ["proof", "latest"], ["proof", "list"]] {
            #expect(try !agent.json(command).isEmpty)
        }
        #expect(try agent.run(["status"]).status == 69)
    }
}

@Suite(.timeLimit(.minutes(10)), .enabled(if: BuiltProgram.canStartItself)) struct `an agent without its store` {
    @Test func `measures and answers, refuses what needs it, and goes on once it can be used`() throws {
        let agent = try RunningAgent(tree: "orin-nano", ledger: Array("not a database".utf8) + [UInt8](1...200))
        let status = try agent.json(["status"])
        #expect(status["state"] as? String == "measuring only")
        #expect(try #require(status["store_fault"] as? String).hasPrefix("the ledger's file is no database"))
        #expect(status["ledger"] == nil)
        #expect(try agent.run(["status"]).output.contains("store"))
        #expect(try !agent.json(["telemetry"]).isEmpty)
        for command in [["ledger", "balance"], ["delegate", "perception", "--input", frame], ["peers", "list"]] {
            let error = try #require(try agent.json(command, status: 75)["error"] as? [String: Any], "\(command)")
            #expect(try #require(error["message"] as? String).contains("the ledger's file is no database"))
        }
        try FileManager.default.removeItem(at: agent.state.appendingPathComponent("ledger.db"))
        let deadline = Date(timeIntervalSinceNow: 60)
        while try agent.json(["status"])["state"] as? String != "running", Date() < deadline {
            Thread.sleep(forTimeInterval: 0.5)
        }
        #expect(try agent.json(["status"])["state"] as? String == "running")
        #expect(try !agent.json(["ledger", "balance"]).isEmpty)
    }
}
