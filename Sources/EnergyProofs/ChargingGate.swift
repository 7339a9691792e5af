import Cryptography
import Quantities
import Telemetry

/// Lets spent credits be charged again only from energy that was proven, once.
///
/// The gate keeps, for each registered source, the link to its last page and what was charged from
/// each of its recent pages. Time is ledger time: `now` never goes back. A refusal changes nothing.
public struct ChargingGate: Sendable {
    /// The society's rules.
    public var policy: ChargingPolicy
    /// In ascending order of their identities.
    var accounts: [SourceAccount] = []

    /// A gate without sources.
    public init(policy: ChargingPolicy) { self.policy = policy }

    /// The registered sources in ascending order of their identities.
    public var sources: [SourceRegistration] { accounts.map { $0.registration } }

    /// The last accepted page of `source`; nil before the first.
    public func lastPage(of source: SourceID) -> PreviousPage? { index(of: source).flatMap { accounts[$0].last } }

    // MARK: Sources

    /// Registers a source, or changes what its owner registered before.
    ///
    /// Its links to a parent and a battery stay as they are while a page that was charged from is
    /// remembered, since they are what keeps the same energy from being charged twice.
    ///
    /// - Parameters:
    ///   - blockTime: block time now; from here on what the source charges is held against its rating.
    public mutating func register(
        _ registration: SourceRegistration, blockTime: LedgerTime? = nil
    ) -> Result<Void, ChargeRefusal> {
        if let parent = registration.parent, let refusal = refusal(ofParent: parent, for: registration) {
            return .failure(refusal)
        }
        if let battery = registration.feeds {
            guard let fed = index(of: battery), battery.kind == .battery, battery != registration.source,
                accounts[fed].registration.owner == registration.owner
            else { return .failure(.feedsNoBattery(battery)) }
        }
        if let known = index(of: registration.source) {
            let owner = accounts[known].registration.owner
            guard owner == registration.owner else {
                return .failure(.ownedByAnother(registration.source, owner: owner.id))
            }
            let links = accounts[known].registration
            guard
                links.parent == registration.parent && links.feeds == registration.feeds
                    || accounts[known].proofs.allSatisfy({ $0.charged == .zero })
            else { return .failure(.linkInUse(registration.source)) }
            accounts[known].registration = registration
            return .success(())
        }
        guard accounts.count < EnergyProofLimits.sources else {
            return .failure(.tooManySources(limit: EnergyProofLimits.sources))
        }
        let place = accounts.firstIndex { registration.source < $0.registration.source } ?? accounts.count
        accounts.insert(SourceAccount(registration, blockAnchor: blockTime), at: place)
        return .success(())
    }

    /// Hands everything that `old` registered to `new`, the key that has taken its place.
    public mutating func handOver(from old: PublicKey, to new: PublicKey) {
        for index in accounts.indices where accounts[index].registration.owner == old {
            accounts[index].registration.owner = new
        }
    }

    private func refusal(ofParent parent: SourceID, for registration: SourceRegistration) -> ChargeRefusal? {
        guard let found = index(of: parent) else { return .unknownSource(parent) }
        let owner = accounts[found].registration.owner
        guard owner == registration.owner else { return .ownedByAnother(parent, owner: owner.id) }
        guard parent != registration.source, accounts[found].registration.parent == nil else {
            return .nestedParent(parent)
        }
        let isParent = accounts.contains { $0.registration.parent == registration.source }
        return isParent ? .nestedParent(registration.source) : nil
    }

    private func index(of source: SourceID) -> Int? { accounts.firstIndex { $0.registration.source == source } }

    // MARK: Pages

