import Cryptography
import Quantities
import TestKit
import Testing

@testable import Ledger

/// Receipts that are the next message of their lane: they are taken in, whatever room there is.
@Suite struct ReceiptTests {
    var ledger = LedgerFixture("Sprout")
    let thor = LedgerFixture.platform("Thor")
    let legion = LedgerFixture.platform("Legion")
    let alice = LedgerFixture.account("alice@Sprout")
    let day = TimeSpan.seconds(86_400)

    init() throws {
        for peer in [thor, legion] { try ledger.apply(.observePeer(ledger.observation(of: peer))) }
    }

    private func lot(_ millijoules: Int64, proof: Int, for span: TimeSpan, of issuer: PlatformID? = nil) -> LotTransfer
    {
        LotTransfer(
            issuer: issuer ?? thor, amount: Energy(millijoules: millijoules), remaining: span,
            proof: LedgerFixture.proof(proof))
    }

    /// The next receipt of `payer`'s lane.
    private func receipt(
        _ lots: [LotTransfer], measured: Int64 = 0, task: UInt64 = 1, from payer: PlatformID? = nil
    ) throws -> LedgerEvent {
        let payer = payer ?? thor
        let lane = try #require(ledger.machine.image.peers[payer]).received
        return .receive(
            ReceiptCredit(
                task: TaskReference(delegator: payer, storeEpoch: StoreEpoch(7), sequence: task), account: alice,
                lots: lots, receipt: LedgerFixture.proof(0), head: lane.advanced(by: [UInt8(task & 255)]),
                measured: Energy(millijoules: measured),
                reputation: ReputationCredit(worker: alice, quality: .one)))
    }

