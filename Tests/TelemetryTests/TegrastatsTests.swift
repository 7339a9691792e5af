import Foundation
import Quantities
import Testing
import Wire

@testable import Telemetry

private func line(_ text: String) throws -> TegrastatsLine { try TegrastatsLine(Array(text.utf8)) }

private func json(_ bytes: [UInt8], number: Int = 1) -> String {
    var writer = JSONWriter()
    _ = TegrastatsLine.writeJSON(line: number, bytes, to: &writer)
    return writer.text
}

@Suite struct `tegrastats lines` {
    @Test(arguments: Captures.tegrastatsFiles)
    func `every captured line prints what was derived from it by hand`(file: String) throws {
        let lines = try Captures.lines("tegrastats/\(file).txt")
        let expected = try Captures.lines("expected/tegrastats/\(file).jsonl")
        #expect(!lines.isEmpty)
        #expect(lines.count == expected.count)
        for (index, (line, expected)) in zip(lines, expected).enumerated() {
            #expect(json(line, number: index + 1) == String(decoding: expected, as: UTF8.self))
        }
    }

    @Test func `no captured file is left out`() throws {
        let found = try FileManager.default.contentsOfDirectory(
            atPath: Captures.folder.appending(path: "tegrastats").path())
        #expect(found.filter { $0.hasSuffix(".txt") }.sorted() == Captures.tegrastatsFiles.map { $0 + ".txt" }.sorted())
    }

    @Test func `a name is a zone or a rail by its shape`() throws {
        let line = try line("RAM 1/2MB (lfb 1x4MB) CPU [2%@1190,off] GPU@37.5C CPU@38C GPU 0/0 CPU 311/311")
        #expect(line.zones.map { $0.name } == ["GPU", "CPU"])
        #expect(line.rails.map { $0.name } == ["GPU", "CPU"])
        #expect(line.rails[1].current == 311)
        #expect(line.cores.count == 2)
    }

    @Test func `channels that are not connected are ignored, both of them`() throws {
        let line = try line("VDD_GPU_SOC 2399mW/2399mW NC 0mW/0mW VDDQ_VDD2_1V8AO 301mW/301mW NC 0mW/0mW")
        #expect(line.rails.map { $0.name } == ["VDD_GPU_SOC", "VDDQ_VDD2_1V8AO"])
        #expect(line.ignored == ["NC", "NC"])
    }

    @Test(arguments: ["GPU@-256C", "CV0@-256C", "gpu@-256C/-256C"])
    func `a sensor that is off is not valid`(word: String) throws {
        let zone = try #require(try line("RAM 1/2MB (lfb 1x4MB) " + word).zones.first)
        #expect(!zone.isValid)
        #expect(zone.current == "-256")
    }

    @Test func `clocks without a load are no load of zero`() throws {
        let line = try line("RAM 1/2MB (lfb 1x4MB) GR3D_FREQ @[314,314,314]")
        #expect(line.graphics == TegrastatsLine.Load(percent: nil, megahertz: [314, 314, 314]))
    }

    @Test func `a share before bracketed clocks keeps both`() throws {
        let line = try line("RAM 1/2MB (lfb 1x4MB) GR3D_FREQ 0%@[305,306] EMC_FREQ @2133")
        #expect(line.graphics == TegrastatsLine.Load(percent: 0, megahertz: [305, 306]))
        #expect(line.memoryController == TegrastatsLine.Load(percent: nil, megahertz: [2133]))
    }

    @Test func `the second graphics engine appends its clock, in whatever order they come`() throws {
        for text in ["GR3D_FREQ 7%@611 GR3D2_FREQ 0%@114", "GR3D2_FREQ 0%@114 GR3D_FREQ 7%@611"] {
            #expect(try line("RAM 1/2MB " + text).graphics == TegrastatsLine.Load(percent: 7, megahertz: [611, 114]))
        }
    }

    @Test func `a negative rail keeps its value`() throws {
        #expect(try line("VDD_GPU -392mW/-392mW VIN 15004mW/15096mW").rails[0].current == -392)
    }

