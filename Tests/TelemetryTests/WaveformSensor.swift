import Quantities
import Telemetry
import TestKit

/// A sensor as the boards have them, and what the meter is told of it.
enum WaveformSensor: CaseIterable {
    /// An INA3221: the mean over the 13 ms of its last refresh, in steps.
    case moment
    /// A driver's mean over a second, in steps of a milliwatt.
    case averaging
    /// A counter that wraps and is refreshed now and then.
    case counter

    private static let refresh: Int64 = 13
    /// Over how long it takes means, in ms.
    static let averaged: Int64 = 1000

    /// What the meter knows of this sensor on a source that draws `rated` at most.
    func configuration(rated: Int64, step: Int64, counter: WaveformCounter) -> MeterConfiguration {
        let most = Power(microwatts: 2 * rated)
        let believable = Power(microwatts: 16 * rated)
        switch self {
        case .moment:
            return MeterConfiguration(
                samplePeriod: .seconds(1), sensorStep: Power(microwatts: step), maximumPower: most,
                believablePower: believable)
        case .averaging:
            return MeterConfiguration(
                samplePeriod: .seconds(1), sensorStep: Power(milliwatts: 1), maximumPower: most,
                believablePower: believable, averaging: .milliseconds(WaveformSensor.averaged))
        case .counter:
            return MeterConfiguration(
                samplePeriod: .seconds(1), sensorStep: .zero,
                counterStep: EnergyRegister(microjoules: UInt64(counter.step)),
                counterRange: EnergyRegister(microjoules: UInt64(counter.range)), maximumPower: most,
                believablePower: believable, counterRefresh: .milliseconds(counter.refresh))
        }
    }

    /// What it shows of `waveform` at `time`.
    func reading(of waveform: Waveform, at time: Int64, step: Int64, counter: WaveformCounter) -> MeterReading {
        let at = BootTime(milliseconds: time)
        switch self {
        case .moment:
            let refreshed = time - time % WaveformSensor.refresh
            let power = waveform.mean(over: WaveformSensor.refresh, before: refreshed)
            return MeterReading(at: at, power: Power(microwatts: (power + step / 2) / step * step))
        case .averaging:
            let power = waveform.mean(over: WaveformSensor.averaged, before: time)
            return MeterReading(at: at, power: Power(microwatts: (power + 500) / 1000 * 1000))
        case .counter:
            return MeterReading(at: at, counter: EnergyRegister(microjoules: counter.value(of: waveform, at: time)))
        }
    }
}

/// An energy counter: RAPL's, or NVML's.
struct WaveformCounter {
    /// Its smallest difference, in µJ.
    let step: Int64
    /// Where it wraps, in µJ.
    let range: Int64
    /// How often it is brought up to date, in ms.
    let refresh: Int64
    /// What it stood at when the waveform began.
    let start: Int64

    init(_ random: inout SeededRandom) {
        let isRAPL = random.oneIn(2)
        step = isRAPL ? 61 : 1000
        // A real package domain's range, or one that wraps every few minutes.
        range = random.oneIn(2) ? 262_143_328_850 : 4_294_967_295
        refresh = isRAPL ? 1 : 20
        start = random.number(in: 0...range)
    }

    /// The counter's value at `time`.
    func value(of waveform: Waveform, at time: Int64) -> UInt64 {
        let microjoules = start + waveform.energy(from: 0, to: time - time % refresh) / 1000
        let value = microjoules >= range ? microjoules % range : microjoules
        return UInt64(value / step * step)
    }
}
