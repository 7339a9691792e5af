import Cryptography
import Quantities
import Wire

/// One end of the link: sessions with all peers, over one or more UDP sockets of the owner.
public struct LinkEndpoint: Sendable {
    /// Verdicts on received datagrams so far.
    public private(set) var counters = LinkCounters()

    /// An endpoint without peers; `random` must be seeded from the system's entropy.
    public init(configuration: LinkConfiguration, random: DeterministicRandom) {}

    /// The peers in order.
    public var peers: [LinkPeerID] { [] }

    /// Adds a peer; false when it is there already or the limit of peers is reached.
    @discardableResult
    public mutating func addPeer(_ peer: LinkPeer) -> Bool { false }

    /// Forgets a peer, with its session and all that waits for it.
    public mutating func removePeer(_ id: LinkPeerID) {}

    /// Sends to `address` from now on, until the peer proves another one; ignored for unknown peers.
    public mutating func setAddress(_ address: NetworkAddress, of id: LinkPeerID) {}

    /// Takes a datagram that came from `source`.
    public mutating func receive(_ datagram: Span<UInt8>, from source: NetworkAddress, now: BootTime) -> DatagramVerdict {
        .unknownSession
    }

    /// Queues a message for a peer.
    public mutating func send(_ message: [UInt8], to id: LinkPeerID, class messageClass: MessageClass, now: BootTime)
        -> Result<MessageNumber, SendRefusal>
    {
        .failure(.unknownPeer)
    }

    /// When `advance` must be called next; nil when nothing is awaited.
    public var nextDeadline: BootTime? { nil }

    /// Lets time pass: fires every timer that is due at `now`.
    public mutating func advance(to now: BootTime) {}

    /// The next datagram to send, nil when there is none; call until nil after every other call.
    public mutating func nextDatagram(now: BootTime) -> OutgoingDatagram? { nil }

    /// The next event, nil when there is none; call until nil after every other call.
    public mutating func nextEvent() -> LinkEvent? { nil }

    /// How the link to a peer does; nil for an unknown peer.
    public func status(of id: LinkPeerID) -> LinkPeerStatus? { nil }
}
