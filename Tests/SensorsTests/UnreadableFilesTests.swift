import Foundation
import Quantities
import Telemetry
import Testing

@testable import Sensors

@Suite struct `files that are there and cannot be read` {
    private static let monitor = "sys/devices/platform/bus@0/c240000.i2c/i2c-1/1-0040/hwmon/hwmon1/"

    /// A sample of the Orin Nano, whose reads of `paths` fail.
    private func sample(_ paths: [String], _ errno: String = "EACCES", of board: String = "orin-nano") throws
        -> TelemetrySample
    {
        let tree = try TemporaryTree(copyOf: board)
        try tree.write("_errno.tsv", paths.map { $0 + "\t" + errno + "\troot only\n" }.joined())
        return try reader(tree.path).sample(at: .origin)
    }

    private let zones = ["cv0-thermal", "cv1-thermal", "cv2-thermal"].map { Unavailable($0, .empty) }

    @Test(arguments: [
        ("name", ["hwmon1/name"]), ("in1_label", ["hwmon1/in1_label"]), ("in1_input", ["VDD_IN"]),
        ("curr1_input", ["VDD_IN"]),
    ])
    func `of a power monitor are listed, and the total says why`(file: String, names: [String]) throws {
        let sample = try sample([Self.monitor + file])
        #expect(sample.total == nil)
        #expect(sample.unavailable == (names + ["total"]).map { Unavailable($0, .permission) } + zones)
    }

    @Test(arguments: ["sys/class/hwmon/hwmon1/in1_label", "/" + monitor + "in1_label"])
    func `may be named by a path with links, or from the root`(path: String) throws {
        #expect(try sample([path]).unavailable.first == Unavailable("hwmon1/in1_label", .permission))
    }

    @Test func `may be all of a folder's, or of the class's`() throws {
        let folder = try sample([String(Self.monitor.dropLast())])
        #expect(folder.rails == [])
        let closed = ["hwmon/hwmon1", "total"].map { Unavailable($0, .permission) }
        #expect(folder.unavailable == closed + zones)
        let names = try sample(["sys/class/hwmon"])
        #expect(names.unavailable.first == Unavailable("class/hwmon", .permission))
        // The driver's own folder shows the monitor all the same.
        #expect(names.totalPower == Power(microwatts: 4_784_640))
        let both = try sample(["sys/class/hwmon", "sys/bus/i2c/drivers/ina3221"])
        let unread = ["class/hwmon", "drivers/ina3221", "total"].map { Unavailable($0, .permission) }
        #expect(Array(both.unavailable.prefix(3)) == unread)
        let thermal = try sample(["sys/class/thermal"]).unavailable
        #expect(thermal.contains(Unavailable("class/thermal", .permission)))
        #expect(thermal.contains(Unavailable("zones", .permission)))
    }

