import AgentCore
import CSQLite
import Cryptography
import Ledger
import Platform
import Quantities
import Wire

/// The agent's durable memory: one SQLite file with the ledger, its journal, and the agent's records.
///
/// Plain and synchronous; whoever owns it decides on which thread it works. After a write that failed
/// it refuses everything: what is on the disk is only known again after it was opened anew.
public final class AgentStore {
    /// What a store is opened for.
    public enum Access: Sendable {
        /// To run an agent on it; creates it where there is none, as a store of the given epoch if there is one.
        case agent(newEpoch: StoreEpoch?)
        /// To look at it while no agent runs.
        case inspection
    }

    /// The random number the store was created with.
    public let storeEpoch: StoreEpoch
    /// How often the store has been opened for an agent, this time included.
    public let bootEpoch: UInt64
    /// Whether a write has failed, or the file is no longer under its name.
    public var isPoisoned: Bool { fault != nil }

    let database: Database
    /// How far the journal goes, and what of it is kept.
    var extent: JournalExtent
    private let path: String
    /// Which file the path named when it was opened.
    private let file: FileStatus
    private let isInspection: Bool
    /// What ended all work.
    private var fault: StoreError?
    private let statements: StoreStatements

    /// Opens the store at `path`.
    ///
    /// For an agent the boot epoch is counted up, durably, before this returns. Throws `StoreError`:
    /// `cannotOpen` where there is none and none may be made, `inUse` while another process has it open,
    /// `foreignSchema` and `newerSchema` for files that must not be touched, and what the file system says.
    public convenience init(path: String, for access: Access) throws(StoreError) {
        try self.init(path: path, for: access, schema: .current)
    }

    init(path: String, for access: Access, schema: StoreSchema) throws(StoreError) {
        switch access {
        case .agent(let newEpoch):
            isInspection = false
            database = try Database(path: path, creates: newEpoch != nil)
            try AgentStore.configure(database)
            let found = try schema.checkVersion(of: database)
            guard found > 0 || newEpoch != nil else {
                throw StoreError(failure: .cannotOpen, extendedCode: 0, message: "it is empty", sql: "")
            }
            try database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
            try schema.prepare(database, path: path)
            try AgentStore.countOpening(database, newEpoch)
        case .inspection:
            isInspection = true
            database = try Database(path: path, creates: false)
            try AgentStore.configure(database)
            let found = try schema.checkVersion(of: database)
            guard found == schema.version else {
                throw StoreError(
                    failure: .olderSchema(found: found, known: schema.version), extendedCode: 0, message: "", sql: "")
            }
            try database.execute("PRAGMA query_only = ON")
        }
        storeEpoch = StoreEpoch(
            UInt64(bitPattern: try database.integer("SELECT value FROM store WHERE name = 'store_epoch'")))
        bootEpoch = UInt64(
            clamping: try database.integer("SELECT value FROM store WHERE name = 'boot_epoch'"))
        statements = try StoreStatements(database)
        extent = try JournalExtent(of: database)
        guard isInspection || extent.isSound else {
            throw StoreError(
                failure: .malformedRow, extendedCode: 0, message: "the checkpoint lies beyond the journal", sql: "")
        }
        guard let file = try AgentStore.status(of: path) else { throw AgentStore.gone }
        self.path = path
        self.file = file
    }

    private static func configure(_ database: borrowing Database) throws(StoreError) {
        // Even a look at the file needs a lock, and what a crash has left in the log moved into the file.
        guard !database.isReadOnly else {
            throw StoreError(failure: .readOnly, extendedCode: CSQLITE_READONLY, message: "", sql: "")
        }
        // Locked exclusively, the file is no other process's, and the log's index needs no shared memory.
        try database.execute(
            """
            PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -\(StoreLimits.cacheKibibytes);
            PRAGMA mmap_size = 0; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;
            PRAGMA cell_size_check = ON; PRAGMA journal_size_limit = 4194304
            """)
    }

    private static func countOpening(
        _ database: borrowing Database, _ newEpoch: StoreEpoch?
    ) throws(StoreError) {
        let insert = try database.prepare("INSERT OR IGNORE INTO store VALUES ('store_epoch', ?1)")
        try database.execute("BEGIN IMMEDIATE")
        if let newEpoch {
            insert.bind(1, Int64(bitPattern: newEpoch.number))
            try database.run(insert)
        }
        try database.execute(
            """
            INSERT INTO store VALUES ('boot_epoch', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1;
            COMMIT
            """)
    }

    // MARK: Writing

    /// Makes `writes` durable, all of them or none.
    ///
    /// They are on the disk when this returns. Throws `StoreError`; the store is poisoned then.
    public func commit(_ writes: [StoreWrite]) throws(StoreError) {
        guard !writes.isEmpty else { return }
        try transaction { () throws(StoreError) in
            // Within a group, many events change the same balances and records: only the last value of one is written.
            var rows: [LedgerRowKey: LedgerChange] = [:]
            let last = AgentStore.lastWrites(writes)
            for (index, write) in writes.enumerated() where last[index] {
                try self.write(write)
                if case .ledger(let commit) = write { for change in commit.changes { rows[change.key] = change } }
            }
            // In the order of the table, so that the same writes make the same file.
            let ordered = rows.values.map { (place: [$0.key.kind.rawValue] + $0.key.bytes, change: $0) }
                .sorted { $0.place.lexicographicallyPrecedes($1.place) }
            for (place, change) in ordered { try self.write(change, key: Array(place.dropFirst())) }
        }
        for case .ledger(let commit) in writes { extent.newest = commit.record.sequence }
    }

