/// Bounds of the store.
public enum StoreLimits {
    /// Pages (4 KiB) of the write-ahead log after which it is moved into the file.
    public static let logPages: Int32 = 256
    /// Memory of the page cache in KiB.
    static let cacheKibibytes = 256
    /// Most lines or records that one query returns.
    public static let queryRows = 4_096
}