    @Test(arguments: ["-300000", "-60001", "200001"])
    func `a temperature that no sensor can show is none, and hides no other`(shown: String) throws {
        let tree = try TemporaryTree(copyOf: "orin-nano")
        let before = try reader(tree.path).sample(at: .origin)
        let hottest = try #require(before.hottest)
        let folder = try #require(
            (0..<9).map { "sys/devices/virtual/thermal/thermal_zone\($0)" }.first { folder in
                (try? String(contentsOfFile: tree.path + "/" + folder + "/type", encoding: .utf8))?
                    .trimmingCharacters(in: .whitespacesAndNewlines) == hottest.name
            })
        try tree.write(folder + "/temp", shown + "\n")
        let sample = try reader(tree.path).sample(at: .origin)
        #expect(sample.unavailable.contains(Unavailable(hottest.name, .malformed)))
        #expect(!sample.zones.contains { $0.name == hottest.name })
        #expect(sample.hottest != nil && sample.hottest?.name != hottest.name)
    }

    @Test func `need not be in the tree`() throws {
        let tree = try TemporaryTree(copyOf: "orin-nano")
        try tree.remove(Self.monitor + "in1_input")
        try tree.write("_errno.tsv", Self.monitor + "in1_input\tENODATA\r\n")
        #expect(try reader(tree.path).sample(at: .origin).unavailable.first == Unavailable("VDD_IN", .noValue))
    }

    @Test(arguments: [
        ("EACCES", UnavailableReason.permission), ("EPERM", .permission), ("EAGAIN", .tryAgain), ("ENODATA", .noValue),
        ("ETIMEDOUT", .timeout), ("EIO", .inputOutput), ("EREMOTEIO", .inputOutput), ("ENODEV", .absent),
        ("disabled", .disabled),
    ])
    func `fail as the recorded error says`(errno: String, reason: UnavailableReason) throws {
        let sample = try sample([Self.monitor + "in2_input"], errno)
        #expect(sample.unavailable.first == Unavailable("VDD_CPU_GPU_CV", reason))
    }

    @Test func `of a total of several rails leave a lower bound, and the missing one has the cause`() throws {
        let sample = try sample(
            ["sys/devices/platform/bus@0/c240000.i2c/i2c-1/1-0040/hwmon/hwmon3/in3_label"], of: "agx-orin")
        #expect(sample.total?.isComplete == false)
        #expect(
            Array(sample.unavailable.prefix(2))
                == ["hwmon3/in3_label", "VIN_SYS_5V0"].map { Unavailable($0, .permission) })
    }

    @Test func `of the older driver are listed like those of hwmon`() throws {
        let unread = try sample(
            ["sys/bus/i2c/drivers/ina3221x/6-0040/iio:device0/rail_name_0"], of: "nano"
        ).unavailable
        #expect(unread.contains(Unavailable("iio:device0/rail_name_0", .permission)))
        #expect(unread.contains(Unavailable("total", .permission)))
    }

    @Test func `of a switch cost nothing but the entry`() throws {
        let sample = try sample([Self.monitor + "in1_enable"])
        #expect(sample.totalPower == Power(microwatts: 4_784_640))
        #expect(sample.unavailable.first == Unavailable("VDD_IN.enable", .permission))
    }

    @Test func `of a zone's type are listed, and the zone is called by its folder`() throws {
        let sample = try sample(["sys/class/thermal/thermal_zone0/type"])
        #expect(sample.zones.first?.name == "thermal_zone0")
        #expect(sample.unavailable.first == Unavailable("thermal_zone0/type", .permission))
    }

    @Test func `of a cooling device's type are listed`() throws {
        let unread = try sample(["sys/class/thermal/cooling_device0/type"]).unavailable
        #expect(unread.last == Unavailable("cooling_device0/type", .permission))
    }

    @Test func `of the GPU and of the power modes are listed`() throws {
        let gpu = try sample(["sys/class/devfreq/17000000.gpu", "sys/devices/platform/bus@0/17000000.gpu/load"])
        #expect(gpu.gpu == GPUReading(loadPermille: nil, frequencyKilohertz: nil, maximumKilohertz: nil))
        for name in ["gpu.load_permille", "gpu.frequency_khz", "gpu.max_khz"] {
            #expect(gpu.unavailable.contains(Unavailable(name, .permission)))
        }
        let mode = try sample(["etc/nvpmodel.conf"])
        #expect(mode.powerMode == PowerMode(identifier: 1))
        #expect(mode.unavailable.first == Unavailable("power_mode.name", .permission))
    }

    @Test(arguments: [
        ("in1_input", "9223372036854775807\n"), ("in1_input", "-100000001\n"), ("curr1_input", "100000001\n"),
        ("in1_input", "4984\0x"), ("in1_label", "VDD\u{1}IN\n"),
    ])
    func `or hold what no rail can have are malformed`(file: String, content: String) throws {
        let tree = try TemporaryTree(copyOf: "orin-nano")
        try tree.write(Self.monitor + file, content)
        let sample = try reader(tree.path).sample(at: .origin)
        #expect(sample.total == nil)
        #expect(sample.unavailable.contains(Unavailable("total", .malformed)))
    }

    @Test func `or hold a power that no rail can have are malformed`() throws {
        let tree = try TemporaryTree(copyOf: "agx-thor")
        let input = "sys/devices/platform/bus@0/c600000.i2c/i2c-2/2-0044/hwmon/hwmon6/"
        try tree.remove(input + "curr1_input")
        try tree.write(input + "power1_input", "10000000000000001\n")
        #expect(try reader(tree.path).sample(at: .origin).unavailable.contains(Unavailable("VIN", .malformed)))
    }

    @Test func `line ends of another system and zero bytes around a value do no harm`() throws {
        let tree = try TemporaryTree(copyOf: "orin-nano")
        let before = try reader(tree.path).sample(at: .origin)
        try tree.write(Self.monitor + "in1_input", "4984\r\n\0\0")
        try tree.write(Self.monitor + "in1_label", "VDD_IN\r\n\0")
        #expect(try reader(tree.path).sample(at: .origin) == before)
    }

    @Test func `are found by a later search`() throws {
        let tree = try TemporaryTree(copyOf: "orin-nano")
        try tree.write(Self.monitor + "in3_label", "")
        let reader = try reader(tree.path)
        #expect(reader.sample(at: .origin).unavailable.first == Unavailable("hwmon1/in3_label", .empty))
        try tree.write(Self.monitor + "in3_label", "VDD_SOC\n")
        #expect(reader.sample(at: BootTime(milliseconds: 30_000)).rails.count == 3)
    }
}

@Suite struct `over-current counters` {
    @Test func `are found by their chip's name, and shown as they count`() throws {
        let tree = try TemporaryTree(copyOf: "orin-nano")
        let chip = "sys/class/hwmon/hwmon9/"
        try tree.write(chip + "name", "soctherm_oc\n")
        try tree.write(chip + "oc1_event_cnt", "0\n")
        try tree.write(chip + "oc3_event_cnt", "27390\n")
        let reader = try reader(tree.path)
        let counts = { (sample: TelemetrySample) in
            sample.throttle.filter { $0.cause.hasPrefix("over-current:") && $0.cause != "over-current:2" }
        }
        let before = counts(reader.sample(at: .origin))
        #expect(before.contains(ThrottleReading(cause: "over-current:3", state: 27_390, maximum: nil)))
        try tree.write(chip + "oc3_event_cnt", "27391\n")
        let after = counts(reader.sample(at: BootTime(milliseconds: 1000)))
        #expect(after.contains(ThrottleReading(cause: "over-current:3", state: 27_391, maximum: nil)))
        try tree.write(chip + "oc3_event_cnt", "-1\n")
        #expect(
            reader.sample(at: BootTime(milliseconds: 2000)).unavailable
                .contains(Unavailable("over-current:3", .malformed)))
    }
}
