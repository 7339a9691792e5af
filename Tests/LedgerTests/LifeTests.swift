import Cryptography
import Quantities
import TestKit
import Testing

@testable import Ledger

/// Charges, locks, tickets, grants and expiry on one ledger.
@Suite struct LifeTests {
    var ledger = LedgerFixture()
    let alice = LedgerFixture.account("alice@Sprout")
    let bob = LedgerFixture.account("bob@Sprout")
    let thor = Party(platform: LedgerFixture.platform("Thor"), account: LedgerFixture.account("dp@Thor"))

    init() throws { try ledger.apply(.observePeer(ledger.observation(of: thor.platform))) }

    private mutating func ticket(_ joules: Int64, lasting span: TimeSpan = .seconds(20)) throws -> TaskID {
        let task = ledger.task()
        try ledger.apply(
            .reserve(
                ReserveRequest(
                    task: task, account: alice, amount: Energy(joules: joules), deadline: ledger.now + span)))
        return task.id
    }

    private func completion(_ task: TaskID, _ millijoules: Int64, _ quality: Int64? = nil) -> LedgerEvent {
        .completeWork(
            WorkCompletion(
                task: task, measured: Energy(millijoules: millijoules), proof: LedgerFixture.proof(3),
                reputation: quality.map { ReputationCredit(worker: bob, quality: BasisPoints(clamping: $0)) }))
    }

    // MARK: Charges

