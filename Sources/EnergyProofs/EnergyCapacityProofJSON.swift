import Cryptography
import Quantities
import Telemetry
import Wire

extension ProofPage {
    /// Writes the page as a JSON object, for people and other programs; amounts are decimal strings, hashes
    /// hexadecimal, and the signer's key is base64.
    public func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("hash", hexadecimal(hash.array))
        json.member("signer", Base64.encode(envelope.signer.bytes.array))
        proof.writeMembers(to: &json)
        json.endObject()
    }
}

extension EnergyCapacityProof {
    /// Writes the payload's fields as members of the object that is open.
    func writeMembers(to json: inout JSONWriter) {
        json.member("federation", hexadecimal(federation.array))
        json.member("source", source.text)
        json.member("kind", kind.name)
        json.member("class", evidence.name)
        json.member("epoch", epoch)
        json.member("epoch_reason", epochReason.name)
        json.member("page", page)
        json.member("boot_id", hexadecimal(bootID.array))
        json.member("window_start_boot_ms", windowStart.milliseconds)
        json.member("window_end_boot_ms", windowEnd.milliseconds)
        json.member("window_start_wall_ms", wallStart.milliseconds)
        json.member("window_end_wall_ms", wallEnd.milliseconds)
        json.member("time_status", timeStatus == .synchronized ? "synchronized" : "unsynchronized")
        json.member("register_start_mj", "\(registerStart.millijoules)")
        json.member("register_end_mj", "\(registerEnd.millijoules)")
        json.member("rated_mw", "\(rated.milliwatts)")
        json.member("capacity_mw", "\(capacity.milliwatts)")
        json.member("baseline_mw", "\(baseline.milliwatts)")
        json.member("peak_mw", "\(peak.milliwatts)")
        json.member("work_mj", "\(work.millijoules)")
        json.member("chargeable_mj", "\(chargeable.millijoules)")
        json.member("hottest_millidegrees", hottest?.millidegrees)
        json.key("throttle")
        json.beginArray()
        for reason in throttle.all { json.string(reason.name) }
        json.endArray()
        json.member("power_mode", powerMode?.text)
        json.member("samples", samples)
        json.member("expected", expected)
        json.member("gap_ms", gap.milliseconds)
        json.member("error_bound_permille", errorBoundPermille)
        json.member("validation_method", validationMethod.text)
        json.member("previous_hash", previousHash.map { hexadecimal($0.array) })
    }
}
