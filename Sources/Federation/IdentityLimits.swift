import Quantities

/// Limits of certified identities and of what is known about them.
public enum IdentityLimits {
    /// Most segments of a certified lineage: a creator and seven generations below it.
    public static let lineageDepth = 8
    /// Most certificates that a registry keeps; more are refused.
    public static let certificates = 512
    /// Most revocations that a registry keeps; more are refused.
    public static let revocations = 1_024
    /// Most keys that an operator trusts by name; more are refused.
    public static let trustedKeys = 128
    /// Most successions of keys that a registry keeps; more are refused.
    public static let successions = 256
    /// Most keys that follow one another in one place.
    public static let successionsInARow = 16
    /// Longest time in which a key and the one before it both hold.
    public static let longestOverlap = TimeSpan.seconds(90 * 86_400)
    /// The end of the last day that a validity may name: that of the year 9999.
    public static let lastMoment = WallTime(milliseconds: 253_402_300_799_999)
    /// Longest text of a certificate with those above it, of a revocation or of a succession, in bytes.
    public static let textBytes = 16_384
    /// Most cores that an allowance names.
    public static let cores = 65_535
    /// Most tasks at a time that an allowance names.
    public static let concurrentTasks = 1_000_000
    /// Most identities whose use of a day is counted; a further one gets nothing until the next day.
    public static let countedIdentities = 256
}
