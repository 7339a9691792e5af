import Cryptography
import Federation
import Ledger
import Quantities
import Wire

/// What speaks against a peer's proof: what both sides signed, and what else was found.
///
/// The signed task names input and terms, the signed proof the result; whoever has both keys, and runs the same, can
/// judge for himself.
struct DisputeRecord: Hashable {
    /// The task.
    let task: TaskID
    /// Whose proof it was.
    let worker: PlatformID
    let operation: Operation
    /// When it was decided.
    let decidedAt: LedgerTime
    /// Why it was not paid.
    let reason: VoidReason
    /// How good the result is said to be.
    let claimed: BasisPoints
    /// How good it was found to be, and how; nil where that was not looked at.
    let verified: VerifiedQuality?
    /// The signed task.
    var order: SignedEnvelope?
    /// The signed proof.
    let proof: SignedEnvelope
    /// The result that came with it.
    var result: [UInt8]
    /// What others who ran the same signed, and the results that came with it.
    var replicas: [TaskResult]
    /// The result of this board's own run, where it made one.
    var own: [UInt8]?

    /// Longest results that are kept with a dispute together, in bytes; those beyond are only named by their proofs.
    static let mostResultBytes = 131_072
    /// Most proofs of others that are kept: as many as the most witnesses that are asked about one result.
    static let mostReplicas = WitnessPanel.mostForEach * Int(WitnessRule.most)

