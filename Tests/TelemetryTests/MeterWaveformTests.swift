import Cryptography
import Quantities
import Telemetry
import Testing

/// A power over time that is known in every millisecond.
private struct Waveform: Sendable, CustomTestStringConvertible {
    var testDescription: String
    /// Microwatts in the millisecond that begins at the argument.
    var microwatts: [Int64]

    static let length = 60_000

    static func constant(_ random: inout DeterministicRandom) -> Waveform {
        let power = Int64(5_000_000 + random.number(below: 95_000_000))
        return Waveform(testDescription: "constant", microwatts: Array(repeating: power, count: length))
    }

    static func ramp(_ random: inout DeterministicRandom) -> Waveform {
        let start = Int64(random.number(below: 20_000_000))
        let slope = Int64(random.number(below: 1000))
        return Waveform(testDescription: "ramp", microwatts: (0..<length).map { start + Int64($0) * slope })
    }

    /// Two levels, each held for between `shortest` and four times as long.
    static func square(_ random: inout DeterministicRandom, shortest: UInt64) -> Waveform {
        let levels = [Int64(random.number(below: 10_000_000)), Int64(10_000_000 + random.number(below: 50_000_000))]
        var powers: [Int64] = []
        var level = 0
        while powers.count < length {
            powers += Array(repeating: levels[level], count: Int(shortest + random.number(below: shortest * 3)))
            level = 1 - level
        }
        return Waveform(testDescription: "square", microwatts: Array(powers.prefix(length)))
    }

    /// A quiet level with bursts of random height, each as long as a sample period and a bit.
    static func bursts(_ random: inout DeterministicRandom) -> Waveform {
        var powers: [Int64] = []
        while powers.count < length {
            powers += Array(repeating: 5_000_000, count: Int(1200 + random.number(below: 9000)))
            let height = Int64(6_000_000 + random.number(below: 60_000_000))
            powers += Array(repeating: height, count: Int(1200 + random.number(below: 500)))
        }
        return Waveform(testDescription: "bursts", microwatts: Array(powers.prefix(length)))
    }

    /// True energy of the milliseconds from `start` to `end`, in nanojoules.
    func energy(from start: BootTime, to end: BootTime) -> Int64 {
        microwatts[Int(start.milliseconds)..<Int(end.milliseconds)].reduce(0, +)
    }
}

/// Samples `waveform` at about 1 Hz with a sensor that rounds to `step`, and closes a window every ten seconds.
private func windows(
    of waveform: Waveform, step: Power, _ random: inout DeterministicRandom, isLost: (Int) -> Bool = { _ in false }
) -> [MeterWindow] {
    let configuration = MeterConfiguration(samplePeriod: .seconds(1), sensorStep: step)
    var meter = Meter(configuration, bootID: .zero, at: .origin)
    var windows: [MeterWindow] = []
    for sample in 0..<(Waveform.length / 1000) where !isLost(sample) {
        let at = sample * 1000 + Int(random.number(below: 40))
        let reading = (waveform.microwatts[at] + step.microwatts / 2) / step.microwatts * step.microwatts
        meter.record(MeterReading(at: BootTime(milliseconds: Int64(at)), power: Power(microwatts: reading)))
        let boundary = BootTime(milliseconds: Int64(windows.count + 1) * 10_000)
        if let window = meter.closeWindow(at: boundary, now: BootTime(milliseconds: Int64(at))) {
            windows.append(window)
        }
    }
    return windows
}

/// Checks that the true energy of every window lies within its stated bound.
private func check(_ windows: [MeterWindow], against waveform: Waveform, seed: UInt64) {
    #expect(windows.count >= 4, "seed \(seed)")
    for window in windows {
        let truth = waveform.energy(from: window.start, to: window.end)
        let measured = Int64(window.registerEnd.microjoules - window.registerStart.microjoules) * 1000
        let bound = measured / 1000 * Int64(window.errorBoundPermille)
        // The truth is a sum over milliseconds: at a step it may be one millisecond off.
        let grain: Int64 = 120_000_000
        #expect(abs(truth - measured) <= bound + grain, "seed \(seed), window at \(window.start.milliseconds) ms")
    }
}

@Suite struct MeterWaveformTests {
    static let seeds: [UInt64] = Array(1...25)

    private func random(_ seed: UInt64) -> DeterministicRandom {
        DeterministicRandom(seed: Bytes32(high: 0x6d65746572, low: UInt128(seed)))
    }

    @Test(arguments: seeds)
    func `a constant load of five watts and more is known to two percent`(seed: UInt64) {
        #expect(prepareCryptography())
        var random = random(seed)
        let waveform = Waveform.constant(&random)
        let windows = windows(of: waveform, step: Power(milliwatts: 98), &random)
        check(windows, against: waveform, seed: seed)
        // The first window begins with the wait for the first sample, which is a gap.
        for window in windows.dropFirst() { #expect(window.errorBoundPermille <= 20, "seed \(seed)") }
    }

    @Test func `a constant load between two steps of the sensor is known to two percent`() throws {
        var meter = Meter(
            MeterConfiguration(samplePeriod: .seconds(1), sensorStep: Power(milliwatts: 98)), bootID: .zero, at: .origin
        )
        for second in 0...10 {
            let power = Power(milliwatts: second % 2 == 0 ? 4998 : 5096)
            meter.record(MeterReading(at: BootTime(milliseconds: Int64(second) * 1000), power: power))
        }
        let window = try meter.closed(at: 10_000)
        #expect(window.errorBoundPermille == 20)
    }

    @Test(arguments: seeds)
    func `the true energy of a ramp, a square and bursts is within the stated bound`(seed: UInt64) {
        #expect(prepareCryptography())
        var random = random(seed)
        let waveforms = [
            Waveform.ramp(&random), .square(&random, shortest: 1100), .bursts(&random),
        ]
        for waveform in waveforms {
            let step = Power(milliwatts: [98, 393][Int(random.number(below: 2))])
            check(windows(of: waveform, step: step, &random), against: waveform, seed: seed)
        }
    }

    @Test(arguments: seeds)
    func `up to two lost samples in a row keep the true energy within the bound`(seed: UInt64) {
        #expect(prepareCryptography())
        var random = random(seed)
        let waveform = Waveform.square(&random, shortest: 3200)
        // Sample 20, 21, 23 … never three in a row, and none right at a long interval's end.
        var lost: Set<Int> = []
        for sample in stride(from: 3, to: 60, by: 5) where random.number(below: 2) == 0 { lost.insert(sample) }
        let windows = windows(of: waveform, step: Power(milliwatts: 98), &random) { lost.contains($0) }
        #expect(windows.dropFirst().allSatisfy { $0.gap == .zero })
        #expect(windows.reduce(0) { $0 + $1.samples } < 60)
        check(windows, against: waveform, seed: seed)
    }

    @Test(arguments: seeds)
    func `a sensor that falls silent leaves a gap, counted, and a bound that still holds`(seed: UInt64) throws {
        #expect(prepareCryptography())
        var random = random(seed)
        let waveform = Waveform.constant(&random)
        let silence = 22...(26 + Int(random.number(below: 2)))
        let windows = windows(of: waveform, step: Power(milliwatts: 98), &random) { silence.contains($0) }
        let hit = try #require(windows.first { $0.start == BootTime(milliseconds: 20_000) })
        #expect(hit.gap > .seconds(5))
        #expect(hit.gap < .seconds(8))
        #expect(hit.samples < hit.expected)
        check(windows, against: waveform, seed: seed)
    }
}