    /// Takes in the next page of its source, whether or not it will allow a charge.
    ///
    /// - Parameters:
    ///   - age: how long ago the page's window ended; the caller knows it from boot time on the same
    ///     board, or from two synchronised wall clocks.
    ///   - blockTime: block time now, where there are blocks and the source was registered before them.
    public mutating func accept(
        _ page: ProofPage, age: TimeSpan, now: LedgerTime, in domain: SignatureDomain,
        using scheme: any SignatureScheme, blockTime: LedgerTime? = nil
    ) -> Result<AcceptedPage, ChargeRefusal> {
        let proof = page.proof
        guard let index = index(of: proof.source) else { return .failure(.unknownSource(proof.source)) }
        let registration = accounts[index].registration
        do throws(EnergyProofError) {
            try EnergyProofVerifier.verify(
                page, after: accounts[index].last, key: registration.owner, in: domain, using: scheme)
        } catch { return .failure(.notVerified(error)) }
        guard proof.rated <= registration.rated else {
            return .failure(.ratedAboveRegistration(proof.rated, registered: registration.rated))
        }
        if accounts[index].blockAnchor == nil { accounts[index].blockAnchor = blockTime }
        let record = accounts[index].append(
            page, endedAt: now - max(age, .zero), maximumAge: policy.maximumAge, now: now)
        accounts[index].makeUp(share: policy.shares[record.evidence] ?? .one)
        return .success(AcceptedPage(hash: page.hash, source: proof.source, chargeable: record.chargeable))
    }

    /// Forgets every page from which nothing was charged, but the newest of each source.
    ///
    /// Nothing more can be charged from them then, and the state stays small while nothing is charged.
    public mutating func forgetUncharged() {
        for index in accounts.indices {
            let newest = accounts[index].last?.hash
            accounts[index].proofs.removeAll { $0.charged == .zero && $0.hash != newest }
        }
    }

    // MARK: Charging

    /// How much can be charged from the page called `hash` at `now`, the pool and the amount apart.
    public func available(
        from hash: Bytes32, now: LedgerTime, blockTime: LedgerTime? = nil
    ) -> Result<Energy, ChargeRefusal> {
        switch allowance(of: hash, now: now, blockTime: blockTime) {
        case .success(let allowance): .success(allowance.caps.least)
        case .failure(let refusal): .failure(refusal)
        }
    }

    /// Charges `amount` from the page called `hash`, for a pool that holds `pool` of spent credits.
    ///
    /// - Parameters:
    ///   - blockTime: block time now; nil where there are no blocks.
    public mutating func charge(
        _ amount: Energy, from hash: Bytes32, pool: Energy, now: LedgerTime, blockTime: LedgerTime? = nil
    ) -> Result<ChargeGrant, ChargeRefusal> {
        guard amount > .zero else { return .failure(.amountNotPositive(amount)) }
        let allowance: Allowance
        switch self.allowance(of: hash, now: now, blockTime: blockTime) {
        case .success(let found): allowance = found
        case .failure(let refusal): return .failure(refusal)
        }
        if let refusal = allowance.caps.refusal(of: amount) { return .failure(refusal) }
        guard amount <= pool else { return .failure(.poolTooSmall(amount, pool: pool)) }

        let (source, proof) = (allowance.source, allowance.proof)
        let grant = ChargeGrant(
            id: hash, amount: amount, limit: allowance.limit, chargedBefore: accounts[source].proofs[proof].charged,
            remaining: allowance.remaining)
        accounts[source].proofs[proof].charged += amount
        accounts[source].proofs[proof].withheld += allowance.withheld
        accounts[source].storedCredit -= allowance.withheld
        if blockTime != nil {
            let charged = accounts[source].chargedInBlocks
            accounts[source].chargedInBlocks = charged.adding(amount) ?? Energy(millijoules: .max)
        }
        if let battery = accounts[source].registration.feeds, let fed = index(of: battery) {
            let stored = accounts[fed].storedCredit
            accounts[fed].storedCredit = min(stored.adding(amount) ?? .largest, .largest)
        }
        return .success(grant)
    }

    /// Where a page's account is, and how far it can be charged.
    private struct Allowance {
        var source: Int
        var proof: Int
        /// What the page allows in all.
        var limit: Energy
        /// What a charge now sets against the credits charged for filling a battery.
        var withheld: Energy
        var remaining: TimeSpan
        var caps: ChargeCaps
    }

