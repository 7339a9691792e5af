import Cryptography
import Federation
import Quantities
import Wire

/// Why the evidence of a dispute is none.
public enum DisputeEvidenceError: Error, Equatable, Sendable {
    /// It is no such file, or a damaged one.
    case malformed(CBORError)
    /// It is of another federation, or of another configuration of it.
    case otherFederation(expected: SignatureDomain, found: SignatureDomain)
    /// The key of a signer is neither in the file nor given.
    case keyMissing(DisputePart, KeyID)
    /// It was signed by another key than the one that must have.
    case wrongKey(DisputePart, expected: KeyID, found: KeyID)
    /// A signature or what was signed is not valid.
    case notValid(DisputePart, EnvelopeError)
    /// The signed task is not kept any more.
    case taskMissing
    /// The statement, the task and the proof do not speak of the same.
    case partsDiffer

    /// What is wrong, for a person.
    public var explanation: String {
        switch self {
        case .malformed(let error): "no evidence of a dispute, or damaged: " + error.explanation
        case .otherFederation: "it was signed in another federation, or in another configuration epoch"
        case .keyMissing(let part, let key):
            "the key that signed " + part.name + " is not in the file: " + key.fingerprint
        case .wrongKey(let part, let expected, let found):
            part.name + " is signed by the key " + found.fingerprint + ", not by " + expected.fingerprint
        case .notValid(let part, let error): part.name + ": " + error.explanation
        case .taskMissing: "the signed task is not in it"
        case .partsDiffer: "statement, task and proof are not of one task"
        }
    }
}

/// What of a dispute was signed.
public enum DisputePart: Equatable, Sendable {
    /// The payer's word that this is what it found.
    case statement
    /// The task.
    case task
    /// The proof that is disputed.
    case proof
    /// The proof of another who ran the same, counted from zero.
    case replica(Int)

    var name: String {
        switch self {
        case .statement: "the statement"
        case .task: "the task"
        case .proof: "the proof"
        case .replica(let index): "proof \(index + 1) of those who ran the same"
        }
    }
}

/// What valid evidence shows.
public struct DisputeFindings: Sendable {
    /// What comes of it here.
    public enum Verdict: String, Sendable {
        /// The result is not the one that the operation gives, as was found by running it here.
        case resultFalse = "result_false"
        /// The proof cannot be one of the task: it asks for more than it measured, or names something else.
        case proofDoesNotFit = "proof_does_not_fit"
        /// The result is the one that the operation gives: what is said against it is not borne out.
        case resultRight = "result_right"
        /// This program cannot run the operation: who is right stays open.
        case open
    }

    /// Someone else who ran the same.
    struct Replica: Sendable {
        let signer: KeyID
        /// Whether the result is the one that was signed; nil where it is not in the file.
        let isResultSigned: Bool?
        /// Whether it is the same as the disputed one; nil where one of both is not in the file.
        let agrees: Bool?
    }

    /// What comes of it here.
    public let verdict: Verdict
    /// Who handed the task out and found the dispute.
    public let payer: PublicKey
    /// Who ran it.
    public let worker: PublicKey
    let dispute: DisputeRecord
    let task: Signed<FederationTask>
    let proof: Signed<ExecutionProof>
    /// Whether the result in the file is the one that the proof names; nil where it is not in the file.
    let isResultSigned: Bool?
    let replicas: [Replica]
    /// Whether the payer's own run gave the same; nil where it made none, or its result is not in the file.
    let ownAgrees: Bool?
}

