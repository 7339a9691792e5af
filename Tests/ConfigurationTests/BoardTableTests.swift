import Configuration
import Quantities
import Telemetry
import Testing

/// One board as its owner sees it: what it says of itself, and what its profile must make of that.
struct KnownBoard: Sendable, CustomTestStringConvertible {
    var name: String
    var compatible: [String]
    var mebibytes: Int64?
    var profile: String
    /// The best rule of the total; nil where the board shows no power.
    var rule: String?
    var scope: TotalScope?
    var mode: String?
    var watts: Int64?
    /// Where the GPU is looked for first: its load, its clock.
    var load: String?
    var clock: String?
    var throttle: Int32

    var testDescription: String { name }

    static func orin(
        _ name: String, _ compatible: [String], _ profile: String, _ mode: String, _ watts: Int64,
        mebibytes: Int64? = nil,
        rule: String = "VDD_IN"
    ) -> KnownBoard {
        KnownBoard(
            name: name, compatible: compatible + ["nvidia,tegra234"], mebibytes: mebibytes, profile: profile,
            rule: rule,
            scope: .module, mode: mode, watts: watts, load: "/sys/devices/platform/bus@0/17000000.gpu/load",
            clock: "17000000.gpu", throttle: 99_000)
    }

    static let agx = "VDD_GPU_SOC+VDD_CPU_CV+VIN_SYS_5V0"

    static let all: [KnownBoard] = [
        orin("Orin Nano 8 GB", ["nvidia,p3768-0000+p3767-0003", "nvidia,p3767-0003"], "orin-nano-8gb", "15W", 15),
        orin(
            "Orin Nano 8 GB Super", ["nvidia,p3768-0000+p3767-0005-super", "nvidia,p3767-0005"], "orin-nano-8gb",
            "MAXN_SUPER", 25),
        orin("Orin Nano 4 GB", ["nvidia,p3768-0000+p3767-0004"], "orin-nano-4gb", "7W_AI", 7),
        orin("Orin Nano 4 GB Super", ["nvidia,p3768-0000+p3767-0004-super"], "orin-nano-4gb", "25W", 25),
        orin("Orin NX 16 GB", ["nvidia,p3768-0000+p3767-0000"], "orin-nx-16gb", "MAXN", 25),
        orin("Orin NX 16 GB Super", ["nvidia,p3768-0000+p3767-0000-super"], "orin-nx-16gb", "MAXN_SUPER", 40),
        orin("Orin NX 8 GB", ["nvidia,p3768-0000+p3767-0001"], "orin-nx-8gb", "20W", 20),
        orin("Orin NX 8 GB Super", ["nvidia,p3768-0000+p3767-0001-super"], "orin-nx-8gb", "40W", 40),
        orin(
            "AGX Orin 64 GB", ["nvidia,p3737-0000+p3701-0005", "nvidia,p3701-0005"], "agx-orin-64gb", "MODE_50W", 50,
            rule: agx),
        orin(
            "AGX Orin 64 GB of the first devkit", ["nvidia,p3737-0000+p3701-0000"], "agx-orin-64gb", "MAXN", 60,
            mebibytes: 62_840, rule: agx),
        orin(
            "AGX Orin 32 GB of the first devkit", ["nvidia,p3737-0000+p3701-0000"], "agx-orin-32gb", "MODE_50W", 50,
            mebibytes: 30_697, rule: agx),
        orin(
            "AGX Orin 32 GB of the first devkit, uncapped", ["nvidia,p3737-0000+p3701-0000"], "agx-orin-32gb", "MAXN",
            40, mebibytes: 30_697, rule: agx),
        orin("AGX Orin 32 GB", ["nvidia,p3737-0000+p3701-0004"], "agx-orin-32gb", "MODE_30W", 30, rule: agx),
        orin(
            "AGX Orin 32 GB at its most", ["nvidia,p3737-0000+p3701-0004"], "agx-orin-32gb", "MODE_40W", 40, rule: agx),
        KnownBoard(
            name: "Thor T5000", compatible: ["nvidia,p4071-0000+p3834-0008", "nvidia,p3834-0008", "nvidia,tegra264"],
            mebibytes: 125_773, profile: "agx-thor", rule: "VIN", scope: .board, mode: "120W", watts: 120,
            clock: "gpu-gpc-0", throttle: 109_000),
        KnownBoard(
            name: "Thor T4000", compatible: ["nvidia,p4071-0000+p3834-0000", "nvidia,tegra264"], mebibytes: 62_000,
            profile: "agx-thor-t4000", rule: "VIN", scope: .board, mode: "70W", watts: 70, clock: "gpu-gpc-0",
            throttle: 109_000),
        KnownBoard(
            name: "Xavier NX", compatible: ["nvidia,p3509-0000+p3668-0001", "nvidia,tegra194"], profile: "xavier-nx",
            rule: "VDD_IN", scope: .module, mode: "MODE_20W_6CORE", watts: 20, load: "/sys/devices/gpu.0/load",
            clock: "17000000.gv11b", throttle: 90_000),
        KnownBoard(
            name: "AGX Xavier", compatible: ["nvidia,p2972-0000", "nvidia,tegra194"], profile: "agx-xavier",
            rule: "GPU+CPU+SOC+CV+VDDRQ+SYS5V", scope: .module, mode: "MODE_30W_ALL", watts: 30,
            load: "/sys/devices/gpu.0/load", clock: "17000000.gv11b", throttle: 86_000),
        KnownBoard(
            name: "Nano",
            compatible: ["nvidia,p3449-0000-b00+p3448-0000-b00", "nvidia,jetson-nano", "nvidia,tegra210"],
            profile: "nano", rule: "POM_5V_IN", scope: .module, mode: "5W", watts: 5, load: "/sys/devices/gpu.0/load",
            clock: "57000000.gpu", throttle: 97_000),
        KnownBoard(
            name: "TX2", compatible: ["nvidia,p2597-0000+p3310-1000", "nvidia,quill", "nvidia,tegra186"],
            profile: "tx2",
            rule: "VDD_IN", scope: .module, mode: "MAXN", watts: 15, load: "/sys/devices/gpu.0/load",
            clock: "17000000.gp10b", throttle: 95_000),
        KnownBoard(
            name: "Raspberry Pi 5", compatible: ["raspberrypi,5-model-b", "brcm,bcm2712"], profile: "rpi5",
            throttle: 85_000),
        KnownBoard(
            name: "a module of tomorrow", compatible: ["nvidia,p9999-0000+p3999-0001", "nvidia,tegra999"],
            profile: "generic", rule: "VDD_IN", scope: .module, mode: "MODE_20W", watts: 20,
            load: "/sys/devices/platform/gpu.0/load", clock: "17000000.gpu", throttle: 90_000),
    ]
}

