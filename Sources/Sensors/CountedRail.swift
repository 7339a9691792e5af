import Quantities
import Telemetry

extension Reading where Value == Int64 {
    /// What a counter showed at `now`, in µJ, as a reading of the rail `name`; `counter` is what was known before.
    func rail(
        _ counter: inout EnergyCounter, name: String, role: RailRole, source: ReadingSource, at now: BootTime
    ) -> Reading<RailReading> {
        switch self {
        case .unavailable(let reason): return .unavailable(reason)
        case .value(let shown):
            guard let shown = UInt64(exactly: shown), let reading = counter.advance(to: shown, at: now) else {
                return .unavailable(.malformed)
            }
            return .value(
                RailReading(name: name, role: role, counter: reading.register, power: reading.power, source: source))
        }
    }
}
