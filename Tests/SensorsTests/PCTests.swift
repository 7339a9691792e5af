import Quantities
import Telemetry
import Testing

@testable import Sensors

private let powercap = "sys/devices/virtual/powercap/intel-rapl/"

/// The captured PC with both packages readable.
private func pc() throws -> TemporaryTree {
    let tree = try TemporaryTree(copyOf: "pc-rapl-nvme-coretemp")
    try tree.remove("_errno.tsv")
    try tree.write(powercap + "intel-rapl:0/energy_uj", "262143100000\n")
    return tree
}

@Suite struct `processors with energy counters` {
    @Test func `show power from the second look on, over the captured wrap`() throws {
        let tree = try pc()
        let reader = try reader(tree.path)
        let first = reader.sample(at: BootTime(milliseconds: 1000))
        #expect(first.rails.map { $0.name } == ["package-0", "package-0/core", "package-10"])
        #expect(first.rails.allSatisfy { $0.power == nil && $0.counter != nil })
        #expect(
            first.total
                == TotalPower(
                    power: nil, counter: EnergyRegister(microjoules: 262_143_100_000 + 240_422_366_267),
                    isComplete: true,
                    rails: ["package-0", "package-10"], scope: .cpuPackage))
        #expect(reader.tellsMoreLater(than: first))
        try tree.write(powercap + "intel-rapl:0/energy_uj", "4771150\n")
        try tree.write(powercap + "intel-rapl:a/energy_uj", "240424366267\n")
        let second = reader.sample(at: BootTime(milliseconds: 1100))
        #expect(second.power(ofRail: "package-0") == Power(milliwatts: 50_000))
        #expect(second.power(ofRail: "package-0/core") == .zero)
        // What is inside a package is in it already.
        #expect(second.totalPower == Power(milliwatts: 70_000))
        let board = try #require(second.sources.first)
        #expect(board.power == Power(milliwatts: 70_000))
        #expect(board.counter == EnergyRegister(microjoules: 262_148_100_000 + 240_424_366_267))
        #expect(board.traits.rated == Power(milliwatts: 190_000))
        #expect(board.traits.method == "rapl:package-0+package-10")
        // The limit that is set now counts, as soon as it is set.
        try tree.write(powercap + "intel-rapl:0/constraint_0_power_limit_uw", "30000000\n")
        let limited = try #require(reader.sample(at: BootTime(milliseconds: 2100)).sources.first)
        #expect(limited.traits.rated == Power(milliwatts: 125_000))
    }

    @Test func `keep their counters over a new search for devices`() throws {
        let tree = try pc()
        let reader = try reader(tree.path)
        _ = reader.sample(at: .origin)
        try tree.remove("sys/class/thermal/thermal_zone1")
        try tree.write("sys/class/thermal/thermal_zone1/type", "")
        try tree.write(powercap + "intel-rapl:0/energy_uj", "4771150\n")
        _ = reader.sample(at: BootTime(milliseconds: 1000))
        let later = reader.sample(at: BootTime(milliseconds: 40_000))
        #expect(later.rails.first?.counter == EnergyRegister(microjoules: 262_148_100_000))
    }

    @Test func `that root keeps for itself are named`() throws {
        let tree = try pc()
        try tree.write(
            "_errno.tsv", ["0", "0:0", "a"].map { "sys/class/powercap/intel-rapl:\($0)/energy_uj\tEACCES\n" }.joined())
        let sample = try reader(tree.path).sample(at: .origin)
        #expect(sample.total == nil)
        #expect(sample.sources == [])
        for what in ["package-0", "package-0/core", "package-10", "total"] {
            #expect(sample.unavailable.contains(Unavailable(what, .permission)))
        }
    }

    @Test func `with a counter of the whole platform take that for the total`() throws {
        let tree = try pc()
        try tree.write(powercap + "intel-rapl:1/name", "psys\n")
        try tree.write(powercap + "intel-rapl:1/energy_uj", "77\n")
        try tree.write("sys/class/powercap/intel-rapl:1", "../../devices/virtual/powercap/intel-rapl/intel-rapl:1")
        let total = try #require(try reader(tree.path).sample(at: .origin).total)
        #expect(total.rule == "psys")
        #expect(total.scope == .board)
        try tree.write("_errno.tsv", "sys/class/powercap/intel-rapl:1/energy_uj\tEACCES\n")
        #expect(try reader(tree.path).sample(at: .origin).total?.rule == "package-0+package-10")
    }

    @Test func `seen twice under two names are counted once`() throws {
        let tree = try pc()
        try tree.write("sys/class/powercap/intel-rapl-mmio:0/name", "package-0\n")
        try tree.write("sys/class/powercap/intel-rapl-mmio:0/energy_uj", "5\n")
        #expect(try reader(tree.path).sample(at: .origin).rails.count == 3)
    }

    @Test(arguments: ["-5\n", "x\n", "99999999999999999999\n", "9223372036854775807\n"])
    func `that show what no counter shows are malformed`(content: String) throws {
        let tree = try pc()
        try tree.write(powercap + "intel-rapl:a/energy_uj", content)
        let sample = try reader(tree.path).sample(at: .origin)
        #expect(sample.unavailable.contains(Unavailable("package-10", .malformed)))
        #expect(sample.total?.isComplete == false)
    }
}

