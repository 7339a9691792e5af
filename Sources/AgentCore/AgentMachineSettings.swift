import EnergyProofs
import Federation
import Quantities
import Wire

// Settings that an operator changes while the agent runs.
extension AgentMachine {
    /// Goes on with `new`, as far as its parts can change at run time.
    ///
    /// Who the agent is, what it meters, how large its supply is and which addresses it names were fixed when it
    /// began, and stay. A task that is under way keeps the terms under which it began.
    mutating func adopt(_ new: AgentSettings, at now: Moment) {
        let old = settings
        settings = new
        settings.energy = old.energy
        settings.profile = old.profile
        settings.supply = old.supply
        settings.addresses = old.addresses
        gate.policy = new.charging
        if new.tasksPerMinute != old.tasksPerMinute {
            rates = RateLimit(perMinute: new.tasksPerMinute)
            clientRates = RateLimit(perMinute: new.tasksPerMinute)
        }
        audit.limit = new.unauditedLimit
        if new.heartbeatPeriod != old.heartbeatPeriod {
            heartbeatDue = min(heartbeatDue, now.boot + new.heartbeatPeriod)
        }
    }

    /// How the configuration was last read, as a member of the status.
    func writeConfiguration(to json: inout JSONWriter) {
        json.key("configuration")
        json.beginObject()
        json.member("config_last_reload_successful", configuration.isSuccessful)
        json.member("refused_because", configuration.refusal)
        json.key("restart_needed_for")
        json.beginArray()
        for key in configuration.pendingKeys { json.string(key) }
        json.endArray()
        json.endObject()
    }
}
