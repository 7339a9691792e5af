/// How the configuration was last read, for the operator.
public struct ConfigurationStanding: Hashable, Sendable {
    /// Why the last one was refused; nil where it counts.
    public var refusal: String?
    /// Keys that were changed and count only once the agent is started again, in the order of their names.
    public var pendingKeys: [String]
    /// How often a configuration was read since the start.
    public var readings: UInt64

    /// The standing of an agent that has just started.
    public init() {
        refusal = nil
        pendingKeys = []
        readings = 1
    }

    /// Whether the last one that was read counts.
    public var isSuccessful: Bool { refusal == nil }
}
