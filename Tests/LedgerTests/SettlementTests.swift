import Cryptography
@testable import Ledger
import Quantities
import TestKit
import Testing

/// Money between two and three platforms, step by step.
@Suite struct SettlementTests {
    var sprout = LedgerFixture("Sprout")
    var thor = LedgerFixture("Thor")
    var legion = LedgerFixture("Legion")
    let alice = LedgerFixture.account("alice@Sprout")
    let worker = LedgerFixture.account("worker@Thor")
    let third = LedgerFixture.account("worker@Legion")

    init() throws {
        try sprout.apply(.observePeer(shown(by: thor)))
        try sprout.apply(.observePeer(shown(by: legion)))
        try thor.apply(.observePeer(shown(by: sprout)))
        try thor.apply(.observePeer(shown(by: legion)))
        try legion.apply(.observePeer(shown(by: sprout)))
        try legion.apply(.observePeer(shown(by: thor)))
        try sprout.charge(alice, joules: 300, proof: 1)
    }

    private func shown(by ledger: LedgerFixture) -> PeerObservation {
        PeerObservation(
            peer: ledger.home, storeEpoch: ledger.epoch, bootEpoch: 1, sent: .start, received: .start)
    }

    /// Locks, posts and receives `joules`; returns what became of them.
    private func pay(
        _ joules: Int64, from payer: inout LedgerFixture, _ account: AccountID, to payee: inout LedgerFixture,
        _ target: AccountID, measured: Int64 = 0, reputation: ReputationCredit? = nil, delay: TimeSpan = .zero
    ) throws -> ReceivedLots {
        let lock = payer.lockRequest(account, joules, for: Party(platform: payee.home, account: target))
        try payer.apply(.lock(lock))
        let posted = try payer.apply(.post(payer.postRequest(lock, joules)))
        guard case .ended(.posted(Energy(joules: joules)), let slices) = posted.result else {
            throw LedgerError.unknownTask(lock.task.id)
        }
        let lots = slices.map { $0.transfer(at: payer.now, to: payee.home) }
        payee.pass(delay)
        let receipt = payee.receipt(
            lock.task, to: target, lots, measured: Energy(joules: measured), reputation: reputation)
        guard case .received(let taken) = try payee.apply(receipt).result else { throw LedgerError.nothingListed }
        return taken
    }

    /// Gives back what is owed; returns what the receiver made of it.
    private func giveBack(from giver: inout LedgerFixture, to taker: inout LedgerFixture) throws -> LedgerResult {
        guard case .returnNotice(let notice) = try giver.apply(.issueReturn(to: taker.home)).result else {
            throw LedgerError.nothingListed
        }
        let sent = giver.machine.image.peers[taker.home]?.sent ?? .start
        try giver.apply(
            .advanceLane(
                LaneAdvance(peer: taker.home, direction: .sent, head: sent.advanced(by: notice.encoded))))
        return try taker.apply(.acceptReturn(notice)).result
    }

    /// A notice of Sprout's tokens that a holder says it has used up, whether or not it had them.
    private func usedUp(_ joules: Int64, from holder: PlatformID, number: UInt64) -> ReturnNotice {
        let line = ReturnLine(
            issuer: sprout.home, proof: LedgerFixture.proof(1), discharged: Energy(joules: joules), expired: .zero)
        return ReturnNotice(from: holder, number: number, lines: [line])
    }

