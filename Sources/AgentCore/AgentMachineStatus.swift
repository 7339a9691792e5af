import Cryptography
import EnergyProofs
import Federation
import Ledger
import Link
import Quantities
import Telemetry
import Wire

// The agent as its operator sees it.
extension AgentMachine {
    var peerNames: [PlatformID: String] { peers.mapValues { $0.name.text } }

    var statusJSON: String {
        AgentViews.object { json in
            json.member("platform", identity.platform.text)
            json.member("key_id", identity.id.text)
            json.member("fingerprint", identity.id.fingerprint)
            json.member("uptime_ms", now.boot.since(startedAt).milliseconds)
            json.member("state", isStopping ? "stopping" : storeFault == nil ? "running" : "measuring only")
            json.member("store_fault", storeFault)
            json.key("http")
            writeGateway(to: &json)
            writeConfiguration(to: &json)
            writeExecutors(to: &json)
            json.key("board")
            writeBoard(to: &json)
            json.key("throttle")
            json.beginArray()
            for cause in throttleCauses { cause.write(to: &json, now: now.boot) }
            json.endArray()
            json.key("residual")
            if let residual { residual.write(to: &json) } else { json.null() }
            json.key("sources")
            json.beginArray()
            for view in sourceViews { view.write(to: &json, now: now.boot) }
            json.endArray()
            // Of what is stored nothing is known.
            guard storeFault == nil else { return }
            json.key("energy")
            writeEnergy(to: &json)
            json.key("ledger")
            writeLedger(to: &json)
            json.key("tasks")
            json.beginObject()
            json.member("running", active.count)
            json.member("queued", queue.count)
            json.member("elsewhere", paying.openIDs.count)
            json.member("for_others", working.openIDs.count)
            json.endObject()
            json.key("peers")
            json.beginObject()
            json.member("known", peers.count)
            json.member("up", peers.values.filter { isUp($0) }.count)
            json.endObject()
            json.member("last_decision", decisions.lines.last?.sentence)
            writeDecisions(to: &json)
        }
    }

    private func writeBoard(to json: inout JSONWriter) {
        let sample = energy.sample
        json.beginObject()
        json.member("profile", settings.profile.name)
        json.member("model", sample?.board.model)
        json.member("evidence", energy.evidence?.name)
        json.member("replayed", energy.evidence == .replayed)
        json.member("power_mode", sample?.powerMode?.name)
        json.member("power_mw", boardPower?.milliwatts)
        json.member("rated_mw", energy.rated.milliwatts)
        json.member("rated_guessed", energy.isRatedByGuess)
        json.member("hottest_millidegrees", sample?.hottest?.temperature.millidegrees)
        json.member("soft_millidegrees", settings.profile.thermal.soft.millidegrees)
        json.member("throttle_millidegrees", settings.profile.thermal.throttle.millidegrees)
        json.member("memory_available_bytes", sample?.memory.available?.bytes)
        json.member("memory_for_tasks_bytes", freeMemory.bytes)
        json.key("throttle")
        json.beginArray()
        for reading in sample?.throttle ?? [] where reading.isActive { json.string(reading.cause) }
        json.endArray()
        json.key("unavailable")
        json.beginArray()
        for entry in sample?.unavailable ?? [] { json.string(entry.what + ": " + entry.text) }
        json.endArray()
        json.endObject()
    }

    private func writeEnergy(to json: inout JSONWriter) {
        json.beginObject()
        json.member("source", settings.energy.source.text)
        json.member("register_mj", energy.register.map { "\($0.energy.millijoules)" })
        json.member("baseline_mw", energy.baseline.milliwatts)
        let chain = chains[settings.energy.source]
        json.member("pages", chain?.nextNumber ?? 0)
        json.member("last_chargeable_mj", chain?.newest.map { "\($0.chargeable.millijoules)" })
        json.member("charge_refused", (chain?.registrationRefusal ?? chain?.refusal)?.explanation)
        json.endObject()
    }

