import Cryptography
import Quantities
import Wire

/// Why a registry does not take something in.
public enum IdentityRegistryError: Error, Equatable, Sendable {
    /// As many of these are kept as may be.
    case full(String, limit: Int)
    /// A certificate is not trusted, or grants more than it can.
    case refused(CertificateRefusal)
    /// A certificate of the same identity that begins as late or later is known.
    case notNewer(LCT)
    /// The key that revokes has been succeeded, and its overlap is over.
    case revokerSucceeded(KeyID)
    /// The name is known with another key.
    case otherKey(TrustedName, known: KeyID)
    /// A succession of keys is not accepted.
    case succession(SuccessionError)

    /// What is wrong, for a person.
    public var explanation: String {
        switch self {
        case .full(let what, let limit): "\(limit) \(what) are kept; that is the most"
        case .refused(let refusal): refusal.explanation
        case .notNewer(let lct): "a certificate of \(lct.text) that begins as late or later is known"
        case .revokerSucceeded(let key): "the key \(key.fingerprint) has been succeeded by another one"
        case .otherKey(let name, let known): "\(name.text) is known with another key: \(known.fingerprint)"
        case .succession(let error): error.explanation
        }
    }
}

/// What is known about identities: certificates, revocations, trusted keys, and which key succeeds which.
///
/// A pure value. Whether an identity is in good standing follows from what was taken in, not from the order in which
/// it was; nothing that was revoked comes back.
public struct IdentityRegistry: Sendable {
    /// The certificates that hold, one of each identity.
    public internal(set) var certificates: [LCT: EndorsedCertificate] = [:]
    var revocations: [RevocationID: Signed<Revocation>] = [:]
    /// The keys that the operator trusts by name.
    public internal(set) var trusted: [TrustedName: PublicKey] = [:]
    /// Which key stands for which.
    public internal(set) var successions = KeySuccessions()

    /// An empty registry.
    public init() {}

    /// The identities with a certificate, in order.
    public var identities: [LCT] { certificates.keys.sorted() }

    /// The key that is trusted as that of the platform called `name`, in its present form; nil where none is.
    public func key(of name: PlatformName, _ platforms: PlatformKeys) -> PublicKey? {
        (platforms.key(of: name) ?? trusted[.platform(name)]).map { successions.newest($0) }
    }

    /// The keys by which `lct` may sign: that of its certificate, and that of the platform which speaks for it.
    public func signers(of lct: LCT, _ judge: IdentityJudge) -> [PublicKey] {
        var known: [PublicKey] = []
        if let certificate = certificates[lct] { known.append(certificate.payload.key) }
        if let platform = key(of: lct.context, judge.platforms) { known.append(platform) }
        return known.flatMap { successions.keys(for: $0, at: judge.time) }
    }

    /// The certificate of `lct` and those of the creators above it, nearest first; empty where there is none.
    public func chain(of lct: LCT, _ judge: IdentityJudge) -> [EndorsedCertificate] {
        var chain: [EndorsedCertificate] = []
        var next = certificates[lct]
        while let certificate = next, chain.count < IdentityLimits.lineageDepth {
            chain.append(certificate)
            let parents = parents(of: certificate, at: judge.time)
            next = parents.first { certificate.payload.fault(below: $0.payload) == nil } ?? parents.first
        }
        return chain
    }

    // MARK: Taking in

    /// Takes in a certificate and those above it, nearest first; returns what is to be stored.
    ///
    /// One that has expired or was revoked is taken in, so that it is known as that. Nothing changes where one of them
    /// is refused.
    public mutating func add(
        _ chain: [EndorsedCertificate], _ judge: IdentityJudge
    ) throws(IdentityRegistryError) -> [IdentityRecord] {
        var new = self
        var records: [IdentityRecord] = []
        for certificate in chain.reversed() {
            if let record = try new.add(certificate, judge, isAboveAnother: certificate.lct != chain.first?.lct) {
                records.append(record)
            }
        }
        self = new
        return records
    }

    private mutating func add(
        _ certificate: EndorsedCertificate, _ judge: IdentityJudge, isAboveAnother: Bool
    ) throws(IdentityRegistryError) -> IdentityRecord? {
        if let known = certificates[certificate.lct] {
            if known.certificate.hash == certificate.certificate.hash, known.platformKey == certificate.platformKey {
                return nil
            }
            guard known.payload.validity.from < certificate.payload.validity.from else {
                // A newer one above is as good.
                if isAboveAnother { return nil }
                throw .notNewer(certificate.lct)
            }
        } else if certificates.count >= IdentityLimits.certificates {
            throw .full("certificates", limit: IdentityLimits.certificates)
        }
        if let refusal = distrust(of: certificate, judge) { throw .refused(refusal) }
        certificates[certificate.lct] = certificate
        return .certificate(certificate)
    }

    /// Takes in a revocation, also one of a key of which nothing is known yet; returns what is to be stored.
    public mutating func add(
        _ revocation: Signed<Revocation>, _ judge: IdentityJudge
    ) throws(IdentityRegistryError) -> [IdentityRecord] {
        let id = RevocationID(revocation.payload)
        guard revocations[id] == nil else { return [] }
        guard successions.counts(revocation.payload.revoker, at: judge.time) else {
            throw .revokerSucceeded(id.revoker)
        }
        guard revocations.count < IdentityLimits.revocations else {
            throw .full("revocations", limit: IdentityLimits.revocations)
        }
        revocations[id] = revocation
        return [.revocation(revocation)]
    }

    /// Takes in a succession of keys; returns what is to be stored.
    public mutating func add(
        _ succession: CountersignedSuccession
    ) throws(IdentityRegistryError) -> [IdentityRecord] {
        do throws(SuccessionError) {
            return try successions.add(succession) ? [.succession(succession)] : []
        } catch { throw .succession(error) }
    }

    /// Trusts `key` as that of `name`; returns what is to be stored.
    public mutating func trust(
        _ key: PublicKey, as name: TrustedName
    ) throws(IdentityRegistryError) -> [IdentityRecord] {
        if let known = trusted[name] {
            guard known == key else { throw .otherKey(name, known: known.id) }
            return []
        }
        guard trusted.count < IdentityLimits.trustedKeys else {
            throw .full("trusted keys", limit: IdentityLimits.trustedKeys)
        }
        trusted[name] = key
        return [.trusted(name, key)]
    }

    /// Trusts no key as that of `name` any more; returns what is to be stored, nothing where none was.
    public mutating func distrust(_ name: TrustedName) -> [IdentityRecord] {
        trusted.removeValue(forKey: name) == nil ? [] : [.distrusted(name)]
    }
}
