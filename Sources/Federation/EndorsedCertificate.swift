import Cryptography
import Quantities
import Wire

/// A platform's word that a certified identity lives on it; signed by the platform as `endorsement`.
public struct PlatformEndorsement: Hashable, SignedPayload {
    /// The platform.
    public let context: PlatformName
    /// Who lives there.
    public let lineage: Lineage
    /// In which role.
    public let task: TaskType
    /// With which key.
    public let key: PublicKey
    /// The creator's signature under the certificate.
    public let signature: Signature
    /// The platform's key, which signs this.
    public let platform: PublicKey

    /// What its signature is for.
    public static let signatureType = SignatureType.endorsement
    /// What its hash is for.
    public static let hashPurpose = HashPurpose.certificate

    /// The word of `platform` that the holder of `certificate` lives in `context`.
    public init(of certificate: Signed<Certificate>, in context: PlatformName, by platform: PublicKey) {
        self.context = context
        lineage = certificate.payload.lineage
        task = certificate.payload.task
        key = certificate.payload.key
        signature = certificate.envelope.signature
        self.platform = platform
    }

    /// Reads `{1: context, 2: lineage, 3: task, 4: key, 5: creator's signature, 6: platform's key}`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(1, of: &map)
        context = try PlatformName(from: &reader)
        try reader.field(2, of: &map)
        lineage = try Lineage(from: &reader)
        try reader.field(3, of: &map)
        task = try reader.choice(TaskType.self)
        try reader.field(4, of: &map)
        key = PublicKey(bytes: try reader.bytes32())
        try reader.field(5, of: &map)
        let start = reader.offset
        let bytes = try reader.byteString(limit: 64)
        guard let signature = Signature(bytes) else { throw .invalidValue(at: start) }
        self.signature = signature
        try reader.field(6, of: &map)
        platform = PublicKey(bytes: try reader.bytes32())
        try reader.endMap(&map)
    }

    /// Appends the endorsement's encoding.
    public func write(to writer: inout CBORWriter) {
        var fields = FieldWriter()
        fields.text(1, context.text)
        fields.text(2, lineage.text)
        fields.unsigned(3, UInt64(task.rawValue))
        fields.bytes(4, key.bytes)
        fields.bytes(5, signature.array)
        fields.bytes(6, platform.bytes)
        fields.finish(into: &writer)
    }

    /// The first part in which it is not about `certificate`; nil where it is.
    func difference(from certificate: Signed<Certificate>) -> EndorsedPart? {
        if lineage != certificate.payload.lineage { return .lineage }
        if task != certificate.payload.task { return .task }
        if key != certificate.payload.key { return .key }
        return signature == certificate.envelope.signature ? nil : .signature
    }
}

/// A certificate with the endorsement of the platform on which its holder lives.
///
/// A value of this type is well formed, grants no more than its role has, and both signatures are those of the keys
/// that it names. Whether these keys are trusted, and whether it holds at a time, a registry says.
public struct EndorsedCertificate: Sendable {
    /// The creator's part.
    public let certificate: Signed<Certificate>
    /// The platform's part.
    public let endorsement: Signed<PlatformEndorsement>
    /// Whom it is about.
    public let lct: LCT

    /// What the creator says.
    public var payload: Certificate { certificate.payload }
    /// The platform's key that endorsed it.
    public var platformKey: PublicKey { endorsement.payload.platform }

    /// Issues `certificate`, signed by `creator`, whose key it names, and endorsed by the holder of `platform` for
    /// `context`.
    public init(
        issuing certificate: Certificate, signedBy creator: SigningKey, in context: PlatformName,
        endorsedBy platform: SigningKey, domain: SignatureDomain, by scheme: any SignatureScheme
    ) throws(CertificateFault) {
        let signed = Signed(signing: certificate, with: creator, in: domain, by: scheme)
        let word = PlatformEndorsement(of: signed, in: context, by: platform.publicKey)
        try self.init(
            signed.envelope, Signed(signing: word, with: platform, in: domain, by: scheme).envelope, in: domain,
            using: scheme)
    }

    /// Accepts the two envelopes of a certificate whose signatures are those of the keys that it names.
    public init(
        _ certificate: SignedEnvelope, _ endorsement: SignedEnvelope, in domain: SignatureDomain,
        using scheme: any SignatureScheme
    ) throws(CertificateFault) {
        try self.init(stored: certificate, endorsement)
        do throws(EnvelopeError) {
            try certificate.verify(as: .certificate, by: payload.creator, in: domain, using: scheme)
        } catch { throw .creatorSignature(error) }
        do throws(EnvelopeError) {
            try endorsement.verify(as: .endorsement, by: platformKey, in: domain, using: scheme)
        } catch { throw .endorsementSignature(error) }
    }

    /// Takes a certificate back from the own store; its signatures were checked before it was stored.
    init(stored certificate: SignedEnvelope, _ endorsement: SignedEnvelope) throws(CertificateFault) {
        do throws(EnvelopeError) { self.certificate = try Signed(stored: certificate) } catch {
            throw .malformed(error)
        }
        do throws(EnvelopeError) {
            self.endorsement = try Signed(stored: endorsement)
        } catch { throw .endorsementMalformed(error) }
        if let part = self.endorsement.payload.difference(from: self.certificate) { throw .endorsementDiffers(part) }
        if let fault = self.certificate.payload.fault { throw fault }
        let payload = self.certificate.payload
        guard let lct = LCT(payload.lineage, context: self.endorsement.payload.context, task: payload.task) else {
            throw .nameTooLong
        }
        self.lct = lct
    }

    /// Appends `[certificate, endorsement]`.
    func write(to writer: inout CBORWriter) {
        writer.array(2)
        certificate.envelope.write(to: &writer)
        endorsement.envelope.write(to: &writer)
    }
}
