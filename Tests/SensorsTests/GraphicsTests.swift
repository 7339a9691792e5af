import Configuration
import EnergyProofs
import Foundation
import Quantities
import Telemetry
import Testing

@testable import Sensors

private func time(_ seconds: Int64) -> BootTime { BootTime(milliseconds: seconds * 1000) }

private func reader(_ tree: TemporaryTree, _ profile: String, _ library: String) throws -> BoardReader {
    let profile = try #require(try HardwareProfileFile.builtIn().first { $0.name == profile })
    return BoardReader(tree: SysfsTree(root: tree.path), profile: profile, model: nil, graphicsLibrary: library)
}

/// The captured PC with both packages readable.
private func pc() throws -> TemporaryTree {
    let tree = try TemporaryTree(copyOf: "pc-rapl-nvme-coretemp")
    try tree.remove("_errno.tsv")
    try tree.write("sys/devices/virtual/powercap/intel-rapl/intel-rapl:0/energy_uj", "1000000\n")
    return tree
}

/// Samples at one moment until one is as it should be: the library answers on a thread of its own.
private func sample(
    _ reader: BoardReader, at now: BootTime, until isRight: (TelemetrySample) -> Bool = { _ in true },
    sourceLocation: SourceLocation = #_sourceLocation
) throws -> TelemetrySample {
    var sample = reader.sample(at: now)
    for _ in 0..<1000 where reader.graphics?.isStarting == true || !isRight(sample) { sample = reader.sample(at: now) }
    try #require(isRight(sample), sourceLocation: sourceLocation)
    return sample
}

extension TelemetrySample {
    fileprivate func has(_ what: String, _ reason: UnavailableReason) -> Bool {
        unavailable.contains(Unavailable(what, reason))
    }

    fileprivate var graphicsRail: RailReading? { rails.first { $0.source == .nvml } }
}

