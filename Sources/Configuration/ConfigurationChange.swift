import EnergyProofs
import Federation
import Quantities

/// What a configuration that was read again changes in an agent that runs.
///
/// Placement and payment of tasks, what may be charged, limits of work, the memory reserve, the heartbeat and new
/// peers count at once. Who the agent is, what it measures and where it listens count when it is started again; until
/// then the values with which it was started do.
public struct ConfigurationChange: Sendable {
    /// What counts from now on.
    public let configuration: AgentConfiguration
    /// The keys whose values change now.
    public let applied: [String]
    /// The keys whose values change when the agent is started again.
    public let pending: [String]

    /// From what counts now to what was read.
    public init(from running: AgentConfiguration, to read: AgentConfiguration) {
        let merged = ConfigurationChange.merge(read, into: running)
        configuration = merged
        applied = ConfigurationChange.differences(running, merged)
        pending = ConfigurationChange.differences(merged, read)
    }

    /// `running` with the values of `read` that count at once.
    static func merge(_ read: AgentConfiguration, into running: AgentConfiguration) -> AgentConfiguration {
        var merged = running
        merged.policy = read.policy
        merged.energy.charging = read.energy.charging
        merged.energy.chargeTarget = read.energy.chargeTarget
        merged.memoryReserve = read.memoryReserve
        merged.link.peerFiles = read.link.peerFiles
        merged.executors = read.executors
        merged.executors.service = running.executors.service
        merged.files = read.files
        merged.origins = read.origins
        merged.elementOrigins = read.elementOrigins
        return merged
    }

    private static func differences(_ left: AgentConfiguration, _ right: AgentConfiguration) -> [String] {
        ConfigurationKey.all.filter { $0.read(left) != $0.read(right) }.map { $0.path }
    }
}

extension ConfigurationKey {
    /// Whether a changed value counts at once when the configuration is read again, as `ConfigurationChange` has it.
    var isLive: Bool {
        switch ConfigurationKey.group(of: path) {
        case "policy", "energy.policy", "memory", "executors.perception.features", "executors.execution": true
        case "executors": path != "executors.service"
        case "energy": ConfigurationKey.liveEnergy.contains(path)
        case "link": path == "link.peers" || path == "link.heartbeat_milliseconds"
        default: false
        }
    }

    private static let liveEnergy = [
        "energy.charge_target_joules", "energy.lot_lifetime_hours", "energy.maximum_age_seconds",
        "energy.minimum_coverage_percent",
    ]
}