    @Test func `blanks of any number and at the end do not matter`() throws {
        let tight = try line("RAM 29114/30697MB (lfb 3x4MB) SWAP 4915/15348MB (cached 1MB) NVENC off APE 174 gpu@47.8C")
        let loose = try line(
            "  RAM 29114/30697MB (lfb 3x4MB)    SWAP 4915/15348MB (cached 1MB)\tNVENC   off  APE   174   gpu@47.8C  "
        )
        #expect(tight == loose)
    }

    @Test func `a carriage return before the line end is not part of the line`() throws {
        #expect(try line("RAM 1/2MB (lfb 1x4MB)\r") == line("RAM 1/2MB (lfb 1x4MB)"))
    }

    @Test func `three powers of a rail and one temperature of a zone stand side by side`() throws {
        let line = try line("cpu@60.406C tj@41.8C/63.281C VIN 87426mW/43713mW/87426mW VDD_IN 5/6")
        #expect(line.zones[0].maximum == nil)
        #expect(line.zones[1].maximum == "63.281")
        #expect(line.rails[0].maximum == 87426)
        #expect(line.rails[1] == TegrastatsLine.Rail(name: "VDD_IN", current: 5, average: 6, maximum: nil))
    }

    @Test func `one clock for all cores of the oldest releases`() throws {
        let line = try line(
            "RAM 1/2MB (lfb 1x4MB) cpu [17%,off,5%]@408 EMC 1%@408 AVP 0%@12 VDE 0 GR3D 3%@76 "
                + "EDP limit 1734")
        #expect(line.cores.map { $0.frequencyMegahertz } == [408, nil, 408])
        #expect(line.memoryController == TegrastatsLine.Load(percent: 1, megahertz: [408]))
        #expect(line.graphics == TegrastatsLine.Load(percent: 3, megahertz: [76]))
        #expect(line.engines.map { $0.name } == ["AVP", "VDE"])
        #expect(line.ignored == ["EDP", "limit", "1734"])
    }

    @Test func `engines lose the word for frequency and keep their state`() throws {
        let line = try line(
            "RAM 1/2MB (lfb 1x4MB) NVENC 79%@166 NVENC1_FREQ @314 VIC_FREQ 729 VIC1 59%@423 PVA0_FREQ off OFA off")
        #expect(line.engines.map { $0.name } == ["NVENC", "NVENC1", "VIC", "VIC1", "PVA0", "OFA"])
        #expect(line.engines.map { $0.isOn } == [true, true, true, true, false, false])
        #expect(line.engines.map { $0.load.percent } == [79, nil, nil, 59, nil, nil])
        #expect(line.engines.map { $0.load.megahertz } == [[166], [314], [729], [423], [], []])
    }

    @Test func `the order of the parts does not matter`() throws {
        let parts = [
            "RAM 1802/7772MB (lfb 356x4MB)", "SWAP 0/3886MB (cached 0MB)", "IRAM 0/252kB(lfb 252kB)", "CPU [1%@2,off]",
            "EMC_FREQ 0%", "GR3D_FREQ 99%", "NVENC off", "APE 150", "MTS fg 0% bg 1%", "AO@42.5C", "VDD_IN 14664/14679",
        ]
        let forward = try line(parts.joined(separator: " "))
        var generator = SplitMix(seed: 7)
        for _ in 0..<50 {
            #expect(try line(parts.shuffled(using: &generator).joined(separator: " ")) == forward)
        }
    }

    @Test func `a part that is not well formed costs only itself`() throws {
        let line = try line(
            "RAM 1/2MB (lfb 1x4MB) GR3D_FREQ x% EMC_FREQ 3%@1600 cpu@4x2C gpu@41C VDD_IN 1/b VDD_SOC 5/6")
        #expect(line.ignored == ["GR3D_FREQ", "x%", "cpu@4x2C", "VDD_IN", "1/b"])
        #expect(line.memoryController?.percent == 3)
        #expect(line.zones.map { $0.name } == ["gpu"])
        #expect(line.rails.map { $0.name } == ["VDD_SOC"])
    }

