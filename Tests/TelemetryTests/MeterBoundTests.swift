import Quantities
import Telemetry
import Testing

private func configuration(step: Int64 = 98, averaging: TimeSpan = .zero) -> MeterConfiguration {
    MeterConfiguration(
        samplePeriod: .seconds(1), sensorStep: Power(milliwatts: step), maximumPower: Power(milliwatts: 50_000),
        averaging: averaging)
}

private func microjoules(_ value: UInt64) -> EnergyRegister { EnergyRegister(microjoules: value) }

@Suite struct MeterBoundTests {
    @Test func `a constant load that is known hides half a step`() throws {
        var meter = try Meter.acquainted(configuration(), with: Power(milliwatts: 15_000))
        meter.watch(Array(repeating: 15_000, count: 10), after: 1_000_000)
        // 49 mW in 15 W, rounded up.
        let window = try meter.closed(at: 1_010_000)
        #expect(window.errorBoundPermille == 4)
    }

    @Test(arguments: [(98, 4998), (393, 19_650)] as [(Int64, Int64)])
    func `a constant load between two steps of the sensor is known to two percent where it shows both`(
        step: Int64, low: Int64
    ) throws {
        var meter = try Meter.acquainted(configuration(step: step), with: Power(milliwatts: low))
        meter.watch((1...10).map { $0 % 2 == 0 ? low : low + step }, after: 1_000_000)
        let window = try meter.closed(at: 1_010_000)
        #expect(window.errorBoundPermille == 20)
    }

    @Test(arguments: [(false, 23), (true, 34)])
    func `a steady load may flicker in voltage and current at once`(isPaired: Bool, permille: UInt32) throws {
        // An Orin Nano's VDD_IN: 19 mA and 8 mV make 102 mW, more than the step of the current alone.
        let powers: [Int64] = [4_976 * 935, 4_984 * 954]
        var meter = Meter(configuration(), bootID: .zero, at: .origin)
        for second in 0...270 as ClosedRange<Int64> {
            let index = Int(isPaired ? second / 16 : second) % 2
            meter.record(
                MeterReading(
                    at: BootTime(milliseconds: second * 1000), power: Power(microwatts: powers[index]),
                    voltageStep: Power(microwatts: 8 * 954)))
            if second == 260 { _ = try meter.closed(at: 260_000) }
        }
        // Where they come in runs all of these are alike, and the change before them is remembered.
        let window = try meter.closed(at: 270_000)
        #expect(window.errorBoundPermille == permille)
    }

    @Test func `a change by one step may be all that the load does, and may hide between any two readings`() throws {
        var meter = try Meter.acquainted(configuration(), with: Power(milliwatts: 4900))
        meter.watch([4900, 4998] + Array(repeating: 4900, count: 8), after: 1_000_000)
        let window = try meter.closed(at: 1_010_000)
        // A step and a half beside eight pairs of equal readings, a step beside two: 1.372 J in 49.098 J.
        #expect(window.errorBoundPermille == 28)
    }

    @Test func `a reading may be as much later as it says, at either end of what was measured`() throws {
        let counting = MeterConfiguration(
            samplePeriod: .seconds(1), sensorStep: .zero, maximumPower: Power(milliwatts: 20_000))
        for (first, last) in [(0, 500), (500, 0), (500, 500)] as [(Int64, Int64)] {
            var meter = Meter(counting, bootID: .zero, at: .origin)
            for second in 0...10 as ClosedRange<Int64> {
                let doubt = second == 0 ? first : second == 10 ? last : 3000
                meter.record(
                    MeterReading(
                        at: BootTime(milliseconds: second * 1000), counter: microjoules(UInt64(second) * 20_000_000),
                        doubt: .milliseconds(doubt)))
            }
            let window = try meter.closed(at: 10_000)
            // Half a second at the 20 W that were seen, and at as much again: what is between the ends is counted.
            #expect(window.errorBoundPermille == 100)
            let interval = try #require(meter.interval(from: .origin, to: BootTime(milliseconds: 10_000)))
            #expect(interval.errorBound == Energy(joules: 10))
        }
    }

    @Test func `a reading that counts for a while is no gap in that time, and none is missing`() throws {
        let slow = MeterConfiguration(
            samplePeriod: .seconds(1), sensorStep: .zero, maximumPower: Power(milliwatts: 20_000),
            validity: .seconds(10))
        var meter = Meter(slow, bootID: .zero, at: .origin)
        for time in [0, 10_000, 23_000] as [Int64] {
            meter.record(
                MeterReading(at: BootTime(milliseconds: time), counter: microjoules(UInt64(time) * 20_000)))
        }
        let window = try meter.closed(at: 23_000)
        #expect(window.gap == .zero)
        // The one at its start is in it too.
        #expect((window.samples, window.expected) == (3, 3))
        let late = BootTime(milliseconds: 36_001)
        #expect(meter.record(MeterReading(at: late, counter: microjoules(720_000_000))) == .gap(.milliseconds(13_001)))
    }

