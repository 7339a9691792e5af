import Foundation
import Quantities
import Telemetry
import Testing

@testable import Sensors

private let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures/telemetry/sysfs")

/// A declared source of this name and path.
private func source(_ name: String, _ path: String, parent: String? = nil) throws -> SourceDeclaration {
    let kind = try #require(name.split(separator: ":").first.flatMap { SourceKind(name: String($0)) })
    return SourceDeclaration(name: name, kind: kind, evidence: .metered, origin: .path(path), parent: parent)
}

/// A sample of the board under `root` with the declared sources in it.
private func look(_ root: String, _ declared: [SourceDeclaration]) throws -> TelemetrySample {
    let reader = try reader(root)
    let sources = DeclaredSources(declared, tree: SysfsTree(root: root))
    var sample = reader.sample(at: .origin)
    sources.board = reader.meters
    sources.add(to: &sample)
    return sample
}

extension TelemetrySample {
    /// The names of the sources that were read.
    fileprivate var read: [String] {
        sources.filter { $0.power != nil || $0.counter != nil }.map { $0.name }
    }

    /// Why the source `name` was not read.
    fileprivate func refusal(of name: String) -> Unavailable? { unavailable.first { $0.what == name } }
}

@Suite struct `one meter is one source` {
    private static let battery = "/sys/class/power_supply/BAT0"
    private static let laptop = fixtures.appending(path: "laptop-battery").path()

    @Test func `a declared battery takes the place of the one that was found`() throws {
        let found = try look(Self.laptop, [])
        let own = try #require(found.sources.first { $0.name.hasPrefix("battery:BAT0") })
        for path in [Self.battery, Self.battery + "/power_now", "/sys//class/power_supply/./BAT0/"] {
            let sample = try look(Self.laptop, [source("battery:mine", path)])
            #expect(sample.rails == found.rails)
            #expect(!sample.sources.contains { $0.name == own.name })
            #expect(sample.sources.count == found.sources.count)
            #expect(sample.sources.last?.name == "battery:mine")
            #expect(sample.sources.last?.power == own.power)
            #expect(sample.sources.last?.traits.parent == "board")
        }
    }

    @Test func `of declared sources that lead to one battery, the first has it`() throws {
        let sample = try look(
            Self.laptop,
            [
                source("battery:a", Self.battery + "/power_now"), source("battery:b", Self.battery),
                source("battery:c", "/sys/class/power_supply//BAT0/"), source("solar:d", Self.battery),
            ])
        #expect(sample.read.filter { $0.hasPrefix("battery:") } == ["battery:BAT1", "battery:a"])
        for name in ["battery:b", "battery:c", "solar:d"] {
            #expect(sample.refusal(of: name) == Unavailable(name, .counted, by: "battery:a"))
        }
    }

    @Test func `a battery that was found is no source of another kind`() throws {
        let own = try #require(try look(Self.laptop, []).sources.first { $0.name.hasPrefix("battery:BAT0") })
        let sample = try look(Self.laptop, [source("solar:panel", Self.battery)])
        #expect(sample.refusal(of: "solar:panel") == Unavailable("solar:panel", .counted, by: own.name))
        #expect(sample.sources.contains(own))
    }

    @Test(arguments: [
        ("orin-nano", "/sys/class/hwmon/hwmon1"), ("orin-nano", "/sys/bus/i2c/drivers/ina3221/1-0040"),
        ("nano", "/sys/bus/i2c/drivers/ina3221x/6-0040"),
        ("nano", "/sys/bus/i2c/drivers/ina3221x/6-0040/iio:device0/in_power1_input"),
        ("agx-thor", "/sys/class/hwmon/hwmon6"), ("agx-thor", "/sys/class/hwmon/hwmon6/power1_input"),
        ("pc-rapl-nvme-coretemp", "/sys/class/powercap/intel-rapl:0"),
        ("pc-rapl-nvme-coretemp", "/sys/class/powercap/intel-rapl:0:0/energy_uj"),
    ])
    func `what the board is read from is no source beside it, only a part of it`(board: String, path: String) throws {
        let root = fixtures.appending(path: board).path()
        let sample = try look(root, [source("solar:own", path), source("compute:part", path, parent: "board")])
        #expect(sample.refusal(of: "solar:own") == Unavailable("solar:own", .board))
        #expect(!sample.read.contains("solar:own"))
        #expect(sample.refusal(of: "compute:part")?.reason != .board)
    }

