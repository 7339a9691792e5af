import Federation
import Ledger
import Quantities
import Testing
import Wire

@testable import AgentCore

@Suite struct IdentityUsesTests {
    private static let day: Int64 = 86_400_000

    private static func lct(_ number: Int) throws -> LCT { try LCT("lct:web4:agent:a\(number)@Thor#perception") }

    @Test func `each identity has its own budget, which is full again the next day`() throws {
        var uses = IdentityUses()
        let (one, other) = (try Self.lct(1), try Self.lct(2))
        uses.add(Energy(millijoules: 300), for: one, at: LedgerTime(milliseconds: 5))
        uses.add(Energy(millijoules: 45), for: one, at: LedgerTime(milliseconds: Self.day - 1))
        #expect(uses.amount(of: one, at: LedgerTime(milliseconds: Self.day - 1)) == Energy(millijoules: 345))
        #expect(uses.amount(of: other, at: LedgerTime(milliseconds: Self.day - 1)) == .zero)
        #expect(uses.amount(of: one, at: LedgerTime(milliseconds: Self.day)) == .zero)
    }

    @Test func `more identities than are counted get nothing until the next day`() throws {
        var uses = IdentityUses()
        let now = LedgerTime(milliseconds: 7)
        for number in 0..<IdentityLimits.countedIdentities {
            uses.add(Energy(millijoules: 1), for: try Self.lct(number), at: now)
        }
        let late = try Self.lct(9_999)
        #expect(uses.amount(of: late, at: now) == .largest)
        uses.add(Energy(millijoules: 1), for: late, at: now)
        #expect(uses.amount(of: late, at: now) == .largest)
        #expect(uses.amount(of: try Self.lct(3), at: now) == Energy(millijoules: 1))
        let next = LedgerTime(milliseconds: Self.day + 1)
        #expect(uses.amount(of: late, at: next) == .zero)
        uses.add(Energy(millijoules: 2), for: late, at: next)
        #expect(uses.amount(of: late, at: next) == Energy(millijoules: 2))
    }

    @Test func `what is stored is what is read back`() throws {
        var uses = IdentityUses()
        let now = LedgerTime(milliseconds: 7)
        for number in 0..<5 { uses.add(Energy(millijoules: Int64(number)), for: try Self.lct(number), at: now) }
        let bytes = uses.encoded
        var reader = try CBORReader(bytes.span, limit: bytes.count)
        let read = try IdentityUses(from: &reader)
        try reader.finish()
        #expect(read.encoded == bytes)
        for number in 0..<5 {
            #expect(read.amount(of: try Self.lct(number), at: now) == Energy(millijoules: Int64(number)))
        }
    }
}
