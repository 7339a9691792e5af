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

    /// Folds the journal into `checkpoint`: the present rows become what later replays start from.
    ///
    /// `signed` is the checkpoint as its platform signed it; the caller has checked that. The last `lines`
    /// lines stay for history, whose chain is still verified. Throws `staleCheckpoint` where the checkpoint
    /// is not that of the present state, without having written anything. Complexity: O(journal + rows).
    public func fold(_ checkpoint: LedgerCheckpoint, signed: [UInt8], keeping lines: UInt64) throws(StoreError) {
        let image = try ledgerImage()
        guard image.checkpoint == checkpoint else {
            throw StoreError(failure: .staleCheckpoint, extendedCode: 0, message: "", sql: "")
        }
        let head = checkpoint.head
        let before = try self.checkpoint()?.forgotten ?? (0, .zero)
        let last = head.sequence > lines ? head.sequence - lines : 0
        var forgotten = before
        if last > before.sequence, let line = try history(before: last + 1, limit: 1).first {
            forgotten = (line.sequence, line.hash)
        }
        let insert = try database.prepare("INSERT INTO base VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7)")
        insert.bind(1, Int64(clamping: head.sequence))
        insert.bind(2, head.at.milliseconds)
        insert.bind(3, head.hash.array)
        insert.bind(4, checkpoint.stateHash.array)
        insert.bind(5, signed)
        insert.bind(6, Int64(clamping: forgotten.sequence))
        insert.bind(7, forgotten.hash.array)
        let delete = try database.prepare("DELETE FROM journal WHERE sequence <= ?1")
        delete.bind(1, Int64(clamping: forgotten.sequence))
        try transaction { () throws(StoreError) in
            try database.execute(
                "DELETE FROM base; DELETE FROM base_row; INSERT INTO base_row SELECT kind, key, value FROM ledger_row")
            try database.run(insert)
            try database.run(delete)
        }
    }
}
