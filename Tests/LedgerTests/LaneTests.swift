import Cryptography
import Ledger
import Quantities
import TestKit
import Testing

/// Money lanes, and when they stop.
@Suite struct LaneTests {
    var ledger = LedgerFixture()
    let thor = LedgerFixture.platform("Thor")
    let alice = LedgerFixture.account("alice@Sprout")
    let first = LaneHead.start.advanced(by: [1])
    var second: LaneHead { first.advanced(by: [2]) }
    let other = LaneHead.start.advanced(by: [9])

    init() throws {
        try ledger.apply(.observePeer(ledger.observation(of: thor)))
        try ledger.charge(alice, joules: 100, proof: 1)
    }

    private func shown(
        epoch: UInt64 = 7, boot: UInt64 = 1, sent: LaneHead = .start, received: LaneHead = .start
    ) -> PeerObservation {
        PeerObservation(
            peer: thor, storeEpoch: StoreEpoch(epoch), bootEpoch: boot, sent: sent, received: received)
    }

    private mutating func advance(_ direction: LaneDirection, _ head: LaneHead) throws -> LedgerOutcome {
        try ledger.apply(.advanceLane(LaneAdvance(peer: thor, direction: direction, head: head)))
    }

    @Test(arguments: [LaneDirection.sent, .received])
    mutating func `a lane moves one message at a time`(_ direction: LaneDirection) throws {
        #expect(throws: LedgerError.laneGap(expected: 1, given: 2)) { try advance(direction, second) }
        #expect(try advance(direction, first).commit != nil)
        #expect(try advance(direction, first) == .unchanged(.lane(stop: nil)))
        #expect(throws: LedgerError.laneForked(sequence: 1)) { try advance(direction, other) }
        #expect(try advance(direction, second).commit != nil)
        #expect(throws: LedgerError.laneOld(head: 2, given: 1)) { try advance(direction, first) }
    }