    @Test(arguments: [
        ("", TegrastatsError.empty), ("   \t ", .empty), ("hello", .notTegrastats(knownWords: 0, unknownWords: 1)),
        ("{\"line\": 1}", .notTegrastats(knownWords: 0, unknownWords: 2)),
        ("07-02-2026 20:41:39", .notTegrastats(knownWords: 2, unknownWords: 0)),
        ("Nov 20 16:00:01 board kernel: VDD_IN 3/4 seen", .notTegrastats(knownWords: 2, unknownWords: 6)),
        ("RAM 12/3", .notTegrastats(knownWords: 0, unknownWords: 2)),
        ("RAM 1/2MB \u{7}", .notText(at: 10, byte: 7)), ("caf\u{e9} RAM 1/2MB", .notText(at: 3, byte: 0xc3)),
    ])
    func `what is not tegrastats is refused by name`(text: String, error: TegrastatsError) throws {
        #expect(throws: error) { try line(text) }
    }

    @Test func `a line beyond the limit is refused with its length`() throws {
        let long = Array(repeating: UInt8(ascii: "x"), count: TelemetryLimits.tegrastatsLineBytes + 1)
        #expect(throws: TegrastatsError.tooLong(bytes: 8193)) { try TegrastatsLine(long) }
    }

    @Test func `a refused line still prints an object with its number`() {
        var writer = JSONWriter()
        #expect(!TegrastatsLine.writeJSON(line: 12, Array("nothing here".utf8), to: &writer))
        #expect(
            writer.text
                == #"{"line":12,"error":"not a line of tegrastats: 0 words are known to it, 2 are not"}"#)
    }

    @Test(arguments: [
        "RAM 99999999999999999999/2MB cpu@1C", "cpu@1C VDD_IN 9223372036854775808/1",
        "cpu@1C CPU [1%@99999999999999999999]",
        "cpu@1C CPU [", "cpu@1C CPU []", "cpu@1C CPU [1%@]", "cpu@1C CPU [1%@2,]", "cpu@1C GR3D_FREQ @[",
        "cpu@1C GR3D_FREQ @[]",
        "cpu@1C GR3D_FREQ @", "cpu@1C GR3D_FREQ %", "cpu@1C MTS fg 0% bg", "cpu@1C @C",
        "cpu@1C a@C",
        "cpu@1C a@1.C", "cpu@1C a@.5C", "cpu@1C a@01C", "cpu@1C a@1C/", "cpu@1C / 1/2", "cpu@1C X 1/2/3/4",
        "cpu@1C X /",
        "cpu@1C SWAP", "cpu@1C (lfb", "cpu@1C APE -1", "cpu@1C NVENC 1%@[1,]",
    ])
    func `broken words are ignored and the rest is kept`(text: String) throws {
        let line = try line(text + " gpu@2C tj@3C soc0@4C soc1@5C soc2@6C")
        #expect(line.zones.count == 6)
        #expect(!line.ignored.isEmpty)
        #expect(try JSONSerialization.jsonObject(with: Data(json(Array(text.utf8)).utf8)) is [String: Any])
    }

    @Test func `a line cut at any byte is parsed or refused, and prints JSON`() throws {
        for full in try Captures.tegrastatsLines() {
            for length in 0...full.count {
                let text = json(Array(full[..<length]))
                #expect(try JSONSerialization.jsonObject(with: Data(text.utf8)) is [String: Any])
            }
        }
    }

    @Test(arguments: 0..<8) func `a line with bytes changed is parsed or refused, and prints JSON`(seed: UInt64) throws
    {
        var generator = SplitMix(seed: seed)
        let lines = try Captures.tegrastatsLines()
        let alphabet = Array("0123456789%@[]/,.-() mWMBkCoff\u{0}\u{ff}".utf8)
        for round in 0..<600 {
            var bytes = lines[round % lines.count]
            for _ in 0..<Int.random(in: 1...12, using: &generator) {
                let at = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[at] = alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
                case 1: bytes.insert(alphabet[Int.random(in: 0..<alphabet.count, using: &generator)], at: at)
                default: if bytes.count > 1 { bytes.remove(at: at) }
                }
            }
            let text = json(bytes)
            #expect(
                (try? JSONSerialization.jsonObject(with: Data(text.utf8))) is [String: Any],
                "seed \(seed), round \(round): \(String(decoding: bytes, as: UTF8.self))")
        }
    }

    @Test func `names beyond the limit of a line are ignored`() throws {
        let many = (0..<200).map { "z\($0)@1C" }.joined(separator: " ")
        #expect(throws: TegrastatsError.notTegrastats(knownWords: 64, unknownWords: 136)) { try line(many) }
        let some = (0..<100).map { "z\($0)@1C" }.joined(separator: " ")
        #expect(try line(some).zones.count == TelemetryLimits.tegrastatsEntries)
    }
}

