import AgentCore
import Cryptography
import Ledger
import Quantities
import Wire

/// One line of the journal as it is stored.
public struct JournalLine: Hashable, Sendable {
    /// The event's number.
    public let sequence: UInt64
    /// When it happened.
    public let at: LedgerTime
    /// The event's encoding.
    public let event: [UInt8]
    /// The encoding of its entries.
    public let entries: [UInt8]
    /// The stored hash.
    public let hash: Bytes32

    /// The line as one that follows `previousHash`, with the hash that its content has.
    public func record(after previousHash: Bytes32) -> JournalRecord {
        JournalRecord(sequence: sequence, at: at, previousHash: previousHash, event: event, entries: entries)
    }
}

extension AgentStore {
    /// What the store holds: the ledger, and all records of `kinds`.
    ///
    /// Complexity: O(rows of the ledger + records of `kinds`).
    public func load(_ kinds: [StoreRecordKind] = StoreRecordKind.allCases) throws(StoreError) -> StoreImage {
        try requireUsable()
        var records: [StoreRecordKind: [StoredRecord]] = [:]
        for kind in kinds {
            let statement = try database.prepare("SELECT key, value FROM record WHERE kind = ?1 ORDER BY key")
            statement.bind(1, Int64(kind.rawValue))
            var list: [StoredRecord] = []
            while try database.step(statement) {
                list.append(StoredRecord(key: statement.bytes(0), value: statement.bytes(1)))
            }
            records[kind] = list
        }
        return StoreImage(
            ledger: try ledgerImage(), storeEpoch: storeEpoch, bootEpoch: bootEpoch, records: records)
    }

    /// The ledger as its rows are stored.
    func ledgerImage() throws(StoreError) -> LedgerImage {
        LedgerImage(head: try head(), rows: try ledgerRows("SELECT kind, key, value FROM ledger_row"))
    }

    /// Where the stored journal stands.
    public func head() throws(StoreError) -> LedgerHead {
        if let last = try history(before: nil, limit: 1).first {
            return LedgerHead(sequence: last.sequence, hash: last.hash, at: last.at)
        }
        return try checkpoint()?.head ?? .start
    }

    /// Lines of the journal with numbers below `before`, or the last ones for nil; newest first.
    ///
    /// At most `limit` of them, and never more than `StoreLimits.queryRows`.
    public func history(before: UInt64?, limit: Int) throws(StoreError) -> [JournalLine] {
        try requireUsable()
        let statement = try database.prepare(
            """
            SELECT sequence, at, event, entries, hash FROM journal WHERE sequence < ?1 ORDER BY sequence DESC LIMIT ?2
            """)
        statement.bind(1, before.map { Int64(clamping: $0) } ?? .max)
        statement.bind(2, Int64(max(0, min(limit, StoreLimits.queryRows))))
        var lines: [JournalLine] = []
        while try database.step(statement) { lines.append(try line(statement)) }
        return lines
    }

    /// The value of one record, or nil.
    public func value(_ kind: StoreRecordKind, key: [UInt8]) throws(StoreError) -> [UInt8]? {
        try requireUsable()
        let statement = try database.prepare("SELECT value FROM record WHERE kind = ?1 AND key = ?2")
        statement.bind(1, Int64(kind.rawValue))
        statement.bind(2, key)
        return try database.step(statement) ? statement.bytes(0) : nil
    }

    /// Records of `kind` from `key` on and below `end`, or to the last one for nil, in the order of their keys.
    ///
    /// At most `limit` of them, and never more than `StoreLimits.queryRows`.
    public func records(
        _ kind: StoreRecordKind, from key: [UInt8], below end: [UInt8]? = nil, limit: Int
    ) throws(StoreError) -> [StoredRecord] {
        try records(kind, key, end, limit, "ORDER BY key")
    }

    /// The last records of `kind` from `key` on and below `end`, or to the last one for nil, in the reverse order of
    /// their keys.
    ///
    /// At most `limit` of them, and never more than `StoreLimits.queryRows`.
    public func lastRecords(
        _ kind: StoreRecordKind, from key: [UInt8] = [], below end: [UInt8]? = nil, limit: Int
    ) throws(StoreError) -> [StoredRecord] {
        try records(kind, key, end, limit, "ORDER BY key DESC")
    }

    private func records(
        _ kind: StoreRecordKind, _ key: [UInt8], _ end: [UInt8]?, _ limit: Int, _ order: String
    ) throws(StoreError) -> [StoredRecord] {
        try requireUsable()
        let bound = end == nil ? "" : "AND key < ?4 "
        let statement = try database.prepare(
            "SELECT key, value FROM record WHERE kind = ?1 AND key >= ?2 " + bound + order + " LIMIT ?3")
        statement.bind(1, Int64(kind.rawValue))
        statement.bind(2, key)
        statement.bind(3, Int64(max(0, min(limit, StoreLimits.queryRows))))
        if let end { statement.bind(4, end) }
        var records: [StoredRecord] = []
        while try database.step(statement) {
            records.append(StoredRecord(key: statement.bytes(0), value: statement.bytes(1)))
        }
        return records
    }

    /// All records of `kind`, in the order of their keys.
    ///
    /// For kinds of which only so many are kept; complexity: linear in them.
    public func allRecords(_ kind: StoreRecordKind) throws(StoreError) -> [StoredRecord] {
        var all: [StoredRecord] = []
        while true {
            let next = all.last.map { $0.key + [0] } ?? []
            let part = try records(kind, from: next, limit: StoreLimits.queryRows)
            all += part
            guard part.count == StoreLimits.queryRows else { return all }
        }
    }

    /// How many records of `kind` there are.
    public func count(_ kind: StoreRecordKind) throws(StoreError) -> Int {
        try requireUsable()
        let count = try database.integer("SELECT count(*) FROM record WHERE kind = \(kind.rawValue)")
        return Int(clamping: count)
    }

    // MARK: Rows

    /// The line in the present row of `statement`.
    func line(_ statement: borrowing Statement) throws(StoreError) -> JournalLine {
        guard let hash = Bytes32(statement.bytes(4)), statement.integer(0) > 0 else {
            throw malformed("journal line \(statement.integer(0))")
        }
        return JournalLine(
            sequence: UInt64(statement.integer(0)), at: LedgerTime(milliseconds: statement.integer(1)),
            event: statement.bytes(2), entries: statement.bytes(3), hash: hash)
    }

    /// The rows that `sql` selects as kind, key and value.
    func ledgerRows(_ sql: String) throws(StoreError) -> [LedgerRow] {
        let statement = try database.prepare(sql)
        var rows: [LedgerRow] = []
        while try database.step(statement) { rows.append(try row(statement)) }
        return rows
    }

    /// The row of the ledger in the present row of `statement`: kind, key and value.
    func row(_ statement: borrowing Statement) throws(StoreError) -> LedgerRow {
        let number = statement.integer(0)
        guard let kind = LedgerRowKind(rawValue: UInt8(clamping: number)) else {
            throw malformed("ledger row of kind \(number)")
        }
        let row: LedgerRow
        do throws(CBORError) {
            row = try LedgerRow(kind, decoding: statement.bytes(2))
        } catch {
            throw malformed("ledger row of kind \(number): " + error.explanation)
        }
        guard row.key.bytes == statement.bytes(1) else {
            throw malformed("ledger row of kind \(number) under another key")
        }
        return row
    }

    func malformed(_ message: String) -> StoreError {
        StoreError(failure: .malformedRow, extendedCode: 0, message: message, sql: "")
    }
}
