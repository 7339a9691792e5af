import Quantities
import Telemetry
import TestKit
import Testing

/// A source of a steady load whose counter is read once a second, at any moment of it.
private struct StandingCounter {
    let milliwatts: Int64
    /// The counter's step, in µJ.
    var step: UInt64 = 61
    /// From when to when it does not count, in ms; what it missed it then shows at once.
    var still: Range<Int64> = 0..<0
    /// What the source shows of its own power while it stands still.
    var power: Power?
    var alwaysDraws = false

    func count(at time: Int64) -> UInt64 {
        let shown = still.contains(time) ? still.lowerBound : time
        return 1_000_000_000 + UInt64(milliwatts * shown) / step * step
    }

    /// The windows of `seconds` seconds, and the meter at their end.
    func metered(seconds: Int64, seed: UInt64) -> (windows: [MeterWindow], meter: Meter) {
        let most = Power(milliwatts: milliwatts * (step < 1_000_000 ? 4 : 40))
        let configuration = MeterConfiguration(
            samplePeriod: .seconds(1), sensorStep: .zero, counterStep: EnergyRegister(microjoules: 61),
            maximumPower: most, believablePower: Power(milliwatts: milliwatts * 40),
            counterRefresh: .milliseconds(1), alwaysDraws: alwaysDraws)
        var meter = Meter(configuration, bootID: .zero, at: .origin)
        var rhythm = SamplingRhythm(period: .seconds(1), start: .origin, seed: seed)
        var windows: [MeterWindow] = []
        while rhythm.due.milliseconds < seconds * 1000 {
            let at = rhythm.due
            rhythm.advance(past: at)
            let isStill = still.contains(at.milliseconds)
            let reading = MeterReading(
                at: at, power: isStill ? power : nil,
                counter: EnergyRegister(microjoules: count(at: at.milliseconds)))
            if case .newEpoch(_, let last?) = meter.record(reading) { windows.append(last) }
            while let window = meter.closeWindow(at: meter.windowStart + .seconds(10), now: at) {
                windows.append(window)
            }
        }
        return (windows, meter)
    }

    /// Whether the true energy of `window` lies within its bound.
    func holds(_ window: MeterWindow) -> Bool {
        if window.errorBoundPermille == MeterLimits.errorBoundCeilingPermille { return true }
        let truth = milliwatts * window.length.milliseconds
        let drawn = Int64(window.registerEnd.microjoules - window.registerStart.microjoules)
        return abs(truth - drawn) <= drawn / 1000 * Int64(window.errorBoundPermille) + 1000
    }
}