@Suite struct `boards of the field` {
    @Test(arguments: KnownBoard.all) func `are known with total, mode, GPU and limit`(board: KnownBoard) throws {
        var facts = HardwareFacts()
        facts.compatible = board.compatible
        facts.memory = board.mebibytes.map { .mebibytes($0) }
        let profile = try #require(HardwareProfile.detect(facts, among: try HardwareProfileFile.builtIn()))
        #expect(profile.name == board.profile)
        #expect(profile.family == (board.profile == "agx-thor-t4000" ? "agx-thor" : board.profile))
        #expect(profile.totals.first?.text == board.rule)
        #expect(profile.totals.first?.scope == board.scope)
        #expect(board.mode.flatMap { profile.rated(modeNamed: $0) } == board.watts.map { Power(milliwatts: $0 * 1000) })
        #expect(profile.gpu.loadPaths.first == board.load)
        #expect(profile.gpu.devfreqNames.first == board.clock)
        #expect(profile.thermal.throttle == Temperature(millidegrees: board.throttle))
        // Every rail of a total has a step, or the meter's error could not be told.
        if profile.name != "generic" {
            for rule in profile.totals { #expect(rule.rails.allSatisfy { profile.rail($0)?.step != nil }) }
        }
        #expect(profile.memoryReserve > .zero)
    }

    @Test(arguments: [
        (true, false, "pc"), (true, true, "laptop"), (false, true, "laptop"), (false, false, "generic"),
    ])
    func `of the PC kind take counters of processors, with graphics boards where there are any`(
        hasTables: Bool, hasBattery: Bool, name: String
    ) throws {
        var facts = HardwareFacts()
        (facts.hasFirmwareTables, facts.hasBattery) = (hasTables, hasBattery)
        let profile = try #require(HardwareProfile.detect(facts, among: try HardwareProfileFile.builtIn()))
        #expect(profile.name == name)
        func rules(_ names: [String]) -> [String] {
            profile.totals.compactMap { $0.resolved(among: names) }.filter { $0.rails.allSatisfy(names.contains) }.map {
                $0.text
            }
        }
        #expect(rules(["package-0", "package-0/core", "package-0/dram"]) == ["package-0"])
        // On an unknown board the library may show a part of a module.
        let alone = name == "pc" ? ["gpu-0"] : []
        #expect(rules(["package-0", "gpu-0"]) == ["package-0+gpu-0", "package-0"] + alone)
        #expect(rules(["gpu-0"]) == alone)
        #expect(profile.isDieZone("x86_pkg_temp") && profile.isDieZone("k10temp:Tctl"))
    }
}
