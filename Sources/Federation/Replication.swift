import Ledger
import Quantities

// Which results are found out again, and what comes of it. Nothing here draws: who asks brings the number that was
// drawn, and nobody else can know it beforehand.

extension TrustRecord {
    /// The least share of results that are found out again, whoever they are of.
    public static let leastReplication = BasisPoints(clamping: 500)

    /// The share of its results in `operation` that are found out again.
    ///
    /// All of them until `Reputation.knownAfter` are verified, and for as many after one that was false; then the
    /// square of what is missing to full trust, and never less than `leastReplication`.
    public func replication(of operation: Operation, at now: LedgerTime) -> BasisPoints {
        let own = reputation(for: operation, at: now)
        guard own.verified(at: now) >= Reputation.knownAfter, own.probation == 0 else { return .one }
        let doubt = factors(for: operation, reports: [], at: now).trust.complement
        return max(TrustRecord.leastReplication, doubt * doubt)
    }

    /// Whether its next result in `operation` is found out again where `draw`, 0 … 9,999, was drawn for it.
    ///
    /// Beside the draw none is left out for longer than twice the mean gap, so that luck has an end.
    public func isReplicated(_ operation: Operation, draw: UInt64, at now: LedgerTime) -> Bool {
        let share = replication(of: operation, at: now)
        let left = Int64(reputation(for: operation, at: now).unverified) + 1
        return draw < UInt64(share.value) || left >= TrustRecord.longestGap(at: share)
    }

    /// The most results in a row of which one at least is found out, where that happens to `share` of them.
    public static func longestGap(at share: BasisPoints) -> Int64 {
        20_000 / Int64(max(share, leastReplication).value)
    }
}

/// What running an operation again came to.
public struct ReplicaOpinion: Hashable, Sendable {
    /// Whether this board itself ran it.
    public let isOwn: Bool
    /// The result.
    public let result: [UInt8]
    /// How good whoever ran it says that it is.
    public let quality: BasisPoints

    /// An opinion.
    public init(isOwn: Bool, result: [UInt8], quality: BasisPoints) {
        self.isOwn = isOwn
        self.result = result
        self.quality = quality
    }
}

/// A claimed result beside the results of others who ran the same.
public struct ReplicaComparison: Sendable {
    /// Most times that one task is run again.
    public static let mostOpinions = 3
    /// How far two may be apart in what they say the same result is worth.
    public static let qualityTolerance = BasisPoints(clamping: 1_000)

    /// The claimed result.
    public let claim: [UInt8]
    /// How good it is claimed to be.
    public let quality: BasisPoints
    /// How far numbers may be apart.
    public let tolerance: ResultTolerance
    /// The least quality that is paid: two that are on either side of it do not agree.
    public let minimum: BasisPoints
    /// What the others found, in the order in which it came.
    public internal(set) var opinions: [ReplicaOpinion] = []

    /// A claim of which nobody else has said anything.
    public init(claim: [UInt8], quality: BasisPoints, tolerance: ResultTolerance, minimum: BasisPoints = .zero) {
        self.claim = claim
        self.quality = quality
        self.tolerance = tolerance
        self.minimum = minimum
    }

    /// Takes in what one more has found.
    public mutating func add(_ opinion: ReplicaOpinion) { opinions.append(opinion) }

    /// The result that counts; nil while nobody knows.
    ///
    /// What this board found itself counts. Else it is what two found alike, whoever they are.
    public var reference: [UInt8]? {
        if let own = opinions.first(where: { $0.isOwn }) { return own.result }
        if opinions.contains(where: { agree(claim, $0.result) }) { return claim }
        for (index, one) in opinions.enumerated() {
            if opinions.dropFirst(index + 1).contains(where: { agree(one.result, $0.result) }) { return one.result }
        }
        return nil
    }

    /// How good the claimed result was found to be; nothing where another result counts, nil while nobody knows.
    ///
    /// - Parameter isLast: whether nobody else can be asked.
    public func verdict(isLast: Bool) -> BasisPoints? {
        worth(of: claimed, beside: opinions, isLast: isLast).map { min(quality, $0) }
    }

    /// How good the result of the opinion at `index` was found to be, as `verdict` tells it of the claim.
    ///
    /// Nothing where two others say more of it than it does: it has not told the truth either.
    public func verdict(of index: Int, isLast: Bool) -> BasisPoints? {
        var others = opinions
        let one = others.remove(at: index)
        return worth(of: one, beside: [claimed] + others, isLast: isLast).map { $0 > one.quality ? .zero : $0 }
    }

    /// Whether `opinion` is of the result that counts; nil while nobody knows.
    public func isBorneOut(_ opinion: ReplicaOpinion) -> Bool? { reference.map { agree(opinion.result, $0) } }

    private var claimed: ReplicaOpinion { ReplicaOpinion(isOwn: false, result: claim, quality: quality) }

    /// What `one` is worth by what `others` say.
    ///
    /// This board's own word is enough. Else those who say about the same of the same result must be more than those
    /// who say something else of it, or, where nobody else can be asked, no fewer: its own word tips the balance. What
    /// speaks against it are two who say about the same of it, and more than those who agree with it.
    private func worth(of one: ReplicaOpinion, beside others: [ReplicaOpinion], isLast: Bool) -> BasisPoints? {
        guard let reference else { return nil }
        guard agree(one.result, reference) else { return .zero }
        if one.isOwn { return one.quality }
        if let own = others.first(where: { $0.isOwn }) { return min(one.quality, own.quality) }
        let same = others.filter { agree($0.result, reference) }
        let (alike, apart) = (same.filter { isAlike($0, one) }, same.filter { !isAlike($0, one) })
        let isEnough = isLast ? alike.count >= apart.count : alike.count > apart.count
        if let best = alike.map({ $0.quality }).max(), isEnough { return min(one.quality, best) }
        guard apart.count > alike.count else { return nil }
        for (index, first) in apart.enumerated() {
            for second in apart.dropFirst(index + 1) where isAlike(first, second) {
                return min(first.quality, second.quality)
            }
        }
        return nil
    }

    private func agree(_ left: [UInt8], _ right: [UInt8]) -> Bool { tolerance.agree(left, right) }

    private func isAlike(_ one: ReplicaOpinion, _ other: ReplicaOpinion) -> Bool {
        abs(one.quality.value - other.quality.value) <= ReplicaComparison.qualityTolerance.value
            && (one.quality >= minimum) == (other.quality >= minimum)
    }
}