    @discardableResult
    private mutating func pay(
        _ lots: [LotTransfer], measured: Int64 = 0, task: UInt64 = 1, from payer: PlatformID? = nil
    ) throws -> ReceivedLots {
        let outcome = try ledger.apply(receipt(lots, measured: measured, task: task, from: payer))
        guard case .received(let taken) = outcome.result else { throw LedgerError.nothingListed }
        #expect(taken.paid == taken.discharged + taken.kept + taken.givenBack + taken.unmatched)
        if ledger.commits.count % 16 == 0 { #expect(ledger.machine.image.violations.isEmpty) }
        return taken
    }

    private func amounts(_ taken: ReceivedLots) -> [Int64] {
        [taken.discharged, taken.kept, taken.givenBack, taken.unmatched].map(\.millijoules)
    }

    /// Fills the account with `count` own lots.
    private mutating func fill(_ count: Int) throws {
        for proof in 0..<count { try ledger.charge(alice, joules: 1, proof: 100_000 + proof) }
    }

    // MARK: Once

    @Test mutating func `a receipt moves its lane, pays and discharges in one`() throws {
        let event = try receipt([lot(300, proof: 1, for: day)], measured: 200)
        let outcome = try ledger.apply(event)
        guard case .received(let taken) = outcome.result else { return }
        #expect(amounts(taken) == [200, 100, 0, 0])
        #expect(ledger.account(alice).available == Energy(millijoules: 100))
        #expect(ledger.account(alice).reputation == Energy(millijoules: 200))
        #expect(ledger.machine.image.peers[thor]?.received.sequence == 1)
        #expect(ledger.machine.image.balances?.owed == Energy(millijoules: 200))
        // Sent again, it is the message that the lane ends with.
        let head = ledger.machine.image.head
        #expect(try ledger.apply(event) == .unchanged(.lane(stop: nil)))
        #expect(ledger.machine.image.head == head)
        try pay([lot(5, proof: 1, for: day)], task: 2)
        #expect(throws: LedgerError.laneOld(head: 2, given: 1)) { try ledger.apply(event) }
    }

    @Test mutating func `a receipt after a gap, on a fork or on a stopped lane waits`() throws {
        func receipt(_ head: LaneHead) -> LedgerEvent {
            .receive(
                ReceiptCredit(
                    task: TaskReference(delegator: thor, storeEpoch: StoreEpoch(7), sequence: 1), account: alice,
                    lots: [lot(1, proof: 1, for: day)], receipt: .zero, head: head))
        }
        let first = LaneHead.start.advanced(by: [1])
        #expect(throws: LedgerError.laneGap(expected: 1, given: 2)) {
            try ledger.apply(receipt(first.advanced(by: [2])))
        }
        try ledger.apply(receipt(first))
        #expect(throws: LedgerError.laneForked(sequence: 1)) {
            try ledger.apply(receipt(LaneHead.start.advanced(by: [9])))
        }
        try ledger.apply(.observePeer(ledger.observation(of: thor, epoch: 8)))
        #expect(throws: LedgerError.laneStopped(.newStore)) { try ledger.apply(receipt(first.advanced(by: [2]))) }
    }

    /// The worker may have forgotten the task, and the ledger its number: the money is there all the same.
    @Test mutating func `a late receipt needs nothing but itself`() throws {
        try pay([lot(10, proof: 1, for: day)], task: 5)
        try ledger.apply(.raiseFloor(of: thor, storeEpoch: StoreEpoch(7), to: 9))
        #expect(ledger.machine.image.finished.isEmpty)
        #expect(amounts(try pay([lot(10, proof: 1, for: day)], task: 5)) == [0, 10, 0, 0])
        #expect(amounts(try pay([lot(10, proof: 1, for: day)], task: 3)) == [0, 10, 0, 0])
        #expect(ledger.account(alice).available == Energy(millijoules: 30))
    }

    @Test mutating func `what is paid and not discharged stands in no floor's way`() throws {
        for task in 1...3 { try pay([lot(10, proof: 1, for: day)], task: UInt64(task)) }
        #expect(ledger.machine.image.firstLiveTask(of: thor) == nil)
        #expect(ledger.machine.image.proposedTaskFloor(of: thor, keeping: 1) == 3)
    }

    @Test mutating func `past the remembered tasks a receipt is applied and only the lane remembers`() throws {
        let count = UInt64(LedgerLimits.finishedTasksPerPeer)
        for task in 1...(count + 3) { try pay([lot(1, proof: 1, for: day)], task: task) }
        #expect(ledger.machine.image.finished.count == Int(count))
        #expect(ledger.account(alice).available == Energy(millijoules: Int64(count) + 3))
    }

    // MARK: Room

    @Test mutating func `what is discharged at once needs no room`() throws {
        try fill(LedgerLimits.lotsPerAccount)
        let lots = (0..<64).map { lot(10, proof: $0, for: day) }
        #expect(amounts(try pay(lots, measured: 640)) == [640, 0, 0, 0])
        #expect(ledger.account(alice).discharged == Energy(millijoules: 640))
        #expect(ledger.machine.image.lots.count == LedgerLimits.lotsPerAccount)
    }

    @Test mutating func `what finds no room is given back at once, and nothing held is touched`() throws {
        try pay([lot(7, proof: 1, for: day)])
        try fill(LedgerLimits.lotsPerAccount - 1)
        let before = ledger.machine.image.lots
        // The lot of proof 1 is there to join; the one of proof 2 finds no room.
        let lots = [lot(5, proof: 1, for: day), lot(9, proof: 2, for: day + day)]
        let taken = try pay(lots, measured: 2, task: 2)
        #expect(amounts(taken) == [2, 3, 9, 0])
        let after = ledger.machine.image.lots
        #expect(after.count == before.count)
        #expect(before.filter { after[$0.key] != $0.value }.map(\.value.origin.proof) == [LedgerFixture.proof(1)])
        let owed = ledger.machine.image.owed.values.map { [$0.discharged, $0.expired] }
        #expect(Set(owed) == [[Energy(millijoules: 2), .zero], [.zero, Energy(millijoules: 9)]])
        // The account never owned what it could not keep.
        #expect(ledger.account(alice).received == Energy(millijoules: 12))
        #expect(ledger.account(alice).expired == .zero)
        guard case .returnNotice(let notice) = try ledger.apply(.issueReturn(to: thor)).result else { return }
        #expect(notice.lines.count == 2)
    }

    @Test mutating func `one peer's dust takes only its own share`() throws {
        for task in 0..<10 {
            try pay((0..<64).map { lot(1, proof: task * 64 + $0, for: day) }, task: UInt64(task + 1))
        }
        #expect(ledger.machine.image.lots.count == LedgerLimits.lotsFromPeer)
        #expect(amounts(try pay([lot(50, proof: 1, for: day, of: legion)], from: legion)) == [0, 50, 0, 0])
        try ledger.charge(alice, joules: 1, proof: 1)
        #expect(ledger.machine.image.lots.count == LedgerLimits.lotsFromPeer + 2)
    }

    @Test mutating func `one peer cannot pay so much that another's payment has no place`() throws {
        let most = LedgerLimits.heldFromPeer.millijoules
        let taken = try pay([lot(most + 5, proof: 1, for: day), lot(most, proof: 2, for: day)])
        #expect(amounts(taken) == [0, most, most + 5, 0])
        #expect(amounts(try pay([lot(50, proof: 1, for: day, of: legion)], from: legion)) == [0, 50, 0, 0])
    }

    @Test mutating func `what can no longer be remembered as owed is left to its issuer's clock`() throws {
        // Everything arrives with its life spent, and so is owed back at once.
        for task in 0..<20 {
            let taken = try pay((0..<64).map { lot(1, proof: task * 64 + $0, for: .zero) }, task: UInt64(task + 1))
            #expect(amounts(taken) == [0, 0, 64, 0])
        }
        #expect(ledger.machine.image.owed.count == LedgerLimits.returnsOwedToPeer)
        #expect(amounts(try pay([lot(1, proof: 1, for: .zero, of: legion)], from: legion)) == [0, 0, 1, 0])
        #expect(ledger.machine.image.creditors == [legion, thor].sorted())
    }

    @Test mutating func `own tokens that find no room are wasted at home`() throws {
        let payee = Party(platform: thor, account: LedgerFixture.account("dp@Thor"))
        try ledger.charge(alice, joules: 10, proof: 1)
        let lock = ledger.lockRequest(alice, 10, for: payee)
        try ledger.apply(.lock(lock))
        try ledger.apply(.post(ledger.postRequest(lock, 10)))
        try fill(LedgerLimits.lotsPerAccount)
        let back = LotTransfer(
            issuer: ledger.home, amount: Energy(joules: 12), remaining: day, proof: LedgerFixture.proof(1),
            isReturning: true)
        #expect(amounts(try pay([back])) == [0, 0, 10_000, 2_000])
        #expect(ledger.machine.image.summary?.wasted == Energy(joules: 10))
        #expect(ledger.machine.image.peers[thor]?.unmatchedReturns == Energy(joules: 2))
        #expect(ledger.machine.image.abroad.isEmpty)
    }

    // MARK: Mergers

    @Test mutating func `lots alike become one, which keeps the earlier end`() throws {
        try pay([lot(10, proof: 1, for: day)])
        let expires = ledger.now + day
        try pay([lot(5, proof: 1, for: day + .seconds(60))], task: 2)
        try pay([lot(5, proof: 1, for: day)], task: 3)
        let lots = ledger.machine.image.lots.values
        #expect(lots.map(\.available) == [Energy(millijoules: 20)])
        #expect(lots.map(\.origin.expires) == [expires])
        // Another issuer, another proof or another giver makes another lot.
        try pay([lot(1, proof: 1, for: day, of: legion)], task: 4)
        try pay([lot(1, proof: 2, for: day)], task: 5)
        try pay([lot(1, proof: 1, for: day)], from: legion)
        #expect(ledger.machine.image.lots.count == 4)
    }

    @Test mutating func `no payment shortens what is held, or loses more than a part of its own life`() throws {
        try pay([lot(1_000, proof: 1, for: day)])
        try pay([lot(1, proof: 1, for: .seconds(1))], task: 2)
        try pay([lot(500, proof: 1, for: day + day)], task: 3)
        let lots = ledger.machine.image.lots.values.sorted { $0.origin < $1.origin }
        #expect(lots.map(\.available.millijoules) == [1, 1_000, 500])
        #expect(lots.map { $0.origin.expires.since(ledger.now) } == [.seconds(1), day, day + day])
    }

    @Test mutating func `a lot in a lock is joined without touching the lock`() throws {
        try pay([lot(10_000, proof: 1, for: day)])
        let lock = ledger.lockRequest(alice, 10, for: Party(platform: legion, account: alice))
        try ledger.apply(.lock(lock))
        try pay([lot(500, proof: 1, for: day)], task: 2)
        #expect(ledger.machine.image.lots.values.map(\.available) == [Energy(millijoules: 500)])
        #expect(ledger.account(alice).locked == Energy(joules: 10))
        try ledger.apply(.post(ledger.postRequest(lock, 10)))
        #expect(ledger.account(alice).available == Energy(millijoules: 500))
        #expect(ledger.machine.image.violations.isEmpty)
    }

    @Test mutating func `where there is no room, any lot alike is better than none`() throws {
        try pay([lot(10, proof: 1, for: .seconds(100))])
        try fill(LedgerLimits.lotsPerAccount - 1)
        #expect(amounts(try pay([lot(10, proof: 1, for: day)], task: 2)) == [0, 10, 0, 0])
        #expect(amounts(try pay([lot(10, proof: 1, for: .seconds(50))], task: 3)) == [0, 0, 10, 0])
    }

    // MARK: Choosing

    /// 64 lots that suffice are found behind any amount of dust.
    @Test(arguments: UInt64(1)...20)
    mutating func `dust hinders no lock`(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var amounts: [Int64] = []
        for proof in 0..<random.number(in: 65...300) {
            let joules = random.oneIn(4) ? random.number(in: 10...1_000) : random.number(in: 1...5)
            amounts.append(Int64(joules))
            try ledger.charge(
                alice, joules: Int64(joules), proof: proof, lifetime: day + .seconds(random.number(in: 0...100_000)))
        }
        let most = amounts.sorted(by: >).prefix(LedgerLimits.lotsPerTransfer).reduce(0, +)
        let payee = Party(platform: thor, account: alice)
        #expect(throws: LedgerError.limitReached(.lotsPerTransfer, limit: LedgerLimits.lotsPerTransfer)) {
            try ledger.apply(.lock(ledger.lockRequest(alice, most + 1, for: payee)))
        }
        for wanted in [most, most / 2, 1] {
            let lock = ledger.lockRequest(alice, wanted, for: payee)
            guard case .frozen(let slices) = try ledger.apply(.lock(lock)).result else { return }
            #expect(slices.reduce(.zero) { $0 + $1.amount } == Energy(joules: wanted))
            #expect(slices.count <= LedgerLimits.lotsPerTransfer)
            #expect(slices.map(\.origin.expires) == slices.map(\.origin.expires).sorted())
            #expect(slices.allSatisfy { $0.amount > .zero })
            #expect(ledger.machine.image.violations.isEmpty)
            try ledger.apply(.void(VoidRequest(task: lock.task.id, by: ledger.home, reason: .cancelled)))
        }
    }

    @Test mutating func `few lots are taken as they run out, the smallest too`() throws {
        for (proof, joules) in [(1, Int64(3)), (2, 1), (3, 50)] {
            try ledger.charge(alice, joules: joules, proof: proof, lifetime: day + .seconds(Int64(proof)))
        }
        let lock = ledger.lockRequest(alice, 10, for: Party(platform: thor, account: alice))
        guard case .frozen(let slices) = try ledger.apply(.lock(lock)).result else { return }
        #expect(slices.map(\.amount) == [3, 1, 6].map { Energy(joules: $0) })
    }

    // MARK: Anything

    /// Thousands of payments in dust of every kind: none is refused, and every token is accounted for.
    @Test(arguments: UInt64(1)...3)
    mutating func `no payment is refused, whatever it is made of`(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        try fill(Int(random.number(in: 0...900)))
        let payee = Party(platform: thor, account: alice)
        for task in 1...1_000 {
            ledger.pass(.seconds(random.number(in: 0...600)))
            let payer = random.oneIn(3) ? legion : thor
            let lots = (0..<random.number(in: 1...(random.oneIn(30) ? 64 : 6))).map { _ in
                LotTransfer(
                    issuer: [thor, legion, ledger.home][Int(random.number(in: 0...2))],
                    amount: Energy(millijoules: Int64(random.number(in: 1...(random.oneIn(9) ? 1 << 44 : 9)))),
                    remaining: .seconds(Int64(random.number(in: 0...(40 * 86_400)))),
                    proof: LedgerFixture.proof(Int(random.number(in: 0...(random.oneIn(2) ? 40 : 9_000)))),
                    isReturning: random.oneIn(3))
            }
            try pay(lots, measured: Int64(random.number(in: 0...300)), task: UInt64(task), from: payer)
            if random.oneIn(20) { try ledger.apply(.expireLots) }
            if random.oneIn(10) { _ = try? ledger.apply(.issueReturn(to: payer)) }
            if random.oneIn(5) {
                let lock = ledger.lockRequest(alice, Int64(random.number(in: 1...20)), for: payee)
                if (try? ledger.apply(.lock(lock))) != nil { try ledger.apply(.post(ledger.postRequest(lock, 1))) }
            }
        }
        checkTokens()
        #expect(ledger.machine.image.violations.isEmpty)
        var replayed = LedgerMachine()
        for commit in ledger.commits { try replayed.replay(commit.record, storedHash: commit.record.hash) }
        #expect(replayed.image.stateHash == ledger.machine.image.stateHash)
    }

    /// By the whole journal: what came over the lanes, less what went back, is what is held and owed of each issuer.
    private func checkTokens() {
        let image = ledger.machine.image
        for issuer in [thor, legion] {
            var entered = Energy.zero
            for entry in ledger.commits.lazy.flatMap(\.entries) where entry.issuer == issuer {
                if case .abroad = entry.source { entered += entry.amount }
                if case .abroad = entry.target { entered -= entry.amount }
            }
            let held = image.lots.values.filter { $0.origin.issuer == issuer }.reduce(.zero) { $0 + $1.amount }
            let owed = image.owed.values.filter { $0.key.issuer == issuer }
                .reduce(.zero) { $0 + $1.discharged + $1.expired }
            #expect(entered == held + owed)
        }
    }
}
