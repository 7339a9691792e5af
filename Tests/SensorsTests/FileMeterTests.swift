import Foundation
import Quantities
import Telemetry
import TestKit
import Testing

@testable import Sensors

/// Both clocks, as a test sets them.
final class MeterClock {
    var boot = BootTime(milliseconds: 0)
    /// What the wall clock said at boot: no whole second.
    var bootedAt = WallTime(milliseconds: 1_800_000_000_123)

    func now() -> ClockReading { ClockReading(boot: boot, wall: bootedAt + boot.since(.origin)) }
}

/// A meter's file that is written at known times, and the agent that looks at it.
private final class MeteredFile {
    let tree: TemporaryTree
    let clock = MeterClock()
    let sources: DeclaredSources

    init() throws {
        tree = try TemporaryTree()
        sources = DeclaredSources(
            [declaration(.file(tree.path + "/meter.json"))], tree: SysfsTree(root: tree.path), clock: clock.now)
    }

    /// Writes the file at `milliseconds`; its time may be another.
    func write(_ text: String, at milliseconds: Int64, modified: Int64? = nil) throws {
        try tree.write("next.json", text)
        let file = tree.root.appending(path: "next.json").path()
        let wall = clock.bootedAt.milliseconds + (modified ?? milliseconds)
        var times = [timeval](repeating: timeval(tv_sec: Int(wall / 1000), tv_usec: Int(wall % 1000) * 1000), count: 2)
        try #require(utimes(file, &times) == 0)
        try #require(rename(file, tree.path + "/meter.json") == 0)
    }

    /// What is shown at `milliseconds`; nil where nothing is.
    func look(at milliseconds: Int64) -> EnergySource? {
        clock.boot = BootTime(milliseconds: milliseconds)
        let shown = sample(sources, at: milliseconds)
        guard shown.unavailable.isEmpty else { return nil }
        return shown.sources.last
    }
}

