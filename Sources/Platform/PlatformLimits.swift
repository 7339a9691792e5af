/// The bounds of what this module holds in memory.
public enum PlatformLimits {
    /// Bytes asked of the kernel in one read.
    public static let readStepBytes = 65_536
    /// Entries of one folder; a larger one is refused.
    public static let directoryEntries = 65_536
    /// Bytes of a symbolic link's target and of a path.
    public static let pathBytes = 4_096
    /// Symbolic links that are followed one after the other, as many as the kernel follows.
    public static let links = 40
    /// Bytes of a Unix socket's path.
    public static let socketPathBytes = 107
    /// Events that one wait reports; further ones are reported by the next.
    public static let eventsPerWait = 64
    /// Bytes of text kept back before it is written to a standard stream.
    public static let outputBufferBytes = 16_384
    /// Processes that a table of them holds; further ones are left out.
    public static let processes = 8_192
    /// Connections that wait to be accepted on a Unix socket.
    public static let listenBacklog = 32
    /// Connections that wait to be accepted on a TCP socket.
    ///
    /// Beyond it the kernel lets clients wait a second and more, or resets them. It takes no more than
    /// `net.core.somaxconn` says, which is 4096 by default.
    public static let addressBacklog = 1_024
    /// Bytes of a worker thread's stack; only what is touched becomes resident.
    public static let threadStackBytes = 1_048_576
    /// Jobs and mailbox items at most.
    public static let mailboxItems = 65_536
    /// Datagrams in one batch at most.
    public static let datagramsPerBatch = 1_024
    /// Bytes of the largest UDP payload.
    public static let datagramBytes = 65_535
}