    @Test mutating func `only what was sent can be acknowledged`() throws {
        #expect(throws: LedgerError.acknowledgedUnsent(sent: 0, given: 1)) { try advance(.acknowledged, first) }
        _ = try advance(.sent, first)
        _ = try advance(.sent, second)
        #expect(throws: LedgerError.laneForked(sequence: 2)) {
            try advance(.acknowledged, LaneHead(sequence: 2, hash: other.hash))
        }
        #expect(try advance(.acknowledged, second).commit != nil)
        #expect(try advance(.acknowledged, first) == .unchanged(.lane(stop: nil)))
        #expect(ledger.machine.image.peers[thor]?.acknowledged == second)
    }

    @Test mutating func `the same state shown again changes nothing`() throws {
        #expect(try ledger.apply(.observePeer(shown())) == .unchanged(.lane(stop: nil)))
        #expect(try ledger.apply(.observePeer(shown(boot: 2))).commit != nil)
        #expect(ledger.machine.image.peers[thor]?.bootEpoch == 2)
    }

    /// Sprout has sent two messages, of which one is acknowledged, and received one; Thor was opened 5 times.
    @Test(
        arguments: [
            (0, nil), (1, .newStore), (2, .olderBoot), (3, .homeTurnedBack), (4, .peerTurnedBack), (5, .peerTurnedBack),
            (6, .forked), (7, .forked), (8, .forked), (9, nil), (10, nil),
        ] as [(Int, LaneStop?)])
    mutating func `a store that was lost, turned back or copied stops its lane`(_ row: Int, _ stop: LaneStop?) throws {
        _ = try advance(.sent, first)
        _ = try advance(.sent, second)
        _ = try advance(.acknowledged, first)
        _ = try advance(.received, first)
        try ledger.apply(.observePeer(shown(boot: 5, sent: first, received: first)))
        let third = second.advanced(by: [3])
        let observations = [
            shown(boot: 5, sent: first, received: second),
            shown(epoch: 8, boot: 1),
            shown(boot: 4, sent: first, received: second),
            shown(boot: 5, sent: first, received: third),
            shown(boot: 6, sent: first, received: .start),
            shown(boot: 6, sent: .start, received: second),
            shown(boot: 6, sent: other, received: second),
            shown(boot: 6, sent: first, received: LaneHead(sequence: 2, hash: other.hash)),
            shown(boot: 6, sent: first, received: other),
            shown(boot: 6, sent: third, received: first),
            shown(boot: 5, sent: first, received: first),
        ]
        let outcome = try ledger.apply(.observePeer(observations[row]))
        #expect(outcome.result == .lane(stop: stop))
        #expect(ledger.machine.image.peers[thor]?.stop == stop)
    }

    @Test mutating func `money stands still on a stopped lane until it is reconciled`() throws {
        let payee = Party(platform: thor, account: LedgerFixture.account("dp@Thor"))
        let lock = ledger.lockRequest(alice, 5, for: payee)
        try ledger.apply(.lock(lock))
        _ = try advance(.sent, first)
        _ = try advance(.received, first)
        try ledger.apply(.observePeer(shown(epoch: 8)))
        let stopped = LedgerError.laneStopped(.newStore)
        #expect(throws: stopped) { try ledger.apply(.post(ledger.postRequest(lock, 5))) }
        #expect(throws: stopped) { try advance(.sent, second) }
        #expect(throws: stopped) { try ledger.apply(.issueReturn(to: thor)) }
        let another = ledger.lockRequest(alice, 5, for: payee)
        #expect(throws: stopped) { try ledger.apply(.lock(another)) }
        // Showing the old state again does not open the lane.
        #expect(try ledger.apply(.observePeer(shown())).result == .lane(stop: .newStore))
        // What is frozen here is still the payer's to take back.
        try ledger.apply(.void(VoidRequest(task: lock.task.id, by: ledger.home, reason: .unreachable)))
        #expect(ledger.account(alice).available == Energy(joules: 100))

        try ledger.apply(.reconcile(shown(epoch: 8)))
        let peer = try #require(ledger.machine.image.peers[thor])
        #expect(peer.stop == nil)
        #expect(peer.storeEpoch == StoreEpoch(8))
        #expect(peer.sent == .start)
        #expect(peer.received == first)
        try ledger.apply(.lock(ledger.lockRequest(alice, 5, for: payee)))
    }

    @Test mutating func `two sides that reconcile from each other agree`() throws {
        var there = LedgerFixture("Thor")
        let here = ledger.home
        try there.apply(
            .observePeer(
                PeerObservation(peer: here, storeEpoch: ledger.epoch, bootEpoch: 1, sent: .start, received: .start)))
        _ = try advance(.sent, first)
        _ = try advance(.sent, second)
        _ = try advance(.received, first)
        try there.apply(.advanceLane(LaneAdvance(peer: here, direction: .received, head: first)))
        let mine = try #require(ledger.machine.image.peers[thor])
        let theirs = try #require(there.machine.image.peers[here])
        try ledger.apply(.reconcile(shown(sent: theirs.sent, received: theirs.received)))
        try there.apply(
            .reconcile(
                PeerObservation(
                    peer: here, storeEpoch: ledger.epoch, bootEpoch: 1, sent: mine.sent, received: mine.received)))
        let (after, afterThere) = (ledger.machine.image.peers[thor], there.machine.image.peers[here])
        #expect(after?.sent == afterThere?.received)
        #expect(after?.received == afterThere?.sent)
    }

    @Test mutating func `tasks of a store that is gone are forgotten with their numbers`() throws {
        let lots = [
            LotTransfer(
                issuer: thor, amount: Energy(joules: 1), remaining: .seconds(60), proof: LedgerFixture.proof(3))
        ]
        try ledger.apply(
            ledger.receipt(
                TaskReference(delegator: thor, storeEpoch: StoreEpoch(7), sequence: 1), to: alice, lots))
        #expect(ledger.machine.image.finished.count == 1)
        try ledger.apply(.reconcile(shown(epoch: 8)))
        #expect(ledger.machine.image.finished.isEmpty)
        #expect(throws: LedgerError.staleTask(current: StoreEpoch(8), given: StoreEpoch(7))) {
            try ledger.apply(.raiseFloor(of: thor, storeEpoch: StoreEpoch(7), to: 5))
        }
    }

    @Test mutating func `strangers and this platform itself are no peers`() throws {
        let stranger = LedgerFixture.platform("Mallory")
        let lock = ledger.lockRequest(alice, 1, for: Party(platform: stranger, account: alice))
        #expect(throws: LedgerError.unknownPeer(stranger)) { try ledger.apply(.lock(lock)) }
        #expect(throws: LedgerError.unknownPeer(stranger)) { try ledger.apply(.issueReturn(to: stranger)) }
        #expect(throws: LedgerError.ownPlatform) {
            try ledger.apply(.observePeer(ledger.observation(of: ledger.home)))
        }
        #expect(throws: LedgerError.nothingOwed(thor)) { try ledger.apply(.issueReturn(to: thor)) }
    }
}
