import Foundation
import TestKit
import Testing

/// Two boards that are peers, after one frame was run on the first one and one on the second one for the first.
private struct Boards {
    let sprout: RunningAgent
    let thor: RunningAgent
    /// What Sprout's own run was answered with.
    let own: [String: Any]
    /// What the run on Thor was answered with.
    let away: [String: Any]

    init() throws {
        sprout = try RunningAgent(tree: "orin-nano")
        thor = try RunningAgent(tree: "agx-thor", platform: "Thor")
        try Self.introduce(sprout, to: thor)
        try Self.introduce(thor, to: sprout)
        let frame = Fixtures.url("frames/corridor.pgm").path
        let deadline = Date(timeIntervalSinceNow: 60)
        while try !Self.isReady(sprout) || !Self.isReady(thor) {
            guard Date() < deadline else { throw ToolError.failed("peers", status: -1, errors: "never ready") }
            Thread.sleep(forTimeInterval: 0.2)
        }
        own = try sprout.json(["delegate", "perception", "--input", frame, "--local"])
        away = try sprout.json(["delegate", "perception", "--input", frame, "--to", "Thor"])
        // The receipt is on its way when the answer is given.
        while try Self.tasks(thor).first?["paid_mj"] as? String == nil {
            guard Date() < deadline else { throw ToolError.failed("report", status: -1, errors: "never paid") }
            Thread.sleep(forTimeInterval: 0.2)
        }
    }

    private static func introduce(_ one: RunningAgent, to other: RunningAgent) throws {
        let file = one.home.appendingPathComponent("own.node")
        try one.run(["key", "export", "--node"]).output.write(to: file, atomically: true, encoding: .utf8)
        #expect(try other.run(["peers", "add", file.path]).status == 0)
    }

    /// Whether money may move with the peer, and the peer says that it can take a task.
    private static func isReady(_ agent: RunningAgent) throws -> Bool {
        let peer = (try agent.json(["peers", "list"])["peers"] as? [[String: Any]])?.first
        return peer?["money"] as? String == "open" && peer?["free_memory_bytes"] as? Int64 ?? 0 > 0
    }

    /// What a board says of its runs.
    static func tasks(_ agent: RunningAgent) throws -> [[String: Any]] {
        let outcome = try agent.run(["report", "energy", "--by", "task", "--json"])
        guard outcome.status == 0 else { return [] }
        let report = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
        return report?["tasks"] as? [[String: Any]] ?? []
    }
}