@Suite struct `a counter that stands still` {
    @Test(arguments: [300, 1000, 1500, 2500, 5000, 20_000] as [Int64])
    func `and then shows what it missed is within the bound of every window, wherever it stops`(length: Int64) {
        for seed in 1...200 as ClosedRange<UInt64> {
            let start = 25_000 + Int64(seed) * 97
            let counter = StandingCounter(milliwatts: 50_000, still: start..<(start + length))
            let metered = counter.metered(seconds: 90, seed: seed)
            #expect(metered.windows.count >= 6)
            #expect(metered.windows.allSatisfy { counter.holds($0) }, "seed \(seed)")
            #expect(metered.meter.epoch == 1)
            // Nobody is told of more than there was.
            #expect(Int64(metered.meter.register.microjoules) <= 50_000 * 90_000)
            if length >= 5000 { #expect(metered.windows.contains { $0.gap > .seconds(2) }) }
            // What came before is known as well as ever.
            #expect(metered.windows.allSatisfy { $0.end.milliseconds > start - 2000 || $0.errorBoundPermille <= 2 })
        }
    }

    @Test(arguments: [true, false])
    func `for good ends as a gap`(alwaysDraws: Bool) throws {
        let counter = StandingCounter(milliwatts: 50_000, still: 30_500..<1_000_000, alwaysDraws: alwaysDraws)
        let metered = counter.metered(seconds: 120, seed: 7)
        let last = try #require(metered.windows.last)
        #expect(last.covered == .zero && last.samples == 0)
        #expect(metered.windows.allSatisfy { counter.holds($0) })
        #expect(metered.meter.register.energy <= Energy(millijoules: 50_000 * 305 / 10))
    }

    @Test func `from the start measures nothing of what always draws something`() {
        var counter = StandingCounter(milliwatts: 50_000, still: 0..<1_000_000, alwaysDraws: true)
        let dead = counter.metered(seconds: 60, seed: 3)
        #expect(dead.windows.count >= 4 && dead.windows.dropFirst().allSatisfy { $0.covered == .zero })
        // Of anything else it may be that nothing was drawn.
        counter.alwaysDraws = false
        let idle = counter.metered(seconds: 60, seed: 3)
        #expect(idle.windows.count >= 4 && idle.windows.allSatisfy { $0.gap == .zero && $0.peak == .zero })
    }

    @Test func `while its source shows that it draws nothing has nothing to count`() {
        let counter = StandingCounter(milliwatts: 50_000, still: 30_000..<1_000_000, power: .zero)
        let metered = counter.metered(seconds: 120, seed: 7)
        #expect(metered.windows.allSatisfy { $0.gap == .zero })
        #expect(metered.meter.register.microjoules == 50_000 * 30_000 / 61 * 61)
    }

    @Test func `while its source shows its power is left for that`() {
        let power = Power(milliwatts: 50_000)
        let counter = StandingCounter(milliwatts: 50_000, still: 31_000..<51_000, power: power)
        let metered = counter.metered(seconds: 120, seed: 7)
        #expect(metered.windows.allSatisfy { counter.holds($0) })
        #expect(metered.windows.reduce(0) { $0 + $1.gap.milliseconds } < 5000)
    }

    @Test(arguments: [500_000, 1_500_000, 3_000_000] as [Int64])
    func `within its own step, as one of watt-hours does, has nothing to count`(milliwatts: Int64) {
        let counter = StandingCounter(milliwatts: milliwatts, step: 3_600_000_000)
        let metered = counter.metered(seconds: 900, seed: 5)
        #expect(metered.windows.count >= 80 && metered.windows.allSatisfy { $0.gap == .zero && $0.samples >= 9 })
        #expect(metered.windows.allSatisfy { $0.length < .seconds(12) })
        #expect(metered.meter.epoch == 1)
        #expect(milliwatts * 899_000 - Int64(metered.meter.register.microjoules) < 3_600_000_000 + milliwatts * 1000)
    }
}

@Suite struct `a counter that jumps` {
    @Test(arguments: [100_000_000_000, 15_000_000_000, -1_000_000_000] as [Int64])
    func `as no power explains begins a new epoch, at whatever moments it is read`(jump: Int64) throws {
        for seed in 1...100 as ClosedRange<UInt64> {
            let configuration = MeterConfiguration(
                samplePeriod: .seconds(1), sensorStep: .zero, counterStep: EnergyRegister(microjoules: 1000),
                maximumPower: Power(milliwatts: 250_000), believablePower: Power(milliwatts: 2_000_000),
                counterRefresh: .milliseconds(1), alwaysDraws: true)
            var meter = Meter(configuration, bootID: .zero, at: .origin)
            // As it comes from the file of a processor's counter.
            var counter = EnergyCounter(range: EnergyRegister(microjoules: 262_143_328_850))
            var rhythm = SamplingRhythm(period: .seconds(1), start: .origin, seed: seed)
            var reasons: [MeterEpochReason] = []
            while rhythm.due.milliseconds < 60_000 {
                let at = rhythm.due
                rhythm.advance(past: at)
                let shown = 2_000_000_000 + 50_000 * at.milliseconds + (at.milliseconds >= 30_000 ? jump : 0)
                guard let read = counter.advance(to: UInt64(shown), at: at) else { continue }
                if case .newEpoch(let reason, _) = meter.record(MeterReading(at: at, counter: read.register)) {
                    reasons.append(reason)
                }
            }
            #expect(reasons == [.counterReset], "seed \(seed)")
            #expect(meter.register.microjoules <= 50_000 * 30_000)
        }
    }
}
