import Federation
import Ledger
import Quantities
import Testing
import Wire

@Suite struct ReplicationTests {
    static let now = LedgerTime(milliseconds: 0)

    /// A peer of which `good` results were found right, and then `bad` ones false.
    static func record(good: Int, bad: Int = 0) -> TrustRecord {
        var record = TrustRecord()
        for index in 0..<(good + bad) {
            record.record(
                Fixture.features, claimed: .one, verified: index < good ? .one : .zero, billedAboveMeasured: false,
                accepted: index < good, at: now)
        }
        return record
    }

    @Test func `all results of a newcomer are found out, and fewer the longer it is known, but never none`() {
        var last = BasisPoints.one
        for good in 0..<400 {
            let share = Self.record(good: good).replication(of: Fixture.features, at: Self.now)
            if good < 10 { #expect(share == .one) }
            #expect(share <= last)
            #expect(share >= TrustRecord.leastReplication)
            last = share
        }
        // The figures of docs/delegation.md.
        let shares = [10, 20, 50, 100, 400].map {
            Self.record(good: $0).replication(of: Fixture.features, at: Self.now).value
        }
        #expect(shares == [4_533, 3_819, 2_969, 2_367, 1_652])
    }

    @Test func `after a false result all are found out until ten in a row were right`() {
        var record = Self.record(good: 50, bad: 1)
        for _ in 0..<10 {
            #expect(record.replication(of: Fixture.features, at: Self.now) == .one)
            record.record(
                Fixture.features, claimed: .one, verified: .one, billedAboveMeasured: false, accepted: true,
                at: Self.now)
        }
        #expect(record.replication(of: Fixture.features, at: Self.now) < .one)
    }

    @Test func `what is known in one operation spares nothing in another`() {
        let other = Fixture.operation("perception.detect")
        #expect(Self.record(good: 50).replication(of: other, at: Self.now) == .one)
    }

    @Test func `the draw decides, and luck has an end after twice the mean gap`() {
        var record = Self.record(good: 100)
        let share = record.replication(of: Fixture.features, at: Self.now)
        #expect(record.isReplicated(Fixture.features, draw: UInt64(share.value) - 1, at: Self.now))
        #expect(!record.isReplicated(Fixture.features, draw: UInt64(share.value), at: Self.now))
        var spared = 0
        while !record.isReplicated(Fixture.features, draw: 9_999, at: Self.now) {
            record.recordUnverified(Fixture.features, at: Self.now)
            spared += 1
        }
        #expect(Int64(spared) == TrustRecord.longestGap(at: share) - 1)
        #expect(TrustRecord.longestGap(at: .zero) == 40)
        #expect(TrustRecord.longestGap(at: .one) == 2)
    }

    @Test func `what has been taken on its claim is stored, and what was stored before still reads`() throws {
        var record = Self.record(good: 12)
        let plain = try Self.stored(record)
        #expect(plain == record)
        record.recordUnverified(Fixture.features, at: Self.now)
        #expect(try Self.stored(record) == record)
        #expect(try Self.stored(Self.record(good: 2, bad: 1)) == Self.record(good: 2, bad: 1))
        // [operation, average, verified, updated], as it was before.
        var writer = CBORWriter()
        writer.map(5)
        for (key, value) in [(1, 5_000), (2, 0), (3, 0), (4, 0)] as [(UInt64, UInt64)] {
            writer.unsigned(key)
            writer.unsigned(value)
        }
        writer.unsigned(5)
        writer.array(1)
        writer.array(4)
        writer.text("perception.features")
        for value in [8_000, 12, 0] as [UInt64] { writer.unsigned(value) }
        let bytes = writer.bytes
        var reader = try CBORReader(bytes.span, limit: 4_096)
        let old = try TrustRecord(from: &reader)
        try reader.finish()
        #expect(old.reputation(for: Fixture.features, at: Self.now).verified == 12)
        #expect(old.reputation(for: Fixture.features, at: Self.now).probation == 0)
    }

    private static func stored(_ record: TrustRecord) throws -> TrustRecord {
        var writer = CBORWriter()
        record.write(to: &writer)
        let bytes = writer.bytes
        var reader = try CBORReader(bytes.span, limit: 4_096)
        let again = try TrustRecord(from: &reader)
        try reader.finish()
        return again
    }

    // MARK: Comparison

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// Results of others: whether own, the result, its quality.
        var others: [(own: Bool, result: [UInt8], quality: Int64)]
        var verdict: Int64?
        var borneOut: [Bool?]
        /// The verdict where nobody else can be asked, where that is another.
        var last: Int64?
        /// The least quality that is paid.
        var minimum: Int64 = 0
    }

