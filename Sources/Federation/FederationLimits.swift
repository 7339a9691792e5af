import Ledger
import Quantities

/// Limits of what federation members send each other and keep about each other.
public enum FederationLimits {
    /// Longest message between two agents in bytes; the link carries no longer one whole.
    public static let maximumMessageLength = 65_536
    /// Longest signed payload in bytes: a message less the room of its envelope and frame.
    public static let maximumPayloadLength = 65_280
    /// Longest input or result that travels inside a message, in bytes.
    public static let maximumInlineLength = 61_440
    /// Longest parameters of a task in bytes.
    public static let maximumParametersLength = 2_048
    /// Longest text of an LCT in bytes: it is the name of an account.
    public static let maximumLCTLength = LedgerLimits.accountNameBytes
    /// Longest platform name in bytes.
    public static let maximumPlatformNameLength = 64
    /// Longest operation name in bytes.
    public static let maximumOperationLength = 64
    /// Longest name of a horizon in bytes.
    public static let maximumHorizonLength = 32
    /// Longest name of an energy source in bytes.
    public static let maximumSourceLength = 128
    /// Most addresses in a node record.
    public static let maximumAddresses = 8
    /// Longest text of an exported node record in bytes.
    public static let maximumNodeTextLength = 16_384
    /// Most lots that one task offers or one receipt moves.
    public static let maximumLots = LedgerLimits.lotsPerTransfer
    /// Most tasks above a task in its chain of delegation.
    public static let maximumHops = 10
    /// Most operations a heartbeat names.
    public static let maximumServedOperations = 16
    /// Most horizons a heartbeat names.
    public static let maximumHorizons = 8
    /// Longest timeout, remaining time or grace of a task: 30 days.
    public static let longestTaskTime = TimeSpan.seconds(30 * 86_400)
    /// Most places a decision weighs, the own board included.
    public static let maximumPlaces = 129
    /// Most predictions a predictor keeps; the least recently used makes room.
    public static let maximumPredictions = 512
    /// Most tasks that a peer is taken to run at once.
    public static let maximumWorkers: Int64 = 64
    /// Most peers whose request rate is counted; the longest silent makes room.
    public static let maximumRateWindows = 256
    /// Most operations for which one peer's reputation is kept apart; the oldest makes room.
    public static let maximumReputations = 32
    /// Times a worker is started for one task before it is given up.
    public static let maximumWorkAttempts: UInt8 = 3
}
