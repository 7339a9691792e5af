import Quantities
import Telemetry
import Testing

@Suite struct SamplingRhythmTests {
    private static let start = BootTime(milliseconds: 5000)

    @Test func `the first sample is due at once, and every period has one, anywhere in it`() {
        var rhythm = SamplingRhythm(period: .seconds(1), start: Self.start, seed: 1)
        #expect(rhythm.due == Self.start)
        var tenths = Array(repeating: 0, count: 10)
        for period in 1...5000 as ClosedRange<Int64> {
            rhythm.advance(past: rhythm.due)
            let into = rhythm.due.since(Self.start).milliseconds - period * 1000
            #expect((0..<1000).contains(into), "period \(period)")
            tenths[Int(into / 100)] += 1
        }
        #expect(tenths.allSatisfy { (400...600).contains($0) })
    }

    @Test func `periods that went by, as in sleep, are left out`() {
        var rhythm = SamplingRhythm(period: .seconds(1), start: Self.start, seed: 2)
        rhythm.advance(past: BootTime(milliseconds: 3_605_700))
        #expect((3_605_000..<3_607_000).contains(rhythm.due.milliseconds))
        rhythm.advance(past: rhythm.due)
        #expect(rhythm.due.milliseconds < 3_608_000)
    }

    @Test func `a load at the pace of the clock is met in all of its cycle`() {
        // Half of every second at 30 W: an even rhythm would read 30 W, or nothing, for ever.
        var rhythm = SamplingRhythm(period: .seconds(1), start: .origin, seed: 3)
        var meter = Meter(
            MeterConfiguration(samplePeriod: .seconds(1), sensorStep: .zero), bootID: .zero, at: .origin)
        for _ in 0..<1000 {
            let isHigh = rhythm.due.milliseconds % 1000 < 500
            meter.record(MeterReading(at: rhythm.due, power: Power(milliwatts: isHigh ? 30_000 : 0)))
            rhythm.advance(past: rhythm.due)
        }
        let mean = meter.register.microjoules / 1_000_000
        #expect((14_000...16_000).contains(mean))
    }

    @Test func `a period of a millisecond is even`() {
        var rhythm = SamplingRhythm(period: .milliseconds(1), start: .origin, seed: 4)
        for time in 1...10 as ClosedRange<Int64> {
            rhythm.advance(past: rhythm.due)
            #expect(rhythm.due == BootTime(milliseconds: time))
        }
    }
}
