import Quantities

/// What a total covers.
public enum TotalScope: String, Sendable, CaseIterable {
    /// The whole compute module.
    case module
    /// Part of the module: the module draws at least this.
    case moduleLowerBound = "module-lower-bound"
    /// Module and carrier board.
    case board
    /// A processor package.
    case cpuPackage = "cpu-package"
    /// A processor package and a graphics board.
    case cpuPackageAndGPUBoard = "cpu-package+gpu-board"
    /// The graphics boards alone: the machine draws more.
    case gpuBoard = "gpu-board"
    /// Rails inside the machine that do not add up to a known whole.
    case internalRails = "internal-rails"
    /// Everything a battery feeds.
    case battery

    /// The scope of a sum from which rails are missing.
    var whenIncomplete: TotalScope { self == .module ? .moduleLowerBound : self }
}

/// How the total is made from rails: the sum of rails that do not contain each other.
public struct TotalRule: Hashable, Sendable {
    /// Names of the rails, each counted once; one that ends with `*` stands for all that begin so.
    public var rails: [String]
    /// What their sum covers.
    public var scope: TotalScope

    /// A rule that adds `rails`.
    public init(rails: [String], scope: TotalScope) {
        self.rails = rails
        self.scope = scope
    }

    /// The rail names joined by `+`.
    public var text: String { rails.joined(separator: "+") }

    /// The rails that `text` joins, some of them called as in `names`: the longest of these that fits, else what stands
    /// before the next `+`.
    ///
    /// Complexity: O(length × names).
    public static func rails(joinedIn text: String, among names: [String]) -> [String] {
        let separator = UInt8(ascii: "+")
        var rest = Array(text.utf8)[...]
        var rails: [String] = []
        while !rest.isEmpty {
            var length = rest.firstIndex(of: separator).map { $0 - rest.startIndex } ?? rest.count
            for name in names where name.utf8.count > length && rest.starts(with: name.utf8) {
                let end = rest.startIndex + name.utf8.count
                if end == rest.endIndex || rest[end] == separator { length = name.utf8.count }
            }
            rails.append(String(decoding: rest.prefix(length), as: UTF8.self))
            rest = rest.dropFirst(length + 1)
        }
        return rails
    }

    /// The rule with the names that are there in place of those that end with `*`; nil where one of those stands for
    /// none.
    ///
    /// A part of another rail, which has that rail's name and `/` before its own, is not one of them.
    public func resolved(among names: [String]) -> TotalRule? {
        var rails: [String] = []
        for entry in self.rails {
            guard TotalRule.isPattern(entry) else {
                rails.append(entry)
                continue
            }
            let found = names.filter { TotalRule.name($0, fits: entry) && !rails.contains($0) }
            guard !found.isEmpty else { return nil }
            rails += found
        }
        return TotalRule(rails: rails, scope: scope)
    }

    /// Whether `entry` stands for all names that begin so.
    public static func isPattern(_ entry: String) -> Bool { entry.hasSuffix("*") }

    /// Whether `name` is one of those that `entry` stands for.
    static func name(_ name: String, fits entry: String) -> Bool {
        guard isPattern(entry) else { return name == entry }
        let prefix = entry.utf8.dropLast()
        return name.utf8.starts(with: prefix) && !name.utf8.dropFirst(prefix.count).contains(UInt8(ascii: "/"))
    }
}

/// The power of the whole, and how it was found.
public struct TotalPower: Hashable, Sendable {
    /// The sum; nil while a rail in it is known by its counter only.
    public var power: Power?
    /// The sum of the rails' own counters; nil where one of them has none.
    public var counter: EnergyRegister?
    /// Whether every rail of the rule is in the sum; otherwise the sum is a lower bound.
    public var isComplete: Bool
    /// Names of the rule's rails, whether they were read or not.
    public var rails: [String]
    /// What the sum covers.
    public var scope: TotalScope

    /// A total of its parts.
    public init(
        power: Power?, counter: EnergyRegister? = nil, isComplete: Bool, rails: [String], scope: TotalScope
    ) {
        self.power = power
        self.counter = counter
        self.isComplete = isComplete
        self.rails = rails
        self.scope = scope
    }

    /// The rule, as rail names joined by `+`: for display only, since a name may have a `+` of its own.
    public var rule: String { TotalRule(rails: rails, scope: scope).text }
}

/// Which of a profile's rules is in use.
///
/// The first rule all of whose rails are read is taken, and kept: a rail that fails for one sample
/// must not change what the total covers, or a meter would add unlike things. Only a better rule,
/// one that stands earlier in the profile, replaces it.
public struct TotalRuleChoice: Hashable, Sendable {
    /// The rules, best first.
    public let rules: [TotalRule]
    /// Index of the rule in use; nil until a rail of some rule was read.
    public private(set) var chosen: Int?

    /// No choice yet among `rules`.
    public init(rules: [TotalRule]) { self.rules = rules }

    /// The choice among other `rules`, made when devices came or went: the rule in use stays so where it is among them.
    public func among(_ rules: [TotalRule]) -> TotalRuleChoice {
        var choice = TotalRuleChoice(rules: rules)
        if let chosen { choice.chosen = rules.firstIndex(of: self.rules[chosen]) }
        return choice
    }

    /// The total of `readings`; nil when no rail of the rule in use is among them.
    ///
    /// Complexity: O(rules × rails × readings), all of them few.
    public mutating func total(of readings: [RailReading]) -> TotalPower? {
        let complete = rules.firstIndex { rule in
            !rule.rails.isEmpty && rule.rails.allSatisfy { name in readings.contains { $0.name == name } }
        }
        if let complete, complete < chosen ?? rules.count { chosen = complete }
        if chosen == nil {
            chosen = rules.firstIndex { rule in rule.rails.contains { name in readings.contains { $0.name == name } } }
        }
        return chosen.flatMap { TotalRuleChoice.total(of: readings, by: rules[$0]) }
    }

    /// The total of `readings` by `rule`; nil when none of its rails is among them.
    public static func total(of readings: [RailReading], by rule: TotalRule) -> TotalPower? {
        var sum: Power? = .zero
        var counter: EnergyRegister? = .zero
        var found = 0
        for name in rule.rails {
            guard let reading = readings.first(where: { $0.name == name }) else { continue }
            sum = TotalRuleChoice.both(sum, reading.power).map { $0 + $1 }
            counter = TotalRuleChoice.both(counter, reading.counter).map {
                EnergyRegister(microjoules: $0.microjoules + min($1.microjoules, .max - $0.microjoules))
            }
            found += 1
        }
        guard found > 0 else { return nil }
        let isComplete = found == rule.rails.count
        return TotalPower(
            power: sum, counter: isComplete ? counter : nil, isComplete: isComplete, rails: rule.rails,
            scope: isComplete ? rule.scope : rule.scope.whenIncomplete)
    }

    private static func both<First, Second>(_ first: First?, _ second: Second?) -> (First, Second)? {
        guard let first, let second else { return nil }
        return (first, second)
    }
}
