import Quantities
import Wire

/// What the endpoint tells its owner.
public enum LinkEvent: Equatable, Sendable {
    /// A session stands; messages that were under way go on in it.
    case established(LinkPeerID, PeerSession)
    /// A whole message came; never twice while both processes live.
    case message(LinkPeerID, MessageClass, [UInt8])
    /// The peer's link has acknowledged every byte of a reliable message.
    case delivered(LinkPeerID, MessageNumber)
    /// The peer has not answered for a while; what waits for it stays, and probing slows down.
    case unresponsive(LinkPeerID)
    /// The peer answers again after `unresponsive`.
    case responsive(LinkPeerID)
    /// The peer ended the session; the next send asks for a new one.
    case closed(LinkPeerID)
    /// The peer's position rose; the owner stores it and gives it back in `LinkPeer` after a restart.
    case durablePosition(LinkPeerID, HandshakePosition)
    /// The peer has proven that it is reached at another address.
    case addressChanged(LinkPeerID, NetworkAddress)
}

/// A datagram to send.
public struct OutgoingDatagram: Equatable, Sendable {
    /// The UDP payload.
    public let bytes: [UInt8]
    /// Where it goes.
    public let destination: NetworkAddress
}

/// What became of a received datagram.
public enum DatagramVerdict: Equatable, Sendable {
    /// It was authentic and new, and all of it was used.
    case accepted(LinkPeerID)
    /// It is no datagram of this protocol.
    case malformed(DatagramError)
    /// The keyed check before all curve operations failed: not meant for this key.
    case badAuthenticator
    /// An authentic Init, but of a key that was not added.
    case unknownPeer
    /// It names no session or handshake of this endpoint.
    case unknownSession
    /// It does not open.
    case notAuthentic
    /// Its counter came before, or is older than the replay window.
    case replayed
    /// The Init may be an old one; its sender was asked to answer a challenge.
    case challenged(LinkPeerID)
    /// Both sides began a handshake, and this endpoint's goes first.
    case yielded(LinkPeerID)
    /// It is authentic, but its content is not well formed.
    case malformedFrames(LinkPeerID, FrameError)
    /// It is authentic, but a limit leaves no room for its content; the sender will repeat it.
    case noRoom(LinkPeerID)
    /// It was not looked into: the owner has not taken the events or answers that wait.
    case busy
}

/// How many datagrams met each verdict.
public struct LinkCounters: Hashable, Sendable {
    /// Authentic, new and used.
    public internal(set) var accepted: UInt64 = 0
    /// No datagrams of this protocol.
    public internal(set) var malformed: UInt64 = 0
    /// Not meant for this key.
    public internal(set) var badAuthenticator: UInt64 = 0
    /// Of a key that was not added.
    public internal(set) var unknownPeer: UInt64 = 0
    /// Of no session or handshake here.
    public internal(set) var unknownSession: UInt64 = 0
    /// Did not open.
    public internal(set) var notAuthentic: UInt64 = 0
    /// Came before, or too late.
    public internal(set) var replayed: UInt64 = 0
    /// Inits that were answered with a challenge.
    public internal(set) var challenged: UInt64 = 0
    /// Inits that this endpoint's own went before.
    public internal(set) var yielded: UInt64 = 0
    /// Authentic with malformed content.
    public internal(set) var malformedFrames: UInt64 = 0
    /// Authentic, without room for their content.
    public internal(set) var noRoom: UInt64 = 0
    /// Not looked into, because the owner had not taken what waits.
    public internal(set) var busy: UInt64 = 0
    /// Datagrams handed out for sending.
    public internal(set) var sent: UInt64 = 0

    mutating func count(_ verdict: DatagramVerdict) {
        switch verdict {
        case .accepted: accepted += 1
        case .malformed: malformed += 1
        case .badAuthenticator: badAuthenticator += 1
        case .unknownPeer: unknownPeer += 1
        case .unknownSession: unknownSession += 1
        case .notAuthentic: notAuthentic += 1
        case .replayed: replayed += 1
        case .challenged: challenged += 1
        case .yielded: yielded += 1
        case .malformedFrames: malformedFrames += 1
        case .noRoom: noRoom += 1
        case .busy: busy += 1
        }
    }
}

/// How a peer's link does, for status pages and decisions.
public struct LinkPeerStatus: Equatable, Sendable {
    /// Whether a session stands.
    public let isEstablished: Bool
    /// Whether the peer owes an answer for longer than the reported silence.
    public let isUnresponsive: Bool
    /// Where the peer is reached.
    public let address: NetworkAddress?
    /// The smoothed round trip; nil before the first measurement.
    public let roundTrip: TimeSpan?
    /// Datagrams sent in sessions with this peer since it was added.
    public let datagramsSent: UInt64
    /// Authentic datagrams received in sessions since the peer was added.
    public let datagramsReceived: UInt64
    /// Datagrams found lost since the peer was added.
    public let datagramsLost: UInt64
    /// Sessions established since the peer was added.
    public let sessions: UInt64
    /// Reliable messages that wait for the peer's acknowledgement.
    public let queuedMessages: Int
    /// Bytes of those messages.
    public let queuedBytes: Int
    /// Bytes of partial messages from the peer.
    public let partialBytes: Int
    /// When something authentic last came from the peer in this process.
    public let lastHeard: BootTime?
}