    @Test mutating func `a proof can be charged in parts up to its limit`() throws {
        func part(_ joules: Int64, before: Int64, limit: Int64 = 100) -> LedgerEvent {
            .charge(
                ChargeAuthorisation(
                    proof: LedgerFixture.proof(1), account: alice, amount: Energy(joules: joules),
                    limit: Energy(joules: limit), chargedBefore: Energy(joules: before),
                    expires: ledger.now + LedgerFixture.week))
        }
        #expect(try ledger.apply(part(60, before: 0)).result == .charged(Energy(joules: 60)))
        #expect(try ledger.apply(part(60, before: 0)) == .unchanged(.charged(Energy(joules: 60))))
        #expect(throws: LedgerError.chargeOutOfStep(charged: Energy(joules: 60), given: .zero)) {
            try ledger.apply(part(40, before: 0))
        }
        // What child sources charged since has lowered what this proof allows; it does not rise again.
        #expect(
            throws: LedgerError.aboveChargeLimit(
                limit: Energy(joules: 90), charged: Energy(joules: 60), amount: Energy(joules: 31))
        ) { try ledger.apply(part(31, before: 60, limit: 90)) }
        #expect(try ledger.apply(part(20, before: 60, limit: 90)).result == .charged(Energy(joules: 80)))
        #expect(
            throws: LedgerError.aboveChargeLimit(
                limit: Energy(joules: 90), charged: Energy(joules: 80), amount: Energy(joules: 11))
        ) { try ledger.apply(part(11, before: 80, limit: 100)) }
        #expect(ledger.machine.image.lots.count == 1)
    }

    @Test mutating func `a second charge on a proof lives no longer than the first`() throws {
        for (before, lifetime) in [(Int64(0), Int64(1_000)), (10, 2_000), (20, 500)] {
            try ledger.apply(
                .charge(
                    ChargeAuthorisation(
                        proof: LedgerFixture.proof(1), account: alice, amount: Energy(joules: 10),
                        limit: Energy(joules: 100), chargedBefore: Energy(joules: before),
                        expires: ledger.now + .seconds(lifetime))))
        }
        let expiries = ledger.machine.image.lots.values.map { $0.origin.expires.since(ledger.now).milliseconds }
        #expect(expiries.sorted() == [500_000, 1_000_000])
    }

    @Test mutating func `a charge needs a pool, a life and a proof that is not forgotten`() throws {
        #expect(throws: LedgerError.insufficientPool(adp: Energy(joules: 100_000), needed: Energy(joules: 100_001))) {
            try ledger.charge(alice, joules: 100_001, proof: 1)
        }
        #expect(throws: LedgerError.alreadyExpired(expires: ledger.now, now: ledger.now)) {
            try ledger.charge(alice, joules: 1, proof: 1, lifetime: .zero)
        }
        #expect(throws: LedgerError.lifetimeTooLong(longest: .seconds(30 * 86_400), given: .seconds(30 * 86_400 + 1))) {
            try ledger.charge(alice, joules: 1, proof: 1, lifetime: .seconds(30 * 86_400 + 1))
        }
    }

    @Test mutating func `past the limit of remembered charges the oldest becomes the floor`() throws {
        for number in 1...(LedgerLimits.charges + 1) {
            let proof = LedgerFixture.proof(number)
            try ledger.apply(
                .charge(
                    ChargeAuthorisation(
                        proof: proof, account: LedgerFixture.account("a\(number % 64)"),
                        amount: Energy(millijoules: 1), limit: Energy(millijoules: 2), chargedBefore: .zero,
                        expires: ledger.now + .seconds(1_000) + TimeSpan(milliseconds: Int64(number)))))
            if number % 500 == 0 { try drain(number) }
        }
        #expect(ledger.machine.image.charges.count == LedgerLimits.charges)
        let floor = try #require(ledger.machine.image.summary?.chargeFloor)
        #expect(floor == ledger.now + TimeSpan(milliseconds: 1_000_001))
        let expires = floor + LedgerLimits.chargeFloorMargin
        func again(_ expires: LedgerTime) -> LedgerEvent {
            .charge(
                ChargeAuthorisation(
                    proof: LedgerFixture.proof(1), account: alice, amount: Energy(millijoules: 1),
                    limit: Energy(millijoules: 2), chargedBefore: .zero, expires: expires))
        }
        #expect(throws: LedgerError.chargeForgotten(floor: floor, expires: expires)) {
            try ledger.apply(again(expires))
        }
    }

    /// Discharges every lot, to make room for more.
    private mutating func drain(_ round: Int) throws {
        for id in ledger.machine.image.accounts.keys.sorted() {
            let available = ledger.account(id).available
            guard available > .zero else { continue }
            let task = ledger.task()
            try ledger.apply(
                .reserve(
                    ReserveRequest(
                        task: task, account: id, amount: available, deadline: ledger.now + .seconds(1))))
            try ledger.apply(completion(task.id, available.millijoules))
        }
    }

    @Test mutating func `a proof whose lots ran out is not charged again by a clock that is off`() throws {
        try ledger.charge(alice, joules: 10, proof: 1, lifetime: .seconds(100))
        ledger.pass(.seconds(101))
        try ledger.apply(.expireLots)
        #expect(throws: LedgerError.chargeOutOfStep(charged: Energy(joules: 10), given: .zero)) {
            try ledger.charge(alice, joules: 10, proof: 1, lifetime: .seconds(5))
        }
        ledger.pass(LedgerLimits.chargeFloorMargin)
        try ledger.apply(.expireLots)
        #expect(ledger.machine.image.charges.isEmpty)
    }

    // MARK: Locks

    @Test mutating func `a lock freezes the lots that run out first among those that live long enough`() throws {
        #expect(ledger.machine.image.nextExpiry(of: alice) == nil)
        for (proof, lifetime) in [(1, Int64(3_000)), (2, 9_000), (3, 5_000), (4, 7_000)] {
            try ledger.charge(alice, joules: 10, proof: proof, lifetime: .seconds(lifetime))
        }
        // A minute to the deadline and an hour beyond: 3,660 s; lots 3, 4 and 2 live longer.
        let outcome = try ledger.apply(.lock(ledger.lockRequest(alice, 25, for: thor)))
        guard case .frozen(let slices) = outcome.result else { return }
        #expect(slices.map(\.origin.proof) == [3, 4, 2].map { LedgerFixture.proof($0) })
        #expect(slices.map(\.amount) == [10, 10, 5].map { Energy(joules: $0) })
        #expect(throws: LedgerError.insufficientFunds(spendable: Energy(joules: 5), needed: Energy(joules: 6))) {
            try ledger.apply(.lock(ledger.lockRequest(alice, 6, for: thor)))
        }
        #expect(ledger.account(alice).available == Energy(joules: 15))
        let next = ledger.machine.image.nextExpiry(of: alice)
        #expect(next?.amount == Energy(joules: 10))
        #expect(next?.expires.since(ledger.now) == .seconds(3_000))
        // Work at home may use what a peer would not take.
        _ = try ticket(15)
    }

    @Test(arguments: [(Int64(0), 25), (1, 24), (10, 15), (24, 1), (25, 0)] as [(Int64, Int64)])
    mutating func `what is not posted returns to its lots`(_ posted: Int64, _ back: Int64) throws {
        for proof in 1...3 { try ledger.charge(alice, joules: 10, proof: proof) }
        let before = ledger.machine.image.lots
        let lock = ledger.lockRequest(alice, 25, for: thor)
        try ledger.apply(.lock(lock))
        if posted == 0 {
            try ledger.apply(.void(VoidRequest(task: lock.task.id, by: thor.platform, reason: .refused)))
            #expect(ledger.machine.image.lots == before)
        } else {
            try ledger.apply(.post(ledger.postRequest(lock, posted)))
        }
        #expect(ledger.account(alice).available == Energy(joules: 5 + back))
        #expect(ledger.account(alice).locked == .zero)
        #expect(ledger.account(alice).sent == Energy(joules: posted))
        #expect(ledger.machine.image.violations.isEmpty)
    }

    @Test mutating func `a lock ends at its deadline and not before`() throws {
        try ledger.charge(alice, joules: 10, proof: 1)
        let lock = ledger.lockRequest(alice, 10, for: thor)
        try ledger.apply(.lock(lock))
        ledger.pass(.seconds(59))
        let deadline = lock.deadline
        #expect(throws: LedgerError.deadlineNotReached(deadline: deadline, now: ledger.now)) {
            try ledger.apply(.expire(lock.task.id))
        }
        ledger.pass(.seconds(1))
        #expect(throws: LedgerError.deadlinePassed(deadline: deadline, now: ledger.now)) {
            try ledger.apply(.post(ledger.postRequest(lock, 10)))
        }
        #expect(ledger.machine.image.overdueHolds(at: ledger.now) == [lock.task.id])
        #expect(try ledger.apply(.expire(lock.task.id)).result == .ended(.expired, []))
        #expect(try ledger.apply(.expire(lock.task.id)) == .unchanged(.ended(.expired, [])))
        #expect(throws: LedgerError.taskEnded(lock.task.id, .expired)) {
            try ledger.apply(.post(ledger.postRequest(lock, 10)))
        }
        #expect(ledger.account(alice).available == Energy(joules: 10))
    }

    /// What a payer decides by, and what then holds by default, comes before the lock ends.
    @Test(arguments: [(Int64(0), true), (1, true), (29, true), (30, false)])
    mutating func `a lock that outlives the decision by a grace can be posted by default`(
        _ late: Int64, _ isPaid: Bool
    ) throws {
        try ledger.charge(alice, joules: 10, proof: 1)
        let (decision, grace) = (TimeSpan.seconds(60), TimeSpan.seconds(30))
        let lock = ledger.lockRequest(alice, 10, for: thor, lasting: decision + grace)
        try ledger.apply(.lock(lock))
        ledger.pass(decision + .seconds(late))
        let post = LedgerEvent.post(ledger.postRequest(lock, 10))
        if isPaid {
            #expect(try ledger.apply(post).commit != nil)
        } else {
            // From its deadline on anybody may end the lock, so nobody can still be paid from it.
            #expect(throws: LedgerError.deadlinePassed(deadline: lock.deadline, now: ledger.now)) {
                try ledger.apply(post)
            }
            try ledger.apply(.void(VoidRequest(task: lock.task.id, by: ledger.home, reason: .timedOut)))
        }
        #expect(ledger.account(alice).available == (isPaid ? .zero : Energy(joules: 10)))
    }

    @Test mutating func `a refused event leaves nothing behind, and the first reason in order is given`() throws {
        try ledger.charge(alice, joules: 10, proof: 1)
        let before = ledger.machine.image.stateHash
        let home = Party(platform: ledger.home, account: alice)
        let good = ledger.task()
        let foreign = TaskReference(delegator: thor.platform, storeEpoch: ledger.epoch, sequence: 1)
        let past = ledger.now
        func lock(
            _ task: TaskReference, _ payer: Party, _ payee: Party, _ joules: Int64, _ deadline: LedgerTime
        ) -> LedgerEvent {
            .lock(
                LockRequest(
                    task: task, payer: payer, payee: payee, amount: Energy(joules: joules), deadline: deadline,
                    leastLifetimeBeyond: .zero))
        }
        let unknown = Party(platform: ledger.home, account: bob)
        // Each row is wrong in all that the next ones are, and in one thing more.
        let rows: [(LedgerEvent, LedgerError)] = [
            (lock(foreign, unknown, unknown, 0, past), .notPositive(.zero)),
            (lock(foreign, unknown, unknown, 99, past), .foreignTask(delegator: thor.platform)),
            (lock(good, unknown, unknown, 99, past), .unknownAccount(bob)),
            (lock(good, home, home, 99, past), .sameParty(alice)),
            (lock(good, home, thor, 99, past), .deadlinePassed(deadline: past, now: past)),
            (
                lock(good, home, thor, 99, past + .seconds(1)),
                .insufficientFunds(spendable: Energy(joules: 10), needed: Energy(joules: 99))
            ),
        ]
        for (event, refusal) in rows {
            #expect(throws: refusal) { try ledger.apply(event) }
            #expect(ledger.machine.image.stateHash == before)
        }
        ledger.now = LedgerTime(milliseconds: 999)
        #expect(throws: LedgerError.timeWentBack(last: past, given: ledger.now)) { try ledger.apply(rows[0].0) }
        var empty = LedgerMachine()
        #expect(throws: LedgerError.notBegun) { try empty.apply(rows[0].0, at: past) }
    }

    // MARK: Work

    @Test(arguments: [(Int64(1), Int64(1)), (7_321, 7_321), (10_000, 10_000), (10_001, 10_000), (90_000, 10_000)])
    mutating func `work discharges what was measured, at most what was reserved`(
        _ measured: Int64, _ discharged: Int64
    ) throws {
        try ledger.charge(alice, joules: 30, proof: 1)
        let pool = ledger.adp
        let task = try ticket(10)
        try ledger.apply(completion(task, measured, 5_000))
        #expect(ledger.adp == pool + Energy(millijoules: discharged))
        #expect(ledger.account(alice).available == Energy(millijoules: 30_000 - discharged))
        #expect(ledger.account(alice).discharged == Energy(millijoules: discharged))
        #expect(ledger.account(bob).reputation == Energy(millijoules: discharged / 2))
        #expect(ledger.machine.image.summary?.wasted == .zero)
        #expect(ledger.machine.image.violations.isEmpty)
    }

    @Test mutating func `a lot that runs out while it is frozen expires when that ends`() throws {
        try ledger.charge(alice, joules: 10, proof: 1, lifetime: .seconds(5))
        try ledger.charge(alice, joules: 10, proof: 2)
        let first = try ticket(15)
        ledger.pass(.seconds(6))
        try ledger.apply(.expireLots)
        #expect(ledger.account(alice).reserved == Energy(joules: 15))
        // Ten of the fifteen have run out: only the other five can still be discharged.
        #expect(
            try ledger.apply(completion(first, 12_000)).result
                == .ended(.completed(discharged: Energy(joules: 5)), []))
        #expect(ledger.account(alice).expired == Energy(joules: 10))
        #expect(ledger.account(alice).available == Energy(joules: 5))
        #expect(ledger.machine.image.summary?.wasted == Energy(joules: 10))
        #expect(ledger.machine.image.violations.isEmpty)
    }

    @Test mutating func `locks and tickets are not each other`() throws {
        try ledger.charge(alice, joules: 30, proof: 1)
        let task = try ticket(10)
        let lock = ledger.lockRequest(alice, 10, for: thor)
        try ledger.apply(.lock(lock))
        #expect(throws: LedgerError.wrongKindOfTask(lock.task.id)) { try ledger.apply(completion(lock.task.id, 1)) }
        #expect(throws: LedgerError.wrongKindOfTask(lock.task.id)) {
            try ledger.apply(.failWork(lock.task.id, .failed))
        }
        #expect(throws: LedgerError.wrongKindOfTask(task)) {
            try ledger.apply(.void(VoidRequest(task: task, by: ledger.home, reason: .cancelled)))
        }
        #expect(throws: LedgerError.unknownTask(TaskID(bytes: .zero))) {
            try ledger.apply(completion(TaskID(bytes: .zero), 1))
        }
    }

    // MARK: Expiry

    @Test mutating func `what runs out returns to the pool as wasted and earns nothing`() throws {
        try ledger.charge(alice, joules: 10, proof: 1, lifetime: .seconds(100))
        try ledger.charge(alice, joules: 10, proof: 2, lifetime: .seconds(200))
        #expect(ledger.machine.image.nextDeadline == ledger.now + .seconds(100))
        ledger.pass(.seconds(100))
        // Even before a sweep it cannot be spent.
        #expect(throws: LedgerError.insufficientFunds(spendable: Energy(joules: 10), needed: Energy(joules: 11))) {
            try ticket(11)
        }
        let swept = try ledger.apply(.expireLots).result
        #expect(swept == .swept(LedgerSweep(lots: 1, expired: Energy(joules: 10), reclaimed: .zero, more: false)))
        #expect(ledger.adp == Energy(joules: 99_990))
        #expect(ledger.machine.image.summary?.wasted == Energy(joules: 10))
        #expect(ledger.account(alice).reputation == .zero)
    }

    @Test mutating func `a sweep is bounded and says when there is more`() throws {
        for proof in 1...(LedgerLimits.lotsPerSweep + 1) {
            try ledger.charge(alice, joules: 1, proof: proof, lifetime: .seconds(10))
        }
        ledger.pass(.seconds(10))
        guard case .swept(let first) = try ledger.apply(.expireLots).result else { return }
        #expect(first.lots == LedgerLimits.lotsPerSweep)
        #expect(first.more)
        guard case .swept(let second) = try ledger.apply(.expireLots).result else { return }
        #expect(second.lots == 1)
        #expect(!second.more)
        #expect(try ledger.apply(.expireLots).commit == nil)
    }

    // MARK: Ids

    @Test mutating func `below the floor a task is dead, above it remembered`() throws {
        try ledger.charge(alice, joules: 30, proof: 1)
        var locks: [LockRequest] = []
        for _ in 0..<4 {
            let lock = ledger.lockRequest(alice, 1, for: thor)
            locks.append(lock)
            try ledger.apply(.lock(lock))
        }
        for lock in locks.prefix(3) { try ledger.apply(.post(ledger.postRequest(lock, 1))) }
        #expect(throws: LedgerError.floorAboveLiveTask(4)) {
            try ledger.apply(.raiseFloor(of: ledger.home, storeEpoch: ledger.epoch, to: 5))
        }
        #expect(ledger.machine.image.proposedTaskFloor(of: ledger.home, keeping: 1) == 3)
        try ledger.apply(.raiseFloor(of: ledger.home, storeEpoch: ledger.epoch, to: 3))
        #expect(ledger.machine.image.finished.count == 1)
        #expect(throws: LedgerError.taskBelowFloor(floor: 3, sequence: 2)) { try ledger.apply(.lock(locks[1])) }
        #expect(try ledger.apply(.lock(locks[2])) == .unchanged(.ended(.posted(Energy(joules: 1)), [])))
        #expect(throws: LedgerError.floorLowered(current: 3, given: 2)) {
            try ledger.apply(.raiseFloor(of: ledger.home, storeEpoch: ledger.epoch, to: 2))
        }
    }

    @Test func `a task's id is made of delegator, store epoch and number`() {
        let base = TaskReference(delegator: ledger.home, storeEpoch: StoreEpoch(1), sequence: 2)
        let others = [
            TaskReference(delegator: thor.platform, storeEpoch: StoreEpoch(1), sequence: 2),
            TaskReference(delegator: ledger.home, storeEpoch: StoreEpoch(2), sequence: 2),
            TaskReference(delegator: ledger.home, storeEpoch: StoreEpoch(1), sequence: 3),
        ]
        #expect(Set(others.map(\.id) + [base.id]).count == 4)
        #expect(base.id == TaskReference(delegator: ledger.home, storeEpoch: StoreEpoch(1), sequence: 2).id)
    }

    @Test(arguments: ["", "with space", "tab\t", "é", "line\n", String(repeating: "a", count: 257)])
    func `a name that is no account's is refused`(_ name: String) { #expect(AccountID(name) == nil) }

    @Test(arguments: ["a", "lct:web4:agent:dp@Thor#consciousness.sage", String(repeating: "~", count: 256)])
    func `a name of printable characters is an account's`(_ name: String) { #expect(AccountID(name)?.text == name) }

    // MARK: Limits

    @Test mutating func `at its limits the ledger refuses and says which one`() throws {
        for proof in 0..<65 { try ledger.charge(alice, joules: 1, proof: proof) }
        #expect(throws: LedgerError.limitReached(.lotsPerTransfer, limit: 64)) {
            try ledger.apply(.lock(ledger.lockRequest(alice, 65, for: thor)))
        }
        try ledger.apply(.lock(ledger.lockRequest(alice, 64, for: thor)))
        for proof in 65..<(LedgerLimits.lotsPerAccount) { try ledger.charge(alice, joules: 1, proof: proof) }
        #expect(throws: LedgerError.limitReached(.lotsOfAccount, limit: LedgerLimits.lotsPerAccount)) {
            try ledger.charge(alice, joules: 1, proof: 5_000)
        }
        for index in 0..<(LedgerLimits.peers - 1) {
            try ledger.apply(.observePeer(ledger.observation(of: LedgerFixture.platform("peer \(index)"))))
        }
        #expect(throws: LedgerError.limitReached(.peers, limit: LedgerLimits.peers)) {
            try ledger.apply(.observePeer(ledger.observation(of: LedgerFixture.platform("one more"))))
        }
        for index in 1..<LedgerLimits.holds { _ = try reserveOne(index) }
        #expect(throws: LedgerError.limitReached(.holds, limit: LedgerLimits.holds)) { try reserveOne(0) }
    }

    private mutating func reserveOne(_ index: Int) throws -> LedgerOutcome {
        try ledger.apply(
            .reserve(
                ReserveRequest(
                    task: ledger.task(), account: alice, amount: Energy(millijoules: 1),
                    deadline: ledger.now + .seconds(9))))
    }
}
