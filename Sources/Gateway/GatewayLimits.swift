import Federation
import Quantities

/// Limits of what is asked of a running agent, and of what it answers.
public enum GatewayLimits {
    /// Longest request in bytes, without its line end: the largest input in base64 and its options, with room.
    public static let requestBytes = 1 << 20
    /// Longest reply in bytes, without its line end.
    public static let replyBytes = 8 << 20
    /// Most entries of the journal, and most energy proofs, in one reply.
    public static let listedRecords = 4_096
    /// Most energy proofs that one reply exports; the longest ones in base64 stay below `replyBytes`.
    public static let exportedPages = 2_048
    /// Longest time a delegation may take.
    public static let longestTimeout = FederationLimits.longestTaskTime
    /// Bytes of a foreign word that an answer repeats.
    static let quotedBytes = 64
}
