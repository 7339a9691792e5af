import Federation
import Quantities
import Testing
import Wire

@Suite struct TrustTests {
    static let now = LedgerTime(milliseconds: 0)
    static func share(_ value: Int64) -> BasisPoints { BasisPoints(clamping: value) }

    /// The row of docs/delegation.md.
    static let row = TrustFactors(
        direct: share(6_200), transitive: share(7_000), bond: share(9_000), reputation: share(8_000), verified: 40,
        anomaly: share(500))

    @Test func `the worked row comes out as documented`() {
        #expect(Self.row.base == Self.share(7_280))
        #expect(Self.row.inexperience == Self.share(600))
        #expect(Self.row.trust == Self.share(6_500))
        #expect(QueuePriority.band(Self.row.trust) == 5)
    }

    @Test func `a newcomer is trusted little and a flawless peer fully`() {
        let factors = TrustRecord().factors(for: Fixture.features, reports: [], at: Self.now)
        #expect(factors.trust == Self.share(2_100))
        let flawless = TrustFactors(
            direct: .one, transitive: Self.share(8_000), bond: .one, reputation: .one, verified: 29_990, anomaly: .zero)
        #expect(flawless.trust == Self.share(9_599))
    }

    @Test(
        arguments: [
            ([], 0), ([(9_000, 0)], 0), ([(9_000, 5_000)], 8_000), ([(2_000, 9_000), (8_000, 3_000)], 3_500),
            ([(10_000, 10_000), (10_000, 1)], 8_000),
        ] as [([(Int64, Int64)], Int64)])
    func `hearsay weighs by the own trust in who says it and is capped`(
        reports: [(Int64, Int64)], transitive: Int64
    ) {
        let reports = reports.map {
            TrustReport(reported: Self.share($0.0), directTrustInReporter: Self.share($0.1))
        }
        #expect(TrustFactors.transitive(reports) == Self.share(transitive))
    }

    @Test func `good work raises direct trust slowly, refused work lowers it fast`() {
        var record = TrustRecord()
        func add(claimed: Int64, verified: Int64, accepted: Bool) {
            record.record(
                Fixture.features, claimed: Self.share(claimed), verified: Self.share(verified),
                billedAboveMeasured: false, accepted: accepted, at: Self.now)
        }
        add(claimed: 9_000, verified: 9_000, accepted: true)
        #expect(record.direct == Self.share(5_050))
        add(claimed: 7_500, verified: 7_500, accepted: true)
        #expect(record.direct == Self.share(5_050))
        add(claimed: 9_000, verified: 2_000, accepted: false)
        #expect(record.direct == Self.share(4_545))
        #expect(record.anomaly.value == Self.share(1_000))
        add(claimed: 9_000, verified: 8_000, accepted: true)
        #expect(record.anomaly.value == Self.share(900))
        for _ in 0..<2_000 { add(claimed: 9_000, verified: 9_000, accepted: true) }
        #expect(record.direct == .one)
    }

    @Test func `reputation is a moving average that starts at one half and decays towards it`() {
        var reputation = Reputation(operation: Fixture.features, at: Self.now)
        #expect(reputation.value(at: Self.now) == Self.share(5_000))
        reputation.add(.one, at: Self.now)
        #expect(reputation.value(at: Self.now) == Self.share(5_500))
        for _ in 0..<9 { reputation.add(.one, at: Self.now) }
        #expect(reputation.value(at: Self.now) == Self.share(8_254))
        #expect(reputation.verified >= Reputation.knownAfter)
        let tomorrow = Self.now + .seconds(86_400)
        #expect(reputation.value(at: tomorrow) == Self.share(8_222))
        #expect(reputation.value(at: Self.now + .seconds(86_400 * 10_000)) < Self.share(5_200))
        #expect(reputation.value(at: LedgerTime(milliseconds: .min)) == Self.share(8_254))
    }