    @Test mutating func `a paid task ends with the same figures on both sides`() throws {
        let reputation = ReputationCredit(worker: worker, quality: BasisPoints(clamping: 9_500))
        _ = try pay(100, from: &sprout, alice, to: &thor, worker, measured: 80, reputation: reputation)
        #expect(sprout.account(alice).available == Energy(joules: 200))
        #expect(sprout.account(alice).sent == Energy(joules: 100))
        #expect(sprout.machine.image.balances?.ownAbroad == Energy(joules: 100))
        #expect(thor.account(worker).received == Energy(joules: 100))
        #expect(thor.adp == Energy(joules: 100_000))
        #expect(thor.account(worker).available == Energy(joules: 20))
        #expect(thor.account(worker).discharged == Energy(joules: 80))
        #expect(thor.account(worker).reputation == Energy(joules: 76))
        #expect(thor.machine.image.balances?.owed == Energy(joules: 80))

        #expect(
            try giveBack(from: &thor, to: &sprout) == .returned(accepted: Energy(joules: 80), unmatched: .zero))
        #expect(sprout.adp == Energy(joules: 99_780))
        #expect(sprout.machine.image.balances?.ownAbroad == Energy(joules: 20))
        #expect(sprout.machine.image.violations.isEmpty)
        #expect(thor.machine.image.violations.isEmpty)
    }

    @Test mutating func `a receipt that comes again with less time left is the same receipt`() throws {
        let lock = sprout.lockRequest(alice, 50, for: Party(platform: thor.home, account: worker))
        try sprout.apply(.lock(lock))
        guard case .ended(_, let slices) = try sprout.apply(.post(sprout.postRequest(lock, 50))).result else { return }
        let (ledger, receiver, payee) = (thor, thor.home, worker)
        func receipt(at now: LedgerTime) -> LedgerEvent {
            ledger.receipt(lock.task, to: payee, slices.map { $0.transfer(at: now, to: receiver) })
        }
        try thor.apply(receipt(at: sprout.now))
        #expect(try thor.apply(receipt(at: sprout.now + .seconds(5))) == .unchanged(.lane(stop: nil)))
        #expect(thor.account(worker).received == Energy(joules: 50))
    }

    @Test mutating func `no more is discharged for a task than was paid for it`() throws {
        _ = try pay(60, from: &sprout, alice, to: &thor, worker)
        #expect(try pay(40, from: &sprout, alice, to: &thor, worker, measured: 90).discharged == Energy(joules: 40))
        #expect(thor.account(worker).discharged == Energy(joules: 40))
        #expect(thor.account(worker).available == Energy(joules: 60))
    }

    @Test mutating func `own tokens that come home by a payment are own tokens again`() throws {
        let before = try #require(sprout.machine.image.lots.values.first).origin
        _ = try pay(100, from: &sprout, alice, to: &thor, worker)
        _ = try pay(70, from: &thor, worker, to: &sprout, alice, delay: .zero)
        #expect(sprout.machine.image.balances?.ownAbroad == Energy(joules: 30))
        #expect(sprout.machine.image.balances?.foreignAtHome == .zero)
        #expect(thor.machine.image.abroad.isEmpty)
        // Their lifetime is what it was, though Thor's clock would have given them longer.
        #expect(sprout.machine.image.lots.values.allSatisfy { $0.origin == before })
        #expect(sprout.machine.image.violations.isEmpty)
    }

    @Test mutating func `a way home through a slow clock extends no lifetime`() throws {
        let before = try #require(sprout.machine.image.lots.values.first).origin
        _ = try pay(100, from: &sprout, alice, to: &thor, worker)
        sprout.pass(.seconds(500))
        _ = try pay(70, from: &thor, worker, to: &sprout, alice)
        #expect(sprout.machine.image.lots.values.allSatisfy { $0.origin.expires == before.expires })
    }

    @Test mutating func `tokens that go round three platforms come home`() throws {
        _ = try pay(100, from: &sprout, alice, to: &thor, worker)
        _ = try pay(60, from: &thor, worker, to: &legion, third)
        _ = try pay(50, from: &legion, third, to: &sprout, alice, measured: 50)
        #expect(sprout.machine.image.balances?.ownAbroad == Energy(joules: 50))
        #expect(sprout.account(alice).available == Energy(joules: 200))
        #expect(sprout.adp == Energy(joules: 99_750))
        for ledger in [sprout, thor, legion] { #expect(ledger.machine.image.violations.isEmpty) }
    }

    /// Which of the two the payment is taken off nobody can know: both must be able to return what they have.
    @Test(arguments: [true, false])
    mutating func `what a third platform brings home is not missed at another that has it still`(
        _ byThor: Bool
    ) throws {
        var nano = LedgerFixture("Nano")
        let fourth = LedgerFixture.account("worker@Nano")
        try nano.apply(.observePeer(shown(by: sprout)))
        try sprout.apply(.observePeer(shown(by: nano)))
        if byThor {
            try nano.apply(.observePeer(shown(by: thor)))
            try thor.apply(.observePeer(shown(by: nano)))
            _ = try pay(100, from: &sprout, alice, to: &thor, worker, measured: 40)
            _ = try pay(100, from: &sprout, alice, to: &legion, third, measured: 100)
            _ = try pay(60, from: &thor, worker, to: &nano, fourth)
        } else {
            try nano.apply(.observePeer(shown(by: legion)))
            try legion.apply(.observePeer(shown(by: nano)))
            _ = try pay(100, from: &sprout, alice, to: &thor, worker, measured: 100)
            _ = try pay(100, from: &sprout, alice, to: &legion, third, measured: 40)
            _ = try pay(60, from: &legion, third, to: &nano, fourth)
        }
        #expect(try pay(50, from: &nano, fourth, to: &sprout, alice).unmatched == .zero)
        #expect(sprout.machine.image.balances?.ownAbroad == Energy(joules: 150))
        #expect(sprout.machine.image.violations.isEmpty)
        let rows = sprout.machine.image.rows
        #expect(LedgerImage(head: sprout.machine.image.head, rows: rows).stateHash == sprout.machine.image.stateHash)
        for row in rows { #expect(try LedgerRow(row.key.kind, decoding: row.encoded) == row) }

        let (thors, legions) = byThor ? (40, 100) : (100, 40)
        #expect(
            try giveBack(from: &thor, to: &sprout)
                == .returned(accepted: Energy(joules: Int64(thors)), unmatched: .zero))
        #expect(
            try giveBack(from: &legion, to: &sprout)
                == .returned(accepted: Energy(joules: Int64(legions)), unmatched: .zero))
        #expect(sprout.machine.image.balances?.ownAbroad == Energy(joules: 10))
        #expect(sprout.machine.image.violations.isEmpty)
        // Nobody returns more than is out.
        let beyond = usedUp(100, from: byThor ? legion.home : thor.home, number: 9)
        guard case .returned(let accepted, let unmatched) = try sprout.apply(.acceptReturn(beyond)).result else {
            Issue.record("the notice was not taken")
            return
        }
        #expect(accepted <= Energy(joules: 10))
        #expect(unmatched == Energy(joules: 100) - accepted)
        #expect(sprout.machine.image.violations.isEmpty)
        // What is left comes back by itself, and nothing is remembered of it.
        sprout.pass(LedgerFixture.week + .seconds(86_400))
        try sprout.apply(.expireLots)
        #expect(sprout.machine.image.abroad.isEmpty)
        #expect(sprout.machine.image.nextDeadline == nil)
        #expect(sprout.machine.image.violations.isEmpty)
    }

    @Test mutating func `who has returned all that it was sent returns nothing in another's place`() throws {
        _ = try pay(50, from: &sprout, alice, to: &thor, worker, measured: 50)
        _ = try pay(50, from: &sprout, alice, to: &legion, third, measured: 50)
        #expect(
            try sprout.apply(.acceptReturn(usedUp(60, from: thor.home, number: 4))).result
                == .returned(accepted: Energy(joules: 50), unmatched: Energy(joules: 10)))
        #expect(
            try giveBack(from: &legion, to: &sprout) == .returned(accepted: Energy(joules: 50), unmatched: .zero))
    }

    @Test mutating func `tokens used up at a third platform return along the way they came`() throws {
        _ = try pay(100, from: &sprout, alice, to: &thor, worker)
        _ = try pay(60, from: &thor, worker, to: &legion, third, measured: 45)
        #expect(legion.machine.image.creditors == [thor.home])
        #expect(
            try giveBack(from: &legion, to: &thor) == .returned(accepted: Energy(joules: 45), unmatched: .zero))
        #expect(thor.machine.image.creditors == [sprout.home])
        #expect(
            try giveBack(from: &thor, to: &sprout) == .returned(accepted: Energy(joules: 45), unmatched: .zero))
        #expect(sprout.adp == Energy(joules: 99_745))
        #expect(sprout.machine.image.violations.isEmpty)
    }

    @Test mutating func `a holder returns no more than it holds`() throws {
        _ = try pay(100, from: &sprout, alice, to: &thor, worker)
        let line = ReturnLine(
            issuer: sprout.home, proof: LedgerFixture.proof(1), discharged: Energy(joules: 150), expired: .zero)
        let notice = ReturnNotice(from: thor.home, number: 1, lines: [line])
        #expect(
            try sprout.apply(.acceptReturn(notice)).result
                == .returned(accepted: Energy(joules: 100), unmatched: Energy(joules: 50)))
        #expect(sprout.adp == Energy(joules: 99_800))
        #expect(sprout.machine.image.peers[thor.home]?.unmatchedReturns == Energy(joules: 50))
        #expect(
            try sprout.apply(.acceptReturn(notice))
                == .unchanged(.returned(accepted: Energy(joules: 100), unmatched: Energy(joules: 50))))
        let forged = ReturnNotice(from: thor.home, number: 1, lines: [line, line])
        #expect(throws: LedgerError.returnOutOfStep(last: 1, given: 1)) { try sprout.apply(.acceptReturn(forged)) }
        let stranger = ReturnNotice(from: legion.home, number: 1, lines: [line])
        #expect(
            try sprout.apply(.acceptReturn(stranger)).result
                == .returned(accepted: .zero, unmatched: Energy(joules: 150)))
        #expect(sprout.adp == Energy(joules: 99_800))
    }

    @Test mutating func `a peer cannot pay with own tokens that it never got`() throws {
        _ = try pay(10, from: &sprout, alice, to: &thor, worker)
        let lots = [
            LotTransfer(
                issuer: sprout.home, amount: Energy(joules: 11), remaining: .seconds(9_000),
                proof: LedgerFixture.proof(1))
        ]
        let outcome = try sprout.apply(sprout.receipt(thor.task(), to: alice, lots))
        guard case .received(let taken) = outcome.result else { return }
        #expect(taken.kept == Energy(joules: 10))
        #expect(taken.unmatched == Energy(joules: 1))
        #expect(sprout.account(alice).available == Energy(joules: 300))
        #expect(sprout.machine.image.peers[thor.home]?.unmatchedReturns == Energy(joules: 1))
        #expect(sprout.machine.image.violations.isEmpty)
    }

    @Test mutating func `a peer cannot give lots a longer life than any may have`() throws {
        let lots = [
            LotTransfer(
                issuer: thor.home, amount: Energy(joules: 1), remaining: .seconds(31 * 86_400),
                proof: LedgerFixture.proof(8))
        ]
        try sprout.apply(sprout.receipt(thor.task(), to: alice, lots))
        let lot = sprout.machine.image.lots.values.first { $0.origin.issuer == thor.home }
        #expect(lot?.origin.expires == sprout.now + .seconds(30 * 86_400))
    }

    @Test mutating func `what runs out abroad is wasted when it is reported`() throws {
        _ = try pay(100, from: &sprout, alice, to: &thor, worker)
        thor.pass(LedgerFixture.week)
        try thor.apply(.expireLots)
        #expect(thor.account(worker).expired == Energy(joules: 100))
        #expect(thor.adp == Energy(joules: 100_000))
        #expect(
            try giveBack(from: &thor, to: &sprout) == .returned(accepted: Energy(joules: 100), unmatched: .zero))
        #expect(sprout.machine.image.summary?.wasted == Energy(joules: 100))
    }

    @Test mutating func `what nobody reports comes back after its lifetime and the grace`() throws {
        _ = try pay(100, from: &sprout, alice, to: &thor, worker)
        sprout.pass(LedgerFixture.week + .seconds(86_399))
        try sprout.apply(.expireLots)
        #expect(sprout.adp == Energy(joules: 99_900))
        sprout.pass(.seconds(1))
        let swept = try sprout.apply(.expireLots).result
        #expect(swept == .swept(LedgerSweep(lots: 0, expired: .zero, reclaimed: Energy(joules: 100), more: false)))
        #expect(sprout.adp == Energy(joules: 100_000))
        #expect(sprout.machine.image.summary?.reclaimed == Energy(joules: 100))
        #expect(try sprout.apply(.expireLots).commit == nil)
        // A notice that comes too late finds nothing and changes no balance.
        #expect(
            try sprout.apply(.acceptReturn(usedUp(100, from: thor.home, number: 4))).result
                == .returned(accepted: .zero, unmatched: Energy(joules: 100)))
        #expect(sprout.adp == Energy(joules: 100_000))
    }

    @Test mutating func `several events are applied as one or not at all`() throws {
        let before = sprout.machine.image.stateHash
        let lock = sprout.lockRequest(alice, 10, for: Party(platform: thor.home, account: worker))
        let gap = LaneAdvance(
            peer: thor.home, direction: .sent, head: LaneHead(sequence: 2, hash: LedgerFixture.proof(0)))
        var machine = sprout.machine
        #expect(throws: LedgerError.laneGap(expected: 1, given: 2)) {
            try machine.apply(
                all: [.lock(lock), .post(sprout.postRequest(lock, 10)), .advanceLane(gap)], at: sprout.now)
        }
        #expect(machine.image.stateHash == before)
        let next = LaneAdvance(peer: thor.home, direction: .sent, head: LaneHead.start.advanced(by: [1]))
        let outcomes = try machine.apply(
            all: [.lock(lock), .post(sprout.postRequest(lock, 10)), .advanceLane(next)], at: sprout.now)
        #expect(outcomes.compactMap(\.commit).count == 3)
        #expect(machine.image.violations.isEmpty)
    }
}
