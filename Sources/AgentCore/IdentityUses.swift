import Federation
import Ledger
import Quantities
import Wire

/// What identities used of their daily ceilings on this board, each by itself.
///
/// At most `IdentityLimits.countedIdentities` of a day are counted; a further one has nothing left until the next day.
struct IdentityUses: Sendable {
    private var days: [LCT: DayTotal] = [:]

    /// Nothing yet.
    init() {}

    /// What `identity` used on the day of `now`.
    func amount(of identity: LCT, at now: LedgerTime) -> Energy {
        if let total = days[identity] { return total.amount(at: now) }
        return today(now).count < IdentityLimits.countedIdentities ? .zero : .largest
    }

    /// Adds what `identity` used at `now`.
    mutating func add(_ amount: Energy, for identity: LCT, at now: LedgerTime) {
        if days[identity] == nil, days.count >= IdentityLimits.countedIdentities { days = today(now) }
        guard days[identity] != nil || days.count < IdentityLimits.countedIdentities else { return }
        days[identity, default: DayTotal()].add(amount, at: now)
    }

    private func today(_ now: LedgerTime) -> [LCT: DayTotal] {
        // Few boards ever see so many: only then a full table is looked through.
        days.count < IdentityLimits.countedIdentities ? days : days.filter { $0.value.amount(at: now) > .zero }
    }

    /// Reads `[[identity, [day, amount]]]`.
    init(from reader: inout CBORReader) throws(CBORError) {
        for _ in 0..<(try reader.beginArray(limit: IdentityLimits.countedIdentities)) {
            try reader.beginArray(of: 2)
            let start = reader.offset
            let text = try reader.text(limit: FederationLimits.maximumLCTLength)
            guard let identity = try? LCT(text) else { throw .invalidValue(at: start) }
            days[identity] = try DayTotal(from: &reader)
            reader.endArray()
        }
        reader.endArray()
    }

    /// The stored form.
    var encoded: [UInt8] {
        var writer = CBORWriter()
        writer.array(days.count)
        for identity in days.keys.sorted() {
            writer.array(2)
            writer.text(identity.text)
            writer.encoded((days[identity] ?? DayTotal()).encoded)
        }
        return writer.bytes
    }
}
