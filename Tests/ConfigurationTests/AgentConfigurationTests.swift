import Cryptography
import EnergyProofs
import Federation
import Foundation
import Quantities
import Telemetry
import Testing
import Wire

@testable import Configuration

/// A value of every key that is not its default, and how it is shown.
private let values: [(key: String, yaml: String, shown: ConfigurationValue)] = [
    ("federation.name", "workshop", .text("workshop")),
    ("federation.configuration_epoch", "9007199254740991", .number("9007199254740991")),
    ("federation.platform", "Thor", .text("Thor")),
    ("federation.lineage", "dp.child", .text("dp.child")),
    ("keys.psk_file", "/etc/fleet.psk", .text("/etc/fleet.psk")),
    ("energy.supply_joules", "2000.5", .number("2000.5")),
    ("energy.charge_target_joules", "0", .number("0")),
    ("energy.window_milliseconds", "3600000", .number("3600000")),
    ("energy.lot_lifetime_hours", "720", .number("720")),
    ("energy.rated_watts", "7.25", .number("7.25")),
    ("energy.policy.metered", "99.99", .number("99.99")),
    ("energy.policy.modeled", "50", .number("50")),
    ("energy.policy.declared", "0.01", .number("0.01")),
    ("energy.policy.replayed", "100.00", .number("100")),
    ("energy.maximum_age_seconds", "10", .number("10")),
    ("energy.minimum_coverage_percent", "75.5", .number("75.5")),
    (
        "energy.sources",
        "[{name: 'solar:roof', path: /sys/class/hwmon/hwmon5, rated_watts: 400.5, feeds: 'battery:BAT0'}, "
            + "{name: m, kind: grid, command: [read, 'a,b \"c\"'], class: metered, parent: board}]",
        .mappings([
            ConfigurationMapping(members: [
                .init("name", .text("solar:roof")), .init("path", .text("/sys/class/hwmon/hwmon5")),
                .init("class", .text("metered")), .init("rated_watts", .number("400.5")),
                .init("feeds", .text("battery:BAT0")),
            ]),
            ConfigurationMapping(members: [
                .init("name", .text("grid:m")), .init("command", .list(["read", "a,b \"c\""])),
                .init("class", .text("metered")), .init("parent", .text("board")),
            ]),
        ])
    ),
    ("telemetry.period_milliseconds", "100", .number("100")),
    ("telemetry.sysroot", "/srv/board", .text("/srv/board")),
    ("telemetry.tegrastats", "[tegrastats, --interval, '500']", .list(["tegrastats", "--interval", "500"])),
    ("telemetry.profile", "agx-thor", .text("agx-thor")),
    ("telemetry.profiles", "/srv/profiles", .text("/srv/profiles")),
    ("memory.reserve_mib", "0", .number("0")),
    ("policy.auto_delegate", "false", .boolean(false)),
    ("policy.delegation_threshold", "0.3333", .number("0.3333")),
    ("policy.quality_threshold", "1.0000", .number("1")),
    ("policy.hysteresis_percent", "0", .number("0")),
    ("policy.minimum_trust_percent", "33.3", .number("33.3")),
    ("policy.newcomer_budget_joules", "0.001", .number("0.001")),
    ("policy.late_joules", "12.5", .number("12.5")),
    ("policy.minimum_headroom_degrees", "7.5", .number("7.5")),
    ("policy.acceptance", "claimed", .text("claimed")),
    ("policy.witness_share_percent", "12.5", .number("12.5")),
    ("policy.pricing", "fixed", .text("fixed")),
    ("policy.silence", "pay", .text("pay")),
    ("policy.grace_seconds", "86400", .number("86400")),
    ("policy.lot_margin_minutes", "0", .number("0")),
    ("policy.unaudited_limit_joules", "0.5", .number("0.5")),
    ("policy.hand_on", "true", .boolean(true)), ("policy.hand_on_share_percent", "2.5", .number("2.5")),
    ("link.listen", "127.0.0.1:1", .text("127.0.0.1:1")),
    (
        "link.advertise", "['192.0.2.1:7411', '[2001:db8::1]:7411']",
        .list(["192.0.2.1:7411", "[2001:db8::1]:7411"])
    ),
    ("link.peers", "[/a/thor.node, /b.node]", .list(["/a/thor.node", "/b.node"])),
    ("link.heartbeat_milliseconds", "500", .number("500")),
    ("http.listen", "unix:/run/edge.sock", .text("unix:/run/edge.sock")),
    ("http.api_key_file", "/etc/edge.key", .text("/etc/edge.key")),
    ("http.connections", "1", .number("1")), ("http.timeout_seconds", "300", .number("300")),
    ("http.verify_signatures", "false", .boolean(false)), ("http.open_delegation", "true", .boolean(true)),
    ("executors.concurrent", "8", .number("8")), ("executors.tasks_per_minute", "600", .number("600")),
    ("executors.horizons", "[regional, session-1]", .list(["regional", "session-1"])),
    ("executors.convergence", "0.75", .number("0.75")),
    ("executors.service", "/run/workers.sock", .text("/run/workers.sock")),
    ("executors.perception.features.memory_mib", "16", .number("16")),
    ("executors.perception.features.timeout_seconds", "3600", .number("3600")),
    ("executors.perception.features.typical_milliseconds", "1", .number("1")),
    (
        "executors.external", "[{operation: perception.detect, command: [/bin/d, a], memory_mib: 2048}]",
        shownProgram("operation", "perception.detect", ["/bin/d", "a"], memory: "2048")
    ),
    (
        "executors.execution.commands", "[{name: up, command: [/bin/up]}]",
        shownProgram("name", "up", ["/bin/up"], memory: "512")
    ),
]

