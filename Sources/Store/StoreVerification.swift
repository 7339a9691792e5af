import AgentCore
import Cryptography
import Ledger
import Quantities
import Wire

/// What a verified store holds.
public struct StoreVerification: Hashable, Sendable {
    /// Where the journal stands.
    public let head: LedgerHead
    /// The number of the first line that was replayed; 1, or the one after the checkpoint.
    public let firstReplayed: UInt64
    /// Lines whose chain was checked.
    public let lines: UInt64
    /// Rows of the ledger that were compared.
    public let rows: Int
    /// Hash of the whole state.
    public let stateHash: Bytes32
}

/// Why a store's ledger is not to be trusted.
public enum StoreVerificationError: Error, Equatable, Sendable {
    /// The file cannot be read.
    case store(StoreError)
    /// SQLite finds the file's structure damaged.
    case structure(String)
    /// The journal is not the history of a ledger.
    case journal(JournalError)
    /// The checkpoint does not agree with the rows or lines kept beside it.
    case checkpoint
    /// A row that follows from the journal has another value, or is missing at the end.
    case rowDiffers(LedgerRowKind)
    /// A row does not follow from the journal, or one before it is missing.
    case rowUnexpected(LedgerRowKind)
    /// The ledger breaks an accounting identity.
    case violation(LedgerViolation)

    /// What is wrong, for a person, in one line.
    public var explanation: String {
        switch self {
        case .store(let error): error.explanation
        case .structure(let text): "the file is damaged: " + text
        case .journal(let error): error.explanation
        case .checkpoint: "the checkpoint does not agree with what is kept beside it"
        case .rowDiffers(let kind): "a row of kind \(kind.rawValue) is not what the journal makes of it"
        case .rowUnexpected(let kind): "a row of kind \(kind.rawValue) does not follow from the journal"
        case .violation(let violation): violation.explanation
        }
    }
}

/// A checkpoint with the bytes that its platform signed.
public struct StoredCheckpoint: Sendable {
    /// Where the journal stood.
    public let head: LedgerHead
    /// Hash of the state there.
    public let stateHash: Bytes32
    /// The signed checkpoint, as it was given.
    public let signed: [UInt8]
    /// Number and hash of the last line of the journal that is no longer kept; zero when all are.
    let forgotten: (sequence: UInt64, hash: Bytes32)
}

extension AgentStore {
    /// Replays the journal from genesis, or from the last checkpoint, and compares every row with what follows.
    ///
    /// Also that the file is still the one under its name. Lines are read one at a time; memory is that of the
    /// ledger's rows. Complexity: O(journal + rows).
    public func verify() throws(StoreVerificationError) -> StoreVerification {
        try checkStructure()
        let base: StoredCheckpoint?
        var machine: LedgerMachine
        do throws(StoreError) {
            base = try checkpoint()
            let rows = try ledgerRows("SELECT kind, key, value FROM base_row")
            machine = LedgerMachine(image: LedgerImage(head: base?.head ?? .start, rows: rows))
        } catch { throw .store(error) }
        if let base {
            guard machine.image.stateHash == base.stateHash else { throw .checkpoint }
        } else {
            guard machine.image.summary == nil else { throw .checkpoint }
        }
        let lines = try replay(into: &machine, after: base)
        let rows = try compare(machine.image)
        if let violation = machine.image.violations.first { throw .violation(violation) }
        return StoreVerification(
            head: machine.image.head, firstReplayed: (base?.head.sequence ?? 0) + 1, lines: lines, rows: rows,
            stateHash: machine.image.stateHash)
    }

    private func checkStructure() throws(StoreVerificationError) {
        do throws(StoreError) {
            try requireFile()
            let check = try database.prepare("PRAGMA integrity_check(1)")
            guard try database.step(check) else { return }
            let text = String(decoding: check.bytes(0), as: UTF8.self)
            guard text == "ok" else { throw StoreError(failure: .corrupt, extendedCode: 0, message: text, sql: "") }
        } catch {
            if error.failure == .corrupt { throw .structure(error.message) }
            throw .store(error)
        }
    }

    /// Replays the lines after `base` into `machine`, and checks the chain of those kept from before.
    private func replay(
        into machine: inout LedgerMachine, after base: StoredCheckpoint?
    ) throws(StoreVerificationError) -> UInt64 {
        let statement = try reading { () throws(StoreError) in
            try database.prepare("SELECT sequence, at, event, entries, hash FROM journal ORDER BY sequence")
        }
        var lines: UInt64 = 0
        var kept = base?.forgotten ?? (0, .zero)
        while true {
            let line = try reading { () throws(StoreError) in
                try database.step(statement) ? try self.line(statement) : nil
            }
            guard let line else { break }
            lines += 1
            if let base, line.sequence <= base.head.sequence {
                guard line.sequence == kept.sequence + 1 else {
                    throw .journal(.wrongSequence(expected: kept.sequence + 1, found: line.sequence))
                }
                guard line.record(after: kept.hash).hash == line.hash else {
                    throw .journal(.wrongHash(at: line.sequence))
                }
                kept = (line.sequence, line.hash)
                continue
            }
            do throws(JournalError) {
                try machine.replay(line.record(after: machine.image.head.hash), storedHash: line.hash)
            } catch { throw .journal(error) }
        }
        if let base, kept != (base.head.sequence, base.head.hash) { throw .checkpoint }
        return lines
    }

    /// Compares every stored row with those of `image`, in the order of their keys.
    private func compare(_ image: LedgerImage) throws(StoreVerificationError) -> Int {
        let expected = image.rows
        let statement = try reading { () throws(StoreError) in
            try database.prepare("SELECT kind, key, value FROM ledger_row ORDER BY kind, key")
        }
        var index = 0
        while try reading({ () throws(StoreError) in try database.step(statement) }) {
            guard let kind = LedgerRowKind(rawValue: UInt8(clamping: statement.integer(0))) else {
                throw .store(malformed("ledger row of kind \(statement.integer(0))"))
            }
            guard index < expected.count else { throw .rowUnexpected(kind) }
            let row = expected[index]
            guard row.key.kind == kind, row.key.bytes == statement.bytes(1) else { throw .rowUnexpected(kind) }
            guard row.encoded == statement.bytes(2) else { throw .rowDiffers(kind) }
            index += 1
        }
        guard index == expected.count else { throw .rowDiffers(expected[index].key.kind) }
        return index
    }

    private func reading<Value: ~Copyable>(
        _ body: () throws(StoreError) -> Value
    ) throws(StoreVerificationError) -> Value {
        do throws(StoreError) { return try body() } catch { throw .store(error) }
    }
}

extension LedgerVerification {
    /// The outcome of `AgentStore.verify`, as the agent is told.
    public init(_ found: StoreVerification) {
        self.init(
            head: found.head, firstReplayed: found.firstReplayed, lines: found.lines, rows: found.rows,
            stateHash: found.stateHash)
    }
}
