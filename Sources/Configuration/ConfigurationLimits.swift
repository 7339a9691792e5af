import AgentCore
import Federation
import Quantities

/// Limits of what an agent's configuration may hold.
public enum ConfigurationLimits {
    /// Most drop-in files.
    public static let dropIns = 64
    /// Most problems that one refusal lists; reading stops there.
    public static let problems = 32
    /// Longest federation name in bytes.
    public static let federationNameBytes = 64
    /// Longest lineage in bytes, so that every LCT made of it fits.
    public static let lineageBytes = 128
    /// Longest path in bytes.
    public static let pathBytes = 4_096
    /// Most words of a command.
    public static let commandWords = 64
    /// Most workers at once, which is also the most that the pool of workers runs.
    public static let concurrentWorkers: Int64 = 8
    /// Most programs that stay and serve an operation each.
    public static let externalExecutors = 8
    /// Most of their processes, all together; the pool of workers runs as many.
    public static let externalProcesses: Int64 = 16
    /// Most programs that run once for each task; with the others and what is built in they fit a heartbeat.
    public static let allowedCommands = 4
    /// Most variables of a program's environment.
    public static let executorVariables = 32
    /// Most bytes of a program's words and variables together.
    public static let commandBytes = 12_288
    /// Most memory of a process that serves `operation`: what LUPS gives to tasks of its family.
    static func executorMemory(of operation: Operation) -> ByteCount {
        AgentMachine.taskType(for: operation).budget.memory
    }
    /// Most sources beside the board; with the board they are as many as an agent meters.
    public static let sources = SourceLimits.sources - 1
    /// Longest name of a source in bytes, which leaves room for what binds it to a board.
    public static let sourceNameBytes = 128
    /// Longest file of a pre-shared key in bytes.
    public static let presharedKeyFileBytes = 256
    /// Longest file of an API key in bytes.
    public static let accessKeyFileBytes = 512
    /// Most connections at once over HTTP.
    public static let httpConnections: Int64 = 256
    /// Most bytes of the environment that are searched for unknown variables.
    public static let environmentBytes = 4_194_304
    /// Longest key for which a similar one is sought, in bytes.
    public static let comparedNameBytes = 96
}
