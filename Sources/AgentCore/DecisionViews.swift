import Cryptography
import Federation
import Ledger
import Quantities
import Wire

extension AgentViews {
    /// Decisions as the store holds them in the order of their numbers, told newest first.
    public static func decisions(_ records: [StoredRecord], tellsRecords: Bool, nextBefore: UInt64?) -> CommandReply {
        CommandReply(
            object { json in
                var damaged = 0
                json.key("decisions")
                json.beginArray()
                for stored in records.reversed() {
                    do throws(CBORError) {
                        let kept = try NumberedDecision(stored)
                        json.beginObject()
                        write(membersOf: kept, to: &json)
                        if tellsRecords { json.member("record", Base64.encode(stored.value)) }
                        json.endObject()
                    } catch { damaged += 1 }
                }
                json.endArray()
                json.member("next_before", nextBefore)
                if damaged > 0 { json.member("damaged", damaged) }
            })
    }

    /// What a list says of one decision.
    public static func write(membersOf kept: NumberedDecision, to json: inout JSONWriter) {
        let record = kept.record
        json.member("number", kept.number)
        json.member("decided_ms", record.decided.milliseconds)
        json.member("time_synchronized", record.timeStatus == .synchronized)
        json.member("trial", record.isTrial)
        json.member("operation", record.input.task.operation.name)
        json.member("input_bytes", record.input.task.inputSize.bytes)
        json.member("decision", record.sentence)
        json.member("platform", record.chosen?.text)
        json.member("cost_mj", record.cost.map { "\($0.millijoules)" })
        json.member("places", 1 + record.input.peers.count)
        json.member("digest", hexadecimal(record.digest.array))
        json.key("end")
        guard let end = record.end else { return json.null() }
        json.beginObject()
        json.member("outcome", end.outcome.name)
        json.member("after_ms", end.after.milliseconds)
        json.member("failed_attempts", Int(end.failedAttempts))
        json.member("task", end.task?.text)
        json.member("platform", end.platform?.text)
        json.member("energy_mj", end.energy.map { "\($0.millijoules)" })
        json.member("paid_mj", end.paid.map { "\($0.millijoules)" })
        json.member("execution_ms", end.time?.milliseconds)
        json.endObject()
    }
}
