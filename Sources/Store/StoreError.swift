/// Why a store cannot do what it was asked.
public struct StoreError: Error, Equatable, Sendable {
    /// What it means for the agent.
    public let failure: StoreFailure
    /// SQLite's extended result code, or 0 where SQLite did not fail.
    public let extendedCode: Int32
    /// SQLite's message, or this program's.
    public let message: String
    /// The statement that failed; empty where none was run.
    public let sql: String

    /// SQLite's primary result code.
    public var code: Int32 { extendedCode & 0xff }

    /// What went wrong, for a person, in one line.
    public var explanation: String {
        var text = failure.explanation
        if !message.isEmpty { text += ": " + message }
        if extendedCode != 0 { text += " (SQLite \(extendedCode))" }
        // Which statement it was tells something where it is the statement's fault, and not the file's.
        if !sql.isEmpty, failure == .constraint || failure == .other { text += " in " + StoreError.oneLine(sql) }
        return text
    }

    /// `sql` with every stretch of blanks and line ends as one blank.
    private static func oneLine(_ sql: String) -> String {
        sql.split { $0 == " " || $0 == "\n" }.joined(separator: " ")
    }
}

/// What a store's failure means for the agent.
public enum StoreFailure: Equatable, Sendable {
    /// The disk is full.
    case full
    /// The file or its file system cannot be written.
    case readOnly
    /// A page of the file is not what was written there.
    case corrupt
    /// The file is no database.
    case notADatabase
    /// The database belongs to another program.
    case foreignSchema
    /// The database was written by a later version of this program.
    case newerSchema(found: Int64, known: Int64)
    /// The database was written by an earlier version, and only an agent may bring it up to date.
    case olderSchema(found: Int64, known: Int64)
    /// Another process has it open.
    case inUse
    /// There is no such file, or it may not be opened.
    case cannotOpen
    /// Reading, writing or flushing failed.
    case inputOutput
    /// A row breaks a rule of its table: a bug of ours.
    case constraint
    /// A row is not what this program writes.
    case malformedRow
    /// A write failed before; the store must be opened again.
    case poisoned
    /// The file was removed, or another one has its name; what is written to it is lost.
    case gone
    /// The store was opened for inspection only.
    case inspectionOnly
    /// Anything else.
    case other

    /// What a file can be that is damaged.
    private static let damages: [StoreFailure] = [.corrupt, .notADatabase, .malformedRow]

    /// Whether the file itself is damaged, so that only another one helps.
    public var isDamage: Bool { StoreFailure.damages.contains(self) }

    /// Whether `text` is the explanation of a failure that is damage.
    public static func isDamage(told text: String) -> Bool {
        damages.contains { text.utf8.starts(with: $0.explanation.utf8) }
    }

    /// What it means, in words.
    public var explanation: String {
        switch self {
        case .full: "the disk is full"
        case .readOnly: "the ledger's file cannot be written"
        case .corrupt: "the ledger's file is damaged"
        case .notADatabase: "the ledger's file is no database"
        case .foreignSchema: "the ledger's file belongs to another program"
        case .newerSchema(let found, let known):
            "the ledger's file has format \(found), this program knows formats up to \(known)"
        case .olderSchema(let found, let known):
            "the ledger's file has format \(found); an agent must bring it to format \(known) first"
        case .inUse: "another process uses the ledger's file"
        case .cannotOpen: "the ledger's file cannot be opened"
        case .inputOutput: "the ledger's file cannot be read or written"
        case .constraint: "a row breaks a rule of its table"
        case .malformedRow: "a row of the ledger's file is malformed"
        case .poisoned: "an earlier write failed; the store must be opened again"
        case .gone: "the ledger's file was removed or replaced"
        case .inspectionOnly: "the store was opened for inspection only"
        case .other: "the store failed"
        }
    }
}
