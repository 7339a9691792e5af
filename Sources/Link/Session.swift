import Cryptography
import Quantities
import Wire

/// Keys, counters and acknowledgements of one handshake's session.
struct Session: Sendable {
    let localIndex: SessionIndex
    let remoteIndex: SessionIndex
    let keys: TransportKeys
    let establishedAt: BootTime
    /// What the peer said of itself.
    let peerBootEpoch: UInt64
    let peerStoreEpoch: UInt64
    let peerCapabilities: UInt32
    /// The name of the peer's numbering of messages.
    let peerNumbering: UInt32

    /// The counter of the next packet; never used twice.
    private(set) var nextCounter: UInt32 = 0
    private var window = ReplayWindow()
    private(set) var ranges = AckRanges()
    var loss = LossDetector()
    /// The counter of the newest heartbeat that was handed over.
    var newestHeartbeat: UInt32?
    /// Whether the next datagram carries a PING.
    var wantsPing = false
    /// Datagrams beyond the limit under way that a probe may send.
    var probeAllowance = 0

    private var newestReceivedAt = BootTime.origin
    /// When the acknowledgement has to leave, nil when none is owed.
    private(set) var acknowledgementDeadline: BootTime?
    private var unacknowledged = 0

    private static let datagramsPerAcknowledgement = 8

    init(
        localIndex: SessionIndex, remoteIndex: SessionIndex, keys: TransportKeys, establishedAt: BootTime,
        peerBootEpoch: UInt64, peerStoreEpoch: UInt64, peerCapabilities: UInt32,
        peerNumbering: UInt32
    ) {
        self.localIndex = localIndex
        self.remoteIndex = remoteIndex
        self.keys = keys
        self.establishedAt = establishedAt
        self.peerBootEpoch = peerBootEpoch
        self.peerStoreEpoch = peerStoreEpoch
        self.peerCapabilities = peerCapabilities
        self.peerNumbering = peerNumbering
    }

    /// Whether the next send should ask for a new session: by age, or by packets.
    func isWorn(now: BootTime) -> Bool {
        establishedAt + LinkTimes.sessionLife <= now || nextCounter >= LinkLimits.packetsBeforeHandshake
    }

    /// Whether another packet may be sealed; the counter of the last one is never reached.
    var canSeal: Bool { nextCounter < .max }

    /// A datagram of `frames` under the next counter.
    mutating func seal(_ frames: [UInt8]) -> [UInt8] {
        precondition(canSeal, "a counter is used once")
        var datagram = SealedHeader(receiver: remoteIndex, counter: nextCounter).encoded
        let header = datagram
        ChaCha20Poly1305.seal(
            frames.span, key: keys.sending, counter: UInt64(nextCounter), header: header.span,
            appendingTo: &datagram)
        nextCounter += 1
        return datagram
    }

    /// How a datagram for this session opened.
    enum Opening: Equatable, Sendable {
        case opened(isNewest: Bool)
        case notAuthentic
        case replayed
    }

    /// Appends the frames of a datagram to `frames` where it is authentic and new.
    mutating func open(_ datagram: Span<UInt8>, _ header: SealedHeader, into frames: inout [UInt8]) -> Opening {
        guard
            ChaCha20Poly1305.open(
                datagram.extracting(SealedHeader.length..<datagram.count), key: keys.receiving,
                counter: UInt64(header.counter), header: datagram.extracting(0..<SealedHeader.length),
                appendingTo: &frames)
        else { return .notAuthentic }
        let isNewest = window.highest.map { UInt64(header.counter) > $0 } ?? true
        guard window.insert(UInt64(header.counter)) else { return .replayed }
        return .opened(isNewest: isNewest)
    }

    /// Notes a datagram whose frames were all used, for the next acknowledgement.
    mutating func received(_ counter: UInt32, isEliciting: Bool, asksAtOnce: Bool, now: BootTime) {
        let newest = ranges.runs.first?.high
        _ = ranges.insert(counter)
        if newest.map({ counter > $0 }) ?? true { newestReceivedAt = now }
        guard isEliciting else { return }
        unacknowledged += 1
        let isInOrder = newest.map { $0 < counter && counter - $0 == 1 } ?? true
        if asksAtOnce || !isInOrder || unacknowledged >= Session.datagramsPerAcknowledgement {
            acknowledgementDeadline = now
        } else if acknowledgementDeadline == nil {
            acknowledgementDeadline = now + LinkTimes.acknowledgementDelay
        }
    }

    /// Writes the acknowledgement that rides with the next datagram; the highest counter it tells.
    func writeAcknowledgement(to writer: inout FrameWriter, now: BootTime) -> UInt32? {
        writer.acknowledgement(ranges.runs, delay: now.since(newestReceivedAt)) ? ranges.runs.first?.high : nil
    }

    /// Whether an acknowledgement is due.
    func owesAcknowledgement(now: BootTime) -> Bool { acknowledgementDeadline.map { $0 <= now } ?? false }

    /// Notes that an acknowledgement leaves.
    mutating func acknowledgementSent() {
        acknowledgementDeadline = nil
        unacknowledged = 0
    }

    /// The peer knows of all counters up to `counter`.
    mutating func forgetAcknowledged(through counter: UInt32) {
        ranges.forget(through: counter)
        if ranges.runs.isEmpty { acknowledgementSent() }
    }
}
