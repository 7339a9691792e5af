import Cryptography
import Quantities
import Telemetry

/// A society's rules for charging from energy proofs.
public struct ChargingPolicy: Hashable, Sendable {
    /// What share of a page's chargeable energy counts, by class; a class without an entry charges nothing.
    public var shares: [EvidenceClass: BasisPoints]
    /// How old a page's window end may be.
    public var maximumAge: TimeSpan
    /// Least covered share of a page's window.
    public var minimumCoverage: BasisPoints
    /// How long charged credits live, from the page's window end.
    public var lotLifetime: TimeSpan

    /// The default rules: metered sources alone and in full, pages up to ten minutes old that cover 90 % of their
    /// window, lots that live seven days.
    public init(
        shares: [EvidenceClass: BasisPoints] = [.metered: .one], maximumAge: TimeSpan = .seconds(600),
        minimumCoverage: BasisPoints = BasisPoints(clamping: 9000), lotLifetime: TimeSpan = .seconds(7 * 86_400)
    ) {
        self.shares = shares
        self.maximumAge = maximumAge
        self.minimumCoverage = minimumCoverage
        self.lotLifetime = lotLifetime
    }
}

/// A source as its society registers it.
public struct SourceRegistration: Hashable, Sendable {
    /// The source's identity.
    public var source: SourceID
    /// The key that signs the source's pages, and owns it.
    public var owner: PublicKey
    /// The most that its pages may give as rated power.
    public var rated: Power
    /// The source that this one's power is a part of: the board input of a GPU rail.
    public var parent: SourceID?
    /// The battery that this source charges.
    public var feeds: SourceID?

    /// A source of `owner`.
    public init(
        _ source: SourceID, owner: PublicKey, rated: Power, parent: SourceID? = nil, feeds: SourceID? = nil
    ) {
        self.source = source
        self.owner = owner
        self.rated = rated
        self.parent = parent
        self.feeds = feeds
    }
}

/// A page that was taken into its source's account.
public struct AcceptedPage: Hashable, Sendable {
    /// The page's hash.
    public let hash: Bytes32
    /// The page's source.
    public let source: SourceID
    /// What the page allows to be charged in all, before the policy's share.
    public let chargeable: Energy
}

/// Leave to turn energy into credits: all that the ledger has to know of a proof.
public struct ChargeGrant: Hashable, Sendable {
    /// What the credits are charged from: the page's hash.
    public let id: Bytes32
    /// How much is charged now.
    public let amount: Energy
    /// How much the page allows to be charged in all.
    public let limit: Energy
    /// How much of that was charged before this.
    public let chargedBefore: Energy
    /// How long the credits live from now.
    public let remaining: TimeSpan
}
