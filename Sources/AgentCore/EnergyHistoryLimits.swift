/// How much of a board's past is kept; at each limit the oldest makes room.
public enum EnergyHistoryLimits {
    /// Samples, in memory (ten minutes at one a second, 15 KiB).
    public static let samples = 600
    /// Minutes, in the store (a day and an hour, about 60 KiB).
    public static let minutes: UInt64 = 1_500
    /// Hours, in the store (a year, about 400 KiB).
    public static let hours: UInt64 = 8_784
    /// Longest stored bucket in bytes; real ones stay below 60.
    static let bucketBytes = 128
    /// Most buckets of one answer.
    public static let listed = 2_048
}