    /// For each of `writes` whether it counts: not where a later one puts or removes the same record.
    private static func lastWrites(_ writes: [StoreWrite]) -> [Bool] {
        var isLast = [Bool](repeating: true, count: writes.count)
        var seen: Set<[UInt8]> = []
        for index in writes.indices.reversed() {
            switch writes[index] {
            case .put(let kind, let key, _), .remove(let kind, let key):
                isLast[index] = seen.insert([kind.rawValue] + key).inserted
            case .ledger, .removeRange: break
            }
        }
        return isLast
    }

    /// Runs `body` as one transaction and keeps the log short; poisons the store when that fails.
    func transaction(_ body: () throws(StoreError) -> Void) throws(StoreError) {
        guard !isInspection else {
            throw StoreError(failure: .inspectionOnly, extendedCode: 0, message: "", sql: "")
        }
        try requireFile()
        try poisoning { () throws(StoreError) in
            try database.run(statements.begin)
            try body()
            try database.run(statements.commit)
            if database.logPages >= StoreLimits.logPages { try database.checkpoint() }
        }
    }

    /// Runs `body`, after whose failure nothing else is done.
    func poisoning<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
        do throws(StoreError) {
            return try body()
        } catch {
            fault = error
            throw error
        }
    }

    func requireUsable() throws(StoreError) {
        guard let fault else { return }
        throw StoreError(failure: .poisoned, extendedCode: 0, message: fault.failure.explanation, sql: "")
    }

    /// Refuses to work on a file that nobody would find again: one removed, or replaced by another.
    func requireFile() throws(StoreError) {
        try requireUsable()
        try poisoning { () throws(StoreError) in
            let found = try AgentStore.status(of: path)
            guard let found, found.device == file.device, found.inode == file.inode else { throw AgentStore.gone }
        }
    }

    private static func status(of path: String) throws(StoreError) -> FileStatus? {
        do throws(SystemError) {
            return try FileSystem.status(path)
        } catch {
            throw StoreError(failure: .inputOutput, extendedCode: 0, message: error.description, sql: "")
        }
    }

    private static let gone = StoreError(failure: .gone, extendedCode: 0, message: "", sql: "")

    private func write(_ write: StoreWrite) throws(StoreError) {
        switch write {
        case .ledger(let commit): try self.write(commit.record)
        case .put(let kind, let key, let value):
            statements.putRecord.bind(1, Int64(kind.rawValue))
            statements.putRecord.bind(2, key)
            statements.putRecord.bind(3, value)
            try database.run(statements.putRecord)
        case .remove(let kind, let key):
            statements.removeRecord.bind(1, Int64(kind.rawValue))
            statements.removeRecord.bind(2, key)
            try database.run(statements.removeRecord)
        case .removeRange(let kind, let from, let below):
            statements.removeRange.bind(1, Int64(kind.rawValue))
            statements.removeRange.bind(2, from)
            statements.removeRange.bind(3, below)
            try database.run(statements.removeRange)
        }
    }

    private func write(_ record: JournalRecord) throws(StoreError) {
        statements.journal.bind(1, Int64(clamping: record.sequence))
        statements.journal.bind(2, record.at.milliseconds)
        statements.journal.bind(3, record.event)
        statements.journal.bind(4, record.entries)
        statements.journal.bind(5, record.hash.array)
        try database.run(statements.journal)
    }

    private func write(_ change: LedgerChange, key: [UInt8]) throws(StoreError) {
        let kind = change.key.kind
        switch change {
        case .put(let row):
            statements.putRow.bind(1, Int64(kind.rawValue))
            statements.putRow.bind(2, key)
            statements.putRow.bind(3, row.encoded)
            try database.run(statements.putRow)
        case .remove:
            statements.removeRow.bind(1, Int64(kind.rawValue))
            statements.removeRow.bind(2, key)
            try database.run(statements.removeRow)
        }
    }

    /// Writes a copy of the whole store to `path`, where nothing is yet, and flushes it.
    ///
    /// The store goes on working meanwhile only in so far as its owner has other threads for that.
    public func backup(to path: String) throws(StoreError) {
        try requireUsable()
        try copy(database, to: path)
    }
}

/// The statements that every commit uses, prepared once.
struct StoreStatements: ~Copyable {
    let begin: Statement
    let commit: Statement
    let journal: Statement
    let putRow: Statement
    let removeRow: Statement
    let putRecord: Statement
    let removeRecord: Statement
    let removeRange: Statement

    init(_ database: borrowing Database) throws(StoreError) {
        let begin = try database.prepare("BEGIN IMMEDIATE")
        let commit = try database.prepare("COMMIT")
        let journal = try database.prepare("INSERT INTO journal VALUES (?1, ?2, ?3, ?4, ?5)")
        let putRow = try database.prepare(
            """
            INSERT INTO ledger_row VALUES (?1, ?2, ?3) ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value
            """)
        let removeRow = try database.prepare("DELETE FROM ledger_row WHERE kind = ?1 AND key = ?2")
        let putRecord = try database.prepare(
            "INSERT INTO record VALUES (?1, ?2, ?3) ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value")
        let removeRecord = try database.prepare("DELETE FROM record WHERE kind = ?1 AND key = ?2")
        let removeRange = try database.prepare("DELETE FROM record WHERE kind = ?1 AND key >= ?2 AND key < ?3")
        // At the end, because a statement that is part of a half-made value could not be finalized.
        self.begin = begin
        self.commit = commit
        self.journal = journal
        self.putRow = putRow
        self.removeRow = removeRow
        self.putRecord = putRecord
        self.removeRecord = removeRecord
        self.removeRange = removeRange
    }
}