    @Test func `who has proven itself in one operation is no newcomer in the next`() {
        var record = TrustRecord()
        func add(_ operation: Federation.Operation, _ quality: BasisPoints, count: Int) {
            for _ in 0..<count {
                record.record(
                    operation, claimed: quality, verified: quality, billedAboveMeasured: false, accepted: true,
                    at: Self.now)
            }
        }
        let other = Fixture.operation("perception.detect")
        #expect(record.standing(in: other, at: Self.now) == (Reputation.start, 0))
        add(Fixture.features, .one, count: 9)
        #expect(record.standing(in: other, at: Self.now).verified == 9)
        add(Fixture.features, .one, count: 1)
        #expect(record.standing(in: other, at: Self.now) == (Self.share(8_254), 10))
        // Ten tasks of the operation itself speak for themselves.
        add(other, .zero, count: 9)
        let mixed = record.standing(in: other, at: Self.now)
        #expect(mixed.verified == 19 && mixed.reputation > Self.share(5_000))
        add(other, .zero, count: 1)
        let own = record.standing(in: other, at: Self.now)
        #expect(own.verified == 10 && own.reputation < Self.share(2_000))
        #expect(record.standing(in: Fixture.features, at: Self.now) == (Self.share(8_254), 10))
    }

    @Test func `who has not worked for a month begins anew, with small tasks`() {
        var reputation = Reputation(operation: Fixture.features, at: Self.now)
        for _ in 0..<12 { reputation.add(.zero, at: Self.now) }
        #expect(reputation.verified(at: Self.now + .seconds(30 * 86_400 - 1)) == 12)
        #expect(reputation.verified(at: Self.now + .seconds(30 * 86_400)) == 6)
        #expect(reputation.verified(at: Self.now + .seconds(400 * 86_400)) == 0)
        #expect(reputation.verified(at: LedgerTime(milliseconds: .max)) == 0)
        #expect(reputation.verified(at: LedgerTime(milliseconds: .min)) == 12)
        reputation.add(.one, at: Self.now + .seconds(30 * 86_400))
        #expect(reputation.verified == 7)
    }

    @Test func `a broken bond loses its share and half of the reputation`() {
        var record = TrustRecord()
        record.record(
            Fixture.features, claimed: .one, verified: .one, billedAboveMeasured: false, accepted: true, at: Self.now)
        for day in 0..<30 { record.recordBondDay(kept: day % 3 != 0) }
        #expect(record.factors(for: Fixture.features, reports: [], at: Self.now).bond == Self.share(6_666))
        record.recordBondBroken()
        let factors = record.factors(for: Fixture.features, reports: [], at: Self.now)
        #expect(factors.bond == .zero)
        #expect(factors.reputation == Self.share(2_750))
    }

    @Test func `a record is stored and read back, and keeps a bounded number of operations`() throws {
        var record = TrustRecord()
        for index in 0..<40 {
            record.record(
                Fixture.operation("perception.x\(index)"), claimed: .one, verified: .one, billedAboveMeasured: true,
                accepted: true, at: LedgerTime(milliseconds: Int64(index)))
        }
        #expect(record.reputations.count == FederationLimits.maximumReputations)
        #expect(!record.reputations.contains { $0.operation.name == "perception.x0" })
        var writer = CBORWriter()
        record.write(to: &writer)
        let bytes = writer.bytes
        var reader = try CBORReader(bytes.span, limit: 8_192)
        #expect(try TrustRecord(from: &reader) == record)
    }

    @Test(arguments: [(9_000, 1), (8_999, 3), (7_000, 3), (5_000, 5), (3_000, 7), (2_999, 10), (0, 10)])
    func `trust gives the band of the queue`(trust: Int64, band: UInt8) {
        #expect(QueuePriority.band(Self.share(trust)) == band)
    }

    @Test func `urgency helps by two at most, and waiting brings everybody's turn`() {
        let patient = QueuePriority(trust: .zero, urgency: 10, waited: .zero)
        #expect(patient.value == 12)
        #expect(QueuePriority(trust: .zero, urgency: 1, waited: .zero).value == 8)
        let best = QueuePriority(trust: .one, urgency: 1, waited: .zero)
        #expect(best < patient)
        #expect(QueuePriority(trust: .zero, urgency: 10, waited: .seconds(70)) < best)
        #expect(QueuePriority(trust: .zero, urgency: 10, waited: .seconds(-70)).value == 12)
    }

    @Test func `a client may ask so often a minute and then waits`() {
        var limit = RateLimit(perMinute: 3)
        let start = BootTime(milliseconds: 1_000_000)
        #expect((0..<3).allSatisfy { _ in limit.request(by: Fixture.node(1), at: start) == nil })
        #expect(limit.request(by: Fixture.node(1), at: start) == .seconds(20))
        #expect(limit.request(by: Fixture.node(2), at: start) == nil)
        #expect(limit.request(by: Fixture.node(1), at: start + .seconds(19)) == .seconds(1))
        #expect(limit.request(by: Fixture.node(1), at: start + .seconds(20)) == nil)
    }
}