    @Test func `a meter of the operator's own counts once, by whatever path`() throws {
        let tree = try TemporaryTree(copyOf: "orin-nano")
        let device = "sys/devices/platform/bus@0/c250000.i2c/i2c-7/7-0041"
        try tree.write(device + "/hwmon/hwmon8/name", "ina226\n")
        try tree.write(device + "/hwmon/hwmon8/power1_input", "7000000\n")
        try tree.write(device + "/hwmon/hwmon8/in1_input", "14000\n")
        try tree.write(device + "/hwmon/hwmon8/curr1_input", "500\n")
        try tree.write(device + "/hwmon/hwmon8/power2_input", "2000000\n")
        try tree.link(
            "sys/class/hwmon/hwmon8", to: "../../devices/platform/bus@0/c250000.i2c/i2c-7/7-0041/hwmon/hwmon8")
        try tree.link("sys/bus/i2c/devices/7-0041", to: "../../../devices/platform/bus@0/c250000.i2c/i2c-7/7-0041")
        let declared = [
            try source("solar:a", "/sys/class/hwmon/hwmon8/power1_input"),
            try source("solar:b", "/sys/bus/i2c/devices/7-0041"), try source("solar:c", "/" + device + "/hwmon/hwmon8"),
            try source("solar:d", "/sys/class/hwmon/hwmon8/power2_input"),
        ]
        let sample = try look(tree.path, declared)
        #expect(sample.read.dropFirst() == ["solar:a", "solar:d"])
        for name in ["solar:b", "solar:c"] {
            #expect(sample.refusal(of: name) == Unavailable(name, .counted, by: "solar:a"))
        }
        let alone = try look(tree.path, [declared[1]])
        #expect(alone.sources.last?.power == Power(milliwatts: 7000))
    }

    @Test func `what moves to another number is judged anew`() throws {
        let tree = try TemporaryTree(copyOf: "orin-nano")
        try tree.write("sys/devices/x/hwmon/hwmon8/power1_input", "7000000\n")
        try tree.write("sys/class/hwmon/hwmon9/power1_input", "5000000\n")
        let clock = MeterClock()
        let sources = DeclaredSources(
            [try source("solar:a", "/sys/devices/x"), try source("solar:b", "/sys/class/hwmon/hwmon9")],
            tree: SysfsTree(root: tree.path), clock: clock.now)
        func look(at milliseconds: Int64) -> TelemetrySample {
            clock.boot = BootTime(milliseconds: milliseconds)
            return sample(sources, at: milliseconds)
        }
        #expect(look(at: 0).read == ["solar:a", "solar:b"])
        try tree.remove("sys/devices/x/hwmon/hwmon8")
        try tree.remove("sys/class/hwmon/hwmon9")
        #expect(look(at: 1000).read == [])
        try tree.write("sys/devices/x/hwmon/hwmon9/power1_input", "7000000\n")
        try tree.link("sys/class/hwmon/hwmon9", to: "../../devices/x/hwmon/hwmon9")
        let later = look(at: 32_000)
        #expect(later.read == ["solar:a"])
        #expect(later.refusal(of: "solar:b") == Unavailable("solar:b", .counted, by: "solar:a"))
    }

    @Test func `what the board finds later is its own from then on`() throws {
        let tree = try TemporaryTree(copyOf: "agx-thor")
        let whole = try tree.takeInputMonitor()
        let reader = try reader(tree.path)
        let clock = MeterClock()
        let sources = DeclaredSources(
            [try source("solar:own", "/sys/bus/i2c/devices/input")], tree: SysfsTree(root: tree.path), clock: clock.now)
        try tree.link("sys/bus/i2c/devices/input", to: "../../../devices/platform/bus@0/c600000.i2c/i2c-2/2-0044")
        func look(at milliseconds: Int64) -> TelemetrySample {
            clock.boot = BootTime(milliseconds: milliseconds)
            var sample = reader.sample(at: clock.boot)
            sources.board = reader.meters
            sources.add(to: &sample)
            return sample
        }
        #expect(look(at: 0).read.contains("solar:own"))
        try whole()
        let later = look(at: 30_000)
        #expect(later.total?.rule == "VIN")
        #expect(later.refusal(of: "solar:own") == Unavailable("solar:own", .board))
    }

    @Test func `what was negotiated, and what feeds a mouse, is no meter`() throws {
        let supply = "sys/devices/platform/bus@0/c240000.i2c/i2c-1/1-0008/power_supply/ucsi-source-psy-1-00081/"
        let tree = try TemporaryTree(copyOf: "agx-orin")
        try tree.write(supply + "voltage_now", "20000000\n")
        try tree.write(supply + "current_now", "3000000\n")
        try tree.write(supply + "hwmon11/name", "ucsi_source_psy_1_00081\n")
        try tree.write(supply + "hwmon11/in1_input", "20000\n")
        try tree.write(supply + "hwmon11/curr1_input", "3000\n")
        try tree.link("sys/class/hwmon/hwmon11", to: "/" + supply + "hwmon11")
        let paths = ["/sys/class/power_supply/ucsi-source-psy-1-00081", "/" + supply, "/sys/class/hwmon/hwmon11"]
        for path in paths {
            let sample = try look(tree.path, [source("grid:usb", path)])
            #expect(sample.refusal(of: "grid:usb") == Unavailable("grid:usb", .negotiated))
            #expect(SysfsTree(root: tree.path).fault(ofMeterAt: path) == .negotiated)
        }
        let mouse = try TemporaryTree(copyOf: "laptop-battery")
        let device = "/sys/class/power_supply/hidpp_battery_0"
        try mouse.write("sys/devices/hid/power_supply/hidpp_battery_0/power_now", "100000\n")
        for path in [device, device + "/power_now"] {
            let sample = try look(mouse.path, [source("battery:mouse", path)])
            #expect(sample.refusal(of: "battery:mouse") == Unavailable("battery:mouse", .device))
        }
    }
}

