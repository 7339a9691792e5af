import Ledger
import Quantities
import Testing
import Wire

@testable import AgentCore

@Suite struct WorkAllowanceTests {
    private let day: Int64 = 86_400_000

    @Test func `payments of one day add up, and the next day begins with nothing`() {
        var allowance = WorkAllowance()
        #expect(allowance.earned(at: LedgerTime(milliseconds: 0)) == .zero)
        allowance.add(Energy(millijoules: 300), at: LedgerTime(milliseconds: 5))
        allowance.add(Energy(millijoules: 45), at: LedgerTime(milliseconds: day - 1))
        #expect(allowance.earned(at: LedgerTime(milliseconds: day - 1)) == Energy(millijoules: 345))
        #expect(allowance.earned(at: LedgerTime(milliseconds: day)) == .zero)
        allowance.add(Energy(millijoules: 7), at: LedgerTime(milliseconds: day))
        #expect(allowance.earned(at: LedgerTime(milliseconds: 2 * day - 1)) == Energy(millijoules: 7))
    }

    @Test func `a sum beyond the largest amount is the largest amount`() {
        var allowance = WorkAllowance()
        allowance.add(.largest, at: .origin)
        allowance.add(.largest, at: .origin)
        #expect(allowance.earned(at: .origin) == .largest)
    }

    @Test func `the stored form is read back, and a damaged one is refused`() throws {
        var allowance = WorkAllowance()
        allowance.add(Energy(millijoules: 1234), at: LedgerTime(milliseconds: 3 * day))
        let stored = allowance.encoded
        var reader = try CBORReader(stored.span, limit: 64)
        #expect(try WorkAllowance(from: &reader) == allowance)
        #expect(throws: CBORError.self) {
            let short = Array(stored.dropLast())
            var reader = try CBORReader(short.span, limit: 64)
            _ = try WorkAllowance(from: &reader)
        }
    }
}
