import Cryptography
import Quantities
import Wire

/// Hands the place of a key to another key; signed by both as `keySuccession`.
///
/// From then on the new key stands for whatever the old one stood for. Until `overlapEnd` both do.
public struct KeySuccession: Hashable, SignedPayload {
    /// The key that goes.
    public let old: PublicKey
    /// The key that comes.
    public let new: PublicKey
    /// When it was signed, as the signer's clock had it.
    public let signedAt: WallTime
    /// Until when the old key counts, too.
    public let overlapEnd: WallTime

    /// What its signatures are for.
    public static let signatureType = SignatureType.keySuccession
    /// What its hash is for.
    public static let hashPurpose = HashPurpose.certificate

    /// A succession; nil where the keys are the same, or the overlap ends before it begins, is longer than
    /// `IdentityLimits.longestOverlap`, or lies beyond 1970 … 9999.
    public init?(from old: PublicKey, to new: PublicKey, at signedAt: WallTime, overlapEnd: WallTime) {
        guard old != new, signedAt.milliseconds >= 0, signedAt <= overlapEnd, overlapEnd <= IdentityLimits.lastMoment,
            overlapEnd.since(signedAt) <= IdentityLimits.longestOverlap
        else { return nil }
        self.old = old
        self.new = new
        self.signedAt = signedAt
        self.overlapEnd = overlapEnd
    }

    /// Reads `{1: old key, 2: new key, 3: time, 4: end of the overlap}`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        let start = reader.offset
        var map = try reader.beginMap()
        try reader.field(1, of: &map)
        let old = PublicKey(bytes: try reader.bytes32())
        try reader.field(2, of: &map)
        let new = PublicKey(bytes: try reader.bytes32())
        try reader.field(3, of: &map)
        let signedAt = try reader.unsigned(atMost: UInt64(Int64.max))
        try reader.field(4, of: &map)
        let end = try reader.unsigned(atMost: UInt64(Int64.max))
        try reader.endMap(&map)
        guard
            let succession = KeySuccession(
                from: old, to: new, at: WallTime(milliseconds: Int64(signedAt)),
                overlapEnd: WallTime(milliseconds: Int64(end)))
        else { throw .invalidValue(at: start) }
        self = succession
    }

    /// Appends the succession's encoding.
    public func write(to writer: inout CBORWriter) {
        var fields = FieldWriter()
        fields.bytes(1, old.bytes)
        fields.bytes(2, new.bytes)
        fields.integer(3, signedAt.milliseconds)
        fields.integer(4, overlapEnd.milliseconds)
        fields.finish(into: &writer)
    }
}

/// A succession of keys that both keys signed.
public struct CountersignedSuccession: Sendable {
    /// The statement under the old key's signature.
    public let byOld: Signed<KeySuccession>
    /// The same statement under the new key's.
    public let byNew: Signed<KeySuccession>

    /// What both say.
    public var payload: KeySuccession { byOld.payload }

    /// The succession from `old` to `new`, signed by both; nil where there is none of these times.
    public init?(
        from old: SigningKey, to new: SigningKey, at signedAt: WallTime, overlapEnd: WallTime,
        in domain: SignatureDomain, by scheme: any SignatureScheme
    ) {
        guard
            let payload = KeySuccession(
                from: old.publicKey, to: new.publicKey, at: signedAt, overlapEnd: overlapEnd)
        else { return nil }
        byOld = Signed(signing: payload, with: old, in: domain, by: scheme)
        byNew = Signed(signing: payload, with: new, in: domain, by: scheme)
    }

    /// Accepts the two envelopes of a succession that both keys signed.
    public init(
        _ byOld: SignedEnvelope, _ byNew: SignedEnvelope, in domain: SignatureDomain,
        using scheme: any SignatureScheme
    ) throws(SuccessionError) {
        try self.init(stored: byOld, byNew)
        do throws(EnvelopeError) {
            try byOld.verify(as: .keySuccession, by: payload.old, in: domain, using: scheme)
        } catch { throw .oldSignature(error) }
        do throws(EnvelopeError) {
            try byNew.verify(as: .keySuccession, by: payload.new, in: domain, using: scheme)
        } catch { throw .newSignature(error) }
    }

    /// Takes a succession back from the own store; its signatures were checked before it was stored.
    init(stored byOld: SignedEnvelope, _ byNew: SignedEnvelope) throws(SuccessionError) {
        do throws(EnvelopeError) { self.byOld = try Signed(stored: byOld) } catch { throw .malformed(error) }
        do throws(EnvelopeError) { self.byNew = try Signed(stored: byNew) } catch { throw .malformed(error) }
        guard self.byOld.payload == self.byNew.payload else { throw .statementsDiffer }
    }

    /// Appends `[by the old key, by the new key]`.
    func write(to writer: inout CBORWriter) {
        writer.array(2)
        byOld.envelope.write(to: &writer)
        byNew.envelope.write(to: &writer)
    }
}

/// Why a succession of keys is not accepted.
public enum SuccessionError: Error, Equatable, Sendable {
    /// A part is no such statement.
    case malformed(EnvelopeError)
    /// The two keys signed different statements.
    case statementsDiffer
    /// The old key's signature is not valid.
    case oldSignature(EnvelopeError)
    /// The new key's signature is not valid.
    case newSignature(EnvelopeError)
    /// The old key was succeeded by another key before.
    case alreadySucceeded(by: KeyID)
    /// The new key succeeded another key before, or comes back to a key that has gone.
    case keyUsedBefore(KeyID)
    /// As many keys have followed one another as may.
    case tooManyInARow(limit: Int)
    /// As many successions are kept as may be.
    case full(limit: Int)

    /// What is wrong, for a person.
    public var explanation: String {
        switch self {
        case .malformed(let error): error.explanation
        case .statementsDiffer: "the two keys signed different statements"
        case .oldSignature(let error): "the old key's signature: " + error.explanation
        case .newSignature(let error): "the new key's signature: " + error.explanation
        case .alreadySucceeded(let key): "the old key was succeeded before, by the key \(key.fingerprint)"
        case .keyUsedBefore(let key): "the key \(key.fingerprint) has been part of a succession before"
        case .tooManyInARow(let limit): "\(limit) keys have followed one another; that is the most"
        case .full(let limit): "\(limit) successions of keys are known; that is the most"
        }
    }
}
