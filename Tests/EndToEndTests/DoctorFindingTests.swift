import Configuration
import Foundation
import Gateway
import Telemetry
import TestKit
import Testing

@testable import sage_edge

/// An Orin Nano as captured, in an agent's hands in which nothing is wrong.
private func healthyFacts() throws -> DoctorFacts {
    var facts = DoctorFacts()
    facts.reader = .init(user: 997, name: "sage-edge", group: "sage-edge", isAgent: true)
    var board = try captured("orin-nano")
    board.isLive = true
    facts.board = board
    facts.clock = .init(isSynchronized: true, wallMilliseconds: 1_795_196_578_692, hasBootID: true)
    facts.state = .init(
        folder: "/var/lib/sage-edge", isThere: true, owner: 997, mode: 0o750, availableBytes: 8 << 30,
        syncMicroseconds: 4200)
    facts.keys = [
        .init(path: "/var/lib/sage-edge/keys/identity.pem", owner: 997, mode: 0o600),
        .init(path: "/var/lib/sage-edge/keys/link.pem", owner: 997, mode: 0o600),
    ]
    facts.configuration = .init(files: ["/etc/sage-edge/config.yaml"])
    facts.network = .init(listen: "[::]:7411", port: 7411)
    facts.peers = [
        .init(
            name: "Thor", address: "192.0.2.12:7411", isUp: true, heardMillisecondsAgo: 900,
            ping: .answered(milliseconds: 3))
    ]
    facts.agent = .init(presence: .running, socket: "/run/sage-edge/control.sock", platform: "Sprout", state: "running")
    facts.service = .init(activity: "active", result: "success", enablement: "enabled")
    facts.worker = .works(milliseconds: 12)
    return facts
}

/// The board of a captured tree, by the sample that is expected of it.
private func captured(_ tree: String) throws -> DoctorFacts.Board {
    let bytes = try Fixtures.bytes("telemetry/expected/sysfs/\(tree).json")
    var board = DoctorFacts.Board()
    board.sample = SampleView(try JSONValue(parsing: bytes))
    board.isLive = false
    let profiles = try HardwareProfileFile.builtIn()
    board.profile = try #require(profiles.first { $0.name == board.sample.profile })
    board.hasDeviceTree = true
    board.memoryReserve = board.profile.memoryReserve.bytes
    return board
}

/// One thing that goes wrong, what has to be said of it, and a part of what mends it.
private struct Trouble: CustomTestStringConvertible, Sendable {
    let name: String
    let severity: Finding.Severity
    let remedy: String
    let happens: @Sendable (inout DoctorFacts) -> Void

    init(
        _ name: String, _ severity: Finding.Severity, _ remedy: String,
        _ happens: @escaping @Sendable (inout DoctorFacts) -> Void
    ) {
        self.name = name
        self.severity = severity
        self.remedy = remedy
        self.happens = happens
    }

    var testDescription: String { name }
}

extension DoctorFacts.Board {
    /// What a read that fails does to the sample.
    fileprivate mutating func lose(_ what: String, _ reason: String) {
        sample.rails.removeAll { $0.name == what }
        sample.unavailable.append(.init(what: what, reason: reason))
    }

    fileprivate mutating func loseTotal(_ rail: String, _ reason: String) {
        lose(rail, reason)
        sample.total = nil
        sample.unavailable.append(.init(what: "total", reason: reason))
    }
}

