/// Bounds of the store.
public enum StoreLimits {
    /// Pages (4 KiB) of the write-ahead log after which it is moved into the file.
    ///
    /// A page that changes again and again is moved once in that time.
    public static let logPages: Int32 = 512
    /// Memory of the page cache in KiB.
    static let cacheKibibytes = 256
    /// Most lines or records that one query returns.
    public static let queryRows = 4_096
    /// Lines of the journal after which it is folded.
    public static let unfoldedLines: UInt64 = 50_000
    /// Folded lines that stay for history.
    public static let foldedLines: UInt64 = 10_000
    /// Folded lines that are removed at once.
    public static let linesForgottenAtOnce: UInt64 = 1_000
}
