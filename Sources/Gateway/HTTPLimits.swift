import Quantities

/// Limits of the HTTP gateway.
public enum HTTPLimits {
    /// Memory of one connection: request line and headers, and the headers of the answer.
    public static let connectionBytes: UInt32 = 16_384
    /// Longest body of a request; a longer one is refused with status 413.
    public static let bodyBytes: UInt32 = 1 << 20
    /// Most header fields of a request; more are refused with status 431.
    public static let headers = 64
    /// Longest target of a request; a longer one is refused with status 414.
    public static let targetBytes = 2_048
    /// Most values, members and elements in the JSON of a client's task, so that no body takes many times its size.
    public static let jsonValues = 16_384
    /// Most levels of objects and arrays in it.
    public static let jsonLevels = 128
    /// Longest body of a client's task that is read at once; a longer one is read beside the loop.
    static let readAtOnceBytes = 4_096
    /// Energy pages in one answer.
    public static let listedPages = GatewayLimits.listedRecords
    /// Most segments of a path, and most parameters of a query.
    static let parts = 32
}
