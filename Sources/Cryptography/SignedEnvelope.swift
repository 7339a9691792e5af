import Quantities
import Wire

/// What a signature is for; a signature for one type can never pass for another.
public enum SignatureType: UInt8, Sendable, CaseIterable {
    /// A page of measured energy.
    case energyProof = 1
    /// A task handed to another platform.
    case task = 2
    /// A worker's account of a task it ran.
    case executionProof = 3
    /// A lock of credits.
    case ledgerLock = 4
    /// A payer's receipt: posted or voided.
    case ledgerSettle = 5
    /// A witness's judgement of a result.
    case witness = 6
    /// A node's keys, name and addresses.
    case nodeRecord = 7
    /// A certificate that binds an LCT to a key.
    case certificate = 8
    /// The return of discharged or expired tokens to their issuer.
    case ledgerReturn = 9
    /// A statement of one side's view of a lane, for reconciliation.
    case ledgerStatement = 10
    /// A platform's refusal of a task.
    case refusal = 11
    /// What a platform's own journal up to a point comes to.
    case ledgerCheckpoint = 12
    /// A platform's word that a certified identity lives on it.
    case endorsement = 13
    /// The end of what a key was certified for.
    case revocation = 14
    /// The handing over of a key's place to another key.
    case keySuccession = 15
    /// A delegator's leave to hand its task on.
    case taskPass = 16
}

/// What a signature is bound to besides its type: the federation and its configuration epoch.
public struct SignatureDomain: Hashable, Sendable {
    /// The federation's id.
    public let federation: Bytes32
    /// The federation's configuration epoch.
    public let configurationEpoch: UInt64

    /// The domain of `federation` in `configurationEpoch`.
    public init(federation: Bytes32, configurationEpoch: UInt64) {
        self.federation = federation
        self.configurationEpoch = configurationEpoch
    }

    var encoded: [UInt8] {
        var bytes = federation.array
        for shift in stride(from: 56, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: configurationEpoch >> UInt64(shift)))
        }
        return bytes
    }
}

/// Why a signed envelope is not accepted.
public enum EnvelopeError: Error, Equatable, Sendable {
    /// The bytes are not an envelope.
    case malformed(CBORError)
    /// The envelope carries another type than was due.
    case wrongType(expected: SignatureType, found: SignatureType)
    /// The payload's version is not one this program reads.
    case unknownVersion(UInt8)
    /// The envelope names another key than the one it was checked against.
    case wrongKey(expected: KeyID, found: KeyID)
    /// The signature is not that of this payload by this key in this federation.
    case badSignature

    /// What is wrong, for a person.
    public var explanation: String {
        switch self {
        case .malformed(let error): "malformed: " + error.explanation
        case .wrongType(let expected, let found):
            "signed as type \(found.rawValue), not as type \(expected.rawValue)"
        case .unknownVersion(let version): "version \(version) is not known"
        case .wrongKey(let expected, let found): "signed by key \(found.text), not by key \(expected.text)"
        case .badSignature: "the signature is not valid for this content, key and federation"
        }
    }
}

/// A payload with its signature, in the shape of COSE_Sign1 (RFC 9052 §4.2).
///
/// The encoding is the array `[type, version, key id, payload, signature]`. What is signed is
/// `["Signature1", {1: algorithm, 4: key id, 16: type, 17: version}, federation ‖ epoch, payload]`.
/// Received bytes are kept and forwarded as received.
public struct SignedEnvelope: Hashable, Sendable {
    /// What the signature is for.
    public let type: SignatureType
    /// Version of the payload's layout.
    public let version: UInt8
    /// The signer's key id.
    public let signer: KeyID
    /// The payload's encoding.
    public let payload: [UInt8]
    /// The signature.
    public let signature: Signature

    /// Longest accepted envelope in bytes.
    public static let maximumLength = 65_536
    /// COSE's number for EdDSA.
    static let algorithm: Int64 = -8

    /// The envelope that `key` signs over `payload`.
    public init(
        signing payload: [UInt8], as type: SignatureType, version: UInt8 = 1, with key: SigningKey,
        in domain: SignatureDomain, by scheme: any SignatureScheme
    ) {
        self.type = type
        self.version = version
        self.signer = key.publicKey.id
        self.payload = payload
        let message = SignedEnvelope.message(type, version, signer, payload, domain)
        self.signature = scheme.sign(message.span, with: key)
    }

    /// The envelope that `bytes` encode; the signature is not checked yet.
    public init(decoding bytes: Span<UInt8>) throws(EnvelopeError) {
        do throws(CBORError) {
            var reader = try CBORReader(bytes, limit: SignedEnvelope.maximumLength)
            try self.init(from: &reader)
            try reader.finish()
        } catch { throw .malformed(error) }
    }

    /// The envelope that comes next in `reader`; the signature is not checked yet.
    public init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 5)
        let typeOffset = reader.offset
        guard let type = SignatureType(rawValue: UInt8(try reader.unsigned(atMost: 255))) else {
            throw .invalidValue(at: typeOffset)
        }
        self.type = type
        self.version = UInt8(try reader.unsigned(atMost: 255))
        self.signer = KeyID(bytes: try reader.bytes32())
        self.payload = try reader.byteString(limit: SignedEnvelope.maximumLength)
        let signatureOffset = reader.offset
        let signatureBytes = try reader.byteString(limit: 64)
        guard let signature = Signature(signatureBytes) else { throw .invalidValue(at: signatureOffset) }
        self.signature = signature
        reader.endArray()
    }

    /// Appends the envelope to `writer`.
    public func write(to writer: inout CBORWriter) {
        writer.array(5)
        writer.unsigned(UInt64(type.rawValue))
        writer.unsigned(UInt64(version))
        writer.byteString(signer.bytes)
        writer.byteString(payload)
        writer.byteString(signature.array)
    }

    /// The envelope's encoding.
    public var encoded: [UInt8] {
        var writer = CBORWriter(capacity: payload.count + 128)
        write(to: &writer)
        return writer.bytes
    }

    /// Accepts the envelope as one of `type` and `version` signed by the holder of `key` in `domain`.
    public func verify(
        as type: SignatureType, version: UInt8 = 1, by key: PublicKey, in domain: SignatureDomain,
        using scheme: any SignatureScheme
    ) throws(EnvelopeError) {
        guard self.type == type else { throw .wrongType(expected: type, found: self.type) }
        guard self.version == version else { throw .unknownVersion(self.version) }
        guard signer == key.id else { throw .wrongKey(expected: key.id, found: signer) }
        let message = SignedEnvelope.message(type, version, signer, payload, domain)
        guard scheme.isValid(signature, of: message.span, by: key) else { throw .badSignature }
    }

    private static func message(
        _ type: SignatureType, _ version: UInt8, _ signer: KeyID, _ payload: [UInt8], _ domain: SignatureDomain
    ) -> [UInt8] {
        var writer = CBORWriter(capacity: payload.count + 128)
        writer.array(4)
        writer.text("Signature1")
        writer.map(4)
        writer.unsigned(1)
        writer.integer(algorithm)
        writer.unsigned(4)
        writer.byteString(signer.bytes)
        writer.unsigned(16)
        writer.unsigned(UInt64(type.rawValue))
        writer.unsigned(17)
        writer.unsigned(UInt64(version))
        writer.byteString(domain.encoded)
        writer.byteString(payload)
        return writer.bytes
    }
}
