import Quantities

/// What the names under `/sys/class/powercap` mean (Documentation/power/powercap/powercap.rst).
///
/// A zone is called `intel-rapl:0`, one inside it `intel-rapl:0:1`, on processors of AMD too. The same packages may
/// be there a second time, as `intel-rapl-mmio:0`: those are not read.
public struct PowercapZone: Hashable, Sendable {
    /// Its folder's name.
    public let folder: String
    /// The folder's name of the zone that it is a part of; nil at the top.
    public let parent: String?

    /// The zone with the folder `name`; nil where that is none whose counter is read.
    public init?(folder name: String) {
        let parts = name.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.first == "intel-rapl", (2...3).contains(parts.count), parts.allSatisfy({ !$0.isEmpty })
        else { return nil }
        folder = name
        parent = parts.count == 3 ? parts[0] + ":" + parts[1] : nil
    }

    /// What a rail of this domain feeds, unless the profile knows better.
    public static func role(ofDomain domain: String) -> RailRole {
        switch domain {
        case "psys": .total
        case "dram": .memory
        case _ where domain.hasPrefix("package") || domain == "core": .cpu
        default: .other
        }
    }

    /// The power that a domain may draw for long: the limit in force, at most what the domain is made for; nil where
    /// neither says it.
    ///
    /// Firmware writes limits far beyond any processor where there is to be none.
    public static func rated(limit: Power?, maximum: Power?) -> Power? {
        let believable = [limit, maximum].compactMap { $0 }
            .filter { Power.zero < $0 && $0 < TelemetryLimits.processorPower }
        return believable.min()
    }
}
