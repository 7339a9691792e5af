import Quantities
import Telemetry
import Testing

extension Meter {
    /// A meter that has watched `power` for as long as it remembers, with a window that begins at `start`.
    static func acquainted(
        _ configuration: MeterConfiguration, with power: Power, start: Int64 = 1_000_000
    ) throws -> Meter {
        var meter = Meter(configuration, bootID: .zero, at: .origin)
        let period = configuration.samplePeriod.milliseconds
        for sample in stride(from: start - Int64(MeterLimits.memory) * period, through: start, by: Int(period)) {
            meter.record(MeterReading(at: BootTime(milliseconds: sample), power: power))
        }
        _ = try meter.closed(at: start)
        return meter
    }

    /// Takes in one reading of `milliwatts` a second after `start`, and so on.
    mutating func watch(_ milliwatts: [Int64], after start: Int64) {
        for (index, power) in milliwatts.enumerated() {
            let at = BootTime(milliseconds: start + Int64(index + 1) * 1000)
            record(MeterReading(at: at, power: Power(milliwatts: power)))
        }
    }

    /// The window that ends at `time`, which must be one that can be closed, at that time or at `now`.
    mutating func closed(at time: Int64, now: Int64? = nil) throws -> MeterWindow {
        let window = closeWindow(at: BootTime(milliseconds: time), now: BootTime(milliseconds: now ?? time))
        return try #require(window)
    }
}
