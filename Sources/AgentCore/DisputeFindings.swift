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
    /// A succession of the payer's keys does not hold.
    case succession(SuccessionError)

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
        case .succession(let error): "a succession of the payer's keys: " + error.explanation
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
        /// Whether it is the same as the disputed one; nil where one of both is not in the file, and of a witness.
        let agrees: Bool?
        /// What a witness says of the disputed result; nil where none was asked, or its word is not in the file.
        let attestation: Attestation?
        /// Whether that is a word on the disputed result; nil where there is none.
        let isAboutThis: Bool?
    }

    /// A signature that could not be checked: its key is not in the file.
    struct Unchecked: Sendable {
        let part: DisputePart
        let signer: KeyID
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
    /// Whether others were asked as witnesses, rather than to run the same.
    let isWitnessed: Bool
    let unchecked: [Unchecked]

    /// Whether every signature was checked, and every proof beside the disputed one belongs to what goes with it.
    public var holds: Bool {
        unchecked.isEmpty && replicas.allSatisfy { $0.isResultSigned != false && $0.isAboutThis != false }
    }
    /// Whether every signature in the file was checked.
    public var isAllChecked: Bool { unchecked.isEmpty }
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
        guard let order = dispute.order else { throw .taskMissing }
        let rows = try payerKeys(scheme)
        let payerKey = try taskKey(order, payer, rows)
        let task: Signed<FederationTask> = try accepted(order, .task, payerKey, scheme)
        // Whoever else has all this could say anything of it.
        let stated: Signed<DisputeStatement> = try accepted(
            statement, .statement, successor(of: payerKey, signing: statement.signer, rows), scheme)
        let proof: Signed<ExecutionProof> = try accepted(dispute.proof, .proof, worker, scheme)
        guard stated.payload.task == dispute.task, task.payload.id == dispute.task,
            stated.payload.recordHash == Hashing.hash(record, for: .dispute), proof.payload.task == dispute.task
        else { throw .partsDiffer }
        guard let workerKey = worker ?? key(proof.signer) else { throw .keyMissing(.proof, proof.signer) }
        let isWitnessed = task.payload.acceptance == .witnessed
        let tolerance = task.payload.tolerance
        let claim = kept(dispute.result, proof)
        var replicas: [DisputeFindings.Replica] = []
        var unchecked: [DisputeFindings.Unchecked] = []
        for (index, replica) in dispute.replicas.enumerated() {
            // Whoever is no peer of the maker any more may be unknown: its proof says nothing then.
            guard key(replica.proof.signer) != nil else {
                unchecked.append(DisputeFindings.Unchecked(part: .replica(index), signer: replica.proof.signer))
                continue
            }
            let other: Signed<ExecutionProof> = try accepted(replica.proof, .replica(index), nil, scheme)
            let result = kept(replica.result, other)
            let attestation = isWitnessed ? result.flatMap { try? Attestation(decoding: $0) } : nil
            replicas.append(
                DisputeFindings.Replica(
                    signer: other.signer, isResultSigned: replica.result.isEmpty ? nil : result != nil,
                    agrees: isWitnessed ? nil : agree(claim, result, tolerance), attestation: attestation,
                    isAboutThis: isWitnessed && result != nil
                        ? attestation?.task == dispute.task && attestation?.proofHash == proof.hash : nil))
        }
        return DisputeFindings(
            verdict: verdict(task, proof, claim, verifier), payer: payerKey, worker: workerKey, dispute: dispute,
            task: task, proof: proof, isResultSigned: dispute.result.isEmpty && claim == nil ? nil : claim != nil,
            replicas: replicas, ownAgrees: agree(claim, dispute.own.flatMap { $0.isEmpty ? nil : $0 }, tolerance),
            isWitnessed: isWitnessed, unchecked: unchecked)
    }

    /// The successions of the payer's keys in the file, both signatures of each checked.
    private func payerKeys(_ scheme: any SignatureScheme) throws(DisputeEvidenceError) -> [KeySuccession] {
        var rows = KeySuccessions()
        var found: [KeySuccession] = []
        for (byOld, byNew) in successions {
            do throws(SuccessionError) {
                let succession = try CountersignedSuccession(byOld, byNew, in: domain, using: scheme)
                _ = try rows.add(succession)
                found.append(succession.payload)
            } catch { throw .succession(error) }
        }
        return found
    }

    /// The key that signed the task: `payer` where one is given, or one that it succeeded or that succeeded it.
    private func taskKey(
        _ order: SignedEnvelope, _ payer: PublicKey?, _ rows: [KeySuccession]
    ) throws(DisputeEvidenceError) -> PublicKey {
        guard let payer, payer.id != order.signer else {
            guard let key = payer ?? key(order.signer) else { throw .keyMissing(.task, order.signer) }
            return key
        }
        for key in rows.flatMap({ [$0.old, $0.new] }) where key.id == order.signer {
            let isBefore = successor(of: key, signing: payer.id, rows) == payer
            if isBefore || successor(of: payer, signing: key.id, rows) == key { return key }
        }
        throw .wrongKey(.task, expected: payer.id, found: order.signer)
    }

    /// The key `signer` where `rows` lead to it from `key`, else `key`.
    private func successor(of key: PublicKey, signing signer: KeyID, _ rows: [KeySuccession]) -> PublicKey {
        var newest = key
        for _ in 0..<rows.count where newest.id != signer {
            guard let next = rows.first(where: { $0.old == newest }) else { return key }
            newest = next.new
        }
        return newest.id == signer ? newest : key
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
