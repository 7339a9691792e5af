import Quantities

/// Turns readings of one source into a monotone cumulative energy register.
///
/// The register advances by the source's own counter where both ends of an interval have one, else
/// by the trapezoid of the two powers, on boot time. An interval longer than three sample periods
/// adds nothing and is counted as a gap, whatever the counter says. Inside an interval the register
/// is a straight line, so a window may end, and a task begin, between two samples, and the windows
/// on both sides share one register value: no energy is lost or counted twice. A window can be
/// closed as soon as the interval that holds its end is known. An interval that a counter measured, or
/// a sensor that averages over all of it, is never cut: nobody knows how its energy was spread.
///
/// The error bound holds for every power over time of this class: between two readings *p* and *q* it
/// stays between the lower and the higher one, widened on both sides by half the sensor's step and by
/// the largest change between two neighbouring readings that the last `MeterLimits.memory` intervals
/// show; until so many have been seen, by anything up to `MeterConfiguration.maximumPower`. Squares
/// and bursts are in it, whatever their length, once their like was seen. Only the first burst that
/// falls between two readings of a source that was steady all that time is not: a sensor that shows
/// moments cannot tell it from none. Nor can one that shows means tell a load that repeats as often as
/// it takes them, or a whole number of times as often, from a steady one. What a counter measured has no such
/// exception, but for the first time that it stands still for less than two looks while the load changes: energy that
/// it shows late is then put into the next window. A sensor's gain error is not in the bound.
public struct Meter: Sendable {
    /// What the meter knows about its source.
    public private(set) var configuration: MeterConfiguration
    /// The boot whose timeline the readings are on.
    public let bootID: Bytes16
    /// The register's epoch.
    public private(set) var epoch: UInt64
    /// Why that epoch began.
    public private(set) var epochReason: MeterEpochReason

    /// The newest reading from which the next interval can be measured.
    private var last: MeterReading?
    /// Register at the newest reading.
    private var total: UInt128
    /// A battery's intake that has to be given back before its output counts again.
    private var deficit: UInt128
    private var tally: MeterTally
    /// The newest interval, and up to where the tally holds it.
    private var newest: MeterSegment?
    private var foldedUpTo: BootTime
    private var history = MeterHistory()
    private var swing = MeterSwing()
    /// Power that the source can have at most, as far as its readings show.
    private var most: Power
    /// When the load was last looked at; nil before the first reading.
    private var lookedAt: BootTime?
    /// Mean power of the last interval that the counter measured.
    private var lastMean: Power?
    private var counterWatch = CounterWatch()
    private var counterPace = CounterPace()
    /// What the counter showed up to the newest reading, and up to the one before.
    private var stretch: CountedStretch?
    private var stretchBefore: CountedStretch?
    /// The last reading before the counter stood still, and how much it may have missed by then.
    private var stall: (at: BootTime, missed: UInt128)?

    /// A meter whose register starts at zero.
    ///
    /// - Parameters:
    ///   - at: where its first window begins.
    ///   - epoch: 1 for a source never seen; above every earlier epoch after a loss of state.
    public init(
        _ configuration: MeterConfiguration, bootID: Bytes16, at: BootTime, epoch: UInt64 = 1,
        because reason: MeterEpochReason = .firstStart
    ) {
        self.init(
            configuration, bootID: bootID, windowStart: at, epoch: epoch, reason: reason, total: 0, deficit: 0)
    }

    /// A meter that goes on from `state` at `at`, after a restart of the program or of the board.
    ///
    /// Within the same boot the first window begins where the last one ended, and the time in
    /// between is a gap; in another boot it begins at `at`. Neither way is energy counted for the
    /// time in between. Boot time that went back begins a new epoch. What was known of the load still counts
    /// where readings go on within `MeterLimits.memory` sample periods.
    public init(resuming state: MeterState, _ configuration: MeterConfiguration, bootID: Bytes16, at: BootTime) {
        if state.bootID == bootID, at < state.windowEnd {
            self.init(following: state, configuration, bootID: bootID, at: at, because: .clockWentBack)
            return
        }
        self.init(
            configuration, bootID: bootID, windowStart: state.bootID == bootID ? state.windowEnd : at,
            epoch: state.epoch, reason: state.epochReason, total: state.total, deficit: state.deficit)
        // Another boot has another load, and how long nobody looked is not known then.
        guard state.bootID == bootID, let memory = state.memory, memory.fits(configuration) else { return }
        swing = MeterSwing(memory)
        lookedAt = state.windowEnd
    }

