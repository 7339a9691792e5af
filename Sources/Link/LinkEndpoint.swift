import Cryptography
import Quantities
import Wire

/// One end of the link: sessions with all peers over the owner's UDP sockets.
///
/// A pure machine. The owner hands in datagrams, messages and the time; after every call it takes
/// datagrams until there are none, then events until there are none, and calls `advance` at
/// `nextDeadline`. Delivery is at least once and unordered, never twice while both processes live.
/// The protocol is described in docs/protocol.md.
public struct LinkEndpoint: Sendable {
    let configuration: LinkConfiguration
    /// The key of `mac1` in datagrams to this endpoint.
    let authenticatorKey: Bytes32
    var random: DeterministicRandom
    /// All peers in order of their ids.
    var links: [PeerLink] = []
    /// Answers to handshakes that wait to be sent, oldest first.
    var answers: [OutgoingDatagram] = []
    var events: [LinkEvent] = []
    /// The number of the last Init.
    var initSequence: UInt64 = 0
    /// The peer whose turn it is.
    private var turn = 0
    /// Room for opened datagrams, kept between calls.
    var opened: [UInt8] = []

    /// Verdicts on received datagrams so far.
    public internal(set) var counters = LinkCounters()

    /// An endpoint without peers; `random` must be seeded from the system's entropy.
    public init(configuration: LinkConfiguration, random: DeterministicRandom) {
        self.configuration = configuration
        self.random = random
        authenticatorKey = HandshakeAuthenticator.key(for: configuration.staticKey.publicKey)
    }

    // MARK: Peers

    /// The peers in order.
    public var peers: [LinkPeerID] { links.map { $0.id } }

    /// Adds a peer; false when it is there already, is this endpoint itself, or the limit of peers is reached.
    @discardableResult
    public mutating func addPeer(_ peer: LinkPeer) -> Bool {
        guard links.count < configuration.limits.peers, index(of: peer.id) == nil,
            peer.id.staticKey != configuration.staticKey.publicKey
        else { return false }
        let place = links.firstIndex { $0.id > peer.id } ?? links.count
        let numbering = UInt32(truncatingIfNeeded: random.number(below: 1 << 32))
        links.insert(PeerLink(peer, limits: configuration.limits, numbering: numbering), at: place)
        return true
    }

    /// Forgets a peer with all that waits for it, and tells it where a session stands.
    public mutating func removePeer(_ id: LinkPeerID) {
        guard let index = index(of: id) else { return }
        closeSession(of: index)
        links.remove(at: index)
    }

    /// Ends all sessions and tells the peers; what waits for them stays until this endpoint is gone.
    public mutating func close() {
        for index in links.indices { closeSession(of: index) }
    }

    /// Sends to `address` from now on, until the peer is heard from another one; ignored for unknown peers.
    public mutating func setAddress(_ address: NetworkAddress, of id: LinkPeerID, now: BootTime) {
        guard let index = index(of: id) else { return }
        links[index].address = address
        links[index].path = nil
        links[index].initiation = nil
        maintainInitiation(of: index, now: now)
    }

    /// How the link to a peer does; nil for an unknown peer.
    public func status(of id: LinkPeerID) -> LinkPeerStatus? { index(of: id).map { links[$0].status } }

    // MARK: Messages

    /// Queues a message of at most 64 KiB, or of `LinkLimits.heartbeatLength` bytes for a heartbeat.
    public mutating func send(
        _ message: [UInt8], to id: LinkPeerID, class messageClass: MessageClass, now: BootTime
    ) -> Result<MessageNumber, SendRefusal> {
        guard let index = index(of: id) else { return .failure(.unknownPeer) }
        let result = links[index].queue.append(message, class: messageClass)
        maintainInitiation(of: index, now: now)
        return result
    }

    /// The next event, nil when there is none; call until nil after every other call.
    public mutating func nextEvent() -> LinkEvent? { events.isEmpty ? nil : events.removeFirst() }

    // MARK: Time

    /// When `advance` must be called next; nil when nothing is awaited.
    ///
    /// Complexity: O(peers).
    public var nextDeadline: BootTime? { links.lazy.compactMap { $0.nextDeadline }.min() }

    /// Lets time pass: fires every timer that is due at `now`.
    public mutating func advance(to now: BootTime) {
        for index in links.indices {
            if let deadline = links[index].nextDeadline, deadline <= now {
                let challenge = random.number(below: .max)
                links[index].advance(to: now, newChallenge: challenge, events: &events)
            }
            maintainInitiation(of: index, now: now)
        }
    }

    // MARK: Datagrams

    /// The next datagram to send, nil when there is none; call until nil after every other call.
    ///
    /// Peers take turns, one datagram each; within a peer the most urgent class goes first.
    public mutating func nextDatagram(now: BootTime) -> OutgoingDatagram? {
        guard let datagram = nextDatagramUncounted(now: now) else { return nil }
        counters.sent += 1
        return datagram
    }

    private mutating func nextDatagramUncounted(now: BootTime) -> OutgoingDatagram? {
        if !answers.isEmpty { return answers.removeFirst() }
        for _ in links.indices {
            turn = (turn + 1) % links.count
            if let initiation = links[turn].initiation, let sendAt = initiation.sendAt, sendAt <= now {
                links[turn].initiation?.markSent(now: now)
                links[turn].expectAnswer(now: now)
                return OutgoingDatagram(bytes: initiation.datagram, destination: initiation.destination)
            }
            if let datagram = links[turn].nextSealed(now: now) { return datagram }
        }
        return nil
    }

    /// Takes a datagram that came from `source`.
    public mutating func receive(
        _ datagram: Span<UInt8>, from source: NetworkAddress, now: BootTime
    ) -> DatagramVerdict {
        let verdict = judge(datagram, from: source, now: now)
        counters.count(verdict)
        return verdict
    }

    private mutating func judge(
        _ datagram: Span<UInt8>, from source: NetworkAddress, now: BootTime
    ) -> DatagramVerdict {
        guard datagram.count > 0 else { return .malformed(.length(count: 0)) }
        do throws(DatagramError) {
            switch datagram[0] {
            case DatagramKind.initiation: return takeInit(try InitDatagram(datagram), datagram, from: source, now: now)
            case DatagramKind.response:
                return takeResponse(try ResponseDatagram(datagram), datagram, from: source, now: now)
            case DatagramKind.retry: return takeRetry(try RetryDatagram(datagram), datagram, now: now)
            case DatagramKind.sealed: return takeSealed(try SealedHeader(datagram), datagram, from: source, now: now)
            default: return .malformed(.kind(datagram[0]))
            }
        } catch { return .malformed(error) }
    }

    // MARK: Shared by the parts of the endpoint

    /// Where a peer is among `links`.
    func index(of id: LinkPeerID) -> Int? { links.firstIndex { $0.id == id } }

    /// A session index that nothing uses.
    mutating func freeSessionIndex() -> SessionIndex {
        var value = UInt32(truncatingIfNeeded: random.number(below: UInt64(SessionIndex.limit)))
        while value == 0 || links.contains(where: { $0.uses(SessionIndex(value: value)) }) {
            value = (value + 1) % SessionIndex.limit
        }
        return SessionIndex(value: value)
    }

    private mutating func closeSession(of index: Int) {
        if links[index].canSend, let address = links[index].address,
            answers.count < LinkLimits.handshakeAnswers,
            let datagram = links[index].session?.seal([FrameKind.close])
        {
            answers.append(OutgoingDatagram(bytes: datagram, destination: address))
        }
        links[index].dropSession()
    }
}
