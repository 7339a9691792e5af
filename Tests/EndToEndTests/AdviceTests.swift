import Foundation
import Platform
import Quantities
import TestKit
import Testing

private let frame = Fixtures.url("frames/corridor.pgm").path

/// A folder with `settings` as its configuration.
private func withSettings<Result>(_ settings: String, _ body: (URL) throws -> Result) throws -> Result {
    try withTemporaryFolder { home in
        let config = home.appendingPathComponent("config")
        try FileManager.default.createDirectory(at: config, withIntermediateDirectories: true)
        try settings.write(to: config.appendingPathComponent("config.yaml"), atomically: true, encoding: .utf8)
        return try body(home)
    }
}

@Suite(.timeLimit(.minutes(10))) struct `what the program advises without an agent` {
    @Test func `config check finds what would keep the agent from starting, and what it would lack`() throws {
        let settings = """
            telemetry:
              sysroot: /nowhere
              tegrastats: [/nowhere/tegrastats]
            link:
              peers: [absent.node, wrong.node]

            """
        try withSettings(settings) { home in
            let config = home.path + "/config"
            try "hello".write(toFile: config + "/wrong.node", atomically: true, encoding: .utf8)
            let outcome = try BuiltProgram.run(["config", "check"], home: home)
            #expect(outcome.status == 78)
            #expect(
                outcome.errors == """
                    sage-edge: the agent would not start
                      \(config)/config.yaml:2: telemetry.sysroot: there is no folder /nowhere
                      \(config)/config.yaml:5: link.peers: open \(config)/absent.node: No such file or directory
                      \(config)/config.yaml:3: telemetry.tegrastats: there is no program /nowhere/tegrastats
                      \(config)/config.yaml:5: link.peers: \(config)/wrong.node: not a node record: \
                    there is no line -----BEGIN SAGE-EDGE NODE-----

                    """)
            // The agent starts without a tree where it is told which board it is.
            try settings.replacingOccurrences(of: "absent.node, ", with: "")
                .replacingOccurrences(of: "telemetry:", with: "telemetry:\n  profile: generic")
                .write(toFile: config + "/config.yaml", atomically: true, encoding: .utf8)
            let checked = try BuiltProgram.run(["config", "check"], home: home)
            #expect(checked.status == 0)
            #expect(
                checked.errors.split(separator: "\n").map { $0.prefix(8) } == ["warning:", "warning:", "warning:"])
            let warnings = try BuiltProgram.json(["config", "check"], home: home)["warnings"] as? [String]
            #expect(warnings?.count == 3)
        }
    }

    @Test func `config check looks for what declared sources name`() throws {
        let settings = """
            telemetry:
              sysroot: \(Fixtures.url("telemetry/sysfs/orin-nano").path)
            energy:
              sources:
                - {name: solar:roof, path: /sys/nowhere, feeds: "battery:NOPE"}
                - {name: solar:shed, path: /sys/class/hwmon/hwmon1/in1_input}
                - {name: wind:mill, file: absent.json, parent: grid:none}
                - {name: grid:one, command: [read-meter]}
                - {name: grid:two, command: [/nowhere/read-meter]}
                - {name: human:dana, declared_watts: 100}

            """
        try withSettings(settings) { home in
            let config = home.path + "/config"
            let outcome = try BuiltProgram.run(["config", "check"], home: home)
            #expect(outcome.status == 0)
            func warning(_ index: Int, _ words: String) -> String {
                "warning: \(config)/config.yaml:\(index + 5): energy.sources[\(index)]: \(words)"
            }
            #expect(
                outcome.errors.split(separator: "\n").map(String.init) == [
                    warning(0, "solar:roof: there is no /sys/nowhere"),
                    warning(0, "solar:roof: feeds: there is no battery battery:NOPE"),
                    warning(
                        1,
                        "solar:shed: /sys/class/hwmon/hwmon1/in1_input is no meter of power or energy that is known here"
                    ),
                    warning(2, "wind:mill: there is no file \(config)/absent.json"),
                    warning(2, "wind:mill: parent: there is no source grid:none"),
                    warning(3, "grid:one: there is no program \(config)/read-meter"),
                    warning(4, "grid:two: there is no program /nowhere/read-meter"),
                ])
        }
    }

    @Test(arguments: [
        ("nofile", "nofile cannot be read: No such file or directory", "(umask 077; openssl rand -hex 32 > FILE)"),
        ("open.key", "open.key has mode 644, which lets others read it", "chmod 600 FILE"),
        ("short.key", "short.key does not hold ", "(umask 077; openssl rand -hex 32 > FILE)"),
    ]) func `a key file that cannot be used is named with key, line and remedy`(
        file: String, problem: String, remedy: String
    ) throws {
        for (section, key) in [("keys", "psk_file"), ("http", "api_key_file")] {
            try withSettings("\(section):\n  \(key): \(file)\n") { home in
                let config = home.path + "/config"
                let hex = String(repeating: "a", count: 64)
                for (name, text, mode) in [("open.key", hex, 0o644), ("short.key", "short", 0o600)] {
                    _ = FileManager.default.createFile(
                        atPath: config + "/" + name, contents: Data(text.utf8), attributes: [.posixPermissions: mode])
                }
                for command in [["config", "check"], ["run"]] {
                    let outcome = try BuiltProgram.run(command, home: home)
                    #expect(outcome.status == 78)
                    let said = "\n  \(config)/config.yaml:2: \(section).\(key): \(config)/\(problem)"
                    #expect(outcome.errors.contains(said), "\(outcome.errors)")
                    let hint = remedy.replacingOccurrences(of: "FILE", with: config + "/" + file)
                    #expect(outcome.errors.contains("\n  hint: " + hint), "\(outcome.errors)")
                }
            }
        }
    }

    @Test(arguments: [
        (["telemetry", "--sysroot", "/nonexist"], 66, "name the folder that holds sys, proc and etc"),
        (["doctor", "--sysroot", "/nonexist"], 66, "name the folder that holds sys, proc and etc"),
        (["telemetry", "--tegrastats", "nofile"], 66, "name a file of lines of tegrastats, or - "),
        (["proof", "verify", "nofile"], 66, "sage-edge proof export FILE makes such a file"),
        (["report", "energy", "nofile"], 66, "sage-edge proof export FILE makes such a file"),
        (["delegate", "perception", "--input", "nofile"], 66, "name a frame, PGM or PPM; - is standard input"),
        (["config", "show", "--config", "-"], 64, "--config FILE"),
    ]) func `what was named wrongly is answered with what to name`(words: [String], status: Int32, hint: String) throws
    {
        let outcome = try BuiltProgram.run(words)
        #expect(outcome.status == status)
        #expect(outcome.errors.contains("\n  hint: " + hint), "\(outcome.errors)")
    }

    @Test func `a key is no file of proofs`() throws {
        try withTemporaryFolder { home in
            #expect(try BuiltProgram.run(["key", "generate"], home: home).status == 0)
            let file = home.path + "/own.pem"
            try BuiltProgram.run(["key", "export"], home: home).output
                .write(toFile: file, atomically: true, encoding: .utf8)
            let outcome = try BuiltProgram.run(["proof", "verify", file], home: home)
            #expect(outcome.status == 65)
            #expect(
                outcome.errors.contains(
                    "hint: this is a key, or a record: sage-edge proof verify FILE.proofs --key \(file)\n"))
        }
    }

    @Test func `a variable that is no key is answered with near names alone`() throws {
        try withTemporaryFolder { home in
            for (name, expected) in [
                ("SAGE_EDGE_ENERGY_WINDW", "unknown key; allowed here: "),
                ("SAGE_EDGE_ENERGY_SUPLY_JOULES", "unknown key, perhaps 'SAGE_EDGE_ENERGY_SUPPLY_JOULES' is meant; "),
            ] {
                let again = try BuiltProgram.process(["config", "check"], home: home)
                again.environment?[name] = "1"
                let said = Pipe()
                again.standardError = said
                try again.run()
                let text = String(decoding: try said.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
                again.waitUntilExit()
                #expect(text.contains(name + ": " + expected), "\(text)")
            }
        }
    }

    @Test func `a tab in a configuration is named, and no hint repeats the command`() throws {
        try withSettings("telemetry:\n\tprofile: generic\n") { home in
            let outcome = try BuiltProgram.run(["config", "check"], home: home)
            #expect(outcome.status == 78)
            #expect(outcome.errors.hasSuffix("; tabs cannot indent YAML: use spaces\n"))
            #expect(
                try BuiltProgram.run(["config", "show"], home: home).errors.hasSuffix("hint: sage-edge config check\n"))
        }
    }

    @Test func `a file that is too long is told with its length and the limit`() throws {
        try withSettings(String(repeating: "#", count: 300_000)) { home in
            let config = home.path + "/config/config.yaml"
            let checked = try BuiltProgram.run(["config", "check"], home: home)
            #expect(checked.status == 78)
            #expect(checked.errors.contains("\(config): the file has 300000 bytes; at most 262144 are read"))
            let imported = try BuiltProgram.run(["key", "import", config], home: home)
            #expect(imported.status == 65)
            #expect(
                imported.errors.hasPrefix("sage-edge: \(config) has 300000 bytes; at most 65536 are read\n  hint: "))
            let endless = try BuiltProgram.run(["key", "import", "/dev/zero"], home: home)
            #expect(
                endless.errors.hasPrefix("sage-edge: /dev/zero has more than 65536 bytes, the most that are read\n"))
        }
    }

    @Test func `a budget is refused with the rule`() throws {
        let outcome = try BuiltProgram.run(["delegate", "perception", "--input", frame, "--budget", "0.0001"])
        #expect(outcome.status == 64)
        #expect(
            outcome.errors.contains("takes joules above 0 with at most three digits after the point, such as 2.5, not"))
    }

    @Test func `a record without an address is exported with a warning`() throws {
        try withSettings("link:\n  advertise: [192.0.2.11:7411]\n") { home in
            _ = try BuiltProgram.run(["key", "generate"], home: home)
            #expect(try BuiltProgram.run(["key", "export", "--node"], home: home).errors == "")
            try FileManager.default.removeItem(at: home.appendingPathComponent("config/config.yaml"))
            let outcome = try BuiltProgram.run(["key", "export", "--node"], home: home)
            #expect(outcome.status == 0)
            #expect(outcome.errors.hasPrefix("sage-edge: the record names no address: "))
        }
    }

    @Test func `an agent that cannot listen says how to listen elsewhere, and which files it read`() throws {
        try withTemporaryFolder { home in
            let outcome = try BuiltProgram.run(["run", "--listen", "192.0.2.77:7411"], home: home)
            #expect(outcome.status == 74)
            let lines = outcome.errors.split(separator: "\n").map(String.init)
            #expect(lines.first == "no configuration file: \(home.path)/config/config.yaml would be read")
            #expect(
                lines.suffix(2) == [
                    "sage-edge: bind 192.0.2.77:7411: Cannot assign requested address",
                    "  hint: listen elsewhere, with --listen ADDRESS:PORT or link.listen",
                ])
        }
    }

    @Test func `a folder that is too deep for a socket is refused before anything is made in it`() throws {
        try withTemporaryFolder { home in
            let state = home.path + "/" + String(repeating: "x", count: 110)
            let outcome = try BuiltProgram.run(["run", "--state", state], home: home)
            #expect(outcome.status == 73)
            #expect(outcome.errors.contains(" bytes, 107 are the most: \(state)/control.sock\n"))
            #expect(!FileManager.default.fileExists(atPath: state))
        }
    }

    @Test func `a reader who leaves gets no complaint`() throws {
        try withTemporaryFolder { home in
            let process = try BuiltProgram.process(["config", "show"], home: home)
            let (output, errors) = (Pipe(), Pipe())
            try output.fileHandleForReading.close()
            (process.standardOutput, process.standardError) = (output, errors)
            try process.run()
            try errors.fileHandleForWriting.close()
            let said = try errors.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            #expect(process.terminationStatus == 74)
            #expect(String(decoding: said, as: UTF8.self) == "")
        }
    }

    @Test func `at Ctrl-C a delegation says that the task goes on`() throws {
        try withTemporaryFolder { home in
            try FileManager.default.createDirectory(
                at: home.appendingPathComponent("run"), withIntermediateDirectories: true)
            // An agent that takes the request and never answers.
            let listener = try StreamListener(at: home.path + "/run/control.sock")
            let process = try BuiltProgram.process(["delegate", "perception", "--input", frame], home: home)
            let errors = Pipe()
            process.standardError = errors
            try process.run()
            try errors.fileHandleForWriting.close()
            var loop = try EventLoop()
            var events: [ReadyEvent] = []
            try loop.register(listener.descriptor, EventToken(rawValue: 1), .readable)
            try loop.wait(until: Clock.bootTime + .seconds(30), into: &events)
            guard let connection = try listener.accept() else {
                process.terminate()
                Issue.record("the command did not connect")
                return
            }
            try loop.remove(listener.descriptor)
            try loop.register(connection.descriptor.raw, EventToken(rawValue: 2), .readable)
            try loop.wait(until: Clock.bootTime + .seconds(30), into: &events)
            process.interrupt()
            let said = String(decoding: try errors.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
            process.waitUntilExit()
            #expect(process.terminationStatus == 130)
            #expect(
                said == """
                    sage-edge: the task goes on without this command
                      hint: sage-edge tasks, sage-edge task cancel ID

                    """)
        }
    }
}

