import Quantities
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
    /// The answer to a `RecordQuery`: keys and values.
    case records(UInt64, [StoredRecord])
    /// `AgentCore.nextDeadline` has come.
    case timer
    /// The agent is asked to end: what is only remembered must be written now.
    case stopping
}

/// One record as the store keeps it.
public struct StoredRecord: Hashable, Sendable {
    /// The key.
    public let key: [UInt8]
    /// The value.
    public let value: [UInt8]

    /// A record.
    public init(key: [UInt8], value: [UInt8]) {
        self.key = key
        self.value = value
    }
}
