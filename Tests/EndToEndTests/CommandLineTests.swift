import Foundation
import Gateway
import TestKit
import Testing

@testable import sage_edge

/// What the parser makes of words, for tables.
private func outcome(_ words: [String]) -> String {
    do throws(Failure) {
        switch try CommandParser(commands: allCommands).parse(words) {
        case .help(let words): return "help" + words.map { " " + $0 }.joined()
        case .run(let invocation):
            let options = (invocation.command.options + commonOptions).filter { invocation.has($0.name) }
                .map { option in
                    option.value == nil ? option.name : "\(option.name)=\(invocation.value(option.name) ?? "")"
                }
            return ([invocation.command.name] + invocation.positionals.map { "<\($0)>" } + options).joined(
                separator: " ")
        }
    } catch {
        return "\(error.code.rawValue) \(error.message)" + (error.hint.map { " | " + $0 } ?? "")
    }
}

@Suite struct `the command line` {
    @Test(arguments: [
        ("status", "status"),
        ("status --json", "status json"),
        ("proof verify f.proofs --key k.pem", "proof verify <f.proofs> key=k.pem"),
        ("proof --help", "help proof"),
        ("proof", "help proof"),
        ("proof verify --help", "help proof verify"),
        ("", "help"), ("--help", "help"), ("-h", "help"), ("help", "help"),
        ("telemetry --tegrastats -", "telemetry tegrastats=-"),
        ("telemetry --tegrastats=file=1", "telemetry tegrastats=file=1"),
        ("peers ping -- --odd", "peers ping <--odd>"),
        ("--version", "version"), ("--version --json", "version json"), ("--json --version", "version json"),
        ("--json status", "status json"),
        ("--state ./sprout --no-color ledger balance", "ledger balance state=./sprout no-color"),
        ("--config=c.yaml peers ping Thor", "peers ping <Thor> config=c.yaml"),
        ("help delegate", "help delegate"), ("help proof verify", "help proof verify"), ("help peers", "help peers"),
        ("--help delegate", "help delegate"), ("--json help status", "help status"),
        ("ledger history --limit 5 --limit 7", "64 --limit is given twice | sage-edge ledger history --help"),
        ("--json status --json", "64 --json is given twice | sage-edge status --help"),
        ("delegate perception --to Thor --input f", "delegate <perception> input=f to=Thor"),
        ("worker perception.features", "worker <perception.features>"),
        ("stats", "64 unknown command 'stats' | did you mean 'sage-edge status'?"),
        ("help nope", "64 unknown command 'nope' | sage-edge --help"),
        ("proof lates", "64 unknown command 'proof lates' | did you mean 'sage-edge proof latest'?"),
        ("xyzzy --json", "64 unknown command 'xyzzy' | sage-edge --help"),
        ("peers foo", "64 unknown command 'peers foo' | sage-edge peers --help"),
        ("help xyzzy", "64 unknown command 'xyzzy' | sage-edge --help"),
        ("help proof xyzzy", "64 unknown command 'proof xyzzy' | sage-edge proof --help"),
        ("task --state x", "64 'task' needs one of: show, cancel | sage-edge task --help"),
        ("--json peers", "64 'peers' needs one of: list, show, add, ping, remove, http | sage-edge peers --help"),
        ("--json", "64 missing COMMAND | sage-edge --help"),
        (
            "--limit 5 proof list",
            "64 unknown option '--limit' before the command | options of a command stand behind it; sage-edge --help"
        ),
        ("status --state=", "64 --state needs a value | sage-edge status --help"),
        ("status --jsn", "64 unknown option 'jsn' for 'status' | did you mean --json?"),
        ("status -x", "64 unknown option 'x' for 'status' | sage-edge status --help"),
        ("status more", "64 unexpected argument 'more' | sage-edge status --help"),
        ("status --json=1", "64 --json takes no value | sage-edge status --help"),
        ("peers ping", "64 missing NAME | sage-edge peers ping --help"),
        ("telemetry --sysroot", "64 --sysroot needs a value | sage-edge telemetry --help"),
    ]) func `words become a command, help, or a refusal`(words: String, expected: String) {
        #expect(outcome(words.split(separator: " ").map(String.init)) == expected)
    }

