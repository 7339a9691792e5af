import Configuration
import Foundation
import Quantities
import Telemetry
import TestKit
import Testing

@testable import sage_edge

private func texts(_ findings: [Finding]) -> [String] { findings.flatMap { $0.remedies.map { $0.text } } }

private func commands(_ finding: Finding) -> [String] {
    finding.remedies.compactMap { remedy -> String? in
        guard case .run(let line) = remedy else { return nil }
        return line
    }
}

@Suite struct `what the doctor prescribes` {
    @Test func `nothing is to be changed for an agent that is another user's`() throws {
        var facts = try healthyFacts()
        facts.reader = .init(user: 65534, name: "nobody", group: "nogroup")
        facts.agent = .init(presence: .closed(group: nil), socket: "/srv/state/control.sock")
        facts.given.state = "/srv/state"
        // All that this user may not do says nothing of the agent.
        facts.state?.writeFailure = "Permission denied"
        facts.state?.fault = "the file cannot be opened"
        facts.keys[0].owner = 0
        facts.board?.loseTotal("VDD_IN", "EACCES")
        facts.board?.loseMode("EACCES")
        let wrong = facts.diagnosis.findings.filter { $0.isWrong }
        #expect(wrong.map { $0.name } == ["socket-closed"])
        #expect(texts(wrong) == ["sudo sage-edge --state /srv/state doctor"])
        let state = facts.diagnosis.findings.filter { $0.area == .state || $0.area == .keys }
        #expect(state.map { $0.name } == ["state-not-looked-at"])
        let all = texts(facts.diagnosis.findings)
        let changing = ["sudo chown", "sudo chmod", "sudo chgrp", "sudo usermod"]
        #expect(all.filter { line in changing.contains { line.hasPrefix($0) } } == [])
        facts.agent?.presence = .closed(group: "sage-edge")
        #expect(
            texts(facts.agentFindings()).prefix(3) == [
                "sudo usermod -aG sage-edge $USER", "then log in again, or for now:",
                "sudo sage-edge --state /srv/state doctor",
            ])
    }

    @Test func `a folder of another user is not taken from it`() throws {
        var facts = try healthyFacts()
        facts.reader = .init(user: 1000, name: "dana")
        facts.agent?.presence = .absent
        facts.state?.owner = 0
        facts.state?.writeFailure = "Permission denied"
        let findings = facts.stateFindings()
        #expect(findings.contains { $0.name == "state-of-another" })
        #expect(!texts(findings).contains { $0.hasPrefix("sudo chown") })
    }

    @Test func `commands name the folder and the configuration that were named`() throws {
        var facts = try healthyFacts()
        facts.given = .init(state: "a state", configuration: "c.yaml")
        facts.state?.fault = "torn"
        facts.configuration.problems = ["c.yaml:3: energy.windw: unknown key"]
        facts.configuration.warnings = ["c.yaml:4: link.peers: not a node record"]
        #expect(texts(facts.stateFindings()).first == "sage-edge --state 'a state' --config c.yaml ledger verify")
        #expect(
            texts(facts.configurationFindings())
                == ["sage-edge --config c.yaml config check", "sage-edge --config c.yaml config check"])
        // What the agent was given is what was judged.
        facts.given = .init(state: "a", configuration: nil)
        facts.configuration.ofAgent = "/srv/a/config.yaml"
        #expect(texts(facts.configurationFindings()).first == "sage-edge --config /srv/a/config.yaml config check")
        #expect(texts(facts.stateFindings()).first == "sage-edge --state a ledger verify")
    }

    @Test func `no command of this program leaves out what was named`() throws {
        for trouble in boardTroubles + sourceTroubles + agentTroubles {
            var facts = try healthyFacts()
            facts.given.state = "s"
            trouble.happens(&facts)
            for finding in facts.diagnosis.findings where finding.name != "agent-elsewhere" {
                for line in commands(finding) where line.hasPrefix("sage-edge ") || line.hasPrefix("sudo sage-edge ") {
                    #expect(
                        line.hasSuffix("config check") || line.hasPrefix("sage-edge --state s ")
                            || line.hasPrefix("sudo sage-edge --state s "), "\(line)")
                }
            }
        }
    }

    @Test(arguments: [true, false])
    func `what makes room for new keys does so in a plain shell, and keeps the old ones`(isCaller: Bool) throws {
        try withTemporaryFolder { folder in
            let state = folder.path + "/a state"
            let paths = StatePaths(state: state)
            let old = try NodeKeys.create(paths)
            let files = FileManager.default
            for name in ["ledger.db", "ledger.db-wal"] {
                #expect(files.createFile(atPath: state + "/" + name, contents: nil))
            }
            var facts = try healthyFacts()
            facts.reader = .init(user: 1000, name: "dana", isCaller: isCaller)
            facts.agent?.presence = .absent
            facts.state?.folder = state
            facts.keys = [.init(path: paths.keys + "/identity.pem", owner: 1000, mode: 0o644)]
            let finding = try #require(facts.keyFindings().first { $0.name == "key-exposed" })
            let lines = commands(finding)
            #expect(lines.last == (isCaller ? "" : "sudo -u dana ") + "sage-edge --state '\(state)' key generate")
            let shell = Process()
            shell.executableURL = URL(fileURLWithPath: "/bin/sh")
            shell.arguments = ["-c", "sudo() { \"$@\"; }\n" + lines.dropLast().joined(separator: "\n")]
            try shell.run()
            shell.waitUntilExit()
            #expect(shell.terminationStatus == 0)
            #expect(try files.contentsOfDirectory(atPath: state) == ["old"])
            #expect(
                Set(try files.contentsOfDirectory(atPath: state + "/old")) == ["keys", "ledger.db", "ledger.db-wal"])
            #expect(try NodeKeys.create(paths).identity.publicKey != old.identity.publicKey)
        }
    }

    @Test func `a key that boards share is made anew for all of them`() throws {
        var facts = try healthyFacts()
        facts.keys.append(.init(path: "/etc/sage-edge/psk", owner: 997, mode: 0o644))
        let finding = try #require(facts.keyFindings().first { $0.name == "key-exposed" })
        #expect(commands(finding).last == "(umask 077; openssl rand -hex 32 > /etc/sage-edge/psk)")
    }

    @Test func `what opens the files of power monitors does so in a plain shell`() throws {
        var facts = DoctorFacts()
        facts.reader = .init(user: .max, name: "the agent")
        facts.board = try capturedBoard("orin-nano")
        facts.board?.loseTotal("VDD_IN", "EACCES")
        let closed = try #require(facts.powerFindings().first { $0.name == "rails-closed" })
        let lines = commands(closed).prefix(2)
        #expect(lines.first == "sudo groupadd -f sage-edge")
        try withTemporaryFolder { folder in
            let files = FileManager.default
            let device = folder.appendingPathComponent("devices/hwmon1")
            let programs = folder.appendingPathComponent("programs")
            let classes = folder.appendingPathComponent("class/hwmon")
            for path in [device, programs, classes] {
                try files.createDirectory(at: path, withIntermediateDirectories: true)
            }
            // A monitor without power*_input, as an INA3221 is.
            for name in ["in1_input", "curr1_input", "temp1_input", "in1_label"] {
                let file = device.appendingPathComponent(name)
                try "1".write(to: file, atomically: true, encoding: .utf8)
                try files.setAttributes([.posixPermissions: 0o400], ofItemAtPath: file.path)
            }
            try files.createSymbolicLink(
                atPath: classes.path + "/hwmon1", withDestinationPath: "../../devices/hwmon1")
            // A group that cannot be given keeps nothing from being opened.
            for (name, text) in [("sudo", "exec \"$@\""), ("groupadd", "exit 0"), ("chgrp", "exit 1")] {
                let file = programs.appendingPathComponent(name)
                try "#!/bin/sh\n\(text)\n".write(to: file, atomically: true, encoding: .utf8)
                try files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
            }
            let shell = Process()
            shell.executableURL = URL(fileURLWithPath: "/bin/sh")
            let script = lines.joined(separator: "\n").replacingOccurrences(of: "/sys/", with: folder.path + "/")
            shell.arguments = ["-c", "PATH=\(programs.path):$PATH\n" + script]
            try shell.run()
            shell.waitUntilExit()
            func mode(_ name: String) throws -> Int? {
                try files.attributesOfItem(atPath: device.path + "/" + name)[.posixPermissions] as? Int
            }
            #expect(try mode("in1_input") == 0o440)
            #expect(try mode("curr1_input") == 0o440)
            #expect(try mode("temp1_input") == 0o400)
            #expect(try mode("in1_label") == 0o400)
        }
    }

    @Test func `a group that cannot be given does not keep the files from being opened`() throws {
        var facts = try healthyFacts()
        facts.reader.group = "jetson"
        facts.board?.closedFiles = [.init(path: "/sys/class/hwmon/hwmon1/in1_input", owner: 0, mode: 0o400)]
        let closed = try #require(facts.powerFindings().first { $0.name == "rails-closed" })
        #expect(
            closed.remedies.first?.text == "sudo chgrp jetson /sys/class/hwmon/hwmon1/in1_input; "
                + "sudo chmod g+r /sys/class/hwmon/hwmon1/in1_input")
        // The group is the reader's own.
        #expect(!texts([closed]).contains { $0.hasPrefix("sudo usermod") || $0.hasPrefix("sudo groupadd") })
    }

    @Test func `whether HTTP is served is what the agent tells`() throws {
        var facts = try healthyFacts()
        facts.agent?.http = "127.0.0.1:8080"
        #expect(facts.networkFindings().contains { $0.name == "http" && $0.what == "HTTP at 127.0.0.1:8080" })
        facts.agent?.httpRefusal = .init(address: "127.0.0.1:8080", port: 8080, failure: "Address already in use")
        // Also where its configuration cannot be read any more.
        facts.network = nil
        let findings = facts.networkFindings()
        #expect(findings.map { $0.what } == ["HTTP cannot be served at 127.0.0.1:8080: Address already in use"])
    }

    @Test func `a rating that is a guess is said where something is metered by it`() throws {
        var facts = DoctorFacts()
        facts.board = try capturedBoard("laptop-battery")
        #expect(facts.boardFindings().allSatisfy { !$0.isWrong })
        let guess = try #require(facts.board?.profile.guessedRating)
        facts.board?.guessedRating = guess
        let finding = try #require(facts.boardFindings().first { $0.isWrong })
        #expect(finding.what == "nobody rated this board: 8.000 W is a guess of profile laptop")
        facts.board?.profile.totals = []
        #expect(facts.boardFindings().allSatisfy { !$0.isWrong })
    }

    @Test func `a program that is named by its whole path is not asked for that again`() throws {
        func advice(_ words: [String]) throws -> String? {
            var facts = try healthyFacts()
            facts.declare(.init(name: "grid:old", kind: .grid, evidence: .metered, origin: .command(words)))
            facts.sources.told[1].isReporting = false
            facts.board?.sample.unavailable.append(.init(what: "grid:old", reason: "ENOENT"))
            return texts(facts.sourceFindings()).dropFirst().first
        }
        #expect(try advice(["meter"]) == "name the program by its whole path: meter is looked for in no folder")
        #expect(try advice(["/nonexistent/meter"])?.hasPrefix("there is no /nonexistent/meter, or ") == true)
    }
}
