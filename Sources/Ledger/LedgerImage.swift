import Cryptography
import Quantities
import Wire

/// Everything a ledger knows: its rows, and where its journal stands.
///
/// The same rows in whatever order give the same image; the indexes are derived.
public struct LedgerImage: Sendable {
    /// Where the journal stands.
    public internal(set) var head = LedgerHead.start
    /// The ledger itself; nil before genesis.
    public private(set) var summary: LedgerSummary?
    /// Accounts by name.
    public private(set) var accounts: [AccountID: Account] = [:]
    /// Lots by number.
    public private(set) var lots: [UInt64: Lot] = [:]
    /// Live locks and reservations.
    public private(set) var holds: [TaskID: Hold] = [:]
    /// Remembered tasks.
    public private(set) var finished: [TaskID: FinishedTask] = [:]
    /// Remembered charges by proof.
    public private(set) var charges: [Bytes32: ChargeRecord] = [:]
    /// Peers.
    public private(set) var peers: [PlatformID: Peer] = [:]
    /// Lots abroad.
    public private(set) var abroad: [AbroadKey: AbroadLot] = [:]
    /// Returns owed.
    public private(set) var owed: [OwedKey: OwedReturn] = [:]

    /// Lots of each account, the one that runs out first in front.
    private(set) var lotsOfAccount: [AccountID: [LotOrder]] = [:]
    /// How many remembered tasks each platform numbered.
    private(set) var finishedOf: [PlatformID: Int] = [:]
    /// How many different returns are owed to each peer.
    private(set) var owedTo: [PlatformID: Int] = [:]

    /// An empty image.
    public init() {}

    /// The image of a journal at `head` whose state is `rows`.
    public init(head: LedgerHead, rows: [LedgerRow]) {
        self.head = head
        for row in rows { put(row) }
    }

    /// The image after `commit`.
    public func applying(_ commit: LedgerCommit) -> LedgerImage {
        var image = self
        image.apply(commit)
        return image
    }

    /// Makes the changes of `commit`, which follows this image's head.
    public mutating func apply(_ commit: LedgerCommit) {
        for change in commit.changes { apply(change) }
        head = commit.record.head
    }

    /// Every row, in the order of the keys.
    ///
    /// Complexity: O(n log n).
    public var rows: [LedgerRow] {
        var rows: [LedgerRow] = []
        if let summary { rows.append(.summary(summary)) }
        for id in accounts.keys.sorted() { if let row = accounts[id] { rows.append(.account(row)) } }
        for number in lots.keys.sorted() { if let row = lots[number] { rows.append(.lot(row)) } }
        for id in holds.keys.sorted() { if let row = holds[id] { rows.append(.hold(row)) } }
        for id in finished.keys.sorted() { if let row = finished[id] { rows.append(.finished(row)) } }
        for proof in charges.keys.sorted() { if let row = charges[proof] { rows.append(.charge(row)) } }
        for platform in peers.keys.sorted() { if let row = peers[platform] { rows.append(.peer(row)) } }
        for row in sorted(abroad.values.map { LedgerRow.abroad($0) }) { rows.append(row) }
        for row in sorted(owed.values.map { LedgerRow.owed($0) }) { rows.append(row) }
        return rows
    }

    /// Hash of the head and of every row; equal on every machine that saw the same events.
    ///
    /// Complexity: O(n log n) in the rows.
    public var stateHash: Bytes32 {
        var writer = CBORWriter()
        writer.array(3)
        writer.unsigned(head.sequence)
        writer.byteString(head.hash)
        writer.integer(head.at.milliseconds)
        var hash = Hashing.hash(writer.bytes, for: .ledgerState)
        for row in rows { hash = Hashing.hash(hash.array + [row.key.kind.rawValue] + row.encoded, for: .ledgerState) }
        return hash
    }

