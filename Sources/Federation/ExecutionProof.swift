import Cryptography
import Ledger
import Quantities
import Telemetry
import Wire

/// How much energy a run took and how that is known.
public struct MeasuredWork: Hashable, Sendable {
    /// The energy that the run is billed with.
    public let energy: Energy
    /// How it is known.
    public let evidence: EvidenceClass
    /// The source whose register it was read from, at most `FederationLimits.maximumSourceLength` bytes.
    public let source: String
    /// The register when the run began.
    public let registerStart: EnergyRegister
    /// The register when it ended.
    public let registerEnd: EnergyRegister

    /// A measurement; nil where the register ran backwards, metered energy exceeds its difference,
    /// an amount is out of range or the source's name too long.
    public init?(
        energy: Energy, evidence: EvidenceClass, source: String, registerStart: EnergyRegister,
        registerEnd: EnergyRegister
    ) {
        guard let registered = registerEnd.energy(since: registerStart),
            energy >= .zero, energy <= .largest, source.utf8.count <= FederationLimits.maximumSourceLength
        else { return nil }
        // A register is floored to whole millijoules at both ends, so a run may seem one short.
        if evidence == .metered, energy.millijoules > registered.millijoules + 1 { return nil }
        self.energy = energy
        self.evidence = evidence
        self.source = source
        self.registerStart = registerStart
        self.registerEnd = registerEnd
    }
}

/// An executor's account of a task it ran; signed by the executor as `executionProof`.
public struct ExecutionProof: Hashable, SignedPayload {
    /// The task.
    public let task: TaskID
    /// The hash of the task's payload.
    public let taskHash: Bytes32
    /// Who ran it.
    public let executor: LCT
    /// What it took.
    public let work: MeasuredWork
    /// What the executor asks to be paid.
    public let charged: Energy
    /// How long the run took.
    public let executionTime: TimeSpan
    /// How good the result is.
    public let quality: BasisPoints
    /// How that is known to the executor.
    public let basis: QualityBasis
    /// The hash of the result's bytes.
    public let resultHash: Bytes32
    /// What is said of the task below; nil where the executor ran it itself.
    public let below: WorkBelow?

    /// What its signature is for.
    public static let signatureType = SignatureType.executionProof
    /// What its hash is for.
    public static let hashPurpose = HashPurpose.executionProof

    private enum Field {
        static let task: UInt64 = 1
        static let taskHash: UInt64 = 2
        static let executor: UInt64 = 3
        static let energy: UInt64 = 4
        static let evidence: UInt64 = 5
        static let source: UInt64 = 6
        static let registerStart: UInt64 = 7
        static let registerEnd: UInt64 = 8
        static let charged: UInt64 = 9
        static let executionTime: UInt64 = 10
        static let quality: UInt64 = 11
        static let basis: UInt64 = 12
        static let resultHash: UInt64 = 13
        static let below: UInt64 = 14
    }

    /// A proof; nil where `charged` or `executionTime` is negative or too large, or less energy is told than was taken
    /// below.
    public init?(
        task: TaskID, taskHash: Bytes32, executor: LCT, work: MeasuredWork, charged: Energy, executionTime: TimeSpan,
        quality: BasisPoints, basis: QualityBasis, resultHash: Bytes32, below: WorkBelow? = nil
    ) {
        guard charged >= .zero, charged <= .largest, executionTime >= .zero,
            executionTime <= FederationLimits.longestTaskTime, below.map({ $0.energy <= work.energy }) ?? true
        else { return nil }
        self.task = task
        self.taskHash = taskHash
        self.executor = executor
        self.work = work
        self.charged = charged
        self.executionTime = executionTime
        self.quality = quality
        self.basis = basis
        self.resultHash = resultHash
        self.below = below
    }