    static let cases: [Case] = [
        Case(testDescription: "nobody has run it yet", others: [], verdict: nil, borneOut: []),
        Case(testDescription: "own run, same", others: [(true, [1], 10_000)], verdict: 9_000, borneOut: [true]),
        Case(testDescription: "own run says less", others: [(true, [1], 6_000)], verdict: 6_000, borneOut: [true]),
        Case(testDescription: "own run, another", others: [(true, [2], 10_000)], verdict: 0, borneOut: [true]),
        Case(testDescription: "a peer, same", others: [(false, [1], 9_500)], verdict: 9_000, borneOut: [true]),
        Case(testDescription: "a peer, another", others: [(false, [2], 9_500)], verdict: nil, borneOut: [nil]),
        Case(
            testDescription: "two peers against it", others: [(false, [2], 9_500), (false, [2], 9_500)], verdict: 0,
            borneOut: [true, true]),
        Case(
            testDescription: "the second peer bears it out", others: [(false, [2], 9_500), (false, [1], 8_000)],
            verdict: 8_000, borneOut: [false, true]),
        Case(
            testDescription: "the own run after a peer's", others: [(false, [2], 9_500), (true, [1], 9_500)],
            verdict: 9_000, borneOut: [false, true]),
        Case(
            testDescription: "three peers, all different",
            others: [(false, [2], 9_500), (false, [3], 9_500), (false, [4], 9_500)], verdict: nil,
            borneOut: [nil, nil, nil]),
        Case(
            testDescription: "the third bears out the first",
            others: [(false, [2], 9_500), (false, [3], 9_500), (false, [2], 9_500)], verdict: 0,
            borneOut: [true, false, true]),
        Case(
            testDescription: "one peer alone says that the same is worth nothing", others: [(false, [1], 0)],
            verdict: nil, borneOut: [true]),
        Case(
            testDescription: "one peer says a tenth more", others: [(false, [1], 10_000)], verdict: 9_000,
            borneOut: [true]),
        Case(
            testDescription: "a tenth less is about the same", others: [(false, [1], 8_000)], verdict: 8_000,
            borneOut: [true]),
        Case(
            testDescription: "within a tenth, but below what is paid", others: [(false, [1], 8_000)], verdict: nil,
            borneOut: [true], minimum: 8_500),
        Case(
            testDescription: "one for, one against: a third is asked",
            others: [(false, [1], 0), (false, [1], 9_000)], verdict: nil, borneOut: [true, true], last: 9_000),
        Case(
            testDescription: "two for, one against",
            others: [(false, [1], 0), (false, [1], 9_000), (false, [1], 8_900)], verdict: 9_000,
            borneOut: [true, true, true]),
        Case(
            testDescription: "two that agree find it overstated",
            others: [(false, [1], 5_000), (false, [1], 5_500)], verdict: 5_000, borneOut: [true, true]),
        Case(
            testDescription: "an accomplice does not outvote two",
            others: [(false, [1], 5_000), (false, [1], 9_000), (false, [1], 5_000)], verdict: 5_000,
            borneOut: [true, true, true]),
        Case(
            testDescription: "two against it that do not agree either",
            others: [(false, [1], 0), (false, [1], 5_000)], verdict: nil, borneOut: [true, true]),
    ]

    @Test(arguments: cases) func `what this board found counts, else what two found alike`(_ item: Case) {
        var comparison = ReplicaComparison(
            claim: [1], quality: BasisPoints(clamping: 9_000), tolerance: .exact,
            minimum: BasisPoints(clamping: item.minimum))
        for other in item.others {
            comparison.add(
                ReplicaOpinion(
                    isOwn: other.own, result: other.result, quality: BasisPoints(clamping: other.quality)))
        }
        #expect(comparison.verdict(isLast: false) == item.verdict.map { BasisPoints(clamping: $0) })
        #expect(comparison.verdict(isLast: true) == (item.last ?? item.verdict).map { BasisPoints(clamping: $0) })
        #expect(comparison.opinions.map { comparison.isBorneOut($0) } == item.borneOut)
    }

    @Test func `who says less of a result than two others is not believed either`() {
        var comparison = ReplicaComparison(claim: [1], quality: BasisPoints(clamping: 9_000), tolerance: .exact)
        for quality in [2_000, 9_000, 9_500] as [Int64] {
            comparison.add(ReplicaOpinion(isOwn: false, result: [1], quality: BasisPoints(clamping: quality)))
        }
        #expect((0..<3).map { comparison.verdict(of: $0, isLast: true)?.value } == [0, 9_000, 9_000])
        var alone = ReplicaComparison(claim: [1], quality: BasisPoints(clamping: 9_000), tolerance: .exact)
        alone.add(ReplicaOpinion(isOwn: false, result: [1], quality: .zero))
        #expect(alone.verdict(of: 0, isLast: true) == nil)
    }

    @Test func `a claim that was spared is paid only where the task asks for replication`() throws {
        for acceptance in QualityBasis.allCases {
            var task = Fixture.task
            task.acceptance = acceptance
            task.witnesses = acceptance == .witnessed ? WitnessRule(count: 3) : nil
            let signed = Fixture.sign(task)
            let proof = Fixture.sign(try #require(Fixture.proof(of: signed)), by: Fixture.thor)
            func fault(spared: Bool) -> VoidReason? {
                proof.fault(
                    for: signed, executorKey: Fixture.thor.publicKey.id, result: [9], verified: nil, spared: spared)
            }
            #expect(fault(spared: false) == (acceptance == .claimed ? nil : .basisTooWeak))
            #expect(fault(spared: true) == (acceptance <= .replicated && acceptance != .checked ? nil : .basisTooWeak))
        }
    }
}
