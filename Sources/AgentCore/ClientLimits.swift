import Quantities

/// Limits of what is kept of clients that have no ledger of their own and ask over HTTP.
public enum ClientLimits {
    /// Tasks of clients that wait or run at once; a further one is refused until one has ended.
    public static let openTasks = 32
    /// Bytes of input of all of them together; a task that does not fit in is refused until one has ended.
    public static let inputBytes = 4 << 20
    /// Tasks that are remembered, so that none is taken twice; beyond it, the one that ended first makes room.
    public static let rememberedTasks = 4_096
    /// Clients of which a task was forgotten; a further one's tasks are refused.
    public static let floors = 1_024
    /// Identities here of which is told what they did for clients; beyond it, the one that did least makes room.
    public static let identities = 256
    /// How far ahead of a synchronised clock here a client may have made its task.
    ///
    /// A floor in the future would keep the client out until then.
    public static let mostAhead = TimeSpan.seconds(86_400)
    /// Most bytes of a task's name.
    public static let nameBytes = 128
    /// Longest time that a client may wait for its task.
    public static let longestTimeout = TimeSpan.seconds(86_400)
}