private func shownProgram(_ key: String, _ name: String, _ command: [String], memory: String) -> ConfigurationValue {
    let members: [ConfigurationMapping.Member] = [
        .init(key, .text(name)), .init("command", .list(command)), .init("environment", .list([])),
        .init("memory_mib", .number(memory)), .init("timeout_seconds", .number("30")),
        .init("typical_milliseconds", .number("200")), .init("concurrent", .number("1")),
        .init("tolerance_millionths", .number("0")), .init("relative_tolerance_millionths", .number("0")),
    ]
    let further: [ConfigurationMapping.Member] = key == "name" ? [] : [.init("verifies", .boolean(false))]
    return .mappings([ConfigurationMapping(members: members + further)])
}

@Suite struct `the agent's configuration` {
    @Test func `has a value below for every key`() {
        #expect(values.map { $0.key } == ConfigurationKey.all.map { $0.path })
        #expect(Set(ConfigurationKey.all.map { $0.variable }).count == ConfigurationKey.all.count)
        for key in ConfigurationKey.all { #expect(!ConfigurationKey.group(of: key.path).isEmpty, "\(key.path)") }
    }

    @Test(arguments: values.indices)
    func `takes every key from a file, and shows it with its place`(index: Int) throws {
        let (key, value, shown) = values[index]
        let text = "# a comment\n" + yaml(key, value)
        let line = text.split(separator: "\n").count
        let read = try configuration(text)
        let view = ConfigurationView(read, profile: nil)
        #expect(view.entry(key)?.value == shown)
        #expect(view.entry(key)?.origin == .file("c.yaml", line: line))
        let others = ConfigurationView(try configuration(""), profile: nil).entries.filter { $0.key != key }
        #expect(view.entries.filter { $0.key != key } == others, "no other key changed")
        #expect(shown != ConfigurationView(try configuration(""), profile: nil).entry(key)?.value)
    }

    @Test(arguments: values.indices)
    func `takes every key from the environment and the command line, as it is shown`(index: Int) throws {
        let (key, _, shown) = values[index]
        let name = "SAGE_EDGE_" + key.uppercased().replacingOccurrences(of: ".", with: "_")
        let variable = Variable(name: name, value: shown.text)
        let fromVariable = try AgentConfiguration(ConfigurationSources(environment: [variable]))
        let entry = ConfigurationView(fromVariable, profile: nil).entry(key)
        #expect(entry?.value == shown)
        #expect(entry?.origin == .environment(name))
        let flag = ConfigurationFlag("--set", key: key, value: shown.text)
        let fromFlag = try AgentConfiguration(ConfigurationSources(flags: [flag]))
        #expect(ConfigurationView(fromFlag, profile: nil).entry(key)?.value == shown)
        #expect(fromFlag.origin(of: key) == .flag("--set"))
    }

    @Test func `works without any file`() throws {
        let defaults = try AgentConfiguration(ConfigurationSources(hostName: "sprout.local"))
        #expect(defaults.federation.delegator.text == "lct:web4:agent:local@sprout#delegation.federation")
        #expect(defaults.federation.name == "local")
        #expect(defaults.federation.configurationEpoch == 1)
        #expect(defaults.presharedKeyFile == nil)
        #expect(defaults.energy.charging == ChargingPolicy())
        #expect(defaults.policy.decision == DecisionPolicy())
        #expect(defaults.policy.defaultPlacement == .any)
        #expect(defaults.policy.minimumQuality == BasisPoints(clamping: 7000))
        #expect(defaults.link.listen.text == "[::]:7411")
        #expect(defaults.telemetry.sysroot == "/")
        #expect(defaults.files == [])
        #expect(defaults.origin(of: "federation.platform") == .hostName)
        #expect(defaults.origin(of: "energy.supply_joules") == .builtIn)
    }

    @Test(arguments: [
        ("sprout", "sprout"), ("Sprout-2.lan.example", "Sprout-2"), ("my_board", "my_board"), ("a b", "a-b"),
        ("bücher", "b--cher"), ("", "node"), (".lan", "node"),
        (String(repeating: "x", count: 70), String(repeating: "x", count: 64)),
    ])
    func `makes a platform's name of any host name`(host: String, platform: String) throws {
        let made = try AgentConfiguration(ConfigurationSources(hostName: host))
        #expect(made.federation.delegator.context.text == platform)
        #expect(made.federation.delegator.lineage == "local")
    }

    @Test(arguments: [
        "", "# nothing\n", "---\n", "energy:\ntelemetry:\n", "energy:\n  policy:\n",
        "executors:\n  perception.features:\n",
    ])
    func `may be empty, or commented out`(text: String) throws {
        let entries = ConfigurationView(try configuration(text), profile: nil).entries
        #expect(
            entries
                == ConfigurationView(try AgentConfiguration(ConfigurationSources(hostName: "sprout")), profile: nil)
                .entries)
    }

