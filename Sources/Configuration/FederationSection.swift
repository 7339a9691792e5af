import Cryptography
import Federation
import Quantities

/// Section `federation`: who the agent is.
public struct FederationSection: Equatable, Sendable {
    /// The federation's name.
    public var name = "local"
    /// Counts the federation's configurations; signatures of one are not valid in another.
    public var configurationEpoch: UInt64 = 1
    /// The identity under which the agent delegates: the lineage, on the platform, as `delegation.federation`.
    public private(set) var delegator: LCT

    /// What signatures are bound to.
    public var domain: SignatureDomain {
        SignatureDomain(federation: FederationSection.id(of: name), configurationEpoch: configurationEpoch)
    }

    /// The id of the federation called `name`: the hash of the name.
    public static func id(of name: String) -> Bytes32 { Hashing.hash(Array(name.utf8), for: .identifier) }

    /// Whether `name` can be a federation's: 1 … 64 bytes of `[A-Za-z0-9._:-]`.
    public static func isName(_ name: String) -> Bool {
        PlatformName(name) != nil && name.utf8.count <= ConfigurationLimits.federationNameBytes
    }

    /// The section for a machine of this name of which nothing else is set.
    ///
    /// The platform gets the host name up to its first dot, with `-` for what a platform's name may not
    /// hold; `node` where nothing is left.
    init(hostName: String) {
        let label = hostName.utf8.prefix { $0 != UInt8(ascii: ".") }.prefix(FederationLimits.maximumPlatformNameLength)
        let name = String(
            decoding: label.map { PlatformName(String(decoding: [$0], as: UTF8.self)) == nil ? UInt8(ascii: "-") : $0 },
            as: UTF8.self)
        guard let delegator = FederationSection.lct("local", on: label.isEmpty ? "node" : name) else {
            preconditionFailure("a host name is made a platform's")
        }
        self.delegator = delegator
    }

    /// Takes `platform` for the delegator's.
    mutating func move(to platform: PlatformName) {
        guard let moved = LCT(lineageOf: delegator, context: platform, task: delegator.task) else {
            preconditionFailure("the limit of lineages leaves room for every platform")
        }
        delegator = moved
    }

    /// Takes `lineage` for the delegator's; false where it is none.
    mutating func descend(from lineage: String) -> Bool {
        guard lineage.utf8.count <= ConfigurationLimits.lineageBytes,
            let descended = FederationSection.lct(lineage, on: delegator.context.text), descended.lineage == lineage
        else { return false }
        delegator = descended
        return true
    }

    private static func lct(_ lineage: String, on platform: String) -> LCT? {
        try? LCT("lct:web4:agent:" + lineage + "@" + platform + "#" + TaskType.delegationFederation.name)
    }
}
