import EnergyProofs
import Quantities
import Telemetry

// What must hold between values of different keys.
extension ConfigurationReader {
    /// Notes every pair of values that cannot be used together.
    mutating func checkTogether() {
        let gap = configuration.telemetry.period * 3
        if configuration.energy.window < gap {
            refuse(
                "energy.window_milliseconds", with: "telemetry.period_milliseconds",
                allowed: "a window of at least three sample periods")
        }
        if configuration.energy.charging.maximumAge < gap {
            refuse(
                "energy.maximum_age_seconds", with: "telemetry.period_milliseconds",
                allowed: "pages as old as three sample periods")
        }
        if configuration.energy.supply < configuration.energy.chargeTarget {
            refuse(
                "energy.charge_target_joules", with: "energy.supply_joules",
                allowed: "a charge target up to the supply")
        }
        if configuration.energy.charging.lotLifetime <= configuration.policy.lotMargin {
            refuse(
                "energy.lot_lifetime_hours", with: "policy.lot_margin_minutes",
                allowed: "lots that live longer than the margin")
        }
        if configuration.http.listen.isOpenToTheNetwork, configuration.http.keyFile == nil {
            refuse(
                "http.listen", with: "http.api_key_file",
                allowed: "a loopback address, unix:PATH or off; any other address with a file of an API key")
        }
        if configuration.executors.featuresTimeout < configuration.executors.featuresTypicalTime {
            refuse(
                "executors.perception.features.timeout_seconds",
                with: "executors.perception.features.typical_milliseconds",
                allowed: "a timeout not shorter than an ordinary run")
        }
    }

    /// Refuses the values of two keys, at the first that is not a default.
    private mutating func refuse(_ first: String, with second: String, allowed: String) {
        let isFirst = configuration.origin(of: first) != .builtIn
        let (blamed, other) = isFirst ? (first, second) : (second, first)
        let problem = YAMLProblem.notAllowed(
            found: (value(of: blamed) ?? "nothing") + " with "
                + (value(of: other).map { other + " " + $0 } ?? "no " + other), allowed: allowed)
        note(configuration.problem(problem, at: blamed))
    }

    private func value(of key: String) -> String? { ConfigurationKey.key(key)?.read(configuration)?.text }
}

extension AgentConfiguration {
    /// Why the hardware profile that is named cannot be used; nil where none is named or it is among `profiles`.
    func refusalOfProfile(among profiles: [HardwareProfile]) -> ConfigurationRefusal? {
        guard let name = telemetry.profile, !profiles.contains(where: { $0.name == name }) else { return nil }
        let names = profiles.map { $0.name }.sorted().joined(separator: ", ")
        return ConfigurationRefusal(problems: [
            problem(.notAllowed(found: "'" + name + "'", allowed: names), at: "telemetry.profile")
        ])
    }

    /// A problem of the configuration as a whole, at the place that set `key`.
    func problem(_ problem: YAMLProblem, at key: String) -> YAMLError {
        switch origin(of: key) {
        case .file(let file, let line): YAMLError(file: file, line: line, key: key, problem: problem)
        case .environment(let name), .flag(let name): YAMLError(file: name, line: 0, key: key, problem: problem)
        case .builtIn, .hostName, .profile, .guess:
            YAMLError(file: "configuration", line: 0, key: key, problem: problem)
        }
    }
}