    @Test func `before a load is known it may do between two readings whatever its source can`() throws {
        var meter = Meter(configuration(), bootID: .zero, at: .origin)
        meter.watch(Array(repeating: 5000, count: MeterLimits.memory), after: -1000)
        // One interval is missing: 45.098 W more than was counted are possible.
        let unknown = try meter.closed(at: 255_000)
        #expect(unknown.errorBoundPermille == 9020)
        meter.watch(Array(repeating: 5000, count: 10), after: 255_000)
        let known = try meter.closed(at: 265_000)
        #expect(known.errorBoundPermille == 10)
    }

    @Test func `a change that was seen may hide between any two readings until it is forgotten`() throws {
        var meter = try Meter.acquainted(configuration(), with: Power(milliwatts: 5000))
        meter.watch([5000, 15_000] + Array(repeating: 5000, count: 8), after: 1_000_000)
        // Seen: two ramps of 10 W, half of it hidden for a second each. Unseen: 10 W for all ten seconds.
        let seen = try meter.closed(at: 1_010_000)
        #expect(seen.registerEnd.microjoules - seen.registerStart.microjoules == 60_000_000)
        #expect(seen.errorBoundPermille == (490 + 10_000 + 100_000) * 1000 / 60_000 + 1)
        var end: Int64 = 1_010_000
        for _ in 0..<24 {
            meter.watch(Array(repeating: 5000, count: 10), after: end)
            end += 10_000
            let after = try meter.closed(at: end)
            #expect(after.errorBoundPermille == 2010)
        }
        // The memory lets go of a few intervals at once.
        meter.watch(Array(repeating: 5000, count: 30), after: end)
        _ = try meter.closed(at: end + 30_000)
        meter.watch(Array(repeating: 5000, count: 10), after: end + 30_000)
        let forgotten = try meter.closed(at: end + 40_000)
        #expect(forgotten.errorBoundPermille == 10)
    }

    @Test func `a gap hides whatever the source can have`() throws {
        var meter = try Meter.acquainted(configuration(), with: Power(milliwatts: 10_000))
        for time in [1000, 2000, 3000, 6001, 7001] as [Int64] {
            meter.record(
                MeterReading(at: BootTime(milliseconds: 1_000_000 + time), power: Power(milliwatts: 10_000)))
        }
        let window = try meter.closed(at: 1_007_001)
        #expect(window.gap == .milliseconds(3001))
        // Half a step over 4 s, and 50 W over the gap: (0.196 + 150.05) J in 40 J.
        #expect(window.errorBoundPermille == 3757)
    }

    @Test func `what a sensor averages over whole periods has nothing unseen, and is not cut`() throws {
        var meter = try Meter.acquainted(
            configuration(step: 1, averaging: .seconds(1)), with: Power(milliwatts: 5000))
        meter.watch(Array(repeating: 5000, count: 10), after: 1_000_000)
        let window = try meter.closed(at: 1_009_500, now: 1_010_000)
        #expect(window.end == BootTime(milliseconds: 1_010_000))
        #expect(window.errorBoundPermille == 1)
    }

    @Test func `a counted interval is not cut, and hides a step at each end and what came after its last refresh`()
        throws
    {
        var meter = Meter(
            MeterConfiguration(
                samplePeriod: .seconds(1), sensorStep: .zero, counterStep: microjoules(1000),
                maximumPower: Power(milliwatts: 50_000), counterRefresh: .milliseconds(10)),
            bootID: .zero, at: .origin)
        for second in 0...10 as ClosedRange<UInt64> {
            let at = BootTime(milliseconds: Int64(second) * 1000)
            meter.record(MeterReading(at: at, counter: microjoules(second * 20_000_000)))
        }
        let window = try meter.closed(at: 9500, now: 10_000)
        #expect(window.end == BootTime(milliseconds: 10_000))
        #expect(window.registerEnd == microjoules(200_000_000))
        // Two millijoules, and 10 ms at 20 W and at what the source can have: 0.702 J in 200 J.
        #expect(window.errorBoundPermille == 4)
    }

    @Test func `no more can be wrong than what was counted, or what the source could have drawn beyond it`() throws {
        var meter = Meter(configuration(step: 1), bootID: .zero, at: .origin)
        meter.watch(Array(repeating: 40_000, count: 11), after: -1000)
        // 10 W more than 40 W is all that the source can have, but all of the 40 W may be missing between readings.
        let window = try meter.closed(at: 10_000)
        #expect(window.errorBoundPermille == 1000)
    }

    @Test func `looks between the samples make a load known sooner, and show what swings between them`() throws {
        for (highest, narrow) in [(5000, true), (9000, false)] as [(Int64, Bool)] {
            var meter = Meter(configuration(step: 100), bootID: .zero, at: .origin)
            for second in 0...30 {
                var looks: PowerLooks?
                for look in 0..<10 {
                    let milliwatts = look == 3 && second == 12 ? highest : 5000
                    looks = PowerLooks(looks, and: Power(milliwatts: milliwatts))
                }
                let at = BootTime(milliseconds: Int64(second) * 1000)
                meter.record(MeterReading(at: at, power: Power(milliwatts: 5000), looks: looks))
                if second == 10 { #expect(try meter.closed(at: 10_000).errorBoundPermille > 1000) }
            }
            let window = try meter.closed(at: 30_000)
            #expect(window.registerEnd == microjoules(150_000_000))
            #expect(window.samples == 20)
            #expect(window.errorBoundPermille == (narrow ? 10 : 810))
        }
    }
}