    @Test func `names the federation by the hash of its name`() {
        let id = FederationSection.id(of: "workshop")
        #expect(id == Hashing.hash(Array("workshop".utf8), for: .identifier))
        #expect(id != FederationSection.id(of: "Workshop"))
    }

    @Test func `keeps lineage and platform apart, whichever comes first`() throws {
        let one = try configuration("federation:\n  platform: Thor\n  lineage: dp\n")
        let other = try configuration("federation:\n  lineage: dp\n  platform: Thor\n")
        #expect(one.federation.delegator.text == "lct:web4:agent:dp@Thor#delegation.federation")
        #expect(one.federation == other.federation)
        let longest = String(repeating: "l", count: 128)
        let name = String(repeating: "p", count: 64)
        let long = try configuration("federation:\n  lineage: \(longest)\n  platform: \(name)\n")
        #expect(long.federation.delegator.text == "lct:web4:agent:\(longest)@\(name)#delegation.federation")
    }

    @Test func `takes paths from the folder of their file`() throws {
        let text =
            "keys: {psk_file: fleet.psk}\nlink: {peers: [peers/a.node, /b.node]}\ntelemetry: {tegrastats: log.txt}\n"
        func paths(_ name: String) throws -> [String?] {
            let read = try AgentConfiguration(ConfigurationSources(files: [file(text, name)]))
            guard case .file(let log) = read.telemetry.tegrastats else { return [] }
            return [read.presharedKeyFile, read.link.peerFiles[0], read.link.peerFiles[1], log]
        }
        let etc = "/etc/sage-edge/"
        #expect(try paths(etc + "c.yaml") == [etc + "fleet.psk", etc + "peers/a.node", "/b.node", etc + "log.txt"])
        #expect(try paths("/c.yaml") == ["/fleet.psk", "/peers/a.node", "/b.node", "/log.txt"])
        #expect(try paths("c.yaml") == ["fleet.psk", "peers/a.node", "/b.node", "log.txt"])
        #expect(try paths("./x/c.yaml") == ["./x/fleet.psk", "./x/peers/a.node", "/b.node", "./x/log.txt"])
        let variable = Variable(name: "SAGE_EDGE_KEYS_PSK_FILE", value: "fleet.psk")
        let read = try AgentConfiguration(
            ConfigurationSources(files: [file("", etc + "c.yaml")], environment: [variable]))
        #expect(read.presharedKeyFile == "fleet.psk")
    }

    @Test func `tells a command from a file and from standard input`() throws {
        func tegrastats(_ value: String) throws -> TegrastatsInput? {
            let flag = ConfigurationFlag("--tegrastats", key: "telemetry.tegrastats", value: value)
            return try AgentConfiguration(ConfigurationSources(flags: [flag])).telemetry.tegrastats
        }
        #expect(try tegrastats("-") == .file("-"))
        #expect(try tegrastats("log") == .file("log"))
        #expect(try tegrastats("tegrastats,--interval,100") == .command(["tegrastats", "--interval", "100"]))
        #expect(try tegrastats("tegrastats,") == .command(["tegrastats"]))
        #expect(
            try AgentConfiguration(ConfigurationSources(files: [file("telemetry: {tegrastats: '-'}", "/etc/c.yaml")]))
                .telemetry.tegrastats == .file("-"))
        #expect(
            try AgentConfiguration(ConfigurationSources(files: [file("telemetry: {tegrastats: [x/t]}", "/etc/c.yaml")]))
                .telemetry.tegrastats == .command(["x/t"]))
    }
}
