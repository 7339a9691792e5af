import Cryptography
import Quantities
import Wire

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
    /// The task's id, which a ledger asks for again and again.
    public let id: TaskID

    /// The task that `delegator` numbers `sequence` in its store of `storeEpoch`.
    public init(delegator: PlatformID, storeEpoch: StoreEpoch, sequence: UInt64) {
        self.delegator = delegator
        self.storeEpoch = storeEpoch
        self.sequence = sequence
        id = TaskID.derive(delegator: delegator, storeEpoch: storeEpoch, sequence: sequence)
    }

    /// Whether the parts are the same, and so the ids.
    public static func == (left: TaskReference, right: TaskReference) -> Bool { left.id == right.id }

    /// Hashes the id.
    public func hash(into hasher: inout Hasher) { hasher.combine(id) }
}

extension TaskReference: LedgerCodable {
    /// Reads `[delegator, store epoch, sequence]`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 3)
        let delegator = KeyID(bytes: try reader.bytes32())
        let storeEpoch = StoreEpoch(try reader.unsigned())
        let sequence = try reader.unsigned()
        reader.endArray()
        self.init(delegator: delegator, storeEpoch: storeEpoch, sequence: sequence)
    }

    /// Writes `[delegator, store epoch, sequence]`.
    public func write(to writer: inout CBORWriter) {
        writer.array(3)
        writer.byteString(delegator.bytes)
        writer.unsigned(storeEpoch.number)
        writer.unsigned(sequence)
    }
}