    /// A meter in the epoch after that of `state`, for a source whose register cannot go on.
    ///
    /// Within the same boot its first window begins where the last one ended, in another boot at `at`.
    public init(
        following state: MeterState, _ configuration: MeterConfiguration, bootID: Bytes16, at: BootTime,
        because reason: MeterEpochReason
    ) {
        self.init(
            configuration, bootID: bootID, windowStart: state.bootID == bootID ? state.windowEnd : at,
            epoch: state.epoch &+ 1, reason: reason, total: 0, deficit: 0)
    }

    private init(
        _ configuration: MeterConfiguration, bootID: Bytes16, windowStart: BootTime, epoch: UInt64,
        reason: MeterEpochReason, total: UInt128, deficit: UInt128
    ) {
        self.configuration = configuration
        self.bootID = bootID
        self.epoch = epoch
        self.epochReason = reason
        self.total = total
        self.deficit = deficit
        self.most = configuration.maximumPower
        self.tally = MeterTally(start: windowStart, startTotal: total, startDeficit: deficit)
        self.foldedUpTo = windowStart
    }

    /// The register at the newest reading.
    public var register: EnergyRegister { EnergyRegister(total: total) }

    /// Where the open window begins.
    public var windowStart: BootTime { tally.start }

    /// When the newest reading came; nil before the first and after a gap that a window ended in.
    public var lastReadingAt: BootTime? { last?.at }

    /// What to keep for a restart: the register at the end of the last closed window.
    public var state: MeterState {
        MeterState(
            epoch: epoch, epochReason: epochReason, bootID: bootID, windowEnd: tally.start, total: tally.startTotal,
            deficit: tally.startDeficit, memory: MeterMemory(swing, configuration))
    }

    // MARK: Readings

    /// Takes over what the source is believed to have from `other`, as where another power mode is set.
    ///
    /// What it may have had before stays possible.
    public mutating func believe(as other: MeterConfiguration) {
        configuration.maximumPower = other.maximumPower
        configuration.believablePower = other.believablePower
        most = max(most, other.maximumPower)
    }

    /// Takes in a reading.
    @discardableResult
    public mutating func record(_ reading: MeterReading) -> MeterOutcome {
        var reading = reading
        if let power = reading.power, power.microwatts.magnitude > UInt64(configuration.believablePower.microwatts) {
            reading.power = nil
        }
        if let last, reading.at <= last.at { return .stale }
        guard reading.at >= tally.start, reading.at >= foldedUpTo else { return .stale }
        guard reading.power != nil || reading.counter != nil else { return .unreadable }

        // What a load does that nobody watched for so long is not known any more.
        if let lookedAt, reading.at.since(lookedAt) > configuration.memorySpan { swing = MeterSwing() }
        lookedAt = reading.at
        if let power = reading.power { noteMost(power) }
        let look = reading.counter.map { CounterWatch.Look(count: $0.microjoules, at: reading.at) }
        if let look, isStalled(at: look, reading) {
            reading.counter = nil
            guard reading.power.map({ $0 > .zero }) ?? false else { return .unreadable }
        }
        var segment = MeterSegment(start: last?.at ?? foldedUpTo, end: reading.at, startTotal: total)
        segment.startDoubt = last?.doubt ?? .zero
        segment.endDoubt = reading.doubt
        switch advance(to: reading) {
        case .unmeasured: break
        case .held: return .unreadable
        case .measured(let signed, let measure, let peak, let greatest, let change):
            segment.measure = measure
            segment.peak = peak
            segment.greatest = greatest
            // Between the samples power lies between the two readings, each within half a step of the truth.
            segment.change = UInt128(change)
            segment.step = configuration.sensorStep + max(last?.voltageStep ?? .zero, reading.voltageStep)
            segment.errorPerMillisecond = segment.change + UInt128(segment.step.microwatts)
            segment.energy = output(of: signed)
        case .reset:
            if let look { counterPace.begin(at: look) }
            return beginEpoch(because: .counterReset, at: reading)
        }
        if let look, reading.counter != nil { counterPace.note(look) }
        guard segment.endTotal / MeterSegment.perMicrojoule <= UInt128(MeterLimits.largestRegister.microjoules) else {
            return beginEpoch(because: .registerFull, at: reading)
        }
        append(segment, endingWith: reading)
        return segment.measure == .gap && segment.end > segment.start
            ? .gap(segment.end.since(segment.start)) : .counted
    }

    private enum Advance {
        case unmeasured
        case held
        case measured(Int128, MeterSegment.Measure, peak: Power, greatest: Power, change: UInt64)
        case reset
    }

