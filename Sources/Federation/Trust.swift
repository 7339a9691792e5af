import Quantities
import Wire

/// What goes into trust, and the number that comes out; all in ten-thousandths.
///
/// Trust = (0.4 direct + 0.2 transitive + 0.2 bond + 0.2 reputation) × (1 − inexperience) ×
/// (1 − anomaly), every product rounded down, in this order.
public struct TrustFactors: Hashable, Sendable {
    /// Own experience.
    public var direct: BasisPoints
    /// What trusted peers report.
    public var transitive: BasisPoints
    /// Share of days on which the peer's bond was kept; nothing without a bond.
    public var bond: BasisPoints
    /// Reputation in the operation at hand.
    public var reputation: BasisPoints
    /// Tasks verified so far.
    public var verified: UInt32
    /// How often it claimed too much.
    public var anomaly: BasisPoints

    /// The factors.
    public init(
        direct: BasisPoints, transitive: BasisPoints, bond: BasisPoints, reputation: BasisPoints, verified: UInt32,
        anomaly: BasisPoints
    ) {
        self.direct = direct
        self.transitive = transitive
        self.bond = bond
        self.reputation = reputation
        self.verified = verified
        self.anomaly = anomaly
    }

    /// The weighted sum, before inexperience and anomaly.
    public var base: BasisPoints {
        let sum =
            4 * Int64(direct.value) + 2 * Int64(transitive.value) + 2 * Int64(bond.value) + 2 * Int64(reputation.value)
        return BasisPoints(clamping: sum / 10)
    }

    /// 0.3 × 10 ÷ (10 + verified tasks).
    public var inexperience: BasisPoints { BasisPoints(clamping: 30_000 / (10 + Int64(verified))) }

    /// The trust.
    public var trust: BasisPoints { base * inexperience.complement * anomaly.complement }

    /// The largest share that hearsay can have.
    public static let largestTransitive = BasisPoints(clamping: 8_000)

    /// The mean of what peers report, each weighted by the own direct trust in it, at most 0.8; nothing
    /// where nobody who is trusted reports.
    public static func transitive(_ reports: [TrustReport]) -> BasisPoints {
        let weight = reports.reduce(Int64(0)) { $0 + Int64($1.directTrustInReporter.value) }
        let sum = reports.reduce(Int64(0)) { $0 + Int64($1.directTrustInReporter.value) * Int64($1.reported.value) }
        guard weight > 0 else { return .zero }
        return min(BasisPoints(clamping: sum / weight), largestTransitive)
    }
}

/// What one peer reports about another.
public struct TrustReport: Hashable, Sendable {
    /// What it reports.
    public let reported: BasisPoints
    /// The own direct trust in the reporter.
    public let directTrustInReporter: BasisPoints

    /// A report.
    public init(reported: BasisPoints, directTrustInReporter: BasisPoints) {
        self.reported = reported
        self.directTrustInReporter = directTrustInReporter
    }
}

/// What is remembered of one peer to trust it by.
public struct TrustRecord: Hashable, Sendable {
    /// Own experience; starts at one half.
    public private(set) var direct: BasisPoints
    /// Days on which its bond was kept.
    public private(set) var bondDaysKept: UInt32
    /// Days on which its bond was judged.
    public private(set) var bondDays: UInt32
    /// How often it claimed too much.
    public private(set) var anomaly: MovingShare
    /// Its reputation for each operation, at most `FederationLimits.maximumReputations`.
    public private(set) var reputations: [Reputation]

    /// A peer with whom nothing has happened yet.
    public init() {
        direct = BasisPoints(clamping: 5_000)
        bondDaysKept = 0
        bondDays = 0
        anomaly = MovingShare(.zero)
        reputations = []
    }

    /// Quality from which accepted work raises direct trust.
    public static let raisingQuality = BasisPoints(clamping: 8_000)
    /// How far a claim may be above what was found.
    public static let claimTolerance: Int64 = 1_000

    /// Takes in a task whose result was checked.
    ///
    /// `claimed` and `verified` are qualities; `billedAboveMeasured` says that it asked for more than it
    /// measured. Accepted work of at least 0.8 moves direct trust a hundredth of the way to 1, rounded up;
    /// refused work takes a tenth of it, and so does work by which it was beyond its word once too often
    /// (`takesMoreThanSaid`), which counts as worth nothing.
    public mutating func record(
        _ operation: Operation, claimed: BasisPoints, verified: BasisPoints, billedAboveMeasured: Bool,
        accepted: Bool, takesMoreThanSaid: Bool = false, at now: LedgerTime
    ) {
        let old = Int64(direct.value)
        if !accepted || takesMoreThanSaid {
            direct = BasisPoints(clamping: old * 9 / 10)
        } else if verified >= TrustRecord.raisingQuality {
            direct = BasisPoints(clamping: old + (10_000 - old + 99) / 100)
        }
        let overclaimed = Int64(claimed.value) - Int64(verified.value) > TrustRecord.claimTolerance
        anomaly.add(overclaimed || billedAboveMeasured || takesMoreThanSaid ? .one : .zero)
        let index = index(of: operation, at: now)
        reputations[index].add(takesMoreThanSaid ? .zero : verified, isFalse: !accepted, at: now)
    }

    /// Takes in that it was beyond its word once too often by a run whose result nobody has looked at.
    public mutating func recordTakesMoreThanSaid(_ operation: Operation, at now: LedgerTime) {
        direct = BasisPoints(clamping: Int64(direct.value) * 9 / 10)
        anomaly.add(.one)
        let index = index(of: operation, at: now)
        reputations[index].add(.zero, at: now)
    }