@Suite(.timeLimit(.minutes(10)), .enabled(if: BuiltProgram.canStartItself)) struct `what the program advises` {
    /// A node record of a board called Thor in `federation`, written to `home`.
    private func record(of federation: String, in home: URL) throws -> String {
        try withSettings("federation: {name: \(federation), platform: Thor}\nlink: {advertise: [\"127.0.0.1:9\"]}\n") {
            other in
            _ = try BuiltProgram.run(["key", "generate"], home: other)
            let path = home.path + "/\(federation).node"
            try BuiltProgram.run(["key", "export", "--node"], home: other).output
                .write(toFile: path, atomically: true, encoding: .utf8)
            return path
        }
    }

    @Test func `on adding a peer, misspelling it, and pinging one that never answered`() throws {
        let agent = try RunningAgent(tree: "orin-nano")
        let foreign = try agent.run(["peers", "add", try record(of: "another", in: agent.home)])
        #expect(foreign.status == 65)
        #expect(foreign.errors.contains("\n  hint: perhaps it is of another federation: "))
        let added = try agent.run(["peers", "add", try record(of: "end-to-end", in: agent.home)])
        #expect(added.status == 0)
        #expect(added.output.contains("Thor must add this board, too:\n  here:       sage-edge key export --node > "))
        for command in [
            ["peers", "ping", "thor"], ["peers", "remove", "Tohr"],
            ["delegate", "perception", "--input", frame, "--to", "thor"],
        ] {
            let error = try #require(try agent.json(command, status: 66)["error"] as? [String: Any])
            #expect(error["kind"] as? String == "not_found")
            #expect(error["hint"] as? String == "did you mean Thor?", "\(command)")
        }
        let silent = try agent.run(["peers", "ping", "Thor"])
        #expect(silent.status == 1)
        #expect(silent.errors.contains("\n  hint: it has never answered: has each board added the other's record"))
        let lines = try agent.run(["peers", "list"]).lines
        #expect(lines.filter { $0.hasPrefix("Thor ") && $0.hasSuffix(" closed") }.count == 1)
        let balance = try agent.run(["ledger", "balance"]).output
        for column in ["charged", "received", "sent", "discharged", "expired"] {
            #expect(balance.contains(" " + column))
        }
        #expect(!balance.contains("spent"))
    }

    @Test func `on its own record, and on pages of an agent that runs by another configuration`() throws {
        let agent = try RunningAgent(tree: "orin-nano")
        let own = agent.home.path + "/own.node"
        try agent.run(["key", "export", "--node"]).output.write(toFile: own, atomically: true, encoding: .utf8)
        // Whoever asks is of another federation.
        let other = try agent.write("federation: {name: elsewhere}\n")
        let added = try agent.run(["peers", "add", own, "--config", other])
        #expect(added.status == 65)
        #expect(
            added.errors.hasPrefix("sage-edge: this is the record of this node itself\n  hint: it is for other boards"))
        agent.stop()
        let report = try agent.run(["report", "energy", "--by", "source", "--config", other, "--json"])
        #expect(report.status == 0, "\(report.errors)")
        #expect(report.output.contains("\"class\":\"replayed\""))
        let absent = try agent.run(["proof", "latest", "--source", "solar:roof", "--config", other])
        #expect(absent.status == 66)
        #expect(absent.errors.contains("there is no energy proof of solar:roof; there are some of: compute:orin-nano"))
    }

    @Test func `on a board whose power nothing reads`() throws {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent("bare-" + UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: root) }
        try FileManager.default.createDirectory(
            at: root.appendingPathComponent("sys/class"), withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            at: Fixtures.url("telemetry/sysfs/orin-nano/proc"), to: root.appendingPathComponent("proc"))
        let agent = try RunningAgent(tree: "", hasPower: false, root: root)
        for command in [["proof", "latest"], ["proof", "export", agent.home.path + "/none"]] {
            let outcome = try agent.run(command)
            #expect(outcome.status == 66)
            #expect(
                outcome.errors == """
                    sage-edge: there are no energy proofs: no reading of the board's power was found
                      hint: sage-edge telemetry shows what can be read, and what not and why

                    """)
        }
        #expect(try agent.run(["status"]).output.contains("not metered"))
    }
}
