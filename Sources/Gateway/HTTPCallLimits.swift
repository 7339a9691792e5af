import Quantities

/// Limits of calls of other programs' servers over HTTP.
public enum HTTPCallLimits {
    /// Longest address of a server.
    public static let addressBytes = 1_024
    /// Longest body of an answer; of a longer one nothing is taken.
    public static let bodyBytes = 1 << 20
    /// Longest header of an answer.
    public static let headerBytes = 65_536
    /// Time for reaching the server.
    public static let connectTime = TimeSpan.seconds(10)
    /// Time that a server has beyond the time that its task may take.
    public static let graceTime = TimeSpan.seconds(5)
    /// Time for an answer that needs no work.
    public static let ordinaryTime = TimeSpan.seconds(15)
    /// Bytes of a foreign reason that are repeated.
    static let reasonBytes = 512
}
