import Cryptography
import Federation
import Ledger
import Quantities
import Wire

/// What identities used of their daily ceilings on this board, each by itself, and each in a record of its own.
///
/// At most `IdentityLimits.countedIdentities` of a day are counted; a further one has nothing left until the next day.
struct IdentityUses: Sendable {
    private var days: [LCT: DayTotal] = [:]
    /// Whether the store has them in one record together, as earlier versions kept them.
    private var isInOneRecord = false

    /// Nothing yet.
    init() {}

    /// What `identity` used on the day of `now`.
    func amount(of identity: LCT, at now: LedgerTime) -> Energy {
        if let total = days[identity] { return total.amount(at: now) }
        return days.count < IdentityLimits.countedIdentities || hasRoom(now) ? .zero : .largest
    }

    /// Adds what `identity` used at `now`; what is to be stored of that.
    mutating func add(_ amount: Energy, for identity: LCT, at now: LedgerTime) -> [StoreWrite] {
        var writes: [StoreWrite] = []
        if days[identity] == nil, days.count >= IdentityLimits.countedIdentities {
            for other in days.keys.sorted() where days[other]?.amount(at: now) == .zero {
                days[other] = nil
                writes.append(.remove(.identityUse, key: IdentityUses.key(of: other)))
            }
            guard days.count < IdentityLimits.countedIdentities else { return writes }
        }
        var total = days[identity] ?? DayTotal()
        total.add(amount, at: now)
        days[identity] = total
        writes.append(write(total, of: identity))
        return writes
    }

    /// Whether one of those that are counted used nothing on the day of `now`, and makes room.
    private func hasRoom(_ now: LedgerTime) -> Bool {
        // Few boards ever see so many: only then a full table is looked through.
        days.values.contains { $0.amount(at: now) == .zero }
    }

    // MARK: Records

    private static func key(of identity: LCT) -> [UInt8] {
        Hashing.hash(Array(identity.text.utf8), for: .identifier).prefix16.array
    }

    private func write(_ total: DayTotal, of identity: LCT) -> StoreWrite {
        var writer = CBORWriter(capacity: identity.text.utf8.count + 32)
        writer.array(2)
        writer.text(identity.text)
        writer.encoded(total.encoded)
        return .put(.identityUse, key: IdentityUses.key(of: identity), value: writer.bytes)
    }

    /// Takes in the record of an identity, `[identity, [day, amount]]`; false where its key is another's.
    mutating func restore(key: [UInt8], from reader: inout CBORReader) throws(CBORError) -> Bool {
        let (identity, total) = try IdentityUses.entry(&reader)
        days[identity] = total
        return key == IdentityUses.key(of: identity)
    }

    /// Takes in the one record `[[identity, [day, amount]]]` of an earlier version.
    mutating func restoreAll(from reader: inout CBORReader) throws(CBORError) {
        for _ in 0..<(try reader.beginArray(limit: IdentityLimits.countedIdentities)) {
            let (identity, total) = try IdentityUses.entry(&reader)
            days[identity] = total
        }
        reader.endArray()
        isInOneRecord = true
    }

    private static func entry(_ reader: inout CBORReader) throws(CBORError) -> (LCT, DayTotal) {
        try reader.beginArray(of: 2)
        let start = reader.offset
        let text = try reader.text(limit: FederationLimits.maximumLCTLength)
        guard let identity = try? LCT(text) else { throw .invalidValue(at: start) }
        let total = try DayTotal(from: &reader)
        reader.endArray()
        return (identity, total)
    }

    /// What puts a record for each identity in the place of the one of an earlier version; nothing where that is done.
    mutating func takeApart() -> [StoreWrite] {
        guard isInOneRecord else { return [] }
        isInOneRecord = false
        return days.keys.sorted().compactMap { identity in days[identity].map { write($0, of: identity) } }
            + [.remove(.setting, key: SettingKey.uses)]
    }
}
