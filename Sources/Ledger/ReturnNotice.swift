import Cryptography
import Quantities
import Wire

/// Tokens that a holder gives back, lot by lot.
public struct ReturnLine: Hashable, Sendable {
    /// The society that issued them.
    public let issuer: PlatformID
    /// Hash of the energy proof they were charged on.
    public let proof: Bytes32
    /// What was discharged by work.
    public let discharged: Energy
    /// What ran out unused.
    public let expired: Energy

    /// A line that returns `discharged` and `expired`.
    public init(issuer: PlatformID, proof: Bytes32, discharged: Energy, expired: Energy) {
        self.issuer = issuer
        self.proof = proof
        self.discharged = discharged
        self.expired = expired
    }
}

extension ReturnLine: LedgerCodable {
    /// Reads `[issuer, proof, discharged in mJ, expired in mJ]`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 4)
        issuer = KeyID(bytes: try reader.bytes32())
        proof = try reader.bytes32()
        discharged = Energy(millijoules: try reader.integer())
        expired = Energy(millijoules: try reader.integer())
        reader.endArray()
    }

    /// Writes `[issuer, proof, discharged in mJ, expired in mJ]`.
    public func write(to writer: inout CBORWriter) {
        writer.array(4)
        writer.byteString(issuer.bytes)
        writer.byteString(proof)
        writer.integer(discharged.millijoules)
        writer.integer(expired.millijoules)
    }
}

/// A numbered notice of returned tokens, from a holder to the platform it had them from.
public struct ReturnNotice: Hashable, Sendable {
    /// The platform that returns them.
    public let from: PlatformID
    /// The number of the lane message that carries it; later notices have higher ones.
    public let number: UInt64
    /// What is returned.
    public let lines: [ReturnLine]

    /// A notice from `from`.
    public init(from: PlatformID, number: UInt64, lines: [ReturnLine]) {
        self.from = from
        self.number = number
        self.lines = lines
    }
}

extension ReturnNotice: LedgerCodable {
    /// Reads `{1: from, 2: number, 3: lines}`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        from = try reader.platform(1, of: &map)
        number = try reader.number(2, of: &map)
        lines = try reader.values(3, of: &map, limit: LedgerLimits.linesPerReturn)
        try reader.endMap(&map)
    }

    /// Writes `{1: from, 2: number, 3: lines}`.
    public func write(to writer: inout CBORWriter) {
        writer.map(3)
        writer.field(1, from)
        writer.field(2, number)
        writer.field(3, lines)
    }
}
