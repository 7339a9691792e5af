import Configuration
import Cryptography
import EnergyProofs
import Foundation
import Quantities
import Telemetry
import TestKit
import Testing

@testable import sage_edge

/// The report over pages of several boards, signed by one key.
private func report(_ pages: [ProofPage], by interval: ReportInterval = .hour) throws -> ShownReport {
    let periods = try #require(ReportPeriods(from: start, to: start + .seconds(3 * 3600), by: interval))
    let key = try #require(SignedBoard(wall: start)).key.publicKey
    var energy = EnergyReport(periods: periods, domain: SignedBoard.domain, key: key)
    for page in pages { try energy.add(page, using: Ed25519()) }
    let board = try #require(ProofText("a board", limit: EnergyProofLimits.boardDescriptionBytes))
    return ShownReport(energy: energy, board: board, made: start)
}

/// The browser, where it is installed.
private enum Chromium {
    static let tool = ExternalTool(program: "/usr/bin/chromium", package: "chromium")
    static var isThere: Bool { FileManager.default.isExecutableFile(atPath: tool.program) }
}

private let start = WallTime(milliseconds: 1_795_737_600_000)

/// A meter that never answered, for two hours.
private func unreadPages() throws -> [ProofPage] {
    var meter = try #require(SignedBoard("grid:old", wall: start))
    return (0..<120).map { _ in meter.page(.seconds(60), gap: .seconds(60), errorBoundPermille: 10_000) }
}

/// A person of 100 W, for two hours.
private func wordPages() throws -> [ProofPage] {
    var human = try #require(SignedBoard("human:dana", evidence: .declared, wall: start))
    human.state.rated = Power(milliwatts: 100_000)
    return (0..<120).map { _ in human.wordPage(.seconds(60)) }
}

private func words(_ text: String) -> String {
    text.split { $0 == " " || $0 == "\n" }.joined(separator: " ")
}

@Suite struct `a report as it is shown` {
    @Test func `calls a recording one throughout, and one page one`() throws {
        var board = try #require(SignedBoard("compute:nano:1", evidence: .replayed, wall: start))
        board.status = .unsynchronized
        let table = words(try report([board.page(.seconds(60))]).table)
        #expect(table.contains("class replayed: a recording, not measured here"))
        #expect(table.contains("replayed 0.55 % of the time"))
        #expect(table.contains("note clock unsynchronized in 1 page "))
        #expect(!table.contains("measured 0"))
    }

    @Test func `tells what was never measured from a zero`() throws {
        let unread = try report(try unreadPages())
        let table = words(unread.table)
        #expect(table.contains("energy not measured chargeable"))
        #expect(table.contains("note error not bounded in 120 pages"))
        #expect(table.contains("2026-11-27 00:00 - - - - 0.00 % e"))
        #expect(!table.contains("0.000 W") && !table.contains("±  0.000"))
        #expect(unread.json.contains(#""energy_mj":"0","error_mj":null,"work_mj":"0","#))
        #expect(unread.json.contains(#""mean_mw":null,"peak_mw":null,"#))
        #expect(unread.json.contains(#""unbounded_error_pages":120,"#))
        #expect(unread.csv.contains(",grid:old,metered,0,,0,0,,,0,0.00,"))
        let page = unread.html
        #expect(!page.contains("The most"))
        #expect(page.contains("<p>not measured. Known by: "))
        #expect(page.contains("3 periods, not measured. 3 of them were not measured whole."))
        #expect(!page.contains("0.000 W") && !page.contains("0.000 J ±"))
    }

    @Test func `shows what an operator's word is, and no power that nobody measured`() throws {
        let word = try report(try wordPages())
        let table = words(word.table)
        #expect(table.contains("energy not measured; declared, rated 100.000 W chargeable"))
        #expect(table.contains("declared 66.66 % of the time"))
        #expect(!table.contains("mean 0.000 W") && !table.contains(" 0.000 W"))
        #expect(!table.contains("not bounded"))
        #expect(word.json.contains(#""mean_mw":null,"peak_mw":null,"rated_mw":"100000","#))
        #expect(word.html.contains("<p>not measured; declared, rated 100.000 W. Known by: "))
    }

