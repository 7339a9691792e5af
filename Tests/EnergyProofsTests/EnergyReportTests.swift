import Cryptography
import EnergyProofs
import Quantities
import Telemetry
import TestKit
import Testing

/// A point in time of the tests' day.
func at(_ hour: Int64, _ minute: Int64 = 0, _ second: Int64 = 0) -> WallTime {
    WallTime(milliseconds: 1_795_737_600_000 + ((hour * 60 + minute) * 60 + second) * 1000)
}

@Suite struct ReportPeriodsTests {
    @Test func `a window counts where it ends, and at a border in the earlier period`() throws {
        let periods = try #require(ReportPeriods(from: at(0, 30), to: at(3), by: .hour))
        #expect(periods.count == 3)
        #expect(periods.index(ofWindowEndingAt: at(0, 30)) == nil)
        #expect(periods.index(ofWindowEndingAt: at(0, 30) + .milliseconds(1)) == 0)
        #expect(periods.index(ofWindowEndingAt: at(1)) == 0)
        #expect(periods.index(ofWindowEndingAt: at(1) + .milliseconds(1)) == 1)
        #expect(periods.index(ofWindowEndingAt: at(3)) == 2)
        #expect(periods.index(ofWindowEndingAt: at(3) + .milliseconds(1)) == nil)
        #expect((0..<3).map { periods.start(of: $0) } == [at(0, 30), at(1), at(2)])
        #expect((0..<3).map { periods.end(of: $0) } == [at(1), at(2), at(3)])
        #expect(periods.length(of: 0) == .seconds(1800))
    }

    @Test func `days begin at midnight of the clock that is meant`() throws {
        let periods = try #require(ReportPeriods(from: at(0), to: at(48), by: .day, offset: .seconds(3600)))
        #expect(periods.count == 3)
        #expect((0..<3).map { periods.end(of: $0) } == [at(23), at(47), at(48)])
        #expect(periods.number(of: 1) == periods.number(of: 0) + 1)
    }

    @Test func `no time, too many periods and clocks that do not exist make none`() {
        #expect(ReportPeriods(from: at(1), to: at(1), by: .hour) == nil)
        #expect(ReportPeriods(from: at(2), to: at(1), by: .whole) == nil)
        let most = Int64(EnergyProofLimits.reportPeriods)
        #expect(ReportPeriods(from: at(0), to: at(most), by: .hour)?.count == Int(most))
        #expect(ReportPeriods(from: at(0), to: at(most + 1), by: .hour) == nil)
        #expect(ReportPeriods(from: at(0), to: at(1), by: .day, offset: .seconds(19 * 3600)) == nil)
        #expect(ReportPeriods(from: WallTime(milliseconds: -1), to: at(1), by: .day) == nil)
        #expect(ReportPeriods(from: at(0), to: .distantFuture, by: .whole) == nil)
    }
}

@Suite struct EnergyReportTests {
    private let scheme = Ed25519()

    private func report(
        _ pages: [ProofPage], of board: SignedBoard, from: WallTime = at(0), to: WallTime = at(4),
        by interval: ReportInterval = .hour, source: SourceID? = nil
    ) throws -> EnergyReport {
        let periods = try #require(ReportPeriods(from: from, to: to, by: interval))
        var report = EnergyReport(
            periods: periods, domain: SignedBoard.domain, key: board.key.publicKey, source: source)
        for page in pages { try report.add(page, using: scheme) }
        return report
    }

    @Test func `the sum of a class knows of the register that began with it`() throws {
        var board = try #require(SignedBoard(wall: at(0)))
        var pages = [board.page()]
        board.beginEpoch()
        board.restart()
        board.state.evidence = .modeled
        pages.append(board.page())
        let report = try report(pages, of: board)
        #expect(report.entries.map { $0.pages.newEpochs } == [0, 1])
        #expect(report.totals.map { $0.newEpochs } == [0, 1])
        #expect(report.totals.map { $0.reboots } == [0, 1])
        let export = try #require(board.export(pages))
        let summary = try export.verify(expectedDomain: nil, expectedKey: nil, using: scheme)
        #expect(summary.sources.map { $0.newEpochs } == [0, 1])
    }

