import Quantities
import Telemetry

/// One page that can be charged from, and how far it was.
struct ProofAccount: Hashable, Sendable {
    let hash: Bytes32
    let evidence: EvidenceClass
    let bootID: Bytes16
    let windowStart: BootTime
    let windowEnd: BootTime
    /// When the window ended, in ledger time.
    let endedAt: LedgerTime
    let coverage: BasisPoints
    /// What the page allows in all, before the policy's share.
    let chargeable: Energy
    /// What was charged so far.
    var charged: Energy = .zero
    /// What of a battery's output was set against the credits charged for filling it.
    var withheld: Energy = .zero

    /// Whether the two windows share time; windows of different boots never do.
    func overlaps(_ other: ProofAccount) -> Bool {
        bootID == other.bootID && windowStart < other.windowEnd && other.windowStart < windowEnd
    }
}

/// What the gate knows of one source.
struct SourceAccount: Hashable, Sendable {
    var registration: SourceRegistration
    /// The last accepted page; nil before the first.
    var last: PreviousPage?
    /// Accepted pages in their order, at most `EnergyProofLimits.openProofs`.
    var proofs: [ProofAccount] = []
    /// Of a battery: credits charged for filling it that its output has not made up for yet.
    var storedCredit: Energy = .zero
    /// Where block time stood when charging began to be counted; nil where there are no blocks.
    var blockAnchor: LedgerTime?
    /// All that was charged since then.
    var chargedInBlocks: Energy = .zero
    /// Of a person: the day that `timeToday` counts, and how much of it was declared.
    var day: Int64 = 0
    var timeToday: TimeSpan = .zero

    init(_ registration: SourceRegistration, blockAnchor: LedgerTime?) {
        self.registration = registration
        self.blockAnchor = blockAnchor
    }

    /// Takes `page` in as the newest; forgets what is too old to be charged from.
    mutating func append(_ page: ProofPage, endedAt: LedgerTime, maximumAge: TimeSpan, now: LedgerTime) -> ProofAccount
    {
        let proof = page.proof
        let record = ProofAccount(
            hash: page.hash, evidence: proof.evidence, bootID: proof.bootID, windowStart: proof.windowStart,
            windowEnd: proof.windowEnd, endedAt: endedAt, coverage: proof.coverage,
            chargeable: proof.kind == .human ? humanEnergy(proof, endedAt: endedAt) : proof.chargeable)
        proofs.removeAll { now.since($0.endedAt) > maximumAge }
        if proofs.count >= EnergyProofLimits.openProofs { proofs.removeFirst() }
        proofs.append(record)
        last = page.link
        return record
    }

    /// What the newest page of a battery gave first makes up for credits charged for filling it, whether or not
    /// anything is charged from the page; `share` is what counts of it.
    mutating func makeUp(share: BasisPoints) {
        guard storedCredit > .zero, let last = proofs.indices.last else { return }
        let amount = min(storedCredit, proofs[last].chargeable.scaled(by: share))
        proofs[last].withheld = amount
        storedCredit -= amount
    }

    /// What of a person's declared window falls within the hours of a day.
    private mutating func humanEnergy(_ proof: EnergyCapacityProof, endedAt: LedgerTime) -> Energy {
        let today = endedAt.milliseconds.flooredQuotient(by: 86_400_000)
        if today != day {
            day = today
            timeToday = .zero
        }
        let counted = max(.zero, min(proof.covered, EnergyProofLimits.humanTimeADay - timeToday))
        timeToday = timeToday + counted
        return min(proof.chargeable, proof.rated.held(for: counted))
    }
}
