import Cryptography
import EnergyProofs
import Federation
import Ledger
import Quantities
import Telemetry
import Wire

/// The JSON that commands are answered with; the command line prints it or makes tables of it.
public enum AgentViews {
    /// One object, its members written by `body`.
    static func object(_ body: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        writer.beginObject()
        body(&writer)
        writer.endObject()
        return writer.text
    }

    /// Whether an agent can be used, or the reasons why not.
    public static func readiness(_ reasons: [String]) -> String {
        object { json in
            json.member("ready", reasons.isEmpty)
            json.key("reasons")
            json.beginArray()
            for reason in reasons { json.string(reason) }
            json.endArray()
        }
    }

    // MARK: Delegation

    static func trial(_ decision: Decision) -> CommandReply {
        CommandReply(
            object { json in
                json.member("outcome", "trial")
                write(decision, to: &json)
            })
    }

    static func served(_ errand: Errand, _ outcome: ErrandOutcome) -> CommandReply {
        CommandReply(
            object { json in
                json.member("outcome", "done")
                json.member("task", outcome.task.text)
                json.member("operation", errand.request.operation.name)
                json.member("platform", outcome.platform.text)
                json.member("execution_ms", outcome.time.milliseconds)
                json.member("energy_mj", "\(outcome.energy.millijoules)")
                json.member("energy_class", outcome.evidence.name)
                json.member("paid_mj", "\(outcome.paid.millijoules)")
                json.member("quality_bp", outcome.quality.quality.value)
                json.member("quality_basis", outcome.quality.basis.name)
                json.member("result_hash", hexadecimal(Hashing.hash(outcome.result, for: .result).array))
                json.member("result", Base64.encode(outcome.result))
                BelowLink.write(outcome.below, to: &json)
                write(errand, to: &json)
            })
    }

    static func unserved(
        _ errand: Errand, kind: CommandReply.Refusal = .failed,
        hint: String? = "sage-edge delegate … --explain shows every place and why it lost"
    ) -> CommandReply {
        CommandReply(
            kind,
            json: object { json in
                json.member("outcome", "refused")
                json.key("error")
                json.beginObject()
                json.member("kind", kind.rawValue)
                json.member("message", errand.attempts.last?.reason ?? errand.decision.sentence)
                json.member("hint", hint)
                json.endObject()
                write(errand, to: &json)
            })
    }

    static func cancelled(_ errand: Errand, _ task: TaskID) -> CommandReply {
        CommandReply(
            .failed,
            json: object { json in
                json.member("outcome", "cancelled")
                json.member("task", task.text)
                json.key("error")
                json.beginObject()
                json.member("kind", CommandReply.Refusal.failed.rawValue)
                json.member("message", "the task was cancelled")
                json.member("hint", nil)
                json.endObject()
                write(errand, to: &json)
            })
    }

    private static func write(_ errand: Errand, to json: inout JSONWriter) {
        json.key("attempts")
        json.beginArray()
        for attempt in errand.attempts {
            json.beginObject()
            json.member("platform", attempt.platform.text)
            json.member("reason", attempt.reason)
            json.endObject()
        }
        json.endArray()
        write(errand.decision, to: &json)
    }

    private static func write(_ decision: Decision, to json: inout JSONWriter) {
        json.key("decision")
        decision.write(to: &json)
        json.member("explanation", decision.table)
    }

    // MARK: Ledger

    /// The figures of a ledger; `names` tells the peers' names.
    public static func balance(_ image: LedgerImage, names: [PlatformID: String]) -> String {
        object { json in
            guard let balances = image.balances else {
                json.member("begun", false)
                return
            }
            json.member("begun", true)
            json.member("sequence", image.head.sequence)
            json.member("ledger_ms", image.head.at.milliseconds)
            json.member("hash", hexadecimal(image.head.hash.array))
            amount("supply_mj", balances.supply, &json)
            amount("adp_mj", balances.adp, &json)
            amount("own_at_home_mj", balances.ownAtHome, &json)
            amount("own_abroad_mj", balances.ownAbroad, &json)
            amount("foreign_at_home_mj", balances.foreignAtHome, &json)
            amount("owed_mj", balances.owed, &json)
            amount("wasted_mj", balances.wasted, &json)
            amount("reclaimed_mj", balances.reclaimed, &json)
            json.key("accounts")
            json.beginArray()
            for account in balances.accounts { write(account, to: &json) }
            json.endArray()
            json.key("peers")
            json.beginArray()
            for peer in balances.peers { write(peer, names, to: &json) }
            json.endArray()
        }
    }

