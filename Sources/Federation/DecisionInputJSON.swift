import Cryptography
import Quantities
import Wire

extension DecisionInput {
    /// Everything that the decision was made from, as one JSON object.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.key("task")
        task.write(to: &json)
        json.key("policy")
        policy.write(to: &json)
        json.member("purse_mj", "\(purse.millijoules)")
        json.member("day_budget_mj", "\(dayBudget.millijoules)")
        json.member("day_spent_mj", "\(daySpent.millijoules)")
        json.member("last_place", lastPlace?.text)
        json.key("places")
        json.beginArray()
        for place in [here] + peers { place.write(to: &json) }
        json.endArray()
        json.endObject()
    }
}

extension DecisionTask {
    fileprivate func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("operation", operation.name)
        json.member("task_type", taskType.name)
        json.member("delegator_type", delegatorType.name)
        json.member("input_bytes", inputSize.bytes)
        json.member("memory_bytes", memory.bytes)
        json.member("remaining_ms", remaining.milliseconds)
        json.member("budget_mj", budget.map { "\($0.millijoules)" })
        json.member("pricing", pricing.name)
        let place: String
        switch placement {
        case .local: place = "local"
        case .any: place = "any"
        case .platform(let platform): place = platform.text
        }
        json.member("placement", place)
        json.endObject()
    }
}

extension DecisionPolicy {
    fileprivate func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("minimum_headroom_millidegrees", minimumHeadroom)
        json.member("heartbeat_ms", heartbeatPeriod.milliseconds)
        json.member("minimum_trust_bp", minimumTrust.value)
        json.member("newcomer_budget_mj", "\(newcomerBudget.millijoules)")
        json.member("hysteresis_bp", hysteresis.value)
        json.member("delegation_threshold_bp", delegationThreshold.value)
        json.member("transmit_mj_per_mib", "\(transmitPerMebibyte.millijoules)")
        json.member("idle_mw", idlePower.milliwatts)
        json.member("late_mj", lateCost.map { "\($0.millijoules)" })
        json.endObject()
    }
}

extension Place {
    fileprivate func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("platform", platform.text)
        json.member("node", node.text)
        json.member("free_memory_bytes", freeMemory.bytes)
        json.member("available_mj", "\(availableATP.millijoules)")
        json.member("headroom_millidegrees", thermalHeadroom)
        json.member("load_bp", load.value)
        json.member("queue", queueLength)
        json.member("wait_ms", wait.milliseconds)
        json.member("serves", servesOperation)
        json.member("accepts", acceptsTasks)
        json.member("meets_requirement", meetsRequirement)
        json.member("heard_ms_ago", heardAgo.milliseconds)
        json.member("unanswered_ms", unansweredFor.milliseconds)
        json.member("trust_bp", trust.value)
        json.member("reputation_bp", reputation.value)
        json.member("verified", verified)
        json.member("round_trip_ms", roundTrip.milliseconds)
        json.member("bytes_per_second", bytesPerSecond)
        json.key("prediction")
        json.beginObject()
        json.member("time_ms", prediction.time.milliseconds)
        json.member("time_p95_ms", prediction.timeP95.milliseconds)
        json.member("energy_mj", "\(prediction.energy.millijoules)")
        json.member("energy_p95_mj", "\(prediction.energyP95.millijoules)")
        json.member("memory_bytes", prediction.memory.bytes)
        json.member("based_on", prediction.basis.name)
        json.member("runs", prediction.runs)
        json.member("unseen", prediction.unseen)
        json.member("uncertainty_bp", prediction.uncertainty.value)
        json.endObject()
        json.endObject()
    }
}
