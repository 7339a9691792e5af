import Quantities
import Telemetry
import TestKit

/// What goes wrong while a waveform is metered.
enum WaveformTrouble: CaseIterable {
    case none
    /// Samples are lost, one by one and for up to half a minute.
    case lostSamples
    /// Somebody sets the wall clock a year ahead, and back.
    case clockJumps
    /// The board sleeps; boot time goes on.
    case suspend
    /// The program ends, and is back after up to a minute with what it kept.
    case restarts
    /// The counter stands still for one to twenty seconds, again and again, and then shows at once what it missed.
    case stalls
}

/// One waveform, metered: a seed says which.
struct WaveformCase {
    let windows: [MeterWindow]
    let waveform: Waveform
    /// What the wall clock said at the end of each window.
    private(set) var wallEnds: [Int64] = []
    /// How often the wall clock jumped.
    let clockJumps: Int

    /// Where the load has been watched for long enough.
    static let known = Int64(MeterLimits.memory + 32) * 1000
    /// The same where it is looked at ten times a second besides.
    static let knownByLooks = known / 10
    private static let year: Int64 = 365 * 86_400_000

    /// Meters a waveform of `shape` with `sensor`, whatever `trouble` there is.
    init(
        _ shape: WaveformShape, _ sensor: WaveformSensor, _ trouble: WaveformTrouble, looks: Bool = false,
        _ random: inout SeededRandom
    ) {
        let isFine = random.oneIn(2)
        let rated = (isFine ? random.number(in: 7...60) : random.number(in: 25...130)) * 1_000_000 as Int64
        let known = looks ? WaveformCase.knownByLooks : WaveformCase.known
        let length = known + random.number(in: 40_000...60_000)
        let waveform = shape.waveform(
            rated: rated, floor: isFine ? 5_000_000 : 20_000_000, length: length + 2000,
            hiddenBy: sensor == .averaging ? WaveformSensor.averaged : nil, &random)
        self.init(
            waveform, sensor, trouble, rated: rated, step: isFine ? 98_000 : 393_000, length: length, looks: looks,
            &random)
    }

    /// Meters a steady 5 W in which, once it is known, there is one burst of a tenth of a second at 60 W.
    init(isolatedBurstWith sensor: WaveformSensor, _ random: inout SeededRandom) {
        var waveform = Waveform()
        waveform.append(5_000_000, for: WaveformCase.known + random.number(in: 0...10_000))
        waveform.append(60_000_000, for: 100)
        waveform.append(5_000_000, for: 30_000)
        self.init(
            waveform, sensor, .none, rated: 60_000_000, step: 98_000, length: waveform.length - 2000, &random)
    }

    /// Meters by means over a second what turns between two levels once in `cycle` ms.
    init(repeatingAsMeansAreTaken cycle: Int64, _ random: inout SeededRandom) {
        let length = WaveformCase.known + 60_000
        var waveform = Waveform()
        while waveform.length < length + 2000 {
            waveform.append(8_000_000, for: cycle / 2)
            waveform.append(80_000_000, for: cycle - cycle / 2)
        }
        self.init(waveform, .averaging, .none, rated: 80_000_000, step: 98_000, length: length, &random)
    }

    /// Meters a load that turns between two levels less than two steps of the sensor apart, several times a period.
    init(swingingLittleWith sensor: WaveformSensor, _ random: inout SeededRandom) {
        let isFine = random.oneIn(2)
        let step: Int64 = isFine ? 98_000 : 393_000
        let low = (isFine ? 5_000_000 : 20_000_000) + random.number(in: 0...step)
        let high = low + random.number(in: 1...2 * step - 1)
        // Either level is met often enough for a memory of a few minutes to hold it.
        let holds = [random.number(in: 50...200), random.number(in: 50...200)] as [Int64]
        let length = WaveformCase.known + random.number(in: 40_000...60_000)
        var waveform = Waveform()
        while waveform.length < length + 2000 {
            waveform.append(low, for: holds[0])
            waveform.append(high, for: holds[1])
        }
        self.init(waveform, sensor, .none, rated: 2 * high, step: step, length: length, &random)
    }

    /// Meters a counter that is asked again as soon as it has answered, which takes it up to `longest` ms: it is read
    /// at any moment of that.
    init(answeringWithin longest: Int64, shape: WaveformShape, _ random: inout SeededRandom) {
        let rated: Int64 = 100_000_000
        let length = WaveformCase.known * 6
        waveform = shape.waveform(rated: rated, floor: 20_000_000, length: length, &random)
        let counter = WaveformCounter(&random)
        let configuration = MeterConfiguration(
            samplePeriod: .seconds(1), sensorStep: Power(milliwatts: 1),
            counterStep: EnergyRegister(microjoules: UInt64(counter.step)),
            counterRange: EnergyRegister(microjoules: UInt64(counter.range)),
            maximumPower: Power(microwatts: 2 * rated), believablePower: Power(microwatts: 16 * rated),
            counterRefresh: .milliseconds(counter.refresh), validity: .seconds(10))
        var meter = Meter(configuration, bootID: .zero, at: .origin)
        var windows: [MeterWindow] = []
        var now: Int64 = 0
        while now < length - 10_000 {
            let took = random.number(in: 0...longest)
            let at = BootTime(milliseconds: now)
            let value = counter.value(of: waveform, at: now + random.number(in: 0...took))
            meter.record(
                MeterReading(at: at, counter: EnergyRegister(microjoules: value), doubt: .milliseconds(took)))
            now += took
            let time = BootTime(milliseconds: now)
            while let window = meter.closeWindow(at: meter.windowStart + .seconds(10), now: time) {
                windows.append(window)
            }
            now += random.number(in: 1000...2000)
        }
        clockJumps = 0
        self.windows = windows
    }

