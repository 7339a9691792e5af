import Cryptography
import Quantities
import Wire

/// The kinds of row, numbered as they are stored.
public enum LedgerRowKind: UInt8, Sendable, CaseIterable {
    /// The ledger itself.
    case summary = 1
    /// Accounts.
    case account = 2
    /// Lots.
    case lot = 3
    /// Live locks and reservations.
    case hold = 4
    /// Remembered tasks.
    case finished = 5
    /// Remembered charges.
    case charge = 6
    /// Peers.
    case peer = 7
    /// Lots abroad.
    case abroad = 8
    /// Returns owed.
    case owed = 9
}

/// The key of a row.
public enum LedgerRowKey: Hashable, Sendable {
    /// The ledger itself.
    case summary
    /// An account.
    case account(AccountID)
    /// A lot, by number.
    case lot(UInt64)
    /// A live lock or reservation.
    case hold(TaskID)
    /// A remembered task.
    case finished(TaskID)
    /// A remembered charge, by proof.
    case charge(Bytes32)
    /// A peer.
    case peer(PlatformID)
    /// Lots abroad.
    case abroad(AbroadKey)
    /// A return owed.
    case owed(OwedKey)

    /// The kind of the row.
    public var kind: LedgerRowKind {
        switch self {
        case .summary: .summary
        case .account: .account
        case .lot: .lot
        case .hold: .hold
        case .finished: .finished
        case .charge: .charge
        case .peer: .peer
        case .abroad: .abroad
        case .owed: .owed
        }
    }

    /// The key within its kind, as it is stored.
    public var bytes: [UInt8] {
        switch self {
        case .summary: []
        case .account(let id): Array(id.text.utf8)
        case .lot(let number): bigEndian(number)
        case .hold(let id), .finished(let id): id.bytes.array
        case .charge(let proof): proof.array
        case .peer(let platform): platform.bytes.array
        case .abroad(let key): key.encoded
        case .owed(let key): key.giver.bytes.array + key.issuer.bytes.array + key.proof.array
        }
    }
}

extension LedgerRowKey: Comparable {
    /// Orders by kind, then by the bytes of the key.
    public static func < (left: LedgerRowKey, right: LedgerRowKey) -> Bool {
        if left.kind != right.kind { return left.kind.rawValue < right.kind.rawValue }
        return left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

/// A row of the ledger's state.
public enum LedgerRow: Hashable, Sendable {
    /// The ledger itself.
    case summary(LedgerSummary)
    /// An account.
    case account(Account)
    /// A lot.
    case lot(Lot)
    /// A live lock or reservation.
    case hold(Hold)
    /// A remembered task.
    case finished(FinishedTask)
    /// A remembered charge.
    case charge(ChargeRecord)
    /// A peer.
    case peer(Peer)
    /// Lots abroad.
    case abroad(AbroadLot)
    /// A return owed.
    case owed(OwedReturn)

    /// The row's key.
    public var key: LedgerRowKey {
        switch self {
        case .summary: .summary
        case .account(let row): .account(row.id)
        case .lot(let row): .lot(row.number)
        case .hold(let row): .hold(row.task.id)
        case .finished(let row): .finished(row.task.id)
        case .charge(let row): .charge(row.proof)
        case .peer(let row): .peer(row.platform)
        case .abroad(let row): .abroad(row.key)
        case .owed(let row): .owed(row.key)
        }
    }

    /// The row's encoding, as it is stored beside its kind and key.
    public var encoded: [UInt8] {
        var writer = CBORWriter(capacity: 192)
        switch self {
        case .summary(let row): row.write(to: &writer)
        case .account(let row): row.write(to: &writer)
        case .lot(let row): row.write(to: &writer)
        case .hold(let row): row.write(to: &writer)
        case .finished(let row): row.write(to: &writer)
        case .charge(let row): row.write(to: &writer)
        case .peer(let row): row.write(to: &writer)
        case .abroad(let row): row.write(to: &writer)
        case .owed(let row): row.write(to: &writer)
        }
        return writer.bytes
    }

    /// The row of `kind` that is encoded by exactly `bytes`.
    public init(_ kind: LedgerRowKind, decoding bytes: [UInt8]) throws(CBORError) {
        let limit = LedgerLimits.rowBytes
        switch kind {
        case .summary: self = .summary(try LedgerSummary(decoding: bytes, limit: limit))
        case .account: self = .account(try Account(decoding: bytes, limit: limit))
        case .lot: self = .lot(try Lot(decoding: bytes, limit: limit))
        case .hold: self = .hold(try Hold(decoding: bytes, limit: limit))
        case .finished: self = .finished(try FinishedTask(decoding: bytes, limit: limit))
        case .charge: self = .charge(try ChargeRecord(decoding: bytes, limit: limit))
        case .peer: self = .peer(try Peer(decoding: bytes, limit: limit))
        case .abroad: self = .abroad(try AbroadLot(decoding: bytes, limit: limit))
        case .owed: self = .owed(try OwedReturn(decoding: bytes, limit: limit))
        }
    }
}

/// A change of the ledger's state.
public enum LedgerChange: Hashable, Sendable {
    /// A row is new or has another value.
    case put(LedgerRow)
    /// A row is gone.
    case remove(LedgerRowKey)

    /// The key of the row that changes.
    public var key: LedgerRowKey {
        switch self {
        case .put(let row): row.key
        case .remove(let key): key
        }
    }
}

/// Eight bytes of `value`, most significant first, so that order is the order of the bytes.
func bigEndian(_ value: UInt64) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8)
    for shift in stride(from: 56, through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
    }
    return bytes
}
