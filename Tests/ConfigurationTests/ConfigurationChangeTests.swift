import Testing

@testable import Configuration

/// Two values for every key that differ from each other, as they stand in a file.
private let values: [String: (String, String)] = [
    "federation.name": ("a", "b"), "federation.configuration_epoch": ("1", "2"), "federation.platform": ("A", "B"),
    "federation.lineage": ("a", "b"), "keys.psk_file": ("a", "b"), "energy.supply_joules": ("100000", "200000"),
    "energy.rated_watts": ("5", "6"), "energy.window_milliseconds": ("10000", "20000"),
    "energy.lot_lifetime_hours": ("100", "200"), "energy.maximum_age_seconds": ("600", "700"),
    "telemetry.period_milliseconds": ("1000", "2000"), "telemetry.sysroot": ("/", "/tmp"),
    "telemetry.tegrastats": ("a", "b"), "telemetry.profile": ("generic", "nano"), "telemetry.profiles": ("a", "b"),
    "policy.auto_delegate": ("true", "false"), "policy.hand_on": ("false", "true"),
    "policy.acceptance": ("claimed", "checked"),
    "policy.pricing": ("metered", "fixed"), "policy.silence": ("void", "pay"),
    "policy.delegation_threshold": ("0", "1"),
    "policy.quality_threshold": ("0", "1"), "link.listen": ("127.0.0.1:1", "127.0.0.1:2"),
    "link.advertise": ("['127.0.0.1:1']", "['127.0.0.1:2']"), "link.peers": ("[a]", "[b]"),
    "link.heartbeat_milliseconds": ("5000", "6000"), "executors.service": ("/a", "/b"),
    "executors.horizons": ("[a]", "[b]"), "executors.convergence": ("0", "1"),
    "http.listen": ("127.0.0.1:1", "'off'"),
    "http.verify_signatures": ("true", "false"), "http.open_delegation": ("false", "true"),
    "executors.perception.features.memory_mib": ("64", "128"),
    "energy.sources": ("[{name: 'human:a', declared_watts: 100}]", "[{name: 'human:b', declared_watts: 100}]"),
    "executors.perception.features.timeout_seconds": ("30", "40"),
    "executors.external": (
        "[{operation: planning.a, command: [/bin/a]}]", "[{operation: planning.a, command: [/bin/b]}]"
    ),
    "executors.execution.commands": ("[{name: a, command: [/bin/a]}]", "[{name: a, command: [/bin/b]}]"),
    "executors.perception.features.typical_milliseconds": ("200", "300"),
]

@Suite struct `a configuration that is read again` {
    private func set(_ key: String, _ value: String) throws -> AgentConfiguration {
        let group = ConfigurationKey.group(of: key)
        let name = String(key.dropFirst(group.utf8.count + 1))
        let section = group.split(separator: ".")
        // A group within a section has a name with dots of its own.
        let inner = section.dropFirst().joined(separator: ".")
        let text =
            inner.isEmpty
            ? "\(section[0]):\n  \(name): \(value)\n" : "\(section[0]):\n  \(inner):\n    \(name): \(value)\n"
        return try configuration(text)
    }

    @Test(arguments: ConfigurationKey.all.map(\.path).filter { values[$0] != nil || !$0.hasPrefix("federation") })
    func `changes a key at once or leaves it for the next start, as the documentation says`(key: String) throws {
        let (first, second) = values[key] ?? ("1", "2")
        let (running, read) = (try set(key, first), try set(key, second))
        let change = ConfigurationChange(from: running, to: read)
        let isLive = try #require(ConfigurationKey.key(key)).isLive
        #expect(change.applied == (isLive ? [key] : []))
        #expect(change.pending == (isLive ? [] : [key]))
        let counts = ConfigurationKey.key(key)?.read(change.configuration)
        #expect(counts == ConfigurationKey.key(key)?.read(isLive ? read : running))
    }

    @Test func `applies what can be, whatever else has changed, and says nothing of what is the same`() throws {
        let running = try configuration("policy:\n  grace_seconds: 60\nlink:\n  listen: 127.0.0.1:1\n")
        let read = try configuration("policy:\n  grace_seconds: 90\nlink:\n  listen: 127.0.0.1:2\n")
        let change = ConfigurationChange(from: running, to: read)
        #expect(change.applied == ["policy.grace_seconds"])
        #expect(change.pending == ["link.listen"])
        let again = ConfigurationChange(from: change.configuration, to: read)
        #expect(again.applied == [] && again.pending == ["link.listen"])
        let same = ConfigurationChange(from: running, to: running)
        #expect(same.applied == [] && same.pending == [])
    }
}
