import Cryptography
import Federation
import Ledger
import Link
import Quantities
import Wire

// Everything that is known of one peer, as its operator's neighbour asks for it.
extension AgentMachine {
    /// Answers with all of `name`; its members are those of `peersJSON` and further ones.
    mutating func tellPeer(_ name: String, for command: CommandID) {
        guard let id = peer(named: name), let peer = peers[id] else {
            return reply(
                command, CommandReply(.notFound, "no peer is called \(name)", hint: "sage-edge peers list"))
        }
        reply(
            command,
            CommandReply(
                AgentViews.object { json in
                    write(peer, to: &json)
                    writeIdentity(of: peer, to: &json)
                    writeState(of: peer, to: &json)
                    writeServices(of: peer, to: &json)
                    writePredictions(of: peer, to: &json)
                    writeTasks(with: peer, to: &json)
                    writeMoney(with: peer, to: &json)
                }))
    }

    private func writeIdentity(of peer: PeerState, to json: inout JSONWriter) {
        let record = peer.record.payload
        let newest = identities.successions.newest(record.signingKey)
        json.key("identity")
        json.beginObject()
        json.member("signing_key_id", newest.id.text)
        json.member("signing_key", Base64.encode(newest.bytes.array))
        json.member("link_key", Base64.encode(record.agreementKey.array))
        json.member("record_number", record.sequence)
        json.key("addresses")
        json.beginArray()
        for address in record.addresses { json.string(address.text) }
        json.endArray()
        json.key("certified")
        json.beginArray()
        for lct in identities.identities where lct.context == record.platform { json.string(lct.text) }
        json.endArray()
        json.endObject()
    }

    private func writeState(of peer: PeerState, to json: inout JSONWriter) {
        let status = link.status(of: peer.linkID)
        json.key("session")
        json.beginObject()
        json.member("established", status?.isEstablished ?? false)
        json.member("sessions", status?.sessions)
        // Numbers of 64 bits, which not every reader of JSON takes.
        json.member("boot_epoch", peer.session.map { "\($0.bootEpoch)" })
        json.member("store_epoch", peer.session.map { "\($0.storeEpoch)" })
        json.member("queued_messages", status?.queuedMessages)
        json.member("bytes_per_second", peer.way.bytesPerSecond)
        json.endObject()
        json.key("heartbeat")
        guard let heartbeat = peer.heartbeat else { return json.null() }
        json.beginObject()
        json.member("accepts_tasks", heartbeat.acceptsTasks && !peer.hasRefused)
        json.member("queue", heartbeat.queueLength)
        json.member("uptime_ms", heartbeat.uptime.milliseconds)
        json.member("power_class", heartbeat.powerClass.rawValue)
        json.key("horizons")
        json.beginArray()
        for horizon in heartbeat.horizons { json.string(horizon.name) }
        json.endArray()
        json.member("convergence_bp", heartbeat.convergence?.value)
        json.endObject()
    }

    /// What it serves or has served: its word, how it has done, and whether it would be given such a task.
    private func writeServices(of peer: PeerState, to json: inout JSONWriter) {
        let stated = peer.heartbeat?.operations ?? []
        let known = peer.trust.reputations.map { $0.operation }
        json.key("services")
        json.beginArray()
        for operation in Set(stated.map { $0.operation } + known).sorted() {
            let word = stated.first { $0.operation == operation }
            let reputation = peer.trust.reputation(for: operation, at: ledgerNow)
            let standing = peer.trust.standing(in: operation, at: ledgerNow)
            json.beginObject()
            json.member("operation", operation.name)
            json.member("served", word != nil)
            json.member("typical_ms", word?.typicalTime.milliseconds)
            json.member("typical_mj", word.map { "\($0.typicalEnergy.millijoules)" })
            json.member("typical_bytes", word?.typicalSize?.bytes)
            json.member("beyond_word", reputation.word.score)
            json.member("reputation_bp", standing.reputation.value)
            json.member("verified", reputation.verified(at: ledgerNow))
            json.member("standing", standingName(standing))
            json.member(
                "trust_bp", peer.trust.factors(for: operation, reports: [], at: ledgerNow).trust.value)
            json.member("replication_bp", peer.trust.replication(of: operation, at: ledgerNow).value)
            json.endObject()
        }
        json.endArray()
    }

    /// `newcomer` while few of its tasks are verified, then `chosen` or `not_chosen` by the gate of reputation.
    private func standingName(_ standing: (reputation: BasisPoints, verified: UInt32)) -> String {
        if standing.verified < Reputation.knownAfter { return "newcomer" }
        return standing.reputation < Reputation.minimum ? "not_chosen" : "chosen"
    }

    private func writePredictions(of peer: PeerState, to json: inout JSONWriter) {
        json.key("predictions")
        json.beginArray()
        for (kind, prediction) in predictor.predictions(place: peer.id) {
            json.beginObject()
            json.member("operation", kind.operation.name)
            json.member("up_to_bytes", TaskKind.size(ofBucket: kind.bucket).bytes)
            json.member("runs", prediction.runs)
            json.member("time_ms", prediction.time.milliseconds)
            json.member("time_p95_ms", prediction.timeP95.milliseconds)
            AgentViews.amount("energy_mj", prediction.energy, &json)
            AgentViews.amount("energy_p95_mj", prediction.energyP95, &json)
            json.endObject()
        }
        json.endArray()
    }

    private func writeTasks(with peer: PeerState, to json: inout JSONWriter) {
        json.key("tasks")
        json.beginObject()
        json.member("there", paying.open.count { $0.life.worker == peer.id })
        json.member("for_it", working.open.count { $0.life.payer == peer.id })
        json.member("per_minute", rates.perMinute)
        json.member("allowed_now", rates.remaining(of: peer.id, at: now.boot))
        json.endObject()
    }

    private func writeMoney(with peer: PeerState, to json: inout JSONWriter) {
        json.key("lanes")
        guard let balance = ledger.image.balances?.peers.first(where: { $0.peer.platform == peer.id }) else {
            return json.null()
        }
        json.beginObject()
        AgentViews.amount("own_abroad_mj", balance.ownAbroad, &json)
        AgentViews.amount("foreign_abroad_mj", balance.foreignAbroad, &json)
        AgentViews.amount("owed_mj", balance.owed, &json)
        json.member("sent", balance.peer.sent.sequence)
        json.member("acknowledged", balance.peer.acknowledged.sequence)
        json.member("received", balance.peer.received.sequence)
        json.endObject()
    }
}
