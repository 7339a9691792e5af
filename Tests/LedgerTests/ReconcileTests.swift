import Cryptography
import Ledger
import Quantities
import TestKit
import Testing

/// What is left when a store is lost, and how two ledgers go on.
@Suite struct ReconcileTests {
    /// The board whose store stays.
    var sprout = LedgerFixture("Sprout")
    /// The board whose store is lost.
    var thor = LedgerFixture("Thor")
    let alice = LedgerFixture.account("alice@Sprout")
    let worker = LedgerFixture.account("worker@Thor")

    /// Each has paid the other and discharged a part; each owes a return, and one is on its way.
    init() throws {
        try sprout.apply(.observePeer(shown(by: thor)))
        try thor.apply(.observePeer(shown(by: sprout)))
        try sprout.charge(alice, joules: 300, proof: 1)
        try thor.charge(worker, joules: 200, proof: 2)
        try pay(100, from: &sprout, alice, to: &thor, worker, measured: 40)
        try pay(60, from: &thor, worker, to: &sprout, alice, measured: 10)
    }

    private func shown(by ledger: LedgerFixture, to peer: LedgerFixture? = nil) -> PeerObservation {
        let row = peer.flatMap { ledger.machine.image.peers[$0.home] }
        return PeerObservation(
            peer: ledger.home, storeEpoch: ledger.epoch, bootEpoch: 1, sent: row?.sent ?? .start,
            received: row?.received ?? .start)
    }

    /// Locks, posts, sends and receives `joules` of the newest lots.
    private func pay(
        _ joules: Int64, from payer: inout LedgerFixture, _ account: AccountID, to payee: inout LedgerFixture,
        _ target: AccountID, measured: Int64 = 0
    ) throws {
        let lock = payer.lockRequest(account, joules, for: Party(platform: payee.home, account: target))
        try payer.apply(.lock(lock))
        guard case .ended(_, let slices) = try payer.apply(.post(payer.postRequest(lock, joules))).result else {
            throw LedgerError.nothingListed
        }
        let head = try #require(payer.machine.image.peers[payee.home]).sent.advanced(by: lock.task.id.bytes.array)
        try payer.apply(.advanceLane(LaneAdvance(peer: payee.home, direction: .sent, head: head)))
        let outcome = try payee.apply(
            .receive(
                ReceiptCredit(
                    task: lock.task, account: target,
                    lots: slices.map { $0.transfer(at: payer.now, to: payee.home) }, receipt: LedgerFixture.proof(0),
                    head: head, measured: Energy(joules: measured))))
        guard case .received(let taken) = outcome.result else { throw LedgerError.nothingListed }
        #expect(taken.unmatched == .zero)
        #expect(taken.givenBack == .zero)
        try payer.apply(.advanceLane(LaneAdvance(peer: payee.home, direction: .acknowledged, head: head)))
    }

    /// Gives back what is owed; returns what the receiver made of it.
    private func giveBack(from giver: inout LedgerFixture, to taker: inout LedgerFixture) throws -> LedgerResult {
        guard case .returnNotice(let notice) = try giver.apply(.issueReturn(to: taker.home)).result else {
            throw LedgerError.nothingListed
        }
        let head = try #require(giver.machine.image.peers[taker.home]).sent.advanced(by: notice.encoded)
        try giver.apply(.advanceLane(LaneAdvance(peer: taker.home, direction: .sent, head: head)))
        let result = try taker.apply(.acceptReturn(notice)).result
        try taker.apply(.advanceLane(LaneAdvance(peer: giver.home, direction: .received, head: head)))
        return result
    }

    /// Thor begins anew, with another store.
    private mutating func loseStore() throws {
        thor = LedgerFixture("Thor", epoch: 99)
        // The handshake: Sprout finds a new store; the new store knows of nothing that it might miss.
        #expect(try sprout.apply(.observePeer(shown(by: thor, to: sprout))).result == .lane(stop: .newStore))
        #expect(try thor.apply(.observePeer(shown(by: sprout, to: thor))).result == .lane(stop: .homeTurnedBack))
    }

    private func expectSound() {
        for ledger in [sprout, thor] {
            #expect(ledger.machine.image.violations.isEmpty)
            // A store has only the changes of rows to go by.
            var stored = LedgerImage()
            for commit in ledger.commits { stored.apply(commit) }
            #expect(stored.violations.isEmpty)
            #expect(stored.stateHash == ledger.machine.image.stateHash)
        }
        let (here, there) = (sprout.machine.image.peers[thor.home], thor.machine.image.peers[sprout.home])
        #expect(here?.sent == there?.received)
        #expect(here?.received == there?.sent)
        #expect(here?.stop == nil)
        #expect(there?.stop == nil)
    }

