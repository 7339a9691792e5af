import Cryptography
import Quantities
import Wire

/// Why a text is no certificate, revocation or succession that can be accepted.
public enum IdentityTextError: Error, Equatable, Sendable {
    /// None of the three blocks begins in it.
    case nothingKnown
    /// The block is not whole.
    case armour(ArmourError)
    /// What it holds has another layout.
    case layout(CBORError)
    /// The certificates do not follow one another from a creator to its child: this one is out of place.
    case outOfOrder(Lineage)
    /// A certificate in it breaks a rule; the first one is number 0.
    case certificate(Int, CertificateFault)
    /// The revocation is not signed by the key it names.
    case revocation(EnvelopeError)
    /// The succession is not signed by both keys.
    case succession(SuccessionError)

    /// What is wrong, for a person.
    public var explanation: String {
        switch self {
        case .nothingKnown:
            "there is no line " + IdentityText.certificateArmour.begin + ", nor one for a REVOCATION or a SUCCESSION"
        case .armour(let error): error.explanation
        case .layout(let error): error.explanation
        case .outOfOrder(let lineage): "the certificate of \(lineage.text) does not stand below the one before it"
        case .certificate(let index, let fault): (index == 0 ? "" : "creator \(index): ") + fault.explanation
        case .revocation(let error): error.explanation
        case .succession(let error): error.explanation
        }
    }
}

/// What people exchange about identities, as text.
public enum IdentityText: Sendable {
    /// A certificate, followed by those of the creators above it, nearest first.
    case certificates([EndorsedCertificate])
    /// A revocation.
    case revocation(Signed<Revocation>)
    /// A succession of keys.
    case succession(CountersignedSuccession)

    static let certificateArmour = ArmouredText(label: "CERTIFICATE")
    static let revocationArmour = ArmouredText(label: "REVOCATION")
    static let successionArmour = ArmouredText(label: "SUCCESSION")

    /// Whether `text` is meant as a succession of keys.
    public static func isSuccession(_ text: String) -> Bool { successionArmour.begins(in: text) }

    /// The text.
    public var text: String {
        var writer = CBORWriter(capacity: 1_024)
        switch self {
        case .certificates(let chain):
            writer.array(chain.count)
            for certificate in chain { certificate.write(to: &writer) }
            return IdentityText.certificateArmour.text(writer.bytes)
        case .revocation(let revocation): return IdentityText.revocationArmour.text(revocation.envelope.encoded)
        case .succession(let succession):
            succession.write(to: &writer)
            return IdentityText.successionArmour.text(writer.bytes)
        }
    }

    /// Reads `text`, whose signatures by the keys it names are checked in `domain`.
    ///
    /// Whether these keys are trusted, and whether anything holds now, a registry says.
    public init(
        _ text: String, in domain: SignatureDomain, using scheme: any SignatureScheme
    ) throws(IdentityTextError) {
        if IdentityText.certificateArmour.begins(in: text) {
            let bytes = try IdentityText.content(text, IdentityText.certificateArmour)
            self = .certificates(try IdentityText.chain(bytes, domain, scheme))
        } else if IdentityText.revocationArmour.begins(in: text) {
            let bytes = try IdentityText.content(text, IdentityText.revocationArmour)
            do throws(EnvelopeError) {
                let envelope = try SignedEnvelope(decoding: bytes.span)
                self = .revocation(try Signed(signedByRevoker: envelope, in: domain, using: scheme))
            } catch { throw .revocation(error) }
        } else if IdentityText.successionArmour.begins(in: text) {
            let bytes = try IdentityText.content(text, IdentityText.successionArmour)
            let pair = try IdentityText.pair(bytes)
            do throws(SuccessionError) {
                self = .succession(try CountersignedSuccession(pair.0, pair.1, in: domain, using: scheme))
            } catch { throw .succession(error) }
        } else {
            throw .nothingKnown
        }
    }

    /// The succession in a text that this node keeps beside its own keys; its signatures were checked when it was made.
    public static func ownSuccession(_ text: String) throws(IdentityTextError) -> CountersignedSuccession {
        let pair = try pair(try content(text, successionArmour))
        do throws(SuccessionError) { return try CountersignedSuccession(stored: pair.0, pair.1) } catch {
            throw .succession(error)
        }
    }

    private static func content(_ text: String, _ armour: ArmouredText) throws(IdentityTextError) -> [UInt8] {
        do throws(ArmourError) { return try armour.bytes(text, limit: IdentityLimits.textBytes) } catch {
            throw .armour(error)
        }
    }

    private static func chain(
        _ bytes: [UInt8], _ domain: SignatureDomain, _ scheme: any SignatureScheme
    ) throws(IdentityTextError) -> [EndorsedCertificate] {
        var envelopes: [(SignedEnvelope, SignedEnvelope)] = []
        do throws(CBORError) {
            var reader = try CBORReader(bytes.span, limit: IdentityLimits.textBytes)
            for _ in 0..<(try reader.beginArray(limit: IdentityLimits.lineageDepth)) {
                envelopes.append(try envelopePair(&reader))
            }
            reader.endArray()
            try reader.finish()
        } catch { throw .layout(error) }
        guard !envelopes.isEmpty else { throw .layout(.wrongCount(at: 0, expected: 1, found: 0)) }
        var chain: [EndorsedCertificate] = []
        for (certificate, endorsement) in envelopes {
            let next: EndorsedCertificate
            do throws(CertificateFault) {
                next = try EndorsedCertificate(certificate, endorsement, in: domain, using: scheme)
            } catch { throw .certificate(chain.count, error) }
            if let below = chain.last, below.payload.lineage.parent != next.payload.lineage {
                throw .outOfOrder(below.payload.lineage)
            }
            chain.append(next)
        }
        return chain
    }

    private static func pair(_ bytes: [UInt8]) throws(IdentityTextError) -> (SignedEnvelope, SignedEnvelope) {
        do throws(CBORError) {
            var reader = try CBORReader(bytes.span, limit: IdentityLimits.textBytes)
            let pair = try envelopePair(&reader)
            try reader.finish()
            return pair
        } catch { throw .layout(error) }
    }

    /// The next item, an array of two envelopes.
    static func envelopePair(_ reader: inout CBORReader) throws(CBORError) -> (SignedEnvelope, SignedEnvelope) {
        try reader.beginArray(of: 2)
        let first = try SignedEnvelope(from: &reader)
        let second = try SignedEnvelope(from: &reader)
        reader.endArray()
        return (first, second)
    }
}
