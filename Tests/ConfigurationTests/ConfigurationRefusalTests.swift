import Testing

@testable import Configuration

private let address = "ADDRESS:PORT, such as 192.0.2.1:7411 or [2001:db8::1]:7411"
private let sections = "federation, keys, energy, telemetry, memory, policy, link, http, executors"
private let executors =
    "concurrent, tasks_per_minute, horizons, convergence, service, external, perception.features, execution"

@Suite struct `a configuration is refused` {
    @Test(arguments: [
        (
            "enrgy: {supply_joules: 1}",
            "c.yaml:1: enrgy: unknown key, perhaps 'energy' is meant; allowed here: " + sections
        ),
        ("colour: blue", "c.yaml:1: colour: unknown key; allowed here: " + sections),
        (
            "\nwindow_milliseconds: 1",
            "c.yaml:2: window_milliseconds: unknown key, perhaps 'energy.window_milliseconds' is meant; "
                + "allowed here: " + sections
        ),
        ("energy.supply_joules: 5", "c.yaml:1: energy.supply_joules: unknown key; allowed here: " + sections),
        ("energy.policy: {metered: 5}", "c.yaml:1: energy.policy: unknown key; allowed here: " + sections),
        (
            "energy:\n  policy:\n    metred: 5",
            "c.yaml:3: energy.policy.metred: unknown key, perhaps 'metered' is meant; "
                + "allowed here: metered, modeled, declared, replayed"
        ),
        (
            "energy:\n  window_seconds: 5",
            "c.yaml:2: energy.window_seconds: unknown key, perhaps 'window_milliseconds' is meant; "
                + "allowed here: supply_joules, charge_target_joules, window_milliseconds, lot_lifetime_hours, "
                + "rated_watts, maximum_age_seconds, minimum_coverage_percent, sources, policy"
        ),
        (
            "executors:\n  perception:\n    features: {memory_mib: 64}",
            "c.yaml:2: executors.perception: unknown key; allowed here: " + executors
        ),
        (
            "executors:\n  perception.features: {cores: 2}",
            "c.yaml:2: executors.perception.features.cores: unknown key; "
                + "allowed here: memory_mib, timeout_seconds, typical_milliseconds"
        ),
        ("consensus: {}", "c.yaml:1: consensus: not available in this version"),
        ("limits:", "c.yaml:1: limits: not available in this version"),
        ("energy: 5", "c.yaml:1: energy: expected a mapping, found '5'"),
        ("energy: {policy: [metered]}", "c.yaml:1: energy.policy: expected a mapping, found a list"),
        ("- a", "c.yaml:1: expected a mapping, found a list"),
        ("energy: {supply_joules: 1", "c.yaml:2: not YAML: did not find expected ',' or '}'"),
    ])
    func `for keys that are not there`(text: String, explanation: String) {
        #expect(refusals(text) == [explanation])
    }

