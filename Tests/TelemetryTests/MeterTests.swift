import Quantities
import Telemetry
import Testing

private let boot = Bytes16(bits: 1)

private func milliseconds(_ value: Int64) -> BootTime { BootTime(milliseconds: value) }
private func microjoules(_ value: UInt64) -> EnergyRegister { EnergyRegister(microjoules: value) }

private func powerMeter(
    at: Int64 = 0, step: Int64 = 98, direction: MeterDirection = .forward, maximum: Int64 = 1_000_000
) -> Meter {
    Meter(
        MeterConfiguration(
            samplePeriod: .seconds(1), sensorStep: Power(milliwatts: step),
            maximumPower: Power(milliwatts: maximum), direction: direction),
        bootID: boot, at: milliseconds(at))
}

private func counterMeter(range: UInt64? = nil, maximum: Int64 = 1_000_000) -> Meter {
    Meter(
        MeterConfiguration(
            samplePeriod: .seconds(1), sensorStep: .zero, counterStep: microjoules(1000),
            counterRange: range.map(microjoules), maximumPower: Power(milliwatts: maximum)),
        bootID: boot, at: .origin)
}

extension Meter {
    @discardableResult
    fileprivate mutating func power(_ milliwatts: Int64, at: Int64) -> MeterOutcome {
        record(MeterReading(at: milliseconds(at), power: Power(milliwatts: milliwatts)))
    }

    @discardableResult
    fileprivate mutating func counter(_ value: UInt64, at: Int64) -> MeterOutcome {
        record(MeterReading(at: milliseconds(at), counter: microjoules(value)))
    }
}

@Suite struct MeterTests {
    @Test func `a constant power for ten seconds is exact, and the window holds it all`() throws {
        var meter = powerMeter()
        for second in 0...10 { meter.power(15_000, at: Int64(second) * 1000) }
        let window = try meter.closed(at: 10_000)
        #expect(window.registerStart == .zero)
        #expect(window.registerEnd == microjoules(150_000_000))
        #expect(window.length == .seconds(10))
        #expect(window.covered == .seconds(10))
        #expect(window.samples == 11)
        #expect(window.expected == 11)
        #expect(window.mean == Power(milliwatts: 15_000))
        #expect(window.peak == Power(milliwatts: 15_000))
        // Of a load that was just met nothing is known between the readings.
        #expect(window.errorBoundPermille == MeterLimits.errorBoundCeilingPermille)
    }

    @Test func `a trapezoid lies between two samples`() {
        var meter = powerMeter()
        meter.power(5000, at: 0)
        #expect(meter.power(15_000, at: 1000) == .counted)
        #expect(meter.register == microjoules(10_000_000))
    }

    @Test func `what is below a microjoule is carried, not lost`() {
        var meter = powerMeter()
        meter.record(MeterReading(at: .origin, power: Power(microwatts: 1)))
        // 1 µW over 1 ms is a nanojoule; 2000 of them are two microjoules.
        for time in 1...2000 {
            meter.record(MeterReading(at: milliseconds(Int64(time)), power: Power(microwatts: 1)))
        }
        #expect(meter.register == microjoules(2))
    }

    @Test func `three periods are bridged, one millisecond more is a gap that adds nothing`() throws {
        var meter = powerMeter()
        meter.power(10_000, at: 0)
        #expect(meter.power(10_000, at: 3000) == .counted)
        #expect(meter.register == microjoules(30_000_000))
        #expect(meter.power(10_000, at: 6001) == .gap(.milliseconds(3001)))
        #expect(meter.register == microjoules(30_000_000))
        meter.power(10_000, at: 7001)
        let window = try meter.closed(at: 7001)
        #expect(window.gap == .milliseconds(3001))
        #expect(window.covered == .milliseconds(4000))
        #expect(window.registerEnd == microjoules(40_000_000))
        #expect(window.samples == 4)
        #expect(window.expected == 7)
    }

    @Test func `a negative reading counts as none`() {
        var meter = powerMeter(step: 393)
        for second in 0...3 { meter.power(-392, at: Int64(second) * 1000) }
        #expect(meter.register == .zero)
    }

