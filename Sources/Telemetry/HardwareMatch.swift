import Quantities

/// How far one profile fits a machine, condition by condition.
public struct HardwareMatch: Equatable, Sendable {
    /// What a profile can ask of a machine.
    public enum Condition: String, Sendable, CaseIterable {
        /// The device tree names one of the profile's modules or whole entries.
        case deviceTree = "device-tree"
        /// There is at least so much memory.
        case minimumMemory = "minimum-memory"
        /// There is at most so much memory.
        case maximumMemory = "maximum-memory"
        /// Whether there are a PC's firmware tables.
        case firmwareTables = "firmware-tables"
        /// Whether the machine runs from a battery of its own.
        case battery = "battery"
    }

    /// One condition that the profile sets, and what the machine says to it.
    public struct Check: Equatable, Sendable {
        /// What is asked.
        public let condition: Condition
        /// What the profile wants, in words; of several names in the device tree the one that was found.
        public let wanted: String
        /// What the machine has, in words; nil where it does not tell, which refutes nothing but a device tree.
        public let found: String?
        /// Whether it holds.
        public let holds: Bool
    }

    /// The profile.
    public let profile: HardwareProfile
    /// Every condition that it sets, in a fixed order.
    public let checks: [Check]
    private let rank: HardwareProfile.Rank?
    private let isOfSameFamily: Bool

    /// How far `profile` fits `facts`.
    public init(_ profile: HardwareProfile, _ facts: HardwareFacts) {
        self.profile = profile
        rank = profile.recognition.rank(facts)
        checks = HardwareMatch.checks(profile.recognition, facts)
        let families = Set(facts.modules.compactMap { HardwareMatch.family($0) })
        isOfSameFamily = profile.recognition.modules.contains { name in
            HardwareMatch.family(name).map { families.contains($0) } ?? false
        }
    }

    /// Whether every condition holds.
    public var fits: Bool { rank != nil }

    /// Every one of `profiles` that fits `facts`, the one that `HardwareProfile.detect` takes first, then those
    /// that come near: some of their conditions hold, or a module of the same family is theirs.
    ///
    /// Complexity: O(profiles × their entries × entries of `compatible`), and a sort of the profiles.
    public static func all(_ facts: HardwareFacts, among profiles: [HardwareProfile]) -> [HardwareMatch] {
        let matches = profiles.map { HardwareMatch($0, facts) }
        var fitting: [(index: Int, rank: HardwareProfile.Rank)] = []
        for (index, match) in matches.enumerated() { if let rank = match.rank { fitting.append((index, rank)) } }
        fitting.sort { $0.rank < $1.rank || (!($1.rank < $0.rank) && $0.index < $1.index) }
        let near = matches.filter { !$0.fits && $0.comesNear }
        return fitting.map { matches[$0.index] } + near
    }

    private var comesNear: Bool {
        if isOfSameFamily { return true }
        // That something is absent, as on most machines, makes no likeness.
        return checks.contains { $0.holds && $0.found != nil && $0.wanted != HardwareMatch.none }
            && checks.allSatisfy { $0.condition != .deviceTree || $0.holds }
    }

    private static let none = "none"

    /// The number of a module's family, `p3767` of `p3767-0005`; nil where it is not such a number.
    private static func family(_ module: String) -> Substring? {
        let family = module.split(separator: "-").first ?? ""
        let digits = family.utf8.dropFirst()
        guard family.utf8.first == UInt8(ascii: "p"), digits.count == 4,
            digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return family
    }

    private static func checks(_ recognition: HardwareProfile.Recognition, _ facts: HardwareFacts) -> [Check] {
        var checks: [Check] = []
        let names = recognition.modules.map { "module " + $0 } + recognition.compatible
        if !names.isEmpty {
            let entry = recognition.entry(facts)
            let named = entry.map { position in
                recognition.modules.first {
                    facts.modules[position] == $0 || facts.modules[position].hasPrefix($0 + "-")
                }
                .map { "module " + $0 } ?? facts.compatible[position]
            }
            checks.append(
                Check(
                    condition: .deviceTree, wanted: named ?? names.joined(separator: " or "),
                    found: entry.map { facts.compatible[$0] } ?? facts.compatible.first, holds: entry != nil))
        }
        let memory = facts.memory
        let size = memory.map { mebibytes($0) }
        if let least = recognition.minimumMemory {
            checks.append(
                Check(
                    condition: .minimumMemory, wanted: "at least " + mebibytes(least), found: size,
                    holds: memory.map { !($0 < least) } ?? true))
        }
        if let most = recognition.maximumMemory {
            checks.append(
                Check(
                    condition: .maximumMemory, wanted: "at most " + mebibytes(most), found: size,
                    holds: memory.map { !(most < $0) } ?? true))
        }
        func presence(_ condition: Condition, _ wanted: Bool?, _ found: Bool) {
            guard let wanted else { return }
            checks.append(
                Check(
                    condition: condition, wanted: wanted ? "there" : none, found: found ? "there" : none,
                    holds: wanted == found))
        }
        presence(.firmwareTables, recognition.firmwareTables, facts.hasFirmwareTables)
        presence(.battery, recognition.battery, facts.hasBattery)
        return checks
    }

    private static func mebibytes(_ size: ByteCount) -> String { "\(size.bytes / (1 << 20)) MiB" }
}