    private static func write(_ account: Account, to json: inout JSONWriter) {
        json.beginObject()
        json.member("account", account.id.text)
        amount("available_mj", account.available, &json)
        amount("locked_mj", account.locked, &json)
        amount("reserved_mj", account.reserved, &json)
        amount("charged_mj", account.charged, &json)
        amount("received_mj", account.received, &json)
        amount("sent_mj", account.sent, &json)
        amount("discharged_mj", account.discharged, &json)
        amount("expired_mj", account.expired, &json)
        amount("reputation_mj", account.reputation, &json)
        json.endObject()
    }

    private static func write(_ peer: PeerBalance, _ names: [PlatformID: String], to json: inout JSONWriter) {
        json.beginObject()
        json.member("peer", names[peer.peer.platform])
        json.member("key_id", peer.peer.platform.text)
        amount("own_abroad_mj", peer.ownAbroad, &json)
        amount("foreign_abroad_mj", peer.foreignAbroad, &json)
        amount("owed_mj", peer.owed, &json)
        json.member("sent", peer.peer.sent.sequence)
        json.member("acknowledged", peer.peer.acknowledged.sequence)
        json.member("received", peer.peer.received.sequence)
        json.member("stopped", peer.peer.stop.map { $0.explanation })
        json.endObject()
    }

    /// Lines of the journal, with what they moved.
    public static func history(_ lines: [JournalRecord]) -> CommandReply {
        CommandReply(
            object { json in
                json.key("entries")
                json.beginArray()
                for line in lines { write(line, to: &json) }
                json.endArray()
            })
    }

    private static func write(_ line: JournalRecord, to json: inout JSONWriter) {
        json.beginObject()
        json.member("sequence", line.sequence)
        json.member("ledger_ms", line.at.milliseconds)
        json.member("event", (try? line.decodedEvent())?.name)
        json.member("hash", hexadecimal(line.hash.array))
        json.key("moved")
        json.beginArray()
        for entry in (try? line.decodedEntries()) ?? [] {
            json.beginObject()
            json.member("kind", entry.kind.name)
            amount("amount_mj", entry.amount, &json)
            json.member("from", entry.source.name)
            json.member("to", entry.target.name)
            json.endObject()
        }
        json.endArray()
        json.endObject()
    }

    /// A verified ledger.
    public static func verified(_ found: LedgerVerification) -> CommandReply {
        CommandReply(
            object { json in
                json.member("verified", true)
                json.member("sequence", found.head.sequence)
                json.member("ledger_ms", found.head.at.milliseconds)
                json.member("hash", hexadecimal(found.head.hash.array))
                json.member("state_hash", hexadecimal(found.stateHash.array))
                json.member("first_replayed", found.firstReplayed)
                json.member("lines", found.lines)
                json.member("rows", found.rows)
            })
    }

    // MARK: Energy

    /// Pages in the order in which they were asked for.
    public static func pages(_ pages: [[UInt8]]) -> CommandReply {
        CommandReply(
            object { json in
                json.key("proofs")
                json.beginArray()
                for bytes in pages {
                    do throws(EnergyProofError) { try ProofPage(decoding: bytes).write(to: &json) } catch {
                        json.beginObject()
                        json.member("error", error.explanation)
                        json.endObject()
                    }
                }
                json.endArray()
            })
    }

    static func export(_ bytes: [UInt8], pages: Int) -> CommandReply {
        CommandReply(
            object { json in
                json.member("pages", pages)
                json.member("export", Base64.encode(bytes))
            })
    }

    // MARK: Peers

    static func ping(_ name: String, roundTrip: TimeSpan) -> CommandReply {
        CommandReply(
            object { json in
                json.member("peer", name)
                json.member("round_trip_ms", roundTrip.milliseconds)
            })
    }

    static func peerAdded(_ record: NodeRecord) -> CommandReply {
        CommandReply(
            object { json in
                json.member("added", record.platform.text)
                json.member("fingerprint", record.signingKey.id.fingerprint)
                json.key("addresses")
                json.beginArray()
                for address in record.addresses { json.string(address.text) }
                json.endArray()
            })
    }

    static func peerRemoved(_ name: String) -> CommandReply { CommandReply(object { $0.member("removed", name) }) }

    static func cancelling(_ task: TaskID) -> CommandReply {
        CommandReply(object { $0.member("cancelling", task.text) })
    }

    static func nodeRecord(_ text: String, _ record: NodeRecord) -> CommandReply {
        CommandReply(
            object { json in
                json.member("platform", record.platform.text)
                json.member("fingerprint", record.signingKey.id.fingerprint)
                json.member("record", text)
            })
    }

    /// Writes a truth value, or null where it is not known.
    static func flag(_ name: String, _ value: Bool?, _ json: inout JSONWriter) {
        if let value { json.member(name, value) } else { json.member(name, nil) }
    }

    /// Writes an amount as a decimal text, so that no reader rounds it.
    static func amount(_ name: String, _ energy: Energy, _ json: inout JSONWriter) {
        json.member(name, "\(energy.millijoules)")
    }
}
