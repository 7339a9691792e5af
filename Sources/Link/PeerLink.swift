import Cryptography
import Quantities
import Wire

/// An Init of this side that waits for its Response.
struct Initiation: Sendable {
    let handshake: NoiseHandshake
    let localIndex: SessionIndex
    let datagram: [UInt8]
    let destination: NetworkAddress
    let startedAt: BootTime
    /// After this a fresh Init is made.
    let expiresAt: BootTime
    /// Whether it answers a challenge; then no further challenge is taken for it.
    let answersChallenge: Bool
    /// When to send the datagram, the first time or again; nil when it waits for its end.
    var sendAt: BootTime?
    /// How often it has been sent.
    var timesSent = 0

    /// Notes that the datagram leaves.
    mutating func markSent(now: BootTime) {
        let intervals = LinkTimes.initRepetitions
        let next = now + intervals[min(timesSent, intervals.count - 1)]
        timesSent += 1
        // An Init that lives for longer than the usual life is a slow probe, which is sent once.
        sendAt = expiresAt.since(startedAt) <= LinkTimes.initLife && next < expiresAt ? next : nil
    }
}

/// A session that this side has answered, and that the peer has not used yet.
struct UnconfirmedSession: Sendable {
    var session: Session
    /// The ephemeral key of the Init, by which repetitions are known.
    let ephemeral: Bytes32
    /// The Response, for repetitions.
    let response: [UInt8]
    let source: NetworkAddress
    let answeredAt: BootTime
    /// Whether the Response was sent more than once.
    var wasRepeated = false
}

/// A challenge that the peer may answer once.
struct Challenge: Sendable {
    let bytes: Bytes16
    let issuedAt: BootTime
}

/// An address that the peer was heard from, and has not proven.
struct PathCheck: Sendable {
    var challenge: UInt64
    var isDue = true
    var attempts = 1
    var deadline: BootTime
    /// Bytes that may still go there.
    var allowance: Int
}

/// All that is known of one peer: its handshakes, its session, what waits for it and what came in part.
struct PeerLink: Sendable {
    let id: LinkPeerID
    let node: KeyID
    /// The key of `mac1` in datagrams to the peer.
    let authenticatorKey: Bytes32

    // MARK: Where

    /// Where datagrams go.
    var address: NetworkAddress?
    /// The last address that the peer has proven.
    var provenAddress: NetworkAddress?
    var path: PathCheck?
    /// The eight bytes to repeat to the peer.
    var pathAnswer: UInt64?

    // MARK: Sessions

    /// The highest position of the peer's Inits that was ever accepted.
    var highestPosition: HandshakePosition?
    var challenge: Challenge?
    var initiation: Initiation?
    /// When to begin a handshake that has to wait; nil when none waits.
    var initiationDeadline: BootTime?
    var unconfirmed: UnconfirmedSession?
    var session: Session?

    // MARK: Messages

    /// A random name for the numbers of `queue`.
    let numbering: UInt32
    var queue: SendQueue
    var receivedNumbers = ReplayWindow()
    /// The peer's numbering that `receivedNumbers` is about.
    var receivedNumbering: UInt32?
    var reassembly = Reassembly()
    /// Messages whose parts were dropped here; the requests to begin them anew that have to be sent.
    var resets: [UInt64] = []

    // MARK: Liveness

    var roundTrip = RoundTripEstimator()
    /// Since when the peer owes an answer.
    var waitingSince: BootTime?
    var isReportedUnresponsive = false
    var lastHeard: BootTime?
    var datagramsSent: UInt64 = 0
    var datagramsReceived: UInt64 = 0
    var datagramsLost: UInt64 = 0
    var sessions: UInt64 = 0

    init(_ peer: LinkPeer, limits: LinkLimits, numbering: UInt32) {
        id = peer.id
        node = peer.node
        authenticatorKey = HandshakeAuthenticator.key(for: peer.id.staticKey)
        address = peer.address
        highestPosition = peer.durablePosition
        self.numbering = numbering
        queue = SendQueue(limits: limits)
    }

    /// Whether the peer may be reached only after a new handshake.
    func wantsSession(now: BootTime) -> Bool {
        guard !queue.isEmpty else { return false }
        guard let session else { return true }
        return session.isWorn(now: now) || session.loss.probeCount >= LinkTimes.probesBeforeHandshake
    }

    /// Whether the peer has been silent for so long that probing slows down.
    func isLongSilent(now: BootTime) -> Bool {
        waitingSince.map { $0 + LinkTimes.silenceBeforeSlowing <= now } ?? false
    }

    /// Whether a new Init may go out, and when if not yet; nil when none is wanted.
    func initiationTime(now: BootTime) -> BootTime? {
        guard initiation == nil, address != nil, wantsSession(now: now) else { return nil }
        // The peer is in the middle of its own handshake: give it time to use it.
        return unconfirmed.map { max(now, $0.answeredAt + LinkTimes.handshakePatience) } ?? now
    }

    /// Whether an Init at `position` that answers `challenge` is surely not an old one.
    func isFresh(_ position: HandshakePosition, answering answer: Bytes16, now: BootTime) -> Bool {
        if let highestPosition, position > highestPosition { return true }
        guard let challenge, challenge.issuedAt + LinkTimes.challengeLife > now else { return false }
        return challenge.bytes == answer
    }

    /// Makes `session` the current one; what was under way goes on in it.
    mutating func adopt(_ session: Session) {
        if receivedNumbering != session.peerNumbering {
            receivedNumbers = ReplayWindow()
            receivedNumbering = session.peerNumbering
        }
        reassembly = Reassembly()
        resets = []
        queue.restartAll()
        self.session = session
        unconfirmed = nil
        path = nil
        pathAnswer = nil
        sessions += 1
    }

    /// Where Inits go: not to an address that is not proven, as long as there is another one.
    var handshakeAddress: NetworkAddress? { path == nil ? address : provenAddress ?? address }

    /// Drops the session; what was under way waits for the next one.
    mutating func dropSession() {
        address = handshakeAddress
        session = nil
        reassembly = Reassembly()
        resets = []
        path = nil
        pathAnswer = nil
        queue.restartAll()
    }

    /// Notes that something authentic came; whether the peer had been reported as unresponsive.
    mutating func heard(now: BootTime) -> Bool {
        lastHeard = now
        waitingSince = nil
        defer { isReportedUnresponsive = false }
        return isReportedUnresponsive
    }

    /// Notes that the peer owes an answer from now on, unless it did before.
    mutating func expectAnswer(now: BootTime) {
        if waitingSince == nil { waitingSince = now }
    }

    /// How the link does.
    var status: LinkPeerStatus {
        LinkPeerStatus(
            isEstablished: session != nil, isUnresponsive: isReportedUnresponsive, address: address,
            roundTrip: roundTrip.roundTrip, datagramsSent: datagramsSent, datagramsReceived: datagramsReceived,
            datagramsLost: datagramsLost, sessions: sessions, queuedMessages: queue.count,
            queuedBytes: queue.byteCount, partialBytes: reassembly.byteCount, lastHeard: lastHeard)
    }
}

/// The number whose low bits are `low` and which lies nearest to `reference`.
func expandedNumber(_ low: UInt16, near reference: UInt64) -> UInt64 {
    let candidate = (reference & ~0xffff) | UInt64(low)
    if candidate + 0x8000 < reference { return candidate + 0x1_0000 }
    if candidate > reference + 0x8000, candidate >= 0x1_0000 { return candidate - 0x1_0000 }
    return candidate
}