@Suite struct `batteries` {
    private let first =
        "sys/devices/LNXSYSTM:00/LNXSYBUS:00/PNP0A08:00/device:00/PNP0C09:00/PNP0C0A:00/power_supply/BAT0/"
    private let second = "sys/devices/LNXSYSTM:00/PNP0C0A:01/power_supply/BAT1/"
    private let adapter =
        "sys/devices/LNXSYSTM:00/LNXSYBUS:00/PNP0A08:00/device:00/PNP0C09:00/ACPI0003:00/power_supply/AC/online"

    @Test func `are sources of what they give, and of less than nothing while they charge`() throws {
        let tree = try TemporaryTree(copyOf: "laptop-battery")
        try tree.write(first + "status", "Charging\n")
        let sample = try reader(tree.path).sample(at: .origin)
        #expect(sample.sources.map { $0.name } == ["battery:BAT0-38109", "battery:BAT1"])
        #expect(sample.sources.map { $0.power } == [Power(microwatts: -4_830_000), Power(microwatts: 14_250_000)])
        #expect(sample.sources.allSatisfy { $0.traits.direction == .netOutput && $0.kind == .battery })
        #expect(sample.total == nil)
        #expect(sample.unavailable.contains(Unavailable("total", .notSupported)))
    }

    @Test func `are not the total while a supply from outside is connected`() throws {
        let tree = try TemporaryTree(copyOf: "laptop-battery")
        #expect(try reader(tree.path).sample(at: .origin).total?.scope == .battery)
        try tree.write(adapter, "1\n")
        let sample = try reader(tree.path).sample(at: .origin)
        #expect(sample.total == nil)
        #expect(sample.rails.count == 2)
    }

    @Test(arguments: [("0", true), ("1", false), ("2", false), ("", false)])
    func `are not the total while USB-C feeds the machine`(online: String, isTotal: Bool) throws {
        let tree = try TemporaryTree(copyOf: "laptop-battery")
        let port = "sys/class/power_supply/ucsi-source-psy-USBC000:001/"
        try tree.write(port + "type", "USB\n")
        try tree.write(port + "online", online + "\n")
        try tree.write(port + "current_now", "3000000\n")
        try tree.write(port + "voltage_now", "5000000\n")
        let sample = try reader(tree.path).sample(at: .origin)
        #expect((sample.total?.scope == .battery) == isTotal)
        #expect(sample.rails.map { $0.name } == ["BAT0", "BAT1"])
    }

    @Test func `are parts of the board whose total they are, and beside one that is counted`() throws {
        let tree = try TemporaryTree(copyOf: "laptop-battery")
        let sample = try reader(tree.path).sample(at: .origin)
        #expect(sample.boardSource?.kind == .compute)
        #expect(sample.furtherSources.map { $0.traits.parent } == ["board", "board"])
        // A link that came and went with the charger would keep both from being charged from.
        try tree.write(adapter, "1\n")
        #expect(try reader(tree.path).sample(at: .origin).sources.map { $0.traits.parent } == ["board", "board"])
        try tree.write("sys/class/powercap/intel-rapl:0/name", "package-0\n")
        try tree.write("sys/class/powercap/intel-rapl:0/energy_uj", "1\n")
        let counted = try reader(tree.path).sample(at: .origin)
        #expect(counted.total?.scope == .cpuPackage)
        #expect(counted.furtherSources.map { $0.traits.parent } == [nil, nil])
    }