    @Test func `a reading beyond the source's possibilities is a lost sample`() {
        var meter = powerMeter(maximum: 60_000)
        #expect(meter.power(60_001, at: 0) == .unreadable)
        #expect(meter.power(-60_001, at: 0) == .unreadable)
        #expect(meter.record(MeterReading(at: .origin, power: Power(microwatts: .max))) == .unreadable)
        #expect(meter.record(MeterReading(at: .origin, power: Power(microwatts: .min))) == .unreadable)
        #expect(meter.record(MeterReading(at: .origin)) == .unreadable)
        #expect(meter.lastReadingAt == nil)
    }

    @Test(arguments: [999, 1000, Int64.min])
    func `a reading that is not later than the last one changes nothing`(at: Int64) {
        var meter = powerMeter(at: 500)
        meter.power(5000, at: 1000)
        #expect(meter.power(50_000, at: at) == .stale)
        #expect(meter.register == .zero)
    }

    @Test func `a window that ends between two samples shares one register value with the next`() throws {
        var meter = powerMeter()
        for time in [0, 900, 1900, 2900, 3900] as [Int64] { meter.power(10_000 + time, at: time) }
        let first = try meter.closed(at: 3000, now: 3900)
        // In the last interval the mean is 13.4 W: 3.9 s read less 0.9 s of it.
        #expect(first.end == milliseconds(3000))
        #expect(first.registerEnd == microjoules(46_605_000 - 12_060_000))
        #expect(first.samples == 4)
        meter.power(10_000, at: 4900)
        let second = try meter.closed(at: 4900)
        #expect(second.start == first.end)
        #expect(second.registerStart == first.registerEnd)
        #expect(second.registerEnd == meter.register)
        #expect(second.samples == 2)
        #expect(first.covered + second.covered == .milliseconds(4900))
    }

    @Test func `a window cannot end before its end is decided`() throws {
        var meter = powerMeter()
        meter.power(10_000, at: 0)
        meter.power(10_000, at: 1000)
        #expect(meter.closeWindow(at: .origin, now: milliseconds(1000)) == nil)
        #expect(meter.closeWindow(at: milliseconds(1001), now: milliseconds(1001)) == nil)
        #expect(meter.closeWindow(at: milliseconds(1001), now: milliseconds(4000)) == nil)
        #expect(meter.closeWindow(at: milliseconds(9000), now: milliseconds(8999)) == nil)
        let window = try meter.closed(at: 4001)
        #expect(window.registerEnd == microjoules(10_000_000))
        #expect(window.gap == .milliseconds(3001))
        // The gap goes on in the next window, although this reading is near that window's start.
        #expect(meter.power(10_000, at: 4500) == .gap(.milliseconds(499)))
        #expect(meter.power(10_000, at: 3900) == .stale)
    }

    @Test func `a window asked for too late ends where it still can be told`() throws {
        var meter = powerMeter()
        for second in 0...5 { meter.power(10_000, at: Int64(second) * 1000) }
        let window = try meter.closed(at: 2500, now: 5000)
        #expect(window.end == milliseconds(4000))
        #expect(window.registerEnd == microjoules(40_000_000))
    }

    @Test func `a source that is never read has windows that are all gap`() throws {
        var meter = powerMeter(at: 100)
        let window = try meter.closed(at: 10_100)
        #expect(window.gap == .seconds(10))
        #expect(window.covered == .zero)
        #expect(window.expected == 10)
        #expect(window.samples == 0)
        #expect(window.errorBoundPermille == MeterLimits.errorBoundCeilingPermille)
        #expect(window.mean == .zero)
    }

    @Test func `many windows at odd places add up to the register`() throws {
        var meter = powerMeter()
        var windows: [MeterWindow] = []
        for sample in 0...400 {
            let time = Int64(sample) * 1000 + Int64(sample * 7919 % 400)
            meter.power(5000 + Int64(sample * 104_729 % 20_000), at: time)
            let boundary = Int64(windows.count + 1) * 7331
            if time >= boundary, let window = meter.closeWindow(at: milliseconds(boundary), now: milliseconds(time)) {
                windows.append(window)
            }
        }
        #expect(windows.count == 54)
        for (before, after) in zip(windows, windows.dropFirst()) {
            #expect(before.end == after.start)
            #expect(before.registerEnd == after.registerStart)
            #expect(after.mean <= after.peak)
            #expect(after.gap == .zero)
        }
        let samples = windows.reduce(0) { $0 + $1.samples }
        let last = try #require(windows.last)
        #expect(samples == UInt64(last.end.milliseconds / 1000) + (last.end.milliseconds % 1000 > 400 ? 1 : 0))
    }

