import Quantities
import Ledger
import Telemetry
import Wire

/// What the shell tells the core; datagrams come in by `AgentMachine.receive`, which borrows their bytes.
public enum AgentEvent: Sendable {
    /// A sample of the board was taken.
    case sample(TelemetrySample)
    /// An operator asks.
    case command(CommandID, AgentCommand)
    /// A client asks over HTTP.
    case client(CommandID, ClientCommand)
    /// The operator who asked is gone; nobody needs the reply.
    case commandAbandoned(CommandID)
    /// A worker ended.
    case work(WorkReport)
    /// The writes of this token are durable.
    case persisted(PersistenceToken)
    /// The answer to a `RecordQuery`.
    case records(UInt64, StoreAnswer)
    /// `AgentMachine.nextDeadline` has come.
    case timer
    /// The configuration was read again; where it counts, with the settings that it makes.
    case configured(ConfigurationStanding, AgentSettings?)
    /// The agent is asked to end: what is only remembered must be written now.
    case stopping
}

/// What the store found.
public enum StoreAnswer: Sendable {
    /// Energy pages as they were signed.
    case pages([[UInt8]])
    /// Minutes, hours or runs of the board's past.
    case history([StoredRecord])
    /// Lines of the journal.
    case journal([JournalRecord])
    /// The stored ledger is what its journal makes of it.
    case verified(LedgerVerification)
    /// It is not, and why.
    case notVerified(String)
    /// Why nothing could be read.
    case failed(String)
}

/// What a verified ledger holds.
public struct LedgerVerification: Hashable, Sendable {
    /// Where the journal stands.
    public let head: LedgerHead
    /// The number of the first line that was replayed.
    public let firstReplayed: UInt64
    /// Lines whose chain was checked.
    public let lines: UInt64
    /// Rows that were compared.
    public let rows: Int
    /// Hash of the whole state.
    public let stateHash: Bytes32

    /// The outcome of a replay.
    public init(head: LedgerHead, firstReplayed: UInt64, lines: UInt64, rows: Int, stateHash: Bytes32) {
        self.head = head
        self.firstReplayed = firstReplayed
        self.lines = lines
        self.rows = rows
        self.stateHash = stateHash
    }
}
