import Configuration
import Foundation
import Gateway
import Quantities
import Telemetry
import TestKit
import Testing
import Wire

@testable import sage_edge

@Suite struct `the doctor's findings` {
    @Test func `nothing is wrong with a healthy board, and it needs nothing`() throws {
        let diagnosis = try healthyFacts().diagnosis
        #expect(diagnosis.isHealthy)
        #expect(diagnosis.findings.filter { $0.isWrong }.map(\.name) == [])
        // What is powered down on every Orin is worth a note.
        #expect(diagnosis.findings.filter { $0.severity == .note }.map(\.name) == ["powered-down"])
        #expect(diagnosis.findings.filter { $0.severity == .ok }.allSatisfy { $0.remedies.isEmpty })
        #expect(diagnosis.text(width: 80) { word, _ in word }.hasSuffix("\nnothing is wrong, 1 note\n"))
    }

    @Test(arguments: boardTroubles + sourceTroubles + agentTroubles)
    func `each trouble is named with its severity and what mends it`(trouble: Trouble) throws {
        var facts = try healthyFacts()
        trouble.happens(&facts)
        let diagnosis = facts.diagnosis
        let finding = try #require(diagnosis.findings.first { $0.name == trouble.name })
        #expect(finding.severity == trouble.severity)
        if finding.isWrong { #expect(!diagnosis.isHealthy) }
        let remedies = finding.remedies.map(\.text)
        #expect(trouble.remedy.isEmpty || remedies.contains { $0.contains(trouble.remedy) }, "\(remedies)")
        if finding.isWrong { #expect(!remedies.isEmpty) }
    }

    @Test func `every finding of the code has a trouble that brings it about, or is fine`() throws {
        let folder = Repository.root.appendingPathComponent("Sources/sage-edge")
        var named: Set<String> = []
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path) where file.hasPrefix("Doctor") {
            let text = try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
            let pattern = /Finding\(\s*\.\w+,\s*(?:\.(\w+)|[^,]*\?[^,]*),\s*"([a-z-]+)"/
            for match in text.matches(of: pattern) where match.1 != "ok" { named.insert(String(match.2)) }
        }
        #expect(named.count > 50)
        #expect(named == Set((boardTroubles + sourceTroubles + agentTroubles).map(\.name)))
    }

    @Test func `a source that is read and charged from is fine, and how long one has been away is said`() throws {
        var facts = try healthyFacts()
        facts.declare(.init(name: "wind:mill", kind: .wind, evidence: .metered, origin: .file("/run/turbine.json")))
        #expect(facts.sourceFindings().map { $0.what } == ["wind:mill: metered, 42.000 W"])
        #expect(facts.diagnosis.isHealthy)
        facts.sources.told[1].isReporting = false
        facts.sources.told[1].readMillisecondsAgo = 18_200
        facts.board?.sample.unavailable.append(.init(what: "wind:mill", reason: "timeout"))
        let findings = facts.diagnosis.findings.filter { $0.isWrong }
        // It is told once, where there is the most to say of it.
        #expect(findings.map { $0.what } == ["wind:mill cannot be read (timeout); the last time was 18.2 s ago"])
    }

    @Test func `what a board is rated for while its mode is unknown is said`() throws {
        func why(_ change: (inout DoctorFacts.Board) -> Void) throws -> String? {
            var board = try capturedBoard("xavier-nx")
            change(&board)
            var facts = DoctorFacts()
            facts.board = board
            return facts.boardFindings().first { $0.name == "power-mode-unknown" }?.why
        }
        let cause = "nvpmodel has not set a mode yet, or is not installed. "
        let least = "The board is rated at 10.000 W, the least that one of its modes allows."
        #expect(try why { _ in } == cause + least)
        let told = "The board is rated at 15.000 W, as energy.rated_watts says."
        #expect(try why { $0.ratedByOperator = Power(milliwatts: 15_000) } == cause + told)
        let module = "The board is rated at 20.000 W, as its module is."
        #expect(try why { $0.profile.powerModes = [] } == cause + module)
        let nothing = "The board is rated at what it draws when idle, and nothing is charged from a guess."
        #expect(
            try why {
                $0.profile.powerModes = []
                $0.profile.moduleRating = nil
            } == cause + nothing)
    }

    @Test func `since when, how deep and how often the board is slowed down is said`() throws {
        var facts = try healthyFacts()
        facts.board?.sample.throttle[1].state = 1
        facts.agent?.causes = [
            .init(
                name: "gpu-throttle-alert", isActive: true, sinceMilliseconds: 7000, state: 1, maximum: 2, depth: 2,
                events: 2, milliseconds: 10_000)
        ]
        let finding = try #require(facts.heatFindings().first { $0.name == "throttled" })
        #expect(
            finding.what == "the board is slowed down now: gpu-throttle-alert at step 1 of 2, at most 2 for 7.0 s; "
                + "2 times, 10.0 s")
        #expect(!facts.heatFindings().contains { $0.name == "throttled-before" })
    }