    /// Takes in whether a paid run of `operation`, handed out at `handedAt`, was within the peer's word; returns
    /// whether it was beyond it once too often.
    public mutating func recordWord(
        _ operation: Operation, isKept: Bool, handedAt: LedgerTime, at now: LedgerTime
    ) -> Bool {
        let known = reputation(for: operation, at: now)
        // Of who keeps its word nothing is remembered.
        guard isKept ? known.word.score > 0 : known.verified(at: now) >= WordRecord.learning else { return false }
        let index = index(of: operation, at: now)
        return reputations[index].addWord(isKept: isKept, handedAt: handedAt, at: now)
    }

    /// Takes in that it has not done what it was given of `operation`, and should have: as refused work of no worth.
    public mutating func recordUndone(_ operation: Operation, at now: LedgerTime) {
        direct = BasisPoints(clamping: Int64(direct.value) * 9 / 10)
        let index = index(of: operation, at: now)
        reputations[index].add(.zero, at: now)
    }

    /// Takes in that a result of `operation` was taken on its claim.
    public mutating func recordUnverified(_ operation: Operation, at now: LedgerTime) {
        let index = index(of: operation, at: now)
        reputations[index].addUnverified()
    }

    /// Takes in one day of a bond.
    public mutating func recordBondDay(kept: Bool) {
        guard bondDays < .max else { return }
        bondDays += 1
        if kept { bondDaysKept += 1 }
    }

    /// Takes in that the bond was broken: its days are lost, and half of every reputation.
    public mutating func recordBondBroken() {
        bondDays = 0
        bondDaysKept = 0
        for index in reputations.indices { reputations[index].halve() }
    }

    /// Takes in that the peer stayed silent about a proof it had, or paid less than it owed: as refused work.
    public mutating func recordDefault() { direct = BasisPoints(clamping: Int64(direct.value) * 9 / 10) }

    /// Its reputation for `operation`.
    public func reputation(for operation: Operation, at now: LedgerTime) -> Reputation {
        reputations.first { $0.operation == operation } ?? Reputation(operation: operation, at: now)
    }

    /// What decides whether it is given tasks of `operation`: its reputation there and the verified tasks behind it.
    ///
    /// While it is not known in the operation, all its verified work counts, each operation by its verified tasks: who
    /// has proven itself in one is no newcomer in the next.
    public func standing(in operation: Operation, at now: LedgerTime) -> (reputation: BasisPoints, verified: UInt32) {
        let own = reputation(for: operation, at: now)
        if own.verified(at: now) >= Reputation.knownAfter { return (own.value(at: now), own.verified(at: now)) }
        var (sum, count): (Int64, Int64) = (0, 0)
        for reputation in reputations {
            let verified = Int64(min(reputation.verified(at: now), Reputation.mostWeight))
            sum += Int64(reputation.value(at: now).value) * verified
            count += verified
        }
        guard count > 0 else { return (own.value(at: now), 0) }
        return (BasisPoints(clamping: sum / count), UInt32(count))
    }

    /// What its trust in `operation` is made of.
    public func factors(for operation: Operation, reports: [TrustReport], at now: LedgerTime) -> TrustFactors {
        let reputation = reputation(for: operation, at: now)
        return TrustFactors(
            direct: direct, transitive: TrustFactors.transitive(reports),
            bond: BasisPoints(Int64(bondDaysKept), of: Int64(bondDays)), reputation: reputation.value(at: now),
            verified: reputations.reduce(0) { UInt32(clamping: UInt64($0) + UInt64($1.verified)) },
            anomaly: anomaly.value)
    }

    private mutating func index(of operation: Operation, at now: LedgerTime) -> Int {
        if let index = reputations.firstIndex(where: { $0.operation == operation }) { return index }
        let fresh = Reputation(operation: operation, at: now)
        guard reputations.count >= FederationLimits.maximumReputations else {
            reputations.append(fresh)
            return reputations.count - 1
        }
        let oldest = reputations.indices.min { reputations[$0].updated < reputations[$1].updated } ?? 0
        reputations[oldest] = fresh
        return oldest
    }

    // MARK: Storage

    /// Reads a stored record: `{1: direct, 2: days kept, 3: days, 4: anomaly, 5: [reputation]}`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(1, of: &map)
        direct = try reader.share()
        try reader.field(2, of: &map)
        let keptStart = reader.offset
        bondDaysKept = try reader.unsigned32()
        try reader.field(3, of: &map)
        bondDays = try reader.unsigned32()
        guard bondDaysKept <= bondDays else { throw .invalidValue(at: keptStart) }
        try reader.field(4, of: &map)
        anomaly = MovingShare(try reader.share())
        try reader.field(5, of: &map)
        var reputations: [Reputation] = []
        for _ in 0..<(try reader.beginArray(limit: FederationLimits.maximumReputations)) {
            reputations.append(try Reputation(from: &reader))
        }
        reader.endArray()
        self.reputations = reputations
        try reader.endMap(&map)
    }

    /// Appends the record's encoding.
    public func write(to writer: inout CBORWriter) {
        var fields = FieldWriter()
        fields.share(1, direct)
        fields.unsigned(2, UInt64(bondDaysKept))
        fields.unsigned(3, UInt64(bondDays))
        fields.share(4, anomaly.value)
        fields.array(5, count: reputations.count) { for item in reputations { item.write(to: &$0) } }
        fields.finish(into: &writer)
    }
}
