import Cryptography
import EnergyProofs
import Federation
import Ledger
import Quantities
import Testing
import Wire

@testable import AgentCore

@Suite struct IdentityUsesTests {
    private static let day: Int64 = 86_400_000

    init() throws { try #require(prepareCryptography()) }

    private static func lct(_ number: Int) throws -> LCT { try LCT("lct:web4:agent:a\(number)@Thor#perception") }

    @Test func `each identity has its own budget, which is full again the next day`() throws {
        var uses = IdentityUses()
        let (one, other) = (try Self.lct(1), try Self.lct(2))
        _ = uses.add(Energy(millijoules: 300), for: one, at: LedgerTime(milliseconds: 5))
        _ = uses.add(Energy(millijoules: 45), for: one, at: LedgerTime(milliseconds: Self.day - 1))
        #expect(uses.amount(of: one, at: LedgerTime(milliseconds: Self.day - 1)) == Energy(millijoules: 345))
        #expect(uses.amount(of: other, at: LedgerTime(milliseconds: Self.day - 1)) == .zero)
        #expect(uses.amount(of: one, at: LedgerTime(milliseconds: Self.day)) == .zero)
    }

    @Test func `more identities than are counted get nothing until the next day`() throws {
        var uses = IdentityUses()
        let now = LedgerTime(milliseconds: 7)
        for number in 0..<IdentityLimits.countedIdentities {
            _ = uses.add(Energy(millijoules: 1), for: try Self.lct(number), at: now)
        }
        let late = try Self.lct(9_999)
        #expect(uses.amount(of: late, at: now) == .largest)
        _ = uses.add(Energy(millijoules: 1), for: late, at: now)
        #expect(uses.amount(of: late, at: now) == .largest)
        #expect(uses.amount(of: try Self.lct(3), at: now) == Energy(millijoules: 1))
        let next = LedgerTime(milliseconds: Self.day + 1)
        #expect(uses.amount(of: late, at: next) == .zero)
        _ = uses.add(Energy(millijoules: 2), for: late, at: next)
        #expect(uses.amount(of: late, at: next) == Energy(millijoules: 2))
    }

    private static func uses(_ image: StoreImage) throws -> IdentityUses {
        try RestoredRecords(image, policy: ChargingPolicy()).uses
    }

    @Test func `what is stored is what is read back, a record for each`() throws {
        var uses = IdentityUses()
        var image = StoreImage(ledger: LedgerImage(), storeEpoch: StoreEpoch(1), bootEpoch: 1)
        let now = LedgerTime(milliseconds: 7)
        for number in 0..<5 {
            for _ in 0..<2 {
                let writes = uses.add(Energy(millijoules: Int64(number)), for: try Self.lct(number), at: now)
                #expect(writes.count == 1)
                image.apply(writes)
            }
        }
        #expect(image.records(.identityUse).count == 5)
        var read = try Self.uses(image)
        #expect(read.takeApart().isEmpty)
        for number in 0..<5 {
            #expect(read.amount(of: try Self.lct(number), at: now) == Energy(millijoules: 2 * Int64(number)))
        }
    }

    @Test func `those that make room are gone from the store as well`() throws {
        var uses = IdentityUses()
        var image = StoreImage(ledger: LedgerImage(), storeEpoch: StoreEpoch(1), bootEpoch: 1)
        for number in 0..<(IdentityLimits.countedIdentities + 30) {
            let now = LedgerTime(milliseconds: number < 100 ? 5 : Self.day + 5)
            image.apply(uses.add(Energy(millijoules: 1), for: try Self.lct(number), at: now))
        }
        #expect(image.records(.identityUse).count == IdentityLimits.countedIdentities + 30 - 100)
        let read = try Self.uses(image)
        let now = LedgerTime(milliseconds: Self.day + 6)
        #expect(read.amount(of: try Self.lct(3), at: now) == .zero)
        #expect(read.amount(of: try Self.lct(150), at: now) == Energy(millijoules: 1))
    }

    @Test func `what an earlier version kept in one record is taken apart once`() throws {
        let now = LedgerTime(milliseconds: 7)
        var writer = CBORWriter()
        writer.array(3)
        for number in 0..<3 {
            var total = DayTotal()
            total.add(Energy(millijoules: Int64(10 + number)), at: now)
            writer.array(2)
            writer.text(try Self.lct(number).text)
            writer.encoded(total.encoded)
        }
        var image = StoreImage(ledger: LedgerImage(), storeEpoch: StoreEpoch(1), bootEpoch: 1)
        image.apply([.put(.setting, key: Array("identity-uses".utf8), value: writer.bytes)])
        var read = try Self.uses(image)
        image.apply(read.takeApart())
        #expect(read.takeApart().isEmpty)
        #expect(image.records(.setting).isEmpty)
        #expect(image.records(.identityUse).count == 3)
        var again = try Self.uses(image)
        #expect(again.takeApart().isEmpty)
        for number in 0..<3 {
            #expect(again.amount(of: try Self.lct(number), at: now) == Energy(millijoules: Int64(10 + number)))
        }
    }

    @Test func `a record under another's key is refused`() throws {
        var uses = IdentityUses()
        let writes = uses.add(Energy(millijoules: 1), for: try Self.lct(1), at: LedgerTime(milliseconds: 7))
        guard case .put(_, _, let value)? = writes.first else { throw CBORError.trailingBytes(at: 0) }
        var image = StoreImage(ledger: LedgerImage(), storeEpoch: StoreEpoch(1), bootEpoch: 1)
        image.apply([.put(.identityUse, key: [UInt8](repeating: 1, count: 16), value: value)])
        #expect(throws: AgentRestoreError.self) { try Self.uses(image) }
    }
}
