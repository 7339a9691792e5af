import Cryptography
import Quantities
import TestKit
import Testing
import Wire

@testable import Ledger

@Suite struct CodingTests {
    static let home = LedgerFixture.platform("Sprout")
    static let peer = LedgerFixture.platform("Thor")
    static let alice = LedgerFixture.account("alice@Sprout")
    static let task = TaskReference(delegator: home, storeEpoch: StoreEpoch(.max), sequence: 1 << 40)
    static let proof = LedgerFixture.proof(1)
    static let party = Party(platform: peer, account: alice)
    static let credit = ReputationCredit(worker: alice, quality: BasisPoints(clamping: 7_000))
    static let line = ReturnLine(issuer: home, proof: proof, discharged: Energy(joules: 1), expired: .zero)
    static let lot = LotTransfer(issuer: peer, amount: Energy(joules: 3), remaining: .seconds(9), proof: proof)
    static let head = LaneHead.start.advanced(by: [1])
    static let observation = PeerObservation(
        peer: peer, storeEpoch: StoreEpoch(3), bootEpoch: 4, sent: head, received: .start)

    static let events: [LedgerEvent] = [
        .genesis(Genesis(home: home, storeEpoch: StoreEpoch(9), supply: .largest)),
        .configure(supply: Energy(millijoules: -1)),
        .charge(
            ChargeAuthorisation(
                proof: proof, account: alice, amount: Energy(joules: 1), limit: Energy(joules: 2),
                chargedBefore: .zero, expires: .distantFuture)),
        .lock(
            LockRequest(
                task: task, payer: party, payee: party, amount: Energy(joules: 1), deadline: .origin,
                leastLifetimeBeyond: .seconds(1))),
        .post(PostRequest(task: task.id, by: home, payee: party, amount: Energy(joules: 1), proof: proof)),
        .void(VoidRequest(task: task.id, by: home, reason: .unreachable)),
        .expire(task.id),
        .reserve(ReserveRequest(task: task, account: alice, amount: Energy(joules: 1), deadline: .origin)),
        .completeWork(WorkCompletion(task: task.id, measured: Energy(joules: 1), proof: proof, reputation: credit)),
        .completeWork(WorkCompletion(task: task.id, measured: Energy(joules: 1), proof: proof, reputation: nil)),
        .failWork(task.id, .timedOut),
        .receive(ReceiptCredit(task: task, account: alice, lots: [lot, lot], receipt: proof, head: .start)),
        .receive(
            ReceiptCredit(
                task: task, account: alice, lots: [lot], receipt: proof, head: head, measured: Energy(joules: 1),
                reputation: credit)),
        .issueReturn(to: peer),
        .acceptReturn(ReturnNotice(from: peer, number: 8, lines: [line])),
        .expireLots,
        .advanceLane(LaneAdvance(peer: peer, direction: .acknowledged, head: head)),
        .observePeer(observation),
        .reconcile(observation),
        .grant(GrantRequest(task: task, from: alice, to: alice, amount: Energy(joules: 1))),
        .raiseFloor(of: peer, storeEpoch: StoreEpoch(2), to: 3),
    ]

