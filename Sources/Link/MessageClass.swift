/// What a message is for; decides who goes first and what is kept.
public enum MessageClass: UInt8, Comparable, CaseIterable, Sendable {
    /// Votes and other agreement traffic; goes before everything.
    case control = 0
    /// The newest state of a node; unreliable, a newer one replaces one that still waits.
    case heartbeat = 1
    /// Tasks, proofs of execution and settlements.
    case task = 2
    /// Reports and records that nobody waits for.
    case report = 3
    /// Camera frames and other large payloads.
    case bulk = 4

    /// Whether a message is sent again until the peer has acknowledged all of it.
    public var isReliable: Bool { self != .heartbeat }

    /// Orders more urgent classes first.
    public static func < (left: MessageClass, right: MessageClass) -> Bool { left.rawValue < right.rawValue }
}

/// The number of a message to one peer, in the order of sending.
///
/// Reliable messages count from one sequence. Heartbeats count from another, and their delivery
/// is never reported.
public struct MessageNumber: Hashable, Comparable, Sendable {
    /// The number; never repeats for one peer while the process lives.
    public let value: UInt64

    /// The number `value`.
    public init(value: UInt64) { self.value = value }

    /// Orders earlier messages first.
    public static func < (left: MessageNumber, right: MessageNumber) -> Bool { left.value < right.value }
}

/// Why a message was not taken.
public enum SendRefusal: Error, Equatable, Sendable {
    /// The peer was never added, or was removed.
    case unknownPeer
    /// The message has `count` bytes, more than the `limit` of its class.
    case tooLarge(count: Int, limit: Int)
    /// Messages that wait for this peer leave no room for this class; try again after deliveries.
    case queueFull(messages: Int, bytes: Int)
}
