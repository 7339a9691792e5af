/// The tables, and how an older file becomes a present one.
struct StoreSchema: Sendable {
    /// "SAGE", in the file's header: the database is one of ours.
    static let applicationID: Int64 = 0x5341_4745

    /// What makes format n + 1 out of format n; format 0 is an empty file.
    let steps: [String]

    /// The format that this program writes.
    var version: Int64 { Int64(steps.count) }

    /// The present one.
    static let current = StoreSchema(steps: [
        """
        CREATE TABLE store (
            name TEXT PRIMARY KEY,
            value INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE journal (
            sequence INTEGER PRIMARY KEY CHECK (sequence > 0),
            at INTEGER NOT NULL CHECK (at >= 0),
            event BLOB NOT NULL CHECK (length(event) BETWEEN 1 AND 16384),
            entries BLOB NOT NULL CHECK (length(entries) BETWEEN 1 AND 1048576),
            hash BLOB NOT NULL CHECK (length(hash) = 32)
        ) STRICT;
        CREATE TABLE ledger_row (
            kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 9),
            key BLOB NOT NULL CHECK (length(key) <= 256),
            value BLOB NOT NULL CHECK (length(value) BETWEEN 1 AND 16384),
            PRIMARY KEY (kind, key)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE base (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            sequence INTEGER NOT NULL CHECK (sequence > 0),
            at INTEGER NOT NULL CHECK (at >= 0),
            hash BLOB NOT NULL CHECK (length(hash) = 32),
            state_hash BLOB NOT NULL CHECK (length(state_hash) = 32),
            checkpoint BLOB NOT NULL CHECK (length(checkpoint) BETWEEN 1 AND 65536),
            forgotten_sequence INTEGER NOT NULL CHECK (forgotten_sequence BETWEEN 0 AND sequence),
            forgotten_hash BLOB NOT NULL CHECK (length(forgotten_hash) = 32)
        ) STRICT;
        CREATE TABLE base_row (
            kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 9),
            key BLOB NOT NULL CHECK (length(key) <= 256),
            value BLOB NOT NULL CHECK (length(value) BETWEEN 1 AND 16384),
            PRIMARY KEY (kind, key)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE record (
            kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 255),
            key BLOB NOT NULL CHECK (length(key) BETWEEN 1 AND 256),
            value BLOB NOT NULL CHECK (length(value) <= 1048576),
            PRIMARY KEY (kind, key)
        ) STRICT, WITHOUT ROWID;
        """
    ])

    /// Brings `database` to this format; a file with content is copied to `<path>.format<n>` before.
    func prepare(_ database: borrowing Database, path: String) throws(StoreError) {
        let found = try checkVersion(of: database)
        guard found < version else { return }
        if found > 0 { try copy(database, to: path + ".format\(found)") }
        try database.execute("BEGIN IMMEDIATE")
        for step in steps[Int(found)...] { try database.execute(step) }
        try database.execute(
            "PRAGMA application_id = \(StoreSchema.applicationID); PRAGMA user_version = \(version); COMMIT")
    }

    /// The format of `database`, which is ours or empty, and not newer than this one.
    func checkVersion(of database: borrowing Database) throws(StoreError) -> Int64 {
        let application = try database.integer("PRAGMA application_id")
        let found = try database.integer("PRAGMA user_version")
        let tables = try database.integer("SELECT count(*) FROM sqlite_schema")
        let isEmpty = application == 0 && found == 0 && tables == 0
        guard isEmpty || application == StoreSchema.applicationID, found >= 0 else {
            throw StoreError(
                failure: .foreignSchema, extendedCode: 0, message: "application id \(application)", sql: "")
        }
        guard found <= version else {
            throw StoreError(
                failure: .newerSchema(found: found, known: version), extendedCode: 0, message: "", sql: "")
        }
        return found
    }

    /// The copy has its name only when it is whole, so that one from an attempt that was cut short is no copy.
    private func copy(_ database: borrowing Database, to path: String) throws(StoreError) {
        let partial = path + ".partial"
        removeFile(partial)
        try Store.copy(database, to: partial)
        try moveFile(partial, to: path)
        try flushFile(path)
    }
}
