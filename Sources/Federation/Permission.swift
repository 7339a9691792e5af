/// One thing that a task type may do, `category:action`.
public enum Permission: UInt8, Sendable, CaseIterable {
    /// See balances.
    case atpRead = 0
    /// Move credits.
    case atpWrite = 1
    /// Speak HTTP.
    case networkHTTP = 2
    /// Speak WebSocket.
    case networkWS = 3
    /// Speak to peers directly.
    case networkP2P = 4
    /// Read files.
    case storageRead = 5
    /// Write files.
    case storageWrite = 6
    /// Delete files.
    case storageDelete = 7
    /// Run operations from a fixed list.
    case execSafe = 8
    /// Run code.
    case execCode = 9
    /// Run code that uses the network.
    case execNetwork = 10
    /// Run tasks for others.
    case federationExecute = 11
    /// Hand tasks to others.
    case federationDelegate = 12
    /// See the administration.
    case adminRead = 13
    /// Change the administration.
    case adminFull = 14

    /// What stands before the colon.
    public var category: String {
        switch self {
        case .atpRead, .atpWrite: "atp"
        case .networkHTTP, .networkWS, .networkP2P: "network"
        case .storageRead, .storageWrite, .storageDelete: "storage"
        case .execSafe, .execCode, .execNetwork: "exec"
        case .federationExecute, .federationDelegate: "federation"
        case .adminRead, .adminFull: "admin"
        }
    }

    /// What stands after the colon.
    public var action: String {
        switch self {
        case .atpRead, .storageRead, .adminRead: "read"
        case .atpWrite, .storageWrite: "write"
        case .networkHTTP: "http"
        case .networkWS: "ws"
        case .networkP2P: "p2p"
        case .storageDelete: "delete"
        case .execSafe: "safe"
        case .execCode: "code"
        case .execNetwork: "network"
        case .federationExecute: "execute"
        case .federationDelegate: "delegate"
        case .adminFull: "full"
        }
    }

    /// The permission as `category:action`.
    public var name: String { category + ":" + action }
}

/// A set of permissions.
public struct PermissionSet: Hashable, Sendable {
    /// One bit per permission, numbered as `Permission`.
    public let bits: UInt32

    /// No permission.
    public static let none = PermissionSet(bits: 0)
    /// Every permission.
    public static let all = PermissionSet(Permission.allCases)

    private init(bits: UInt32) { self.bits = bits }

    /// The set of `permissions`.
    public init(_ permissions: [Permission]) {
        bits = permissions.reduce(0) { $0 | 1 << UInt32($1.rawValue) }
    }

    /// The set that `bits` number, or nil where a bit means nothing.
    public init?(numbered bits: UInt32) {
        guard bits & ~PermissionSet.all.bits == 0 else { return nil }
        self.bits = bits
    }

    /// The set that `text` lists: names separated by spaces, each `category:action` or `category:all`.
    public init?(_ text: String) {
        var bits: UInt32 = 0
        for word in text.split(separator: " ") {
            let matches = Permission.allCases.filter { $0.name == word || $0.category + ":all" == word }
            guard !matches.isEmpty else { return nil }
            bits |= PermissionSet(matches).bits
        }
        self.bits = bits
    }

    /// Whether `permission` is in the set.
    public func contains(_ permission: Permission) -> Bool { bits & 1 << UInt32(permission.rawValue) != 0 }

    /// Whether every permission of this set is in `other`.
    public func isSubset(of other: PermissionSet) -> Bool { bits & ~other.bits == 0 }

    /// What is in both sets.
    public func intersection(_ other: PermissionSet) -> PermissionSet { PermissionSet(bits: bits & other.bits) }

    /// What is in either set.
    public func union(_ other: PermissionSet) -> PermissionSet { PermissionSet(bits: bits | other.bits) }

    /// The names in a fixed order, separated by spaces, a whole category as `category:all`.
    public var text: String {
        var names: [String] = []
        var category = ""
        for permission in Permission.allCases where permission.category != category {
            category = permission.category
            let whole = Permission.allCases.filter { $0.category == category }
            let held = whole.filter { contains($0) }
            names += held.count == whole.count ? [category + ":all"] : held.map { $0.name }
        }
        return names.joined(separator: " ")
    }
}
