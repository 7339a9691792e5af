import Ledger
import Quantities
import Wire

/// An amount of one day: what was earned from others, for the daily ceilings of LUPS, or what own tasks cost.
///
/// A day is one of ledger time: every board counts its own, and no wall clock can shorten it.
struct DayTotal: Hashable, Sendable {
    private var day: Int64
    private var total: Energy

    private static let dayMilliseconds: Int64 = 86_400_000

    /// Nothing yet.
    init() {
        day = 0
        total = .zero
    }

    /// The amount of the day of `now`.
    func amount(at now: LedgerTime) -> Energy { DayTotal.day(of: now) == day ? total : .zero }

    /// Adds what came at `now`.
    mutating func add(_ amount: Energy, at now: LedgerTime) {
        total = min(self.amount(at: now) + amount, .largest)
        day = DayTotal.day(of: now)
    }

    private static func day(of time: LedgerTime) -> Int64 { time.milliseconds / dayMilliseconds }

    /// Reads `[day, amount]`.
    init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 2)
        day = try reader.integer()
        total = Energy(millijoules: try reader.integer())
        reader.endArray()
    }

    /// The stored form.
    var encoded: [UInt8] {
        var writer = CBORWriter()
        writer.array(2)
        writer.integer(day)
        writer.integer(total.millijoules)
        return writer.bytes
    }
}
