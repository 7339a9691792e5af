import Quantities

/// How much one endpoint holds, and the fixed sizes and times of the protocol.
///
/// What a limit refuses: `send` refuses a new message; a peer's fragment is dropped unacknowledged,
/// so that the peer sends it again; a peer too many is not added.
public struct LinkLimits: Hashable, Sendable {
    /// Peers of one endpoint.
    public var peers = 64
    /// Messages that wait for one peer, delivered ones not counted.
    public var queuedMessagesPerPeer = 1024
    /// Bytes of messages that wait for one peer.
    public var queuedBytesPerPeer = 2 * 1024 * 1024
    /// Bytes of partial messages from one peer.
    public var partialBytesPerPeer = 2 * 1024 * 1024
    /// Bytes of partial messages from all peers.
    public var partialBytes = 8 * 1024 * 1024
    /// Events that wait for the owner; at the limit datagrams are dropped, and their senders repeat them.
    public var events = 1024

    /// The limits of design: 64 peers, 2 MiB each way per peer, 8 MiB of partial messages in all.
    public init() {}

    /// Longest message in bytes.
    public static let messageLength = 65_536
    /// Longest heartbeat in bytes: it travels in one datagram.
    public static let heartbeatLength = 1_096
    /// Bytes of a fragment, all but the last of its message.
    public static let fragmentLength = 1_096
    /// Shortest accepted fragment in bytes, the last of its message excepted.
    public static let shortestFragment = 256
    /// Partial messages from one peer.
    public static let partialMessages = 16
    /// Longest datagram that is sent, in bytes of UDP payload.
    public static let datagramLength = 1_200
    /// Longest datagram that is accepted, in bytes of UDP payload.
    public static let acceptedDatagramLength = 1_452
    /// Frames accepted in one datagram.
    public static let framesPerDatagram = 256
    /// Runs of packet counters that one acknowledgement tells.
    public static let acknowledgedRuns = 32
    /// Datagrams under way to one peer that want an acknowledgement.
    public static let datagramsInFlight = 64
    /// Datagrams that wait for the owner to send them: answers to handshakes.
    public static let handshakeAnswers = 64
    /// Message numbers between the oldest that waits and the newest, so that the peer's window holds them.
    public static let messageSpan: UInt64 = 4_000
    /// Packets under one key after which the next send asks for a new session.
    public static let packetsBeforeHandshake: UInt32 = 1 << 31
    /// Bytes to an address that is not proven, per byte that came from it.
    public static let unprovenFactor = 3

    /// Partial messages that a class may open at once, urgent classes last to be stopped.
    static func partialMessages(for messageClass: MessageClass) -> Int {
        partialMessages - 2 * Int(messageClass.rawValue)
    }

    /// Datagrams under way up to which a class may send, so that bulk leaves room for votes.
    static func datagramsInFlight(for messageClass: MessageClass) -> Int {
        datagramsInFlight - 4 * Int(messageClass.rawValue)
    }

    /// The part of `whole` that a class may fill, so that bulk leaves room for votes.
    static func share(of whole: Int, for messageClass: MessageClass) -> Int {
        whole / 8 * (8 - Int(messageClass.rawValue))
    }
}

/// The times of the protocol.
enum LinkTimes {
    /// Longest wait of an acknowledgement for a datagram to ride on.
    static let acknowledgementDelay = TimeSpan.milliseconds(25)
    /// Assumed round trip before the first measurement.
    static let initialRoundTrip = TimeSpan.milliseconds(100)
    /// The longest delay that an acknowledgement can tell; it may mean more.
    static let longestToldDelay = TimeSpan.milliseconds(255)
    /// Smallest step of the timers, and of round trips taken for loss.
    static let granularity = TimeSpan.milliseconds(2)
    /// Longest wait between two probes.
    static let longestProbeTimeout = TimeSpan.seconds(5)
    /// Probes without an answer after which a new session is tried besides.
    static let probesBeforeHandshake = 3
    /// Probes without an answer after which the session is not probed any more.
    static let probesBeforeSilence = 8
    /// Waits between an Init and its repetitions; the last one repeats.
    static let initRepetitions: [TimeSpan] = [.milliseconds(250), .milliseconds(500), .seconds(1)]
    /// Life of one Init; after that a fresh one is made.
    static let initLife = TimeSpan.seconds(5)
    /// Wait between Inits to a peer that has been silent for long.
    static let slowInitInterval = TimeSpan.seconds(60)
    /// Silence after which Inits slow down.
    static let silenceBeforeSlowing = TimeSpan.seconds(120)
    /// Silence after which the owner is told.
    static let silenceBeforeReport = TimeSpan.seconds(15)
    /// Life of a challenge.
    static let challengeLife = TimeSpan.seconds(5)
    /// Life of an answered Init whose initiator sends nothing.
    static let unconfirmedLife = TimeSpan.seconds(10)
    /// Time during which a side that has answered, or that takes precedence, lets the handshake under way finish.
    static let handshakePatience = TimeSpan.seconds(1)
    /// Age of a session at which the next send asks for a new one.
    static let sessionLife = TimeSpan.seconds(3600)
    /// Life of a partial message without progress.
    static let partialLife = TimeSpan.seconds(30)
    /// Wait for the answer on a new path, and how often it is asked.
    static let pathTimeout = TimeSpan.seconds(1)
    static let pathAttempts = 3
}
