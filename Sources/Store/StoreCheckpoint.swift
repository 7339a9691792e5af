import Cryptography
import Ledger
import Quantities

extension AgentStore {
    /// The last checkpoint; nil while the journal is kept from genesis on.
    public func checkpoint() throws(StoreError) -> StoredCheckpoint? {
        try requireUsable()
        let statement = try database.prepare(
            """
            SELECT sequence, at, hash, state_hash, checkpoint, forgotten_sequence, forgotten_hash FROM base
            """)
        guard try database.step(statement) else { return nil }
        guard let hash = Bytes32(statement.bytes(2)), let stateHash = Bytes32(statement.bytes(3)),
            let forgottenHash = Bytes32(statement.bytes(6)), statement.integer(0) > 0
        else { throw malformed("checkpoint") }
        return StoredCheckpoint(
            head: LedgerHead(
                sequence: UInt64(statement.integer(0)), hash: hash, at: LedgerTime(milliseconds: statement.integer(1))),
            stateHash: stateHash, signed: statement.bytes(4),
            forgotten: (UInt64(clamping: statement.integer(5)), forgottenHash))
    }

    /// Folds the journal: the present rows become what later replays start from, and its lines can be forgotten.
    ///
    /// `sign` makes the checkpoint's signed form, which is kept beside it. Nothing is folded before genesis.
    /// Throws `StoreError`, after which the store is poisoned: `corrupt` where the rows break an accounting
    /// identity, because what a replay could still tell would be lost. Complexity: O(rows).
    public func fold(signing sign: (LedgerCheckpoint) -> [UInt8]) throws(StoreError) {
        try requireFile()
        try poisoning { () throws(StoreError) in
            let image = try ledgerImage()
            guard let checkpoint = image.checkpoint else { return }
            if let violation = image.violations.first {
                throw StoreError(failure: .corrupt, extendedCode: 0, message: violation.explanation, sql: "")
            }
            try setBase(checkpoint, signed: sign(checkpoint), forgotten: try self.checkpoint()?.forgotten ?? (0, .zero))
        }
    }

    private func setBase(
        _ checkpoint: LedgerCheckpoint, signed: [UInt8], forgotten: (sequence: UInt64, hash: Bytes32)
    ) throws(StoreError) {
        let head = checkpoint.head
        let insert = try database.prepare("INSERT INTO base VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7)")
        insert.bind(1, Int64(clamping: head.sequence))
        insert.bind(2, head.at.milliseconds)
        insert.bind(3, head.hash.array)
        insert.bind(4, checkpoint.stateHash.array)
        insert.bind(5, signed)
        insert.bind(6, Int64(clamping: forgotten.sequence))
        insert.bind(7, forgotten.hash.array)
        try transaction { () throws(StoreError) in
            try database.execute(
                "DELETE FROM base; DELETE FROM base_row; INSERT INTO base_row SELECT kind, key, value FROM ledger_row")
            try database.run(insert)
        }
        extent.folded = head.sequence
    }

    /// Removes the oldest folded lines, so that at most `kept` of them stay for history; at most `limit` at once.
    ///
    /// The chain of those that stay is still verified. Complexity: O(removed lines).
    public func forgetLines(keeping kept: UInt64, atMost limit: UInt64) throws(StoreError) {
        let last = min(extent.lastForgettable(keeping: kept), extent.forgotten + limit)
        guard last > extent.forgotten else { return }
        try requireUsable()
        let line = try poisoning { () throws(StoreError) in
            guard let line = try history(before: last + 1, limit: 1).first, line.sequence == last else {
                throw malformed("journal line \(last)")
            }
            return line
        }
        let update = try database.prepare("UPDATE base SET forgotten_sequence = ?1, forgotten_hash = ?2")
        update.bind(1, Int64(clamping: last))
        update.bind(2, line.hash.array)
        let delete = try database.prepare("DELETE FROM journal WHERE sequence <= ?1")
        delete.bind(1, Int64(clamping: last))
        try transaction { () throws(StoreError) in
            try database.run(update)
            try database.run(delete)
        }
        extent.forgotten = last
    }

    /// Keeps the journal bounded, a step at a time: folds it once it is long, else forgets some folded lines.
    ///
    /// To be called now and then, at best after every commit. At any time no more lines are kept than the
    /// bounds together, and those of as many commits as forgetting takes.
    public func boundJournal(
        unfolded: UInt64 = StoreLimits.unfoldedLines, folded: UInt64 = StoreLimits.foldedLines,
        forgottenAtOnce: UInt64 = StoreLimits.linesForgottenAtOnce, signing sign: (LedgerCheckpoint) -> [UInt8]
    ) throws(StoreError) {
        if extent.newest > extent.folded + unfolded {
            try fold(signing: sign)
        } else {
            try forgetLines(keeping: folded, atMost: forgottenAtOnce)
        }
    }
}

/// How far a journal goes, and what of it is kept.
struct JournalExtent {
    /// Number of the last line.
    var newest: UInt64
    /// Number of the last line that is folded.
    var folded: UInt64
    /// Number of the last line that is no longer kept.
    var forgotten: UInt64

    init(of database: borrowing Database) throws(StoreError) {
        folded = UInt64(clamping: try database.integer("SELECT coalesce(max(sequence), 0) FROM base"))
        forgotten = UInt64(clamping: try database.integer("SELECT coalesce(max(forgotten_sequence), 0) FROM base"))
        let last = UInt64(clamping: try database.integer("SELECT coalesce(max(sequence), 0) FROM journal"))
        newest = last == 0 ? folded : last
    }

    /// Whether the checkpoint is of a line that there was: bounding another journal would take away what it needs.
    var isSound: Bool { forgotten <= folded && folded <= newest }

    /// Number of the last line that need not be kept.
    func lastForgettable(keeping kept: UInt64) -> UInt64 { folded > kept ? folded - kept : 0 }
}
