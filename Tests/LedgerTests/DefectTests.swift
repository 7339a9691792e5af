import Ledger
import Quantities
import TestKit
import Testing
import Wire

/// The defects of the federation's earlier ledger: each was once possible.
@Suite struct DefectTests {
    let alice = LedgerFixture.account("alice@Sprout")
    let bob = LedgerFixture.account("bob@Sprout")
    let thor = Party(platform: LedgerFixture.platform("Thor"), account: LedgerFixture.account("dp@Thor"))
    var ledger = LedgerFixture()

    init() throws {
        try ledger.charge(alice, joules: 1_000, proof: 1)
        try ledger.apply(.observePeer(ledger.observation(of: thor.platform)))
    }

    @Test mutating func `a post of a billion against a lock of one is refused`() throws {
        let lock = ledger.lockRequest(alice, 1, for: thor)
        try ledger.apply(.lock(lock))
        let before = ledger.machine.image.stateHash
        let post = ledger.postRequest(lock, 1_000_000_000)
        #expect(throws: LedgerError.aboveLock(locked: Energy(joules: 1), amount: Energy(joules: 1_000_000_000))) {
            try ledger.apply(.post(post))
        }
        #expect(ledger.machine.image.stateHash == before)
        #expect(ledger.account(alice).locked == Energy(joules: 1))
    }

    @Test mutating func `a post to somebody else is refused`() throws {
        let lock = ledger.lockRequest(alice, 10, for: thor)
        try ledger.apply(.lock(lock))
        let thief = Party(platform: thor.platform, account: bob)
        let post = PostRequest(
            task: lock.task.id, by: ledger.home, payee: thief, amount: lock.amount, proof: LedgerFixture.proof(9))
        #expect(throws: LedgerError.otherPayee(expected: thor, given: thief)) { try ledger.apply(.post(post)) }
        let stranger = PostRequest(
            task: lock.task.id, by: LedgerFixture.platform("Mallory"), payee: thor, amount: lock.amount,
            proof: LedgerFixture.proof(9))
        #expect(throws: LedgerError.notAParty(LedgerFixture.platform("Mallory"))) {
            try ledger.apply(.post(stranger))
        }
    }

    @Test mutating func `the same id locked twice strands nothing`() throws {
        let lock = ledger.lockRequest(alice, 10, for: thor)
        try ledger.apply(.lock(lock))
        let sequence = ledger.machine.image.head.sequence
        let again = try ledger.apply(.lock(lock))
        #expect(again.commit == nil)
        #expect(ledger.machine.image.head.sequence == sequence)
        let other = LockRequest(
            task: lock.task, payer: lock.payer, payee: lock.payee, amount: Energy(joules: 11),
            deadline: lock.deadline, leastLifetimeBeyond: lock.leastLifetimeBeyond)
        #expect(throws: LedgerError.taskIDUsed(lock.task.id)) { try ledger.apply(.lock(other)) }
        #expect(ledger.account(alice).locked == Energy(joules: 10))
        #expect(ledger.machine.image.violations.isEmpty)
    }

    @Test mutating func `a finished transfer cannot be replayed`() throws {
        let lock = ledger.lockRequest(alice, 10, for: thor)
        try ledger.apply(.lock(lock))
        let post = ledger.postRequest(lock, 10)
        try ledger.apply(.post(post))
        let sent = ledger.account(alice).sent
        #expect(try ledger.apply(.post(post)) == .unchanged(.ended(.posted(Energy(joules: 10)), [])))
        #expect(try ledger.apply(.lock(lock)) == .unchanged(.ended(.posted(Energy(joules: 10)), [])))
        #expect(throws: LedgerError.taskEnded(lock.task.id, .posted(Energy(joules: 10)))) {
            try ledger.apply(.void(VoidRequest(task: lock.task.id, by: ledger.home, reason: .cancelled)))
        }
        #expect(ledger.account(alice).sent == sent)
    }

    @Test(arguments: [
        (Int64(0), LedgerError.notPositive(.zero)),
        (-1, .notPositive(Energy(millijoules: -1))),
        (.min, .notPositive(Energy(millijoules: .min))),
        (.max, .tooLarge(Energy(millijoules: .max))),
        (1 << 53, .tooLarge(Energy(millijoules: 1 << 53))),
    ])
    func `amounts that are zero, negative or immense are refused everywhere`(
        _ millijoules: Int64, _ refusal: LedgerError
    ) {
        let amount = Energy(millijoules: millijoules)
        let task = TaskReference(delegator: ledger.home, storeEpoch: ledger.epoch, sequence: 77)
        let foreign = TaskReference(delegator: thor.platform, storeEpoch: StoreEpoch(7), sequence: 1)
        let payer = Party(platform: ledger.home, account: alice)
        let deadline = ledger.now + .seconds(60)
        let proof = LedgerFixture.proof(5)
        let events: [LedgerEvent] = [
            .charge(
                ChargeAuthorisation(
                    proof: proof, account: alice, amount: amount, limit: Energy(joules: 1), chargedBefore: .zero,
                    expires: deadline)),
            .lock(
                LockRequest(
                    task: task, payer: payer, payee: thor, amount: amount, deadline: deadline,
                    leastLifetimeBeyond: .zero)),
            .post(PostRequest(task: task.id, by: ledger.home, payee: thor, amount: amount, proof: proof)),
            .reserve(ReserveRequest(task: task, account: alice, amount: amount, deadline: deadline)),
            .completeWork(WorkCompletion(task: task.id, measured: amount, proof: proof, reputation: nil)),
            ledger.receipt(
                foreign, to: bob,
                [LotTransfer(issuer: thor.platform, amount: amount, remaining: .seconds(60), proof: proof)]),
            .grant(GrantRequest(task: task, from: alice, to: bob, amount: amount)),
        ]
        var machine = ledger.machine
        let before = machine.image.stateHash
        for event in events {
            #expect(throws: refusal, "\(event.name)") { try machine.apply(event, at: ledger.now) }
        }
        #expect(machine.image.stateHash == before)
    }

    @Test(arguments: ["fb7ff8000000000000", "fb7ff0000000000000", "f97e00", "fa7f800000", "f93c00"])
    func `an amount that is not a number, infinite or a fraction is no event`(_ float: String) throws {
        // configure(supply:) with a float in the place of the amount
        let encoded = try #require(bytes(hexadecimal: "8202" + float))
        #expect(throws: CBORError.unsupported(at: 2, initialByte: encoded[2])) {
            try LedgerEvent(decoding: encoded, limit: LedgerLimits.eventBytes)
        }
    }

    @Test mutating func `a transfer on the same platform creates no supply`() throws {
        let local = Party(platform: ledger.home, account: bob)
        let lock = ledger.lockRequest(alice, 100, for: local)
        try ledger.apply(.lock(lock))
        try ledger.apply(.post(ledger.postRequest(lock, 60)))
        try ledger.apply(.grant(GrantRequest(task: ledger.task(), from: bob, to: alice, amount: Energy(joules: 1))))
        #expect(ledger.account(alice).available == Energy(joules: 941))
        #expect(ledger.account(bob).available == Energy(joules: 59))
        #expect(ledger.adp == Energy(joules: 99_000))
        #expect(ledger.machine.image.violations.isEmpty)
    }

    @Test mutating func `nobody can set a balance`() throws {
        // The only events that name a total are genesis, once, and the supply, which moves only the pool.
        let genesis = Genesis(home: ledger.home, storeEpoch: ledger.epoch, supply: Energy(joules: 1))
        #expect(throws: LedgerError.alreadyBegun) { try ledger.apply(.genesis(genesis)) }
        let accounts = ledger.machine.image.accounts
        try ledger.apply(.configure(supply: Energy(joules: 200_000)))
        #expect(ledger.machine.image.accounts == accounts)
        #expect(ledger.adp == Energy(joules: 199_000))
        #expect(throws: LedgerError.insufficientPool(adp: Energy(joules: 199_000), needed: Energy(joules: 199_001))) {
            try ledger.apply(.configure(supply: Energy(joules: 999)))
        }
    }

    @Test mutating func `three thirds are one whole`() throws {
        for _ in 0..<3 {
            let lock = ledger.lockRequest(alice, 1, for: thor)
            try ledger.apply(.lock(lock))
            let third = PostRequest(
                task: lock.task.id, by: ledger.home, payee: thor, amount: Energy(millijoules: 333),
                proof: LedgerFixture.proof(9))
            try ledger.apply(.post(third))
        }
        #expect(ledger.account(alice).available == Energy(millijoules: 1_000_000 - 999))
        #expect(ledger.account(alice).sent == Energy(millijoules: 999))
        #expect(ledger.machine.image.violations.isEmpty)
    }

    @Test func `quality above one is no event`() throws {
        let good = LedgerEvent.completeWork(
            WorkCompletion(
                task: TaskReference(delegator: ledger.home, storeEpoch: ledger.epoch, sequence: 1).id,
                measured: Energy(joules: 1), proof: .zero, reputation: ReputationCredit(worker: alice, quality: .one)))
        var encoded = good.encoded
        #expect(Array(encoded.suffix(3)) == [0x19, 0x27, 0x10])
        encoded[encoded.count - 1] = 0x11
        #expect(throws: CBORError.invalidValue(at: encoded.count - 3)) {
            try LedgerEvent(decoding: encoded, limit: LedgerLimits.eventBytes)
        }
    }

    @Test mutating func `the same watts are not charged twice`() throws {
        #expect(throws: LedgerError.chargeOutOfStep(charged: Energy(joules: 1_000), given: .zero)) {
            try ledger.charge(bob, joules: 1_000, proof: 1)
        }
        let repeated = ChargeAuthorisation(
            proof: LedgerFixture.proof(1), account: alice, amount: Energy(joules: 1), limit: Energy(joules: 5_000),
            chargedBefore: Energy(joules: 1_000), expires: ledger.now + LedgerFixture.week)
        #expect(
            throws: LedgerError.aboveChargeLimit(
                limit: Energy(joules: 1_000), charged: Energy(joules: 1_000), amount: Energy(joules: 1))
        ) { try ledger.apply(.charge(repeated)) }
        #expect(ledger.account(alice).charged == Energy(joules: 1_000))
    }

    @Test mutating func `failed work returns as credits, not to the pool`() throws {
        let ticket = ledger.task()
        try ledger.apply(
            .reserve(
                ReserveRequest(
                    task: ticket, account: alice, amount: Energy(joules: 300), deadline: ledger.now + .seconds(20))))
        #expect(ledger.account(alice).reserved == Energy(joules: 300))
        let pool = ledger.adp
        try ledger.apply(.failWork(ticket.id, .failed))
        #expect(ledger.adp == pool)
        #expect(ledger.account(alice).available == Energy(joules: 1_000))
        #expect(ledger.account(alice).reserved == .zero)
        #expect(ledger.account(alice).discharged == .zero)
        #expect(ledger.account(alice).reputation == .zero)
    }
}
