import Quantities
import TestKit
import Testing

@testable import Telemetry

/// A meter of a source rated for 50 W, by a counter alone.
private func meter(_ period: Int64 = 1000) -> Meter {
    Meter(
        MeterConfiguration(
            samplePeriod: .milliseconds(period), sensorStep: .zero, counterStep: EnergyRegister(microjoules: 61),
            maximumPower: Power(milliwatts: 100_000), believablePower: Power(milliwatts: 800_000)),
        bootID: .zero, at: .origin)
}

/// What a counter at `start` shows of 20 W, once a second; what stands in `shown` it shows instead.
private func register(_ shown: [Int: UInt64], from start: UInt64, seconds: Int) -> (joules: Double, epoch: UInt64) {
    var meter = meter()
    for second in 0...seconds {
        let count = shown[second] ?? start + UInt64(second) * 20_000_000
        meter.record(
            MeterReading(at: BootTime(milliseconds: Int64(second) * 1000), counter: EnergyRegister(microjoules: count)))
    }
    return (Double(meter.register.microjoules) / 1_000_000, meter.epoch)
}

@Suite struct `a counter that shows what it did not count` {
    private static let start: UInt64 = 1_700_000_000

    @Test(arguments: [0, 1, 1_000_000_000, 2_900_000_000, 262_143_328_850, .max] as [UInt64])
    func `for one reading, changes nothing`(glitch: UInt64) {
        let found = register([30: glitch], from: Self.start, seconds: 60)
        #expect(found.joules == 1200)
        #expect(found.epoch == 1)
    }

    @Test(arguments: [0, 1_000_000_000, 2_900_000_000, 262_143_328_850] as [UInt64], [2, 3, 10])
    func `for longer, breaks off and counts nothing that it did not`(glitch: UInt64, length: Int) {
        var shown: [Int: UInt64] = [:]
        for second in 30..<(30 + length) { shown[second] = glitch }
        let found = register(shown, from: Self.start, seconds: 90)
        // In a register of its own, from the second reading after it was back.
        #expect(found.joules == Double(90 - 30 - length - 1) * 20)
        #expect(found.epoch == 3)
    }

    @Test func `soon after it began is not taken for more, although its whole count is no more than a second's`() {
        let found = register([3: 0, 4: 0, 5: 0], from: 20_000_000, seconds: 20)
        #expect(found.joules == 13 * 20)
    }

    @Test func `begins again after a reset, and passes where it stood without another`() {
        var shown: [Int: UInt64] = [:]
        for second in 30...200 { shown[second] = UInt64(second - 30) * 20_000_000 }
        let found = register(shown, from: Self.start, seconds: 200)
        #expect(found.epoch == 2)
        #expect(found.joules == Double(200 - 31) * 20)
    }

    @Test func `counts what is far above its rating where that lasts`() {
        var meter = meter()
        var count: UInt64 = 5_000_000
        for second in 0...60 {
            meter.record(
                MeterReading(
                    at: BootTime(milliseconds: Int64(second) * 1000), counter: EnergyRegister(microjoules: count)))
            count += (20..<40).contains(second) ? 600_000_000 : 20_000_000
        }
        #expect(meter.epoch == 1)
        #expect(meter.register == EnergyRegister(microjoules: 20 * 600_000_000 + 40 * 20_000_000))
    }

    /// Whatever comes between, no more is counted than the source gave, what a glitch can hide within a second, and
    /// what two of three readings can: the second may confirm the first, or the next reading the second.
    @Test(arguments: [UInt64.random(in: 0..<1_000_000), 548_775, 792_615])
    func `never counts more than there was, but for what can hide in it`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for run in 0..<2000 {
            var meter = meter()
            var (count, counted, hidden) = (UInt64.random(in: 0...3_000_000_000, using: &random), UInt64(0), UInt64(0))
            let first = count
            var (before, lastGlitch) = (meter.register.microjoules, Int.min / 2)
            for second in 0...120 {
                count += UInt64.random(in: 5_000_000...50_000_000, using: &random)
                var shown = count
                let isGlitch = Int.random(in: 0..<8, using: &random) == 0
                if isGlitch {
                    // Twice the rating for two seconds, or sixteen times for three.
                    hidden += second - lastGlitch <= 2 ? 2_400_000_000 : 200_000_000
                    lastGlitch = second
                    shown =
                        [0, .max, UInt64.random(in: 0...6_000_000_000, using: &random), count / 2, count * 2]
                        .randomElement(using: &random) ?? 0
                }
                let reading = MeterReading(
                    at: BootTime(milliseconds: Int64(second) * 1000), counter: EnergyRegister(microjoules: shown))
                let outcome = meter.record(reading)
                if case .newEpoch = outcome { before = 0 }
                let register = meter.register.microjoules
                counted += register - min(before, register)
                before = register
            }
            #expect(counted <= count - first + hidden, "seed \(seed), run \(run)")
        }
    }
}
