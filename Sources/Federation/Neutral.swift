import Cryptography
import Quantities
import Wire

public typealias PlatformID = KeyID

public protocol LedgerCodable {
    init(from reader: inout CBORReader) throws(CBORError)
    func write(to writer: inout CBORWriter)
}
/// The random number a store was created with; a new store is a new epoch.
public struct StoreEpoch: Hashable, Comparable, Sendable {
    /// The number.
    public let number: UInt64

    /// The epoch called `number`.
    public init(_ number: UInt64) { self.number = number }

    /// Orders by number.
    public static func < (left: StoreEpoch, right: StoreEpoch) -> Bool { left.number < right.number }
}

/// The id of a task, and of the transfer that pays for it.
public struct TaskID: Hashable, Comparable, Sendable {
    /// The sixteen bytes.
    public let bytes: Bytes16

    /// The id of `bytes`.
    public init(bytes: Bytes16) { self.bytes = bytes }

    /// The id of the task that `delegator` numbers `sequence` in its store of `epoch`.
    ///
    /// The first sixteen bytes of BLAKE2b-256, personalised for identifiers, over the CBOR array
    /// `[delegator, epoch, sequence]`.
    public static func derive(delegator: PlatformID, storeEpoch: StoreEpoch, sequence: UInt64) -> TaskID {
        var writer = CBORWriter()
        writer.array(3)
        writer.byteString(delegator.bytes)
        writer.unsigned(storeEpoch.number)
        writer.unsigned(sequence)
        return TaskID(bytes: Hashing.hash(writer.bytes, for: .identifier).prefix16)
    }

    /// Lower-case hexadecimal text of the id.
    public var text: String { hexadecimal(bytes.array) }

    /// Orders by byte.
    public static func < (left: TaskID, right: TaskID) -> Bool { left.bytes < right.bytes }
}

/// What a task's id is made of: its delegator, the epoch of the delegator's store, and a number there.
///
/// Work tickets and grants take their numbers from the same sequence.
public struct TaskReference: Hashable, Sendable {
    /// The platform that numbered the task.
    public let delegator: PlatformID
    /// The epoch of the delegator's store.
    public let storeEpoch: StoreEpoch
    /// The task's number in that store.
    public let sequence: UInt64

    /// The task that `delegator` numbers `sequence` in its store of `storeEpoch`.
    public init(delegator: PlatformID, storeEpoch: StoreEpoch, sequence: UInt64) {
        self.delegator = delegator
        self.storeEpoch = storeEpoch
        self.sequence = sequence
    }

    /// The task's id.
    public var id: TaskID { TaskID.derive(delegator: delegator, storeEpoch: storeEpoch, sequence: sequence) }
}

extension TaskReference: LedgerCodable {
    /// Reads `[delegator, store epoch, sequence]`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 3)
        delegator = KeyID(bytes: try reader.bytes32())
        storeEpoch = StoreEpoch(try reader.unsigned())
        sequence = try reader.unsigned()
        reader.endArray()
    }

    /// Writes `[delegator, store epoch, sequence]`.
    public func write(to writer: inout CBORWriter) {
        writer.array(3)
        writer.byteString(delegator.bytes)
        writer.unsigned(storeEpoch.number)
        writer.unsigned(sequence)
    }
}
/// A lot on its way to another platform: its lifetime travels as what remains of it at sending.
public struct LotTransfer: Hashable, Sendable {
    /// The society that charged it.
    public let issuer: PlatformID
    /// The amount.
    public let amount: Energy
    /// What remains of its lifetime, recomputed at every sending.
    public let remaining: TimeSpan
    /// Hash of the energy proof it was charged on.
    public let proof: Bytes32

    /// A lot of `amount` from `issuer` that has `remaining` to live.
    public init(issuer: PlatformID, amount: Energy, remaining: TimeSpan, proof: Bytes32) {
        self.issuer = issuer
        self.amount = amount
        self.remaining = remaining
        self.proof = proof
    }

    /// The same lot with no lifetime named, for comparing two sendings of one receipt.
    var withoutLifetime: LotTransfer {
        LotTransfer(issuer: issuer, amount: amount, remaining: .zero, proof: proof)
    }
}

extension LotTransfer: LedgerCodable {
    /// Reads `[issuer, amount in mJ, remaining ms, proof]`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 4)
        issuer = KeyID(bytes: try reader.bytes32())
        amount = Energy(millijoules: try reader.integer())
        remaining = TimeSpan(milliseconds: try reader.integer())
        proof = try reader.bytes32()
        reader.endArray()
    }

    /// Writes `[issuer, amount in mJ, remaining ms, proof]`.
    public func write(to writer: inout CBORWriter) {
        writer.array(4)
        writer.byteString(issuer.bytes)
        writer.integer(amount.millijoules)
        writer.integer(remaining.milliseconds)
        writer.byteString(proof)
    }
}
/// How an amount of energy is known; unlike classes are never summed.
public enum EvidenceClass: UInt8, Sendable, CaseIterable {
    /// A sensor on the quantity itself.
    case metered = 1
    /// Utilisation times a rating.
    case modeled = 2
    /// The operator's word.
    case declared = 3
    /// A recording.
    case replayed = 4

    /// The class in the words of configuration and output.
    public var name: String {
        switch self {
        case .metered: "metered"
        case .modeled: "modeled"
        case .declared: "declared"
        case .replayed: "replayed"
        }
    }

    /// The class called `name`, or nil.
    public init?(name: String) {
        guard let evidence = EvidenceClass.allCases.first(where: { $0.name == name }) else { return nil }
        self = evidence
    }
}