private let boardTroubles: [Trouble] = [
    Trouble("board-unknown", .note, "profile show generic --yaml") { $0.board?.sample.profile = "generic" },
    Trouble("devices-closed", .warning, "sudo usermod -aG video sage-edge") {
        $0.board?.closedDevices = [.init(path: "/dev/nvmap", owner: 0, mode: 0o660)]
    },
    Trouble("power-mode-unknown", .warning, "sudo systemctl restart nvpmodel") { $0.board?.loseMode("ENOENT") },
    Trouble("power-mode-closed", .warning, "sudo chmod a+r /var/lib/nvpmodel/status") { $0.board?.loseMode("EACCES") },
    Trouble("power-mode-unreadable", .warning, "sudo nvpmodel -q") { $0.board?.loseMode("malformed") },
    Trouble("power-mode-nameless", .warning, "ls -l /etc/nvpmodel.conf") { $0.board?.sample.mode = .init(number: 7) },
    Trouble("power-mode-unrated", .warning, "energy.rated_watts") {
        $0.board?.sample.mode = .init(number: 7, name: "FANCY")
    },
    Trouble("rapl-closed", .problem, "sudo chgrp sage-edge /sys/class/powercap/intel-rapl*/energy_uj") {
        $0.board?.closedFiles = [
            .init(path: "/sys/class/powercap/intel-rapl:0/energy_uj", owner: 0, mode: 0o400)
        ]
    },
    Trouble("rails-closed", .problem, "sudo chgrp sage-edge /sys/class/hwmon/hwmon1/in1_input") {
        $0.board?.closedFiles = [.init(path: "/sys/class/hwmon/hwmon1/in1_input", owner: 0, mode: 0o400)]
        $0.board?.loseTotal("VDD_IN", "EACCES")
    },
    Trouble("not-metered", .note, "sage-edge profile show") {
        $0.board?.loseTotal("VDD_IN", "not-supported")
        $0.board?.profile.totals = []
    },
    Trouble("no-total", .problem, "sudo modprobe ina3221") { $0.board?.loseTotal("VDD_IN", "ENOENT") },
    Trouble("total-incomplete", .problem, "sudo tee /sys/class/hwmon/hwmon*/in*_enable") { facts in
        guard var board = try? captured("agx-orin") else { return }
        board.lose("VDD_CPU_CV", "disabled")
        board.sample.total?.isComplete = false
        facts.board = board
    },
    Trouble("residual-negative", .problem, "give the labels their true roles") {
        // Seen on a carrier board of another maker: the labels of input and GPU are swapped.
        guard var board = try? captured("nano") else { return }
        board.sample.rails[0].microwatts = 3_227_000
        board.sample.rails[1].microwatts = 8_949_000
        $0.board = board
    },
    Trouble("rails-disabled", .note, "in*_enable") { $0.board?.lose("VDD_SOC", "disabled") },
    Trouble("rail-negative", .warning, "shunt*_resistor") { $0.board?.sample.rails[2].microwatts = -400_000 },
    Trouble("nvml-refuses", .note, "") { $0.board?.lose("nvml:0", "not-supported") },
    Trouble("powered-down", .note, "") { $0.board?.lose("cv0-thermal", "EAGAIN") },
    Trouble("no-value", .note, "") { $0.board?.lose("VDD_SOC", "ENODATA") },
    Trouble("not-supported", .note, "") { $0.board?.lose("gpu.load_permille", "not-supported") },
    Trouble("absent", .note, "sage-edge telemetry") { $0.board?.lose("gpu", "ENOENT") },
    Trouble("unread", .warning, "sudo dmesg | tail -50") { $0.board?.lose("a-new-source", "timeout") },
    Trouble("no-temperature", .warning, "thermal_zone*/type") { $0.board?.sample.hottest = nil },
    Trouble("hot", .warning, "sudo nvpmodel -m NUMBER") { $0.board?.sample.hottest?.millidegrees = 85_000 },
    Trouble("too-hot", .problem, "sudo nvpmodel -m NUMBER") { $0.board?.sample.hottest?.millidegrees = 99_000 },
    Trouble("throttled", .warning, "the fan turns") { $0.board?.sample.throttle[1].state = 1 },
    Trouble("under-voltage", .problem, "the board's own power supply") {
        $0.board?.climbing = [.init(cause: "over-current:1", events: 3, milliseconds: 2000)]
    },
    Trouble("over-current", .warning, "sudo nvpmodel -m NUMBER") {
        $0.board?.climbing = [.init(cause: "over-current:2", events: 1, milliseconds: 2000)]
    },
    Trouble("current-peaks", .note, "") {
        $0.board?.climbing = [.init(cause: "over-current:3", events: 15, milliseconds: 2000)]
    },
    Trouble("memory-unknown", .problem, "/proc/meminfo") { $0.board?.sample.availableMemory = nil },
    Trouble("memory-short", .warning, "memory.reserve_mib") { $0.board?.sample.availableMemory = 1 << 29 },
]

extension DoctorFacts.Board {
    fileprivate mutating func loseMode(_ reason: String) {
        sample.mode = nil
        sample.unavailable.append(.init(what: "power_mode", reason: reason))
    }
}

