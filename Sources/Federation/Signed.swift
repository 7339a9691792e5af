import Cryptography
import Quantities
import Wire

/// Something that is signed and passed on: its layout, what its signature is for, what its hash is for.
public protocol SignedPayload: Sendable {
    /// What a signature over it is for.
    static var signatureType: SignatureType { get }
    /// What its hash is for.
    static var hashPurpose: HashPurpose { get }
    /// Reads the layout of version 1.
    init(from reader: inout CBORReader) throws(CBORError)
    /// Appends the layout of version 1.
    func write(to writer: inout CBORWriter)
}

extension SignedPayload {
    /// The payload's encoding.
    public var encoded: [UInt8] {
        var writer = CBORWriter(capacity: 512)
        write(to: &writer)
        return writer.bytes
    }
}

/// A payload together with the envelope it came in; the bytes are kept as received.
///
/// A value of this type is well formed, and its signature was checked when it was made.
public struct Signed<Payload: SignedPayload>: Sendable {
    /// The envelope as received or as signed here.
    public let envelope: SignedEnvelope
    /// What it says.
    public let payload: Payload
    /// BLAKE2b-256 of the payload's bytes.
    public let hash: Bytes32

    /// The signer's key id.
    public var signer: KeyID { envelope.signer }

    /// Signs `payload` with `key` in `domain`.
    public init(
        signing payload: Payload, with key: SigningKey, in domain: SignatureDomain, by scheme: any SignatureScheme
    ) {
        let bytes = payload.encoded
        self.envelope = SignedEnvelope(
            signing: bytes, as: Payload.signatureType, with: key, in: domain, by: scheme)
        self.payload = payload
        self.hash = Hashing.hash(bytes, for: Payload.hashPurpose)
    }

    /// Accepts `envelope` as one signed by the holder of `key` in `domain`.
    ///
    /// - Throws: `malformed` where the content has another layout; otherwise what `SignedEnvelope.verify` throws.
    public init(
        verifying envelope: SignedEnvelope, by key: PublicKey, in domain: SignatureDomain,
        using scheme: any SignatureScheme
    ) throws(EnvelopeError) {
        try envelope.verify(as: Payload.signatureType, by: key, in: domain, using: scheme)
        try self.init(stored: envelope)
    }

    /// Takes an envelope back from the own store; its signature was checked before it was stored.
    public init(stored envelope: SignedEnvelope) throws(EnvelopeError) {
        guard envelope.type == Payload.signatureType else {
            throw .wrongType(expected: Payload.signatureType, found: envelope.type)
        }
        let bytes = envelope.payload
        do throws(CBORError) {
            var reader = try CBORReader(bytes.span, limit: FederationLimits.maximumPayloadLength)
            let payload = try Payload(from: &reader)
            try reader.finish()
            self.payload = payload
        } catch { throw .malformed(error) }
        self.envelope = envelope
        self.hash = Hashing.hash(bytes, for: Payload.hashPurpose)
    }
}
