import Cryptography
import Quantities
import Wire

/// What an operator trusts a key for, by exchanging the key itself.
public enum TrustedName: Hashable, Comparable, Sendable {
    /// A platform without a node record, such as a client that speaks HTTP.
    case platform(PlatformName)
    /// A creator: the root of a lineage.
    case root(Lineage)

    /// The name as it is written: `Legion`, or `lct:web4:agent:dp` for a creator.
    public var text: String {
        switch self {
        case .platform(let name): name.text
        case .root(let lineage): LCT.rootText(lineage)
        }
    }

    /// The name that `text` spells; nil where it spells none.
    ///
    /// A creator below another is trusted by certificate alone.
    public init?(_ text: String) {
        if text.utf8.starts(with: LCT.prefix.utf8) {
            guard let lineage = LCT.lineage(ofRootText: text), lineage.isRoot else { return nil }
            self = .root(lineage)
        } else {
            guard let name = PlatformName(text) else { return nil }
            self = .platform(name)
        }
    }

    /// Orders by text.
    public static func < (left: TrustedName, right: TrustedName) -> Bool { left.text < right.text }
}

/// The keys of the platforms that are known otherwise: this one's own and its peers'.
public struct PlatformKeys: Sendable {
    private let known: [(name: PlatformName, key: PublicKey)]

    /// The keys of `known`.
    public init(_ known: [(name: PlatformName, key: PublicKey)]) { self.known = known }

    /// The key of the platform called `name`, or nil.
    public func key(of name: PlatformName) -> PublicKey? { known.first { $0.name == name }?.key }
}

/// What an identity is judged by beside what its registry holds.
public struct IdentityJudge: Sendable {
    /// The time.
    public var time: IdentityTime
    /// The platforms known otherwise.
    public var platforms: PlatformKeys

    /// A judge.
    public init(at time: IdentityTime, platforms: PlatformKeys) {
        self.time = time
        self.platforms = platforms
    }
}