    @Test func `energy, error and coverage of an hour are those of its pages`() throws {
        var board = try #require(SignedBoard(wall: at(0)))
        // Ten-second windows at 9.6 W; in the second hour half a minute of each minute is lost.
        var pages = (0..<360).map { _ in board.page() }
        for _ in 0..<60 {
            pages.append(board.page(.seconds(60), gap: .seconds(30), errorBoundPermille: 40))
        }
        let report = try report(pages, of: board)
        #expect(report.entries.count == 2)
        let first = report.entries[0]
        #expect(first.pages.energy == mJ(9_600 * 3600))
        #expect(first.pages.errorBound == mJ(9_600 * 3600 * 11 / 1000))
        #expect(report.coverage(of: first) == .one)
        let second = report.entries[1]
        #expect(second.pages.energy == mJ(9_600 * 1800))
        #expect(second.pages.errorBound == mJ(9_600 * 1800 * 40 / 1000))
        #expect(second.pages.mean == mW(9_600))
        #expect(report.coverage(of: second) == BasisPoints(clamping: 5000))
        #expect(report.totals.count == 1)
        #expect(report.totals[0].energy == mJ(9_600 * 5400))
        // Of the four hours of the report an hour and a half were measured.
        #expect(report.coverage(of: report.totals[0]) == BasisPoints(clamping: 3750))
    }

