import Quantities

/// Tells what a hardware counter really counted from what it only showed for a moment.
///
/// A step back, or one that is more than the source can have, is held until the next reading. Where that goes on from
/// before, the held step never was. Where it goes on from the held reading at about the same rate, the step was real.
/// Else the counter broke off: what was counted meanwhile is not known. A counter that stands again where it broke off
/// breaks off once more, since it did not count its way back.
struct CounterWatch: Hashable, Sendable {
    /// A counter's value and when it was read.
    struct Look: Hashable, Sendable {
        let count: UInt64
        let at: BootTime
    }

    /// What a reading means.
    enum Verdict: Equatable {
        /// It counted so many microjoules since the last reading that counts.
        case counts(UInt64)
        /// It does not count before another one confirms it.
        case held
        /// It goes on from here; what it counted since the last reading that counts is not known.
        case brokeOff
    }

    /// The mean over a step is at most so many times that over the step that confirms it.
    private static let steadiness: UInt128 = 4

    private var held: Look?
    /// What the counter showed before it broke off last; nil once it is beyond that.
    private var lost: UInt64?
    /// What it showed when it was last believed.
    private var newest: Look?

    /// What `new` means after `old`, the last reading that counts.
    mutating func judge(_ new: Look, after old: Look, _ configuration: MeterConfiguration) -> Verdict {
        func step(_ first: Look, _ second: Look, _ most: Power) -> UInt64? {
            CounterWatch.step(from: first, to: second, atMost: most, configuration)
        }
        if let step = step(old, new, configuration.maximumPower), !isReturn(from: old, to: new) {
            believe(new)
            if let lost, new.count >= lost { self.lost = nil }
            return .counts(step)
        }
        guard let before = held, let last = step(before, new, configuration.believablePower) else {
            held = new
            return .held
        }
        believe(new)
        let whole = step(old, new, configuration.believablePower)
        let returns = isReturn(from: old, to: new)
        if let whole, whole >= last, !returns {
            // The means over both steps, each times both lengths of time.
            let first = UInt128(whole - last) * UInt128(max(1, new.at.since(before.at).milliseconds))
            let second = UInt128(last) * UInt128(max(1, before.at.since(old.at).milliseconds))
            if first <= CounterWatch.steadiness * second { return .counts(whole) }
        }
        lost = returns ? nil : old.count
        return .brokeOff
    }

    /// What `new` means where nothing is counted from the last reading to it: a counter may have broken off there too.
    mutating func resume(at new: Look, _ configuration: MeterConfiguration) -> Verdict {
        let most = configuration.believablePower
        if let newest, CounterWatch.step(from: newest, to: new, atMost: most, configuration) == nil {
            guard let before = held, CounterWatch.step(from: before, to: new, atMost: most, configuration) != nil else {
                held = new
                return .held
            }
            lost = new.count < newest.count ? newest.count : nil
            believe(new)
            return .brokeOff
        }
        if let newest, new.count < newest.count { lost = newest.count }
        believe(new)
        return .counts(0)
    }

    private mutating func believe(_ new: Look) {
        held = nil
        newest = new
    }

    /// Whether a step leads from near zero to where the counter broke off.
    private func isReturn(from old: Look, to new: Look) -> Bool {
        guard let lost, old.count < lost, lost <= new.count else { return false }
        return new.count - old.count > lost / 2
    }

    /// Microjoules between two readings; nil where neither power up to `most` nor one wrap explains them.
    private static func step(
        from old: Look, to new: Look, atMost most: Power, _ configuration: MeterConfiguration
    ) -> UInt64? {
        let step: UInt128
        if new.count >= old.count {
            step = UInt128(new.count - old.count)
        } else {
            guard let range = configuration.counterRange?.microjoules, old.count <= range else { return nil }
            step = UInt128(range - old.count) + UInt128(new.count)
        }
        let span = new.at.since(old.at) + MeterLimits.counterLatency + configuration.counterRefresh
        let limit = UInt128(max(0, most.held(for: span).millijoules)) * 1000
        return step <= limit + UInt128(configuration.counterStep.microjoules) ? UInt64(step) : nil
    }
}
