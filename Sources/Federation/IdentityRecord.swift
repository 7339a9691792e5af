import Cryptography
import Quantities
import Wire

/// One thing that a registry keeps, as it is stored: a new value under a key, or the end of one.
public struct IdentityRecord: Hashable, Sendable {
    /// The key: a byte for what it is, then what names it.
    public let key: [UInt8]
    /// The value; nil where there is none any more.
    public let value: [UInt8]?

    private enum Part {
        static let certificate: UInt8 = 1
        static let revocation: UInt8 = 2
        static let trusted: UInt8 = 3
        static let succession: UInt8 = 4
    }

    static func certificate(_ certificate: EndorsedCertificate) -> IdentityRecord {
        var writer = CBORWriter()
        certificate.write(to: &writer)
        return named(Part.certificate, Array(certificate.lct.text.utf8), writer.bytes)
    }

    static func revocation(_ revocation: Signed<Revocation>) -> IdentityRecord {
        named(
            Part.revocation, Hashing.hash(revocation.payload.encoded, for: .certificate).array,
            revocation.envelope.encoded)
    }

    static func trusted(_ name: TrustedName, _ key: PublicKey) -> IdentityRecord {
        var writer = CBORWriter()
        writer.array(2)
        writer.text(name.text)
        writer.byteString(key.bytes)
        return named(Part.trusted, Array(name.text.utf8), writer.bytes)
    }

    static func distrusted(_ name: TrustedName) -> IdentityRecord { named(Part.trusted, Array(name.text.utf8), nil) }

    static func succession(_ succession: CountersignedSuccession) -> IdentityRecord {
        var writer = CBORWriter()
        succession.write(to: &writer)
        return named(Part.succession, succession.payload.old.bytes.array, writer.bytes)
    }

    /// The longest names are too long for the key of a record, and stand there as their hash.
    private static func named(_ part: UInt8, _ name: [UInt8], _ value: [UInt8]?) -> IdentityRecord {
        let short = name.count < 256 ? name : Hashing.hash(name, for: .identifier).array
        return IdentityRecord(key: [part] + short, value: value)
    }
}

extension IdentityRegistry {
    /// Takes in a stored record; its signatures were checked before it was stored.
    public mutating func restore(key: [UInt8], value: [UInt8]) throws(CBORError) {
        var reader = try CBORReader(value.span, limit: IdentityLimits.textBytes)
        switch key.first {
        case 1, 4:
            let (first, second) = try IdentityText.envelopePair(&reader)
            try reader.finish()
            try restore(pair: first, second, isCertificate: key.first == 1)
        case 2:
            let envelope = try SignedEnvelope(from: &reader)
            try reader.finish()
            try restore(revocation: envelope)
        case 3:
            try reader.beginArray(of: 2)
            let name = TrustedName(try reader.text(limit: FederationLimits.maximumLCTLength))
            let key = PublicKey(bytes: try reader.bytes32())
            reader.endArray()
            try reader.finish()
            guard let name, trusted.count < IdentityLimits.trustedKeys else { throw .invalidValue(at: 0) }
            trusted[name] = key
        default: throw .invalidValue(at: 0)
        }
    }

    private mutating func restore(
        pair first: SignedEnvelope, _ second: SignedEnvelope, isCertificate: Bool
    ) throws(CBORError) {
        if isCertificate {
            guard certificates.count < IdentityLimits.certificates,
                let certificate = try? EndorsedCertificate(stored: first, second)
            else { throw .invalidValue(at: 0) }
            certificates[certificate.lct] = certificate
        } else {
            guard let succession = try? CountersignedSuccession(stored: first, second),
                (try? successions.add(succession)) == true
            else { throw .invalidValue(at: 0) }
        }
    }

    private mutating func restore(revocation envelope: SignedEnvelope) throws(CBORError) {
        guard revocations.count < IdentityLimits.revocations, let revocation = try? Signed<Revocation>(stored: envelope)
        else { throw .invalidValue(at: 0) }
        revocations[RevocationID(revocation.payload)] = revocation
    }
}
