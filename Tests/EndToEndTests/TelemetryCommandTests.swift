import Foundation
import TestKit
import Testing

private let trees = [
    "agx-orin", "agx-thor", "laptop-battery", "nano", "orin-nano", "pc-rapl-nvme-coretemp", "xavier-nx",
]
private let captures = [
    "agx-orin_l4t-r34-r35", "agx-orin_l4t-r36", "agx-orin_l4t-r39.2", "agx-thor_l4t-r38.4_nonroot",
    "agx-thor_l4t-r38.4_root", "agx-thor_l4t-r39.2", "agx-xavier_l4t-r31-r32", "edge-cases", "nano_l4t-r32",
    "orin-nano_l4t-r35", "orin-nano_l4t-r36", "orin-nx_l4t-r35", "orin-nx_l4t-r36.4.7_nonroot", "tx1_l4t-r28-r32",
    "tx2_l4t-r32", "xavier-nx_l4t-r32",
]

private func tree(_ name: String) -> String { Fixtures.url("telemetry/sysfs/" + name).path }
private func capture(_ name: String) -> String { Fixtures.url("telemetry/tegrastats/\(name).txt").path }

@Suite(.timeLimit(.minutes(10))) struct `telemetry as it is printed` {
    @Test func `no captured tree and no captured line is left out`() throws {
        func names(_ path: String) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: Fixtures.url(path).path).sorted()
        }
        #expect(try names("telemetry/sysfs").filter { !$0.hasSuffix(".tsv") } == trees)
        #expect(try names("telemetry/tegrastats").filter { $0.hasSuffix(".txt") } == captures.map { $0 + ".txt" })
    }

    @Test(arguments: trees) func `a captured tree gives exactly its expected object`(name: String) throws {
        let outcome = try BuiltProgram.run(["telemetry", "--sysroot", tree(name), "--json"])
        #expect(outcome.output == (try Fixtures.text("telemetry/expected/sysfs/\(name).json")))
        #expect(outcome.status == 0)
        #expect(outcome.errors == "")
    }

    @Test(arguments: captures) func `captured lines give exactly their expected objects`(name: String) throws {
        let outcome = try BuiltProgram.run(["telemetry", "--tegrastats", capture(name), "--jsonl"])
        #expect(outcome.output == (try Fixtures.text("telemetry/expected/tegrastats/\(name).jsonl")))
        #expect(outcome.status == 0)
        #expect(outcome.errors == "")
    }

    @Test func `lines on standard input are read like those of a file`() throws {
        let input = try Fixtures.bytes("telemetry/tegrastats/edge-cases.txt")
        let outcome = try BuiltProgram.run(["telemetry", "--tegrastats", "-", "--jsonl"], input: input)
        #expect(outcome.output == (try Fixtures.text("telemetry/expected/tegrastats/edge-cases.jsonl")))
    }

    @Test func `one object holds all lines where one object is asked for`() throws {
        let object = try BuiltProgram.json(["telemetry", "--tegrastats", capture("edge-cases")])
        let lines = try #require(object["lines"] as? [[String: Any]])
        #expect(lines.compactMap { $0["line"] as? Int } == [1, 2, 3, 4, 5])
    }

    @Test func `lines that are not of tegrastats are named, and the rest is read`() throws {
        let good = try #require(try Fixtures.text("telemetry/tegrastats/nano_l4t-r32.txt").split(separator: "\n").first)
        let input = Array("\(good)\nhello\n\(good)\n".utf8)
        let outcome = try BuiltProgram.run(["telemetry", "--tegrastats", "-", "--jsonl"], input: input)
        #expect(outcome.status == 65)
        #expect(outcome.lines.count == 4)
        #expect(
            outcome.lines[1]
                == #"{"line":2,"error":"not a line of tegrastats: 0 words are known to it, 1 are not"}"#)
        #expect(outcome.lines[2].hasPrefix(#"{"line":3,"timestamp":"#))
        #expect(outcome.errors == "sage-edge: -: one line is not of tegrastats, of 3\n")
    }

    @Test func `a last line without an end is read, and it is said that it may be cut short`() throws {
        var input = try Fixtures.bytes("telemetry/tegrastats/edge-cases.txt")
        #expect(input.popLast() == UInt8(ascii: "\n"))
        let outcome = try BuiltProgram.run(["telemetry", "--tegrastats", "-", "--jsonl"], input: input)
        #expect(outcome.output == (try Fixtures.text("telemetry/expected/tegrastats/edge-cases.jsonl")))
        #expect(outcome.status == 0)
        #expect(outcome.errors == "sage-edge: -: the last line has no line end; it may have been cut short\n")
    }

    @Test func `a line of a million bytes is refused and the next one read`() throws {
        let good = try #require(try Fixtures.text("telemetry/tegrastats/nano_l4t-r32.txt").split(separator: "\n").first)
        let input = [UInt8](repeating: UInt8(ascii: "x"), count: 1_000_000) + Array("\n\(good)\n".utf8)
        let outcome = try BuiltProgram.run(["telemetry", "--tegrastats", "-", "--jsonl"], input: input)
        #expect(outcome.status == 65)
        #expect(outcome.lines[0] == #"{"line":1,"error":"a line of 1000000 bytes; at most 8192 are read"}"#)
        #expect(outcome.lines[1].hasPrefix(#"{"line":2,"timestamp":"#))
    }

    @Test(arguments: [
        (["--sysroot", "/nowhere/at/all"], Int32(66), "there is no folder /nowhere/at/all"),
        (["--tegrastats", "/nowhere/at/all"], 66, "open /nowhere/at/all: No such file or directory"),
        (["--tegrastats", "-"], 65, "- holds no line"),
        (["--tegrastats", "-", "--sysroot", "/"], 64, "--tegrastats and --sysroot do not go together"),
        (["--interval", "5"], 64, "--interval goes with --watch"),
        (["--tegrastats", "-", "--watch"], 64, "--tegrastats and --watch do not go together"),
        (["--watch", "--interval", "0"], 64, "--interval takes a whole number from 1 to 3600, not '0'"),
    ])
    func `what cannot be read is said with its exit status`(arguments: [String], status: Int32, message: String) throws
    {
        let outcome = try BuiltProgram.run(["telemetry"] + arguments)
        #expect(outcome.status == status)
        #expect(outcome.errors.split(separator: "\n").first == "sage-edge: \(message)")
    }

    @Test(arguments: trees) func `the text of a tree fits eighty columns`(name: String) throws {
        let outcome = try BuiltProgram.run(["telemetry", "--sysroot", tree(name)])
        #expect(outcome.status == 0)
        #expect(outcome.lines.filter { $0.count > 80 } == [])
    }

    @Test(arguments: captures) func `the text of captured lines fits eighty columns`(name: String) throws {
        let outcome = try BuiltProgram.run(["telemetry", "--tegrastats", capture(name)])
        #expect(outcome.status == 0)
        #expect(outcome.lines.filter { $0.count > 80 } == [])
    }

    @Test(arguments: [
        ("agx-orin_l4t-r36", " 8.726 W"), ("agx-xavier_l4t-r31-r32", " 3.346 W"),
        ("agx-thor_l4t-r38.4_root", " 19.780 W"), ("agx-thor_l4t-r39.2", " at least 20.402 W"),
        ("orin-nano_l4t-r36", " 4.824 W"), ("nano_l4t-r32", " 2.132 W"), ("tx1_l4t-r28-r32", " 2.532 W"),
    ]) func `the first captured line has the total of the board that it must be of`(name: String, power: String) throws
    {
        let outcome = try BuiltProgram.run(["telemetry", "--tegrastats", capture(name)])
        #expect(try #require(outcome.lines.dropFirst().first).hasSuffix(power))
        #expect(outcome.errors == "")
    }

    @Test func `rails that no profile adds up are named instead of a power`() throws {
        let line =
            "RAM 1/2MB (lfb 1x4MB) CPU [1%@102] EMC_FREQ 0% GR3D_FREQ 0% CPU@37C VDD_ODD 100/100 VDD_EVEN 20/20\n"
        let outcome = try BuiltProgram.run(["telemetry", "--tegrastats", "-"], input: Array(line.utf8))
        #expect(outcome.status == 0)
        #expect(outcome.lines.dropFirst().first?.hasSuffix(" -") == true)
        #expect(
            outcome.errors == "sage-edge: no power is shown where the rails are VDD_ODD, VDD_EVEN: no hardware profile "
                + "says what they add up to\n")
    }

    @Test func `the text of a tree names everything that was read`() throws {
        #expect(try BuiltProgram.run(["telemetry", "--sysroot", tree("agx-orin")]).output == Self.orin)
    }

    private static let orin = """
        board    NVIDIA Jetson AGX Orin Developer Kit
        profile  agx-orin-64gb, Jetson Linux R36.4.4
        mode     MAXN, rated 60.000 W
        source   compute:agx-orin-64gb, replayed

        rail             role       power   voltage  current  read by
        VDD_GPU_SOC      gpu-soc  3.362 W  12.008 V  0.280 A  ina3221
        VDD_CPU_CV       cpu-cv   0.480 W  12.008 V  0.040 A  ina3221
        VIN_SYS_5V0      sys5v    4.869 W   4.968 V  0.980 A  ina3221
        VDDQ_VDD2_1V8AO  memory   0.397 W   4.968 V  0.080 A  ina3221
        total 8.711 W = VDD_GPU_SOC+VDD_CPU_CV+VIN_SYS_5V0 (module)

        zone            temperature
        cpu-thermal         47.5 °C  hottest
        gpu-thermal         42.0 °C
        soc0-thermal        46.0 °C
        soc1-thermal        44.0 °C
        soc2-thermal        46.5 °C
        tj-thermal          47.5 °C
        tboard-thermal      37.5 °C
        tdiode-thermal      39.8 °C

        gpu       0.0 % busy, 306 MHz of 1300 MHz
        throttle  none
        unread    cv0-thermal: EAGAIN
        unread    cv1-thermal: EAGAIN
        unread    cv2-thermal: EAGAIN
        unread    memory: ENOENT

        """
}