    /// Reads `{1: task, 2: worker, 3: operation, 4: decided at, 5: reason, 6: claimed, 7: verified?, 8: basis?,
    /// 9: signed task?, 10: signed proof, 11: result, 12: [[signed proof, result]], 13: own result?}`.
    init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(1, of: &map)
        task = TaskID(bytes: try reader.bytes16())
        try reader.field(2, of: &map)
        worker = KeyID(bytes: try reader.bytes32())
        try reader.field(3, of: &map)
        let start = reader.offset
        guard let operation = Operation(try reader.text(limit: FederationLimits.maximumOperationLength)) else {
            throw .invalidValue(at: start)
        }
        self.operation = operation
        try reader.field(4, of: &map)
        decidedAt = LedgerTime(milliseconds: try reader.integer())
        try reader.field(5, of: &map)
        let numberStart = reader.offset
        guard let reason = VoidReason(rawValue: UInt8(try reader.unsigned(atMost: 255))) else {
            throw .invalidValue(at: numberStart)
        }
        self.reason = reason
        try reader.field(6, of: &map)
        claimed = BasisPoints(clamping: try reader.integer())
        if try reader.hasField(7, of: &map) {
            let quality = BasisPoints(clamping: try reader.integer())
            try reader.field(8, of: &map)
            let basisStart = reader.offset
            guard let basis = QualityBasis(rawValue: UInt8(try reader.unsigned(atMost: 255))) else {
                throw .invalidValue(at: basisStart)
            }
            verified = VerifiedQuality(quality: quality, basis: basis)
        } else {
            verified = nil
        }
        order = try reader.hasField(9, of: &map) ? try SignedEnvelope(from: &reader) : nil
        try reader.field(10, of: &map)
        proof = try SignedEnvelope(from: &reader)
        try reader.field(11, of: &map)
        result = try reader.byteString(limit: FederationLimits.maximumInlineLength)
        try reader.field(12, of: &map)
        replicas = []
        for _ in 0..<(try reader.beginArray(limit: DisputeRecord.mostReplicas)) {
            replicas.append(try TaskResult(from: &reader))
        }
        reader.endArray()
        own =
            try reader.hasField(13, of: &map)
            ? try reader.byteString(limit: FederationLimits.maximumInlineLength) : nil
        try reader.endMap(&map)
    }

    /// What speaks against `proof`; results are kept as far as there is room, the disputed one first.
    init(
        _ proof: Signed<ExecutionProof>, of order: Signed<FederationTask>, by worker: PlatformID, result: [UInt8],
        reason: VoidReason, verified: VerifiedQuality?, replicas: [TaskResult], own: [UInt8]?, at now: LedgerTime
    ) {
        task = proof.payload.task
        self.worker = worker
        operation = order.payload.operation
        decidedAt = now
        self.reason = reason
        claimed = proof.payload.quality
        self.verified = verified
        self.order = order.envelope
        self.proof = proof.envelope
        var room = DisputeRecord.mostResultBytes
        func kept(_ bytes: [UInt8]) -> [UInt8] {
            // What is longer than any task's result was this board's own run of it.
            guard bytes.count <= min(room, FederationLimits.maximumInlineLength) else { return [] }
            room -= bytes.count
            return bytes
        }
        self.result = kept(result)
        self.own = own.map { kept($0) }
        self.replicas = replicas.prefix(DisputeRecord.mostReplicas).map {
            TaskResult(proof: $0.proof, result: kept($0.result))
        }
    }

    /// The stored form.
    var encoded: [UInt8] {
        var writer = CBORWriter()
        writer.map(9 + (verified == nil ? 0 : 2) + (order == nil ? 0 : 1) + (own == nil ? 0 : 1))
        writer.unsigned(1)
        writer.byteString(task.bytes)
        writer.unsigned(2)
        writer.byteString(worker.bytes)
        writer.unsigned(3)
        writer.text(operation.name)
        writer.unsigned(4)
        writer.integer(decidedAt.milliseconds)
        writer.unsigned(5)
        writer.unsigned(UInt64(reason.rawValue))
        writer.unsigned(6)
        writer.integer(Int64(claimed.value))
        if let verified {
            writer.unsigned(7)
            writer.integer(Int64(verified.quality.value))
            writer.unsigned(8)
            writer.unsigned(UInt64(verified.basis.rawValue))
        }
        if let order {
            writer.unsigned(9)
            order.write(to: &writer)
        }
        writer.unsigned(10)
        proof.write(to: &writer)
        writer.unsigned(11)
        writer.byteString(result)
        writer.unsigned(12)
        writer.array(replicas.count)
        for replica in replicas { replica.write(to: &writer) }
        if let own {
            writer.unsigned(13)
            writer.byteString(own)
        }
        return writer.bytes
    }

    /// The dispute without what is only needed to judge it, which the store has.
    var summary: DisputeRecord {
        var summary = self
        (summary.order, summary.result, summary.own) = (nil, [], nil)
        summary.replicas = replicas.map { TaskResult(proof: $0.proof, result: []) }
        return summary
    }
}

/// The newest disputes, oldest first; the store has their evidence.
struct DisputeBook: Sendable {
    private(set) var disputes: [DisputeRecord] = []

    /// Takes in `dispute`; returns those that make room for it.
    @discardableResult
    mutating func add(_ dispute: DisputeRecord) -> [TaskID] {
        disputes.removeAll { $0.task == dispute.task }
        let place = disputes.firstIndex { $0.decidedAt > dispute.decidedAt } ?? disputes.count
        disputes.insert(dispute.summary, at: place)
        let surplus = max(0, disputes.count - AgentLimits.disputes)
        defer { disputes.removeFirst(surplus) }
        return disputes.prefix(surplus).map { $0.task }
    }
}

extension DisputeRecord {
    /// The dispute for people and programs; envelopes are base64 of their stored form.
    func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("task", task.text)
        json.member("operation", operation.name)
        json.member("decided_ledger_ms", decidedAt.milliseconds)
        json.member("reason", reason.explanation)
        json.member("claimed_bp", claimed.value)
        json.member("verified_bp", verified?.quality.value)
        json.member("basis", verified?.basis.name)
        json.member("proof", Base64.encode(proof.encoded))
        json.key("replica_proofs")
        json.beginArray()
        for replica in replicas { json.string(Base64.encode(replica.proof.encoded)) }
        json.endArray()
        json.endObject()
    }
}