    @Test(arguments: events)
    func `an event is what its encoding says`(_ event: LedgerEvent) throws {
        let encoded = event.encoded
        #expect(try LedgerEvent(decoding: encoded, limit: LedgerLimits.eventBytes) == event)
        #expect(encoded.count <= LedgerLimits.eventBytes)
        // Every end that is missing, every byte too many, and an unknown field are refused.
        for length in 0..<encoded.count {
            #expect(throws: CBORError.self) {
                try LedgerEvent(decoding: Array(encoded.prefix(length)), limit: LedgerLimits.eventBytes)
            }
        }
        #expect(throws: CBORError.trailingBytes(at: encoded.count)) {
            try LedgerEvent(decoding: encoded + [0], limit: LedgerLimits.eventBytes)
        }
    }

    @Test func `every kind of event is in the table and has its own number and name`() {
        #expect(Set(Self.events.map(\.encoded[1])) == Set(1...19))
        #expect(Set(Self.events.map(\.name)).count == 19)
    }

    /// Whatever the bytes are, reading ends, and what is accepted is written the same way.
    @Test(arguments: UInt64(1)...8)
    func `altered encodings are refused or mean what they say`(_ seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var accepted = 0
        for _ in 0..<4_000 {
            var encoded = Self.events[random.number(in: 0...(Self.events.count - 1))].encoded
            for _ in 0..<random.number(in: 1...3) {
                encoded[random.number(in: 0...(encoded.count - 1))] = random.bytes(1)[0]
            }
            guard let event = try? LedgerEvent(decoding: encoded, limit: LedgerLimits.eventBytes) else { continue }
            accepted += 1
            #expect(event.encoded == encoded)
        }
        #expect(accepted > 100)
    }

    @Test func `the longest event fits its limit`() {
        let name = String(repeating: "x", count: LedgerLimits.accountNameBytes)
        guard let account = AccountID(name) else { return }
        let lots = [LotTransfer](repeating: Self.lot, count: LedgerLimits.lotsPerTransfer)
        let receipt = LedgerEvent.receive(
            ReceiptCredit(task: Self.task, account: account, lots: lots, receipt: Self.proof, head: Self.head))
        #expect(receipt.encoded.count < LedgerLimits.eventBytes)
        let lines = [ReturnLine](repeating: Self.line, count: LedgerLimits.linesPerReturn)
        let notice = LedgerEvent.acceptReturn(ReturnNotice(from: Self.peer, number: .max, lines: lines))
        #expect(notice.encoded.count < LedgerLimits.eventBytes)
    }

    @Test func `more lots than a transfer may have are no event`() throws {
        let lots = [LotTransfer](repeating: Self.lot, count: LedgerLimits.lotsPerTransfer + 1)
        let encoded = LedgerEvent.receive(
            ReceiptCredit(task: Self.task, account: Self.alice, lots: lots, receipt: Self.proof, head: Self.head)
        ).encoded
        #expect(throws: CBORError.self) { try LedgerEvent(decoding: encoded, limit: LedgerLimits.eventBytes) }
    }

    @Test func `a lot crosses the wire as what remains of it`() {
        let slice = LotSlice(
            amount: Energy(joules: 2),
            origin: LotOrigin(
                issuer: Self.home, giver: nil, proof: Self.proof, expires: LedgerTime(milliseconds: 10_000)))
        #expect(
            slice.transfer(at: LedgerTime(milliseconds: 4_000), to: Self.peer).remaining
                == TimeSpan(milliseconds: 6_000))
        #expect(slice.transfer(at: LedgerTime(milliseconds: 11_000), to: Self.peer).remaining == .zero)
    }

    /// The journal's format is what stores on disk hold: the bytes may not change.
    @Test func `the first line of a journal keeps its bytes`() throws {
        var machine = LedgerMachine()
        let home = KeyID(bytes: Bytes32(high: 1, low: 2))
        let outcome = try machine.apply(
            .genesis(Genesis(home: home, storeEpoch: StoreEpoch(5), supply: Energy(joules: 300))),
            at: LedgerTime(milliseconds: 77))
        let record = try #require(outcome.commit?.record)
        #expect(
            hexadecimal(record.event)
                == "8201a501582000000000000000000000000000000001000000000000000000000000000000020205031a000493e0"
                + "041a9a7ec800051a05265c00")
        #expect(
            hexadecimal(record.entries)
                == "818501582000000000000000000000000000000001000000000000000000000000000000021a000493e081008101")
        #expect(record.previousHash == .zero)
        // Python: hashlib.blake2b(CBOR of [1, 77, 32 zero bytes, event, entries], digest_size=32,
        // person=b"sage-edge" + bytes(6) + bytes([7]))
        #expect(
            hexadecimal(record.hash.array) == "ef0808b0a9da534d512a7592cd326bc74266e37c352ebeeb5047332203a829ce")
    }
}
