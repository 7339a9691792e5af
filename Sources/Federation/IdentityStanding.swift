import Cryptography
import Quantities

// Whether an identity is in good standing, and what it may do and use.
extension IdentityRegistry {
    /// Why `lct` is not in good standing; nil where it is, or where nothing is known of it.
    ///
    /// An identity without a certificate is its platform's to vouch for, unless every key that its lineage, or a
    /// creator above it, was certified with on that platform was revoked.
    public func refusal(of lct: LCT, _ judge: IdentityJudge) -> CertificateRefusal? {
        guard let certificate = certificates[lct] else { return revocation(above: lct, judge) }
        var known: [LCT: CertificateRefusal?] = [:]
        return refusal(of: certificate, judge, isForTrustAlone: false, &known)
    }

    /// What `lct` may do and use: the row of its role, or the part of it that its certificate grants.
    ///
    /// - Throws: why it is not in good standing.
    public func budget(of lct: LCT, _ judge: IdentityJudge) throws(CertificateRefusal) -> TaskBudget {
        if let refusal = refusal(of: lct, judge) { throw refusal }
        let row = lct.task.budget
        guard let payload = certificates[lct]?.payload else { return row }
        return row.narrowed(to: payload.permissions, payload.allowance)
    }

    /// The revocation that ends `certificate` by itself; nil where there is none that counts.
    public func revocation(of certificate: EndorsedCertificate) -> Signed<Revocation>? {
        let payload = certificate.payload
        let about = revocations.keys.sorted().compactMap { revocations[$0] }.filter {
            $0.payload.lineage == payload.lineage && successions.isSameHolder($0.payload.key, payload.key)
        }
        guard !about.isEmpty else { return nil }
        let authorities = authorities(over: certificate)
        return about.first { revocation in
            authorities.contains { successions.isSameHolder(revocation.payload.revoker, $0) }
        }
    }

    // MARK: Trust

    /// Why `certificate`, new here, is not trusted; that it has run out or was revoked is no reason.
    func distrust(of certificate: EndorsedCertificate, _ judge: IdentityJudge) -> CertificateRefusal? {
        let payload = certificate.payload
        if payload.lineage.isRoot, trusted[.root(payload.lineage)] == nil {
            // The first key that is known of a creator is the creator's.
            let other = identities.compactMap { certificates[$0]?.payload }.first {
                $0.lineage == payload.lineage && !successions.isSameHolder($0.creator, payload.creator)
            }
            if let other { return CertificateRefusal(payload.lineage, .rootKeyDiffers(known: other.creator.id)) }
        }
        var known: [LCT: CertificateRefusal?] = [:]
        return refusal(of: certificate, judge, isForTrustAlone: true, &known)
    }

    /// The certificates of the parent that `certificate` may stand below, in order.
    func parents(of certificate: EndorsedCertificate, at time: IdentityTime) -> [EndorsedCertificate] {
        guard let parent = certificate.payload.lineage.parent else { return [] }
        return identities.compactMap { certificates[$0] }.filter {
            $0.payload.lineage == parent
                && successions.accepts(certificate.payload.creator, for: $0.payload.key, at: time)
        }
    }

    /// `known` keeps what was found out on the way, so that every certificate is judged once.
    private func refusal(
        of certificate: EndorsedCertificate, _ judge: IdentityJudge, isForTrustAlone: Bool,
        _ known: inout [LCT: CertificateRefusal?]
    ) -> CertificateRefusal? {
        if let found = known[certificate.lct] { return found }
        let found =
            ownFault(of: certificate, judge, isForTrustAlone).map {
                CertificateRefusal(certificate.payload.lineage, $0)
            }
            ?? refusalAbove(certificate, judge, isForTrustAlone, &known)
        known[certificate.lct] = .some(found)
        return found
    }

    private func ownFault(
        of certificate: EndorsedCertificate, _ judge: IdentityJudge, _ isForTrustAlone: Bool
    ) -> CertificateFault? {
        let context = certificate.lct.context
        guard let platform = key(of: context, judge.platforms) else { return .platformUnknown(context) }
        guard successions.accepts(certificate.platformKey, for: platform, at: judge.time) else {
            return .platformKeyDiffers(context, found: certificate.platformKey.id)
        }
        if isForTrustAlone { return nil }
        if let revocation = revocation(of: certificate) { return .revoked(by: revocation.signer) }
        return certificate.payload.fault(at: judge.time)
    }

    private func refusalAbove(
        _ certificate: EndorsedCertificate, _ judge: IdentityJudge, _ isForTrustAlone: Bool,
        _ known: inout [LCT: CertificateRefusal?]
    ) -> CertificateRefusal? {
        let payload = certificate.payload
        guard let parent = payload.lineage.parent else {
            return rootFault(of: payload, at: judge.time).map { CertificateRefusal(payload.lineage, $0) }
        }
        var first: CertificateRefusal?
        for candidate in parents(of: certificate, at: judge.time) {
            let found =
                payload.fault(below: candidate.payload).map { CertificateRefusal(payload.lineage, $0) }
                ?? refusal(of: candidate, judge, isForTrustAlone: isForTrustAlone, &known)
            guard let found else { return nil }
            first = first ?? found
        }
        return first ?? CertificateRefusal(payload.lineage, .parentUnknown(parent))
    }

    /// A root is signed by its own key, or by the one that the operator trusts for it.
    private func rootFault(of root: Certificate, at time: IdentityTime) -> CertificateFault? {
        if let anchor = trusted[.root(root.lineage)] {
            return successions.accepts(root.creator, for: anchor, at: time) ? nil : .rootKeyDiffers(known: anchor.id)
        }
        guard root.creator == root.key else { return .rootNotTrusted(creator: root.creator.id) }
        return successions.counts(root.creator, at: time) ? nil : .rootNotTrusted(creator: root.creator.id)
    }

    // MARK: Revocation

    /// The keys that may revoke `certificate`: its own, its platform's, and those of the creators above it.
    private func authorities(over certificate: EndorsedCertificate) -> [PublicKey] {
        var keys = [certificate.payload.key, certificate.platformKey]
        var waiting = [certificate]
        var seen: Set<LCT> = [certificate.lct]
        while let next = waiting.popLast() {
            keys.append(next.payload.creator)
            for parent in identities.compactMap({ certificates[$0] })
            where parent.payload.lineage == next.payload.lineage.parent
                && successions.isSameHolder(parent.payload.key, next.payload.creator)
                && seen.insert(parent.lct).inserted
            {
                waiting.append(parent)
            }
        }
        return keys
    }

    /// Why an identity without a certificate of its own stands below a revoked key; nil where it does not.
    private func revocation(above lct: LCT, _ judge: IdentityJudge) -> CertificateRefusal? {
        var lineage: Lineage? = Lineage(of: lct)
        while let current = lineage {
            let held = identities.compactMap { certificates[$0] }.filter {
                $0.payload.lineage == current && $0.lct.context == lct.context
            }
            let revoked = held.compactMap { revocation(of: $0) }
            if let first = revoked.first, revoked.count == held.count {
                return CertificateRefusal(current, .revoked(by: first.signer))
            }
            lineage = current.parent
        }
        return nil
    }
}
