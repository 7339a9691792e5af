import Cryptography
import Ledger
import Quantities
import Wire

/// A delegator's leave to hand a task on: signed by it as `taskPass`, and carried in the task and in all tasks below.
///
/// It says all that a task below may ask for, so that whoever gets one can hold it against the pass without having the
/// task above: who may hand on, what, for how much, until when, and how much further. It carries the keys of both, so
/// that each pass vouches for the signer of the next.
public struct TaskPass: Hashable, SignedPayload {
    /// The number of the task that may be handed on.
    public let reference: TaskReference
    /// Who delegated that task.
    public let source: LCT
    /// Who may hand it on: the task's target.
    public let target: LCT
    /// The key by which the delegator signs.
    public let key: PublicKey
    /// The key by which whoever hands it on signs.
    public let executorKey: PublicKey
    /// What is to be done.
    public let operation: Operation
    /// The hash of what it works on, and of its parameters.
    public let work: Bytes32
    /// The most that may be locked for it below.
    public let budget: Energy
    /// What may be done in its name.
    public let scope: PermissionSet
    /// How often it may be handed on, 1 … `FederationLimits.maximumHops`.
    public let depth: UInt8
    /// Time from the signature until the proof from below must be there.
    public let remaining: TimeSpan
    /// The quality below which nothing is paid.
    public let minimumQuality: BasisPoints

    /// What its signature is for.
    public static let signatureType = SignatureType.taskPass
    /// What its hash is for.
    public static let hashPurpose = HashPurpose.task

    private enum Field {
        static let reference: UInt64 = 1
        static let source: UInt64 = 2
        static let target: UInt64 = 3
        static let key: UInt64 = 4
        static let executorKey: UInt64 = 5
        static let operation: UInt64 = 6
        static let work: UInt64 = 7
        static let budget: UInt64 = 8
        static let scope: UInt64 = 9
        static let depth: UInt64 = 10
        static let remaining: UInt64 = 11
        static let minimumQuality: UInt64 = 12
    }

    /// The leave to hand `task` on `depth` times, from the holder of `key` to that of `executorKey`.
    ///
    /// Nil where `depth` is outside 1 … `FederationLimits.maximumHops`.
    public init?(for task: FederationTask, from key: PublicKey, to executorKey: PublicKey, depth: Int) {
        guard (1...FederationLimits.maximumHops).contains(depth) else { return nil }
        reference = task.reference
        source = task.source
        target = task.target
        self.key = key
        self.executorKey = executorKey
        operation = task.operation
        work = task.workHash
        budget = task.budget
        scope = task.scope
        self.depth = UInt8(depth)
        remaining = task.remaining
        minimumQuality = task.minimumQuality
    }

    /// Reads a pass, whose fields `docs/delegation.md` lists.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(Field.reference, of: &map)
        reference = try TaskReference(from: &reader)
        try reader.field(Field.source, of: &map)
        source = try LCT(from: &reader)
        try reader.field(Field.target, of: &map)
        target = try LCT(from: &reader)
        try reader.field(Field.key, of: &map)
        key = PublicKey(bytes: try reader.bytes32())
        try reader.field(Field.executorKey, of: &map)
        executorKey = PublicKey(bytes: try reader.bytes32())
        try reader.field(Field.operation, of: &map)
        operation = try Operation(from: &reader)
        try reader.field(Field.work, of: &map)
        work = try reader.bytes32()
        try reader.field(Field.budget, of: &map)
        let budgetStart = reader.offset
        budget = try reader.amount()
        guard budget > .zero else { throw .invalidValue(at: budgetStart) }
        try reader.field(Field.scope, of: &map)
        let scopeStart = reader.offset
        guard let scope = PermissionSet(numbered: try reader.unsigned32()) else { throw .invalidValue(at: scopeStart) }
        self.scope = scope
        try reader.field(Field.depth, of: &map)
        let depthStart = reader.offset
        depth = UInt8(try reader.unsigned(atMost: UInt64(FederationLimits.maximumHops)))
        guard depth > 0 else { throw .invalidValue(at: depthStart) }
        try reader.field(Field.remaining, of: &map)
        remaining = try reader.span(atMost: FederationLimits.longestTaskTime)
        try reader.field(Field.minimumQuality, of: &map)
        minimumQuality = try reader.share()
        try reader.endMap(&map)
    }

    /// Appends the pass's encoding.
    public func write(to writer: inout CBORWriter) {
        var fields = FieldWriter()
        fields.nested(Field.reference) { reference.write(to: &$0) }
        fields.text(Field.source, source.text)
        fields.text(Field.target, target.text)
        fields.bytes(Field.key, key.bytes)
        fields.bytes(Field.executorKey, executorKey.bytes)
        fields.text(Field.operation, operation.name)
        fields.bytes(Field.work, work)
        fields.energy(Field.budget, budget)
        fields.unsigned(Field.scope, UInt64(scope.bits))
        fields.unsigned(Field.depth, UInt64(depth))
        fields.span(Field.remaining, remaining)
        fields.share(Field.minimumQuality, minimumQuality)
        fields.finish(into: &writer)
    }
}

extension FederationTask {
    /// The hash of the input and the parameters, by which a pass names what is to be done.
    public var workHash: Bytes32 {
        var writer = CBORWriter()
        writer.array(2)
        switch input {
        case .inline(let bytes): writer.byteString(Hashing.hash(bytes, for: .input))
        case .reference(let hash, _): writer.byteString(hash)
        }
        writer.byteString(parameters)
        return Hashing.hash(writer.bytes, for: .input)
    }
}
