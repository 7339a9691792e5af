import Cryptography
import Federation
import Quantities

/// Certified identities that tests change one part of.
enum Minted {
    static let start = WallTime(milliseconds: 1_800_000_000_000)
    static let day = TimeSpan.seconds(86_400)
    static let creator = Fixture.key(11)
    static let child = Fixture.key(12)
    static let grandchild = Fixture.key(13)

    static func lineage(_ text: String) -> Lineage {
        guard let lineage = Lineage(text) else { preconditionFailure(text) }
        return lineage
    }

    static func validity(_ from: Int64 = 0, _ until: Int64 = 100) -> Validity {
        guard let validity = Validity(from: start + day * from, until: start + day * until) else {
            preconditionFailure("a validity")
        }
        return validity
    }

    static func time(_ days: Int64, _ status: TimeStatus = .synchronized) -> IdentityTime {
        IdentityTime(start + day * days, status)
    }

    static let platforms = PlatformKeys([
        (name: Fixture.platform("Thor"), key: Fixture.thor.publicKey),
        (name: Fixture.platform("Sprout"), key: Fixture.sprout.publicKey),
    ])

    static func judge(_ days: Int64 = 1, _ status: TimeStatus = .synchronized) -> IdentityJudge {
        IdentityJudge(at: time(days, status), platforms: platforms)
    }

    static func certificate(
        _ text: String, _ task: TaskType = .consciousness, key: SigningKey, by creator: SigningKey,
        validity: Validity = validity(), change: (inout Certificate) -> Void = { _ in }
    ) -> Certificate {
        var certificate = Certificate(
            lineage: lineage(text), task: task, key: key.publicKey, permissions: task.budget.permissions,
            allowance: Allowance(task.budget), validity: validity, creator: creator.publicKey)
        change(&certificate)
        return certificate
    }

    static func issue(
        _ certificate: Certificate, by creator: SigningKey, on platform: String = "Thor",
        endorsedBy key: SigningKey = Fixture.thor
    ) throws(CertificateFault) -> EndorsedCertificate {
        try EndorsedCertificate(
            issuing: certificate, signedBy: creator, in: Fixture.platform(platform), endorsedBy: key,
            domain: Fixture.domain, by: Fixture.scheme)
    }

    /// `dp`, `dp.a` below it and `dp.a.b` below that, on Thor.
    static func chain() throws(CertificateFault) -> [EndorsedCertificate] {
        [
            try issue(certificate("dp.a.b", key: grandchild, by: child), by: child),
            try issue(certificate("dp.a", key: child, by: creator), by: creator),
            try issue(certificate("dp", key: creator, by: creator), by: creator),
        ]
    }

    static func revocation(
        of key: SigningKey, for text: String, by revoker: SigningKey
    ) -> Signed<Revocation> {
        guard
            let revocation = Revocation(
                of: key.publicKey, for: lineage(text), by: revoker.publicKey, at: start + day)
        else { preconditionFailure("a revocation") }
        return Fixture.sign(revocation, by: revoker)
    }

    static func succession(
        _ old: SigningKey, _ new: SigningKey, _ from: Int64 = 1, _ until: Int64 = 8
    ) -> CountersignedSuccession {
        guard
            let succession = CountersignedSuccession(
                from: old, to: new, at: start + day * from, overlapEnd: start + day * until, in: Fixture.domain,
                by: Fixture.scheme)
        else { preconditionFailure("a succession") }
        return succession
    }
}