    @Test(arguments: [
        ("", "", "generic"), ("embedded", "", "generic"), ("laptop", "", "laptop"), ("convertible", "", "laptop"),
        ("", "10", "laptop"), ("", "3", "generic"),
    ])
    func `on a board with a device tree make no laptop of it, but its firmware does`(
        chassis: String, number: String, profile: String
    ) throws {
        let tree = try TemporaryTree()
        let root = "proc/device-tree/"
        try tree.write(root + "compatible", "raspberrypi,4-model-b\0brcm,bcm2711\0")
        if !chassis.isEmpty { try tree.write(root + "chassis-type", chassis + "\0") }
        if !number.isEmpty { try tree.write("sys/class/dmi/id/chassis_type", number + "\n") }
        let battery = "sys/class/power_supply/max170xx_battery/"
        try tree.write(battery + "type", "Battery\n")
        try tree.write(battery + "status", "Discharging\n")
        try tree.write(battery + "voltage_now", "3900000\n")
        let facts = SysfsTree(root: tree.path).facts()
        #expect(facts.hasBattery == (profile == "laptop"))
        // Firmware tables without a battery of its own are those of a PC.
        if number != "3" { #expect(try reader(tree.path).profile.name == profile) }
    }

    @Test func `are not the total where a counter was it`() throws {
        let tree = try TemporaryTree(copyOf: "laptop-battery")
        let energy = "sys/class/powercap/intel-rapl:0/energy_uj"
        try tree.write("sys/class/powercap/intel-rapl:0/name", "package-0\n")
        try tree.write(energy, "1\n")
        let reader = try reader(tree.path)
        #expect(reader.sample(at: .origin).total?.rule == "package-0")
        try tree.write(energy, "")
        let failing = reader.sample(at: BootTime(milliseconds: 1000))
        #expect(failing.total == nil)
        #expect(failing.unavailable.contains(Unavailable("total", .empty)))
    }

    @Test func `of mice, absent ones and what USB-C negotiated are none`() throws {
        let tree = try TemporaryTree(copyOf: "laptop-battery")
        try tree.write(second + "present", "0\n")
        try tree.write("sys/class/power_supply/ucsi-source-psy-USBC000:001/type", "Battery\n")
        try tree.write("sys/class/power_supply/ucsi-source-psy-USBC000:001/status", "Discharging\n")
        try tree.write("sys/class/power_supply/ucsi-source-psy-USBC000:001/power_now", "15000000\n")
        let reader = try reader(tree.path)
        #expect(reader.sample(at: .origin).rails.map { $0.name } == ["BAT0"])
        // One that is put in is found later.
        try tree.write(second + "present", "1\n")
        #expect(reader.sample(at: BootTime(milliseconds: 30_000)).rails.map { $0.name } == ["BAT0", "BAT1"])
    }

    @Test func `with names that no identity may have are called by what it may`() throws {
        let tree = try TemporaryTree(copyOf: "laptop-battery")
        try tree.write(first + "serial_number", " 12:3 ä\n")
        #expect(try reader(tree.path).sample(at: .origin).sources[1].name == "battery:BAT0-12_3___")
    }

    @Test(arguments: [
        ("status", "", UnavailableReason.empty), ("status", "\u{1}\n", .malformed), ("status", "Unknown\n", .noValue),
        ("power_now", "nonsense\n", .absent), ("power_now", "1000000001\n", .malformed),
    ])
    func `that cannot be read are listed`(file: String, content: String, reason: UnavailableReason) throws {
        let tree = try TemporaryTree(copyOf: "laptop-battery")
        try tree.write(first + file, content)
        let sample = try reader(tree.path).sample(at: .origin)
        #expect(sample.unavailable.contains(Unavailable("BAT0", reason)))
        #expect(sample.sources.first { $0.name.hasPrefix("battery:BAT0") }?.power == nil)
    }
}

@Suite struct `chips of PCs` {
    /// A chip of a PC whose files hold these numbers and words.
    private func chip(_ tree: TemporaryTree, _ number: Int, _ name: String, _ files: [String: String]) throws {
        let chip = "sys/class/hwmon/hwmon\(number)/"
        try tree.write(chip + "name", name + "\n")
        for (file, text) in files { try tree.write(chip + file, text + "\n") }
    }

    private func machine() throws -> TemporaryTree {
        let tree = try TemporaryTree()
        try tree.write("sys/class/dmi/id/product_name", "MS-7C37\n")
        return tree
    }

