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

    /// The claimed result.
    public let claim: [UInt8]
    /// How good it is claimed to be.
    public let quality: BasisPoints
    /// How far numbers may be apart.
    public let tolerance: ResultTolerance
    /// What the others found, in the order in which it came.
    public internal(set) var opinions: [ReplicaOpinion] = []

    /// A claim of which nobody else has said anything.
    public init(claim: [UInt8], quality: BasisPoints, tolerance: ResultTolerance) {
        self.claim = claim
        self.quality = quality
        self.tolerance = tolerance
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

    /// How good the claimed result was found to be: what was claimed or what another says of the same result,
    /// whichever is less; nothing where another result counts, nil while nobody knows.
    public var verdict: BasisPoints? {
        guard let reference else { return nil }
        guard agree(claim, reference) else { return .zero }
        return opinions.reduce(quality) { agree($1.result, reference) ? min($0, $1.quality) : $0 }
    }

    /// Whether `opinion` is of the result that counts; nil while nobody knows.
    public func isBorneOut(_ opinion: ReplicaOpinion) -> Bool? { reference.map { agree(opinion.result, $0) } }

    private func agree(_ left: [UInt8], _ right: [UInt8]) -> Bool { tolerance.agree(left, right) }
}