    @Test(arguments: [
        (
            "federation.name", "my fleet",
            "'my fleet' is not allowed; allowed: 1 to 64 characters of A-Z a-z 0-9 . _ : -"
        ),
        ("federation.name", "[a]", "expected a text, found a list"),
        ("federation.name", "", "expected a text, found nothing"),
        ("federation.name", "~", "expected a text, found '~'"),
        ("federation.configuration_epoch", "0", "0 is not allowed; allowed: 1 … 9007199254740991"),
        ("federation.configuration_epoch", "-1", "-1 is not allowed; allowed: 1 … 9007199254740991"),
        ("federation.configuration_epoch", "'1'", "expected a whole number without quotes, found '1'"),
        ("federation.configuration_epoch", "1.0", "expected a whole number, found '1.0'"),
        ("federation.configuration_epoch", "1e3", "expected a whole number, found '1e3'"),
        ("federation.platform", "a@b", "'a@b' is not allowed; allowed: 1 to 64 characters of A-Z a-z 0-9 . _ : -"),
        (
            "federation.lineage", "dp..x",
            "'dp..x' is not allowed; allowed: 1 to 128 characters of A-Z a-z 0-9 . _ : -, "
                + "with something on both sides of every dot"
        ),
        (
            "federation.lineage", "dp@x",
            "'dp@x' is not allowed; allowed: 1 to 128 characters of A-Z a-z 0-9 . _ : -, "
                + "with something on both sides of every dot"
        ),
        ("keys.psk_file", "{a: b}", "expected a text, found a mapping"),
        ("energy.supply_joules", "0.999", "0.999 is not allowed; allowed: 1 … 9007199254740.991"),
        (
            "energy.supply_joules", "9007199254740.992",
            "9007199254740.992 is not allowed; allowed: 1 … 9007199254740.991"
        ),
        (
            "energy.supply_joules", "1.0001",
            "expected a number with at most 3 digits after the point, found '1.0001'"
        ),
        (
            "energy.supply_joules", "99999999999999999999",
            "expected a number with at most 3 digits after the point, found '99999999999999999999'"
        ),
        ("energy.charge_target_joules", "-0.5", "-0.5 is not allowed; allowed: 0 … 9007199254740.991"),
        ("energy.window_milliseconds", "999", "999 is not allowed; allowed: 1000 … 3600000"),
        ("energy.lot_lifetime_hours", "721", "721 is not allowed; allowed: 1 … 720"),
        ("energy.rated_watts", "0", "0 is not allowed; allowed: 0.001 … 1000000"),
        ("energy.policy.metered", "101", "101 is not allowed; allowed: 0 … 100"),
        ("energy.policy.modeled", "half", "expected a number with at most 2 digits after the point, found 'half'"),
        ("energy.maximum_age_seconds", "9", "9 is not allowed; allowed: 10 … 86400"),
        ("energy.minimum_coverage_percent", "100.01", "100.01 is not allowed; allowed: 0 … 100"),
        ("telemetry.period_milliseconds", "60001", "60001 is not allowed; allowed: 100 … 60000"),
        ("telemetry.sysroot", "[]", "expected a text, found a list"),
        ("telemetry.tegrastats", "[]", "a list of 0 is not allowed; allowed: a command and at most 63 words"),
        ("telemetry.tegrastats", "{file: x}", "expected a text, found a mapping"),
        (
            "telemetry.profile", "Orin Nano",
            "'Orin Nano' is not allowed; allowed: the name of a hardware profile: a-z, 0-9 and '-'"
        ),
        ("memory.reserve_mib", "-1", "-1 is not allowed; allowed: 0 … 1048576"),
        ("policy.auto_delegate", "yes", "expected true or false, found 'yes'"),
        ("policy.auto_delegate", "'true'", "expected true or false without quotes, found 'true'"),
        ("policy.delegation_threshold", "1.1", "1.1 is not allowed; allowed: 0 … 1"),
        (
            "policy.delegation_threshold", "0.12345",
            "expected a number with at most 4 digits after the point, found '0.12345'"
        ),
        ("policy.quality_threshold", ".7", "expected a number with at most 4 digits after the point, found '.7'"),
        (
            "policy.acceptance", "believed",
            "'believed' is not allowed; allowed: claimed, checked, replicated, witnessed"
        ),
        ("policy.pricing", "free", "'free' is not allowed; allowed: metered, fixed"),
        ("policy.silence", "pays", "'pays' is not allowed; allowed: void, pay"),
        ("policy.lot_margin_minutes", "43201", "43201 is not allowed; allowed: 0 … 43200"),
        ("link.listen", "7411", "'7411' is not allowed; allowed: " + address),
        ("link.listen", "thor.local:7411", "'thor.local:7411' is not allowed; allowed: " + address),
        ("link.advertise", "192.0.2.1:7411", "expected a list, found '192.0.2.1:7411'"),
        (
            "link.advertise", "[a,b,c,d,e,f,g,h,i]", "a list of 9 is not allowed; allowed: at most 8"
        ),
        ("executors.concurrent", "9", "9 is not allowed; allowed: 1 … 8"),
        ("executors.perception.features.memory_mib", "15", "15 is not allowed; allowed: 16 … 2048"),
    ])
    func `for values that cannot be`(key: String, value: String, problem: String) {
        let text = yaml(key, value)
        #expect(refusals(text) == ["c.yaml:\(text.split(separator: "\n").count): \(key): \(problem)"])
    }

