import Ledger
import Quantities
import Testing
import Wire

@testable import AgentCore

@Suite struct DayTotalTests {
    private let day: Int64 = 86_400_000

    @Test func `payments of one day add up, and the next day begins with nothing`() {
        var total = DayTotal()
        #expect(total.amount(at: LedgerTime(milliseconds: 0)) == .zero)
        total.add(Energy(millijoules: 300), at: LedgerTime(milliseconds: 5))
        total.add(Energy(millijoules: 45), at: LedgerTime(milliseconds: day - 1))
        #expect(total.amount(at: LedgerTime(milliseconds: day - 1)) == Energy(millijoules: 345))
        #expect(total.amount(at: LedgerTime(milliseconds: day)) == .zero)
        total.add(Energy(millijoules: 7), at: LedgerTime(milliseconds: day))
        #expect(total.amount(at: LedgerTime(milliseconds: 2 * day - 1)) == Energy(millijoules: 7))
    }

    @Test func `a sum beyond the largest amount is the largest amount`() {
        var total = DayTotal()
        total.add(.largest, at: .origin)
        total.add(.largest, at: .origin)
        #expect(total.amount(at: .origin) == .largest)
    }

    @Test func `the stored form is read back, and a damaged one is refused`() throws {
        var total = DayTotal()
        total.add(Energy(millijoules: 1234), at: LedgerTime(milliseconds: 3 * day))
        let stored = total.encoded
        var reader = try CBORReader(stored.span, limit: 64)
        #expect(try DayTotal(from: &reader) == total)
        #expect(throws: CBORError.self) {
            let short = Array(stored.dropLast())
            var reader = try CBORReader(short.span, limit: 64)
            _ = try DayTotal(from: &reader)
        }
    }
}