@Suite struct `samples from tegrastats` {
    private var profile: HardwareProfile {
        var profile = HardwareProfile(name: "orin-nano-8gb", title: "")
        profile.rails = [HardwareProfile.Rail(name: "VDD_IN", role: .total)]
        profile.totals = [TotalRule(rails: ["VDD_IN"], scope: .module)]
        profile.thermal.dieZones = ["cpu", "gpu", "soc", "tj"]
        return profile
    }

    @Test func `a line gives rails, total, zones and the load of the GPU`() throws {
        let profile = profile
        var choice = TotalRuleChoice(rules: profile.totals)
        let bytes = try #require(try Captures.lines("tegrastats/orin-nano_l4t-r36.txt").last)
        let sample = TelemetrySample(
            try TegrastatsLine(bytes), taken: BootTime(milliseconds: 5), board: BoardIdentity(profile: profile.name),
            profile: profile, choice: &choice)
        #expect(sample.taken == BootTime(milliseconds: 5))
        #expect(sample.totalPower == Power(milliwatts: 6030))
        #expect(sample.rails.map { $0.source } == [.tegrastats, .tegrastats, .tegrastats])
        #expect(sample.hottest == ZoneReading(name: "gpu", temperature: Temperature(millidegrees: 50_718)))
        #expect(sample.gpu?.loadPermille == 550)
        #expect(sample.unavailable == [])
    }

    @Test func `a sensor that is off is listed and not a zone`() throws {
        let profile = profile
        var choice = TotalRuleChoice(rules: profile.totals)
        let sample = TelemetrySample(
            try line("GPU@-256C CPU@44.4375C VDD_SOC 1mW/1mW"), taken: .origin,
            board: BoardIdentity(profile: profile.name), profile: profile, choice: &choice)
        #expect(sample.zones == [ZoneReading(name: "CPU", temperature: Temperature(millidegrees: 44_437))])
        #expect(sample.unavailable == [Unavailable("total", .absent), Unavailable("GPU", .disabled)])
    }

    @Test func `numbers beyond any board are listed and not cut to the largest number`() throws {
        let profile = profile
        var choice = TotalRuleChoice(rules: profile.totals)
        let sample = TelemetrySample(
            try line(
                "RAM 1/9223372036854775807MB GR3D_FREQ 101%@9223372036854775807 VDD_IN 9223372036854775807mW/1mW "
                    + "VDD_SOC 10000000000001mW/1mW"),
            taken: .origin, board: BoardIdentity(profile: profile.name), profile: profile, choice: &choice)
        #expect(sample.rails == [])
        #expect(sample.total == nil)
        #expect(sample.memory == MemoryReading())
        let names = [
            "VDD_IN", "VDD_SOC", "total", "gpu.load_permille", "gpu.frequency_khz", "memory.total_bytes",
        ]
        #expect(sample.unavailable == names.map { Unavailable($0, .malformed) })
    }
}

@Suite struct `lines of a stream` {
    @Test func `bytes become lines however they are cut`() {
        let bytes = Array("RAM 1\n\nSWAP 2\nlast".utf8)
        for step in 1...bytes.count {
            var splitter = LineSplitter()
            var lines: [LineSplitter.Line] = []
            for start in stride(from: 0, to: bytes.count, by: step) {
                lines += splitter.lines(of: bytes[start..<min(start + step, bytes.count)])
            }
            #expect(lines == ["RAM 1", "", "SWAP 2"].map { .line(Array($0.utf8)) })
            #expect(splitter.unterminated() == .line(Array("last".utf8)))
            #expect(splitter.unterminated() == nil)
        }
    }

    @Test func `a line beyond the limit is counted and not kept`() {
        var splitter = LineSplitter(limit: 4)
        #expect(
            splitter.lines(of: Array("1234\n12345\n1\n".utf8)) == [
                .line(Array("1234".utf8)), .tooLong(bytes: 5), .line(Array("1".utf8)),
            ])
        #expect(splitter.unterminated() == nil)
    }
}

/// A small generator whose runs are repeated from their seed (SplitMix64).
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