    @Test func `has one unit`() throws {
        var board = try #require(SignedBoard(wall: start))
        var meter = try #require(SignedBoard("grid:meter", wall: start))
        let pages =
            (0..<120).map { _ in board.page(.seconds(60), milliwatts: 250) }
            + (0..<120).map { _ in meter.page(.seconds(60), milliwatts: 40_000, errorBoundPermille: 700) }
        let shown = try report(pages)
        #expect(shown.unit.name == "Wh")
        let table = words(shown.table)
        #expect(table.contains("energy 0.500 Wh ± 0.006 Wh, 1800.000 J"))
        #expect(table.contains("energy 80.000 Wh ± 56.000 Wh, 288000.000 J"))
        #expect(table.contains("by tasks 0.000 Wh chargeable "))
        let page = shown.html
        #expect(page.contains("register Wh") && !page.contains("register J"))
        #expect(!page.contains(" J<") && !page.contains(" J ") && !page.contains(" J,"))
        #expect(page.contains(hexadecimalFederation))
        // A small one has joules alone, once.
        board = try #require(SignedBoard(wall: start))
        let small = words(try report([board.page()]).table)
        #expect(small.contains("energy 96.000 J ± 1.056 J by tasks"))
    }

    @Test(.enabled(if: Chromium.isThere, "needs the package chromium"), arguments: [900, 1280])
    func `has its notes in sight in a window of this width`(width: Int) throws {
        var board = try #require(SignedBoard("compute:orin-nano-8gb:f71fce7c146e", wall: start))
        board.status = .unsynchronized
        board.state.throttle = ThrottleReasons([.thermalAlert])
        let page = try report((0..<120).map { _ in board.page(.seconds(60), milliwatts: 14_800) }).html
        #expect(page.contains("clock unsynchronized"))
        let script = """
            <script>document.title = [...document.querySelectorAll(".scroll")]
            .map(box => box.scrollWidth - box.clientWidth).join(" ")</script></body>
            """
        let measured = page.replacingOccurrences(of: "</body>", with: script)
        try #require(measured != page)
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("report-\(UUID().uuidString).html")
        try Data(measured.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let shown = try Chromium.tool.run([
            "--headless", "--no-sandbox", "--disable-gpu", "--window-size=\(width),1400", "--dump-dom",
            file.absoluteString,
        ])
        let title = try #require(String(decoding: shown, as: UTF8.self).firstMatch(of: #/<title>([0-9 ]+)</title>/#))
        #expect(title.1.split(separator: " ").count >= 2)
        #expect(title.1.split(separator: " ").allSatisfy { $0 == "0" }, "\(title.1)")
    }

    @Test func `as metering records is shown whole, and each figure once`() throws {
        var board = try #require(SignedBoard(wall: start))
        func text(_ milliwatts: UInt64) throws -> String {
            let shown = try report([board.page(.seconds(60), milliwatts: milliwatts)], by: .whole)
            board = try #require(SignedBoard(wall: start))
            let lines = try shown.meteringExport(signedWith: board.key)
            let file = try MeteringFile(Array(lines.utf8), expectedKey: nil, expectedFederation: nil)
            return words(file.text(owner: "nobody", isFederationExpected: false))
        }
        let joules = try text(9_600)
        #expect(joules.contains("energy 576.000 J") && !joules.contains("576.000 J,"))
        #expect(joules.contains("federation " + hexadecimalFederation))
        #expect(try text(120_000).contains("energy 2.000 Wh, 7200.000 J"))
    }

    private var hexadecimalFederation: String {
        SignedBoard.domain.federation.array.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    @Test func `of an export that was verified tells what was never measured from a zero`() throws {
        let board = try #require(SignedBoard(wall: start))
        func text(_ pages: [ProofPage]) throws -> String {
            let export = try #require(board.export(pages))
            let summary = try export.verify(expectedDomain: nil, expectedKey: nil, using: Ed25519())
            return words(
                VerifiedExport(export: export, summary: summary, owner: "nobody", isFederationExpected: false).text)
        }
        let unread = try text(try unreadPages())
        #expect(unread.contains("energy not measured chargeable"))
        #expect(unread.contains("error not bounded reboots"))
        let word = try text(try wordPages())
        #expect(word.contains("energy not measured; declared, rated 100.000 W chargeable"))
        #expect(!word.contains(" error "))
    }

    @Test func `names the board by its pages, and not the machine that looks at them`() throws {
        let profiles = try HardwareProfileFile.builtIn()
        func name(_ source: String) throws -> String {
            var board = try #require(SignedBoard(source, wall: start))
            return boardDescription(ofPage: board.page().bytes, among: profiles).text
        }
        #expect(try name("compute:laptop:142321908732") == "Laptop")
        #expect(try name("compute:orin-nano-8gb:142321908732") == "NVIDIA Jetson Orin Nano 8GB")
        #expect(try name("compute:agx-thor-t4000:142321908732") == "NVIDIA Jetson Thor T4000")
        #expect(try name("compute:greenhouse:142321908732") == "greenhouse")
        #expect(boardDescription(ofPage: nil, among: profiles).text == "not known")
        #expect(boardDescription(ofPage: [1, 2, 3], among: profiles).text == "not known")
    }
}