    @Test func `for one element of a list, by its number and line`() {
        let text = """
            link:
              advertise:
                - 192.0.2.1:7411
                - 0.0.0.0:7411
              peers:
                - a.node
                - [b]
            """
        #expect(
            refusals(text) == [
                "c.yaml:4: link.advertise[1]: '0.0.0.0:7411' is not allowed; "
                    + "allowed: an address under which others reach this board",
                "c.yaml:7: link.peers[1]: expected a text, found a list",
            ])
        #expect(
            refusals("link: {advertise: ['[::]:1']}") == [
                "c.yaml:1: link.advertise[0]: '[::]:1' is not allowed; "
                    + "allowed: an address under which others reach this board"
            ])
    }

    @Test(arguments: [
        (
            "energy: {window_milliseconds: 2999}",
            "c.yaml:1: energy.window_milliseconds: 2999 with telemetry.period_milliseconds 1000 is not allowed; "
                + "allowed: a window of at least three sample periods"
        ),
        (
            "telemetry: {period_milliseconds: 3334}",
            "c.yaml:1: telemetry.period_milliseconds: 3334 with energy.window_milliseconds 10000 is not allowed; "
                + "allowed: a window of at least three sample periods"
        ),
        (
            "energy:\n  window_milliseconds: 60000\n  maximum_age_seconds: 29\ntelemetry: {period_milliseconds: 10000}",
            "c.yaml:3: energy.maximum_age_seconds: 29 with telemetry.period_milliseconds 10000 is not allowed; "
                + "allowed: pages as old as three sample periods"
        ),
        (
            "energy: {supply_joules: 999.999}",
            "c.yaml:1: energy.supply_joules: 999.999 with energy.charge_target_joules 1000 is not allowed; "
                + "allowed: a charge target up to the supply"
        ),
        (
            "energy: {lot_lifetime_hours: 1}",
            "c.yaml:1: energy.lot_lifetime_hours: 1 with policy.lot_margin_minutes 60 is not allowed; "
                + "allowed: lots that live longer than the margin"
        ),
        (
            "executors: {perception.features: {typical_milliseconds: 30001}}",
            "c.yaml:1: executors.perception.features.typical_milliseconds: 30001 with "
                + "executors.perception.features.timeout_seconds 30 is not allowed; "
                + "allowed: a timeout not shorter than an ordinary run"
        ),
    ])
    func `for values that cannot be together`(text: String, explanation: String) {
        #expect(refusals(text) == [explanation])
    }

    @Test func `for nothing at the edge of what can be together`() {
        #expect(refusals("energy: {window_milliseconds: 3000}") == [])
        #expect(refusals("energy: {supply_joules: 1000}") == [])
        #expect(refusals("energy: {lot_lifetime_hours: 1}\npolicy: {lot_margin_minutes: 59}") == [])
        #expect(refusals("executors: {perception.features: {typical_milliseconds: 30000}}") == [])
        #expect(
            refusals(
                "energy: {window_milliseconds: 30000, maximum_age_seconds: 30}\ntelemetry: {period_milliseconds: 10000}"
            ) == [])
    }

    @Test func `with everything that is wrong, also where a later source would have won`() {
        let first = file("energy: {supply_joules: x}\npolicy: {pricing: free, silence: pay}\n", "a.yaml")
        let second = file("energy: {supply_joules: 5000}\nlnk: 1\n", "b.yaml")
        let broken = file("a: [", "c.yaml")
        let variable = Variable(name: "SAGE_EDGE_MEMORY_RESERVE_MIB", value: "much")
        let flags = [
            ConfigurationFlag("--sysroot", key: "telemetry.sysroot", value: ""),
            ConfigurationFlag("--set", key: "telemetry.sysrot", value: "/"),
        ]
        #expect(
            refusals(ConfigurationSources(files: [first, second, broken], environment: [variable], flags: flags)) == [
                "a.yaml:1: energy.supply_joules: expected a number with at most 3 digits after the point, found 'x'",
                "a.yaml:2: policy.pricing: 'free' is not allowed; allowed: metered, fixed",
                "b.yaml:2: lnk: unknown key, perhaps 'link' is meant; allowed here: " + sections,
                "c.yaml:2: not YAML: did not find expected node content",
                "SAGE_EDGE_MEMORY_RESERVE_MIB: memory.reserve_mib: expected a whole number, found 'much'",
                "--sysroot: telemetry.sysroot: expected a text, found nothing",
                "--set: telemetry.sysrot: unknown key, perhaps 'telemetry.sysroot' is meant; allowed here: " + sections,
            ])
    }

    @Test func `with as many problems as the limit says, whatever the file holds`() {
        let many = (0..<5000).map { "key\($0): 1\n" }.joined()
        #expect(refusals(many).count == ConfigurationLimits.problems)
        let long = String(repeating: "k", count: 60_000)
        #expect(refusals("? \(long)\n: 1\n").count == 1)
    }

    @Test(arguments: [
        (
            "SAGE_EDGE_LINK_LISTN",
            "unknown key, perhaps 'SAGE_EDGE_LINK_LISTEN' is meant; allowed here: SAGE_EDGE_LINK_LISTEN, "
                + "SAGE_EDGE_LINK_ADVERTISE, SAGE_EDGE_LINK_PEERS, SAGE_EDGE_LINK_HEARTBEAT_MILLISECONDS"
        ),
        (
            "SAGE_EDGE_MEMRY_RESERVE_MIB",
            "unknown key, perhaps 'SAGE_EDGE_MEMORY_RESERVE_MIB' is meant; allowed here: SAGE_EDGE_MEMORY_RESERVE_MIB"
        ),
        ("SAGE_EDGE_KEYS_COLOUR", "unknown key; allowed here: SAGE_EDGE_KEYS_PSK_FILE"),
        ("SAGE_EDGE_CONSENSUS_GROUP", "not available in this version"),
    ])
    func `for variables that set nothing`(name: String, problem: String) {
        let sources = ConfigurationSources(environment: [Variable(name: name, value: "1")])
        #expect(refusals(sources) == [name + ": " + problem])
    }

    @Test(arguments: [
        "SAGE_EDGE_PROGRAM", "SAGE_EDGE_LAUNCHER", "SAGE_EDGE_", "SAGE_EDGE", "HOME", "sage_edge_link_listn",
    ])
    func `not for variables that are somebody else's`(name: String) {
        #expect(refusals(ConfigurationSources(environment: [Variable(name: name, value: "1")])) == [])
    }
}
