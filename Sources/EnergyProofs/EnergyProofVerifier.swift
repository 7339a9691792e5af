import Cryptography
import Quantities
import Telemetry

/// Checks pages; needs nothing but the maker's public key, the federation and the page before.
public enum EnergyProofVerifier {
    /// Accepts `page` as signed by the holder of `key`, consistent by itself, and the one after `previous`.
    ///
    /// Without `previous` (the page before is not known) the page is checked by itself.
    ///
    /// - Throws: what is wrong, the first thing in this order: federation, signature, the page by itself,
    ///   its place after the page before.
    public static func verify(
        _ page: ProofPage, after previous: PreviousPage?, key: PublicKey, in domain: SignatureDomain,
        using scheme: any SignatureScheme
    ) throws(EnergyProofError) {
        guard page.proof.federation == domain.federation else {
            throw .otherFederation(found: page.proof.federation)
        }
        do throws(EnvelopeError) {
            try page.envelope.verify(as: .energyProof, by: key, in: domain, using: scheme)
        } catch { throw .envelope(error) }
        try check(page.proof)
        if let previous { try check(page.proof, after: previous) }
    }

    /// Accepts a page whose fields agree with each other.
    static func check(_ proof: EnergyCapacityProof) throws(EnergyProofError) {
        guard proof.kind == proof.source.kind else { throw .kindMismatch(proof.kind, proof.source) }
        guard (proof.page == 0) == (proof.previousHash == nil) else { throw .firstPageMismatch(page: proof.page) }
        guard proof.window > .zero else { throw .emptyWindow(proof.window) }
        guard proof.gap <= proof.window else { throw .gapLongerThanWindow(gap: proof.gap, window: proof.window) }
        guard proof.registerEnd >= proof.registerStart else {
            throw .registerBackwards(start: proof.registerStart, end: proof.registerEnd)
        }
        guard proof.samples <= proof.expected else { throw .tooManySamples(proof.samples, expected: proof.expected) }
        try checkEvidence(proof)
        try checkEnergy(proof)
        try checkCapacity(proof)
        let allowed = ChargeableRule.chargeable(of: proof)
        guard proof.chargeable <= allowed else { throw .chargeableOverstated(proof.chargeable, allowed: allowed) }
        guard proof.chargeable == allowed else { throw .chargeableUnderstated(proof.chargeable, allowed: allowed) }
    }

    private static func checkEvidence(_ proof: EnergyCapacityProof) throws(EnergyProofError) {
        if proof.kind == .human {
            guard proof.isUnmeasured else {
                throw proof.evidence == .declared ? .declaredButMeasured : .humanNotDeclared(proof.evidence)
            }
            guard EnergyProofLimits.humanPower.contains(proof.rated) else { throw .humanPowerOutOfRange(proof.rated) }
        }
        if proof.isUnmeasured {
            guard proof.drawn == .zero, proof.samples == 0 else { throw .declaredButMeasured }
        }
    }

    private static func checkEnergy(_ proof: EnergyCapacityProof) throws(EnergyProofError) {
        // Two floored registers can differ by one millijoule more than the energy between them.
        let rounding = Energy(millijoules: proof.covered > .zero ? 1 : 0)
        let most = proof.peak.held(for: proof.covered).adding(rounding) ?? .largest
        guard proof.drawn <= most else { throw .drawnAbovePeak(proof.drawn, most: most) }
        let workLimit = proof.kind == .compute ? proof.drawn : .zero
        guard proof.work <= workLimit else { throw .workExceedsDrawn(proof.work, drawn: workLimit) }
    }

    private static func checkCapacity(_ proof: EnergyCapacityProof) throws(EnergyProofError) {
        guard proof.capacity <= proof.rated else {
            throw .capacityAboveRated(proof.capacity, rated: proof.rated)
        }
        guard !proof.throttle.limitsCapacity || proof.capacity <= proof.mean else {
            throw .capacityAboveMean(proof.capacity, mean: proof.mean)
        }
    }

    /// Accepts a page that goes on where `previous` ended.
    ///
    /// Within an epoch the register goes on; in the next epoch it begins at zero. Within a boot the
    /// windows touch; the time of two boots cannot be compared.
    static func check(_ proof: EnergyCapacityProof, after previous: PreviousPage) throws(EnergyProofError) {
        guard proof.page > previous.page else { throw .replay(page: proof.page, last: previous.page) }
        guard proof.page == previous.page + 1 else {
            throw .missingPages(expected: previous.page + 1, found: proof.page)
        }
        guard let hash = proof.previousHash else { throw .firstPageMismatch(page: proof.page) }
        guard hash == previous.hash else { throw .wrongPreviousHash(expected: previous.hash, found: hash) }
        guard proof.epoch == previous.epoch || proof.epoch == previous.epoch + 1 else {
            throw .wrongEpoch(proof.epoch, last: previous.epoch)
        }
        let register = proof.epoch == previous.epoch ? previous.registerEnd : .zero
        guard proof.registerStart >= register else {
            throw .registerWentBack(expected: register, found: proof.registerStart)
        }
        guard proof.registerStart == register else {
            throw .registerJumped(expected: register, found: proof.registerStart)
        }
        guard proof.bootID == previous.bootID else { return }
        guard proof.windowStart >= previous.windowEnd else {
            throw .overlap(previous.windowEnd.since(proof.windowStart))
        }
        guard proof.windowStart == previous.windowEnd else {
            throw .hole(proof.windowStart.since(previous.windowEnd))
        }
    }
}
