import AgentCore
import Configuration
import Platform
import Wire
import Workers

/// What a daemon needs to know besides what its core is set to do.
public struct DaemonPlan: Sendable {
    /// Who the agent is.
    public var identity: AgentIdentity
    /// What it is set to do.
    public var settings: AgentSettings
    /// The file of its store.
    public var storePath: String
    /// The file that keeps a second agent away.
    public var lockPath: String
    /// Where commands come in.
    public var socketPath: String
    /// Where datagrams come in.
    public var listen: NetworkAddress
    /// Where samples come from.
    public var source: SampleSource
    /// How workers are started.
    public var workers: WorkerHost
    /// How HTTP is served.
    public var http: HTTPPlan
    /// The program's version, for metrics.
    public var version: String
    /// Node records, as texts, of the peers that the configuration names.
    public var peerRecords: [String]
    /// The configuration that counts.
    public var configuration: AgentConfiguration
    /// Reads the configuration again, given the one that counts; nil where it is fixed for the run.
    public var reread: (@Sendable (AgentConfiguration) -> PlanReading)?

    /// A plan of its parts.
    public init(
        identity: AgentIdentity, settings: AgentSettings, storePath: String, lockPath: String, socketPath: String,
        listen: NetworkAddress, source: SampleSource, http: HTTPPlan, version: String,
        workers: WorkerHost = .children(.thisProgram), peerRecords: [String] = [], configuration: AgentConfiguration,
        reread: (@Sendable (AgentConfiguration) -> PlanReading)? = nil
    ) {
        self.identity = identity
        self.settings = settings
        self.storePath = storePath
        self.lockPath = lockPath
        self.socketPath = socketPath
        self.listen = listen
        self.source = source
        self.http = http
        self.version = version
        self.workers = workers
        self.peerRecords = peerRecords
        self.configuration = configuration
        self.reread = reread
    }
}

/// Why a daemon cannot begin or go on; a store that cannot be used is none of these reasons.
public enum DaemonError: Error, Sendable {
    /// The kernel refused something that it cannot do without.
    case system(SystemError)
    /// Another agent works in the same folder.
    case alreadyRunning(process: Int32?)
    /// The store is that of another key, federation or account; how it differs, in words.
    case foreignStore(String)
}
