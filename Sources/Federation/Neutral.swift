import Cryptography
import Quantities
import Wire

public typealias TaskID = Bytes16

public struct LotTransfer: Hashable, Sendable {
    public var issuer: KeyID
    public var amount: Energy
    public var remaining: TimeSpan
    public var proofHash: Bytes32
    public init(issuer: KeyID, amount: Energy, remaining: TimeSpan, proofHash: Bytes32) {
        self.issuer = issuer
        self.amount = amount
        self.remaining = remaining
        self.proofHash = proofHash
    }
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(1, of: &map)
        issuer = KeyID(bytes: try reader.bytes32())
        try reader.field(2, of: &map)
        amount = try reader.amount()
        try reader.field(3, of: &map)
        remaining = TimeSpan(milliseconds: try reader.nonNegative())
        try reader.field(4, of: &map)
        proofHash = try reader.bytes32()
        try reader.endMap(&map)
    }
    public func write(to writer: inout CBORWriter) {
        var fields = FieldWriter()
        fields.bytes(1, issuer.bytes)
        fields.energy(2, amount)
        fields.span(3, remaining)
        fields.bytes(4, proofHash)
        fields.finish(into: &writer)
    }
}
public enum EvidenceClass: UInt8, Sendable, CaseIterable {
    case metered = 1
    case modeled = 2
    case declared = 3
    case replayed = 4
    public var name: String {
        switch self {
        case .metered: "metered"
        case .modeled: "modeled"
        case .declared: "declared"
        case .replayed: "replayed"
        }
    }
}
