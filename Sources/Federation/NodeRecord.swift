import Cryptography
import Quantities
import Wire

/// Who a node is and where it is reached: what people exchange to make two agents peers.
///
/// Signed with the node's own key as `nodeRecord`. Of two valid records of one key the one with
/// the higher sequence number holds.
public struct NodeRecord: Hashable, SignedPayload {
    /// The Ed25519 key that is the node's identity.
    public let signingKey: PublicKey
    /// The X25519 key of its link.
    public let agreementKey: Bytes32
    /// The platform's name.
    public let platform: PlatformName
    /// Where it listens, at most `FederationLimits.maximumAddresses`, preferred first.
    public let addresses: [NetworkAddress]
    /// Counts the node's records.
    public let sequence: UInt64

    /// What its signature is for.
    public static let signatureType = SignatureType.nodeRecord
    /// What its hash is for.
    public static let hashPurpose = HashPurpose.nodeRecord

    private enum Field {
        static let signingKey: UInt64 = 1
        static let agreementKey: UInt64 = 2
        static let platform: UInt64 = 3
        static let addresses: UInt64 = 4
        static let sequence: UInt64 = 5
    }

    /// A record; nil where there are more addresses than `FederationLimits.maximumAddresses`.
    public init?(
        signingKey: PublicKey, agreementKey: Bytes32, platform: PlatformName, addresses: [NetworkAddress],
        sequence: UInt64
    ) {
        guard addresses.count <= FederationLimits.maximumAddresses else { return nil }
        self.signingKey = signingKey
        self.agreementKey = agreementKey
        self.platform = platform
        self.addresses = addresses
        self.sequence = sequence
    }

    /// Reads a record: `{1: signing key, 2: agreement key, 3: platform, 4: [[address, port]], 5: sequence}`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(Field.signingKey, of: &map)
        signingKey = PublicKey(bytes: try reader.bytes32())
        try reader.field(Field.agreementKey, of: &map)
        agreementKey = try reader.bytes32()
        try reader.field(Field.platform, of: &map)
        platform = try PlatformName(from: &reader)
        try reader.field(Field.addresses, of: &map)
        var addresses: [NetworkAddress] = []
        for _ in 0..<(try reader.beginArray(limit: FederationLimits.maximumAddresses)) {
            try reader.beginArray(of: 2)
            let bits = try reader.bytes16().bits
            let start = reader.offset
            let port = UInt16(try reader.unsigned(atMost: 65_535))
            guard port > 0 else { throw .invalidValue(at: start) }
            addresses.append(NetworkAddress(bits: bits, port: port))
            reader.endArray()
        }
        reader.endArray()
        self.addresses = addresses
        try reader.field(Field.sequence, of: &map)
        sequence = try reader.unsigned()
        try reader.endMap(&map)
    }

    /// Appends the record's encoding.
    public func write(to writer: inout CBORWriter) {
        var fields = FieldWriter()
        fields.bytes(Field.signingKey, signingKey.bytes)
        fields.bytes(Field.agreementKey, agreementKey)
        fields.text(Field.platform, platform.text)
        fields.array(Field.addresses, count: addresses.count) { writer in
            for address in addresses {
                writer.array(2)
                writer.byteString(Bytes16(bits: address.bits))
                writer.unsigned(UInt64(address.port))
            }
        }
        fields.unsigned(Field.sequence, sequence)
        fields.finish(into: &writer)
    }
}

extension Signed where Payload == NodeRecord {
    /// Accepts `envelope` as a record signed by the very key it names.
    public init(
        selfSigned envelope: SignedEnvelope, in domain: SignatureDomain, using scheme: any SignatureScheme
    ) throws(EnvelopeError) {
        let claimed = try Signed(stored: envelope)
        try self.init(verifying: envelope, by: claimed.payload.signingKey, in: domain, using: scheme)
    }
}
