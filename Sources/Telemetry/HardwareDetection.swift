import Quantities

/// What a machine says about itself, as far as it matters for finding its profile.
public struct HardwareFacts: Equatable, Sendable {
    /// Entries of the device tree's `compatible`, most specific first; empty where there is no device tree.
    public var compatible: [String] = []
    /// The model text of the firmware; for display only.
    public var model: String?
    /// All memory that the kernel manages.
    public var memory: ByteCount?
    /// Whether there are tables of a PC's firmware, or counters that only PCs have.
    public var hasFirmwareTables = false
    /// Whether there is a battery that feeds the machine itself.
    public var hasBattery = false

    /// Nothing known.
    public init() {}

    /// Module part numbers in `compatible`, in its order.
    ///
    /// What follows the `+`, or else the vendor's comma, without a `-super` at the end.
    public var modules: [String] {
        compatible.map { entry in
            var part = Array(entry.utf8)[...]
            if let separator = part.lastIndex(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: ",") }) {
                part = part[(separator + 1)...]
            }
            let suffix = Array("-super".utf8)
            if part.count > suffix.count, part.suffix(suffix.count).elementsEqual(suffix) {
                part = part.dropLast(suffix.count)
            }
            return String(decoding: part, as: UTF8.self)
        }
    }
}

extension HardwareProfile {
    /// The profile among `profiles` that fits `facts` best; nil where not one fits.
    ///
    /// A profile named by module number or `compatible` entry comes before one named by the machine's
    /// kind, and that before one without any condition (the generic one). Of equals, the one whose match
    /// stands first in `compatible`, then the one with more conditions, then the first.
    ///
    /// Complexity: O(profiles × their entries × entries of `compatible`).
    public static func detect(_ facts: HardwareFacts, among profiles: [HardwareProfile]) -> HardwareProfile? {
        var best: (profile: HardwareProfile, rank: Rank)?
        for profile in profiles {
            guard let rank = profile.recognition.rank(facts) else { continue }
            if let held = best, !(rank < held.rank) { continue }
            best = (profile, rank)
        }
        return best?.profile
    }

    /// How well a profile fits; smaller is better.
    struct Rank: Comparable {
        var kind: Int
        var position: Int
        var conditions: Int

        static func < (left: Rank, right: Rank) -> Bool {
            if left.kind != right.kind { return left.kind < right.kind }
            if left.position != right.position { return left.position < right.position }
            return left.conditions > right.conditions
        }
    }
}

extension HardwareProfile.Recognition {
    /// How well the conditions fit `facts`; nil when one of them fails.
    func rank(_ facts: HardwareFacts) -> HardwareProfile.Rank? {
        if let minimumMemory, let memory = facts.memory, memory < minimumMemory { return nil }
        if let maximumMemory, let memory = facts.memory, maximumMemory < memory { return nil }
        if let firmwareTables, firmwareTables != facts.hasFirmwareTables { return nil }
        if let battery, battery != facts.hasBattery { return nil }
        let conditions = [firmwareTables != nil, battery != nil].count { $0 }
        guard !modules.isEmpty || !compatible.isEmpty else {
            return HardwareProfile.Rank(kind: conditions > 0 ? 1 : 2, position: 0, conditions: conditions)
        }
        return entry(facts).map { HardwareProfile.Rank(kind: 0, position: $0, conditions: conditions) }
    }

    /// The first entry of `compatible` that one of these modules or entries is; nil where none is.
    func entry(_ facts: HardwareFacts) -> Int? {
        let found = facts.modules
        for (position, entry) in facts.compatible.enumerated() {
            let matches =
                compatible.contains(entry)
                || modules.contains { found[position] == $0 || found[position].hasPrefix($0 + "-") }
            if matches { return position }
        }
        return nil
    }
}
