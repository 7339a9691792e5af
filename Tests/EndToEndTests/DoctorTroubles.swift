import Configuration
import Foundation
import Gateway
import Platform
import Quantities
import Telemetry
import TestKit
import Testing

@testable import sage_edge

/// An Orin Nano as captured, in an agent's hands in which nothing is wrong.
func healthyFacts() throws -> DoctorFacts {
    var facts = DoctorFacts()
    facts.reader = .init(user: 997, name: "sage-edge", group: "sage-edge", isAgent: true)
    var board = try capturedBoard("orin-nano")
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
func capturedBoard(_ tree: String) throws -> DoctorFacts.Board {
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
struct Trouble: CustomTestStringConvertible, Sendable {
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
    mutating func lose(_ what: String, _ reason: String) {
        sample.rails.removeAll { $0.name == what }
        sample.unavailable.append(.init(what: what, reason: reason))
    }

    mutating func loseTotal(_ rail: String, _ reason: String) {
        lose(rail, reason)
        sample.total = nil
        sample.unavailable.append(.init(what: "total", reason: reason))
    }
}

let boardTroubles: [Trouble] = [
    Trouble("board-unknown", .note, "profile show generic --yaml") { $0.board?.sample.profile = "generic" },
    Trouble("devices-closed", .warning, "sudo usermod -aG video sage-edge") {
        $0.board?.closedDevices = [.init(path: "/dev/nvmap", owner: 0, mode: 0o660)]
    },
    Trouble("power-mode-unknown", .warning, "sudo systemctl restart nvpmodel") { $0.board?.loseMode("ENOENT") },
    Trouble("power-mode-unknown", .warning, "energy.rated_watts") { $0.board?.loseMode("ENOENT") },
    Trouble("power-mode-closed", .warning, "sudo chmod a+r /var/lib/nvpmodel/status") { $0.board?.loseMode("EACCES") },
    Trouble("power-mode-unreadable", .warning, "sudo nvpmodel -q") { $0.board?.loseMode("malformed") },
    Trouble("power-mode-nameless", .warning, "ls -l /etc/nvpmodel.conf") { $0.board?.sample.mode = .init(number: 7) },
    Trouble("power-mode-unrated", .warning, "energy.rated_watts") {
        $0.board?.sample.mode = .init(number: 7, name: "FANCY")
    },
    Trouble("board-unrated", .warning, "energy.rated_watts") { $0.board?.guessedRating = Power(milliwatts: 8000) },
    Trouble("rapl-closed", .problem, "sudo chgrp sage-edge /sys/class/powercap/intel-rapl*/energy_uj") {
        $0.board?.closedFiles = [
            .init(path: "/sys/class/powercap/intel-rapl:0/energy_uj", owner: 0, mode: 0o400)
        ]
    },
    Trouble("rails-closed", .problem, "sudo chgrp sage-edge /sys/class/hwmon/hwmon1/in1_input") {
        $0.board?.closedFiles = [.init(path: "/sys/class/hwmon/hwmon1/in1_input", owner: 0, mode: 0o400)]
        $0.board?.loseTotal("VDD_IN", "EACCES")
    },
    Trouble("not-metered", .warning, "energy.sources") {
        $0.board?.loseTotal("VDD_IN", "not-supported")
        $0.board?.profile.totals = []
    },
    Trouble("not-metered", .warning, "vcgencmd pmic_read_adc") {
        $0.board?.loseTotal("VDD_IN", "not-supported")
        $0.board?.profile.totals = []
        $0.board?.sample.profile = "rpi5"
    },
    Trouble("rails-alike", .warning, "take it off its driver") {
        $0.board?.sample.rails.append(
            .init(name: "VDD_IN#2", role: "total", microwatts: 10_800_000, source: "ina3221"))
    },
    Trouble("no-total", .problem, "sudo modprobe ina3221") { $0.board?.loseTotal("VDD_IN", "ENOENT") },
    Trouble("no-total", .problem, "a virtual machine has no such counters") {
        $0.board?.loseTotal("VDD_IN", "not-supported")
        $0.board?.profile.totals = [TotalRule(rails: ["package-*"], scope: .cpuPackage)]
    },
    Trouble("total-incomplete", .problem, "echo 1 | sudo tee /sys/class/hwmon/hwmon3/in2_enable") { facts in
        guard var board = try? capturedBoard("agx-orin") else { return }
        board.switches = ["VDD_CPU_CV": "/sys/class/hwmon/hwmon3/in2_enable"]
        board.lose("VDD_CPU_CV", "disabled")
        board.sample.total?.isComplete = false
        facts.board = board
    },
    Trouble("total-negative", .problem, "shunt*_resistor") { $0.board?.sample.total?.microwatts = -1_000_000 },
    Trouble("total-zero", .problem, "start the board anew") { $0.board?.sample.total?.microwatts = 0 },
    Trouble("total-zero", .problem, "sudo grep -s . /sys/class/powercap/intel-rapl*/energy_uj") { facts in
        guard var board = try? capturedBoard("pc-rapl-nvme-coretemp") else { return }
        board.sample.rails = [.init(name: "package-0", role: "cpu", microwatts: 0, source: "rapl")]
        board.sample.total = .init(microwatts: 0, isComplete: true, rails: ["package-0"], scope: "cpu-package")
        facts.board = board
    },
    Trouble("residual-negative", .problem, "give the labels their true roles") {
        // Seen on a carrier board of another maker: the labels of input and GPU are swapped.
        guard var board = try? capturedBoard("nano") else { return }
        board.sample.rails[0].microwatts = 3_227_000
        board.sample.rails[1].microwatts = 8_949_000
        $0.board = board
    },
    Trouble("rails-disabled", .note, "in*_enable") { $0.board?.lose("VDD_SOC", "disabled") },
    Trouble("zones-off", .note, "/sys/class/thermal/thermal_zone*/temp") { facts in
        facts.board?.zones = ["cpu-thermal", "gpu-thermal"]
        facts.board?.lose("gpu-thermal", "disabled")
    },
    Trouble("rail-negative", .warning, "shunt*_resistor") { $0.board?.sample.rails[2].microwatts = -400_000 },
    Trouble("unread", .warning, "take it away") { $0.board?.lose("VDD_SOC", "not-a-file") },
    Trouble("no-total", .problem, "take it away") { $0.board?.loseTotal("VDD_IN", "not-a-file") },
    Trouble("total-counted", .note, "") {
        $0.board?.sample.total = nil
        $0.board?.sample.isCounted = true
    },
    Trouble("nvml-refuses", .note, "") { $0.board?.lose("nvml", "not-supported") },
    Trouble("nvml-mismatch", .warning, "start the machine again") {
        $0.board?.sample.profile = "pc"
        $0.board?.lose("nvml", "not-supported")
    },
    Trouble("nvml-hangs", .warning, "timeout 10 nvidia-smi") { $0.board?.lose("nvml", "timeout") },
    Trouble("nvml-fails", .warning, "ls -l /dev/nvidia*") { $0.board?.lose("nvml", "EACCES") },
    Trouble("powered-down", .note, "") { $0.board?.lose("cv0-thermal", "EAGAIN") },
    Trouble("no-value", .note, "") { $0.board?.lose("VDD_SOC", "ENODATA") },
    Trouble("not-supported", .note, "") { $0.board?.lose("gpu.load_permille", "not-supported") },
    Trouble("absent", .note, "sage-edge telemetry") { $0.board?.lose("gpu", "ENOENT") },
    Trouble("unread", .warning, "sudo dmesg | tail -50") { $0.board?.lose("a-new-source", "timeout") },
    Trouble("no-temperature", .warning, "thermal_zone*/type") { $0.board?.sample.hottest = nil },
    Trouble("hot", .warning, "sudo nvpmodel -m NUMBER") { $0.board?.sample.hottest?.millidegrees = 85_000 },
    Trouble("too-hot", .problem, "sudo nvpmodel -m NUMBER") { $0.board?.sample.hottest?.millidegrees = 99_000 },
    Trouble("throttled", .warning, "the fan turns") { $0.board?.sample.throttle[1].state = 1 },
    Trouble("throttled-before", .note, "") { facts in
        facts.agent?.causes = [
            .init(
                name: "gpu-throttle-alert", isActive: false, sinceMilliseconds: 90_000, endedMilliseconds: 30_000,
                state: 0, maximum: 2, depth: 2, events: 3, milliseconds: 64_000)
        ]
    },
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
    mutating func loseMode(_ reason: String) {
        sample.mode = nil
        sample.unavailable.append(.init(what: "power_mode", reason: reason))
    }
}

let sourceTroubles: [Trouble] = [
    // As the agent tells it, and as it was read without one.
    Trouble("source-away", .warning, "correct its file under energy.sources (config.yaml:7)") { facts in
        facts.declare(.init(name: "wind:mill", kind: .wind, evidence: .metered, origin: .file("/run/turbine.json")))
        facts.sources.told[1].isReporting = false
    },
    Trouble("source-away", .warning, "a folder, a pipe and a device hold no document") { facts in
        facts.declare(.init(name: "wind:mill", kind: .wind, evidence: .metered, origin: .file("/dev/zero")))
        facts.sources.told[1].isReporting = false
        facts.board?.sample.unavailable.append(.init(what: "wind:mill", reason: "not-a-file"))
    },
    Trouble("source-away", .warning, "it was written 18.0 s ago, and its figures count for 10.0 s") { facts in
        facts.declare(.init(name: "wind:mill", kind: .wind, evidence: .metered, origin: .file("/run/turbine.json")))
        facts.sources.told[1].isReporting = false
        facts.board?.sample.unavailable.append(.init(what: "wind:mill", reason: "timeout"))
        facts.sources.fileAges["wind:mill"] = 18_000
    },
    Trouble("source-away", .warning, "its time lies 1 h 0 min ahead of this machine's clock") { facts in
        facts.declare(.init(name: "wind:mill", kind: .wind, evidence: .metered, origin: .file("/run/turbine.json")))
        facts.sources.told[1].isReporting = false
        facts.board?.sample.unavailable.append(.init(what: "wind:mill", reason: "timeout"))
        facts.sources.fileAges["wind:mill"] = -3_600_000
    },
    Trouble("source-away", .warning, "sudo -u '#12345' /usr/local/bin/read-meter") { facts in
        facts.reader = .init(user: 12345, name: "user 12345", isAgent: true, hasName: false)
        facts.declare(
            .init(name: "grid:meter", kind: .grid, evidence: .metered, origin: .command(["/usr/local/bin/read-meter"])))
        facts.sources.told[1].isReporting = false
    },
    Trouble("source-away", .warning, "sudo -u sage-edge /usr/local/bin/read-meter --json") { facts in
        facts.declare(
            .init(
                name: "grid:meter", kind: .grid, evidence: .metered,
                origin: .command(["/usr/local/bin/read-meter", "--json"])))
        facts.sources.told[1].isReporting = false
    },
    Trouble("source-away", .warning, "sudo chgrp sage-edge /sys/class/hwmon/hwmon5/power1_input") { facts in
        facts.declare(
            .init(
                name: "solar:roof", kind: .solar, evidence: .metered,
                origin: .path("/sys/class/hwmon/hwmon5/power1_input")
            ))
        facts.sources.told = []
        facts.board?.lose("solar:roof", "EACCES")
    },
    Trouble("source-away", .warning, "sage-edge telemetry") { facts in
        // A battery that was taken out: nobody declared it.
        facts.tell(.init(source: "battery:BAT1", name: "BAT1", isReporting: false, chargedMillijoules: 0))
    },
    Trouble("source-refused", .warning, "name another meter under energy.sources (config.yaml:7)") { facts in
        facts.declare(
            .init(
                name: "battery:mine", kind: .battery, evidence: .metered,
                origin: .path("/sys/class/power_supply/BAT0"))
        )
        facts.sources.told[1].isReporting = false
        facts.board?.sample.unavailable.append(
            .init(what: "battery:mine", reason: "counted-already", by: "battery:first"))
    },
    Trouble("source-not-counted", .note, "set energy.policy.declared to a percentage above 0") { facts in
        facts.declare(
            .init(name: "human:dana", kind: .human, evidence: .declared, origin: .declared(Power(milliwatts: 100_000))))
    },
    Trouble("source-not-believed", .warning, "cat /run/turbine.json") { facts in
        facts.declare(
            .init(
                name: "wind:mill", kind: .wind, evidence: .metered, origin: .file("/run/turbine.json"),
                rated: Power(milliwatts: 10_000)))
        facts.sources.told[1].milliwatts = nil
        facts.sources.told[1].unbelievedMilliwatts = 99_000_000
    },
    Trouble("source-not-believed", .warning, "energy.rated_watts") { facts in
        facts.tell(.init(source: "battery:BAT0", name: "BAT0", isReporting: true, chargedMillijoules: 0))
        facts.sources.told[0].unbelievedMilliwatts = 99_000_000
    },
    Trouble("source-not-charged", .warning, "energy.minimum_coverage_percent") { facts in
        facts.tell(
            .init(
                source: "battery:BAT0", name: "BAT0", evidence: .metered, isReporting: true, ratedMilliwatts: 9000,
                chargedMillijoules: 0, coverage: 4000, refusal: "40 % of the window was measured"))
    },
    Trouble("source-not-charged", .warning, "give it rated_watts under energy.sources") { facts in
        facts.tell(
            .init(
                source: "compute:gpu-0", name: "gpu-0", evidence: .metered, isReporting: true, chargedMillijoules: 0,
                coverage: 10_000, refusal: "0 mJ left"))
    },
]

extension DoctorFacts {
    /// The source as the agent tells it, beside the board.
    mutating func tell(_ source: ToldSource) {
        let board = ToldSource(
            source: "compute:board", name: "board", evidence: .metered, isReporting: true, chargedMillijoules: 0)
        sources.told = [board, source]
    }

    /// The declaration, and the source as the agent tells it.
    mutating func declare(_ declaration: SourceDeclaration) {
        sources.declared = [declaration]
        sources.origins[declaration.name] = "config.yaml:7"
        tell(
            .init(
                source: declaration.name, name: declaration.name, evidence: declaration.evidence, isReporting: true,
                milliwatts: 42_000, ratedMilliwatts: 42_000, chargedMillijoules: 0, coverage: 10_000))
    }
}

let agentTroubles: [Trouble] = [
    Trouble("clock-unset", .problem, "sudo timedatectl set-ntp true") { $0.clock?.wallMilliseconds = 86_400_000 },
    Trouble("clock-unsynchronised", .warning, "sudo timedatectl set-ntp true") { $0.clock?.isSynchronized = false },
    Trouble("no-boot-id", .problem, "cat /proc/sys/kernel/random/boot_id") { $0.clock?.hasBootID = false },
    Trouble("state-absent", .note, "sage-edge run") { $0.state?.isThere = false },
    Trouble("state-full", .problem, "df -h /var/lib/sage-edge") {
        $0.state?.writeFailure = Errno.noSpace.text
    },
    Trouble("state-closed", .problem, "sudo chown -R sage-edge /var/lib/sage-edge") {
        $0.state?.writeFailure = "Permission denied"
    },
    Trouble("state-of-another", .problem, "sudo sage-edge doctor") {
        $0.reader = .init(user: 1000, name: "dana")
        $0.agent?.presence = .absent
        $0.state?.writeFailure = "Permission denied"
    },
    Trouble("state-not-looked-at", .note, "sudo sage-edge doctor") { $0.agent?.presence = .closed(group: nil) },
    Trouble("state-foreign", .warning, "sudo chown -R sage-edge /var/lib/sage-edge") { $0.state?.owner = 1000 },
    Trouble("state-open", .warning, "sudo chmod 750 /var/lib/sage-edge") { $0.state?.mode = 0o755 },
    Trouble("ledger-fault", .problem, "sage-edge ledger verify") { $0.state?.fault = "the disk is full" },
    Trouble("ledger-fault", .problem, "mv ledger.db* old/") {
        $0.state?.fault = "the ledger's file is no database: file is not a database (SQLite 26)"
    },
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
    Trouble("configuration-refused", .problem, "sudo systemctl reload sage-edge") {
        $0.configuration.isOfAgent = true
        $0.agent?.refusedConfiguration = "conf.d/b.yaml:1: energy.window: unknown key"
    },
    Trouble("configuration-pending", .warning, "sudo systemctl restart sage-edge") {
        $0.configuration.isOfAgent = true
        $0.agent?.pendingKeys = ["federation.platform"]
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
    Trouble("http-not-served", .warning, "set http.listen to another address") {
        $0.network?.http = .init(address: "127.0.0.1:8080", port: 8080, failure: "Address already in use")
    },
    Trouble("http-not-served", .warning, "sudo ss -tlpn 'sport = :8080'") {
        $0.agent?.httpRefusal = .init(address: "127.0.0.1:8080", port: 8080, failure: "Address already in use")
    },
    Trouble("configuration-differs", .note, "sage-edge doctor --config FILE") {
        $0.configuration.mayDiffer = true
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
    Trouble("socket-closed", .problem, "sudo sage-edge doctor") { $0.agent?.presence = .closed(group: nil) },
    Trouble("agent-silent", .problem, "journalctl -u sage-edge -n 50") { $0.agent?.presence = .silent("no answer") },
    Trouble("not-charging", .warning, "sage-edge proof latest") { $0.agent?.chargeRefusal = "coverage is below 90 %" },
    Trouble("worker-fails", .problem, "ulimit -a") { $0.worker = .fails("setrlimit: Operation not permitted") },
    Trouble("service-failed", .problem, "journalctl -u sage-edge -n 50 --no-pager") {
        $0.service = .init(activity: "failed", result: "watchdog", enablement: "enabled")
    },
    Trouble("service-not-enabled", .note, "sudo systemctl enable sage-edge") { $0.service?.enablement = "disabled" },
    Trouble("service-inactive", .note, "sudo systemctl enable --now sage-edge") { $0.service?.activity = "inactive" },
]
