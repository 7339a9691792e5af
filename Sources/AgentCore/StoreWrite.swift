import Ledger
import Quantities

/// The kinds of record that an agent keeps beside its ledger, numbered as they are stored.
public enum StoreRecordKind: UInt8, Sendable, CaseIterable {
    /// A task's life, by task id.
    case task = 1
    /// A message that must reach a peer, by lane and number.
    case outbox = 2
    /// An energy proof, by source and page.
    case proof = 3
    /// A meter's register, by source.
    case meter = 4
    /// A peer's node record and addresses, by node id.
    case peer = 5
    /// A delegation decision with its inputs, by number.
    case decision = 6
    /// A value of the agent's own, by name.
    case setting = 7
    /// The charging gate's state, by source.
    case gate = 8
    /// What is known of how long operations take, by operation.
    case prediction = 9
    /// Trust in a peer, by node id.
    case trust = 10
    /// The link's durable counters, by node id.
    case link = 11
    /// Something known of identities, see `IdentityRecord`.
    case certificate = 12
    /// An energy page that credits were charged from, by its hash; kept while the ledger remembers the charge.
    case chargedPage = 13
    /// What is kept of a minute of the board, by its number.
    case historyMinute = 14
    /// What is kept of an hour of the board, by its number.
    case historyHour = 15
    /// What is kept of a worker's run that has ended, by its number.
    case run = 16
    /// What is kept of a client that asks over HTTP, or of an identity here that worked for clients, see `ClientPart`.
    case client = 17
    /// The name of a client's task, by the number of the task.
    case clientTask = 18
    /// What an identity used of its daily ceiling, by the hash of it.
    case identityUse = 19
}

/// Something to store; everything in one list is stored together or not at all.
///
/// Keys of records have 1 … 256 bytes, values at most 1 MiB.
public enum StoreWrite: Hashable, Sendable {
    /// A ledger event that took effect.
    case ledger(LedgerCommit)
    /// A record is new or has another value.
    case put(StoreRecordKind, key: [UInt8], value: [UInt8])
    /// A record is gone.
    case remove(StoreRecordKind, key: [UInt8])
    /// Every record is gone whose key is not below `from`, and is below `below`.
    case removeRange(StoreRecordKind, from: [UInt8], below: [UInt8])
}

/// One record.
public struct StoredRecord: Hashable, Sendable {
    /// The key within its kind.
    public let key: [UInt8]
    /// The value.
    public let value: [UInt8]

    /// The record of `key`.
    public init(key: [UInt8], value: [UInt8]) {
        self.key = key
        self.value = value
    }
}

/// What a store holds, as an agent takes it in when it starts.
public struct StoreImage: Sendable {
    /// The ledger.
    public private(set) var ledger: LedgerImage
    /// The random number the store was created with.
    public let storeEpoch: StoreEpoch
    /// How often the store has been opened for writing.
    public let bootEpoch: UInt64
    private var records: [StoreRecordKind: [StoredRecord]]

    /// An image of what a store holds; the records of each kind are sorted here.
    public init(
        ledger: LedgerImage, storeEpoch: StoreEpoch, bootEpoch: UInt64, records: [StoreRecordKind: [StoredRecord]] = [:]
    ) {
        self.ledger = ledger
        self.storeEpoch = storeEpoch
        self.bootEpoch = bootEpoch
        self.records = records.mapValues { list in list.sorted { $0.key.lexicographicallyPrecedes($1.key) } }
    }

    /// The records of `kind` in the order of their keys.
    public func records(_ kind: StoreRecordKind) -> [StoredRecord] { records[kind] ?? [] }

    /// The value of one record.
    ///
    /// Complexity: O(log n).
    public func value(_ kind: StoreRecordKind, key: [UInt8]) -> [UInt8]? {
        let list = records(kind)
        let position = StoreImage.position(of: key, in: list)
        guard position < list.count, list[position].key == key else { return nil }
        return list[position].value
    }

    /// The same content in a store that is opened once more.
    public func reopened() -> StoreImage {
        StoreImage(ledger: ledger, storeEpoch: storeEpoch, bootEpoch: bootEpoch + 1, records: records)
    }

    /// Makes `writes`, as a store makes them in one transaction.
    public mutating func apply(_ writes: [StoreWrite]) {
        for write in writes {
            switch write {
            case .ledger(let commit): ledger.apply(commit)
            case .put(let kind, let key, let value):
                let record = StoredRecord(key: key, value: value)
                let position = StoreImage.position(of: key, in: records[kind] ?? [])
                if let list = records[kind], position < list.count, list[position].key == key {
                    records[kind]?[position] = record
                } else {
                    records[kind, default: []].insert(record, at: position)
                }
            case .remove(let kind, let key):
                let position = StoreImage.position(of: key, in: records[kind] ?? [])
                if let list = records[kind], position < list.count, list[position].key == key {
                    records[kind]?.remove(at: position)
                }
            case .removeRange(let kind, let from, let below):
                let first = StoreImage.position(of: from, in: records[kind] ?? [])
                let end = StoreImage.position(of: below, in: records[kind] ?? [])
                if first < end { records[kind]?.removeSubrange(first..<end) }
            }
        }
    }

    /// The image after `writes`.
    public func applying(_ writes: [StoreWrite]) -> StoreImage {
        var image = self
        image.apply(writes)
        return image
    }

    /// The first place in `list` whose key is not before `key`.
    private static func position(of key: [UInt8], in list: [StoredRecord]) -> Int {
        var low = 0
        var high = list.count
        while low < high {
            let middle = (low + high) / 2
            if list[middle].key.lexicographicallyPrecedes(key) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