    /// What happened between the last reading and this one, in signed half nanojoules.
    private mutating func advance(to reading: MeterReading) -> Advance {
        guard let last, reading.at.since(last.at) <= configuration.gapLimit else {
            guard let count = reading.counter?.microjoules else { return .unmeasured }
            return switch counterWatch.resume(at: CounterWatch.Look(count: count, at: reading.at), configuration) {
            case .counts: .unmeasured
            case .held: .held
            case .brokeOff: .reset
            }
        }
        let span = reading.at.since(last.at)
        if let old = last.counter, let new = reading.counter {
            let advance: UInt64
            let (first, second) = (
                CounterWatch.Look(count: old.microjoules, at: last.at),
                CounterWatch.Look(count: new.microjoules, at: reading.at)
            )
            switch counterWatch.judge(second, after: first, configuration) {
            case .counts(let step): advance = step
            case .held: return .held
            case .brokeOff: return .reset
            }
            // µJ over ms is mW; rounded up, so that the peak is never below the mean.
            let mean = (UInt128(advance) * 1000 + UInt128(span.milliseconds) - 1) / UInt128(span.milliseconds)
            let greatest = max(
                Power(microwatts: Int64(clamping: mean)), last.power ?? .zero, reading.power ?? .zero)
            // Read as late as it may have been, it was drawn over so much more time: less is not to be claimed.
            let longest = UInt128((span + reading.doubt).milliseconds)
            let least = Power(microwatts: Int64(clamping: (UInt128(advance) * 1000 + longest - 1) / longest))
            noteMean(Power(microwatts: Int64(clamping: mean)), over: span)
            return .measured(
                Int128(advance) * Int128(MeterSegment.perMicrojoule), .counter,
                peak: max(least, last.power ?? .zero, reading.power ?? .zero), greatest: greatest, change: 0)
        }
        guard let first = last.power.map(counted), let second = reading.power.map(counted) else { return .unmeasured }
        let change = (second - first).microwatts.magnitude
        lastMean = nil
        // A change by one step may be rounding, or the whole of what the load does: the sensor cannot tell.
        swing.note(range(of: first, second, reading.looks), looks: reading.looks?.count ?? 0)
        let peak = max(first, second).clampedToZero
        return .measured(
            Int128((first + second).microwatts) * Int128(span.milliseconds), .power, peak: peak, greatest: peak,
            change: change)
    }

    /// Whether the counter stands still at `look`, part of `reading`, where it should have counted.
    ///
    /// Somewhere before the last reading that counts it stopped, so that this one may have missed something already.
    private mutating func isStalled(at look: CounterWatch.Look, _ reading: MeterReading) -> Bool {
        let wasStalled = counterPace.isStalled
        let draws = reading.power.map { $0 > .zero }
        guard counterPace.isStalled(at: look, doubt: reading.doubt, draws: draws, configuration) else { return false }
        if !wasStalled, let last, last.counter != nil {
            if let stall, stall.at >= tally.start { tally.error += stall.missed }
            stall = (last.at, missable(in: stretch))
        }
        return true
    }

    /// The most that a counter can have missed in `stretch`.
    private func missable(in stretch: CountedStretch?) -> UInt128 {
        stretch.map { 2 * UInt128(most.microwatts) * UInt128(max(0, $0.end.since($0.start).milliseconds)) } ?? 0
    }

    /// How far the powers are apart that two neighbouring readings and the looks between them show.
    private func range(of first: Power, _ second: Power, _ looks: PowerLooks?) -> Power {
        let least = min(first, second, looks.map { counted($0.least) } ?? first)
        let greatest = max(first, second, looks.map { counted($0.greatest) } ?? first)
        return Power(microwatts: Int64(clamping: (greatest - least).microwatts.magnitude))
    }

    /// Takes in how far the mean of a counted interval is from that of the one before.
    private mutating func noteMean(_ mean: Power, over span: TimeSpan) {
        // Two differences of readings that are each off by less than a step: µJ over ms is mW.
        let rounding = 2000 * UInt128(configuration.counterStep.microjoules) / UInt128(max(1, span.milliseconds))
        let change = lastMean.map { (mean - $0).microwatts.magnitude } ?? 0
        noteMost(mean)
        swing.note(UInt128(change) <= rounding ? .zero : Power(microwatts: Int64(clamping: change)))
        lastMean = mean
    }

    /// Takes in how much the source was seen to have.
    private mutating func noteMost(_ power: Power) {
        // Whoever has more than it can have may have whatever is believed.
        if power.microwatts.magnitude > UInt64(configuration.maximumPower.microwatts) {
            most = max(most, configuration.believablePower)
        }
    }

