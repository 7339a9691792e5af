import Quantities
import Telemetry
import Testing

extension Meter {
    /// The window that ends at `time`, which must be one that can be closed, at that time or at `now`.
    mutating func closed(at time: Int64, now: Int64? = nil) throws -> MeterWindow {
        let window = closeWindow(at: BootTime(milliseconds: time), now: BootTime(milliseconds: now ?? time))
        return try #require(window)
    }
}