@Suite(.timeLimit(.minutes(5)), .enabled(if: BuiltProgram.canStartItself)) struct `an energy report per task` {
    private let boards: Boards

    init() throws { boards = try Boards() }

    @Test func `shows a run where it ran, for whom, with the class and the amounts of the answer`() throws {
        for (agent, answer, payer) in [
            (boards.sprout, boards.own, nil), (boards.thor, boards.away, "Sprout"),
        ] as [(RunningAgent, [String: Any], String?)] {
            let report = try agent.json(["report", "energy", "--by", "task"])
            #expect(report["by"] as? String == "task")
            let tasks = try #require(report["tasks"] as? [[String: Any]])
            let task = try #require(tasks.first)
            #expect(tasks.count == 1)
            #expect(task["task"] as? String == answer["task"] as? String)
            #expect(task["payer"] as? String == payer)
            #expect((task["payer_id"] as? String)?.count == (payer == nil ? nil : 64))
            #expect(task["operation"] as? String == "perception.features")
            #expect(task["outcome"] as? String == "done")
            #expect(task["class"] as? String == answer["energy_class"] as? String)
            #expect(task["energy_mj"] as? String == answer["energy_mj"] as? String)
            #expect(task["paid_mj"] as? String == answer["paid_mj"] as? String)
            #expect(task["charged_mj"] as? String == answer["paid_mj"] as? String)
            #expect(task["duration_ms"] as? Int == answer["execution_ms"] as? Int)
            let start = try #require(task["start_ms"] as? Int)
            #expect(task["end_ms"] as? Int == start + (task["duration_ms"] as? Int ?? -1))
            // A run within a sample is computed, and rests on no page; one that the meter resolved has a bound, and a
            // register that samples have shown at both its ends.
            let isModeled = task["class"] as? String == "modeled"
            let keys = ["register_start_mj", "register_end_mj"]
            let registers = keys.compactMap { (task[$0] as? String).flatMap(Int.init) }
            #expect(registers.count == 2 || isModeled && registers.isEmpty)
            #expect(registers == registers.sorted())
            #expect((task["error_mj"] as? String == nil) == isModeled)
            if isModeled { #expect(task["signed_pages"] as? String == "no") }
            let total = try #require((report["classes"] as? [[String: Any]])?.first)
            #expect(total["class"] as? String == task["class"] as? String)
            #expect(total["energy_mj"] as? String == task["energy_mj"] as? String)
            #expect(total["tasks"] as? Int == 1)
            if isModeled { #expect(total["pages_mj"] is NSNull && total["share_of_pages_bp"] is NSNull) }
        }
    }

    @Test func `is beside the list of tasks, which shows own ones that ended here`() throws {
        let here = try #require(try boards.sprout.json(["tasks"])["ended"] as? [[String: Any]])
        #expect(here.map { $0["task"] as? String } == [boards.own["task"] as? String])
        #expect(try boards.sprout.run(["tasks"]).output.contains("\nended here "))
        // What ran there for a peer is not Thor's own.
        #expect(try #require(try boards.thor.json(["tasks"])["ended"] as? [[String: Any]]).isEmpty)
    }

    @Test func `is the same of the files, and nothing is lost or doubled by a stop`() throws {
        let to = ["--to", "now"]
        let asked = try agentReport(to)
        boards.sprout.stop()
        let outcome = try boards.sprout.run(["report", "energy", "--by", "task", "--json"] + to)
        #expect(outcome.errors.contains("no agent is running; this is from "))
        let report = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
        #expect(report?["tasks"] as? NSArray == asked)
        #expect(asked.count == 1)
    }

    private func agentReport(_ options: [String]) throws -> NSArray {
        let report = try boards.sprout.json(["report", "energy", "--by", "task"] + options)
        return try #require(report["tasks"] as? NSArray)
    }

    @Test func `is CSV that a spreadsheet reads, a page that needs nothing from elsewhere, and fits a terminal`() throws
    {
        let csv = boards.thor.home.appendingPathComponent("tasks.csv")
        let html = boards.thor.home.appendingPathComponent("tasks.html")
        let report = ["report", "energy", "--by", "task", "--from", "1h"]
        #expect(try boards.thor.run(report + ["--format", "csv", "--output", csv.path]).status == 0)
        #expect(try boards.thor.run(report + ["--format", "html", "--output", html.path]).status == 0)
        let lines = try PythonTool.lines(
            """
            import csv, sys
            from html.parser import HTMLParser
            rows = list(csv.DictReader(open(sys.argv[1], newline="")))
            row = rows[0]
            print(len(rows), row["task"], row["payer"], row["operation"], row["energy_mJ"], row["paid_mJ"])
            assert None not in row and None not in row.values()
            class Reader(HTMLParser):
                def __init__(self):
                    super().__init__()
                    self.open, self.seen, self.links, self.cells = [], set(), [], []
                def handle_starttag(self, tag, attributes):
                    self.seen.add(tag)
                    self.links += [value for name, value in attributes if name in ("src", "href") or "http" in (value or "")]
                    if tag != "meta": self.open.append(tag)
                def handle_endtag(self, tag):
                    assert self.open.pop() == tag, tag
                def handle_data(self, data):
                    if self.open and self.open[-1] == "td": self.cells.append(data)
            reader = Reader()
            text = open(sys.argv[2], encoding="utf-8").read()
            reader.feed(text); reader.close()
            print(reader.open, "script" in reader.seen, reader.links, "Sprout" in reader.cells, row["task"] in text)
            """, arguments: [csv.path, html.path])
        let (task, energy) = (boards.away["task"] as? String ?? "", boards.away["energy_mj"] as? String ?? "")
        let paid = boards.away["paid_mj"] as? String ?? ""
        #expect(
            lines == ["1 \(task) Sprout perception.features \(energy) \(paid)", "[] False [] True True"])
        let table = try boards.thor.run(report)
        #expect(table.lines.filter { $0.count > 80 } == [])
        #expect(table.output.contains(String(task.prefix(8)) + "  Sprout"))
        #expect(table.output.contains("perception.features, register "))
    }

    @Test func `is refused of an export, as OCMF, and of a time without runs, and says why`() throws {
        let file = boards.sprout.home.appendingPathComponent("pages.proofs").path
        #expect(try boards.sprout.run(["proof", "export", file]).status == 0)
        for (options, status, words) in [
            ([file], 64, "an export holds signed pages and no tasks"),
            (["--format", "ocmf"], 64, "a task has no page of its own"),
            (["--from", "2020-01-01", "--to", "2020-01-02"], 66, "no run of a task ended from 2020-01-01T00:00:00Z"),
            (["--source", "solar:roof"], 66, " of solar:roof"),
        ] as [([String], Int32, String)] {
            let outcome = try boards.sprout.run(["report", "energy", "--by", "task"] + options)
            #expect(outcome.status == status, "\(options)")
            #expect(outcome.errors.contains(words), "\(options): \(outcome.errors)")
            #expect(outcome.output == "")
        }
    }
}
