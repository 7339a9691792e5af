import Quantities
import Testing

@testable import Telemetry

private func rail(_ name: String, _ milliwatts: Int64) -> RailReading {
    RailReading(name: name, role: .other, power: Power(milliwatts: milliwatts), source: .hwmon)
}

private let thor = [
    TotalRule(rails: ["VIN"], scope: .board),
    TotalRule(rails: ["VDD_GPU", "VDD_CPU_SOC_MSS", "VIN_SYS_5V0"], scope: .moduleLowerBound),
]

private let thorParts = [rail("VDD_GPU", 1), rail("VDD_CPU_SOC_MSS", 2), rail("VIN_SYS_5V0", 4)]

@Suite struct `the total` {
    @Test func `is the total rail alone, and its parts are never added`() {
        var choice = TotalRuleChoice(rules: [TotalRule(rails: ["VDD_IN"], scope: .module)])
        let readings = [rail("VDD_IN", 4784), rail("VDD_CPU_GPU_CV", 597), rail("VDD_SOC", 1512)]
        let expected = TotalPower(power: Power(milliwatts: 4784), isComplete: true, rails: ["VDD_IN"], scope: .module)
        #expect(choice.total(of: readings) == expected)
    }

    @Test func `prefers the input of the board`() {
        var choice = TotalRuleChoice(rules: thor)
        #expect(choice.total(of: thorParts + [rail("VIN", 20)])?.rule == "VIN")
    }

    @Test func `falls back to a lower bound where the carrier measures no input`() {
        var choice = TotalRuleChoice(rules: thor)
        let expected = TotalPower(
            power: Power(milliwatts: 7), isComplete: true, rails: ["VDD_GPU", "VDD_CPU_SOC_MSS", "VIN_SYS_5V0"],
            scope: .moduleLowerBound)
        #expect(choice.total(of: thorParts) == expected)
    }

    @Test func `keeps its rule when a rail fails, so that a meter adds like things`() {
        var choice = TotalRuleChoice(rules: thor)
        #expect(choice.total(of: thorParts + [rail("VIN", 20)])?.rule == "VIN")
        #expect(choice.total(of: thorParts) == nil)
        #expect(choice.total(of: thorParts + [rail("VIN", 21)])?.power == Power(milliwatts: 21))
    }

    @Test func `takes a better rule when its rails appear`() {
        var choice = TotalRuleChoice(rules: thor)
        #expect(choice.total(of: thorParts)?.scope == .moduleLowerBound)
        #expect(choice.total(of: thorParts + [rail("VIN", 20)])?.scope == .board)
        #expect(choice.chosen == 0)
    }

    @Test func `with a rail missing says that it is a lower bound`() {
        var choice = TotalRuleChoice(rules: [TotalRule(rails: ["A", "B"], scope: .module)])
        let expected = TotalPower(
            power: Power(milliwatts: 3), isComplete: false, rails: ["A", "B"], scope: .moduleLowerBound)
        #expect(choice.total(of: [rail("B", 3)]) == expected)
    }

    @Test func `is unknown without rails and without rules`() {
        var choice = TotalRuleChoice(rules: thor)
        #expect(choice.total(of: []) == nil)
        var none = TotalRuleChoice(rules: [])
        #expect(none.total(of: thorParts) == nil)
    }

    @Test func `of rails that are out of range does not overflow`() {
        var choice = TotalRuleChoice(rules: [TotalRule(rails: ["A", "B"], scope: .module)])
        let huge = RailReading(
            name: "A", role: .other, voltage: Voltage(millivolts: .max), current: Current(milliamperes: .max),
            source: .iio)
        #expect(choice.total(of: [huge, rail("B", .max)])?.power == Power(microwatts: .max))
    }
}

@Suite struct `profiles` {
    private func profile(_ name: String, _ set: (inout HardwareProfile.Recognition) -> Void) -> HardwareProfile {
        var profile = HardwareProfile(name: name, title: name)
        set(&profile.recognition)
        return profile
    }

