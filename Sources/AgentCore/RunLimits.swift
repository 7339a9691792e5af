/// How much is kept of the runs of workers; at the limit the oldest makes room.
public enum RunLimits {
    /// Runs, in the store (about 2 MB).
    public static let kept: UInt64 = 10_000
    /// Longest stored run in bytes; real ones stay below 300.
    static let recordBytes = 768
    /// Most runs of one answer; the longest ones stay below 3 MiB.
    public static let listed = 2_048
}
