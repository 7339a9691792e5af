import Cryptography
import Quantities
import Wire

/// Ends everything that a key was certified for in a lineage, and everything below it; signed as `revocation`.
///
/// It counts where its signer may revoke: the creator, any creator above, the identity itself, or, for what it
/// endorsed, the platform. It is about a key, so no later certificate of the same key undoes it.
public struct Revocation: Hashable, SignedPayload {
    /// Whose key.
    public let lineage: Lineage
    /// The key that counts no more, nor does one that it was succeeded by.
    public let key: PublicKey
    /// The key that signs this.
    public let revoker: PublicKey
    /// When it was signed, as the signer's clock had it; for people.
    public let signedAt: WallTime

    /// What its signature is for.
    public static let signatureType = SignatureType.revocation
    /// What its hash is for.
    public static let hashPurpose = HashPurpose.certificate

    /// A revocation; nil where the time is beyond 1970 … 9999.
    public init?(of key: PublicKey, for lineage: Lineage, by revoker: PublicKey, at signedAt: WallTime) {
        guard (0...IdentityLimits.lastMoment.milliseconds).contains(signedAt.milliseconds) else { return nil }
        self.lineage = lineage
        self.key = key
        self.revoker = revoker
        self.signedAt = signedAt
    }

    /// Reads `{1: lineage, 2: key, 3: revoker's key, 4: time}`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(1, of: &map)
        lineage = try Lineage(from: &reader)
        try reader.field(2, of: &map)
        key = PublicKey(bytes: try reader.bytes32())
        try reader.field(3, of: &map)
        revoker = PublicKey(bytes: try reader.bytes32())
        try reader.field(4, of: &map)
        signedAt = WallTime(
            milliseconds: Int64(try reader.unsigned(atMost: UInt64(IdentityLimits.lastMoment.milliseconds))))
        try reader.endMap(&map)
    }

    /// Appends the revocation's encoding.
    public func write(to writer: inout CBORWriter) {
        var fields = FieldWriter()
        fields.text(1, lineage.text)
        fields.bytes(2, key.bytes)
        fields.bytes(3, revoker.bytes)
        fields.integer(4, signedAt.milliseconds)
        fields.finish(into: &writer)
    }
}

extension Signed where Payload == Revocation {
    /// Accepts `envelope` as a revocation signed by the very key it names.
    public init(
        signedByRevoker envelope: SignedEnvelope, in domain: SignatureDomain, using scheme: any SignatureScheme
    ) throws(EnvelopeError) {
        let claimed = try Signed(stored: envelope)
        try self.init(verifying: envelope, by: claimed.payload.revoker, in: domain, using: scheme)
    }
}

/// What makes one revocation another: whose key, and who revoked it.
struct RevocationID: Hashable, Comparable {
    let lineage: Lineage
    let key: KeyID
    let revoker: KeyID

    init(_ revocation: Revocation) {
        lineage = revocation.lineage
        key = revocation.key.id
        revoker = revocation.revoker.id
    }

    static func < (left: RevocationID, right: RevocationID) -> Bool {
        (left.lineage, left.key, left.revoker) < (right.lineage, right.key, right.revoker)
    }
}