    // MARK: Counters

    @Test func `a counter is preferred over the power beside it`() {
        var meter = counterMeter()
        meter.record(MeterReading(at: .origin, power: Power(milliwatts: 1), counter: microjoules(7_000_000)))
        meter.record(
            MeterReading(at: milliseconds(1000), power: Power(milliwatts: 1), counter: microjoules(12_000_000)))
        #expect(meter.register == microjoules(5_000_000))
    }

    @Test func `where a counter read fails once the power stands in`() {
        var meter = counterMeter()
        let power = Power(milliwatts: 4000)
        meter.record(MeterReading(at: .origin, power: power, counter: microjoules(0)))
        meter.record(MeterReading(at: milliseconds(1000), power: power))
        meter.record(MeterReading(at: milliseconds(2000), power: power, counter: microjoules(9_000_000)))
        #expect(meter.register == microjoules(8_000_000))
    }

    @Test func `RAPL's counter wraps at its range`() {
        // The range of a real package domain.
        var meter = counterMeter(range: 262_143_328_850)
        meter.counter(262_143_000_000, at: 0)
        #expect(meter.counter(671_150, at: 1000) == .counted)
        #expect(meter.register == microjoules(1_000_000))
        #expect(meter.epoch == 1)
    }

    @Test func `a counter that falls without a wrap begins a new epoch and says why`() throws {
        var meter = counterMeter()
        meter.counter(1_000_000, at: 0)
        meter.counter(6_000_000, at: 1000)
        #expect(meter.counter(0, at: 2000) == .unreadable)
        let outcome = meter.counter(3_000_000, at: 3000)
        guard case .newEpoch(.counterReset, let last) = outcome else {
            Issue.record("the counter fell")
            return
        }
        let window = try #require(last)
        #expect(window.epoch == 1)
        #expect(window.registerEnd == microjoules(5_000_000))
        #expect(window.end == milliseconds(1000))
        #expect(meter.epoch == 2)
        #expect(meter.epochReason == .counterReset)
        #expect(meter.register == .zero)
        #expect(meter.windowStart == milliseconds(1000))
        meter.counter(6_000_000, at: 4000)
        let next = try meter.closed(at: 4000)
        #expect(next.epoch == 2)
        #expect(next.registerStart == .zero)
        #expect(next.registerEnd == microjoules(3_000_000))
        #expect(next.gap == .milliseconds(2000))
    }

    @Test func `a reset that looks like a wrap is found out by the power it would need`() {
        var meter = counterMeter(range: 262_143_328_850, maximum: 500_000)
        meter.counter(5_000_000_000, at: 0)
        #expect(meter.counter(1_000_000, at: 1000) == .unreadable)
        guard case .newEpoch(.counterReset, lastWindow: nil) = meter.counter(2_000_000, at: 2000) else {
            Issue.record("257 GJ in a second is no wrap")
            return
        }
    }

    @Test func `a counter that leaps ahead is not believed`() {
        var meter = counterMeter(maximum: 500_000)
        meter.counter(0, at: 0)
        #expect(meter.counter(.max, at: 1000) == .unreadable)
        guard case .newEpoch(.counterReset, _) = meter.counter(.max, at: 2000) else {
            Issue.record("no source gives that")
            return
        }
    }

    @Test func `a counter does not bridge a gap either`() {
        var meter = counterMeter()
        meter.counter(0, at: 0)
        #expect(meter.counter(50_000_000, at: 5000) == .gap(.seconds(5)))
        #expect(meter.counter(60_000_000, at: 6000) == .counted)
        #expect(meter.register == microjoules(10_000_000))
    }

