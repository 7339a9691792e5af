import CSQLite

/// One connection to an SQLite database; closed when it goes out of scope.
@safe
struct Database: ~Copyable {
    private let handle: OpaquePointer

    /// Opens the file at `path`, and creates it if `creates`.
    init(path: String, creates: Bool) throws(StoreError) {
        var opened: OpaquePointer?
        let code = unsafe csqlite_open(path, creates ? 1 : 0, &opened)
        guard let handle = unsafe opened else {
            throw StoreError(failure: .other, extendedCode: code, message: "out of memory", sql: "")
        }
        guard code == CSQLITE_OK else {
            let message = unsafe Database.message(of: handle)
            unsafe csqlite_close(handle)
            throw StoreError(
                failure: Database.meaning(of: code), extendedCode: code, message: message, sql: "")
        }
        unsafe self.handle = handle
    }

    deinit { unsafe csqlite_close(handle) }

    /// Whether the file could only be opened for reading.
    var isReadOnly: Bool { unsafe csqlite_is_read_only(handle) == 1 }

    /// Pages in the write-ahead log.
    var logPages: Int32 { unsafe csqlite_log_pages(handle) }

    /// Runs statements that return nothing.
    borrowing func execute(_ sql: String) throws(StoreError) {
        let code = unsafe csqlite_execute(handle, sql)
        guard code == CSQLITE_OK else { throw failure(code, sql: sql) }
    }

    /// Moves the write-ahead log into the file.
    borrowing func checkpoint() throws(StoreError) {
        let code = unsafe csqlite_checkpoint(handle)
        guard code == CSQLITE_OK else { throw failure(code, sql: "checkpoint") }
    }

    /// Prepares one statement.
    borrowing func prepare(_ sql: String) throws(StoreError) -> Statement {
        var prepared: OpaquePointer?
        let code = unsafe csqlite_prepare(handle, sql, &prepared)
        guard code == CSQLITE_OK, let statement = unsafe prepared else { throw failure(code, sql: sql) }
        return unsafe Statement(handle: statement, sql: sql)
    }

    /// The first column of the first row of `sql`, an integer.
    borrowing func integer(_ sql: String) throws(StoreError) -> Int64 {
        let statement = try prepare(sql)
        guard try step(statement) else {
            throw StoreError(failure: .malformedRow, extendedCode: 0, message: "no row", sql: sql)
        }
        return statement.integer(0)
    }

    /// Moves `statement` to its next row; false when there is none.
    borrowing func step(_ statement: borrowing Statement) throws(StoreError) -> Bool {
        let code = unsafe csqlite_step(statement.handle)
        if code == CSQLITE_ROW { return true }
        guard code == CSQLITE_DONE else { throw failure(code, sql: statement.sql) }
        return false
    }

    /// Runs `statement`, which returns no rows, and makes it ready for the next run.
    borrowing func run(_ statement: borrowing Statement) throws(StoreError) {
        let code = unsafe csqlite_step(statement.handle)
        guard code == CSQLITE_DONE else {
            let error = failure(code, sql: statement.sql)
            statement.reset()
            throw error
        }
        statement.reset()
    }

    /// What result `code` means, with the last message.
    private borrowing func failure(_ code: Int32, sql: String) -> StoreError {
        StoreError(
            failure: Database.meaning(of: code), extendedCode: code, message: unsafe Database.message(of: handle),
            sql: sql)
    }

    private static func message(of handle: OpaquePointer) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = unsafe buffer.withUnsafeMutableBufferPointer { target in
            guard let base = target.baseAddress else { return 0 }
            return unsafe csqlite_message(handle, base, target.count)
        }
        return String(decoding: buffer.prefix(count), as: UTF8.self)
    }

    private static func meaning(of code: Int32) -> StoreFailure {
        switch code & 0xff {
        case CSQLITE_FULL: .full
        case CSQLITE_READONLY: .readOnly
        case CSQLITE_CORRUPT: .corrupt
        case CSQLITE_NOTADB: .notADatabase
        case CSQLITE_BUSY, CSQLITE_LOCKED: .inUse
        case CSQLITE_CANTOPEN, CSQLITE_PERM, CSQLITE_AUTH: .cannotOpen
        case CSQLITE_IOERR: .inputOutput
        case CSQLITE_CONSTRAINT: .constraint
        default: .other
        }
    }
}

/// A prepared statement; finalized when it goes out of scope.
@safe
struct Statement: ~Copyable {
    fileprivate let handle: OpaquePointer
    let sql: String

    fileprivate init(handle: OpaquePointer, sql: String) {
        unsafe self.handle = handle
        self.sql = sql
    }

    deinit { unsafe csqlite_finalize(handle) }

    /// Sets parameter `index`, from 1.
    borrowing func bind(_ index: Int32, _ value: Int64) { unsafe _ = csqlite_bind_integer(handle, index, value) }

    /// Sets parameter `index`, from 1, to a copy of `bytes`.
    borrowing func bind(_ index: Int32, _ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe _ = csqlite_bind_bytes(handle, index, buffer.baseAddress, buffer.count)
        }
    }

    /// Sets parameter `index`, from 1.
    borrowing func bind(_ index: Int32, text: String) { unsafe _ = csqlite_bind_text(handle, index, text) }

    /// Column `index` of the present row, from 0.
    borrowing func integer(_ index: Int32) -> Int64 { unsafe csqlite_column_integer(handle, index) }

    /// Column `index` of the present row, from 0.
    borrowing func bytes(_ index: Int32) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: unsafe csqlite_column_count(handle, index))
        unsafe bytes.withUnsafeMutableBufferPointer { target in
            if let base = target.baseAddress { unsafe csqlite_column_copy(handle, index, base, target.count) }
        }
        return bytes
    }

    /// Makes the statement ready to run again.
    borrowing func reset() { unsafe _ = csqlite_reset(handle) }
}

/// Writes a copy of `database` to `path`, where nothing is yet, for its owner only, and flushes it.
func copy(_ database: borrowing Database, to path: String) throws(StoreError) {
    let code = unsafe csqlite_create_file(path)
    guard code == 0 else {
        throw StoreError(failure: .cannotOpen, extendedCode: 0, message: "error number \(code)", sql: "")
    }
    let statement = try database.prepare("VACUUM INTO ?1")
    statement.bind(1, text: path)
    try database.run(statement)
    try flushFile(path)
}

/// Removes the file at `path` if it is there.
func removeFile(_ path: String) { unsafe csqlite_remove_file(path) }

/// Gives the file at `path` another name, in place of a file that has it.
func moveFile(_ path: String, to target: String) throws(StoreError) {
    let code = unsafe csqlite_move_file(path, target)
    guard code == 0 else {
        throw StoreError(failure: .inputOutput, extendedCode: 0, message: "error number \(code)", sql: "")
    }
}

/// Flushes the file at `path` and its folder to disk.
func flushFile(_ path: String) throws(StoreError) {
    let code = unsafe csqlite_flush_file(path)
    guard code == 0 else {
        throw StoreError(failure: .inputOutput, extendedCode: 0, message: "error number \(code)", sql: "")
    }
}
