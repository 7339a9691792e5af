import Cryptography
import Quantities
import Wire

/// What a platform says of its ledger at one moment; signed, it stands for the journal up to there.
public struct LedgerCheckpoint: Hashable, Sendable {
    /// The platform.
    public let home: PlatformID
    /// Where the journal stands.
    public let head: LedgerHead
    /// Hash of the whole state.
    public let stateHash: Bytes32
}

extension LedgerImage {
    /// The checkpoint of this state; nil before genesis.
    public var checkpoint: LedgerCheckpoint? {
        summary.map { LedgerCheckpoint(home: $0.genesis.home, head: head, stateHash: stateHash) }
    }
}

extension LedgerCheckpoint: LedgerCodable {
    /// Reads `{1: home, 2: sequence, 3: journal hash, 4: ledger ms, 5: state hash}`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        home = try reader.platform(1, of: &map)
        let sequence = try reader.number(2, of: &map)
        let hash = try reader.bytes32(3, of: &map)
        head = LedgerHead(sequence: sequence, hash: hash, at: try reader.time(4, of: &map))
        stateHash = try reader.bytes32(5, of: &map)
        try reader.endMap(&map)
    }

    /// Writes `{1: home, 2: sequence, 3: journal hash, 4: ledger ms, 5: state hash}`.
    public func write(to writer: inout CBORWriter) {
        writer.map(5)
        writer.field(1, home)
        writer.field(2, head.sequence)
        writer.field(3, head.hash)
        writer.field(4, head.at)
        writer.field(5, stateHash)
    }
}
