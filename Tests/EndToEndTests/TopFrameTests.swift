import Foundation
import Gateway
import TestKit
import Testing

@testable import sage_edge

private func answer(_ name: String) throws -> JSONValue {
    try JSONValue(parsing: try Fixtures.bytes("top/\(name).json"))
}

/// What an agent of the demo answered, after two minutes in which power and heat rose and fell.
private func busyModel() throws -> TopModel {
    var model = TopModel()
    let sample = SampleView(try answer("telemetry"))
    for second in Int64(0)..<120 {
        var then = sample
        // A triangle of forty seconds, with every seventh look a little higher.
        let level = abs(second % 40 - 20) * 12 + (second % 7 == 0 ? 30 : 0)
        for index in then.rails.indices {
            then.rails[index].microwatts = then.rails[index].microwatts * (800 + level) / 1000
        }
        then.total?.microwatts = then.rails[0].microwatts
        then.hottest?.millidegrees = 52_000 + level * 40
        model.take(second == 119 ? sample : then)
    }
    // What the account had moved a minute before.
    let earlier = String(decoding: try Fixtures.bytes("top/status.json"), as: UTF8.self)
        .replacingOccurrences(of: #""charged_mj":"216325""#, with: #""charged_mj":"200000""#)
        .replacingOccurrences(of: #""discharged_mj":"12483""#, with: #""discharged_mj":"12000""#)
    model.take(status: try JSONValue(parsing: Array(earlier.utf8)), at: 940_000)
    model.take(status: try answer("status"), at: 1_000_000)
    model.take(tasks: try answer("tasks"))
    model.take(peers: try answer("peers"))
    model.wallMilliseconds = 1_795_196_578_692
    return model
}

private func frame(_ model: TopModel, _ width: Int, _ height: Int) -> [StyledLine] {
    TopFrame(model: model).lines(width: width, height: height)
}

private func text(_ lines: [StyledLine]) -> String {
    lines.map { line in
        var text = line.text
        while text.last == " " { text.removeLast() }
        return text + "\n"
    }.joined()
}

/// Compares a frame with its file; where it differs, the frame is left beside the temporary files to be looked at.
private func expect(_ lines: [StyledLine], toBe name: String) throws {
    let found = text(lines)
    let expected = (try? Fixtures.text("top/\(name).txt")) ?? ""
    guard found != expected else { return }
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sage-edge-frames")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let file = folder.appendingPathComponent(name + ".txt")
    try found.write(to: file, atomically: true, encoding: .utf8)
    Issue.record("the frame differs from Tests/Fixtures/top/\(name).txt; it is in \(file.path)\n\(found)")
}

/// What an agent answered that a hot board slows down, and that was told of sources beside it: a file that is not
/// written any more, a program that is not there, a person.
private func throttledModel() throws -> TopModel {
    var model = TopModel()
    let sample = SampleView(try answer("sources-telemetry"))
    for _ in 0..<60 { model.take(sample) }
    model.take(status: try answer("sources-status"), at: 1_000_000)
    model.wallMilliseconds = 1_795_759_562_000
    return model
}

@Suite struct `the frames of top` {
    @Test(arguments: [(80, 24), (200, 60)])
    func `a board that is slowed down, with sources beside it, looks as it did`(width: Int, height: Int) throws {
        try expect(frame(try throttledModel(), width, height), toBe: "sources-\(width)x\(height)")
    }

    @Test func `a cause is shown with its beginning, its depth and its number; without one the last is named`() throws {
        var model = try throttledModel()
        func line(_ word: String) -> String {
            text(frame(model, 100, 60)).split(separator: "\n").first {
                $0.hasPrefix(word)
            }.map { String($0) } ?? ""
        }
        #expect(
            line("throttle") == "throttle gpu-throttle-alert 1 of 2, max 2 for 7.0 s; 2 times, 10.0 s")
        #expect(line("  over-current:3").hasSuffix("19 events      for 9.8 s          19 in all"))
        #expect(line("  soc0-throttle-alert").hasSuffix("1 of 2         17.9 s ago         1 time, 4.1 s"))
        let active = try #require(model.agent?.causes.firstIndex { $0.isThrottling })
        model.agent?.causes[active].isActive = false
        model.agent?.causes[active].endedMilliseconds = 3000
        model.sample.throttle = []
        #expect(line("throttle") == "throttle none now; the last: gpu-throttle-alert, 3.0 s ago")
    }

    @Test func `without an agent the sources of the sample are shown, and not the board again`() throws {
        var model = TopModel()
        let bytes = try Fixtures.bytes("telemetry/expected/sysfs/laptop-battery.json")
        model.take(SampleView(try JSONValue(parsing: bytes)))
        #expect(model.furtherSources.map(\.source) == ["battery:BAT0-38109", "battery:BAT1"])
        #expect(text(frame(model, 80, 24)).contains("\nsources  2 beside the board\n"))
        // The power is that of the batteries' rails; nobody keeps their registers.
        let powers = model.sample.rails.filter { $0.source == "power_supply" }.map { $0.microwatts / 1000 }
        #expect(model.furtherSources.map(\.milliwatts) == powers && powers.count == 2)
        #expect(model.furtherSources.allSatisfy { $0.registerMillijoules == nil })
    }

    @Test(arguments: [(80, 24), (60, 15), (200, 60), (100, 50), (40, 8)])
    func `a board with an agent looks as it did`(width: Int, height: Int) throws {
        try expect(frame(try busyModel(), width, height), toBe: "busy-\(width)x\(height)")
    }

    @Test(arguments: ["agx-thor", "nano", "pc-rapl-nvme-coretemp"])
    func `a captured board without an agent looks as it did`(tree: String) throws {
        var model = TopModel()
        let bytes = try Fixtures.bytes("telemetry/expected/sysfs/\(tree).json")
        model.take(SampleView(try JSONValue(parsing: bytes)))
        model.softMillidegrees = 85_000
        model.throttleMillidegrees = 99_000
        model.wallMilliseconds = 1_795_196_578_692
        model.files = "none is running; these are this machine's own files"
        try expect(frame(model, 80, 24), toBe: "\(tree)-80x24")
    }

    @Test func `help says what the keys do`() throws {
        var model = try busyModel()
        model.showsHelp = true
        try expect(frame(model, 80, 24), toBe: "help-80x24")
    }

    @Test func `no frame is larger than its window, whatever is in it`() throws {
        var model = try busyModel()
        let long = String(repeating: "電源レール", count: 30) + "\u{1b}[2J\n"
        model.sample.rails.append(.init(name: long, role: "other", microwatts: .max, source: "hwmon"))
        model.sample.rails.append(.init(name: "least", role: "other", microwatts: .min, source: "hwmon"))
        model.sample.zones.append(.init(name: long, millidegrees: .max))
        model.sample.throttle.append(.init(name: long, state: .max, maximum: .max))
        model.sample.unavailable.append(.init(what: long, reason: long))
        model.sample.totalMemory = .min
        model.sample.availableMemory = .max
        model.sample.gpu = .init(loadPermille: .max, kilohertz: .max, maximumKilohertz: .min)
        model.take(model.sample)
        model.tasks.append(.init(id: long, role: long, operation: long, state: long, platform: long, budget: .max))
        model.peers.append(.init(name: long, isUp: true, loadBasisPoints: .max, moneyStoppedBecause: long))
        model.agent?.decisions.insert(.init(agoMilliseconds: .min, operation: long, text: long), at: 0)
        model.agent?.chargeRefusal = long
        let cause = ToldCause(
            name: long, isActive: true, sinceMilliseconds: .min, state: .max, maximum: .max, depth: .max, events: .max,
            milliseconds: .max)
        model.agent?.causes = [cause, cause]
        let source = ToldSource(
            source: long, name: long, isReporting: true, milliwatts: .min, registerMillijoules: .max,
            chargedMillijoules: .max, refusal: long)
        model.agent?.sources = [source, source, source]
        model.message = long
        for (width, height) in [(1, 1), (2, 3), (9, 4), (20, 5), (40, 12), (60, 15), (80, 24), (139, 40), (300, 100)] {
            let lines = frame(model, width, height)
            #expect(lines.count <= height)
            #expect(lines.allSatisfy { $0.width <= width }, "\(width)")
            #expect(lines.allSatisfy { displayWidth($0.text) == $0.width })
            #expect(lines.allSatisfy { line in !line.text.unicodeScalars.contains { $0.value < 0x20 } })
        }
        #expect(frame(model, 0, 0).isEmpty)
    }

    @Test func `a window that is too small shows what matters most`() throws {
        let words = frame(try busyModel(), 60, 6).map(\.text).joined(separator: "\n")
        for word in ["power", "heat", "throttle", "ATP"] { #expect(words.contains(word), "\(word)") }
        #expect(!words.contains("decided"))
    }

    @Test func `heat and throttling are coloured by the board's limits`() throws {
        var model = try busyModel()
        func styles(_ word: String) -> [StyledLine.Style] {
            frame(model, 80, 24).first { $0.text.hasPrefix(word) }?.runs.map(\.style) ?? []
        }
        #expect(styles("heat").contains(.good))
        #expect(styles("throttle") == [.bold, .plain, .good])
        model.sample.hottest?.millidegrees = 86_000
        #expect(styles("heat").contains(.warning))
        model.sample.hottest?.millidegrees = 99_000
        #expect(styles("heat").contains(.bad))
        model.sample.throttle[0].state = 1
        #expect(styles("throttle").contains(.bad))
    }

    @Test func `a frame is one piece that erases what it does not overwrite`() throws {
        let frame = TopFrame(model: try busyModel())
        let bytes = frame.bytes(width: 80, height: 24, inColour: true, asASCII: false, clearing: false)
        let shown = String(decoding: bytes, as: UTF8.self)
        #expect(shown.hasPrefix("\u{1b}[?2026h\u{1b}[H"))
        #expect(shown.hasSuffix("\u{1b}[J\u{1b}[?2026l"))
        #expect(!shown.contains("\u{1b}[2J"))
        #expect(shown.components(separatedBy: "\r\n").count == 24)
        let narrow = frame.lines(width: 80, height: 24).filter { $0.width < 80 }.count
        #expect(shown.components(separatedBy: "\u{1b}[K").count == narrow + 1)
        let cleared = frame.bytes(width: 80, height: 24, inColour: true, asASCII: false, clearing: true)
        #expect(String(decoding: cleared, as: UTF8.self).contains("\u{1b}[H\u{1b}[2J"))
    }

    @Test func `without colours only the title stands out, and without UTF-8 everything is ASCII`() throws {
        let frame = TopFrame(model: try busyModel())
        let plain = frame.bytes(width: 80, height: 24, inColour: false, asASCII: true, clearing: false)
        let shown = String(decoding: plain, as: UTF8.self)
        #expect(plain.allSatisfy { $0 < 0x80 })
        let looks = shown.matches(of: /\u{1b}\[([0-9;]+)m/).map { String($0.1) }
        #expect(Set(looks) == ["7", "0"])
        // What is shown in its stead takes as many columns.
        for line in frame.lines(width: 80, height: 24) {
            #expect(
                line.painted(inColour: false, asASCII: true).contains("\u{1b}")
                    || asciiText(line.text).count == line.width)
        }
    }

    @Test func `the past of an account is told for a minute, and forgotten with the agent`() throws {
        var model = TopModel()
        #expect(model.flow == nil)
        for second in Int64(0)...100 { model.take(status: try answer("status"), at: second * 1000) }
        #expect(model.flow?.milliseconds == 60_000)
        #expect(model.flow?.moved.charged == 0)
        model.take(status: nil, at: 101_000)
        #expect(model.flow == nil)
        #expect(model.agent == nil)
    }

    @Test func `what is kept of the past is bounded`() {
        var model = TopModel()
        for round in Int64(0)..<700 {
            var sample = SampleView()
            sample.rails = (0..<100).map {
                .init(name: "rail\($0)", role: "other", microwatts: round, source: "hwmon")
            }
            model.take(sample)
        }
        #expect(model.rails.count == TopModel.seriesLimit)
        #expect(model.rails["rail0"]?.values.count == Series.limit)
        #expect(model.total.values.count == Series.limit)
    }
}

@Suite struct `small bars` {
    private func series(_ values: [Int64?]) -> Series {
        var series = Series()
        for value in values { series.append(value) }
        return series
    }

    @Test(
        arguments: [
            ([0, 1, 2, 3, 4, 5, 6, 7], 8, "▁▂▃▄▅▆▇█"),
            ([0, 7], 4, "  ▁█"),
            ([0, nil, 7], 3, "▁ █"),
            // The last ones are shown.
            ([100, 0, 7], 2, "▁█"),
            // What is the same to a tenth is shown as small as it is.
            ([1000, 1000, 1000], 3, "▁▁▁"), ([1000, 1005, 1010], 3, "▁▁▁"), ([1000, 1100], 2, "▁▇"),
            ([0, 0], 2, "▁▁"), ([nil, nil], 3, "   "), ([], 2, "  "), ([5], 0, ""),
            ([-392_000, 0, 392_000], 3, "▁▄█"), ([.min, .max], 2, "▁█"),
        ] as [([Int64?], Int, String)])
    func `stand between the least and the most`(values: [Int64?], width: Int, expected: String) {
        #expect(Sparkline.row(series(values), width: width) == expected)
    }

    @Test func `over several rows each has its eighths`() {
        #expect(Sparkline.rows(series([0, 5, 10, 15]), width: 4, height: 2) == ["  ▃█", "▁▆██"])
    }

    @Test(arguments: [
        (Int64(0), Int64(10), 4, "░░░░"), (5, 10, 4, "██░░"), (10, 10, 4, "████"), (20, 10, 4, "████"),
        (-1, 10, 4, "░░░░"), (1, 0, 4, ""), (.max, .max, 3, "███"), (1, 10, 0, ""),
    ])
    func `a bar shows a part of the whole`(part: Int64, whole: Int64, width: Int, expected: String) {
        #expect(Sparkline.bar(part, of: whole, width: width) == expected)
    }
}

@Suite struct `columns of a terminal` {
    @Test func `characters are as wide as Python's Unicode tables say`() throws {
        // Those whose width has not changed since Unicode 3.2, so that every version of Python knows the same.
        let script = """
            import unicodedata as now
            old = now.ucd_3_2_0
            for code in range(0x20, 0x30000):
                character = chr(code)
                if old.category(character) in ("Cn", "Co", "Cs", "Cc") or 0x1160 <= code < 0x1200:
                    continue
                wide = now.east_asian_width(character) in "WF"
                if wide != (old.east_asian_width(character) in "WF"):
                    continue
                if now.category(character) in ("Mn", "Me", "Cf"):
                    continue
                print(code, 2 if wide else 1)
            """
        let lines = try PythonTool.lines(script)
        #expect(lines.count > 90_000)
        var wrong: [String] = []
        for line in lines {
            let numbers = line.split(separator: " ").compactMap { Int($0) }
            let scalar = try #require(Unicode.Scalar(UInt32(numbers[0])))
            if displayWidth(scalar) != numbers[1] { wrong.append(line) }
        }
        #expect(wrong.prefix(20) == [])
    }

    @Test(arguments: [
        ("", 0), ("VDD_IN", 6), ("電源", 4), ("e\u{301}", 1), ("°C", 2), ("🔋", 2), ("▁█", 2), ("\u{200b}", 0),
    ])
    func `texts are as wide as their characters`(text: String, width: Int) {
        #expect(displayWidth(text) == width)
    }

    @Test(arguments: [
        ("VDD_IN", 6, "VDD_IN"), ("VDD_IN", 5, "VDD_…"), ("電源レール", 10, "電源レール"), ("電源レール", 9, "電源レー…"),
        ("電源レール", 8, "電源レ…"), ("電源", 1, "…"), ("abc", 0, ""), ("e\u{301}xy", 2, "e\u{301}…"),
    ])
    func `texts are cut to columns`(text: String, width: Int, expected: String) {
        #expect(truncated(text, to: width) == expected)
    }

    @Test func `a line is cut within its runs`() {
        var line = StyledLine("power", .bold)
        line.pad(to: 9)
        line.append("電源レール", .good)
        #expect(line.width == 19)
        #expect(line.cut(to: 19) == line)
        #expect(line.cut(to: 14).text == "power    電源…")
        #expect(line.cut(to: 14).width == 14)
        #expect(line.cut(to: 9).text == "power    ")
        #expect(line.cut(to: 3).text == "po…")
    }

    @Test(arguments: [
        ("C.UTF-8", true), ("en_US.UTF-8", true), ("de_DE.utf8@euro", true), ("UTF-8", true), ("C", false),
        ("en_US.ISO-8859-1", false), ("", false),
    ])
    func `a locale says whether it is one of UTF-8`(locale: String, isUTF8: Bool) {
        #expect(TerminalText.isUTF8(locale) == isUTF8)
    }

    @Test func `rows go first to what says something, then to what matters, then to what fills`() {
        func section(_ least: Int, _ wanted: Int, _ most: Int, _ rank: Int) -> TopSection {
            TopSection(least: least, wanted: wanted, most: most, rank: rank) { _, _ in [] }
        }
        let sections = [section(1, 3, 9, 1), section(1, 1, 1, 0), section(2, 2, 4, 2)]
        #expect(TopLayout.rows(sections, outOf: 0).given == [0, 0, 0])
        #expect(TopLayout.rows(sections, outOf: 1).given == [0, 1, 0])
        #expect(TopLayout.rows(sections, outOf: 3).given == [2, 1, 0])
        #expect(TopLayout.rows(sections, outOf: 4).given == [1, 1, 2])
        #expect(TopLayout.rows(sections, outOf: 6).given == [3, 1, 2])
        #expect(!TopLayout.rows(sections, outOf: 7).isAiry)
        #expect(TopLayout.rows(sections, outOf: 8).isAiry)
        #expect(TopLayout.rows(sections, outOf: 11).given == [5, 1, 3])
        #expect(TopLayout.rows(sections, outOf: 99).given == [9, 1, 4])
    }
}