    /// From Thor its own store is the lost one, from Sprout the peer's; either may begin.
    @Test(arguments: [true, false])
    mutating func `a lost store is reconciled on both sides, and money moves again`(_ isLoserFirst: Bool) throws {
        try loseStore()
        let lost = Energy(joules: 50)
        // Sprout's side before either: what it shows is what Thor reconciles from, and the other way round.
        let (ofSprout, ofThor) = (shown(by: sprout, to: thor), shown(by: thor, to: sprout))
        if isLoserFirst { try thor.apply(.reconcile(ofSprout)) }
        let found = try sprout.apply(.reconcile(ofThor)).result
        if !isLoserFirst { try thor.apply(.reconcile(ofSprout)) }
        guard case .reconciled(let account) = found else { return }
        #expect(account.ended == lost)
        #expect(account.abroad == Energy(joules: 100))
        #expect(account.owed == Energy(joules: 10))
        expectSound()

        // Thor's old credits are of no use any more; Sprout's own are.
        try sprout.apply(.expireLots)
        #expect(sprout.account(alice).expired == lost)
        #expect(sprout.account(alice).available == Energy(joules: 200))
        try pay(20, from: &sprout, alice, to: &thor, worker, measured: 20)
        try thor.charge(worker, joules: 500, proof: 9)
        try pay(30, from: &thor, worker, to: &sprout, alice, measured: 30)
        expectSound()

        // Each returns what it owes; of the lost store's tokens the new one knows nothing, and takes no harm.
        #expect(
            try giveBack(from: &thor, to: &sprout) == .returned(accepted: Energy(joules: 20), unmatched: .zero))
        #expect(
            try giveBack(from: &sprout, to: &thor)
                == .returned(accepted: Energy(joules: 30), unmatched: Energy(joules: 60)))
        expectSound()

        // What was abroad at the lost store comes home by itself.
        #expect(sprout.machine.image.balances?.ownAbroad == Energy(joules: 100))
        sprout.pass(LedgerFixture.week + .seconds(86_400))
        try sprout.apply(.expireLots)
        #expect(sprout.adp == Energy(joules: 100_000))
        #expect(sprout.machine.image.summary?.reclaimed == Energy(joules: 100))
        expectSound()
    }

    @Test mutating func `a return that the lost store had sent still finds what it returns`() throws {
        guard case .returnNotice(let notice) = try thor.apply(.issueReturn(to: sprout.home)).result else { return }
        try loseStore()
        try thor.apply(.reconcile(shown(by: sprout, to: thor)))
        try sprout.apply(.reconcile(shown(by: thor, to: sprout)))
        #expect(
            try sprout.apply(.acceptReturn(notice)).result
                == .returned(accepted: Energy(joules: 40), unmatched: .zero))
        expectSound()
    }

    @Test mutating func `a frozen credit of a lost society runs out when its lock ends`() throws {
        // Thor's 50 J run out first, and so are what a lock takes first.
        let lock = sprout.lockRequest(alice, 250, for: Party(platform: thor.home, account: worker))
        try sprout.apply(.lock(lock))
        try loseStore()
        guard case .reconciled(let account) = try sprout.apply(.reconcile(shown(by: thor, to: sprout))).result else {
            return
        }
        #expect(account.ended == Energy(joules: 50))
        try sprout.apply(.void(VoidRequest(task: lock.task.id, by: sprout.home, reason: .unreachable)))
        #expect(sprout.account(alice).expired == Energy(joules: 50))
        #expect(sprout.account(alice).available == Energy(joules: 200))
        #expect(sprout.machine.image.violations.isEmpty)
    }

    @Test mutating func `money that only a lost store knew of is worth nothing, and its receipt stops no lane`() throws
    {
        let old = try #require(sprout.machine.image.lots.values.first { $0.origin.issuer == thor.home })
        try loseStore()
        try thor.apply(.reconcile(shown(by: sprout, to: thor)))
        let head = LaneHead.start.advanced(by: [1])
        let outcome = try thor.apply(
            .receive(
                ReceiptCredit(
                    task: sprout.task(), account: worker,
                    lots: [LotSlice(amount: old.available, origin: old.origin).transfer(at: sprout.now, to: thor.home)],
                    receipt: LedgerFixture.proof(0), head: head, measured: Energy(joules: 50))))
        guard case .received(let taken) = outcome.result else { return }
        #expect(taken.unmatched == Energy(joules: 50))
        #expect(thor.account(worker).received == .zero)
        #expect(thor.machine.image.peers[sprout.home]?.received == head)
        #expect(thor.machine.image.violations.isEmpty)
    }

    @Test mutating func `reconciling twice changes nothing`() throws {
        try loseStore()
        let event = LedgerEvent.reconcile(shown(by: thor, to: sprout))
        #expect(try sprout.apply(event).commit != nil)
        #expect(try sprout.apply(event).commit == nil)
    }
}