    @Test func `what keeps the board itself from charging is named by its key`() throws {
        var facts = try healthyFacts()
        facts.agent?.chargeRefusal = "replayed sources do not charge here"
        facts.sources.told = [
            .init(
                source: "compute:board", name: "board", evidence: .replayed, isReporting: true, ratedMilliwatts: 15_000,
                chargedMillijoules: 0, coverage: 10_000)
        ]
        let finding = try #require(facts.agentFindings().first { $0.name == "not-charging" })
        #expect(
            finding.remedies.map { $0.text } == [
                "to let it count, set energy.policy.replayed to a percentage above 0",
                "sage-edge proof latest --source compute:board",
            ])
    }

    @Test func `one step below zero is what an idle rail reads, and no finding`() throws {
        var facts = try healthyFacts()
        facts.board = try capturedBoard("agx-thor")
        facts.board?.sample.rails[0].microwatts = -392_000
        #expect(facts.powerFindings().allSatisfy { $0.name != "rail-negative" })
    }

    @Test(arguments: ["Charging", "Discharging"]) func `a battery that charges is below zero, and no finding`(
        status: String
    ) throws {
        var facts = try healthyFacts()
        facts.board = try capturedBoard("laptop-battery")
        let battery = try #require(facts.board?.sample.rails.firstIndex { $0.name == "BAT0" })
        facts.board?.sample.rails[battery].microwatts = status == "Charging" ? -20_000_000 : 20_000_000
        #expect(facts.powerFindings().allSatisfy { $0.name != "rail-negative" })
        // A sensor of a rail stays one.
        facts.board?.sample.rails[battery].source = "ina3221"
        #expect(facts.powerFindings().contains { $0.name == "rail-negative" } == (status == "Charging"))
    }

    @Test(
        arguments: [
            (UnavailableReason.counted, "battery:mine", "the one that battery:mine is read from"),
            (.board, nil, "one of the board's own"), (.negotiated, nil, "negotiated with a USB supply"),
            (.device, nil, "such as a mouse"),
        ] as [(UnavailableReason, String?, String)])
    func `a source that is not read since its meter counts for another is told so`(
        reason: UnavailableReason, by: String?, words: String
    ) throws {
        var facts = try healthyFacts()
        facts.declare(
            .init(name: "solar:own", kind: .solar, evidence: .metered, origin: .path("/sys/class/hwmon/hwmon1")))
        facts.sources.told = []
        var sample = TelemetrySample(taken: .origin, board: BoardIdentity(profile: "x"))
        sample.unavailable = [Unavailable("solar:own", reason, by: by)]
        var json = JSONWriter()
        sample.writeJSON(to: &json)
        facts.board?.sample.unavailable += SampleView(try JSONValue(parsing: Array(json.text.utf8))).unavailable
        let finding = try #require(facts.sourceFindings().first { $0.name == "source-refused" })
        #expect(finding.what.hasPrefix("solar:own is not read: ") && finding.what.contains(words))
        #expect(finding.severity == .warning)
        #expect(finding.remedies.map { $0.text }.contains { $0.contains("energy.sources") })
    }

    @Test func `counters that a recording kept for root are told as counters, not as rails`() throws {
        var facts = DoctorFacts()
        facts.board = try capturedBoard("pc-rapl-nvme-coretemp")
        let wrong = facts.powerFindings().filter { $0.isWrong }
        #expect(wrong.map { $0.name } == ["rapl-closed"])
        #expect(wrong.first?.what.hasSuffix("the processor's energy: package-0") == true)
    }

    @Test func `a total that is switched off is told once, and one channel alone is switched on`() throws {
        var facts = try healthyFacts()
        facts.board?.loseTotal("VDD_IN", "disabled")
        facts.board?.switches = ["VDD_IN": "/sys/class/hwmon/hwmon1/in1_enable"]
        let findings = facts.powerFindings()
        #expect(!findings.contains { $0.name == "rails-disabled" })
        let total = try #require(findings.first { $0.name == "no-total" })
        #expect(total.remedies.map { $0.text } == ["echo 1 | sudo tee /sys/class/hwmon/hwmon1/in1_enable"])
        // Where the channel is not found, none is switched on blindly.
        facts.board?.switches = [:]
        let blind = try #require(facts.powerFindings().first { $0.name == "no-total" })
        #expect(!blind.remedies.contains { $0.text.contains("tee") })
    }

    @Test func `a board without power modes is not told to change them`() throws {
        var facts = try healthyFacts()
        facts.board?.sample.hottest?.millidegrees = 99_000
        facts.board?.climbing = [.init(cause: "over-current:2", events: 1, milliseconds: 2000)]
        facts.board?.profile.powerModes = []
        facts.board?.sample.release = nil
        let remedies = facts.heatFindings().flatMap { $0.remedies.map { $0.text } }
        #expect(!remedies.isEmpty)
        #expect(!remedies.contains { $0.contains("nvpmodel") })
    }

    @Test func `commands about a captured board look at it, and its files are said to be elsewhere`() throws {
        var facts = DoctorFacts()
        facts.reader = .init(user: .max, name: "the agent", group: "sage-edge")
        facts.board = try capturedBoard("pc-rapl-nvme-coretemp")
        facts.board?.root = "/srv/a capture"
        let closed = try #require(facts.powerFindings().first { $0.name == "rapl-closed" })
        #expect(closed.what.hasPrefix("the agent may not read "))
        #expect(closed.remedies.first?.text == "on the machine that was recorded:")
        facts.board = try capturedBoard("agx-thor")
        facts.board?.root = "/srv/a capture"
        let swapped = try #require(facts.powerFindings().first { $0.name == "residual-negative" })
        #expect(
            swapped.remedies.map { $0.text }.contains(
                "sudo mkdir -p /etc/sage-edge/profiles && sage-edge profile show --yaml --sysroot '/srv/a capture' "
                    + "| sudo tee /etc/sage-edge/profiles/agx-thor.yaml > /dev/null"))
    }

    @Test func `an own profile is begun where the configuration looks for it`() throws {
        var facts = DoctorFacts()
        facts.given.configuration = "thor dir/config.yaml"
        facts.board = try capturedBoard("agx-thor")
        facts.configuration.profilesFolder = ConfigurationFiles(given: "thor dir/config.yaml").profilesFolder(for: nil)
        facts.configuration.mayWriteProfiles = true
        let swapped = try #require(facts.powerFindings().first { $0.name == "residual-negative" })
        #expect(
            swapped.remedies.map { $0.text }.contains(
                "mkdir -p 'thor dir/profiles' && sage-edge --config 'thor dir/config.yaml' profile show --yaml > "
                    + "'thor dir/profiles'/agx-thor.yaml"))
    }

    @Test(arguments: boardTroubles)
    func `commands about a recording look at it, or are said to be for the board that was recorded`(trouble: Trouble)
        throws
    {
        var facts = try healthyFacts()
        facts.agent = nil
        facts.board?.isLive = false
        trouble.happens(&facts)
        facts.board?.isLive = false
        facts.board?.root = "/srv/a capture"
        let areas: [Finding.Area] = [.board, .power, .sources, .heat, .memory]
        for finding in facts.diagnosis.findings where areas.contains(finding.area) {
            var isSaid = false
            for remedy in finding.remedies {
                if remedy == DoctorFacts.onItsMachine { isSaid = true }
                guard case .run(let line) = remedy else { continue }
                #expect(isSaid || line.contains("'/srv/a capture'"), "\(line)")
            }
        }
    }

    @Test func `of a recording the configuration of this machine is no finding`() {
        var facts = DoctorFacts()
        facts.configuration.files = ["/etc/sage-edge/config.yaml"]
        #expect(facts.configurationFindings().map { $0.name } == ["configuration"])
        facts.configuration.isLookedAt = false
        #expect(facts.configurationFindings() == [])
    }

    @Test func `a configuration that the running agent did not take is not called the one it has`() throws {
        var facts = try healthyFacts()
        facts.configuration.isOfAgent = true
        #expect(
            facts.configurationFindings().map { $0.what } == [
                "/etc/sage-edge/config.yaml, which the running agent reads"
            ])
        facts.agent?.refusedConfiguration = "a.yaml:1: x: unknown key\nb.yaml:2: y: unknown key"
        facts.configuration.problems = ["a.yaml:1: x: unknown key"]
        let findings = facts.configurationFindings()
        #expect(findings.map { $0.name } == ["configuration-wrong", "configuration-refused"])
        #expect(findings[0].why == "The agent that runs goes on with what it read before, and would not start so.")
        #expect(findings[1].what.hasSuffix("is refused: a.yaml:1: x: unknown key; b.yaml:2: y: unknown key"))
        facts.agent?.presence = .absent
        facts.configuration.isOfAgent = false
        #expect(facts.configurationFindings().map { $0.why } == ["The agent does not start so."])
    }

    @Test func `root is not told to give itself what root may read`() throws {
        var facts = try healthyFacts()
        facts.reader = .init()
        facts.board?.loseTotal("VDD_IN", "EACCES")
        let closed = try #require(facts.powerFindings().first { $0.name == "rails-closed" })
        #expect(!closed.remedies.contains { $0.text.contains("chgrp") })
    }

    @Test func `what is wrong with a meter's object is said`() throws {
        var facts = try healthyFacts()
        facts.declare(.init(name: "wind:mill", kind: .wind, evidence: .metered, origin: .file("/run/turbine.json")))
        facts.sources.told[1].isReporting = false
        facts.sources.documentFaults["wind:mill"] = "power_mw is not a whole number that a meter can show"
        facts.board?.sample.unavailable.append(.init(what: "wind:mill", reason: "malformed"))
        let file = try #require(facts.sourceFindings().first?.remedies.map { $0.text })
        #expect(file[1].hasPrefix("it holds something else: power_mw is not a whole number that a meter can show; "))
        facts.declare(
            .init(name: "wind:mill", kind: .wind, evidence: .metered, origin: .command(["/usr/local/bin/read"])))
        facts.sources.told[1].isReporting = false
        let command = try #require(facts.sourceFindings().first?.remedies.map { $0.text })
        #expect(command[1].hasPrefix("it has to print nothing but one JSON object with a whole number"))
    }

    @Test func `a meter's file that is too long is told with its length`() throws {
        try withTemporaryFolder { folder in
            let path = folder.path + "/meter.json"
            try String(repeating: " ", count: 4097).write(toFile: path, atomically: false, encoding: .utf8)
            #expect(DoctorExamination.fault(ofDocumentAt: path) == "4097 bytes; at most 4096 are read")
        }
    }

    @Test func `commands and files of meters are this machine's, whatever is recorded of the board`() throws {
        var facts = try healthyFacts()
        facts.board?.isLive = false
        facts.board?.root = "/srv/recorded"
        facts.declare(.init(name: "wind:mill", kind: .wind, evidence: .metered, origin: .file("/run/turbine.json")))
        facts.sources.told[1].isReporting = false
        let here = try #require(facts.diagnosis.findings.first { $0.area == .sources })
        #expect(here.remedies.first?.text == "ls -l /run/turbine.json")
        facts.sources.declared[0].origin = .path("/sys/class/hwmon/hwmon3")
        let there = try #require(facts.diagnosis.findings.first { $0.area == .sources })
        #expect(there.remedies.first == DoctorFacts.onItsMachine)
    }

    @Test func `how an agent was started is read from its command line`() throws {
        let line = "/usr/bin/sage-edge\0run\0--config\0/srv/c.yaml\0--listen=127.0.0.1:9\0"
        let found = try #require(StartedAgent.invocation(Array(line.utf8)))
        #expect(found.value("config") == "/srv/c.yaml")
        #expect(runFlags(found) == [ConfigurationFlag("--listen", key: "link.listen", value: "127.0.0.1:9")])
        for other in ["", "/usr/bin/sage-edge\0status\0", "sshd: dana\0", "/usr/bin/sage-edge\0run\0--nope\0"] {
            #expect(StartedAgent.invocation(Array(other.utf8)) == nil)
        }
    }

    @Test func `parts of a sum are not taken for parts of a whole`() throws {
        var facts = try healthyFacts()
        facts.board = try capturedBoard("agx-orin")
        #expect(facts.powerFindings().allSatisfy { !$0.name.hasPrefix("residual") })
    }

    @Test(arguments: [
        ("orin-nano", "VDD_IN - VDD_CPU_GPU_CV - VDD_SOC = 2.675 W", Finding.Severity.ok),
        ("nano", "POM_5V_IN - POM_5V_GPU - POM_5V_CPU = 1.774 W", .ok),
        ("xavier-nx", "VDD_IN - VDD_CPU_GPU_CV - VDD_SOC = 1.981 W", .ok),
        // Its rails are of several captures, so that the parts draw more than the whole of another moment.
        ("agx-thor", "VIN - VDD_GPU - VDD_CPU_SOC_MSS - VIN_SYS_5V0 = -7.518 W", .problem),
    ]) func `the residual of a captured board is printed`(tree: String, figures: String, severity: Finding.Severity)
        throws
    {
        var facts = DoctorFacts()
        facts.board = try capturedBoard(tree)
        let finding = try #require(facts.powerFindings().first { $0.name.hasPrefix("residual") })
        #expect(finding.what.hasSuffix(figures))
        #expect(finding.severity == severity)
    }

    @Test func `a reason that nobody has heard of is named`() throws {
        var facts = try healthyFacts()
        facts.board?.lose("BAT9", "on-holiday")
        let finding = try #require(facts.powerFindings().first { $0.name == "unread" })
        #expect(finding.what == "BAT9 cannot be read (on-holiday)")
    }

    @Test func `of many names the first are shown`() {
        let names = (1...9).map { "zone\($0)" }
        #expect(DoctorFacts().listed(names) == "zone1, zone2, zone3, zone4, zone5, zone6 and 3 more")
    }

    @Test func `text fits eighty columns but for command lines, and cannot steer a terminal`() throws {
        var facts = try healthyFacts()
        for trouble in boardTroubles + sourceTroubles + agentTroubles where trouble.severity == .warning {
            trouble.happens(&facts)
        }
        facts.peers[0].name = "T\u{1b}[2Jhor"
        let text = facts.diagnosis.text(width: 80) { word, _ in word }
        #expect(!text.contains("\u{1b}"))
        let long = text.split(separator: "\n").filter { $0.count > 80 && !$0.contains("$ ") }
        #expect(long == [])
    }
}

