import Cryptography
import Federation
import Ledger
import Link
import Quantities
import Wire

// Money lanes: receipts and returned tokens, each applied once and in order, kept until applied.
extension AgentMachine {
    // MARK: Sending

    /// Where the next money message to `peer` goes; nil where no money moves with it at present.
    func lanePosition(to peer: PlatformID) -> LanePosition? {
        guard let row = ledger.image.peers[peer], row.stop == nil,
            outbox[peer]?.count ?? 0 < AgentLimits.outboxPerPeer
        else { return nil }
        return LanePosition(after: row.sent)
    }

    /// Puts a signed message into the lane and the outbox, and sends it once both are durable.
    mutating func enqueue<Payload: LanePayload>(
        _ signed: Signed<Payload>, as content: OutboxRow.Content, to peer: PlatformID
    ) {
        apply(.advanceLane(LaneAdvance(peer: peer, direction: .sent, head: signed.laneHead)))
        let entry = OutboxRow(
            peer: peer, sequence: signed.payload.lane.sequence, content: content, signedAt: ledgerNow)
        outbox[peer, default: []].append(entry)
        staging.write(.put(.outbox, key: entry.key, value: entry.encoded))
        if peers[peer]?.isLaneKnown == true { send(entry.message(at: ledgerNow), to: peer) }
        if peers[peer]?.outboxDue == nil { scheduleOutbox(of: peer) }
    }

    /// Sends what waits for `peer` again; without lanes that are known to fit it would be passed over, and is sent
    /// as soon as they are.
    mutating func resendOutbox(to peer: PlatformID) {
        guard peers[peer]?.isLaneKnown == true else { return }
        for row in outbox[peer] ?? [] { send(row.message(at: ledgerNow), to: peer) }
    }

    /// Sends the receipt of `task` again, which `peer` shows that it does not have.
    mutating func resendReceipt(of task: TaskID, to peer: PlatformID) {
        guard peers[peer]?.isLaneKnown == true else { return }
        for row in outbox[peer] ?? [] {
            if case .receipt(task, _) = row.content { send(row.message(at: ledgerNow), to: peer) }
        }
    }

    /// Sends again what has waited long enough for its answer.
    mutating func resendOutbox() {
        for id in peers.keys.sorted() {
            guard let due = peers[id]?.outboxDue, due <= now.boot else { continue }
            resendOutbox(to: id)
            scheduleOutbox(of: id)
        }
    }

    private mutating func scheduleOutbox(of peer: PlatformID) {
        guard outbox[peer]?.isEmpty == false else {
            peers[peer]?.outboxDue = nil
            peers[peer]?.outboxAttempts = 0
            return
        }
        let attempts = peers[peer]?.outboxAttempts ?? 0
        peers[peer]?.outboxDue = now.boot + .seconds(min(60, 2 << Int64(min(attempts, 5))))
        peers[peer]?.outboxAttempts = attempts + 1
    }

    mutating func sendLaneHeads(to peer: PlatformID) {
        let row = ledger.image.peers[peer]
        laneStatements += 1
        send(
            .laneHeads(
                LaneHeads(
                    sent: row?.sent ?? .start, received: row?.received ?? .start, stamp: laneStatements,
                    echo: peers[peer]?.laneEcho ?? .zero)),
            to: peer)
    }

    // MARK: Receiving