    private func allowance(
        of hash: Bytes32, now: LedgerTime, blockTime: LedgerTime?
    ) -> Result<Allowance, ChargeRefusal> {
        guard let (source, proof) = find(hash) else { return .failure(.unknownProof(hash)) }
        let account = accounts[source]
        let record = account.proofs[proof]
        let age = now.since(record.endedAt)
        let ageLimit = min(policy.maximumAge, policy.lotLifetime - .milliseconds(1))
        guard age <= ageLimit else { return .failure(.tooOld(age, limit: ageLimit)) }
        guard record.coverage >= policy.minimumCoverage else {
            return .failure(.coverageTooLow(record.coverage, least: policy.minimumCoverage))
        }
        guard let share = policy.shares[record.evidence] else { return .failure(.classNotAllowed(record.evidence)) }
        let limit = record.chargeable.scaled(by: share)
        let left = (limit - record.charged).clampedToZero
        let afterChildren = (left - chargedByChildren(of: account, overlapping: record)).clampedToZero
        let output = (afterChildren - record.withheld).clampedToZero
        let withheld = min(account.storedCredit, output)
        let caps = ChargeCaps(
            proof: left, children: afterChildren, parent: leftByParent(of: account, overlapping: record),
            battery: output - withheld, rating: leftByRating(of: account, blockTime: blockTime))
        return .success(
            Allowance(
                source: source, proof: proof, limit: limit, withheld: withheld,
                remaining: policy.lotLifetime - age, caps: caps))
    }

    private func find(_ hash: Bytes32) -> (source: Int, proof: Int)? {
        for (source, account) in accounts.enumerated() {
            if let proof = account.proofs.lastIndex(where: { $0.hash == hash }) { return (source, proof) }
        }
        return nil
    }

    /// What the parts of `account` charged from windows that share time with `record`.
    private func chargedByChildren(of account: SourceAccount, overlapping record: ProofAccount) -> Energy {
        var sum = Energy.zero
        for child in accounts where child.registration.parent == account.registration.source {
            for proof in child.proofs where proof.overlaps(record) { sum = sum.adding(proof.charged) ?? .largest }
        }
        return min(sum, .largest)
    }

    /// What the whole leaves to its part `account` in windows that share time with `record`; nil where it charged
    /// nothing itself.
    private func leftByParent(of account: SourceAccount, overlapping record: ProofAccount) -> Energy? {
        guard let parent = account.registration.parent, let index = index(of: parent) else { return nil }
        let whole = accounts[index]
        var least: Energy?
        for proof in whole.proofs where proof.charged > .zero && proof.overlaps(record) {
            let limit = proof.chargeable.scaled(by: policy.shares[proof.evidence] ?? .zero)
            let left = limit - proof.charged - proof.withheld - chargedByChildren(of: whole, overlapping: proof)
            least = min(least ?? .largest, left.clampedToZero)
        }
        return least
    }

    /// What the rating of `account` leaves in block time; nil where there are no blocks.
    private func leftByRating(of account: SourceAccount, blockTime: LedgerTime?) -> Energy? {
        guard let blockTime else { return nil }
        let elapsed = max(blockTime.since(account.blockAnchor ?? blockTime), .zero)
        return (account.registration.rated.held(for: elapsed) - account.chargedInBlocks).clampedToZero
    }
}

/// How much each rule leaves to be charged; nil where a rule does not apply.
private struct ChargeCaps {
    var proof: Energy
    var children: Energy
    var parent: Energy?
    var battery: Energy
    var rating: Energy?

    /// The least of them.
    var least: Energy {
        min(proof, children, battery, min(parent ?? .largest, rating ?? .largest))
    }

    /// The first rule that leaves less than `amount`.
    func refusal(of amount: Energy) -> ChargeRefusal? {
        if amount > proof { return .exceedsProof(amount, left: proof) }
        if amount > children { return .chargedByChildren(amount, left: children) }
        if let parent, amount > parent { return .chargedByParent(amount, left: parent) }
        if amount > battery { return .fedBySociety(amount, left: battery) }
        if let rating, amount > rating { return .fasterThanRated(amount, left: rating) }
        return nil
    }
}
