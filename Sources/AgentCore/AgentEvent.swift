import Quantities
import Ledger
import Telemetry
import Wire

/// What the shell tells the core; datagrams come in by `AgentCore.receive`, which borrows their bytes.
public enum AgentEvent: Sendable {
    /// A sample of the board was taken.
    case sample(TelemetrySample)
    /// An operator asks.
    case command(CommandID, AgentCommand)
    /// The operator who asked is gone; nobody needs the reply.
    case commandAbandoned(CommandID)
    /// A worker ended.
    case work(WorkReport)
    /// The writes of this token are durable.
    case persisted(PersistenceToken)
    /// The answer to a `RecordQuery`.
    case records(UInt64, StoreAnswer)
    /// `AgentCore.nextDeadline` has come.
    case timer
    /// The agent is asked to end: what is only remembered must be written now.
    case stopping
}

/// What the store found.
public enum StoreAnswer: Sendable {
    /// Energy pages as they were signed.
    case pages([[UInt8]])
    /// Lines of the journal.
    case journal([JournalRecord])
    /// Why nothing could be read.
    case failed(String)
}
