import Ledger
import Quantities
import Wire

/// What this board earned from others on one day, for the daily ceilings of LUPS.
///
/// A day is one of ledger time: every board counts its own, and no wall clock can shorten it.
struct WorkAllowance: Hashable, Sendable {
    private var day: Int64
    private var earned: Energy

    private static let dayMilliseconds: Int64 = 86_400_000

    /// Nothing was earned yet.
    init() {
        day = 0
        earned = .zero
    }

    /// What was earned on the day of `now`.
    func earned(at now: LedgerTime) -> Energy { WorkAllowance.day(of: now) == day ? earned : .zero }

    /// Adds a payment that came at `now`.
    mutating func add(_ payment: Energy, at now: LedgerTime) {
        earned = min(earned(at: now) + payment, .largest)
        day = WorkAllowance.day(of: now)
    }

    private static func day(of time: LedgerTime) -> Int64 { time.milliseconds / dayMilliseconds }

    /// Reads `[day, earned]`.
    init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 2)
        day = try reader.integer()
        earned = Energy(millijoules: try reader.integer())
        reader.endArray()
    }

    /// The stored form.
    var encoded: [UInt8] {
        var writer = CBORWriter()
        writer.array(2)
        writer.integer(day)
        writer.integer(earned.millijoules)
        return writer.bytes
    }
}