    /// The row of `key`, if there is one.
    public func row(_ key: LedgerRowKey) -> LedgerRow? {
        switch key {
        case .summary: summary.map { .summary($0) }
        case .account(let id): accounts[id].map { .account($0) }
        case .lot(let number): lots[number].map { .lot($0) }
        case .hold(let id): holds[id].map { .hold($0) }
        case .finished(let id): finished[id].map { .finished($0) }
        case .charge(let proof): charges[proof].map { .charge($0) }
        case .peer(let platform): peers[platform].map { .peer($0) }
        case .abroad(let key): abroad[key].map { .abroad($0) }
        case .owed(let key): owed[key].map { .owed($0) }
        }
    }

    mutating func apply(_ change: LedgerChange) {
        switch change {
        case .put(let row): put(row)
        case .remove(let key): remove(key)
        }
    }

    mutating func put(_ row: LedgerRow) {
        switch row {
        case .summary(let row): summary = row
        case .account(let row): accounts[row.id] = row
        case .lot(let row):
            if let before = lots.updateValue(row, forKey: row.number) {
                guard LotOrder(before) != LotOrder(row) else { return }
                unindex(before)
            }
            index(row)
        case .hold(let row): holds[row.task.id] = row
        case .finished(let row):
            if finished.updateValue(row, forKey: row.task.id) == nil { finishedOf[row.task.delegator, default: 0] += 1 }
        case .charge(let row): charges[row.proof] = row
        case .peer(let row): peers[row.platform] = row
        case .abroad(let row): abroad[row.key] = row
        case .owed(let row):
            if owed.updateValue(row, forKey: row.key) == nil { owedTo[row.key.giver, default: 0] += 1 }
        }
    }

    mutating func remove(_ key: LedgerRowKey) {
        switch key {
        case .summary: summary = nil
        case .account(let id): accounts[id] = nil
        case .lot(let number): if let lot = lots.removeValue(forKey: number) { unindex(lot) }
        case .hold(let id): holds[id] = nil
        case .finished(let id):
            if let row = finished.removeValue(forKey: id) { finishedOf[row.task.delegator, default: 0] -= 1 }
        case .charge(let proof): charges[proof] = nil
        case .peer(let platform): peers[platform] = nil
        case .abroad(let key): abroad[key] = nil
        case .owed(let key): if owed.removeValue(forKey: key) != nil { owedTo[key.giver, default: 0] -= 1 }
        }
    }

    // MARK: Indexes

    /// Where a lot stands among those of its account.
    struct LotOrder: Hashable, Comparable, Sendable {
        let expires: LedgerTime
        let number: UInt64

        init(_ lot: Lot) {
            expires = lot.origin.expires
            number = lot.number
        }

        static func < (left: LotOrder, right: LotOrder) -> Bool {
            left.expires != right.expires ? left.expires < right.expires : left.number < right.number
        }
    }

    /// The credits of `account` that run out first and can be spent, and when; nil where it has none.
    ///
    /// Complexity: O(lots of the account that run out before and are frozen whole).
    public func nextExpiry(of account: AccountID) -> (amount: Energy, expires: LedgerTime)? {
        for order in lotsOfAccount[account] ?? [] {
            if let lot = lots[order.number], lot.available > .zero { return (lot.available, order.expires) }
        }
        return nil
    }

    private mutating func index(_ lot: Lot) {
        let order = LotOrder(lot)
        let position = LedgerImage.position(of: order, in: lotsOfAccount[lot.account] ?? [])
        lotsOfAccount[lot.account, default: []].insert(order, at: position)
    }

    private mutating func unindex(_ lot: Lot) {
        let order = LotOrder(lot)
        let position = LedgerImage.position(of: order, in: lotsOfAccount[lot.account] ?? [])
        lotsOfAccount[lot.account]?.remove(at: position)
        if lotsOfAccount[lot.account]?.isEmpty == true { lotsOfAccount[lot.account] = nil }
    }

    /// The first place in `orders` that is not before `order`.
    private static func position(of order: LotOrder, in orders: [LotOrder]) -> Int {
        var low = 0
        var high = orders.count
        while low < high {
            let middle = (low + high) / 2
            if orders[middle] < order { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func sorted(_ rows: [LedgerRow]) -> [LedgerRow] {
        rows.map { (bytes: $0.key.bytes, row: $0) }
            .sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
            .map { $0.row }
    }
}
