import Cryptography
import EnergyProofs
import Foundation
import Quantities
import TestKit
import Testing

/// Exports of a board whose clock, register and windows the tests choose, and reports over them.
private struct Exported {
    let home: URL
    let file: URL
    /// Two days at 9.6 W in windows of a minute, with a night of six hours in which the board was off.
    let pages: [ProofPage]

    init() throws {
        home = FileManager.default.temporaryDirectory.appendingPathComponent("sage-edge-report-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
        file = home.appendingPathComponent("board.proofs")
        let start = try #require(CivilTime(year: 2026, month: 11, day: 24)).time
        var board = try #require(SignedBoard(wall: start))
        var pages: [ProofPage] = []
        for minute in 0..<(48 * 60) where !(600..<960).contains(minute) {
            if minute == 960 {
                board.restart()
                pages.append(board.page(.seconds(6 * 3600), gap: .seconds(6 * 3600), errorBoundPermille: 0))
            }
            pages.append(board.page(.seconds(60)))
        }
        self.pages = pages
        let export = try #require(board.export(pages, board: "<script>alert(\"1\")</script> & 'board'"))
        try Data(export.encoded).write(to: file)
    }

    func report(_ options: [String], status: Int32 = 0) throws -> BuiltProgram.Outcome {
        let outcome = try BuiltProgram.run(["report", "energy", file.path] + options, home: home)
        #expect(outcome.status == status, "\(options): \(outcome.errors)")
        return outcome
    }

    func json(_ options: [String]) throws -> [String: Any] {
        try BuiltProgram.json(["report", "energy", file.path] + options, home: home)
    }
}

@Suite(.timeLimit(.minutes(10))) struct `an energy report of a file` {
    private let exported: Exported

    init() throws { exported = try Exported() }

    @Test func `adds up to the registers, by hour, by day and in all`() throws {
        let all = (2880 - 360) * 60 * 9_600
        for (by, count) in [("hour", 43), ("day", 2), ("source", 1)] {
            let report = try exported.json(["--by", by])
            let periods = try #require(report["periods"] as? [[String: Any]])
            #expect(periods.count == count, "\(by)")
            let energies = periods.compactMap { ($0["energy_mj"] as? String).flatMap(Int.init) }
            #expect(energies.reduce(0, +) == all)
            for period in periods {
                let begin = (period["register_start_mj"] as? String).flatMap(Int.init) ?? -1
                let end = (period["register_end_mj"] as? String).flatMap(Int.init) ?? -1
                #expect((period["energy_mj"] as? String).flatMap(Int.init) == end - begin)
            }
            let total = try #require((report["sources"] as? [[String: Any]])?.first)
            #expect(total["energy_mj"] as? String == "\(all)")
            #expect(total["coverage_bp"] as? Int == 8750)
            #expect(total["reboots"] as? Int == 1)
            #expect(total["class"] as? String == "metered")
        }
    }

    @Test func `takes only the time that is asked for, on the clock that is asked for`() throws {
        let report = try exported.json([
            "--from", "2026-11-24T05:00Z", "--to", "2026-11-24T07:30:00+01:00", "--utc-offset", "+01:00",
        ])
        let periods = try #require(report["periods"] as? [[String: Any]])
        #expect(periods.map { $0["start"] as? String } == ["2026-11-24T06:00:00+01:00", "2026-11-24T07:00:00+01:00"])
        #expect(periods.map { $0["pages"] as? Int } == [60, 30])
        #expect(periods.map { $0["coverage_bp"] as? Int } == [10_000, 10_000])
        #expect(periods.first?["first_page"] as? Int == 300)
    }

    @Test func `says where it cannot be written, how many entries it has, and where its time lies outside the pages`()
        throws
    {
        let refused = try exported.report(["--output", "/nonexist/x"], status: 73)
        #expect(refused.errors.contains("\n  hint: name a file in a folder that is there; /nonexist is none\n"))
        let file = exported.home.path + "/report.csv"
        let written = try exported.report(["--by", "source", "--format", "csv", "--output", file])
        #expect(written.errors == "1 entry in \(file)\n")
        let late = try exported.report(["--from", "2026-11-26T10:00"], status: 66)
        #expect(
            late.errors.hasPrefix("sage-edge: there is no page in that time: it would begin at 2026-11-26T10:00:00Z"))
    }

