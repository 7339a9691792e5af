import Quantities

/// Bounds of what a board keeps and does to audit the lots that it takes.
public enum LotAuditLimits {
    /// Proofs of lots whose page is known; the oldest makes room.
    ///
    /// With pages of the longest size these are about 2.5 MB.
    public static let auditedProofs = 1_024
    /// Proofs of lots of one giver whose page has not come; its oldest makes room.
    public static let askedProofsPerGiver = 64
    /// How often a page is asked for before a lot on it is offered again.
    public static let attempts = 5
    /// How long a question for a page keeps the next one to the same peer waiting.
    public static let answerTime = TimeSpan.seconds(10)
    /// What was taken on a page that never came is remembered for at least so long.
    public static let unauditedMemory = TimeSpan.seconds(7 * 86_400)
    /// Energy pages that one peer may ask for in a minute.
    public static let pageRequestsPerMinute: Int64 = 600
}
