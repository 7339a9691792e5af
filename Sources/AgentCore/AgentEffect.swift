import Federation
import Ledger
import Link
import Quantities
import Telemetry
import Wire

/// What the core asks of the shell around it.
///
/// Effects are carried out in order. Whatever must not happen before something is durable is handed
/// out only after the shell has confirmed the token of that write.
public enum AgentEffect: Sendable {
    /// Make these writes durable as one, after all earlier ones; then confirm the token.
    case persist(PersistenceToken, [StoreWrite])
    /// Send a datagram; it may be lost.
    case send(OutgoingDatagram)
    /// Run an operation in a worker process and report with `AgentEvent.work`.
    case startWork(WorkOrder)
    /// Stop a worker; it still reports.
    case cancelWork(TaskID)
    /// Answer a command; the last reply to it.
    case reply(CommandID, CommandReply)
    /// Answer a client.
    case answer(CommandID, ClientAnswer)
    /// Answer a client so once that is asked for; what it takes to put the answer into words can be done meanwhile.
    case prepare(CommandID, ClientAnswer)
    /// Read stored records and answer with `AgentEvent.records`.
    case readRecords(RecordQuery)
    /// Tell the operator.
    case log(LogEntry)
}

/// Names one write until it is durable; tokens are confirmed in the order in which they were given.
public struct PersistenceToken: Hashable, Comparable, Sendable {
    /// The write's number since the start.
    public let value: UInt64

    /// Orders earlier writes first.
    public static func < (left: PersistenceToken, right: PersistenceToken) -> Bool { left.value < right.value }
}

/// What a worker is to do.
public struct WorkOrder: Hashable, Sendable {
    /// The task, which names the worker.
    public let task: TaskID
    /// The operation.
    public let operation: Operation
    /// Its input.
    public let input: [UInt8]
    /// Its parameters.
    public let parameters: [UInt8]
    /// Memory that the worker may use.
    public let memory: ByteCount
    /// Longest run.
    public let timeout: TimeSpan
    /// Until when it may wait for a worker, whatever that may take then; nil for `timeout` from now on.
    public var startBy: BootTime?
    /// The result whose quality is to be told, in place of making one; nil for an ordinary run.
    public var verified: [UInt8]?
    /// Whether it is known after a crash that this was to be run; what may only run once is.
    public var isStored = true
}

/// What became of a worker.
public struct WorkReport: Hashable, Sendable {
    /// The task.
    public let task: TaskID
    /// Its result, or why there is none.
    public let outcome: Outcome
    /// When the worker ran.
    public let started: BootTime
    /// When it ended.
    public let ended: BootTime
    /// Processor time that it used.
    public let processor: TimeSpan
    /// Most memory that it had.
    public let peakMemory: ByteCount
    /// How good the worker says that its result is; nil where it says nothing.
    public let quality: BasisPoints?
    /// How long the worker says that graphics processors worked for it; nil where it says nothing.
    public let graphicsClaim: TimeSpan?

    /// A result, or a reason.
    public enum Outcome: Hashable, Sendable {
        /// The operation's result.
        case result([UInt8])
        /// The operation refused its input, in words.
        case failure(String)
        /// The operation came to no result, with a code and in words.
        case failed(code: Int64, String)
        /// Nothing here serves the operation any more, in words.
        case notServed(String)
        /// The worker died, or answered what cannot be understood.
        case crashed(String)
        /// It ran past its time.
        case timedOut
        /// No worker could take it in time, in words.
        case notStarted(String)
        /// It wanted more memory than it may have.
        case outOfMemory(limit: ByteCount)
        /// It was cancelled.
        case cancelled
    }

    /// A report on the worker of `task`.
    public init(
        task: TaskID, outcome: Outcome, started: BootTime, ended: BootTime, processor: TimeSpan,
        peakMemory: ByteCount, quality: BasisPoints? = nil, graphicsClaim: TimeSpan? = nil
    ) {
        self.task = task
        self.outcome = outcome
        self.started = started
        self.ended = ended
        self.processor = processor
        self.peakMemory = peakMemory
        self.quality = quality
        self.graphicsClaim = graphicsClaim
    }
}

/// A question to the store.
public struct RecordQuery: Hashable, Sendable {
    /// Names the answer.
    public let id: UInt64
    /// Which records.
    public let kind: Kind
    /// Most records.
    public let limit: Int

    /// A question for at most `limit` records.
    public init(id: UInt64, kind: Kind, limit: Int) {
        self.id = id
        self.kind = kind
        self.limit = limit
    }

    /// Which records.
    public enum Kind: Hashable, Sendable {
        /// Energy pages whose keys are not below `from` and below `below`, in the order of their keys.
        case proofs(from: [UInt8], below: [UInt8])
        /// The energy pages with the last of these keys, last first.
        case newestProofs(PageKeys)
        /// The energy page with this hash, where credits were charged from it.
        case chargedPage(Bytes32)
        /// Minutes or hours of the board's past whose keys are not below `from` and below `below`, oldest first.
        case history(HistoryResolution, from: [UInt8], below: [UInt8])
        /// Ended runs of workers whose keys are not below `from` and below `below`, oldest first.
        case runs(from: [UInt8], below: [UInt8])
        /// Decisions whose keys are not below `from` and below `below`, oldest first.
        case decisions(from: [UInt8], below: [UInt8])
        /// The dispute with this key.
        case dispute(key: [UInt8])
        /// The newest entries of the journal, newest first.
        case newestJournal
        /// Whether replaying the journal gives the stored ledger.
        case verification
    }
}

/// Something worth telling the operator.
public struct LogEntry: Hashable, Sendable {
    /// How urgent it is, as syslog numbers it.
    public enum Level: Int32, Sendable {
        /// Something failed and needs attention.
        case error = 3
        /// Something is not as it should be.
        case warning = 4
        /// Worth knowing.
        case notice = 5
        /// Normal running.
        case info = 6
    }

    /// How urgent it is.
    public let level: Level
    /// What happened, in one line.
    public let text: String
    /// The kind of event, where people may want to look for it.
    public let kind: Kind?

    /// An entry.
    public init(_ level: Level, _ text: String, kind: Kind? = nil) {
        self.level = level
        self.text = text
        self.kind = kind
    }
}