    @Test func `is CSV that a spreadsheet reads`() throws {
        let output = try exported.report(["--by", "hour", "--format", "csv"]).output
        #expect(output.components(separatedBy: "\r\n").count == 45)
        let lines = try PythonTool.lines(
            """
            import csv, sys
            rows = list(csv.DictReader(open(sys.argv[1], newline="")))
            print(len(rows), sum(int(row["energy_mJ"]) for row in rows))
            print(rows[0]["period_start"], rows[0]["register_end_mJ"], rows[0]["coverage_percent"])
            """, arguments: [try written(output, "report.csv")])
        #expect(lines == ["43 1451520000", "2026-11-24T00:00:00Z 34560000 100.00"])
    }

    @Test func `is a page that needs nothing from elsewhere and lets no text become markup`() throws {
        let page = try exported.report(["--by", "hour", "--format", "html"]).output
        let lines = try PythonTool.lines(
            """
            import sys
            from html.parser import HTMLParser
            class Reader(HTMLParser):
                void = {"meta"}
                def __init__(self):
                    super().__init__()
                    self.open, self.seen, self.links, self.bars = [], set(), [], 0
                def handle_starttag(self, tag, attributes):
                    self.seen.add(tag)
                    self.links += [value for name, value in attributes if name in ("src", "href") or "http" in (value or "")]
                    self.bars += tag == "rect" and ("class", "energy") in attributes
                    if tag not in self.void: self.open.append(tag)
                def handle_startendtag(self, tag, attributes):
                    self.handle_starttag(tag, attributes); self.open.pop()
                def handle_endtag(self, tag):
                    assert self.open.pop() == tag, tag
            reader = Reader()
            reader.feed(open(sys.argv[1], encoding="utf-8").read()); reader.close()
            print(reader.open, "script" in reader.seen, reader.links, reader.bars)
            print(sorted({"svg", "title", "desc", "table", "style"} - reader.seen))
            """, arguments: [try written(page, "report.html")])
        // A bar for every hour with energy, and one in the legend; the only address is the name of SVG itself.
        #expect(lines == ["[] False ['http://www.w3.org/2000/svg'] 43", "[]"])
        #expect(page.contains("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; &#39;board&#39;"))
        #expect(page.contains("6 hours without a page") == false)
        #expect(page.contains("5 hours without a page"))
    }

