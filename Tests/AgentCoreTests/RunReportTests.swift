import Cryptography
import EnergyProofs
import Federation
import Ledger
import Quantities
import Telemetry
import TestKit
import Testing
import Wire

@testable import AgentCore

/// Runs beside the signed pages of a board at 9.6 W, in windows of a minute: 576 J each.
@Suite struct `a report on runs` {
    private let board: SourceID
    private let pages: [ProofPage]
    private let epoch: UInt64

    init() throws {
        try #require(prepareCryptography())
        let start = try #require(CivilTime(year: 2026, month: 11, day: 24)).time
        var signed = try #require(SignedBoard(wall: start))
        pages = (0..<10).map { _ in signed.page(.seconds(60)) }
        let first = try #require(pages.first).proof
        board = first.source
        epoch = first.epoch
    }

    private func run(
        _ number: UInt64, _ range: ClosedRange<Int64>?, energy: Int64 = 1000, bound: Int64? = 10,
        evidence: EvidenceClass = .metered, epoch: UInt64? = nil, paid: Int64? = 0
    ) throws -> NumberedRun {
        var run = RunRecord(
            task: TaskID(bytes: Bytes16(bits: UInt128(number))),
            operation: try #require(Operation("perception.features")),
            payer: nil, ended: WallTime(milliseconds: 1), duration: .milliseconds(500), timeStatus: .synchronized,
            outcome: .done, energy: Energy(millijoules: energy), errorBound: bound.map { Energy(millijoules: $0) },
            evidence: evidence, source: board,
            span: range.flatMap {
                RegisterSpan(
                    epoch: epoch ?? self.epoch, start: Energy(millijoules: $0.lowerBound),
                    end: Energy(millijoules: $0.upperBound))
            })
        run.charged = Energy(millijoules: 7)
        run.paid = paid.map { Energy(millijoules: $0) }
        return NumberedRun(number: number, run: run)
    }

    /// The register's stretches that the pages with these positions cover.
    private func registers(_ positions: [Int]) throws -> SignedRegisters {
        var registers = SignedRegisters()
        for position in positions { try registers.add(pages[position].proof) }
        return registers
    }

    private func coverage(_ run: NumberedRun, _ positions: [Int]) throws -> PageCoverage? {
        RunReport([run], pages: [], ofTime: SignedRegisters(), registers: try registers(positions)).runs.first?.coverage
    }

    @Test func `says of each run whether signed pages cover its register`() throws {
        let all = Array(pages.indices)
        #expect(try coverage(run(1, 0...5_760_000), all) == .yes)
        #expect(try coverage(run(1, 575_999...576_001), all) == .yes)
        #expect(try coverage(run(1, 1000...1000), all) == .yes)
        #expect(try coverage(run(1, 5_759_999...5_760_001), all) == .partly)
        #expect(try coverage(run(1, 5_760_001...5_770_000), all) == .no)
        #expect(try coverage(run(1, 5_760_001...5_760_001), all) == .no)
        // The page in the middle is missing, then everything but that.
        #expect(try coverage(run(1, 500_000...1_500_000), [0, 2]) == .partly)
        #expect(try coverage(run(1, 600_000...700_000), [0, 2]) == .no)
        #expect(try coverage(run(1, 600_000...700_000), [1]) == .yes)
        // Another register, another class, no register, and a run that no meter resolved.
        #expect(try coverage(run(1, 0...1000, epoch: epoch + 1), all) == .no)
        #expect(try coverage(run(1, 0...1000, evidence: .replayed), all) == .no)
        #expect(try coverage(run(1, nil), all) == .no)
        #expect(try coverage(run(1, 0...1000, bound: nil), all) == .no)
    }

    @Test func `adds up by class, and never classes`() throws {
        let runs = [
            try run(1, 0...2000, energy: 1500, bound: 20), try run(2, 2000...4000, energy: 1700, bound: 30, paid: nil),
            try run(3, 0...2000, energy: 5, bound: nil, evidence: .modeled),
            try run(4, 5_759_000...5_761_000, energy: 900, bound: 40),
        ]
        let all = try registers(Array(pages.indices))
        let report = RunReport(runs, pages: try totals(of: .seconds(3600)), ofTime: all, registers: all)
        #expect(report.runs.map(\.kept.number) == [1, 2, 3, 4])
        #expect(report.totals.map(\.evidence) == [.metered, .modeled])
        let metered = try #require(report.totals.first)
        #expect(metered.runs == 3)
        #expect(metered.energy == Energy(millijoules: 4100))
        #expect(metered.errorBound == Energy(millijoules: 90))
        #expect(metered.unboundedRuns == 0)
        #expect(metered.charged == Energy(millijoules: 21))
        #expect(metered.openRuns == 1)
        #expect(metered.signedRuns == 2)
        #expect(metered.signedEnergy == Energy(millijoules: 3200))
        #expect(metered.duration == .milliseconds(1500))
        #expect(metered.pages?.energy == Energy(millijoules: 5_760_000))
        // 3.2 J of 5760 J.
        #expect(metered.share?.value == 5)
        let modeled = try #require(report.totals.last)
        #expect(modeled.energy == Energy(millijoules: 5))
        #expect(modeled.unboundedRuns == 1)
        #expect(modeled.pages == nil)
        #expect(modeled.share == nil)
    }

    /// What the pages of the first `span` come to.
    private func totals(of span: TimeSpan) throws -> [SourceSummary] {
        let start = try #require(CivilTime(year: 2026, month: 11, day: 24)).time
        let periods = try #require(ReportPeriods(from: start, to: start + span, by: .whole))
        let signed = try #require(SignedBoard(wall: start))
        let export = try #require(signed.export(pages, board: "board"))
        var energy = EnergyReport(periods: periods, domain: export.domain, key: export.key)
        for page in pages { try energy.add(page, using: Ed25519()) }
        return energy.totals
    }

    @Test func `compares with the pages of its time only what lies in them`() throws {
        // Of ten minutes the first two are of the time; one run lies in them, one reaches out, one lies beside.
        let runs = [
            try run(1, 0...576_000, energy: 576_000), try run(2, 1_000_000...5_000_000, energy: 4_000_000),
            try run(3, 2_000_000...3_000_000, energy: 1_000_000),
        ]
        let report = RunReport(
            runs, pages: try totals(of: .seconds(120)), ofTime: try registers([0, 1]),
            registers: try registers(Array(pages.indices)))
        let total = try #require(report.totals.first)
        #expect(total.signedRuns == 3)
        #expect(total.pages?.energy == Energy(millijoules: 1_152_000))
        #expect(total.energyInPages == Energy(millijoules: 576_000))
        #expect(total.share?.value == 5000)
    }

    @Test func `of nothing is nothing`() throws {
        let report = RunReport([], pages: [], ofTime: SignedRegisters(), registers: try registers([0]))
        #expect(report.runs.isEmpty && report.totals.isEmpty)
    }
}
