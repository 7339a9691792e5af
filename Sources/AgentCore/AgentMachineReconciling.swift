import Cryptography
import Federation
import Ledger
import Quantities
import Wire

// A money lane that has stopped: what both sides say of it, and the operator's word to go on from there.
extension AgentMachine {
    /// Shows how far both sides' lanes stand; with `accepts` the lanes go on from what the peer says.
    ///
    /// Messages that wait in the old lane are given up with it. Credits that are under way in them are
    /// neither paid again nor lost: they return to their issuer when they run out.
    mutating func reconcile(_ name: String, accepts: Bool, for command: CommandID) {
        guard let id = peer(named: name), let peer = peers[id] else {
            return reply(command, CommandReply(.notFound, "no peer is called \(name)", hint: "sage-edge peers list"))
        }
        guard let row = ledger.image.peers[id], let observation = peer.observation else {
            return reply(
                command,
                CommandReply(
                    .unavailable, "\(name) has not said since this agent began how far its ledger stands",
                    hint: "sage-edge peers ping \(name)"))
        }
        let waiting = outbox[id]?.count ?? 0
        guard accepts, row.stop != nil else {
            return reply(command, AgentViews.lanes(row, observation, name: name, waiting: waiting, account: nil))
        }
        guard case .reconciled(let account)? = apply(.reconcile(observation)) else {
            return reply(command, CommandReply(.failed, "the ledger refuses to go on from what \(name) says"))
        }
        for message in outbox[id] ?? [] {
            staging.write(.remove(.outbox, key: message.key))
            if case .receipt(let task, _) = message.content { tell(task, .receiptApplied) }
        }
        outbox[id] = nil
        askForLanes(of: id)
        log(
            .notice, "the lanes with \(name) go on from what it says; \(waiting) messages are given up",
            kind: .moneyReconciled)
        reply(command, AgentViews.lanes(row, observation, name: name, waiting: waiting, account: account))
    }

    /// Begins to compare notes with a peer: no money moves until it has answered.
    mutating func askForLanes(of id: PlatformID) {
        let question = random.bytes16()
        peers[id]?.isLaneKnown = false
        peers[id]?.laneStamp = 0
        peers[id]?.laneQuestion = question
        send(.laneQuestion(question), to: id)
    }
}

extension AgentViews {
    /// How far a peer's lanes stand on both sides.
    static func lanes(
        _ row: Ledger.Peer, _ observation: PeerObservation, name: String, waiting: Int, account: Reconciliation?
    ) -> CommandReply {
        CommandReply(
            object { json in
                json.member("peer", name)
                json.member("stopped_because", row.stop?.explanation)
                json.member("accepted", account != nil)
                json.key("here")
                write(sent: row.sent, received: row.received, to: &json)
                json.key("there")
                write(sent: observation.sent, received: observation.received, to: &json)
                json.member("store_is_new", observation.storeEpoch != row.storeEpoch)
                json.member("waiting_messages", waiting)
                if let account {
                    amount("ended_mj", account.ended, &json)
                    amount("own_abroad_mj", account.abroad, &json)
                    amount("owed_mj", account.owed, &json)
                }
            })
    }

    private static func write(sent: LaneHead, received: LaneHead, to json: inout JSONWriter) {
        json.beginObject()
        json.member("sent", sent.sequence)
        json.member("sent_hash", hexadecimal(sent.hash.array))
        json.member("received", received.sequence)
        json.member("received_hash", hexadecimal(received.hash.array))
        json.endObject()
    }
}