@Suite struct `graphics boards` {
    @Test func `of a workstation are in the total, with counter, limit, load, zone and reasons`() throws {
        let (tree, player) = (try pc(), try GraphicsPlayer(GraphicsPlayer.rtx4090))
        let reader = try reader(tree, "pc", player.library)
        let first = try sample(reader, at: time(1))
        var expected = RailReading(
            name: "gpu-0", role: .gpu, counter: EnergyRegister(microjoules: 123_456_789_000),
            power: Power(milliwatts: 45_000), source: .nvml)
        // It was read after the question.
        let asked = try #require(first.graphicsRail?.time)
        #expect(asked.earliest == time(1))
        expected.time = asked
        #expect(first.graphicsRail == expected)
        #expect(first.total?.rule == "package-0+package-10+gpu-0")
        #expect(first.total?.scope == .cpuPackageAndGPUBoard)
        #expect(first.total?.power == nil)
        #expect(
            first.gpu
                == {
                    var gpu = GPUReading(loadPermille: 350, frequencyKilohertz: 2_520_000, maximumKilohertz: 3_105_000)
                    gpu.memory = MemoryReading(
                        total: ByteCount(bytes: 25_757_220_864), available: ByteCount(bytes: 24_000_000_000))
                    return gpu
                }())
        #expect(first.zones.contains(ZoneReading(name: "gpu-0", temperature: Temperature(millidegrees: 41_000))))
        #expect(first.throttle.filter { $0.isActive }.map { $0.cause } == ["nvml:software-power-cap"])
        let second = try sample(reader, at: time(2))
        #expect(second.totalPower == Power(milliwatts: 45_000))
        #expect(second.sources.first?.counter == first.total?.counter)
        #expect(second.sources.first?.traits.rated == Power(milliwatts: 95_000 + 95_000 + 450_000))
        #expect(second.sources.first?.traits.method == "rapl+nvml:package-0+package-10+gpu-0")
    }

    @Test func `give causes by the names that proofs carry`() {
        let causes = ThrottleCause.graphics(reasons: 0xff)
        #expect(causes.allSatisfy { $0.isInForce && ThrottleReason(cause: $0.cause) != nil })
        #expect(Set(causes.map { $0.cause }).count == 5)
        #expect(!ThrottleCause.graphics(reasons: 0x1 | 0x2 | 0x10).contains { $0.isInForce })
    }

    @Test func `on a Thor fill in the load, and add no rail to those that are there`() throws {
        let tree = try TemporaryTree(copyOf: "agx-thor")
        let player = try GraphicsPlayer(try GraphicsPlayer.script(ofCapture: "thor_l4t-r38.4_driver-580.00.txt"))
        let reader = try reader(tree, "agx-thor", player.library)
        let seen = try sample(reader, at: .origin) { $0.gpu?.loadPermille != nil }
        let alone = try #require(
            BoardReader(tree: SysfsTree(root: tree.path), profiles: try HardwareProfileFile.builtIn())
        ).sample(at: .origin)
        #expect(alone.has("gpu.load_permille", .notSupported))
        #expect(seen.gpu?.loadPermille == 0)
        #expect(!seen.unavailable.contains { $0.what == "gpu.load_permille" })
        #expect(seen.rails == alone.rails)
        #expect(seen.total == alone.total)
        #expect(seen.gpu?.frequencyKilohertz == alone.gpu?.frequencyKilohertz)
    }

    @Test func `on an Orin start up, support nothing, and change nothing`() throws {
        let tree = try TemporaryTree(copyOf: "orin-nano")
        let player = try GraphicsPlayer(try GraphicsPlayer.script(ofCapture: "orin-nx_l4t-r36.4.7_driver-540.4.0.txt"))
        let reader = try reader(tree, "orin-nano-8gb", player.library)
        var seen = try sample(reader, at: .origin) { $0.has("nvml", .notSupported) }
        seen.unavailable.removeAll { $0.what == "nvml" }
        var alone = try #require(
            BoardReader(tree: SysfsTree(root: tree.path), profiles: try HardwareProfileFile.builtIn())
        ).sample(at: .origin)
        alone.board.model = nil
        #expect(seen == alone)
    }

    @Test func `without a library are not mentioned`() throws {
        let tree = try pc()
        let reader = try reader(tree, "pc", "/nowhere/libnvidia-ml.so.1")
        let seen = try sample(reader, at: .origin)
        #expect(!seen.unavailable.contains { $0.what == "nvml" })
        #expect(seen.total?.rule == "package-0+package-10")
        #expect(reader.sample(at: time(1)).total?.rule == "package-0+package-10")
        #expect(FileManager.default.fileExists(atPath: tree.path))
    }

    @Test(arguments: [
        ("count", "4000000000", UnavailableReason.malformed), ("init", "!18", .notSupported),
        ("init", "!999", .inputOutput),
        ("init", "!4", .permission), ("count", "!15", .absent),
    ])
    func `that cannot be counted are named, and tried again later`(
        call: String, value: String, reason: UnavailableReason
    ) throws {
        let player = try GraphicsPlayer(GraphicsPlayer.rtx4090.playing(call, value))
        let reader = try Self.pcReader(player)
        let seen = try sample(reader, at: time(0))
        #expect(seen.has("nvml", reason) == (reason != .absent))
        #expect(seen.graphicsRail == nil)
        try player.play(GraphicsPlayer.rtx4090)
        #expect(try sample(reader, at: time(29)).graphicsRail == nil)
        let later = try sample(reader, at: time(600)) { $0.graphicsRail != nil }
        #expect(later.total?.rule == "package-0+package-10+gpu-0")
    }

    @Test func `of a library without the functions that all need are not supported`() throws {
        let player = try GraphicsPlayer(GraphicsPlayer.rtx4090, .few)
        #expect(try sample(try Self.pcReader(player), at: .origin).has("nvml", .notSupported))
    }

    @Test func `of an older library are read through its functions`() throws {
        let script = GraphicsPlayer.rtx4090.playing("temperature", "44").playing("memory", "100 60")
        let player = try GraphicsPlayer(script, .older)
        let seen = try sample(try Self.pcReader(player), at: .origin)
        #expect(seen.zones.last?.temperature == Temperature(millidegrees: 44_000))
        #expect(seen.gpu?.memory.available == ByteCount(bytes: 60))
        #expect(seen.throttle.contains { $0.cause == "nvml:software-power-cap" && $0.isActive })
    }

    @Test(arguments: ["3", "13", "25", "26"])
    func `whose driver refuses the newer calls are read through the older ones`(code: String) throws {
        let script = GraphicsPlayer.rtx4090.playing("temperature_v", "!" + code).playing("temperature", "44")
        let player = try GraphicsPlayer(script)
        let seen = try sample(try Self.pcReader(player), at: .origin)
        #expect(seen.zones.last?.temperature == Temperature(millidegrees: 44_000))
    }

    @Test func `that lack a counter are metered by power, and without power by the counter`() throws {
        let player = try GraphicsPlayer(GraphicsPlayer.rtx4090.playing("energy", "!3"))
        let reader = try Self.pcReader(player)
        let first = try sample(reader, at: time(0))
        #expect(first.graphicsRail?.counter == nil)
        #expect(first.graphicsRail?.power == Power(milliwatts: 45_000))
        let other = try GraphicsPlayer(GraphicsPlayer.rtx4090.playing("power", "!3"))
        let counted = try Self.pcReader(other)
        #expect(try sample(counted, at: time(0)).graphicsRail?.power == nil)
        try other.play(GraphicsPlayer.rtx4090.playing("power", "!3").playing("energy", "123466789"))
        let second = try sample(counted, at: time(1)) { $0.graphicsRail?.power != .zero }
        // Ten joules in a second, and in what the driver's answers took longer the second time.
        let power = try #require(second.graphicsRail?.power)
        #expect(power > Power(milliwatts: 8_000) && power < Power(milliwatts: 12_500))
    }

    private static func pcReader(_ player: GraphicsPlayer) throws -> BoardReader {
        let tree = try pc()
        player.trees.append(tree)
        return try reader(tree, "pc", player.library)
    }

    @Test(arguments: [
        ("power", "10000000", "gpu-0"), ("power", "4294967295", "gpu-0"), ("load", "101", "gpu-0.load"),
        ("temperature_v", "151", "gpu-0.temperature"), ("temperature_v", "-60", "gpu-0.temperature"),
        ("clock", "4294967295", "gpu-0.clock"), ("memory_v2", "100 200", "gpu-0.memory"),
    ])
    func `that tell nonsense are malformed there, and read elsewhere`(call: String, value: String, what: String) throws
    {
        let player = try GraphicsPlayer(GraphicsPlayer.rtx4090.playing("energy", "!3").playing(call, value))
        let seen = try sample(try Self.pcReader(player), at: .origin)
        #expect(seen.has(what, .malformed))
        #expect(seen.throttle.contains { $0.cause == "nvml:power-brake" })
        #expect((seen.graphicsRail == nil) == (call == "power"))
    }

    @Test func `with names without an end have none`() throws {
        let player = try GraphicsPlayer(GraphicsPlayer.rtx4090.playing("name", "endless").playing("uuid", "endless"))
        let boards = GraphicsBoards(library: player.library)
        var look = boards.look(at: .origin)
        while boards.isStarting { look = boards.look(at: .origin) }
        #expect(look.boards.map { $0.title } == [nil])
        #expect(look.boards.map { $0.counterKey } == ["gpu-0"])
    }

    @Test func `that fall off the bus leave a lower bound, and are found again after the pause`() throws {
        let player = try GraphicsPlayer(GraphicsPlayer.rtx4090)
        let reader = try Self.pcReader(player)
        _ = try sample(reader, at: time(0))
        try player.play(GraphicsPlayer.rtx4090.playing("temperature_v", "!15"))
        let lost = try sample(reader, at: time(1)) { $0.has("gpu-0", .absent) }
        #expect(lost.total?.isComplete == false)
        #expect(lost.total?.rule == "package-0+package-10+gpu-0")
        #expect(lost.sources.first?.power == nil)
        try player.play(GraphicsPlayer.rtx4090)
        #expect(reader.sample(at: time(20)).graphicsRail == nil)
        #expect(try sample(reader, at: time(31)) { $0.graphicsRail != nil }.total?.isComplete == true)
    }

    @Test func `that fail once are read the next time`() throws {
        let player = try GraphicsPlayer(GraphicsPlayer.rtx4090)
        let reader = try Self.pcReader(player)
        _ = try sample(reader, at: time(0))
        try player.play(GraphicsPlayer.rtx4090.playing("power", "!999").playing("energy", "!999"))
        _ = try sample(reader, at: time(1)) { $0.has("gpu-0", .inputOutput) }
        try player.play(GraphicsPlayer.rtx4090)
        _ = try sample(reader, at: time(2)) { $0.graphicsRail != nil }
    }

    @Test func `whose driver hangs from the start are overdue, hold up nothing, and are taken when they come`() throws {
        let player = try GraphicsPlayer(GraphicsPlayer.rtx4090.playing("init", "block"))
        let reader = try Self.pcReader(player)
        let first = reader.sample(at: time(0))
        #expect(first.has("nvml", .timeout))
        // Until the boards were given their time, nobody knows what the total is.
        #expect(first.total == nil)
        #expect(first.has("total", .timeout))
        #expect(reader.sample(at: time(9)).total == nil)
        #expect(reader.sample(at: time(10)).total?.rule == "package-0+package-10")
        try player.play(GraphicsPlayer.rtx4090)
        try player.go()
        // The call that hung fails; the next attempt is after the pause.
        _ = try sample(reader, at: time(11)) { $0.has("nvml", .notSupported) }
        _ = try sample(reader, at: time(41)) { $0.graphicsRail != nil }
    }

    @Test func `whose driver hangs later are shown for three seconds and then overdue`() throws {
        let player = try GraphicsPlayer(GraphicsPlayer.rtx4090)
        let reader = try Self.pcReader(player)
        _ = try sample(reader, at: time(0)) { $0.graphicsRail != nil }
        try player.play(GraphicsPlayer.rtx4090.playing("energy", "block"))
        for second in Int64(1)...3 {
            #expect(reader.sample(at: time(second)).graphicsRail?.power == Power(milliwatts: 45_000))
        }
        let overdue = reader.sample(at: time(4))
        #expect(overdue.has("gpu-0", .timeout))
        #expect(overdue.total?.isComplete == false)
        try player.play(GraphicsPlayer.rtx4090)
        try player.go()
        // What was asked three seconds ago and more is no reading of now.
        _ = try sample(reader, at: time(60)) { $0.graphicsRail != nil }
    }

    @Test func `whose driver hangs are metered once for every answer, at the time of its question`() throws {
        let player = try GraphicsPlayer(GraphicsPlayer.rtx4090)
        let reader = try Self.pcReader(player)
        func reading(_ sample: TelemetrySample) throws -> MeterReading {
            let source = try #require(sample.sources.first)
            let time = try #require(source.time)
            return MeterReading(at: time.earliest, power: source.power, counter: source.counter, doubt: time.doubt)
        }
        let configuration = MeterConfiguration(samplePeriod: .seconds(1), sensorStep: Power(milliwatts: 1))
        var meter = Meter(configuration, bootID: .zero, at: .origin)
        let first = try sample(reader, at: time(1)) { $0.graphicsRail != nil }
        #expect(meter.record(try reading(first)) == .gap(.seconds(1)))
        try player.play(GraphicsPlayer.rtx4090.playing("energy", "late"))
        // The processor's counters go on; the whole is as old as the board's answer.
        for second in Int64(2)...3 {
            let again = reader.sample(at: time(second))
            #expect(again.totalPower != nil && again.sources.first?.time?.earliest == time(1))
            #expect(meter.record(try reading(again)) == .stale)
        }
        try player.play(GraphicsPlayer.rtx4090.playing("energy", "123546789"))
        try player.go()
        // What was asked at 2 s is asked for anew.
        let back = try sample(reader, at: time(4)) { $0.graphicsRail?.time?.earliest == time(4) }
        #expect(back.graphicsRail?.counter == EnergyRegister(microjoules: 123_546_789_000))
        #expect(meter.record(try reading(back)) == .counted)
        #expect(meter.register.microjoules == 90_000_000)
    }

    @Test func `are asked for their limits every ten seconds`() throws {
        let player = try GraphicsPlayer(GraphicsPlayer.rtx4090)
        let reader = try Self.pcReader(player)
        func rated(at seconds: Int64, _ expected: Int64) throws {
            let seen = try sample(reader, at: time(seconds)) {
                $0.sources.first?.traits.rated == Power(milliwatts: 95_000 + 95_000 + expected)
            }
            #expect(seen.gpu?.maximumKilohertz == 3_105_000)
        }
        try rated(at: 0, 450_000)
        try player.play(GraphicsPlayer.rtx4090.playing("limit", "300000").playing("power", "46000"))
        _ = try sample(reader, at: time(1)) { $0.graphicsRail?.power == Power(milliwatts: 46_000) }
        try rated(at: 9, 450_000)
        try rated(at: 11, 300_000)
    }

    @Test func `alone are no total where they tell no limit`() throws {
        let tree = try TemporaryTree(copyOf: "pc-rapl-nvme-coretemp")
        let player = try GraphicsPlayer(GraphicsPlayer.rtx4090.playing("limit", "!3"))
        let seen = try sample(try reader(tree, "pc", player.library), at: time(1))
        #expect(seen.graphicsRail?.power == Power(milliwatts: 45_000))
        #expect(seen.total == nil)
        #expect(seen.has("total", .notSupported))
        // On an unknown board of NVIDIA's the library shows a part of the module.
        let other = try TemporaryTree(copyOf: "agx-thor")
        let thor = try GraphicsPlayer(try GraphicsPlayer.script(ofCapture: "thor_l4t-r38.4_driver-580.00.txt"))
        #expect(try sample(try reader(other, "generic", thor.library), at: time(1)).total == nil)
    }

    @Test func `are the total where the processor's counters cannot be read, until they can`() throws {
        let (tree, player) = (try pc(), try GraphicsPlayer(GraphicsPlayer.rtx4090))
        let counter = "sys/devices/virtual/powercap/intel-rapl/intel-rapl:0/energy_uj"
        try tree.write(counter, "")
        let reader = try reader(tree, "pc", player.library)
        let closed = try sample(reader, at: time(1))
        #expect(closed.total?.rule == "gpu-0")
        #expect(closed.total?.scope == .gpuBoard)
        #expect(closed.total?.isComplete == true)
        #expect(closed.sources.first?.traits.rated == Power(milliwatts: 450_000))
        #expect(closed.unavailable.contains { $0.what == "package-0" })
        try tree.write(counter, "1000000\n")
        _ = try sample(reader, at: time(2)) { $0.total?.scope == .cpuPackageAndGPUBoard }
    }

    @Test func `give way to the processor's counters once those have come`() throws {
        let (tree, player) = (try pc(), try GraphicsPlayer(GraphicsPlayer.rtx4090))
        let (folder, away) = (tree.path + "/sys/class/powercap", tree.path + "/away")
        try FileManager.default.moveItem(atPath: folder, toPath: away)
        let reader = try reader(tree, "pc", player.library)
        #expect(try sample(reader, at: time(1)).total?.scope == .gpuBoard)
        try FileManager.default.moveItem(atPath: away, toPath: folder)
        _ = try sample(reader, at: time(120)) { $0.total?.scope == .cpuPackageAndGPUBoard }
    }

    @Test func `whose driver never returns are left behind`() throws {
        let player = try GraphicsPlayer(GraphicsPlayer.rtx4090.playing("power", "block"))
        weak var gone: BoardReader?
        do {
            let reader = try Self.pcReader(player)
            _ = reader.sample(at: .origin)
            gone = reader
        }
        #expect(gone == nil)
    }
}