extension DisputeEvidence {
    /// Checks every signature and what belongs together, and finds out what that shows.
    ///
    /// - Parameters:
    ///   - expectedDomain: the federation that it must be of; any for nil.
    ///   - payer: the key that must have signed the task; the one in the file for nil.
    ///   - worker: the key that must have signed the proof; the one in the file for nil.
    ///   - verifier: runs operations that this program knows.
    /// - Complexity: that of running the operation once, where `verifier` can.
    public func verify(
        expectedDomain: SignatureDomain?, payer: PublicKey?, worker: PublicKey?, using scheme: any SignatureScheme,
        by verifier: any ResultVerifier
    ) throws(DisputeEvidenceError) -> DisputeFindings {
        if let expectedDomain, expectedDomain != domain {
            throw .otherFederation(expected: expectedDomain, found: domain)
        }
        let stated: Signed<DisputeStatement> = try accepted(statement, .statement, nil, scheme)
        guard let order = dispute.order else { throw .taskMissing }
        let task: Signed<FederationTask> = try accepted(order, .task, payer, scheme)
        let proof: Signed<ExecutionProof> = try accepted(dispute.proof, .proof, worker, scheme)
        guard stated.payload.task == dispute.task, task.payload.id == dispute.task,
            stated.payload.recordHash == Hashing.hash(record, for: .dispute), proof.payload.task == dispute.task
        else { throw .partsDiffer }
        guard let payerKey = payer ?? key(task.signer), let workerKey = worker ?? key(proof.signer) else {
            throw .partsDiffer
        }
        let tolerance = task.payload.tolerance
        let claim = kept(dispute.result, proof)
        var replicas: [DisputeFindings.Replica] = []
        for (index, replica) in dispute.replicas.enumerated() {
            // Whoever is no peer of the maker any more may be unknown: its proof says nothing then.
            guard key(replica.proof.signer) != nil else { continue }
            let other: Signed<ExecutionProof> = try accepted(replica.proof, .replica(index), nil, scheme)
            let result = kept(replica.result, other)
            replicas.append(
                DisputeFindings.Replica(
                    signer: other.signer, isResultSigned: replica.result.isEmpty ? nil : result != nil,
                    agrees: agree(claim, result, tolerance)))
        }
        return DisputeFindings(
            verdict: verdict(task, proof, claim, verifier), payer: payerKey, worker: workerKey, dispute: dispute,
            task: task, proof: proof, isResultSigned: dispute.result.isEmpty && claim == nil ? nil : claim != nil,
            replicas: replicas, ownAgrees: agree(claim, dispute.own.flatMap { $0.isEmpty ? nil : $0 }, tolerance))
    }

    private func verdict(
        _ task: Signed<FederationTask>, _ proof: Signed<ExecutionProof>, _ claim: [UInt8]?,
        _ verifier: any ResultVerifier
    ) -> DisputeFindings.Verdict {
        let isUnfit =
            proof.payload.taskHash != task.hash || proof.payload.executor != task.payload.target
            || (task.payload.pricing == .metered && proof.payload.charged > proof.payload.work.energy)
        if isUnfit { return .proofDoesNotFit }
        guard let claim, case .inline(let input) = task.payload.input, task.payload.subject == nil,
            let quality = verifier.quality(
                of: claim, operation: task.payload.operation, input: input, parameters: task.payload.parameters)
        else { return .open }
        return quality >= task.payload.minimumQuality ? .resultRight : .resultFalse
    }

    /// The result that `proof` names, where it is `bytes`.
    private func kept(_ bytes: [UInt8], _ proof: Signed<ExecutionProof>) -> [UInt8]? {
        Hashing.hash(bytes, for: .result) == proof.payload.resultHash ? bytes : nil
    }

    private func agree(_ left: [UInt8]?, _ right: [UInt8]?, _ tolerance: ResultTolerance) -> Bool? {
        guard let left, let right else { return nil }
        return tolerance.agree(left, right)
    }

    /// `envelope` as signed by the key that its signer is known by, which must be `expected` where there is one.
    private func accepted<Payload: SignedPayload>(
        _ envelope: SignedEnvelope, _ part: DisputePart, _ expected: PublicKey?, _ scheme: any SignatureScheme
    ) throws(DisputeEvidenceError) -> Signed<Payload> {
        if let expected, expected.id != envelope.signer {
            throw .wrongKey(part, expected: expected.id, found: envelope.signer)
        }
        guard let key = expected ?? key(envelope.signer) else { throw .keyMissing(part, envelope.signer) }
        do throws(EnvelopeError) {
            return try Signed(verifying: envelope, by: key, in: domain, using: scheme)
        } catch { throw .notValid(part, error) }
    }
}