    /// The peer says how far both lanes stand; clears what it has applied.
    mutating func takeLaneHeads(_ heads: LaneHeads, from peer: PlatformID) {
        // Only an answer to this session's question, in the order in which answers were given, says
        // anything about the present: an older one that was delayed must not look like a lost store.
        guard let state = peers[peer], let session = state.session else { return }
        // Questions overtake each other too, and the peer echoes the last that came: it is asked once more.
        guard heads.echo == state.laneQuestion else { return send(.laneQuestion(state.laneQuestion), to: peer) }
        guard heads.stamp > state.laneStamp else { return }
        peers[peer]?.laneStamp = heads.stamp
        // Money messages overtake statements: once the lanes of this session are known to fit, a statement
        // made before the last message that was applied is only old.
        var sent = heads.sent
        if state.isLaneKnown, let applied = ledger.image.peers[peer]?.received, sent.sequence < applied.sequence {
            sent = applied
        }
        let observation = PeerObservation(
            peer: peer, storeEpoch: StoreEpoch(session.storeEpoch), bootEpoch: session.bootEpoch, sent: sent,
            received: heads.received)
        peers[peer]?.observation = observation
        guard case .lane(let stop)? = apply(.observePeer(observation)) else { return }
        if let stop {
            if state.isLaneKnown || ledger.image.peers[peer]?.stop == stop {
                log(.error, "no money moves with \(peerName(peer)): \(stop.explanation)", kind: .moneyStopped)
            }
            peers[peer]?.isLaneKnown = false
            return
        }
        clearOutbox(of: peer, upTo: heads.received.sequence)
        if !state.isLaneKnown {
            peers[peer]?.isLaneKnown = true
            peers[peer]?.outboxAttempts = 0
            resendOutbox(to: peer)
            scheduleOutbox(of: peer)
        }
    }

    private mutating func clearOutbox(of peer: PlatformID, upTo sequence: UInt64) {
        let applied = (outbox[peer] ?? []).filter { $0.sequence <= sequence }
        guard !applied.isEmpty else { return }
        outbox[peer]?.removeAll { $0.sequence <= sequence }
        for row in applied {
            staging.write(.remove(.outbox, key: row.key))
            if case .receipt(let task, _) = row.content { tell(task, .receiptApplied) }
        }
        peers[peer]?.outboxAttempts = 0
        scheduleOutbox(of: peer)
    }

    /// Whether the message with `lane` and `payload` is the next of `peer`'s lane.
    ///
    /// One that came before is acknowledged again, one after a gap is asked for again by saying where the lane stands.
    private mutating func isNext(_ lane: LanePosition, from peer: PlatformID) -> Bool {
        guard let row = ledger.image.peers[peer], row.stop == nil, peers[peer]?.isLaneKnown == true else {
            return false
        }
        guard lane.sequence == row.received.sequence + 1 else {
            sendLaneHeads(to: peer)
            return false
        }
        guard lane.previous == row.received.hash else {
            log(
                .error, "\(peerName(peer)) sent money message \(lane.sequence) after another history than ours",
                kind: .moneyStopped)
            return false
        }
        return true
    }

    /// A payer's receipt: its lots are credited, the measured energy is discharged from them.
    mutating func takeReceipt(_ aged: AgedEnvelope, from peer: PlatformID) {
        guard let receipt: Signed<SettlementReceipt> = verified(aged.envelope, from: peer, "receipt"),
            isNext(receipt.payload.lane, from: peer)
        else { return }
        guard receipt.payload.reference.delegator == peer else {
            return log(
                .warning, "\(peerName(peer)) sent a receipt for a task of another platform", kind: .receiptRefused)
        }
        let task = receipt.payload.task
        let known = working[task]
        var entry = known ?? WorkingTask(life: WorkerLife(task: task, payer: peer, at: ledgerNow))
        let directives = entry.life.handle(.receiptArrived(receipt.payload.outcome), at: ledgerNow)
        working[task] = entry
        // What the ledger refuses has not happened; it is asked for again. That the receipt is new is the lane's
        // word: a payer that was set back may name a task that has ended here.
        guard apply(receipt, age: aged.age, for: task, from: peer) else {
            working[task] = known
            return
        }
        perform(directives, for: task, from: peer)
    }

