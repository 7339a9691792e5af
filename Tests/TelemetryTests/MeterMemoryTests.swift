import Quantities
import Telemetry
import TestKit
import Testing
import Wire

private func configuration(period: TimeSpan = .seconds(1), step: Int64 = 98) -> MeterConfiguration {
    MeterConfiguration(
        samplePeriod: period, sensorStep: Power(milliwatts: step), maximumPower: Power(milliwatts: 30_000),
        believablePower: Power(milliwatts: 240_000))
}

private let boot = Bytes16(bits: 0xb007)

private func encoded(_ state: MeterState) -> [UInt8] {
    var writer = CBORWriter()
    state.write(to: &writer)
    return writer.bytes
}

private func decoded(_ bytes: [UInt8]) throws -> MeterState {
    var reader = try CBORReader(bytes.span, limit: 1024)
    let state = try MeterState(from: &reader)
    try reader.finish()
    return state
}

/// A state whose encoding ends with these four numbers.
private func state(remembering numbers: [UInt64]) throws -> [UInt8] {
    let bare = Meter(configuration(), bootID: boot, at: .origin).state
    var writer = CBORWriter()
    writer.unsigned(9)
    writer.array(numbers.count)
    for number in numbers { writer.unsigned(number) }
    return [0xa9] + encoded(bare).dropFirst() + writer.bytes
}

@Suite struct MeterMemoryTests {
    /// What a meter keeps that watched a steady 5 W until `end` on boot `boot`.
    private func acquainted(until end: Int64 = 1_000_000, seconds: Int64 = 300) throws -> MeterState {
        var meter = Meter(configuration(), bootID: boot, at: .origin)
        meter.watch(Array(repeating: 5000, count: Int(seconds) + 1), after: end - seconds * 1000 - 1000)
        _ = try meter.closed(at: end)
        return meter.state
    }

    /// What the first whole window says of a meter that goes on from `state` after `absence` seconds.
    private func bound(
        after state: MeterState, absence: Int64, _ configuration: MeterConfiguration = configuration(),
        bootID: Bytes16 = boot, anew: Bool = false
    ) throws -> UInt32 {
        let start = 1_000_000 + absence * 1000
        let at = BootTime(milliseconds: start)
        var meter =
            anew
            ? Meter(following: state, configuration, bootID: bootID, at: at, because: .sensorChanged)
            : Meter(resuming: state, configuration, bootID: bootID, at: at)
        let period = configuration.samplePeriod.milliseconds
        for sample in 0...60_000 / period {
            let at = BootTime(milliseconds: start + sample * period)
            meter.record(MeterReading(at: at, power: Power(milliwatts: 5000)))
            if sample == 0 { _ = meter.closeWindow(at: at, now: at) }
        }
        return try meter.closed(at: start + 60_000).errorBoundPermille
    }

    @Test func `a meter that goes on soon knows its load as if it had never stopped`() throws {
        let state = try decoded(encoded(try acquainted()))
        #expect(try bound(after: state, absence: 5) == 10)
        #expect(try bound(after: state, absence: Int64(MeterLimits.memory)) == 10)
    }

    @Test func `what it had seen in part it goes on to learn`() throws {
        // 250 intervals before, and six are missing.
        let state = try acquainted(seconds: 250)
        #expect(try bound(after: state, absence: 5) == 10)
        #expect(try bound(after: try acquainted(seconds: 150), absence: 5) > 1000)
    }

    @Test
    func `nothing is known of a load that nobody watched for long, of another boot, or that is watched otherwise`()
        throws
    {
        let state = try acquainted()
        // 25.098 W more than 5 W are possible.
        let unknown: UInt32 = 5020
        #expect(try bound(after: state, absence: Int64(MeterLimits.memory) + 1) == unknown)
        #expect(try bound(after: state, absence: 5, bootID: Bytes16(bits: 0xb008)) == unknown)
        #expect(try bound(after: state, absence: 5, anew: true) == unknown)
        #expect(try bound(after: state, absence: 5, configuration(period: .seconds(2))) == unknown)
        #expect(try bound(after: state, absence: 5, configuration(step: 393)) > 5000)
    }