    private var all: [HardwareProfile] {
        [
            profile("generic") { _ in },
            profile("laptop") { $0.battery = true },
            profile("pc") {
                $0.firmwareTables = true
                $0.battery = false
            },
            profile("nano") { $0.modules = ["p3448"] },
            profile("orin-nano") { $0.modules = ["p3767-0005"] },
            profile("orin-large") {
                $0.modules = ["p3701-0000"]
                $0.minimumMemory = .mebibytes(40_960)
            },
            profile("orin-small") {
                $0.modules = ["p3701-0000"]
                $0.maximumMemory = .mebibytes(40_960)
            },
            profile("pi") { $0.compatible = ["raspberrypi,5-model-b"] },
        ]
    }

    private func detect(_ set: (inout HardwareFacts) -> Void) -> String? {
        var facts = HardwareFacts()
        set(&facts)
        return HardwareProfile.detect(facts, among: all)?.name
    }

    @Test(arguments: [
        (["nvidia,p3768-0000+p3767-0005-super", "nvidia,p3767-0005", "nvidia,tegra234"], "orin-nano"),
        (["nvidia,p3768-0000+p3767-0005", "nvidia,tegra234"], "orin-nano"),
        (["nvidia,p3449-0000-b00+p3448-0000-b00", "nvidia,jetson-nano", "nvidia,tegra210"], "nano"),
        (["raspberrypi,5-model-b", "brcm,bcm2712"], "pi"),
        (["nvidia,p9999-0000+p3767-9999", "nvidia,tegra234"], "generic"),
        (["vendor,p3767-00051"], "generic"),
        ([], "generic"),
    ])
    func `are found by the module in the device tree`(compatible: [String], name: String) {
        #expect(detect { $0.compatible = compatible } == name)
    }

    @Test func `of one module number are told apart by memory`() {
        let entries = ["nvidia,p3737-0000+p3701-0000", "nvidia,tegra234"]
        #expect(detect { ($0.compatible, $0.memory) = (entries, .mebibytes(62_840)) } == "orin-large")
        #expect(detect { ($0.compatible, $0.memory) = (entries, .mebibytes(30_697)) } == "orin-small")
        #expect(detect { $0.compatible = entries } == "orin-large")
    }

    @Test func `of PCs and laptops are found by their kind, after every named board`() {
        #expect(detect { $0.hasFirmwareTables = true } == "pc")
        #expect(detect { $0.hasBattery = true } == "laptop")
        #expect(detect { ($0.hasBattery, $0.hasFirmwareTables) = (true, true) } == "laptop")
        #expect(detect { ($0.compatible, $0.hasBattery) = (["nvidia,p3767-0005"], true) } == "orin-nano")
    }

    @Test func `that fit nothing give none`() {
        #expect(HardwareProfile.detect(HardwareFacts(), among: [all[3]]) == nil)
    }

    @Test func `take the hottest zone on a die, never a power chip's fixed value`() {
        func zone(_ name: String, _ millidegrees: Int32) -> ZoneReading {
            ZoneReading(name: name, temperature: Temperature(millidegrees: millidegrees))
        }
        var profile = HardwareProfile(name: "x", title: "")
        profile.thermal.dieZones = ["cpu", "gpu", "soc", "tj"]
        let zones = [
            zone("AO-therm", 47_500), zone("CPU-therm", 39_000), zone("PMIC-Die", 100_000), zone("GPU-therm", 39_000),
        ]
        #expect(profile.hottest(of: zones)?.name == "CPU-therm")
        #expect(profile.hottest(of: [zone("PMIC-Die", 100_000), zone("acpitz", -44_000)])?.name == "acpitz")
        #expect(profile.hottest(of: [zone("PMIC-Die", 100_000)]) == nil)
        // What no sensor can show is no die's, and does not stand in for one that can be read.
        #expect(profile.hottest(of: [zone("acpitz", -300_000)]) == nil)
        #expect(profile.hottest(of: [zone("acpitz", 41_000), zone("cpu-thermal", -60_001)])?.name == "acpitz")
        #expect(profile.hottest(of: [zone("acpitz", 41_000), zone("cpu-thermal", 200_001)])?.name == "acpitz")
        #expect(profile.hottest(of: [zone("cpu-thermal", -60_000)])?.name == "cpu-thermal")
        #expect(profile.hottest(of: []) == nil)
    }