    /// A power as it counts: below zero is a sensor's noise unless energy can flow both ways.
    private func counted(_ power: Power) -> Power {
        configuration.direction == .forward ? power.clampedToZero : power
    }

    /// What of `signed` energy counts; a battery first gives back what it took in.
    private mutating func output(of signed: Int128) -> UInt128 {
        guard signed > 0 else {
            let ceiling = UInt128(MeterLimits.largestRegister.microjoules) * MeterSegment.perMicrojoule
            deficit = min(ceiling, deficit + signed.magnitude)
            return 0
        }
        let repaid = min(deficit, signed.magnitude)
        deficit -= repaid
        return signed.magnitude - repaid
    }

    private mutating func append(_ segment: MeterSegment, endingWith reading: MeterReading) {
        fold(to: newest?.end ?? foldedUpTo)
        newest = segment
        foldedUpTo = segment.start
        stretchBefore = stretch
        stretch = segment.measure == .counter ? CountedStretch(segment, after: stretch, configuration) : nil
        // What it missed is in what it showed at once then.
        if segment.measure == .counter, let stall, stall.at == segment.start { self.stall = nil }
        total = segment.endTotal
        last = reading
        history.append(segment)
    }

    /// Brings the newest interval into the tally up to `end`.
    private mutating func fold(to end: BootTime) {
        guard let segment = newest else { return }
        // An interval that is wholly in the tally already must not count its last sample again.
        guard end > foldedUpTo || segment.start == segment.end else { return }
        tally.add(segment, from: foldedUpTo, to: end, configuration)
        foldedUpTo = end
        if end == segment.end { newest = nil }
    }

    private mutating func beginEpoch(because reason: MeterEpochReason, at reading: MeterReading) -> MeterOutcome {
        let end = last?.at ?? foldedUpTo
        fold(to: end)
        let lastWindow = end > tally.start ? endWindow(at: end, total: total) : nil
        epoch &+= 1
        epochReason = reason
        total = 0
        deficit = 0
        history = MeterHistory()
        tally = MeterTally(start: end, startTotal: 0, startDeficit: 0)
        foldedUpTo = end
        newest = nil
        stretch = nil
        stall = nil
        append(MeterSegment(start: end, end: reading.at, startTotal: 0), endingWith: reading)
        return .newEpoch(reason, lastWindow: lastWindow)
    }

    // MARK: Windows

    /// Ends the open window at `requested` and begins the next one there.
    ///
    /// Returns nil, and changes nothing, while the end cannot be decided: no reading at or after it
    /// has come, and one that measures across it still may. It is decided by the next reading, and
    /// at the latest when three sample periods have passed since the last one. Returns nil also for
    /// a window without length and for an end that lies after `now`. A point before the interval
    /// between the two newest readings can no longer be resolved; the window then ends at that
    /// interval's start. A point inside an interval that is not to be cut moves to that interval's end. Where a
    /// counter's readings end a window, the one after it has to show first that the counter was not late there.
    ///
    /// - Parameter isLast: whether no reading is to come, so that nothing is waited for.
    public mutating func closeWindow(at requested: BootTime, now: BootTime, isLast: Bool = false) -> MeterWindow? {
        guard requested > tally.start, requested <= now else { return nil }
        if let last, requested <= last.at {
            let end = decidedEnd(requested)
            guard end > tally.start else { return nil }
            guard isLast || now.since(last.at) > configuration.gapLimit || isConfirmed(end) else { return nil }
            let endTotal = newest?.total(at: end) ?? total
            fold(to: end)
            return endWindow(at: end, total: endTotal)
        }
        let silentSince = last?.at ?? foldedUpTo
        guard last == nil || now.since(silentSince) > configuration.gapLimit else { return nil }
        fold(to: silentSince)
        let gap = MeterSegment(start: silentSince, end: requested, startTotal: total)
        history.append(gap)
        tally.gap = tally.gap + requested.since(silentSince)
        last = nil
        foldedUpTo = requested
        return endWindow(at: requested, total: total)
    }

    /// Where a window that is to end at `requested`, not after the last reading, can end.
    private func decidedEnd(_ requested: BootTime) -> BootTime {
        let end = max(requested, foldedUpTo)
        guard let newest, end > newest.start, end < newest.end else { return end }
        let isAveraged = newest.measure == .power && configuration.averaging >= newest.end.since(newest.start)
        return newest.measure == .counter || isAveraged ? newest.end : end
    }

    /// Whether a counter, where one was read at `end`, has shown since that it went on.
    private func isConfirmed(_ end: BootTime) -> Bool {
        guard let newest, newest.measure == .counter, counterPace.isWatched(configuration) else { return true }
        return end < newest.end && !newest.isShort(configuration)
    }

