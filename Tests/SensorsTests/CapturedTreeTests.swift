import Configuration
import Foundation
import Quantities
import Telemetry
import Testing
import Wire

@testable import Sensors

private let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures/telemetry")

func reader(_ root: String) throws -> BoardReader {
    try #require(BoardReader(tree: SysfsTree(root: root), profiles: try HardwareProfileFile.builtIn()))
}

func json(_ sample: TelemetrySample) -> String {
    var writer = JSONWriter()
    sample.writeJSON(to: &writer)
    return writer.text
}

/// A tree in a temporary folder that goes away with the test.
final class TemporaryTree {
    let root: URL

    init() throws {
        root = FileManager.default.temporaryDirectory.appending(path: "tree-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
    }

    /// A copy of a captured tree.
    convenience init(copyOf board: String) throws {
        try self.init()
        try FileManager.default.removeItem(at: root)
        try FileManager.default.copyItem(at: fixtures.appending(path: "sysfs/" + board), to: root)
    }

    deinit { try? FileManager.default.removeItem(at: root) }

    func write(_ path: String, _ text: String) throws {
        let file = root.appending(path: path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    func link(_ path: String, to target: String) throws {
        let file = root.appending(path: path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: file.path(), withDestinationPath: target)
    }

    func remove(_ path: String) throws { try FileManager.default.removeItem(at: root.appending(path: path)) }

    var path: String { root.path() }
}

@Suite struct `captured trees` {
    static let boards = [
        "agx-orin", "agx-thor", "laptop-battery", "nano", "orin-nano", "pc-rapl-nvme-coretemp", "xavier-nx",
    ]

    @Test(arguments: boards) func `print what was derived from them by hand`(board: String) throws {
        let sample = try reader(fixtures.appending(path: "sysfs/" + board).path()).sample(at: .origin)
        let expected = try String(contentsOf: fixtures.appending(path: "expected/sysfs/\(board).json"), encoding: .utf8)
        #expect(json(sample) + "\n" == expected)
    }

    @Test func `no captured tree is left out`() throws {
        let found = try FileManager.default.contentsOfDirectory(atPath: fixtures.appending(path: "sysfs").path())
        #expect(found.filter { !$0.hasSuffix(".tsv") }.sorted() == Self.boards)
    }

    @Test(arguments: boards) func `print the same the second time`(board: String) throws {
        let reader = try reader(fixtures.appending(path: "sysfs/" + board).path())
        #expect(json(reader.sample(at: .origin)) == json(reader.sample(at: .origin)))
    }

    @Test func `are replayed and never metered`() throws {
        let reader = try reader(fixtures.appending(path: "sysfs/orin-nano").path())
        #expect(reader.evidence == .replayed)
        #expect(reader.sample(at: .origin).sources.map { $0.evidence } == [.replayed])
    }

    @Test func `give the sample the time it was asked for`() throws {
        let reader = try reader(fixtures.appending(path: "sysfs/orin-nano").path())
        #expect(reader.sample(at: BootTime(milliseconds: 77)).taken == BootTime(milliseconds: 77))
    }
}

@Suite struct `boards that differ from the captures` {
    private let monitor = "sys/devices/platform/bus@0/c240000.i2c/i2c-1/1-0040/hwmon/hwmon1/"
    private let thorInput = "sys/devices/platform/bus@0/c600000.i2c/i2c-2/2-0044/hwmon/hwmon6/"

    @Test func `hwmon numbers may change between boots`() throws {
        let tree = try TemporaryTree(copyOf: "orin-nano")
        let before = try reader(tree.path).sample(at: .origin)
        try FileManager.default.moveItem(
            at: tree.root.appending(path: "sys/class/hwmon/hwmon1"),
            to: tree.root.appending(path: "sys/class/hwmon/hwmon7"))
        try FileManager.default.moveItem(
            at: tree.root.appending(path: "sys/class/hwmon/hwmon0"),
            to: tree.root.appending(path: "sys/class/hwmon/hwmon1"))
        #expect(try reader(tree.path).sample(at: .origin) == before)
    }

    @Test func `a monitor that only its driver's folder shows is found`() throws {
        let tree = try TemporaryTree(copyOf: "orin-nano")
        let before = try reader(tree.path).sample(at: .origin).rails
        try tree.remove("sys/class/hwmon/hwmon1")
        #expect(try reader(tree.path).sample(at: .origin).rails == before)
    }

    @Test func `an input monitor without a label is the rail that the profile names`() throws {
        let tree = try TemporaryTree(copyOf: "agx-thor")
        try tree.remove(thorInput + "label")
        #expect(try reader(tree.path).sample(at: .origin).total?.rule == "VIN")
    }

    @Test func `without an input monitor the total is a lower bound`() throws {
        let tree = try TemporaryTree(copyOf: "agx-thor")
        try tree.remove("sys/class/hwmon/hwmon6")
        try tree.remove("sys/bus/i2c/drivers/ina238/2-0044")
        let sample = try reader(tree.path).sample(at: .origin)
        let expected = TotalPower(
            power: Power(microwatts: 7_705_600 + 11_558_400 + 8_853_120), isComplete: true,
            rails: ["VDD_GPU", "VDD_CPU_SOC_MSS", "VIN_SYS_5V0"], scope: .moduleLowerBound)
        #expect(sample.total == expected)
    }

    @Test func `a monitor that gives power alone is believed`() throws {
        let tree = try TemporaryTree(copyOf: "agx-thor")
        try tree.remove(thorInput + "curr1_input")
        let vin = try #require(try reader(tree.path).sample(at: .origin).rails.last)
        #expect(vin == RailReading(name: "VIN", role: .total, power: Power(microwatts: 20_604_000), source: .ina238))
    }

    @Test func `a monitor of the older driver that gives power alone gives it in milliwatts`() throws {
        let tree = try TemporaryTree(copyOf: "nano")
        let monitor = "sys/devices/50000000.host1x/546c0000.i2c/i2c-6/6-0040/iio:device0/"
        let whole = try reader(tree.path).sample(at: .origin)
        for channel in 0...2 { try tree.remove(monitor + "in_voltage\(channel)_input") }
        try tree.write(monitor + "in_power0_input", "2345\n")
        let sample = try reader(tree.path).sample(at: .origin)
        #expect(
            sample.rails.first
                == RailReading(name: "POM_5V_IN", role: .total, power: Power(milliwatts: 2345), source: .iio))
        #expect(sample.rails.map { $0.name } == whole.rails.map { $0.name })
        #expect(sample.totalPower == Power(milliwatts: 2345))
        try tree.write(monitor + "in_power0_input", "9223372036854775807\n")
        let broken = try reader(tree.path).sample(at: .origin)
        #expect(broken.unavailable.contains(Unavailable("POM_5V_IN", .malformed)))
    }

    @Test(arguments: [
        ("", UnavailableReason.empty), ("\n", .empty), ("abc\n", .malformed), ("1.5\n", .malformed),
        ("99999999999999999999\n", .malformed),
    ])
    func `a rail that cannot be read is listed and leaves a lower bound`(
        content: String, reason: UnavailableReason
    ) throws {
        let tree = try TemporaryTree(copyOf: "agx-orin")
        try tree.write("sys/devices/platform/bus@0/c240000.i2c/i2c-1/1-0040/hwmon/hwmon3/curr3_input", content)
        let sample = try reader(tree.path).sample(at: .origin)
        let expected = TotalPower(
            power: Power(microwatts: 3_362_240 + 480_320), isComplete: false,
            rails: ["VDD_GPU_SOC", "VDD_CPU_CV", "VIN_SYS_5V0"], scope: .moduleLowerBound)
        #expect(sample.total == expected)
        #expect(sample.unavailable.contains(Unavailable("VIN_SYS_5V0", reason)))
        #expect(!sample.rails.contains { $0.name == "VIN_SYS_5V0" })
    }

    @Test func `a channel that is switched off is disabled, whatever its files hold`() throws {
        let tree = try TemporaryTree(copyOf: "orin-nano")
        try tree.write(monitor + "in2_enable", "0\n")
        let sample = try reader(tree.path).sample(at: .origin)
        #expect(sample.rails.map { $0.name } == ["VDD_IN", "VDD_SOC"])
        #expect(sample.unavailable.contains(Unavailable("VDD_CPU_GPU_CV", .disabled)))
    }

    @Test func `a file that this user may not read is named so`() throws {
        let tree = try TemporaryTree(copyOf: "orin-nano")
        try tree.write("_errno.tsv", monitor + "in1_input\tEACCES\troot only\n")
        let sample = try reader(tree.path).sample(at: .origin)
        #expect(sample.total == nil)
        #expect(sample.sources == [])
        #expect(sample.unavailable.contains(Unavailable("VDD_IN", .permission)))
        #expect(sample.unavailable.contains(Unavailable("total", .permission)))
    }

    @Test func `a negative reading below zero is kept as it is`() throws {
        let tree = try TemporaryTree(copyOf: "agx-thor")
        try tree.write("sys/devices/platform/bus@0/c600000.i2c/i2c-2/2-0040/hwmon/hwmon5/curr1_input", "-32\n")
        #expect(try reader(tree.path).sample(at: .origin).rails[0].power == Power(microwatts: -385_280))
    }

    @Test func `one zone that fails costs only itself`() throws {
        let tree = try TemporaryTree(copyOf: "nano")
        try tree.write("sys/devices/virtual/thermal/thermal_zone1/temp", "-256000\n")
        let sample = try reader(tree.path).sample(at: .origin)
        #expect(sample.zones.count == 5)
        #expect(sample.unavailable.contains(Unavailable("CPU-therm", .disabled)))
        #expect(sample.hottest?.name == "GPU-therm")
    }

    @Test func `a passive trip below the profile's limit lowers it`() throws {
        let tree = try TemporaryTree(copyOf: "orin-nano")
        #expect(try reader(tree.path).profile.thermal.throttle == Temperature(millidegrees: 99_000))
        try tree.write("sys/devices/virtual/thermal/thermal_zone0/trip_point_0_temp", "95000\n")
        #expect(try reader(tree.path).profile.thermal.throttle == Temperature(millidegrees: 95_000))
        try tree.write("sys/devices/virtual/thermal/thermal_zone0/trip_point_0_temp", "-274000\n")
        #expect(try reader(tree.path).profile.thermal.throttle == Temperature(millidegrees: 99_000))
    }

    @Test func `a mode file without the mode leaves its name and power unknown`() throws {
        let tree = try TemporaryTree(copyOf: "orin-nano")
        try tree.write("var/lib/nvpmodel/status", "pmode:0009\n")
        #expect(try reader(tree.path).sample(at: .origin).powerMode == PowerMode(identifier: 9))
        try tree.write("var/lib/nvpmodel/status", "nonsense\n")
        let sample = try reader(tree.path).sample(at: .origin)
        #expect(sample.powerMode == nil)
        #expect(sample.unavailable.contains(Unavailable("power_mode", .malformed)))
    }

    @Test func `a mode's name is worth no more than the module, and without a mode nothing is rated`() throws {
        let tree = try TemporaryTree(copyOf: "orin-nano")
        try tree.write("etc/nvpmodel.conf", "< POWER_MODEL ID=4 NAME=MY_9000W >\n")
        try tree.write("var/lib/nvpmodel/status", "pmode:0004\n")
        let named = try reader(tree.path).sample(at: .origin)
        #expect(named.powerMode?.rated == Power(milliwatts: 25_000))
        #expect(named.boardSource?.traits.rated == Power(milliwatts: 25_000))
        try tree.remove("var/lib/nvpmodel/status")
        let sample = try reader(tree.path).sample(at: .origin)
        #expect(sample.powerMode == nil)
        #expect(sample.boardSource != nil && sample.boardSource?.traits.rated == nil)
    }

    @Test func `the first developer kit with 32 GB has the modes of its kind`() throws {
        let tree = try TemporaryTree(copyOf: "agx-orin")
        try tree.write("proc/device-tree/compatible", "nvidia,p3737-0000+p3701-0000\0nvidia,tegra234\0")
        try tree.write("proc/meminfo", "MemTotal:       31434380 kB\nMemAvailable:   28000000 kB\n")
        try tree.write("var/lib/nvpmodel/status", "pmode:0003\n")
        let sample = try reader(tree.path).sample(at: .origin)
        #expect(sample.board.profile == "agx-orin-32gb")
        let mode = PowerMode(identifier: 3, name: "MODE_50W", rated: Power(milliwatts: 50_000))
        #expect(sample.powerMode == mode)
        #expect(sample.boardSource?.traits.rated == mode.rated)
    }

    @Test func `an unknown module runs with what can be read`() throws {
        let tree = try TemporaryTree(copyOf: "orin-nano")
        try tree.write("proc/device-tree/compatible", "vendor,board+p3767-0099\0nvidia,tegra234\0")
        let sample = try reader(tree.path).sample(at: .origin)
        #expect(sample.board.profile == "generic")
        #expect(sample.total?.rule == "VDD_IN")
        #expect(sample.gpu?.loadPermille == 500)
        #expect(sample.powerMode?.rated == Power(milliwatts: 25_000))
    }

    @Test func `an empty tree gives an empty sample of the generic profile`() throws {
        let tree = try TemporaryTree()
        let sample = try reader(tree.path).sample(at: .origin)
        #expect(sample.board == BoardIdentity(profile: "generic"))
        #expect(sample.rails == [])
        #expect(sample.total == nil)
    }

    @Test func `values that are replaced or rewritten are seen by the next sample`() throws {
        let tree = try TemporaryTree(copyOf: "orin-nano")
        let reader = try reader(tree.path)
        #expect(reader.sample(at: .origin).totalPower == Power(microwatts: 4_784_640))
        try Data("2000\n".utf8).write(to: tree.root.appending(path: monitor + "curr1_input"), options: .atomic)
        #expect(reader.sample(at: .origin).totalPower == Power(microwatts: 4984 * 2000))
    }

    @Test func `a device that went away is listed, and found again after the pause`() throws {
        let tree = try TemporaryTree(copyOf: "orin-nano")
        let reader = try reader(tree.path)
        let before = reader.sample(at: .origin)
        let device = "sys/devices/platform/bus@0/c240000.i2c/i2c-1/1-0040"
        let away = tree.root.appending(path: "away")
        try FileManager.default.moveItem(at: tree.root.appending(path: device), to: away)
        let gone = reader.sample(at: BootTime(milliseconds: 1000))
        #expect(gone.total == nil)
        #expect(gone.unavailable.contains(Unavailable("VDD_IN", .absent)))
        try FileManager.default.createDirectory(
            at: tree.root.appending(path: "sys/devices/elsewhere"), withIntermediateDirectories: true)
        try FileManager.default.moveItem(at: away, to: tree.root.appending(path: "sys/devices/elsewhere/1-0040"))
        try tree.remove("sys/class/hwmon/hwmon1")
        try tree.link("sys/class/hwmon/hwmon4", to: "../../devices/elsewhere/1-0040/hwmon/hwmon1")
        #expect(reader.sample(at: BootTime(milliseconds: 2000)).total == nil)
        #expect(reader.sample(at: BootTime(milliseconds: 30_000)).rails == before.rails)
    }
}

@Suite struct `paths under a root` {
    @Test func `links, real ones and those kept as files, are followed inside the root`() throws {
        let tree = try TemporaryTree()
        try tree.write("sys/devices/a/value", "1\n")
        try tree.link("sys/class/relative", to: "../devices/a")
        try tree.link("sys/class/absolute", to: "/sys/devices/a")
        try tree.write("sys/class/kept", "../devices/a")
        let view = SysfsTree(root: tree.path)
        for name in ["relative", "absolute", "kept"] {
            #expect(view.place("/sys/class/\(name)/value")?.path == "/sys/devices/a/value")
            #expect(view.text(of: "/sys/class/\(name)/value") == "1")
        }
    }

    @Test func `nothing outside the root is reached`() throws {
        let tree = try TemporaryTree()
        try tree.write("etc/inside", "yes\n")
        try tree.link("out", to: "../../../../../../../../etc/passwd")
        try tree.link("absolute", to: "/etc/passwd")
        try tree.write("kept", "/etc")
        let view = SysfsTree(root: tree.path)
        #expect(view.place("/out") == nil)
        #expect(view.place("/absolute") == nil)
        #expect(view.place("/../../etc/passwd") == nil)
        #expect(view.place("/kept/inside")?.path == "/etc/inside")
        #expect(view.place("/kept/passwd") == nil)
    }

    @Test func `circles and endless ways end`() throws {
        let tree = try TemporaryTree()
        try tree.link("a", to: "b")
        try tree.link("b", to: "a")
        try tree.write("kept", "kept")
        try tree.link("grow", to: "grow/grow")
        let view = SysfsTree(root: tree.path)
        #expect(view.place("/a/x") == nil)
        #expect(view.place("/kept/x") == nil)
        #expect(view.place("/grow/x") == nil)
        #expect(view.place(String(repeating: "/.", count: 600)) == nil)
    }

    @Test func `a pipe in place of a sensor blocks nobody`() throws {
        let tree = try TemporaryTree(copyOf: "orin-nano")
        let path = "sys/devices/virtual/thermal/thermal_zone0/temp"
        try tree.remove(path)
        #expect(mkfifo(tree.root.appending(path: path).path(), 0o600) == 0)
        let sample = try reader(tree.path).sample(at: .origin)
        #expect(sample.unavailable.contains(Unavailable("cpu-thermal", .notFile)))
        let input = "sys/devices/platform/bus@0/c240000.i2c/i2c-1/1-0040/hwmon/hwmon1/in1_input"
        try tree.remove(input)
        #expect(mkfifo(tree.root.appending(path: input).path(), 0o600) == 0)
        #expect(try reader(tree.path).sample(at: .origin).unavailable.contains(Unavailable("VDD_IN", .notFile)))
    }

    @Test(arguments: ["curr1_input", "in1_input"])
    func `a folder in place of a sensor is told as one, and not as nothing`(file: String) throws {
        let tree = try TemporaryTree(copyOf: "orin-nano")
        let input = "sys/devices/platform/bus@0/c240000.i2c/i2c-1/1-0040/hwmon/hwmon1/" + file
        try tree.remove(input)
        try FileManager.default.createDirectory(
            at: tree.root.appending(path: input), withIntermediateDirectories: false)
        #expect(try reader(tree.path).sample(at: .origin).unavailable.contains(Unavailable("VDD_IN", .notFile)))
        // One that came while the file was held open, too.
        let other = try TemporaryTree(copyOf: "orin-nano")
        let held = try reader(other.path)
        #expect(held.sample(at: .origin).total != nil)
        try other.remove(input)
        try FileManager.default.createDirectory(
            at: other.root.appending(path: input), withIntermediateDirectories: false)
        let sample = held.sample(at: BootTime(milliseconds: 60_000))
        #expect(sample.unavailable.contains(Unavailable("VDD_IN", .notFile)))
    }

    @Test func `a root that is no folder is told apart from an empty one`() throws {
        let tree = try TemporaryTree()
        try tree.write("file", "")
        #expect(SysfsTree(root: tree.path).isThere)
        #expect(!SysfsTree(root: tree.path + "/file").isThere)
        #expect(!SysfsTree(root: tree.path + "/absent").isThere)
        #expect(SysfsTree(root: "/").isThere)
    }

    @Test func `names sort by their numbers`() throws {
        let tree = try TemporaryTree()
        for name in ["z10", "z9", "z1", "a", "z", "z010"] { try tree.write("d/" + name, "") }
        #expect(SysfsTree(root: tree.path).names(in: "/d") == ["a", "z", "z1", "z9", "z010", "z10"])
    }

    @Test func `this machine's own files can be read`() throws {
        let reader = try reader("/")
        let sample = reader.sample(at: .origin)
        #expect((sample.memory.total?.bytes ?? 0) > 0)
    }
}