    /// Applies a receipt and moves the lane in one; false where the ledger refuses it.
    private mutating func apply(
        _ receipt: Signed<SettlementReceipt>, age: TimeSpan, for task: TaskID, from peer: PlatformID
    ) -> Bool {
        let event: LedgerEvent
        if receipt.payload.lots.isEmpty {
            event = .advanceLane(LaneAdvance(peer: peer, direction: .received, head: receipt.laneHead))
        } else {
            event = .receive(
                ReceiptCredit(
                    task: receipt.payload.reference, account: account,
                    lots: receipt.payload.lots.map { $0.aged(by: age) }, receipt: receipt.hash,
                    head: receipt.laneHead, measured: measuredEnergy(of: task), reputation: reputation(for: task)))
        }
        do throws(LedgerError) {
            guard case .received(let lots) = try tryApply(event) else { return true }
            if lots.givenBack > .zero {
                log(
                    .notice,
                    "\(lots.givenBack.millijoules) mJ of \(peerName(peer)) had run out or found no room, and go back",
                    kind: .creditsRefused)
            }
            if lots.unmatched > .zero {
                log(
                    .warning,
                    "\(peerName(peer)) paid \(lots.unmatched.millijoules) mJ of this board's own that it did not have",
                    kind: .creditsRefused)
                peers[peer]?.trust.recordDefault()
                storePeer(peer)
            }
            countTaken(receipt.payload.lots, from: peer)
            return true
        } catch {
            log(.error, "a receipt of \(peerName(peer)) cannot be applied: \(error.explanation)", kind: .receiptRefused)
            return false
        }
    }

    /// A holder's notice: tokens of this society come home.
    mutating func takeReturn(_ envelope: SignedEnvelope, from peer: PlatformID) {
        guard let notice: Signed<TokenReturn> = verified(envelope, from: peer, "return notice"),
            isNext(notice.payload.lane, from: peer), notice.payload.notice.from == peer
        else { return }
        do throws(LedgerError) {
            let events = [
                LedgerEvent.acceptReturn(notice.payload.notice),
                .advanceLane(LaneAdvance(peer: peer, direction: .received, head: notice.laneHead)),
            ]
            for outcome in try ledger.apply(all: events, at: ledgerNow) {
                if let commit = outcome.commit { staging.write(.ledger(commit)) }
            }
        } catch {
            log(
                .error, "a return notice of \(peerName(peer)) cannot be applied: \(error.explanation)",
                kind: .receiptRefused)
            return
        }
        sendLaneHeads(to: peer)
    }

    /// Returns used-up tokens to the peers that they came from.
    mutating func returnUsedTokens() {
        guard !ledger.image.owed.isEmpty else { return }
        for peer in ledger.image.creditors { returnTokens(to: peer) }
    }

    /// Returns what is owed to `peer`, as far as the outbox has room that no receipt may need.
    private mutating func returnTokens(to peer: PlatformID) {
        while outbox[peer]?.count ?? 0 < AgentLimits.outboxPerPeer - AgentLimits.payingTasks,
            ledger.image.owed.keys.contains(where: { $0.giver == peer }), peers[peer]?.isLaneKnown == true,
            let position = lanePosition(to: peer), case .returnNotice(let notice)? = apply(.issueReturn(to: peer)),
            let content = TokenReturn(notice, lane: position)
        {
            let signed = Signed(signing: content, with: identity.signing, in: identity.domain, by: scheme)
            enqueue(signed, as: .returned(signed.envelope), to: peer)
        }
    }

    // MARK: Checking

    /// The payload of an envelope that `peer` signed; nil, and logged, where it did not.
    mutating func verified<Payload: SignedPayload>(
        _ envelope: SignedEnvelope, from peer: PlatformID, _ what: String
    ) -> Signed<Payload>? {
        guard let key = signingKey(of: peer, for: envelope.signer) else { return nil }
        do throws(EnvelopeError) {
            return try Signed(verifying: envelope, by: key, in: identity.domain, using: scheme)
        } catch {
            log(.warning, "a \(what) of \(peerName(peer)) is not accepted: \(error.explanation)", kind: .receiptRefused)
            return nil
        }
    }
}
