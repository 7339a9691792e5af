import Cryptography
import Quantities
import Wire

/// The end of one direction of a money lane: how many messages, and the hash of their chain.
public struct LaneHead: Hashable, Sendable {
    /// Messages so far.
    public let sequence: UInt64
    /// Hash of the chain so far; zero before the first message.
    public let hash: Bytes32

    /// A lane that has carried nothing.
    public static let start = LaneHead(sequence: 0, hash: .zero)

    /// The head after `sequence` messages.
    public init(sequence: UInt64, hash: Bytes32) {
        self.sequence = sequence
        self.hash = hash
    }

    /// The head after one more message, of which `content` is what never changes between sendings.
    public func advanced(by content: [UInt8]) -> LaneHead {
        let (next, overflow) = sequence.addingReportingOverflow(1)
        precondition(!overflow, "a lane ends before 2^64 messages")
        return LaneHead(sequence: next, hash: Hashing.hash(hash.array + content, for: .lane))
    }
}

extension LaneHead: LedgerCodable {
    /// Reads `[sequence, hash]`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 2)
        // Room for more, so that the messages after it have numbers.
        sequence = try reader.unsigned(atMost: UInt64(Int64.max) - 1)
        hash = try reader.bytes32()
        reader.endArray()
    }

    /// Writes `[sequence, hash]`.
    public func write(to writer: inout CBORWriter) {
        writer.array(2)
        writer.unsigned(sequence)
        writer.byteString(hash)
    }
}

/// Which end of a money lane moves.
public enum LaneDirection: UInt8, Sendable, CaseIterable {
    /// A message from here to the peer was stored for sending.
    case sent = 1
    /// A message from the peer took effect here.
    case received = 2
    /// The peer answered that messages from here took effect there.
    case acknowledged = 3
}

/// The movement of one end of a money lane.
public struct LaneAdvance: Hashable, Sendable {
    /// The peer.
    public let peer: PlatformID
    /// Which end.
    public let direction: LaneDirection
    /// Where it stands now: one message further, or as far as the peer acknowledges.
    public let head: LaneHead

    /// The movement of the `direction` end of the lane with `peer` to `head`.
    public init(peer: PlatformID, direction: LaneDirection, head: LaneHead) {
        self.peer = peer
        self.direction = direction
        self.head = head
    }
}

/// What a peer shows of its store at a handshake.
public struct PeerObservation: Hashable, Sendable {
    /// The peer.
    public let peer: PlatformID
    /// The epoch of its store.
    public let storeEpoch: StoreEpoch
    /// How often that store has been opened.
    public let bootEpoch: UInt64
    /// The last message it says it has sent here.
    public let sent: LaneHead
    /// The last message from here that it says took effect there.
    public let received: LaneHead

    /// What `peer` shows.
    public init(peer: PlatformID, storeEpoch: StoreEpoch, bootEpoch: UInt64, sent: LaneHead, received: LaneHead) {
        self.peer = peer
        self.storeEpoch = storeEpoch
        self.bootEpoch = bootEpoch
        self.sent = sent
        self.received = received
    }
}

/// Why no money moves on a lane until the operator has reconciled it.
public enum LaneStop: UInt8, Sendable, CaseIterable {
    /// The peer's store is a new one: the board was set up again.
    case newStore = 1
    /// The peer's store was opened less often than before: a restored copy or a cloned card.
    case olderBoot = 2
    /// The peer has lost messages that it had acknowledged, or that it had sent.
    case peerTurnedBack = 3
    /// The peer knows of messages from here that this store does not: this store was turned back.
    case homeTurnedBack = 4
    /// Both count the same messages and disagree about what they say.
    case forked = 5
}
