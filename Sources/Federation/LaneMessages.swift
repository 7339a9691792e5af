import Cryptography
import Quantities
import Wire

/// Tokens of one lot that go back to the issuer.
public struct ReturnedLot: Hashable, Sendable {
    /// The energy proof the lot was charged on.
    public let proof: Bytes32
    /// What was discharged by work.
    public let discharged: Energy
    /// What ran out unspent.
    public let expired: Energy

    /// Returned tokens; nil where an amount is negative or too large or both are nothing.
    public init?(proof: Bytes32, discharged: Energy, expired: Energy) {
        guard discharged >= .zero, expired >= .zero, discharged <= .largest, expired <= .largest,
            discharged > .zero || expired > .zero
        else { return nil }
        self.proof = proof
        self.discharged = discharged
        self.expired = expired
    }
}

/// A holder's notice that tokens return to their issuer; signed by the holder as `ledgerReturn`.
public struct ReturnNotice: Hashable, SignedPayload {
    /// The society that issued the lots.
    public let issuer: PlatformID
    /// The lots, at most `FederationLimits.maximumReturnedLots`, at least one.
    public let lots: [ReturnedLot]
    /// Its place in the holder's lane to the issuer.
    public let lane: LanePosition

    /// What its signature is for.
    public static let signatureType = SignatureType.ledgerReturn
    /// What its hash is for.
    public static let hashPurpose = HashPurpose.lane

    private enum Field {
        static let issuer: UInt64 = 1
        static let lots: UInt64 = 2
        static let sequence: UInt64 = 3
        static let previous: UInt64 = 4
    }

    /// Everything that returns.
    public var total: Energy { lots.reduce(.zero) { $0 + $1.discharged + $1.expired } }

    /// A notice; nil without lots or with too many.
    public init?(issuer: PlatformID, lots: [ReturnedLot], lane: LanePosition) {
        guard (1...FederationLimits.maximumReturnedLots).contains(lots.count) else { return nil }
        self.issuer = issuer
        self.lots = lots
        self.lane = lane
    }

    /// Reads a notice: `{1: issuer, 2: [[proof, discharged, expired]], 3: sequence, 4: previous}`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(Field.issuer, of: &map)
        issuer = KeyID(bytes: try reader.bytes32())
        try reader.field(Field.lots, of: &map)
        let start = reader.offset
        let count = try reader.beginArray(limit: FederationLimits.maximumReturnedLots)
        guard count > 0 else { throw .invalidValue(at: start) }
        var lots: [ReturnedLot] = []
        for _ in 0..<count {
            let lotStart = reader.offset
            try reader.beginArray(of: 3)
            let proof = try reader.bytes32()
            let discharged = try reader.amount()
            let expired = try reader.amount()
            reader.endArray()
            guard let lot = ReturnedLot(proof: proof, discharged: discharged, expired: expired) else {
                throw .invalidValue(at: lotStart)
            }
            lots.append(lot)
        }
        reader.endArray()
        self.lots = lots
        lane = try LanePosition(from: &reader, at: Field.sequence, of: &map)
        try reader.endMap(&map)
    }

    /// Appends the notice's encoding.
    public func write(to writer: inout CBORWriter) {
        var fields = FieldWriter()
        fields.bytes(Field.issuer, issuer.bytes)
        fields.array(Field.lots, count: lots.count) { writer in
            for lot in lots {
                writer.array(3)
                writer.byteString(lot.proof)
                writer.integer(lot.discharged.millijoules)
                writer.integer(lot.expired.millijoules)
            }
        }
        fields.unsigned(Field.sequence, lane.sequence)
        fields.bytes(Field.previous, lane.previous)
        fields.finish(into: &writer)
    }
}

/// The last message of a lane: its number and hash.
public struct LaneHead: Hashable, Sendable {
    /// Number of the last message; 0 where there was none.
    public let sequence: UInt64
    /// Its hash; zero where there was none.
    public let hash: Bytes32

    /// A lane in which nothing was sent yet.
    public static let empty = LaneHead(sequence: 0, hash: .zero)

    /// The head `sequence` with `hash`.
    public init(sequence: UInt64, hash: Bytes32) {
        self.sequence = sequence
        self.hash = hash
    }

    /// Where the next message goes.
    public var next: LanePosition { LanePosition(sequence: sequence + 1, previous: hash) }

    /// Reads `[sequence, hash]`.
    init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 2)
        sequence = try reader.unsigned(atMost: UInt64(Int64.max))
        hash = try reader.bytes32()
        reader.endArray()
    }

    func write(to writer: inout CBORWriter) {
        writer.array(2)
        writer.unsigned(sequence)
        writer.byteString(hash)
    }
}

/// Both lanes between two platforms as the sender of this message sees them.
///
/// Exchanged before money moves. As an answer to a lane message it acknowledges everything up to
/// `received`, which clears those rows of the other side's outbox.
public struct LaneHeads: Hashable, Sendable {
    /// The last message this side sent.
    public let sent: LaneHead
    /// The last message this side has applied, durably.
    public let received: LaneHead

    /// Both heads.
    public init(sent: LaneHead, received: LaneHead) {
        self.sent = sent
        self.received = received
    }

    /// Reads `[sent, received]`.
    init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 2)
        sent = try LaneHead(from: &reader)
        received = try LaneHead(from: &reader)
        reader.endArray()
    }

    func write(to writer: inout CBORWriter) {
        writer.array(2)
        sent.write(to: &writer)
        received.write(to: &writer)
    }
}
