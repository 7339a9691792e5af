import Quantities
import Telemetry

/// The hardware profile by which lines of tegrastats are read: the one that is set, or else one whose total the rails
/// of the lines make.
///
/// Lines do not say which board printed them, but the rails that add up to a whole have other names on every family
/// of boards.
struct TegrastatsProfiles {
    private let profiles: [HardwareProfile]
    private let isNamed: Bool
    private var chosen: HardwareProfile?
    /// The rails of the last line: a file may hold lines of several boards.
    private var rails: [String] = []
    private var choice = TotalRuleChoice(rules: [])

    /// The choice among `profiles`; where one is `named`, only that one.
    init(_ profiles: [HardwareProfile], named: String?) {
        isNamed = named != nil
        // Where nothing fits, what is known of no board in particular.
        let first = profiles.first { $0.name == named ?? "generic" }
        self.profiles = (first.map { [$0] } ?? []) + profiles
        choose(first)
    }

    /// What `line` says, with its total as far as the profile knows one; nil without any profile.
    mutating func sample(_ line: TegrastatsLine) -> TelemetrySample? {
        let names = line.rails.map { $0.name }
        if names != rails {
            rails = names
            let candidates = isNamed ? [] : [chosen].compactMap { $0 } + profiles
            choose(candidates.first { TegrastatsProfiles.hasTotal($0, of: names) } ?? chosen)
        }
        guard let profile = chosen else { return nil }
        return TelemetrySample(
            line, taken: .origin, board: BoardIdentity(profile: profile.family), profile: profile, choice: &choice)
    }

    private mutating func choose(_ profile: HardwareProfile?) {
        chosen = profile
        choice = TotalRuleChoice(rules: profile?.totals ?? [])
    }

    /// Whether the rails called `names` are all that one of the profile's totals needs.
    private static func hasTotal(_ profile: HardwareProfile, of names: [String]) -> Bool {
        profile.totals.contains { rule in !rule.rails.isEmpty && rule.rails.allSatisfy { names.contains($0) } }
    }
}
