import Cryptography
import Quantities

/// Money lanes: where each direction stands, and when a lane must stop.
extension LedgerMachine {
    /// The peer, when money may move with it.
    @discardableResult
    func requireOpenLane(_ platform: PlatformID) throws(LedgerError) -> Peer {
        guard let peer = image.peers[platform] else { throw .unknownPeer(platform) }
        if let stop = peer.stop { throw .laneStopped(stop) }
        return peer
    }

    mutating func advanceLane(_ advance: LaneAdvance) throws(LedgerError) -> LedgerEffect {
        var peer = try requireOpenLane(advance.peer)
        switch advance.direction {
        case .sent:
            guard try LedgerMachine.moves(peer.sent, to: advance.head) else { return .unchanged(.lane(stop: nil)) }
            peer.sent = advance.head
        case .received:
            guard try LedgerMachine.moves(peer.received, to: advance.head) else {
                return .unchanged(.lane(stop: nil))
            }
            peer.received = advance.head
        case .acknowledged:
            let given = advance.head
            guard given.sequence <= peer.sent.sequence else {
                throw .acknowledgedUnsent(sent: peer.sent.sequence, given: given.sequence)
            }
            for known in [peer.sent, peer.acknowledged] where known.sequence == given.sequence {
                guard known.hash == given.hash else { throw .laneForked(sequence: given.sequence) }
            }
            guard given.sequence > peer.acknowledged.sequence else { return .unchanged(.lane(stop: nil)) }
            peer.acknowledged = given
        }
        put(.peer(peer))
        return .changed(.lane(stop: nil))
    }

    /// Whether `given` is the message after `head`; false when it is the head itself.
    static func moves(_ head: LaneHead, to given: LaneHead) throws(LedgerError) -> Bool {
        if given.sequence == head.sequence {
            guard given.hash == head.hash else { throw .laneForked(sequence: given.sequence) }
            return false
        }
        guard given.sequence > head.sequence else { throw .laneOld(head: head.sequence, given: given.sequence) }
        guard given.sequence - head.sequence == 1 else {
            throw .laneGap(expected: head.sequence + 1, given: given.sequence)
        }
        return true
    }

    mutating func observe(
        _ observation: PeerObservation, _ summary: LedgerSummary
    ) throws(LedgerError) -> LedgerEffect {
        guard observation.peer != summary.genesis.home else { throw .ownPlatform }
        var peer = try knownOrNewPeer(observation)
        let before = image.peers[observation.peer]
        if peer.stop == nil { peer.stop = LedgerMachine.reasonToStop(peer, observation) }
        if peer.stop == nil {
            peer.bootEpoch = observation.bootEpoch
            peer.acknowledged = observation.received
        }
        if peer == before { return .unchanged(.lane(stop: peer.stop)) }
        put(.peer(peer))
        return .changed(.lane(stop: peer.stop))
    }

    private func knownOrNewPeer(_ observation: PeerObservation) throws(LedgerError) -> Peer {
        if let known = image.peers[observation.peer] { return known }
        guard image.peers.count < LedgerLimits.peers else {
            throw .limitReached(.peers, limit: LedgerLimits.peers)
        }
        return Peer(
            platform: observation.peer, storeEpoch: observation.storeEpoch, bootEpoch: observation.bootEpoch,
            sent: .start, acknowledged: .start, received: .start, stop: nil, taskFloor: 0, lastReturnNumber: 0,
            lastReturn: .zero, lastReturnAccepted: .zero, lastReturnUnmatched: .zero, unmatchedReturns: .zero)
    }

    /// Why the state that a peer shows does not follow from what is known of it.
    private static func reasonToStop(_ peer: Peer, _ shown: PeerObservation) -> LaneStop? {
        if shown.storeEpoch != peer.storeEpoch { return .newStore }
        if shown.bootEpoch < peer.bootEpoch { return .olderBoot }
        if shown.received.sequence > peer.sent.sequence { return .homeTurnedBack }
        if shown.received.sequence < peer.acknowledged.sequence { return .peerTurnedBack }
        if shown.sent.sequence < peer.received.sequence { return .peerTurnedBack }
        let pairs = [(shown.received, peer.sent), (shown.received, peer.acknowledged), (shown.sent, peer.received)]
        for (theirs, ours) in pairs where theirs.sequence == ours.sequence && theirs.hash != ours.hash {
            return .forked
        }
        return nil
    }

    /// Opens the lane again: what took effect at the receiver of each direction is where it stands.
    ///
    /// Only what is sent from here follows the peer's word; what was received stays received, so that no
    /// message takes effect twice. Sides that reconcile one after the other, first the one that has lost
    /// something, agree afterwards; so do sides that reconcile from each other's state before it.
    ///
    /// A store that is lost has lost its society with it. What that society issued runs out now, wherever it
    /// came from, because its issuer would not know it; what it holds of others returns when its lifetime and
    /// grace are over; what is owed to it is still reported, and counted there as unmatched.
    mutating func reconcile(
        _ observation: PeerObservation, _ summary: LedgerSummary
    ) throws(LedgerError) -> LedgerEffect {
        guard observation.peer != summary.genesis.home else { throw .ownPlatform }
        var peer = try knownOrNewPeer(observation)
        var account = Reconciliation()
        if observation.storeEpoch != peer.storeEpoch {
            forgetTasks(of: peer.platform) { $0.storeEpoch != observation.storeEpoch }
            peer.taskFloor = 0
            account.ended = try endLots(of: peer.platform)
        }
        peer.storeEpoch = observation.storeEpoch
        peer.bootEpoch = observation.bootEpoch
        peer.sent = observation.received
        peer.acknowledged = observation.received
        peer.stop = nil
        for row in image.abroad.values where row.key.holder == peer.platform {
            account.abroad = try sum(account.abroad, row.amount)
        }
        for row in image.owed.values where row.key.giver == peer.platform {
            account.owed = try sum(account.owed, try sum(row.discharged, row.expired))
        }
        if peer == image.peers[observation.peer] { return .unchanged(.reconciled(account)) }
        put(.peer(peer))
        return .changed(.reconciled(account))
    }

    /// Lets the lots that `issuer` has issued run out now; returns how much there is in them.
    ///
    /// The next sweep expires them; what is frozen of them expires when its lock ends.
    private mutating func endLots(of issuer: PlatformID) throws(LedgerError) -> Energy {
        var ended = Energy.zero
        let lots = image.lots.values.filter { $0.origin.issuer == issuer && $0.origin.expires > step.now }
        for lot in lots.sorted(by: { $0.number < $1.number }) {
            ended = try sum(ended, lot.amount)
            let origin = LotOrigin(
                issuer: issuer, giver: lot.origin.giver, proof: lot.origin.proof, expires: step.now)
            put(
                .lot(
                    Lot(
                        number: lot.number, account: lot.account, origin: origin,
                        available: lot.available, held: lot.held)))
        }
        return ended
    }
}