    @Test(arguments: [("hour", "an hour", true), ("day", "a day", false)])
    func `is refused over more periods than there may be, with a way out that is one`(
        interval: String, words: String, mayBeDays: Bool
    ) throws {
        let outcome = try BuiltProgram.run(
            ["report", "energy", exported.file.path, "--from", "1970-01-01", "--by", interval], home: exported.home)
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains(" in periods of " + words + ": at most "))
        #expect(outcome.errors.contains("--by day") == mayBeDays)
    }

    @Test func `fits a terminal`() throws {
        let outcome = try exported.report(["--by", "hour"])
        #expect(outcome.lines.filter { $0.count > 80 } == [])
        #expect(outcome.output.contains("87.50 % of the time"))
        #expect(outcome.output.contains("5 hours, no page"))
    }

    @Test func `is refused with a page that is missing or was changed, and says which`() throws {
        let export = try ProofExport(decoding: [UInt8](try Data(contentsOf: exported.file)))
        func refused(_ pages: [[UInt8]]) throws -> String {
            let changed = ProofExport(domain: export.domain, key: export.key, board: export.board, pages: pages)
            let file = exported.home.appendingPathComponent("changed.proofs")
            try Data(try #require(changed).encoded).write(to: file)
            let outcome = try BuiltProgram.run(["report", "energy", file.path], home: exported.home)
            #expect(outcome.status == 65)
            return outcome.errors
        }
        var pages = export.pages
        pages.remove(at: 7)
        #expect(try refused(pages).contains("not reported: page 8 of compute:orin-nano:1423219087325: "))
        pages = export.pages
        pages[9][pages[9].count - 1] ^= 1
        #expect(try refused(pages).contains("not reported: page 9 of compute:orin-nano:1423219087325: "))
    }

    @Test func `is signed only by the board itself`() throws {
        #expect(try BuiltProgram.run(["key", "generate"], home: exported.home).status == 0)
        let outcome = try exported.report(["--format", "ocmf"], status: 65)
        #expect(outcome.errors.contains("which is not this node's: only it can sign this report"))
    }

    @Test func `refuses times, periods and formats that do not exist`() throws {
        for options in [
            ["--by", "week"], ["--format", "pdf"], ["--from", "tomorrow"],
            ["--from", "2026-11-25", "--to", "2026-11-24"],
            ["--source", "x"], ["--utc-offset", "CET"], ["--json", "--format", "csv"],
            ["--from", "2020-01-01", "--to", "2026-11-24", "--by", "hour"],
        ] { #expect(try exported.report(options, status: 64).errors.contains("sage-edge: "), "\(options)") }
        #expect(try exported.report(["--from", "2020-01-01", "--to", "2020-02-01"], status: 66).output == "")
        #expect(try exported.report(["--source", "solar:roof"], status: 66).errors.contains("of solar:roof"))
    }

    private func written(_ text: String, _ name: String) throws -> String {
        let file = exported.home.appendingPathComponent(name)
        try text.write(to: file, atomically: true, encoding: .utf8)
        return file.path
    }
}

@Suite(.timeLimit(.minutes(10)), .enabled(if: BuiltProgram.canStartItself)) struct `an energy report of an agent` {
    private let agent: RunningAgent

    init() throws { agent = try RunningAgent(tree: "orin-nano") }

    private func energy(_ options: [String]) throws -> (millijoules: Int, pages: Int) {
        let report = try agent.json(["report", "energy"] + options)
        let total = try #require((report["sources"] as? [[String: Any]])?.first)
        return ((total["energy_mj"] as? String).flatMap(Int.init) ?? -1, total["pages"] as? Int ?? -1)
    }

    @Test func `is the same of the agent, of its files, and of an export`() throws {
        let to = ["--to", CivilTime(WallTime(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))).text]
        let file = agent.home.appendingPathComponent("all.proofs").path
        let asked = try energy(to)
        #expect(asked.pages >= 2)
        #expect(try agent.run(["proof", "export", file] + to).status == 0)
        #expect(try energy([file]) == asked)
        agent.stop()
        let outcome = try agent.run(["report", "energy", "--json"] + to)
        #expect(outcome.errors.contains("no agent is running; this is from "))
        let report = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
        let total = (report?["sources"] as? [[String: Any]])?.first
        #expect(total?["energy_mj"] as? String == "\(asked.millijoules)")
        #expect(total?["pages"] as? Int == asked.pages)
    }

    @Test func `as metering records is verified here, by a stranger, and by OpenSSL`() throws {
        let file = agent.home.appendingPathComponent("hour.ocmf")
        let pem = agent.home.appendingPathComponent("key.pem")
        try agent.run(["key", "export"]).output.write(to: pem, atomically: true, encoding: .utf8)
        let outcome = try agent.run(["report", "energy", "--format", "ocmf", "--output", file.path])
        #expect(outcome.status == 0, "\(outcome.errors)")
        let here = try agent.json(["proof", "verify", file.path])
        #expect(here["owner"] as? String == "this node's own key")
        let elsewhere = agent.home.appendingPathComponent("elsewhere")
        try FileManager.default.createDirectory(at: elsewhere, withIntermediateDirectories: true)
        let there = try BuiltProgram.json(
            ["proof", "verify", file.path, "--key", pem.path, "--federation", "end-to-end"], home: elsewhere)
        #expect(there["owner"] as? String == "the expected key")
        #expect(there["federation_expected"] as? Bool == true)
        let source = try #require((there["sources"] as? [[String: Any]])?.first)
        #expect(source["class"] as? String == "replayed")
        let line = try #require(try String(contentsOf: file, encoding: .utf8).split(separator: "\n").first)
        let parts = line.split(separator: "|")
        try #require(parts.count == 3)
        let signature = try #require(
            (try JSONSerialization.jsonObject(with: Data(parts[2].utf8)) as? [String: Any])?["SD"] as? String)
        let (payload, raw) = (agent.home.appendingPathComponent("payload"), agent.home.appendingPathComponent("raw"))
        try Data(parts[1].utf8).write(to: payload)
        try Data(try octets(signature)).write(to: raw)
        let verdict = try ExternalTool.openssl.run([
            "pkeyutl", "-verify", "-pubin", "-inkey", pem.path, "-rawin", "-in", payload.path, "-sigfile", raw.path,
        ])
        #expect(String(decoding: verdict, as: UTF8.self).contains("Signature Verified Successfully"))
    }

    @Test func `as metering records is refused when a byte, a record or the key is another`() throws {
        let file = agent.home.appendingPathComponent("records.ocmf")
        // Records of single windows: the tests' windows last a second.
        #expect(try agent.run(["report", "energy", "--format", "ocmf", "--output", file.path]).status == 0)
        let good = [UInt8](try Data(contentsOf: file))
        func refused(_ bytes: [UInt8], _ options: [String] = []) throws -> String {
            let changed = agent.home.appendingPathComponent("changed.ocmf")
            try Data(bytes).write(to: changed)
            let outcome = try agent.run(["proof", "verify", changed.path] + options)
            #expect(outcome.status == 65)
            return outcome.errors
        }
        for position in stride(from: 5, to: good.count - 1, by: max(1, good.count / 40)) {
            var bad = good
            bad[position] ^= 0x01
            #expect(try refused(bad).contains("not verified: line 1: "), "byte \(position)")
        }
        #expect(try refused(good + good).contains("were there before"))
        #expect(try refused(Array("OCMF|".utf8)).contains("line 1: it is no metering record"))
        #expect(try refused(good, ["--federation", "another"]).contains("it is for federation "))
        let elsewhere = agent.home.appendingPathComponent("stranger")
        try FileManager.default.createDirectory(at: elsewhere, withIntermediateDirectories: true)
        #expect(try BuiltProgram.run(["key", "generate"], home: elsewhere).status == 0)
        let other = elsewhere.appendingPathComponent("other.pem")
        try BuiltProgram.run(["key", "export"], home: elsewhere).output
            .write(to: other, atomically: true, encoding: .utf8)
        #expect(try refused(good, ["--key", other.path]).contains("it is of key "))
    }

    @Test func `lists and exports the pages of a time and of a source`() throws {
        let proofs = try #require(try agent.json(["proof", "list", "--limit", "4096"])["proofs"] as? [[String: Any]])
        let middle = try #require(proofs[proofs.count / 2]["window_end_wall_ms"] as? Int64)
        let source = try #require(proofs.first?["source"] as? String)
        let time = CivilTime(WallTime(milliseconds: middle / 1000 * 1000)).text
        let later = try agent.json(["proof", "list", "--from", time, "--source", source, "--limit", "4096"])
        let ends = try #require(later["proofs"] as? [[String: Any]]).compactMap { $0["window_end_wall_ms"] as? Int64 }
        #expect(!ends.isEmpty)
        #expect(ends.allSatisfy { $0 > middle / 1000 * 1000 })
        #expect(ends == ends.sorted(by: >))
        for command in [["proof", "list"], ["proof", "latest"], ["report", "energy"], ["proof", "export", "x"]] {
            let absent = try agent.run(command + ["--source", "solar:roof"])
            #expect(absent.status == 66)
            #expect(
                absent.errors.hasPrefix(
                    "sage-edge: there is no energy proof of solar:roof; there are some of: \(source)\n"), "\(command)")
        }
        let ahead = try agent.run(["proof", "list", "--from", "now"])
        #expect(ahead.status == 66)
        #expect(ahead.errors.contains("there is no energy proof that ends after "))
        let report = try agent.run(["report", "energy", "--from", "2125-01-01"])
        #expect(report.status == 64)
        #expect(report.errors.hasPrefix("sage-edge: --from lies ahead: 2125-01-01T00:00:00Z, and now it is 20"))
        let file = agent.home.appendingPathComponent("later.proofs").path
        #expect(try agent.run(["proof", "export", file, "--from", time]).status == 0)
        #expect(try agent.json(["proof", "verify", file])["verified"] as? Bool == true)
        #expect(try agent.run(["proof", "export", file, "--source", "solar:roof"]).status == 66)
        #expect(try agent.run(["proof", "export", file, "--to", "2020-01-01"]).status == 66)
    }
}