    private func writeLedger(to json: inout JSONWriter) {
        let row = ledger.image.account(account)
        json.beginObject()
        json.member("account", account.text)
        AgentViews.amount("available_mj", row.available, &json)
        AgentViews.amount("locked_mj", row.locked, &json)
        AgentViews.amount("reserved_mj", row.reserved, &json)
        AgentViews.amount("adp_mj", ledger.image.summary?.adp ?? .zero, &json)
        AgentViews.amount("supply_mj", ledger.image.summary?.supply ?? .zero, &json)
        AgentViews.amount("charged_mj", row.charged, &json)
        AgentViews.amount("received_mj", row.received, &json)
        AgentViews.amount("sent_mj", row.sent, &json)
        AgentViews.amount("discharged_mj", row.discharged, &json)
        AgentViews.amount("expired_mj", row.expired, &json)
        let next = ledger.image.nextExpiry(of: account)
        json.member("next_expiry_mj", next.map { "\($0.amount.millijoules)" })
        json.member("next_expiry_ms", next.map { $0.expires.since(ledgerNow).milliseconds })
        json.endObject()
    }

    private func writeDecisions(to json: inout JSONWriter) {
        json.key("decisions")
        json.beginArray()
        for decision in decisions.lines.reversed() {
            json.beginObject()
            json.member("ago_ms", ledgerNow.since(decision.decidedAt).milliseconds)
            json.member("operation", decision.operation.name)
            json.member("decision", decision.sentence)
            json.endObject()
        }
        json.endArray()
    }

    // MARK: Tasks

    /// Own tasks, newest first: what runs here, then what runs elsewhere; then tasks for others, what is open first
    /// and then what ended last.
    var tasksJSON: String {
        AgentViews.object { json in
            json.key("tasks")
            json.beginArray()
            for (id, task) in local.sorted(by: { $0.value.reference.sequence > $1.value.reference.sequence }) {
                json.beginObject()
                json.member("task", id.text)
                json.member("role", task.client == nil ? "own" : "client")
                json.member("operation", task.operation.name)
                json.member("state", active[id] == nil ? "queued" : "running")
                json.member("platform", identity.platform.text)
                AgentViews.amount("budget_mj", task.reserved, &json)
                json.endObject()
            }
            for (id, task) in paying.sorted(by: { $0.value.reference.sequence > $1.value.reference.sequence }) {
                json.beginObject()
                json.member("task", id.text)
                json.member("role", "payer")
                json.member("operation", task.operation.name)
                json.member("state", task.life.state.name)
                json.member("over", task.isOver)
                json.member("platform", peerName(task.life.worker))
                AgentViews.amount("budget_mj", task.life.budget, &json)
                if case .settled(.posted(let paid), _) = task.life.state { AgentViews.amount("paid_mj", paid, &json) }
                if let parent = task.parent { json.member("handed_on_from", parent.text) }
                BelowLink.write(task.below, to: &json)
                json.endObject()
            }
            let latest = LedgerTime(milliseconds: .max)
            for (id, task) in working.sorted(by: {
                let (left, right) = ($0.value.endedAt ?? latest, $1.value.endedAt ?? latest)
                return left != right ? left > right : $0.key < $1.key
            }) {
                json.beginObject()
                json.member("task", id.text)
                json.member("role", "worker")
                json.member("operation", task.operation?.name)
                json.member("state", task.life.state.name)
                json.member("over", task.isOver)
                json.member("platform", peerName(task.life.payer))
                AgentViews.amount("budget_mj", task.life.terms?.budget ?? .zero, &json)
                if case .settled(.posted(let paid)) = task.life.state { AgentViews.amount("paid_mj", paid, &json) }
                write(chainOf: task, id, to: &json)
                json.endObject()
            }
            json.endArray()
        }
    }