    @Test func `know the step of a total only when they know every rail's`() {
        var profile = HardwareProfile(name: "x", title: "")
        profile.rails = [
            HardwareProfile.Rail(name: "A", role: .gpu, step: Power(milliwatts: 393)),
            HardwareProfile.Rail(name: "B", role: .cpu, step: Power(milliwatts: 101)),
            HardwareProfile.Rail(name: "C", role: .total),
        ]
        profile.totals = [TotalRule(rails: ["A", "B"], scope: .module), TotalRule(rails: ["C"], scope: .board)]
        func step(_ rails: [String]) -> Power? {
            profile.powerStep(of: TotalPower(power: .zero, isComplete: true, rails: rails, scope: .module))
        }
        #expect(step(["A", "B"]) == Power(milliwatts: 494))
        #expect(step(["C"]) == nil)
        #expect(step(["D"]) == nil)
    }

    @Test func `know the rails of a total whatever these are called`() throws {
        var profile = HardwareProfile(name: "x", title: "")
        let names = ["power +12v", "power +5v", "+"]
        profile.rails = names.map { HardwareProfile.Rail(name: $0, role: .other, step: Power(milliwatts: 1000)) }
        profile.totals = [TotalRule(rails: names, scope: .board)]
        var sample = TelemetrySample(taken: .origin, board: BoardIdentity(profile: "x"))
        sample.rails = names.map {
            RailReading(
                name: $0, role: .other, counter: EnergyRegister(microjoules: 7), power: Power(milliwatts: 60_000),
                time: ReadingTime(at: .origin), source: .hwmon)
        }
        var choice = TotalRuleChoice(rules: profile.totals)
        sample.total = choice.total(of: sample.rails)
        #expect(sample.total?.rails == names && sample.total?.rule == "power +12v+power +5v++")
        let limits = Dictionary(uniqueKeysWithValues: names.map { ($0, Power(milliwatts: 100_000)) })
        let board = EnergySource(boardIn: sample, profile: profile, evidence: .metered, limits: limits)
        #expect(board.traits.step == Power(milliwatts: 3000))
        #expect(board.traits.counterStep == EnergyRegister(microjoules: 3000))
        #expect(board.traits.rated == Power(milliwatts: 300_000))
        #expect(board.traits.method == "hwmon:power +12v+power +5v++" && board.time != nil)
        // Nothing, and what is less, is no power of a board that runs, whatever the steps of its sensors are.
        sample.total?.power = Power(microwatts: 1)
        #expect(profile.contradiction(in: sample) == nil)
        for microwatts in [0, -1, -3_001_000] as [Int64] {
            sample.total?.power = Power(microwatts: microwatts)
            #expect(profile.contradiction(in: sample) != nil)
        }
    }

    @Test func `are found in the words of a total`() {
        func rails(_ text: String, _ names: [String]) -> [String] { TotalRule.rails(joinedIn: text, among: names) }
        #expect(rails("A+B", ["A", "B"]) == ["A", "B"] && rails("A+B", []) == ["A", "B"] && rails("", ["A"]) == [])
        #expect(rails("+12v++5v+A", ["+12v", "+5v", "A"]) == ["+12v", "+5v", "A"])
        #expect(rails("p +12v+gone+p +12", ["p +12v", "p +12"]) == ["p +12v", "gone", "p +12"])
        #expect(rails("AB+C", ["A", "AB"]) == ["AB", "C"])
    }
}
