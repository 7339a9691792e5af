import Cryptography
import Quantities

extension Signed where Payload == ExecutionProof {
    /// Why this proof and `result` do not earn what `task` offers, or nil where they do.
    ///
    /// `verified` is the quality that the payer's own check found and the basis of that check; nil
    /// where it made none, which leaves the executor's claim. That is enough where the task asks for no more, or for
    /// replication and this one was `spared` of it. `below` are the proofs of the tasks below that came with it.
    /// Checked in this order: parties and task, result hash, amount, task below, basis, quality.
    public func fault(
        for task: Signed<FederationTask>, executorKey: KeyID, result: [UInt8], verified: VerifiedQuality?,
        spared: Bool = false, below: [SignedEnvelope] = []
    ) -> VoidReason? {
        guard signer == executorKey, payload.task == task.payload.id, payload.taskHash == task.hash,
            payload.executor == task.payload.target
        else { return .proofDiffers }
        guard Hashing.hash(result, for: .result) == payload.resultHash else { return .resultDiffers }
        if task.payload.pricing == .metered, payload.charged > payload.work.energy { return .proofDiffers }
        guard isBorneOut(for: task.payload, by: below) else { return .proofDiffers }
        let known = verified ?? VerifiedQuality(quality: payload.quality, basis: .claimed)
        let isSpared = spared && task.payload.acceptance == .replicated
        guard known.basis >= task.payload.acceptance || isSpared else { return .basisTooWeak }
        guard known.quality >= task.payload.minimumQuality else { return .qualityTooLow }
        return nil
    }
}

/// How good a result was found to be, and on what basis.
public struct VerifiedQuality: Hashable, Sendable {
    /// The quality.
    public let quality: BasisPoints
    /// How it is known.
    public let basis: QualityBasis

    /// A quality known on `basis`.
    public init(quality: BasisPoints, basis: QualityBasis) {
        self.quality = quality
        self.basis = basis
    }
}
