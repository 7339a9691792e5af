import Cryptography
import Ledger
import Quantities
import Wire

/// A message's place in a lane: the numbered, hash-linked sequence of money messages one platform
/// sends another.
public struct LanePosition: Hashable, Sendable {
    /// Number of the message, from 1.
    public let sequence: UInt64
    /// Hash of the lane up to the message before it; zero for the first.
    public let previous: Bytes32

    /// The place after `head`.
    public init(after head: LaneHead) {
        sequence = head.sequence + 1
        previous = head.hash
    }

    /// The head of a lane that ends before this place.
    public var before: LaneHead { LaneHead(sequence: sequence - 1, hash: previous) }

    /// Reads the sequence number at `key` and the previous hash at the key after it.
    init(from reader: inout CBORReader, at key: UInt64, of map: inout CBORMapFields) throws(CBORError) {
        try reader.field(key, of: &map)
        let start = reader.offset
        // Room for one more, so that the message after this one has a number.
        sequence = try reader.unsigned(atMost: UInt64(Int64.max))
        guard sequence > 0 else { throw .invalidValue(at: start) }
        try reader.field(key + 1, of: &map)
        previous = try reader.bytes32()
    }
}

/// A signed payload that moves money and so has a place in a lane.
public protocol LanePayload: SignedPayload {
    /// Its place.
    var lane: LanePosition { get }
}

extension Signed where Payload: LanePayload {
    /// The lane's head once this message is its last.
    public var laneHead: LaneHead { payload.lane.before.advanced(by: envelope.payload) }
}

/// A holder's notice that tokens return, on its way; signed by the holder as `ledgerReturn`.
public struct TokenReturn: Hashable, LanePayload {
    /// What returns, as the ledger states it.
    public let notice: ReturnNotice
    /// Its place in the holder's lane to the receiver.
    public let lane: LanePosition

    /// What its signature is for.
    public static let signatureType = SignatureType.ledgerReturn
    /// What its hash is for.
    public static let hashPurpose = HashPurpose.lane

    /// A notice; nil without lines, with too many, or where a line returns nothing or a negative amount.
    public init?(_ notice: ReturnNotice, lane: LanePosition) {
        guard (1...LedgerLimits.linesPerReturn).contains(notice.lines.count),
            notice.lines.allSatisfy({ TokenReturn.isReturn($0) })
        else { return nil }
        self.notice = notice
        self.lane = lane
    }

    /// Reads `{1: notice, 2: sequence, 3: previous}`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        let start = reader.offset
        var map = try reader.beginMap()
        try reader.field(1, of: &map)
        let notice = try ReturnNotice(from: &reader)
        let lane = try LanePosition(from: &reader, at: 2, of: &map)
        try reader.endMap(&map)
        guard let message = TokenReturn(notice, lane: lane) else { throw .invalidValue(at: start) }
        self = message
    }

    /// Appends the notice's encoding.
    public func write(to writer: inout CBORWriter) {
        var fields = FieldWriter()
        fields.nested(1) { notice.write(to: &$0) }
        fields.unsigned(2, lane.sequence)
        fields.bytes(3, lane.previous)
        fields.finish(into: &writer)
    }

    private static func isReturn(_ line: ReturnLine) -> Bool {
        (Energy.zero...Energy.largest).contains(line.discharged)
            && (Energy.zero...Energy.largest).contains(line.expired)
            && (line.discharged > .zero || line.expired > .zero)
    }
}

/// Both lanes between two platforms as the sender of this message sees them.
///
/// Exchanged before money moves. As an answer to a lane message it acknowledges everything up to
/// `received`, which clears those rows of the other side's outbox. Messages may overtake each other
/// and survive a new session; `echo` and `stamp` keep an old statement from passing for a store
/// that has lost what it knew.
public struct LaneHeads: Hashable, Sendable {
    /// The last message this side sent.
    public let sent: LaneHead
    /// The last message this side has applied, durably.
    public let received: LaneHead
    /// One more than in the statement before, since the sender's process started.
    public let stamp: UInt64
    /// The receiver's last `laneQuestion`; zero where none has come.
    public let echo: Bytes16

    /// A statement of both heads.
    public init(sent: LaneHead, received: LaneHead, stamp: UInt64, echo: Bytes16) {
        self.sent = sent
        self.received = received
        self.stamp = stamp
        self.echo = echo
    }

    /// Reads `[sent, received, stamp, echo]`.
    init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 4)
        sent = try LaneHead(from: &reader)
        received = try LaneHead(from: &reader)
        stamp = try reader.unsigned()
        echo = try reader.bytes16()
        reader.endArray()
    }

    func write(to writer: inout CBORWriter) {
        writer.array(4)
        sent.write(to: &writer)
        received.write(to: &writer)
        writer.unsigned(stamp)
        writer.byteString(echo)
    }
}
