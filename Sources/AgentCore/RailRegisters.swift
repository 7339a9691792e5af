import Quantities
import Telemetry

/// What every rail has drawn since the agent began.
///
/// For metrics alone: proofs and prices rest on the meters of sources, which know their gaps and bounds. A reading
/// below zero counts as zero, and time without a reading for longer than a meter's gap adds nothing.
struct RailRegisters: Sendable {
    private struct Rail: Sendable {
        var power: Power
        var at: BootTime
        var microjoules: UInt64 = 0
        /// What is left of the last division: two thousandths of a microjoule.
        var rest: Int64 = 0
    }

    private let longestInterval: TimeSpan
    private var rails: [String: Rail] = [:]

    /// Registers for samples that are meant to be `period` apart.
    init(period: TimeSpan) { longestInterval = period * MeterLimits.gapPeriods }

    /// The register of the rail called `name`; nil where it was never read.
    func microjoules(of name: String) -> UInt64? { rails[name]?.microjoules }

    /// Takes in a sample.
    mutating func record(_ sample: TelemetrySample) {
        for reading in sample.rails { record(reading, at: sample.taken) }
    }

    private mutating func record(_ reading: RailReading, at now: BootTime) {
        guard let shown = reading.power else { return }
        let power = min(shown.clampedToZero, MeterLimits.largestPower)
        guard var rail = rails[reading.name] else {
            // A rail that appears beyond the limit is shown with its power and without a register.
            if rails.count < AgentLimits.railRegisters { rails[reading.name] = Rail(power: power, at: now) }
            return
        }
        let passed = now.since(rail.at)
        if passed > .zero, passed <= longestInterval {
            // A trapezoid: (µW + µW) × ms are two thousandths of a microjoule each.
            let area = (rail.power.microwatts + power.microwatts) * passed.milliseconds + rail.rest
            rail.microjoules &+= UInt64(area / 2000)
            rail.rest = area % 2000
        }
        rail.power = power
        rail.at = now
        rails[reading.name] = rail
    }
}