@Suite struct `what files of the system say` {
    @Test func `sockets of the kernel's table are read, and lines that are none are not`() {
        // Two lines as a running kernel printed them.
        let table = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
             2063: 00000000:1CF3 00000000:0000 07 00000000:00000000 00:00000000 00000000   997        0 31214 2 0000000000000000 0
             3011: 00000000000000000000000000000000:14E9 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000   105        0 20761 2 0000000000000000 0
            nonsense 1 2 3 4 5 6 7 8 9 10
            """
        #expect(
            UDPSocketEntry.all(Array(table.utf8)) == [
                UDPSocketEntry(port: 7411, user: 997, inode: 31214),
                UDPSocketEntry(port: 5353, user: 105, inode: 20761),
            ])
    }

    @Test func `groups of a process are its effective one and the others`() {
        let status =
            "Name:\tsage-edge\nUid:\t997\t997\t997\t997\nGid:\t996\t995\t996\t996\nGroups:\t44 996 \nNgid:\t0\n"
        #expect(groups(inStatus: Array(status.utf8)) == [995, 44, 996])
        #expect(groups(inStatus: []) == [])
    }

    @Test func `accounts are found by number and by name`() {
        let group = Array("root:x:0:\nvideo:x:44:jetson,sage-edge\n:x:5:\nsage-edge:x:997:\n".utf8)
        #expect(accountName(44, in: group) == "video")
        #expect(accountName(5, in: group) == nil)
        #expect(accountName(1, in: group) == nil)
        #expect(isAccount("sage-edge", in: group))
        let users = Array("root:x:0:0::/:/bin/sh\nsage-edge:x:997:996::/:/usr/sbin/nologin\n".utf8)
        #expect(groupNumbers(ofUser: "sage-edge", users: users, groups: group) == [996, 44])
        #expect(groupNumbers(ofUser: "nobody", users: users, groups: group) == [])
        #expect(!isAccount("sage", in: group))
    }

    @Test func `properties of a unit are read`() {
        let printed = Array("LoadState=loaded\nActiveState=failed\nResult=exit-code\nUnitFileState=\nnonsense\n".utf8)
        #expect(
            properties(printed) == [
                "LoadState": "loaded", "ActiveState": "failed", "Result": "exit-code", "UnitFileState": "",
            ])
    }
}