    @Test func `that count energy are rails with a counter, and show power from the second look on`() throws {
        let tree = try machine()
        try chip(tree, 0, "amd_energy", ["energy1_input": "12345678", "energy1_label": "Esocket0"])
        try chip(tree, 1, "i915", ["energy1_input": "777", "in0_input": "900"])
        let reader = try reader(tree.path)
        let first = reader.sample(at: .origin)
        #expect(
            first.rails == [
                RailReading(
                    name: "amd_energy:Esocket0", role: .cpu, counter: EnergyRegister(microjoules: 12_345_678),
                    power: nil, source: .hwmon),
                RailReading(
                    name: "i915:energy1", role: .gpu, counter: EnergyRegister(microjoules: 777), power: nil,
                    source: .hwmon),
            ])
        #expect(reader.tellsMoreLater(than: first))
        try tree.write("sys/class/hwmon/hwmon0/energy1_input", "47345678\n")
        try tree.write("sys/class/hwmon/hwmon1/energy1_input", "x\n")
        let second = reader.sample(at: BootTime(milliseconds: 1000))
        #expect(second.power(ofRail: "amd_energy:Esocket0") == Power(milliwatts: 35_000))
        #expect(second.unavailable.contains(Unavailable("i915:energy1", .malformed)))
    }

    @Test func `are hidden by a zone of the processor only where they are the processor's`() throws {
        let tree = try machine()
        try chip(tree, 0, "nvme", ["temp1_input": "50000", "temp1_label": "Composite"])
        try chip(tree, 1, "nvme", ["temp1_input": "51000", "temp1_label": "Composite"])
        try chip(tree, 2, "coretemp", ["temp1_input": "54000", "temp1_label": "Package id 0"])
        let alone = try reader(tree.path).sample(at: .origin)
        #expect(alone.zones.map { $0.name } == ["nvme:Composite", "nvme:Composite#2", "coretemp:Package id 0"])
        try tree.write("sys/class/thermal/thermal_zone0/type", "x86_pkg_temp\n")
        try tree.write("sys/class/thermal/thermal_zone0/temp", "55000\n")
        let sample = try reader(tree.path).sample(at: .origin)
        #expect(sample.zones.map { $0.name } == ["x86_pkg_temp", "nvme:Composite", "nvme:Composite#2"])
        #expect(sample.hottest?.name == "x86_pkg_temp")
        // What a board shows beside its zones is not looked for.
        let board = try TemporaryTree(copyOf: "agx-thor")
        #expect(try reader(board.path).sample(at: .origin).zones.allSatisfy { !$0.name.hasPrefix("nvme") })
    }

    @Test func `that nobody knows are shown and judge nothing`() throws {
        let tree = try machine()
        try chip(tree, 0, "nct6775", ["temp1_input": "127000", "temp1_label": "AUXTIN", "temp2_input": "41000"])
        try chip(tree, 1, "drivetemp", ["temp1_input": "38000"])
        try chip(tree, 2, "cpu_vrm", ["temp1_input": "99000"])
        try chip(tree, 3, "acpi_tz", ["temp1_input": "55000"])
        try tree.write("sys/class/thermal/thermal_zone0/type", "acpi-tz\n")
        try tree.write("sys/class/thermal/thermal_zone0/temp", "55000\n")
        let sample = try reader(tree.path).sample(at: .origin)
        #expect(
            sample.zones.map { $0.name } == ["acpi-tz", "nct6775:AUXTIN", "nct6775:temp2", "cpu_vrm:temp1"])
        #expect(sample.hottest?.name == "acpi-tz")
        // Known chips come first, whatever their place, and are what the board is judged by.
        try chip(tree, 4, "k10temp", ["temp1_input": "61000", "temp1_label": "Tctl"])
        let known = try reader(tree.path).sample(at: .origin)
        #expect(known.zones.dropFirst().first?.name == "k10temp:Tctl")
        #expect(known.hottest?.name == "k10temp:Tctl")
        #expect(known.zones.count == 5)
    }

    @Test func `of one name are told apart, each with its own power`() throws {
        let tree = try machine()
        try chip(tree, 4, "amdgpu", ["power1_average": "35000000", "power1_label": "PPT"])
        try chip(tree, 5, "amdgpu", ["power1_average": "36000000", "power1_label": "PPT"])
        let reader = try reader(tree.path)
        #expect(reader.sample(at: .origin).rails.map { $0.name } == ["amdgpu:PPT", "amdgpu:PPT#2"])
        try tree.write("sys/class/hwmon/hwmon4/power1_average", "")
        let sample = reader.sample(at: BootTime(milliseconds: 1000))
        #expect(sample.power(ofRail: "amdgpu:PPT") == nil)
        #expect(sample.power(ofRail: "amdgpu:PPT#2") == Power(milliwatts: 36_000))
    }
}