    @Test func `a running meter forgets over a gap that long as well`() throws {
        for (silence, bound) in [(256, 10), (257, 5020)] as [(Int64, UInt32)] {
            var meter = try Meter.acquainted(configuration(), with: Power(milliwatts: 5000))
            let back = 1_000_000 + silence * 1000
            meter.watch(Array(repeating: 5000, count: 11), after: back - 1000)
            _ = try meter.closed(at: back)
            let window = try meter.closed(at: back + 10_000)
            #expect(window.gap == .zero)
            #expect(window.errorBoundPermille == bound)
        }
    }

    @Test func `a source that showed more than it can have may have whatever is believed`() throws {
        var meter = Meter(configuration(), bootID: boot, at: .origin)
        meter.watch([5000, 5000, 5000, 31_000, 5000, 250_000, 5000, 5000, 5000, 5000, 5000, 5000, 5000], after: -1000)
        let window = try meter.closed(at: 12_000)
        // The reading of 250 W was none.
        #expect(window.samples == 12)
        #expect(window.peak == Power(milliwatts: 31_000))
        #expect(window.errorBoundPermille == MeterLimits.errorBoundCeilingPermille)
    }

    @Test func `over restarts no change is forgotten sooner than by a meter that runs on`() throws {
        for seed in 1...300 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            let levels = [random.number(in: 3000...6000), random.number(in: 6000...14_000)] as [Int64]
            var running = Meter(configuration(), bootID: boot, at: .origin)
            var restarted = running
            var silentUntil: Int64 = 0
            var isAbsent = false
            var last: (second: Int64, level: Int64)?
            // Every change is as large as every other; this is how many intervals ago the newest was.
            var sinceChange = MeterLimits.memory
            for second in 0...900 as ClosedRange<Int64> {
                // Never so long that either of them forgets.
                if !isAbsent, random.oneIn(100) {
                    silentUntil = second + random.number(in: 4...200)
                    isAbsent = true
                }
                guard second >= silentUntil else { continue }
                let at = BootTime(milliseconds: second * 1000)
                if isAbsent {
                    restarted = Meter(
                        resuming: try decoded(encoded(restarted.state)), configuration(), bootID: boot, at: at)
                    isAbsent = false
                }
                let level = levels[random.oneIn(50) ? 1 : 0]
                let reading = MeterReading(at: at, power: Power(milliwatts: level))
                running.record(reading)
                restarted.record(reading)
                if let last, second - last.second <= MeterLimits.gapPeriods {
                    sinceChange = level == last.level ? sinceChange + 1 : 0
                }
                last = (second, level)
                while let one = running.closeWindow(at: running.windowStart + .seconds(10), now: at) {
                    let closed = restarted.closeWindow(at: one.end, now: at)
                    let other = try #require(closed)
                    #expect(other.start == one.start, "seed \(seed)")
                    // What was read after the last window's end before the restart is a gap now.
                    // A change is remembered for a few intervals more than promised: by either for as many as it likes.
                    if other.gap == one.gap, sinceChange < MeterLimits.memory {
                        #expect(other.errorBoundPermille >= one.errorBoundPermille, "seed \(seed), \(second) s")
                    }
                }
            }
        }
    }

    @Test func `the encoding is small, read back, and refused beyond its limits`() throws {
        let kept = try acquainted()
        #expect(try decoded(encoded(kept)) == kept)
        let bare = Meter(configuration(), bootID: boot, at: .origin).state
        #expect(encoded(bare)[0] == 0xa8)
        #expect(try decoded(encoded(bare)) == bare)
        #expect(encoded(kept).count <= encoded(bare).count + 24)
        let largest = UInt64(MeterLimits.largestPower.microwatts)
        let good = [1000, 98_000, 256, largest] as [UInt64]
        let bytes = try state(remembering: good)
        #expect(encoded(try decoded(bytes)) == bytes)
        for end in bytes.indices { #expect(throws: CBORError.self) { try decoded(Array(bytes[..<end])) } }
        let bad: [[UInt64]] = [
            [0, 98_000, 256, 0], [3_600_001, 98_000, 256, 0], [1000, largest + 1, 256, 0], [1000, 98_000, 0, 0],
            [1000, 98_000, 257, 0], [1000, 98_000, 256, largest + 1], [1000, 98_000, 256], [1000, 98_000, 256, 0, 0],
            [.max, .max, .max, .max],
        ]
        for numbers in bad {
            let bytes = try state(remembering: numbers)
            #expect(throws: CBORError.self, "\(numbers)") { try decoded(bytes) }
        }
    }
}