    @Test func `a full register begins a new epoch instead of overflowing`() throws {
        var meter = Meter(
            MeterConfiguration(samplePeriod: .seconds(3600), sensorStep: .zero), bootID: boot, at: .origin)
        var windows: [MeterWindow] = []
        var hour: Int64 = 0
        while meter.epoch == 1, hour < 10_000 {
            if case .newEpoch(.registerFull, let last) = meter.power(1_000_000_000, at: hour * 3_600_000) {
                windows.append(try #require(last))
            }
            hour += 1
        }
        // 2^53 mJ at 1 MW is 2501 hours and a bit.
        #expect(hour == 2503)
        #expect(windows.first?.registerEnd == microjoules(2501 * 3_600_000_000_000_000))
        #expect(meter.register == .zero)
    }

    // MARK: A battery

    @Test func `a battery that charges and then discharges counts the net output`() {
        var meter = powerMeter(direction: .netOutput)
        for (second, power) in [-10_000, -10_000, -10_000, 10_000, 10_000, 10_000, 10_000].enumerated() {
            meter.power(Int64(power), at: Int64(second) * 1000)
        }
        // In: 20 J; the turn: 0 J; out: 30 J.
        #expect(meter.register == microjoules(10_000_000))
    }

    @Test func `output before an intake in the same window is taken off the next one`() throws {
        var meter = powerMeter(direction: .netOutput)
        for (second, power) in [10_000, 10_000, -10_000, -10_000].enumerated() {
            meter.power(Int64(power), at: Int64(second) * 1000)
        }
        let first = try meter.closed(at: 3000)
        #expect(first.registerEnd == microjoules(10_000_000))
        meter.power(10_000, at: 4000)
        meter.power(10_000, at: 5000)
        #expect(meter.register == microjoules(10_000_000))
        meter.power(10_000, at: 6000)
        #expect(meter.register == microjoules(20_000_000))
    }

    // MARK: Points and intervals

    @Test func `the register between two samples is a straight line, and beyond them an estimate`() {
        var meter = powerMeter()
        meter.power(10_000, at: 1000)
        meter.power(20_000, at: 2000)
        #expect(
            meter.register(at: milliseconds(1500))
                == MeterRegisterReading(register: microjoules(7_500_000), isSettled: true))
        #expect(meter.register(at: milliseconds(2000))?.register == microjoules(15_000_000))
        #expect(
            meter.register(at: milliseconds(2100))
                == MeterRegisterReading(register: microjoules(17_000_000), isSettled: false))
        #expect(
            meter.register(at: milliseconds(9000))
                == MeterRegisterReading(register: microjoules(15_000_000), isSettled: true))
        #expect(meter.register(at: milliseconds(-1)) == nil)
    }

    @Test func `before the first reading, and in the silence after a gap, the register is where it was`() throws {
        var meter = powerMeter(at: 500)
        let none = MeterRegisterReading(register: .zero, isSettled: false)
        #expect(meter.register(at: milliseconds(600)) == none)
        #expect(meter.register(at: milliseconds(499)) == nil)
        meter.power(10_000, at: 1000)
        meter.power(10_000, at: 2000)
        _ = try meter.closed(at: 9000)
        let still = MeterRegisterReading(register: microjoules(10_000_000), isSettled: false)
        #expect(meter.register(at: milliseconds(9500)) == still)
        #expect(meter.register(at: milliseconds(8000))?.isSettled == true)
    }

    @Test func `only the newest intervals are remembered`() {
        var meter = powerMeter()
        for second in 0...(MeterLimits.history + 9) { meter.power(1000, at: Int64(second) * 1000) }
        // The first reading made an interval without length.
        #expect(meter.register(at: milliseconds(8500)) == nil)
        #expect(meter.register(at: milliseconds(9500))?.register == microjoules(9_500_000))
        #expect(meter.register(at: milliseconds(260_500))?.register == microjoules(260_500_000))
    }

    @Test func `a task's energy comes with how far it may be wrong`() throws {
        var meter = powerMeter()
        for second in 0...3 { meter.power(second < 2 ? 5000 : 15_000, at: Int64(second) * 1000) }
        let interval = try #require(meter.interval(from: milliseconds(500), to: milliseconds(2500)))
        #expect(interval.registerStart == microjoules(2_500_000))
        #expect(interval.registerEnd == microjoules(22_500_000))
        #expect(interval.isSettled)
        #expect(interval.gap == .zero)
        // Half a step for two seconds, and half of 10 W in the second of the change.
        #expect(interval.errorBound == Energy(millijoules: 98 + 5000))
        let short = try #require(meter.interval(from: milliseconds(2990), to: milliseconds(3010)))
        #expect(!short.isSettled)
        #expect(short.errorBound > short.registerEnd.energy - short.registerStart.energy - Energy(millijoules: 151))
        #expect(meter.interval(from: milliseconds(2), to: milliseconds(1)) == nil)
    }
}