private let agentTroubles: [Trouble] = [
    Trouble("clock-unset", .problem, "sudo timedatectl set-ntp true") { $0.clock?.wallMilliseconds = 86_400_000 },
    Trouble("clock-unsynchronised", .warning, "sudo timedatectl set-ntp true") { $0.clock?.isSynchronized = false },
    Trouble("no-boot-id", .problem, "cat /proc/sys/kernel/random/boot_id") { $0.clock?.hasBootID = false },
    Trouble("state-absent", .note, "sage-edge run") { $0.state?.isThere = false },
    Trouble("state-closed", .problem, "sudo chown -R sage-edge /var/lib/sage-edge") {
        $0.state?.writeFailure = "Permission denied"
    },
    Trouble("state-foreign", .warning, "sudo chown -R sage-edge /var/lib/sage-edge") { $0.state?.owner = 1000 },
    Trouble("state-open", .warning, "sudo chmod 750 /var/lib/sage-edge") { $0.state?.mode = 0o755 },
    Trouble("ledger-fault", .problem, "sage-edge ledger verify") { $0.state?.fault = "the disk is full" },
    Trouble("state-locked", .problem, "sudo kill 4711") {
        $0.state?.holder = 4711
        $0.agent?.presence = .absent
    },
    Trouble("disk-full", .problem, "df -h /var/lib/sage-edge") { $0.state?.availableBytes = 1 << 20 },
    Trouble("disk-low", .warning, "sudo journalctl --vacuum-size=100M") { $0.state?.availableBytes = 100 << 20 },
    Trouble("sync-slow", .warning, "findmnt -T /var/lib/sage-edge") { $0.state?.syncMicroseconds = 300_000 },
    Trouble("sync-very-slow", .problem, "on an SSD or eMMC") { $0.state?.syncMicroseconds = 2_500_000 },
    Trouble("key-exposed", .problem, "sudo chmod 600 /var/lib/sage-edge/keys/identity.pem") {
        $0.keys[0].mode = 0o640
    },
    Trouble("key-foreign", .problem, "sudo chown sage-edge /var/lib/sage-edge/keys/link.pem") { $0.keys[1].owner = 0 },
    Trouble("key-broken", .problem, "--state") { $0.keys[0].fault = "identity.pem: not a PEM file" },
    Trouble("configuration-wrong", .problem, "sage-edge config check") {
        $0.configuration.problems = ["config.yaml:3: energy.window: unknown key"]
    },
    Trouble("tegrastats-absent", .problem, "command -v tegrastats") {
        $0.configuration.missingTegrastats = "telemetry.tegrastats: there is no program tegrastats"
    },
    Trouble("configuration-doubtful", .warning, "sage-edge config check") {
        $0.configuration.warnings = ["link.peers: thor.node: not a node record"]
    },
    Trouble("port-in-use", .problem, "sudo ss -ulpn 'sport = :7411'") {
        $0.network?.failure = "Address already in use"
        $0.network?.isInUse = true
        $0.network?.holder = "avahi (process 815)"
    },
    Trouble("cannot-listen", .problem, "ip -brief address") {
        $0.network?.failure = "Cannot assign requested address"
    },
    Trouble("firewall", .note, "sudo ufw allow 7411/udp") { $0.network?.firewalls = ["ufw"] },
    Trouble("firewall", .note, "--add-port=7411/udp") { $0.network?.firewalls = ["firewalld", "nftables"] },
    Trouble("not-advertised", .note, "link.advertise") { $0.network?.isAdvertised = false },
    Trouble("money-stopped", .warning, "sage-edge ledger reconcile Thor") {
        $0.peers[0].moneyStoppedBecause = "its store is a new one"
    },
    Trouble("peer-never-heard", .warning, "sage-edge peers add this-board.node") {
        $0.peers[0] = .init(name: "Thor", isUp: false, ping: .failed("Thor did not answer"))
    },
    Trouble("peer-unreachable", .warning, "sage-edge peers ping Thor") {
        $0.peers[0].ping = .failed("Thor did not answer")
    },
    Trouble("agent-absent", .note, "sudo systemctl start sage-edge") { $0.agent?.presence = .absent },
    Trouble("agent-elsewhere", .note, "sudo sage-edge doctor") {
        $0.agent?.presence = .absent
        $0.agent?.systemSocket = "/run/sage-edge/control.sock"
    },
    Trouble("socket-closed", .problem, "sudo usermod -aG sage-edge $USER") {
        $0.agent?.presence = .closed(group: "sage-edge")
    },
    Trouble("agent-silent", .problem, "journalctl -u sage-edge -n 50") { $0.agent?.presence = .silent("no answer") },
    Trouble("not-charging", .warning, "sage-edge proof latest") { $0.agent?.chargeRefusal = "coverage is below 90 %" },
    Trouble("worker-fails", .problem, "ulimit -a") { $0.worker = .fails("setrlimit: Operation not permitted") },
    Trouble("service-failed", .problem, "journalctl -u sage-edge -n 50 --no-pager") {
        $0.service = .init(activity: "failed", result: "watchdog", enablement: "enabled")
    },
    Trouble("service-not-enabled", .note, "sudo systemctl enable sage-edge") { $0.service?.enablement = "disabled" },
    Trouble("service-inactive", .note, "sudo systemctl enable --now sage-edge") { $0.service?.activity = "inactive" },
]

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

    @Test(arguments: boardTroubles + agentTroubles)
    fileprivate func `each trouble is named with its severity and what mends it`(trouble: Trouble) throws {
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
        #expect(named == Set((boardTroubles + agentTroubles).map(\.name)))
    }

    @Test func `one step below zero is what an idle rail reads, and no finding`() throws {
        var facts = try healthyFacts()
        facts.board = try captured("agx-thor")
        facts.board?.sample.rails[0].microwatts = -392_000
        #expect(facts.powerFindings().allSatisfy { $0.name != "rail-negative" })
    }

    @Test func `parts of a sum are not taken for parts of a whole`() throws {
        var facts = try healthyFacts()
        facts.board = try captured("agx-orin")
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
        facts.board = try captured(tree)
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
        for trouble in boardTroubles + agentTroubles where trouble.severity == .warning { trouble.happens(&facts) }
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