    @Test func `every entry's energy is the difference of its registers`() throws {
        var board = try #require(SignedBoard(wall: at(0)))
        var random = SeededRandom(seed: 5)
        var pages: [ProofPage] = []
        for step in 0..<300 {
            if step % 50 == 49 { board.restart() }
            if step % 70 == 69 { board.beginEpoch() }
            board.state.evidence = step % 90 < 80 ? .metered : .replayed
            let gap = TimeSpan.seconds(Int64.random(in: 0...30, using: &random))
            pages.append(
                board.page(.seconds(30), milliwatts: UInt64.random(in: 4_000...20_000, using: &random), gap: gap))
        }
        let report = try report(pages, of: board)
        #expect(report.entries.count > 6)
        var sums: [EvidenceClass: Energy] = [:]
        for entry in report.entries {
            #expect(entry.pages.energy == entry.pages.registerEnd - entry.pages.registerStart)
            #expect(entry.pages.pages == Int(entry.pages.lastPage - entry.pages.firstPage) + 1)
            sums[entry.pages.evidence, default: .zero] += entry.pages.energy
        }
        for total in report.totals { #expect(sums[total.evidence] == total.energy) }
        #expect(report.totals.map { $0.pages }.reduce(0, +) == 300)
        #expect(report.entries.reduce(0) { $0 + $1.pages.newEpochs } == 4)
        #expect(report.entries.reduce(0) { $0 + $1.pages.reboots } == 6)
    }

    @Test func `sources and classes are kept apart, and one source can be chosen`() throws {
        var board = try #require(SignedBoard(wall: at(0)))
        var panel = try #require(SignedBoard("solar:roof", wall: at(0)))
        let pages = (0..<4).flatMap { _ in [board.page(), panel.page(milliwatts: 20_000)] }
        let both = try report(pages, of: board)
        #expect(both.totals.map { $0.energy } == [mJ(384_000), mJ(800_000)])
        #expect(both.entries.map { $0.pages.source.text } == [board.source.text, "solar:roof"])
        let one = try report(pages, of: board, source: panel.source)
        #expect(one.totals.map { $0.source } == [panel.source])
    }

    @Test func `pages beside the time add nothing and are not missed`() throws {
        var board = try #require(SignedBoard(wall: at(0)))
        let pages = (0..<720).map { _ in board.page() }
        let report = try report(pages, of: board, from: at(0, 30), to: at(1, 30))
        #expect(report.totals[0].pages == 360)
        #expect(report.entries.map { $0.pages.firstPage } == [180, 360])
        #expect(report.entries.map { $0.pages.pages } == [180, 180])
    }

    @Test func `throttling, unsynchronized clocks and unbounded errors are told`() throws {
        var board = try #require(SignedBoard(wall: at(0)))
        board.status = .unsynchronized
        board.state.hottest = Temperature(millidegrees: 91_000)
        board.state.throttle = ThrottleReasons([.thermalAlert])
        var pages = [board.page(), board.page(errorBoundPermille: 10_000)]
        board.status = .synchronized
        board.state.throttle = .none
        board.state.hottest = nil
        pages.append(board.page())
        let total = try report(pages, of: board).totals[0]
        #expect(total.throttledTime == .seconds(20))
        #expect(total.throttle.all == [.thermalAlert])
        #expect(total.hottest == Temperature(millidegrees: 91_000))
        #expect(total.unsynchronizedPages == 2)
        #expect(total.unboundedPages == 1)
        #expect(total.timeStatus == .unsynchronized)
        #expect(total.peak == mW(9_700))
    }

    @Test func `no energy within a bound that is none, or of a window that was not measured, is not bounded`() throws {
        var board = try #require(SignedBoard(wall: at(0)))
        let nothing = board.page(milliwatts: 0, errorBoundPermille: 10_000)
        let alone = try report([nothing], of: board).totals[0]
        #expect(alone.energy == .zero)
        #expect(alone.errorBound == nil)
        #expect(alone.unboundedPages == 1)
        #expect(alone.errorBoundPermille == 10_000)
        let gap = board.page(gap: .seconds(10), errorBoundPermille: 10_000)
        let known = board.page()
        let total = try report([nothing, gap, known], of: board).totals[0]
        #expect(total.unboundedPages == 2)
        #expect(total.errorBound == mJ(1_056))
        #expect(total.errorBoundPermille == 11)
    }

    @Test func `what was never measured has no mean, no peak and no error`() throws {
        var meter = try #require(SignedBoard("grid:old", wall: at(0)))
        let pages = (0..<3).map { _ in meter.page(gap: .seconds(10), errorBoundPermille: 10_000) }
        let total = try report(pages, of: meter).totals[0]
        #expect((total.energy, total.covered, total.unboundedPages) == (.zero, .zero, 3))
        #expect(!total.isMeasured && !total.isWord)
        #expect((total.mean, total.peak, total.errorBound) == (nil, nil, nil))
        #expect(total.errorBoundPermille == 10_000)
        // Zero that was read is known.
        let dark = try report(pages + [meter.page(milliwatts: 0)], of: meter).totals[0]
        #expect((dark.mean, dark.peak) == (.zero, mW(100)))
    }

    @Test func `what nobody measures is the operator's word, and no energy of zero`() throws {
        var human = try #require(SignedBoard("human:dana", evidence: .declared, wall: at(0)))
        human.state.rated = mW(100_000)
        let pages = [human.wordPage(), human.wordPage(gap: .seconds(10)), human.wordPage()]
        let total = try report(pages, of: human).totals[0]
        #expect(total.isWord && !total.isMeasured)
        #expect((total.covered, total.rated, total.unboundedPages) == (.seconds(20), mW(100_000), 0))
        #expect((total.mean, total.peak, total.errorBound) == (nil, nil, nil))
        // A meter of which only its word is known has readings.
        var meter = try #require(SignedBoard("grid:meter", evidence: .declared, wall: at(0)))
        let read = try report([meter.page()], of: meter).totals[0]
        #expect(read.isMeasured && !read.isWord)
        #expect(read.mean == mW(9_600))
    }

    @Test func `a page that is not accepted ends the report, by its name`() throws {
        var board = try #require(SignedBoard(wall: at(0)))
        let pages = (0..<4).map { _ in board.page() }
        func refusal(_ pages: [ProofPage], of other: SignedBoard? = nil) throws -> EnergyReportError? {
            do { _ = try report(pages, of: other ?? board) } catch { return error as? EnergyReportError }
            return nil
        }
        #expect(
            try refusal([pages[0], pages[2]])
                == .page(board.source, page: 2, .missingPages(expected: 1, found: 2)))
        #expect(try refusal([pages[0], pages[0]]) == .page(board.source, page: 0, .replay(page: 0, last: 0)))
        let stranger = try #require(SignedBoard(seed: 2, wall: at(0)))
        #expect(
            try refusal(pages, of: stranger)
                == .page(
                    board.source, page: 0,
                    .envelope(.wrongKey(expected: stranger.key.publicKey.id, found: board.key.publicKey.id))))
        var bytes = pages[1].bytes
        bytes[bytes.count - 1] ^= 1
        #expect(
            try refusal([pages[0], ProofPage(decoding: bytes)])
                == .page(board.source, page: 1, .envelope(.badSignature)))
    }

    @Test func `after pages that were left out the next is not held against the last one seen`() throws {
        var board = try #require(SignedBoard(wall: at(0)))
        let pages = (0..<4).map { _ in board.page() }
        var report = try report([pages[0]], of: board)
        try report.add(pages[3], isResumed: true, using: scheme)
        #expect(report.entries.map { $0.pages.firstPage } == [0, 3])
        #expect(report.totals[0].pages == 2)
    }
}