@Suite struct `a meter's file` {
    @Test func `counts for ten seconds after it was written, at the time at which it was, and wears its class`() throws
    {
        let file = try MeteredFile()
        try file.write(#"{"power_mw": 5000}"#, at: 9500)
        let first = try #require(file.look(at: 10_000))
        #expect(first.power == Power(milliwatts: 5000))
        #expect(first.evidence == .declared)
        #expect(first.traits.validity == SensorLimits.meterAge)
        let time = try #require(first.time)
        #expect(time.earliest < BootTime(milliseconds: 9500) && time.latest > BootTime(milliseconds: 9500))
        #expect(time.doubt < .milliseconds(100))
        let again = try #require(file.look(at: 19_000))
        #expect((again.time, again.power) == (time, first.power))
        #expect(file.look(at: 19_501) == nil)
        #expect(sample(file.sources, at: 19_501).unavailable == [Unavailable("solar:roof", .timeout)])
        try file.write(#"{"energy_mj": 100000}"#, at: 20_000)
        #expect(file.look(at: 20_300)?.counter == EnergyRegister(microjoules: 100_000_000))
        try file.write(#"{"energy_mj": 102000 }"#, at: 21_000)
        for look in [21_900, 22_500] as [Int64] {
            #expect(file.look(at: look)?.power == Power(milliwatts: 2000))
        }
    }

    @Test(arguments: [-200_000_000_000, -10_001, 5_000_000] as [Int64])
    func `that was not written just before tells nothing until it changes`(modified: Int64) throws {
        let file = try MeteredFile()
        try file.write(#"{"energy_mj": 1000}"#, at: 0, modified: modified)
        #expect(file.look(at: 0) == nil)
        #expect(file.look(at: 1000) == nil)
        // A clock that is wrong by years does not hide the change.
        try file.write(#"{"energy_mj": 2000}"#, at: 1500, modified: modified + 1500)
        let seen = try #require(file.look(at: 2000))
        let time = try #require(seen.time)
        #expect(time.earliest <= BootTime(milliseconds: 1500) && BootTime(milliseconds: 1500) <= time.latest)
        #expect(file.look(at: 12_000) == nil)
    }

    @Test func `is of any moment between two looks where its time may be another clock's`() throws {
        let file = try MeteredFile()
        try file.write(#"{"energy_mj": 1000}"#, at: 0)
        _ = file.look(at: 500)
        // Somebody sets the clock between the looks; the file's time would be within them.
        try file.write(#"{"energy_mj": 1100}"#, at: 700)
        file.clock.bootedAt = file.clock.bootedAt + .milliseconds(300)
        let time = try #require(file.look(at: 1500)?.time)
        #expect(time.earliest <= BootTime(milliseconds: 500) && time.latest == BootTime(milliseconds: 1500))
        // A file that was written before a look, and put in its place after it.
        try file.write(#"{"energy_mj": 1200}"#, at: 2600, modified: 2200)
        _ = file.look(at: 2500)
        try file.write(#"{"energy_mj": 1300}"#, at: 2700, modified: 2400)
        let moved = try #require(file.look(at: 3500)?.time)
        #expect(moved.earliest <= BootTime(milliseconds: 2400) && moved.latest == BootTime(milliseconds: 3500))
    }

    @Test func `on a file system of whole seconds may have been written up to two later`() throws {
        let file = try MeteredFile()
        try file.write(#"{"energy_mj": 1000}"#, at: 0)
        _ = file.look(at: 500)
        try file.write(#"{"energy_mj": 1100}"#, at: 1900, modified: 877)
        let time = try #require(file.look(at: 2000)?.time)
        #expect(time.earliest < BootTime(milliseconds: 877) && time.latest > BootTime(milliseconds: 1900))
    }

    /// How often the file is written, in ms, up to what it counts for.
    static let rhythms: [Int64] = [150, 1000, 2700, 5000, 9300, 9990]

    @Test(arguments: rhythms)
    func `is metered within the stated bound at any rhythm, and narrowly on a steady load`(rhythm: Int64) throws {
        var random = SeededRandom(seed: UInt64(rhythm))
        for isSteady in [true, false] {
            let file = try MeteredFile()
            // 100 W, or as long at 20 W as at 180 W.
            let half: Int64 = random.number(in: 2000...20_000)
            func millijoules(_ time: Int64) -> Int64 {
                guard !isSteady else { return 100 * time }
                let round: Int64 = 2 * half
                let rest = time % round
                let low: Int64 = 20 * min(rest, half)
                let high: Int64 = 180 * max(0, rest - half)
                return time / round * 200 * half + low + high
            }
            let configuration = MeterConfiguration(
                samplePeriod: .seconds(1), sensorStep: Power(milliwatts: 1),
                counterStep: EnergyRegister(microjoules: 1000), maximumPower: Power(milliwatts: 800_000),
                validity: SensorLimits.meterAge)
            var meter = Meter(configuration, bootID: .zero, at: .origin)
            var (written, look, windows): (Int64, Int64, Int64) = (0, 0, 0)
            var outcomes: [MeterOutcome] = []
            while look < 300_000 {
                look += random.number(in: 500...1500)
                while written <= look {
                    // The time of a file is that of the kernel's last tick.
                    let text = "{\"energy_mj\": \(millijoules(written))}"
                    try file.write(text, at: written, modified: written - random.number(in: 0...9))
                    written += rhythm
                }
                // Near its end a reading is not shown for a moment.
                guard let source = file.look(at: look) else { continue }
                let time = try #require(source.time)
                outcomes.append(
                    meter.record(MeterReading(at: time.earliest, counter: source.counter, doubt: time.doubt)))
                while let window = meter.closeWindow(
                    at: meter.windowStart + .seconds(10), now: BootTime(milliseconds: look))
                {
                    windows += 1
                    guard windows > 1 else { continue }
                    #expect(window.gap == .zero)
                    let truth = millijoules(window.end.milliseconds) - millijoules(window.start.milliseconds)
                    let drawn = Int64(window.registerEnd.microjoules - window.registerStart.microjoules) / 1000
                    #expect(abs(truth - drawn) * 1000 <= drawn * Int64(window.errorBoundPermille) + 1000)
                    if isSteady {
                        #expect(window.errorBoundPermille <= 50)
                        #expect(window.peak <= Power(milliwatts: 110_000 + 100_000 * 60 / rhythm))
                    }
                }
            }
            #expect(windows > 10)
            #expect(outcomes.contains(.counted))
        }
    }
}