    /// Reads a proof, whose fields `docs/delegation.md` lists.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(Field.task, of: &map)
        task = try reader.task()
        try reader.field(Field.taskHash, of: &map)
        taskHash = try reader.bytes32()
        try reader.field(Field.executor, of: &map)
        executor = try LCT(from: &reader)
        try reader.field(Field.energy, of: &map)
        let workStart = reader.offset
        let energy = try reader.amount()
        try reader.field(Field.evidence, of: &map)
        let evidence = try reader.choice(EvidenceClass.self)
        try reader.field(Field.source, of: &map)
        let source = try reader.text(limit: FederationLimits.maximumSourceLength)
        try reader.field(Field.registerStart, of: &map)
        let registerStart = EnergyRegister(microjoules: try reader.unsigned())
        try reader.field(Field.registerEnd, of: &map)
        let registerEnd = EnergyRegister(microjoules: try reader.unsigned())
        guard
            let work = MeasuredWork(
                energy: energy, evidence: evidence, source: source, registerStart: registerStart,
                registerEnd: registerEnd)
        else { throw .invalidValue(at: workStart) }
        self.work = work
        try reader.field(Field.charged, of: &map)
        charged = try reader.amount()
        try reader.field(Field.executionTime, of: &map)
        executionTime = try reader.span(atMost: FederationLimits.longestTaskTime)
        try reader.field(Field.quality, of: &map)
        quality = try reader.share()
        try reader.field(Field.basis, of: &map)
        basis = try reader.choice(QualityBasis.self)
        try reader.field(Field.resultHash, of: &map)
        resultHash = try reader.bytes32()
        below = try reader.hasField(Field.below, of: &map) ? try WorkBelow(from: &reader) : nil
        if let below, below.energy > work.energy { throw .invalidValue(at: workStart) }
        try reader.endMap(&map)
    }

    /// Appends the proof's encoding.
    public func write(to writer: inout CBORWriter) {
        var fields = FieldWriter()
        fields.task(Field.task, task)
        fields.bytes(Field.taskHash, taskHash)
        fields.text(Field.executor, executor.text)
        fields.energy(Field.energy, work.energy)
        fields.unsigned(Field.evidence, UInt64(work.evidence.rawValue))
        fields.text(Field.source, work.source)
        fields.unsigned(Field.registerStart, work.registerStart.microjoules)
        fields.unsigned(Field.registerEnd, work.registerEnd.microjoules)
        fields.energy(Field.charged, charged)
        fields.span(Field.executionTime, executionTime)
        fields.share(Field.quality, quality)
        fields.unsigned(Field.basis, UInt64(basis.rawValue))
        fields.bytes(Field.resultHash, resultHash)
        if let below { fields.nested(Field.below) { below.write(to: &$0) } }
        fields.finish(into: &writer)
    }
}

/// A proof with the result it speaks of.
public struct TaskResult: Hashable, Sendable {
    /// The signed proof, unchecked.
    public let proof: SignedEnvelope
    /// The result's bytes, at most `FederationLimits.maximumInlineLength`.
    public let result: [UInt8]
    /// The signed proofs of the tasks below, nearest first, unchecked; at most `FederationLimits.maximumHops`.
    public let below: [SignedEnvelope]

    /// A proof and its result; of the proofs below the nearest are kept that fit one message with them.
    public init(proof: SignedEnvelope, result: [UInt8], below: [SignedEnvelope] = []) {
        self.proof = proof
        self.result = result
        var room = FederationLimits.maximumPayloadLength - result.count - proof.payload.count - 256
        self.below = Array(
            below.prefix(FederationLimits.maximumHops).prefix { envelope in
                room -= envelope.payload.count + 128
                return room >= 0
            })
    }

    /// Reads `[proof, result]`, or `[proof, result, [proof below]]` with at least one of them.
    public init(from reader: inout CBORReader) throws(CBORError) {
        let start = reader.offset
        let count = try reader.beginArray(limit: 3)
        guard count >= 2 else { throw .wrongCount(at: start, expected: 2, found: count) }
        proof = try reader.envelope(.executionProof)
        result = try reader.byteString(limit: FederationLimits.maximumInlineLength)
        var below: [SignedEnvelope] = []
        if count == 3 {
            let belowStart = reader.offset
            for _ in 0..<(try reader.beginArray(limit: FederationLimits.maximumHops)) {
                below.append(try reader.envelope(.executionProof))
            }
            reader.endArray()
            guard !below.isEmpty else { throw .invalidValue(at: belowStart) }
        }
        self.below = below
        reader.endArray()
    }

    /// Writes what is read.
    public func write(to writer: inout CBORWriter) {
        writer.array(below.isEmpty ? 2 : 3)
        proof.write(to: &writer)
        writer.byteString(result)
        guard !below.isEmpty else { return }
        writer.array(below.count)
        for envelope in below { envelope.write(to: &writer) }
    }
}