    /// The platforms above a peer's task, and what it was handed on as, newest first.
    private func write(chainOf task: WorkingTask, _ id: TaskID, to json: inout JSONWriter) {
        if !task.chain.isEmpty {
            json.key("chain")
            json.beginArray()
            for link in task.chain {
                json.beginObject()
                json.member("platform", link.platform.text)
                json.member("key_known", link.isKnown)
                json.endObject()
            }
            json.endArray()
        }
        let below = paying.entries.filter { $0.value.parent == id }
        guard !below.isEmpty else { return }
        json.key("handed_on_as")
        json.beginArray()
        for (_, child) in below.sorted(by: { $0.value.reference.sequence > $1.value.reference.sequence }) {
            json.beginObject()
            json.member("task", child.life.task.text)
            json.member("platform", peerName(child.life.worker))
            json.member("state", child.life.state.name)
            json.endObject()
        }
        json.endArray()
    }

    // MARK: Peers

    func isUp(_ peer: PeerState) -> Bool {
        peer.heardAt.map { now.boot.since($0) <= settings.heartbeatPeriod * 3 } ?? false
    }

    var peersJSON: String {
        AgentViews.object { json in
            json.key("peers")
            json.beginArray()
            for id in peers.keys.sorted() {
                guard let peer = peers[id] else { continue }
                json.beginObject()
                write(peer, to: &json)
                json.endObject()
            }
            json.endArray()
        }
    }

    /// What the peer's work has shown, and the evidence of what turned out to be false.
    private func writeReputation(of peer: PeerState, to json: inout JSONWriter) {
        json.member("anomaly_bp", peer.trust.anomaly.value.value)
        json.member("witness_accuracy_bp", peer.witness.accuracy.value.value)
        json.member("witness_words", peer.witness.words)
        json.key("reputations")
        json.beginArray()
        for reputation in peer.trust.reputations.sorted(by: { $0.operation < $1.operation }) {
            json.beginObject()
            json.member("operation", reputation.operation.name)
            json.member("reputation_bp", reputation.value(at: ledgerNow).value)
            json.member("verified", reputation.verified(at: ledgerNow))
            json.member("unverified_since", reputation.unverified)
            json.member("beyond_word", reputation.word.score)
            json.member("replication_bp", peer.trust.replication(of: reputation.operation, at: ledgerNow).value)
            json.endObject()
        }
        json.endArray()
        json.key("disputes")
        json.beginArray()
        for dispute in disputes.disputes where dispute.worker == peer.id { dispute.write(to: &json) }
        json.endArray()
    }

    func write(_ peer: PeerState, to json: inout JSONWriter) {
        let status = link.status(of: peer.linkID)
        json.member("peer", peer.name.text)
        json.member("key_id", peer.id.text)
        json.member("fingerprint", identities.successions.newest(peer.record.payload.signingKey).id.fingerprint)
        json.member("address", (status?.address ?? peer.record.payload.addresses.first)?.text)
        json.member("up", isUp(peer))
        json.member("heard_ms_ago", peer.heardAt.map { now.boot.since($0).milliseconds })
        json.member("round_trip_ms", status?.roundTrip?.milliseconds)
        json.member("datagrams_sent", status?.datagramsSent)
        json.member("datagrams_received", status?.datagramsReceived)
        json.member("datagrams_lost", status?.datagramsLost)
        json.member("free_memory_bytes", peer.heartbeat?.freeMemory.bytes)
        json.member("available_mj", peer.heartbeat.map { "\($0.availableATP.millijoules)" })
        json.member("load_bp", peer.heartbeat?.load.value)
        json.member("headroom_millidegrees", peer.heartbeat?.thermalHeadroom)
        json.key("operations")
        json.beginArray()
        for served in peer.heartbeat?.operations ?? [] { json.string(served.operation.name) }
        json.endArray()
        json.member("direct_trust_bp", peer.trust.direct.value)
        writeReputation(of: peer, to: &json)
        json.member("money", peer.isLaneKnown ? "open" : "closed")
        json.member("money_stopped_because", ledger.image.peers[peer.id]?.stop?.explanation)
        json.member("waiting_messages", outbox[peer.id]?.count ?? 0)
    }
}
