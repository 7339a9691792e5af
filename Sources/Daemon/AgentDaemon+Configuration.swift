import AgentCore
import Configuration
import Federation
import Platform
import Telemetry
import Wire

/// A configuration that was read again.
public enum PlanReading: Sendable {
    /// It is as it should be: what changes, the settings that it makes, and the node records of its peers.
    case accepted(ConfigurationChange, AgentSettings, peerRecords: [String])
    /// It counts for nothing, and why.
    case refused(String)
}

// SIGHUP: the configuration is read and checked as a whole before anything of it counts; one that is wrong changes
// nothing, and the agent goes on by the last good one.
extension AgentDaemon {
    /// Reads the configuration again.
    mutating func reload() throws(SystemError) {
        guard let reread = plan.reread else { return }
        service.reloading()
        storeHealth.hurry(at: Clock.bootTime)
        standing.readings += 1
        switch reread(plan.configuration) {
        case .refused(let reason):
            standing.refusal = reason
            log.write(
                .error, "the configuration was read again and is refused; the one before counts: " + reason,
                kind: .configurationRefused)
            try carryOut(core.handle(.configured(standing, nil), at: clock.now))
        case .accepted(let change, let settings, let peerRecords):
            standing.refusal = nil
            standing.pendingKeys = change.pending
            plan.configuration = change.configuration
            plan.settings = settings
            plan.peerRecords = peerRecords
            log.write(.notice, AgentDaemon.sentence(change), kind: .configurationReloaded)
            try carryOut(core.handle(.configured(standing, settings), at: clock.now))
            configureWorkers()
            try addConfiguredPeers()
        }
        service.reloaded(status)
    }

    /// Makes the nodes peers whose records the configuration names; one that is a peer already stays what it is.
    mutating func addConfiguredPeers() throws(SystemError) {
        guard core.storeFault == nil else { return }
        for record in plan.peerRecords {
            try carryOut(core.handle(.command(newCommand(), .addPeer(record: record)), at: clock.now))
        }
    }

    /// How the agent is, in one line for people.
    var status: String {
        if let fault = core.storeFault { return "only measures, since its store cannot be used: " + fault }
        if let refusal = standing.refusal {
            return "runs by an earlier configuration; the last was refused: " + refusal
        }
        let name = plan.identity.platform.text + " (" + plan.settings.profile.name + ") at " + address.text
        return name + (core.sensorFaults.first.map { "; " + $0 } ?? "")
    }

    private static func sentence(_ change: ConfigurationChange) -> String {
        var text = "the configuration was read again; "
        text += change.applied.isEmpty ? "nothing changes now" : "changed: " + change.applied.joined(separator: ", ")
        if !change.pending.isEmpty {
            text += "; these count when the agent is started again: " + change.pending.joined(separator: ", ")
        }
        return text
    }
}
