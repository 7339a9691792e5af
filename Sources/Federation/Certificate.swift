import Cryptography
import Quantities
import Wire

/// Binds a lineage in a role to a key, with what it may do and use, and when; signed by its creator as `certificate`.
///
/// The place is not in it: the platform on which the identity lives adds that with its `PlatformEndorsement`.
public struct Certificate: Hashable, SignedPayload {
    /// Who it is.
    public var lineage: Lineage
    /// The role.
    public var task: TaskType
    /// The Ed25519 key of the identity.
    public var key: PublicKey
    /// What it may do.
    public var permissions: PermissionSet
    /// What it may use.
    public var allowance: Allowance
    /// When it holds.
    public var validity: Validity
    /// The key that signs this: that of the lineage's parent, or for a root its own or one that is trusted by name.
    public var creator: PublicKey

    /// What its signature is for.
    public static let signatureType = SignatureType.certificate
    /// What its hash is for.
    public static let hashPurpose = HashPurpose.certificate

    /// A certificate of its parts.
    public init(
        lineage: Lineage, task: TaskType, key: PublicKey, permissions: PermissionSet, allowance: Allowance,
        validity: Validity, creator: PublicKey
    ) {
        self.lineage = lineage
        self.task = task
        self.key = key
        self.permissions = permissions
        self.allowance = allowance
        self.validity = validity
        self.creator = creator
    }

    /// Reads `{1: lineage, 2: task, 3: key, 4: permissions, 5: allowance, 6: [from, until], 7: creator}`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(1, of: &map)
        lineage = try Lineage(from: &reader)
        try reader.field(2, of: &map)
        task = try reader.choice(TaskType.self)
        try reader.field(3, of: &map)
        key = PublicKey(bytes: try reader.bytes32())
        try reader.field(4, of: &map)
        let start = reader.offset
        guard let permissions = PermissionSet(numbered: try reader.unsigned32()) else { throw .invalidValue(at: start) }
        self.permissions = permissions
        try reader.field(5, of: &map)
        allowance = try Allowance(from: &reader)
        try reader.field(6, of: &map)
        validity = try Validity(from: &reader)
        try reader.field(7, of: &map)
        creator = PublicKey(bytes: try reader.bytes32())
        try reader.endMap(&map)
    }

    /// Appends the certificate's encoding.
    public func write(to writer: inout CBORWriter) {
        var fields = FieldWriter()
        fields.text(1, lineage.text)
        fields.unsigned(2, UInt64(task.rawValue))
        fields.bytes(3, key.bytes)
        fields.unsigned(4, UInt64(permissions.bits))
        fields.nested(5) { allowance.write(to: &$0) }
        fields.nested(6) { validity.write(to: &$0) }
        fields.bytes(7, creator.bytes)
        fields.finish(into: &writer)
    }

    /// What is wrong with it by itself, whoever signed it; nil where nothing is.
    public var fault: CertificateFault? {
        if lineage.depth > IdentityLimits.lineageDepth { return .tooDeep(lineage.depth) }
        let row = task.budget
        if !permissions.isSubset(of: row.permissions) {
            return .permissionsBeyondRole(permissions.subtracting(row.permissions))
        }
        return allowance.excess(over: Allowance(row)).map { .allowanceBeyondRole($0) }
    }

    /// Why it cannot stand below `parent`; nil where it can.
    public func fault(below parent: Certificate) -> CertificateFault? {
        if !permissions.isSubset(of: parent.permissions) {
            return .permissionsBeyondParent(permissions.subtracting(parent.permissions))
        }
        if let kind = allowance.excess(over: parent.allowance) { return .allowanceBeyondParent(kind) }
        return parent.validity.contains(validity) ? nil : .validityBeyondParent
    }

    /// Why it does not hold at `time`; nil where it does.
    public func fault(at time: IdentityTime) -> CertificateFault? {
        guard time.status == .synchronized else { return .clockNotSet }
        if time.wall < validity.from { return .notYetValid(from: validity.from) }
        return time.wall < validity.until ? nil : .expired(until: validity.until)
    }
}

extension PermissionSet {
    /// What is in this set and not in `other`.
    public func subtracting(_ other: PermissionSet) -> PermissionSet {
        PermissionSet(Permission.allCases.filter { contains($0) && !other.contains($0) })
    }
}
