import Cryptography
import Quantities
import Wire

/// The part in which a platform's endorsement and a certificate differ.
public enum EndorsedPart: UInt8, Sendable, CaseIterable {
    /// The lineage.
    case lineage = 1
    /// The role.
    case task = 2
    /// The identity's key.
    case key = 3
    /// The creator's signature.
    case signature = 4

    /// The part in words.
    public var name: String {
        switch self {
        case .lineage: "lineage"
        case .task: "task"
        case .key: "key"
        case .signature: "creator's signature"
        }
    }
}

/// Which rule a certificate breaks.
public enum CertificateFault: Error, Equatable, Sendable {
    /// The creator's part is no certificate.
    case malformed(EnvelopeError)
    /// The creator's signature is not valid.
    case creatorSignature(EnvelopeError)
    /// The platform's part is no endorsement.
    case endorsementMalformed(EnvelopeError)
    /// The platform's signature is not valid.
    case endorsementSignature(EnvelopeError)
    /// The platform endorsed another certificate.
    case endorsementDiffers(EndorsedPart)
    /// Lineage, place and role together are longer than an LCT may be.
    case nameTooLong
    /// The lineage has more segments than are certified.
    case tooDeep(Int)
    /// The role's row does not have these permissions.
    case permissionsBeyondRole(PermissionSet)
    /// The role's row has less of this.
    case allowanceBeyondRole(AllowanceKind)
    /// The parent does not have these permissions.
    case permissionsBeyondParent(PermissionSet)
    /// The parent has less of this.
    case allowanceBeyondParent(AllowanceKind)
    /// The parent's certificate begins later or ends earlier.
    case validityBeyondParent
    /// A root that is signed by another key than its own, which nobody trusts for it.
    case rootNotTrusted(creator: KeyID)
    /// Another key is known as this root's.
    case rootKeyDiffers(known: KeyID)
    /// No certificate is known of the parent whose key signed this one.
    case parentUnknown(Lineage)
    /// No key of the platform is known.
    case platformUnknown(PlatformName)
    /// The platform has another key than the one that endorsed this.
    case platformKeyDiffers(PlatformName, found: KeyID)
    /// Nobody vouches for this board's clock, so nothing can be said of a certificate that runs out.
    case clockNotSet
    /// Its time has not begun.
    case notYetValid(from: WallTime)
    /// Its time is over.
    case expired(until: WallTime)
    /// It was revoked by the holder of this key.
    case revoked(by: KeyID)

    /// What is wrong, for a person.
    public var explanation: String {
        switch self {
        case .malformed(let error): "the creator's part is no certificate: " + error.explanation
        case .creatorSignature(let error): "the creator's signature: " + error.explanation
        case .endorsementMalformed(let error): "the platform's part is no endorsement: " + error.explanation
        case .endorsementSignature(let error): "the platform's signature: " + error.explanation
        case .endorsementDiffers(let part): "the platform endorsed another " + part.name
        case .nameTooLong: "lineage, platform and task are longer than an LCT may be"
        case .tooDeep(let depth): "\(depth) segments of lineage, at most \(IdentityLimits.lineageDepth) are certified"
        case .permissionsBeyondRole(let excess): "its task type does not have " + excess.text
        case .allowanceBeyondRole(let kind): "more " + kind.name + " than its task type has"
        case .permissionsBeyondParent(let excess): "its creator does not have " + excess.text
        case .allowanceBeyondParent(let kind): "more " + kind.name + " than its creator has"
        case .validityBeyondParent: "it holds longer than its creator's certificate"
        case .rootNotTrusted(let creator): "it is signed by the key \(creator.fingerprint), which nobody trusts for it"
        case .rootKeyDiffers(let known): "another key is known as this creator's: \(known.fingerprint)"
        case .parentUnknown(let lineage): "no certificate of \(lineage.text) with the key that signed it is known"
        case .platformUnknown(let name): "no key of the platform \(name.text) is known"
        case .platformKeyDiffers(let name, let found):
            "it is endorsed by the key \(found.fingerprint), which is not \(name.text)'s"
        case .clockNotSet: "this board's clock is not set, so nobody can tell whether it has expired"
        case .notYetValid(let from): "it holds from \(CivilTime(from).text) on"
        case .expired(let until): "it expired at \(CivilTime(until).text)"
        case .revoked(let key): "it was revoked by the key \(key.fingerprint)"
        }
    }

    /// The rule's number, as a refused task names it.
    public var kind: CertificateFaultKind {
        switch self {
        case .malformed, .creatorSignature, .endorsementMalformed, .endorsementSignature, .endorsementDiffers,
            .nameTooLong, .tooDeep:
            .malformed
        case .permissionsBeyondRole, .allowanceBeyondRole, .permissionsBeyondParent, .allowanceBeyondParent,
            .validityBeyondParent:
            .tooMuch
        case .rootNotTrusted, .rootKeyDiffers, .parentUnknown, .platformUnknown, .platformKeyDiffers: .notTrusted
        case .clockNotSet: .clockNotSet
        case .notYetValid: .notYetValid
        case .expired: .expired
        case .revoked: .revoked
        }
    }
}

/// What kind of rule a certificate breaks, as another platform learns it.
public enum CertificateFaultKind: UInt8, Sendable, CaseIterable {
    /// It is no certificate, or its signatures do not fit.
    case malformed = 1
    /// It grants more than it can.
    case tooMuch = 2
    /// Whoever signed it is not trusted.
    case notTrusted = 3
    /// The clock of the board that judges it is not set.
    case clockNotSet = 4
    /// Its time has not begun.
    case notYetValid = 5
    /// Its time is over.
    case expired = 6
    /// It was revoked.
    case revoked = 7

    /// The kind in a word, for programs.
    public var name: String {
        switch self {
        case .malformed: "malformed"
        case .tooMuch: "too_much"
        case .notTrusted: "not_trusted"
        case .clockNotSet: "clock_not_set"
        case .notYetValid: "not_yet_valid"
        case .expired: "expired"
        case .revoked: "revoked"
        }
    }

    /// The kind in words, behind the name of a certificate.
    public var explanation: String {
        switch self {
        case .malformed: "is malformed"
        case .tooMuch: "grants more than it can"
        case .notTrusted: "is signed by somebody who is not trusted there"
        case .clockNotSet: "cannot be judged, because that board's clock is not set"
        case .notYetValid: "does not hold yet"
        case .expired: "has expired"
        case .revoked: "was revoked"
        }
    }
}

/// A certificate that is not accepted: whose in the line of creators, and why.
public struct CertificateRefusal: Error, Equatable, Sendable {
    /// Whose certificate breaks the rule: the one that was asked about, or a creator's above it.
    public let lineage: Lineage
    /// The rule.
    public let fault: CertificateFault

    /// A refusal.
    public init(_ lineage: Lineage, _ fault: CertificateFault) {
        self.lineage = lineage
        self.fault = fault
    }

    /// What is wrong, for a person.
    public var explanation: String { "the certificate of " + lineage.text + ": " + fault.explanation }
}