    /// How much of what the counter showed after `end` may have been drawn before.
    ///
    /// A counter that stood still of late may do so at any reading; of another one only what looks like it counts.
    private func lateness(at end: BootTime) -> UInt128 {
        guard let before = stretch?.end == end ? stretch : stretchBefore, before.end == end, stall?.at != end
        else { return 0 }
        let hasStalled = counterPace.hasStalled(before: last?.at ?? end, configuration)
        guard let newest, newest.measure == .counter, newest.start == end else {
            return hasStalled ? missable(in: before) : 0
        }
        return hasStalled
            ? min(newest.energy, missable(in: before)) : before.lateness(before: newest, configuration)
    }

    /// The window up to `end`, where the register is `endTotal`; begins the next one.
    private mutating func endWindow(at end: BootTime, total endTotal: UInt128) -> MeterWindow {
        let energy = endTotal - tally.startTotal
        let late = lateness(at: end)
        tally.error += late
        // What it missed and did not show later belongs to the windows on both sides of its last reading.
        if let stall, stall.at >= tally.start, stall.at <= end { tally.error += stall.missed }
        let periods = end.since(tally.start).milliseconds / configuration.pace.milliseconds
        let window = MeterWindow(
            epoch: epoch, epochReason: epochReason, bootID: bootID, start: tally.start, end: end,
            registerStart: EnergyRegister(total: tally.startTotal), registerEnd: EnergyRegister(total: endTotal),
            gap: tally.gap, samples: tally.samples, expected: max(tally.samples, UInt64(max(0, periods))),
            peak: max(tally.peak, tally.mean(of: energy)),
            errorBoundPermille: tally.errorBoundPermille(
                energy: energy, swing: swing.unseen(atMost: most), most: most, configuration))
        // Output counted before an intake in the same window was not net: it is taken off the next one.
        deficit = min(deficit, energy)
        tally = MeterTally(start: end, startTotal: endTotal, startDeficit: deficit)
        tally.error = late
        return window
    }

    // MARK: Points and intervals

    /// The register at `time`, or nil where that lies before what is remembered.
    ///
    /// Complexity: linear in the intervals since `time`, at most `MeterLimits.history`.
    public func register(at time: BootTime) -> MeterRegisterReading? {
        if let last, time > last.at {
            let span = time.since(last.at)
            guard span <= configuration.gapLimit, let power = last.power?.clampedToZero else {
                return MeterRegisterReading(register: register, isSettled: span > configuration.gapLimit)
            }
            let held = 2 * UInt128(power.microwatts) * UInt128(span.milliseconds)
            return MeterRegisterReading(register: EnergyRegister(total: total + held), isSettled: false)
        }
        if last == nil, time >= foldedUpTo { return MeterRegisterReading(register: register, isSettled: false) }
        guard let segment = history.segment(at: time) else { return nil }
        return MeterRegisterReading(register: EnergyRegister(total: segment.total(at: time)), isSettled: true)
    }

    /// What was measured from `start` to `end`; nil where `start` lies before what is remembered or after `end`.
    ///
    /// Complexity: linear in the intervals since `start`, at most `MeterLimits.history`.
    public func interval(from start: BootTime, to end: BootTime) -> MeterInterval? {
        guard start <= end, let first = register(at: start), let second = register(at: end) else { return nil }
        var tally = MeterTally(start: start, startTotal: 0, startDeficit: 0)
        var ends: (first: TimeSpan, last: TimeSpan) = (.zero, .zero)
        for segment in history.segments where segment.end > start && segment.start < end {
            tally.add(segment, from: max(segment.start, start), to: min(segment.end, end), configuration)
            // They come in no order.
            if segment.start <= start { ends.first = segment.startDoubt }
            if segment.end >= end { ends.last = segment.endDoubt }
        }
        tally.startDoubt = ends.first
        tally.endDoubt = ends.last
        var error = tally.error + tally.late
        if tally.usedCounter {
            error += 2 * UInt128(configuration.counterStep.microjoules) * MeterSegment.perMicrojoule
        }
        // Beyond the newest reading the power is a guess that may be wholly wrong.
        if !second.isSettled, second.register > register {
            error += UInt128(second.register.microjoules - register.microjoules) * MeterSegment.perMicrojoule
        }
        let millijoules = (error + MeterSegment.perMillijoule - 1) / MeterSegment.perMillijoule
        return MeterInterval(
            registerStart: first.register, registerEnd: max(first.register, second.register), gap: tally.gap,
            errorBound: Energy(millijoules: Int64(clamping: millijoules)), isSettled: second.isSettled)
    }
}
