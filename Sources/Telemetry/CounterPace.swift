import Quantities

/// Tells a counter that has stopped counting for a while from one that has nothing to count.
///
/// Some counters stand still for seconds and then show at once what they missed. Whoever believed them meanwhile would
/// put energy into the wrong window. A counter that moved in each of the last looks, by many of its steps, and then
/// does not move in a time in which its pace would have moved it by many, shows nothing of that time. Its step is the
/// largest number that divides all its movements: a meter that counts watt-hours, whatever unit it prints them in,
/// stands still within its step, which is a reading. So is one that stands while the source's own power is nothing.
struct CounterPace: Hashable, Sendable {
    /// So many movements in a row make a pace.
    private static let moves = 8
    /// So many steps are many.
    private static let manySteps: UInt128 = 8

    /// The newest look that counts.
    private var newest: CounterWatch.Look?
    /// Movements in a row, at most `moves`.
    private var moved = 0
    /// The mean of late; a single look hardly changes it.
    private var mean = Power.zero
    /// What divides all its movements, in µJ.
    private var step: UInt64 = 0
    /// Whether it stands still where it should count.
    private(set) var isStalled = false
    /// When it was last found to.
    private var stalledAt: BootTime?

    /// Whether it stood still where it should have counted, as late before `time` as loads are remembered.
    func hasStalled(before time: BootTime, _ configuration: MeterConfiguration) -> Bool {
        stalledAt.map { time.since($0) <= configuration.memorySpan } ?? false
    }

    /// Whether a look at which it does not move tells that it stands still.
    func isWatched(_ configuration: MeterConfiguration) -> Bool {
        guard moved >= CounterPace.moves else { return false }
        return isMany(over: configuration.samplePeriod, configuration)
    }

    /// Whether `look`, which may have been made `doubt` later, shows nothing since the counter stands still.
    ///
    /// - Parameter draws: whether the source draws something by its own power; nil where it has none.
    mutating func isStalled(
        at look: CounterWatch.Look, doubt: TimeSpan, draws: Bool?, _ configuration: MeterConfiguration
    ) -> Bool {
        guard let newest, look.count == newest.count, draws ?? true else { return false }
        if !isStalled {
            let span = look.at.since(newest.at) - configuration.counterRefresh - doubt
            if configuration.alwaysDraws {
                isStalled = span > .zero
            } else if isWatched(configuration) {
                isStalled = span > .zero && isMany(over: span, configuration)
            } else {
                moved = 0
            }
        }
        if isStalled { stalledAt = look.at }
        return isStalled
    }

    /// Takes in a look that counts.
    mutating func note(_ look: CounterWatch.Look) {
        isStalled = false
        guard let newest else {
            self.newest = look
            return
        }
        // While it does not move, the time counts from its last movement.
        guard look.count != newest.count || moved == 0 else { return }
        self.newest = look
        let span = look.at.since(newest.at).milliseconds
        guard look.count > newest.count, span > 0 else { return }
        let advance = look.count - newest.count
        // µJ over ms is mW.
        let power = Int64(clamping: UInt128(advance) * 1000 / UInt128(span))
        let late = moved == 0 ? power : Int64((Int128(mean.microwatts) * 7 + Int128(power)) / 8)
        mean = Power(microwatts: late)
        step = CounterPace.divisor(step, advance)
        moved = min(CounterPace.moves, moved + 1)
    }

    /// Forgets its pace, and goes on from `look`: the counter is another one now.
    mutating func begin(at look: CounterWatch.Look) {
        let known = stalledAt
        self = CounterPace()
        stalledAt = known
        newest = look
    }

    /// Whether the pace comes to many steps in `span`.
    private func isMany(over span: TimeSpan, _ configuration: MeterConfiguration) -> Bool {
        // µW × ms is nJ.
        let nanojoules = UInt128(max(0, mean.microwatts)) * UInt128(max(0, span.milliseconds))
        let step = max(step, configuration.counterStep.microjoules, 1)
        return nanojoules >= CounterPace.manySteps * UInt128(step) * 1000
    }

    /// The greatest common divisor, by Euclid.
    private static func divisor(_ first: UInt64, _ second: UInt64) -> UInt64 {
        var (larger, smaller) = (first, second)
        while smaller != 0 { (larger, smaller) = (smaller, larger % smaller) }
        return larger
    }
}