    private init(
        _ waveform: Waveform, _ sensor: WaveformSensor, _ trouble: WaveformTrouble, rated: Int64, step: Int64,
        length: Int64, looks: Bool = false, _ random: inout SeededRandom
    ) {
        self.waveform = waveform
        let counter = WaveformCounter(&random)
        let configuration = sensor.configuration(rated: rated, step: step, counter: counter)
        var meter = Meter(configuration, bootID: .zero, at: .origin)
        var rhythm = SamplingRhythm(period: .seconds(1), start: .origin, seed: random.next())
        var lookRhythm = SamplingRhythm(period: .milliseconds(100), start: .origin, seed: random.next())
        // Trouble draws for itself, so that the same readings come with it and without.
        var mischief = SeededRandom(seed: random.next())
        var windows: [MeterWindow] = []
        var clock = (offset: 1_764_000_000_000 as Int64, jumps: 0)
        var silentUntil: Int64 = -1
        // The first time it is too long to be missed: from then on its like is known.
        var still = 20_000..<20_000 as Range<Int64>
        if trouble == .stalls {
            still = WaveformCase.still(after: mischief.number(in: 20_000...80_000), 4000, &mischief)
        }
        while rhythm.due.milliseconds < length {
            // The reading takes a moment, and the timer is never quite right.
            let now = rhythm.due.milliseconds + random.number(in: 0...5)
            rhythm.advance(past: BootTime(milliseconds: now))
            switch trouble {
            case .none: break
            case .lostSamples:
                if now > silentUntil, mischief.oneIn(40) { silentUntil = now + mischief.number(in: 1...30_000) }
                if now <= silentUntil || mischief.oneIn(10) { continue }
            case .clockJumps:
                if mischief.oneIn(20) {
                    clock = (clock.offset + (mischief.oneIn(2) ? 1 : -1) * WaveformCase.year, clock.jumps + 1)
                }
            case .suspend:
                if now > silentUntil, mischief.oneIn(60) { silentUntil = now + mischief.number(in: 3000...60_000) }
                if now <= silentUntil { continue }
            case .stalls:
                if now >= still.upperBound {
                    still = WaveformCase.still(after: now + mischief.number(in: 1000...60_000), 1000, &mischief)
                }
            case .restarts:
                if now > silentUntil, mischief.oneIn(60) {
                    silentUntil = now + mischief.number(in: 1...60_000)
                    meter = Meter(resuming: meter.state, configuration, bootID: .zero, at: BootTime(milliseconds: now))
                }
                if now <= silentUntil { continue }
            }
            var reading = sensor.reading(of: waveform, at: now, step: step, counter: counter)
            if trouble == .stalls, still.contains(now) {
                reading.counter = EnergyRegister(microjoules: counter.value(of: waveform, at: still.lowerBound))
            }
            while looks, lookRhythm.due.milliseconds < now {
                let at = lookRhythm.due
                lookRhythm.advance(past: at)
                let look = sensor.reading(of: waveform, at: at.milliseconds, step: step, counter: counter)
                reading.looks = look.power.map { PowerLooks(reading.looks, and: $0) }
            }
            if case .newEpoch(_, let last?) = meter.record(reading) { windows.append(last) }
            let time = BootTime(milliseconds: now)
            while let window = meter.closeWindow(at: meter.windowStart + .seconds(10), now: time) {
                windows.append(window)
                wallEnds.append(clock.offset + now - time.since(window.end).milliseconds)
            }
        }
        clockJumps = clock.jumps
        self.windows = windows
    }

    /// When a counter stands still from `start` on, for `least` to 20,000 ms.
    private static func still(after start: Int64, _ least: Int64, _ random: inout SeededRandom) -> Range<Int64> {
        start..<(start + random.number(in: least...20_000))
    }

    /// How far the register of `window` is from the truth, in nanojoules.
    func error(of window: MeterWindow) -> Int64 {
        abs(waveform.energy(from: window.start.milliseconds, to: window.end.milliseconds) - WaveformCase.drawn(window))
    }

    /// What the register of `window` says, in nanojoules.
    static func drawn(_ window: MeterWindow) -> Int64 {
        Int64(window.registerEnd.microjoules - window.registerStart.microjoules) * 1000
    }

    /// Whether the truth lies within the bound that `window` states; the largest bound says that none is known.
    func holds(_ window: MeterWindow) -> Bool {
        if window.errorBoundPermille == MeterLimits.errorBoundCeilingPermille { return true }
        // The register is floored to whole microjoules at both ends.
        return error(of: window) <= WaveformCase.drawn(window) / 1000 * Int64(window.errorBoundPermille) + 2000
    }
}