    @Test(arguments: allCommands.flatMap { command in command.examples.map { (command.name, $0) } })
    func `every example of help is a command line`(command: String, example: String) {
        let words = example.split(separator: " ").map(String.init)
        let line = Array(words.prefix { $0 != ">" && $0 != "<" })
        let parsed = outcome(line)
        #expect(parsed == command || parsed.hasPrefix(command + " "))
    }

    @Test func `every line of the documentation's examples is a command line`() throws {
        let url = Repository.root.appendingPathComponent("docs/commands.md")
        let examples = try String(contentsOf: url, encoding: .utf8).split(separator: "\n").map(String.init)
            .filter { $0.hasPrefix("sage-edge ") }
        var found: Set<String> = []
        for example in examples {
            let words = example.split(separator: " ").map(String.init).dropFirst()
            let parsed = outcome(Array(words.prefix { $0 != ">" }))
            #expect(parsed.first?.isNumber == false, "\(example): \(parsed)")
            found.formUnion(allCommands.map(\.name).filter { parsed == $0 || parsed.hasPrefix($0 + " ") })
        }
        #expect(Set(allCommands.map(\.name)).subtracting(found) == Set(allCommands.filter { !$0.isListed }.map(\.name)))
    }

    @Test func `every command has an example and a summary of one line`() {
        for command in allCommands {
            #expect(!command.examples.isEmpty, "\(command.name)")
            #expect(!command.summary.hasSuffix("."), "\(command.name)")
        }
        #expect(Set(allCommands.map(\.name)).count == allCommands.count)
    }

    @Test func `help fits eighty columns and begins with examples`() {
        let help = Help(commands: allCommands)
        for words in [[], ["proof"], ["ledger"], ["peers"], ["key"], ["config"]] + allCommands.map(\.path) {
            let lines = help.text(for: words).split(separator: "\n").map(String.init)
            #expect(lines.filter { $0.count > 80 } == [], "\(words)")
        }
        #expect(help.text(for: ["status"]).hasPrefix("Examples:\n  sage-edge status\n"))
        #expect(!help.text(for: []).contains("worker "))
    }
}

@Suite struct `figures in text` {
    @Test(arguments: [
        (Int64(4_784_640), "4.785 W"), (0, "0.000 W"), (499, "0.000 W"), (500, "0.001 W"), (-392_000, "-0.392 W"),
        (-499, "0.000 W"), (-500, "-0.001 W"), (999_999_500, "1000.000 W"), (.max, "9223372036854.776 W"),
        (.min, "-9223372036854.776 W"),
    ]) func `watts are rounded to milliwatts`(microwatts: Int64, expected: String) {
        #expect(watts(microwatts: microwatts) == expected)
    }

    @Test(arguments: [
        (Int64(50_781), "50.8 °C"), (49, "0.0 °C"), (50, "0.1 °C"), (-49, "0.0 °C"), (-273_150, "-273.2 °C"),
    ]) func `degrees have one digit`(millidegrees: Int64, expected: String) {
        #expect(degrees(millidegrees: millidegrees) == expected)
    }

