import Cryptography
import Ledger
import Quantities
import Wire

/// What an executor that handed a task on says in its proof of the task below.
public struct WorkBelow: Hashable, Sendable {
    /// The task below.
    public let task: TaskID
    /// The hash of the proof that came from there.
    public let proofHash: Bytes32
    /// What was paid for it.
    public let paid: Energy
    /// The energy that it took there, and further below.
    public let energy: Energy

    /// What is said of the task below.
    public init(task: TaskID, proofHash: Bytes32, paid: Energy, energy: Energy) {
        self.task = task
        self.proofHash = proofHash
        self.paid = paid
        self.energy = energy
    }

    /// Reads `[task, proof hash, paid, energy]`.
    init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 4)
        task = try reader.task()
        proofHash = try reader.bytes32()
        paid = try reader.amount()
        energy = try reader.amount()
        reader.endArray()
    }

    func write(to writer: inout CBORWriter) {
        writer.array(4)
        writer.byteString(task.bytes)
        writer.byteString(proofHash)
        writer.integer(paid.millijoules)
        writer.integer(energy.millijoules)
    }
}

extension Signed where Payload == ExecutionProof {
    /// Whether `below`, the proofs that came beside this one, bear out what it says of the task below `task`.
    ///
    /// The first of them must be the one that it names, of the same result, of no less quality and energy, and must
    /// have earned what was paid for it. Who signed it is not checked here.
    func isBorneOut(for task: FederationTask, by below: [SignedEnvelope]) -> Bool {
        guard let named = payload.below else { return below.isEmpty }
        guard let pass = task.pass?.pass, let envelope = below.first,
            let proof = try? Signed<ExecutionProof>(stored: envelope)
        else { return false }
        return proof.hash == named.proofHash && proof.payload.task == named.task
            && proof.payload.resultHash == payload.resultHash && proof.payload.quality >= payload.quality
            && payload.basis <= .checked && proof.payload.work.energy == named.energy && named.paid <= pass.budget
            && (task.pricing != .metered || named.paid <= proof.payload.charged)
    }
}
