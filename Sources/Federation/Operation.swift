import Wire

/// What kind of operation it is, which decides the permission it needs.
public enum OperationFamily: UInt8, Sendable, CaseIterable {
    /// Looking at sensor input.
    case perception = 1
    /// Planning.
    case planning = 2
    /// Running code.
    case execution = 3
    /// Handing on.
    case delegation = 4

    /// The family's name, which begins the names of its operations.
    public var name: String {
        switch self {
        case .perception: "perception"
        case .planning: "planning"
        case .execution: "execution"
        case .delegation: "delegation"
        }
    }

    /// What the task type that runs such an operation must be allowed.
    public var permission: Permission {
        switch self {
        case .perception, .planning: .atpRead
        case .execution: .execCode
        case .delegation: .federationDelegate
        }
    }
}

/// The name of an operation: a family alone, or a family, a dot and more (`perception.features`).
///
/// At most 64 bytes of `[a-z0-9._-]`, no empty segment between dots.
public struct Operation: Hashable, Comparable, Sendable {
    /// The whole name.
    public let name: String
    /// The family it belongs to.
    public let family: OperationFamily

    /// The operation called `name`, or nil where that is no operation's name.
    public init?(_ name: String) {
        let bytes = Array(name.utf8)
        guard (1...FederationLimits.maximumOperationLength).contains(bytes.count) else { return nil }
        let segments = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard let first = segments.first,
            let family = OperationFamily.allCases.first(where: { $0.name.utf8.elementsEqual(first) }),
            segments.allSatisfy({ !$0.isEmpty && $0.allSatisfy(Operation.isAllowed) })
        else { return nil }
        self.name = name
        self.family = family
    }

    init(from reader: inout CBORReader) throws(CBORError) {
        let start = reader.offset
        guard let operation = Operation(try reader.text(limit: FederationLimits.maximumOperationLength)) else {
            throw .invalidValue(at: start)
        }
        self = operation
    }

    /// Whether a task's run is never followed by a second one: not after a crash, nor to find out how good its result
    /// is.
    ///
    /// A command may change the board, and nobody knows what a run that was cut short has done.
    public var runsOnce: Bool { family == .execution }

    /// The permission that running this as `target` for `delegator` lacks, or nil where it is allowed.
    public func missingPermission(target: TaskType, delegator: TaskType) -> MissingPermission? {
        if !delegator.budget.permissions.contains(.federationDelegate) {
            return MissingPermission(permission: .federationDelegate, of: .delegator)
        }
        return missingPermission(target: target)
    }

    /// The permission that running this as `target` lacks, or nil where it is allowed.
    public func missingPermission(target: TaskType) -> MissingPermission? {
        guard target.budget.permissions.contains(family.permission) else {
            return MissingPermission(permission: family.permission, of: .target)
        }
        return nil
    }

    /// Orders by the bytes of the name.
    public static func < (left: Operation, right: Operation) -> Bool { left.name < right.name }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

/// A permission that somebody would need and does not have.
public struct MissingPermission: Hashable, Sendable {
    /// Whose permission is missing.
    public enum Party: UInt8, Sendable {
        /// Who hands the task out.
        case delegator = 1
        /// Who would run it.
        case target = 2
    }

    /// What is missing.
    public let permission: Permission
    /// Whose it would have to be.
    public let of: Party

    /// The lack of `permission`.
    public init(permission: Permission, of party: Party) {
        self.permission = permission
        self.of = party
    }
}