    @Test(arguments: [
        (Int64(0), "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1_048_575, "1024.0 KiB"), (7_990_149_120, "7.4 GiB"),
        (.max, "8388608.0 TiB"),
    ]) func `memory has the unit that fits`(bytes: Int64, expected: String) {
        #expect(memorySize(bytes: bytes) == expected)
    }

    @Test(arguments: [
        (Int64(0), "0 ms"), (999, "999 ms"), (1000, "1.0 s"), (59_949, "59.9 s"), (60_000, "1 min 0 s"),
        (11_520_000, "3 h 12 min"), (90_000_000, "1 d 1 h"),
    ]) func `times have their two largest units`(milliseconds: Int64, expected: String) {
        #expect(duration(milliseconds: milliseconds) == expected)
    }

    @Test(arguments: [
        (Int64(0), "1970-01-01 00:00:00Z"), (-1, "1969-12-31 23:59:59Z"), (951_782_399_000, "2000-02-28 23:59:59Z"),
        (951_782_400_000, "2000-02-29 00:00:00Z"), (4_107_542_399_000, "2100-02-28 23:59:59Z"),
        (4_107_542_400_000, "2100-03-01 00:00:00Z"), (1_795_196_578_692, "2026-11-20 17:42:58Z"),
    ]) func `wall time is shown in UTC`(milliseconds: Int64, expected: String) {
        #expect(utc(milliseconds: milliseconds) == expected)
    }

    @Test func `a table goes on below in its last column, cuts others, and never a figure`() {
        var table = TextTable(header: ["name", ">figure", "what"])
        table.row(["a", "1", "its store has lost messages, and " + String(repeating: "x", count: 30)])
        #expect(
            table.text(width: 40, whole: false) == """
                name  figure  what
                a          1  its store has lost
                              messages, and
                              xxxxxxxxxxxxxxxxxxxxxxxxxx
                              xxxx

                """)
        var figures = TextTable(header: ["account", ">available", ">locked"])
        figures.row(["lct:web4:agent:local@Sprout", "1234567890.123 J", "1234567890.123 J"])
        #expect(
            figures.text(width: 40, whole: false) == """
                account          available            locked
                lct:web…  1234567890.123 J  1234567890.123 J

                """)
        #expect(table.text(width: 200, whole: false).split(separator: "\n").count == 2)
    }

    @Test func `for a pipe a table cuts nothing and breaks no word`() {
        var table = TextTable(header: ["key", ">value", "origin"])
        table.row(["executors.perception.features.memory_mib", "256", "/a/folder/of/a/user/config.yaml:17"])
        table.row(["a", "1", "default, since nobody says otherwise, nor did anybody ever say so"])
        #expect(
            table.text(width: 40, whole: true) == """
                key                                       value  origin
                executors.perception.features.memory_mib    256  /a/folder/of/a/user/config.yaml:17
                a                                             1  default, since nobody says
                                                                 otherwise, nor did anybody ever
                                                                 say so

                """)
    }

    @Test func `a hint names the folder and the configuration that were given`() throws {
        let given = ["status", "--state", "s 1", "--config=c.yaml"]
        #expect(try completed("sage-edge run", given) == "sage-edge --state 's 1' --config c.yaml run")
        #expect(
            try completed("did you mean 'sage-edge proof list'?", given)
                == "did you mean 'sage-edge --state 's 1' --config c.yaml proof list'?")
        #expect(
            try completed("sage-edge tasks, sage-edge task cancel ID", ["status", "--state", "s"])
                == "sage-edge --state s tasks, sage-edge --state s task cancel ID")
        // What the sentence goes on with belongs to no command.
        #expect(
            try completed("sage-edge status, or another --state", ["status", "--state", "s"])
                == "sage-edge --state s status, or another --state")
        for hint in ["sage-edge run --state DIR", "sage-edge --help", "start the machine again"] {
            #expect(try completed(hint, given) == hint)
        }
        #expect(try completed("sage-edge run", ["status"]) == "sage-edge run")
    }

    private func completed(_ hint: String, _ words: [String]) throws -> String {
        guard case .run(let invocation) = try CommandParser(commands: allCommands).parse(words) else { return "" }
        return invocation.completed(hint, allCommands)
    }

    @Test func `status says what came of reading the configuration again`() throws {
        let refused = try JSONValue(
            parsing: Array(
                #"{"configuration":{"refused_because":"c.yaml:3: a: b\nc.yaml:4: d: e","restart_needed_for":[]}}"#.utf8)
        )
        #expect(
            statusText(refused).split { " \n".contains($0) }.joined(separator: " ")
                .contains(
                    "configuration the last one that was read is refused, the one before counts: c.yaml:3: a: b; c.yaml:4: d: e"
                ))
        let waiting = try JSONValue(
            parsing: Array(
                #"{"configuration":{"refused_because":null,"restart_needed_for":["http.listen","link.listen"]}}"#.utf8))
        #expect(statusText(waiting).contains("counts only after a restart: http.listen, link.listen"))
        let both = try JSONValue(
            parsing: Array(
                #"{"configuration":{"refused_because":"c.yaml:3: a: b","restart_needed_for":["http.listen"]}}"#.utf8))
        #expect(statusText(both).contains("c.yaml:3: a: b; counts only after a restart: http.listen"))
        let fine = try JSONValue(
            parsing: Array(#"{"configuration":{"refused_because":null,"restart_needed_for":[]}}"#.utf8))
        #expect(!statusText(fine).contains("configuration"))
    }

    @Test func `tasks shows own tasks that ended here`() throws {
        let answer = try JSONValue(parsing: Array(#"{"tasks":[]}"#.utf8))
        let run = try JSONValue(
            parsing: Array(
                #"{"task":"3f9a27c04be1d2a55c1e90b7d6f48a02","operation":"perception.features","outcome":"done","end_ms":1795196578692,"energy_mj":"1250"}"#
                    .utf8))
        #expect(tasksText(answer, []) == "no tasks")
        #expect(
            tasksText(answer, [run]) == """
                ended here    operation            outcome  at                     energy
                3f9a27c04be1  perception.features  done     2026-11-20 17:42:58Z  1.250 J

                """)
    }

    @Test func `status says what is not metered, and why the store cannot be used`() throws {
        let metered = try JSONValue(parsing: Array(#"{"energy":{"register_mj":null,"baseline_mw":0}}"#.utf8))
        #expect(statusText(metered).contains("energy    not metered, 0.000 W without work\n"))
        let reason = "the ledger's file is no database (file is not a database, or it is encrypted, or torn)"
        let faulty = try JSONValue(parsing: Array(#"{"store_fault":"\#(reason)"}"#.utf8))
        let words = statusText(faulty).split(whereSeparator: { $0 == " " || $0 == "\n" }).joined(separator: " ")
        #expect(words.contains("store cannot be used: " + reason))
    }

    @Test func `status shows no power that is not believed, and says why`() throws {
        let answer = #"""
            {"board":{"power_mw":5000,"rated_mw":15000},"sources":[{"source":"compute:x"},
            {"source":"grid:meter","class":"metered","reporting":true,"power_mw":null,"unbelieved_mw":99000000,
            "rated_mw":10000,"pages":3,"charged_mj":"0"}]}
            """#
        let words = statusText(try JSONValue(parsing: Array(answer.utf8)))
            .split(whereSeparator: { $0 == " " || $0 == "\n" }).joined(separator: " ")
        #expect(words.contains("- (99000.000 W, above 16 times its rating, not believed)"))
        #expect(words.contains("power 5.000 W of 15.000 W"))
        #expect(words.contains("source compute:x, the board source grid:meter, metered, "))
    }

    @Test func `status says that a rating is a guess`() throws {
        let answer = #"{"board":{"power_mw":19080,"rated_mw":8000,"rated_guessed":true}}"#
        let words = statusText(try JSONValue(parsing: Array(answer.utf8)))
            .split(whereSeparator: { $0 == " " || $0 == "\n" }).joined(separator: " ")
        #expect(words.contains("power 19.080 W of 8.000 W (a guess: set energy.rated_watts)"))
    }

    @Test func `peers list says why money was stopped`() throws {
        let answer = #"""
            {"peers":[{"peer":"Legion","up":true,"money":"open","money_stopped_because":null},
            {"peer":"Thor","up":true,"money":"closed","money_stopped_because":"its store is a new one"}]}
            """#
        let text = peersText(try JSONValue(parsing: Array(answer.utf8)))
        let words = text.split { $0 == " " || $0 == "\n" }.joined(separator: " ")
        #expect(words.contains(" open Thor - up "))
        #expect(words.hasSuffix(" closed: its store is a new one"))
    }

    @Test func `another hint replaces the one of an answer, too`() throws {
        let answer = #"{"outcome":"refused","error":{"kind":"failed","message":"no","hint":"old"}}"#
        let failure = Failure(.checkFailed, "no", hint: "old", answer: answer).hinting("new")
        #expect(failure.hint == "new")
        #expect(
            failure.json == #"{"outcome":"refused","error":{"kind":"failed","message":"no","hint":"new"}}"#)
        #expect(
            Failure(.usage, "no", hint: "old").hinting(nil).json
                == #"{"error":{"kind":"usage","message":"no","hint":null}}"#)
    }

    @Test func `what could steer a terminal is not printed`() {
        #expect(printable("a\u{1b}[2Jb\u{7f}\u{9b}1m\r\nc é") == "a?[2Jb??1m?\nc é")
        #expect(printable("paid\u{202e}on\u{2066}\u{2028}✓ ‘—’") == "paid?on??✓ ‘—’")
    }
}