extension TemporaryTree {
    /// Takes the input monitor of a Thor away from where the board looks; what puts it back.
    fileprivate func takeInputMonitor() throws -> () throws -> Void {
        let places = ["sys/class/hwmon/hwmon6", "sys/bus/i2c/drivers/ina238/2-0044"]
        let contents = try places.map { try String(contentsOf: root.appending(path: $0), encoding: .utf8) }
        for place in places { try remove(place) }
        return { for (place, content) in zip(places, contents) { try self.write(place, content) } }
    }

    /// Puts copies in place of all links to power monitors, and takes the devices away, as `cp -rL` of the folders of
    /// classes and drivers leaves it.
    fileprivate func copyMonitors() throws {
        let view = SysfsTree(root: path)
        var copies: [(from: String, to: String)] = []
        for folder in ["/sys/class/hwmon", "/sys/bus/iio/devices"]
            + view.names(in: "/sys/bus/i2c/drivers").map({ "/sys/bus/i2c/drivers/" + $0 })
        {
            for name in view.names(in: folder) {
                if let place = view.folder(folder + "/" + name) { copies.append((place.path, folder + "/" + name)) }
            }
        }
        let away = root.appending(path: "away")
        for (index, copy) in copies.enumerated() {
            let target = away.appending(path: "\(index)")
            try FileManager.default.createDirectory(at: away, withIntermediateDirectories: true)
            try FileManager.default.copyItem(at: root.appending(path: String(copy.from.dropFirst())), to: target)
        }
        for (index, copy) in copies.enumerated() {
            let place = root.appending(path: String(copy.to.dropFirst()))
            try FileManager.default.removeItem(at: place)
            try FileManager.default.moveItem(at: away.appending(path: "\(index)"), to: place)
        }
        try remove("sys/devices")
    }
}

@Suite struct `monitors that a recording holds twice` {
    @Test(arguments: ["orin-nano", "agx-orin", "agx-thor", "xavier-nx", "nano"])
    func `are read once, in their order`(board: String) throws {
        let tree = try TemporaryTree(copyOf: board)
        let before = try reader(tree.path).sample(at: .origin)
        if board == "nano" {
            try tree.link(
                "sys/bus/iio/devices/iio:device0",
                to: "/sys/devices/50000000.host1x/546c0000.i2c/i2c-6/6-0040/iio:device0")
        }
        try tree.copyMonitors()
        let sample = try reader(tree.path).sample(at: .origin)
        #expect(sample.rails == before.rails)
        #expect(sample.total == before.total)
    }

    @Test func `a monitor of the older driver is known by that where its name is missing`() throws {
        let tree = try TemporaryTree(copyOf: "nano")
        let before = try reader(tree.path).sample(at: .origin)
        try tree.remove("sys/devices/50000000.host1x/546c0000.i2c/i2c-6/6-0040/iio:device0/name")
        #expect(try reader(tree.path).sample(at: .origin) == before)
        try tree.copyMonitors()
        #expect(try reader(tree.path).sample(at: .origin).rails == before.rails)
    }
}

@Suite struct `a better total that comes late` {
    private func rule(_ reader: BoardReader, at milliseconds: Int64) -> String? {
        reader.sample(at: BootTime(milliseconds: milliseconds)).total?.rule
    }

    @Test func `is found by the next search`() throws {
        let tree = try TemporaryTree(copyOf: "agx-thor")
        let putBack = try tree.takeInputMonitor()
        let reader = try reader(tree.path)
        let parts = "VDD_GPU+VDD_CPU_SOC_MSS+VIN_SYS_5V0"
        #expect(rule(reader, at: 0) == parts)
        try putBack()
        #expect(rule(reader, at: 29_999) == parts)
        #expect(rule(reader, at: 30_000) == "VIN")
    }

    @Test func `is never given up`() throws {
        let tree = try TemporaryTree(copyOf: "agx-thor")
        let putBack = try tree.takeInputMonitor()
        let reader = try reader(tree.path)
        let parts = "VDD_GPU+VDD_CPU_SOC_MSS+VIN_SYS_5V0"
        for hour in Int64(0)...100 { #expect(rule(reader, at: hour * 3_600_000) == parts) }
        try putBack()
        #expect(rule(reader, at: 101 * 3_600_000) == "VIN")
    }
}
