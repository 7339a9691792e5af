import Quantities
import Telemetry
import Testing

extension EnergyCounter {
    /// What it shows after a step that a counter can take.
    fileprivate mutating func step(to shown: UInt64, at milliseconds: Int64) throws -> Reading {
        let reading = advance(to: shown, at: time(milliseconds))
        return try #require(reading)
    }
}

private func time(_ milliseconds: Int64) -> BootTime { BootTime(milliseconds: milliseconds) }

@Suite struct `energy counters` {
    /// The range of the captured package, and the two readings around its wrap.
    private let range = EnergyRegister(microjoules: 262_143_328_850)

    @Test func `go on over the captured wrap, at fifty watts`() throws {
        var counter = EnergyCounter(range: range)
        let first = try counter.step(to: 262_143_100_000, at: 1000)
        #expect(first == EnergyCounter.Reading(register: EnergyRegister(microjoules: 262_143_100_000), power: nil))
        let second = try counter.step(to: 4_771_150, at: 1100)
        #expect(second.register == EnergyRegister(microjoules: 262_143_100_000 + 5_000_000))
        #expect(second.power == Power(milliwatts: 50_000))
    }

    @Test func `wrap as often as they like`() throws {
        var counter = EnergyCounter(range: EnergyRegister(microjoules: 1_000_000))
        var register = try counter.step(to: 0, at: 0).register
        for second in 1...100 {
            let shown = UInt64(second) * 700_000 % 1_000_000
            register = try counter.step(to: shown, at: Int64(second) * 1000).register
        }
        #expect(register == EnergyRegister(microjoules: 70_000_000))
    }

    @Test func `that go back without a range, or from beyond it, begin again at what they show`() throws {
        for range in [nil, EnergyRegister(microjoules: 50)] {
            var counter = EnergyCounter(range: range)
            _ = counter.advance(to: 100, at: time(0))
            let doubted = counter.advance(to: 20, at: time(1000))
            #expect(doubted == nil)
            let after = counter.advance(to: 20, at: time(2000))
            #expect(after == EnergyCounter.Reading(register: EnergyRegister(microjoules: 20), power: nil))
        }
    }

    @Test func `that jump as no power explains begin again, so that a meter sees the break`() throws {
        var counter = EnergyCounter(range: range)
        _ = counter.advance(to: 262_143_000_000, at: time(0))
        _ = counter.advance(to: 1_000_000, at: time(1000))
        let doubted = counter.advance(to: 199_999_000_000, at: time(2000))
        #expect(doubted == nil)
        let reset = try counter.step(to: 200_000_000_000, at: 3000)
        #expect(reset == EnergyCounter.Reading(register: EnergyRegister(microjoules: 200_000_000_000), power: nil))
        let next = try counter.step(to: 200_001_000_000, at: 4000)
        #expect(next.power == Power(milliwatts: 1000))
    }

    @Test(arguments: [0, 260_000_000_000] as [UInt64])
    func `that show something else for one reading go on as if they had not`(glitch: UInt64) throws {
        var counter = EnergyCounter(range: range)
        let first = try counter.step(to: 100_000_000_000, at: 0)
        let doubted = counter.advance(to: glitch, at: time(1000))
        #expect(doubted == nil)
        let next = try counter.step(to: 100_020_000_000, at: 2000)
        #expect(next.register.microjoules - first.register.microjoules == 20_000_000)
        #expect(next.power == Power(milliwatts: 10_000))
    }

    @Test func `show no power for one moment, and none for a mean over more than five minutes`() throws {
        var counter = EnergyCounter(range: nil)
        _ = counter.advance(to: 0, at: time(0))
        let powers = [
            try counter.step(to: 1000, at: 0).power, try counter.step(to: 2000, at: 300_000).power,
            try counter.step(to: 3000, at: 600_001).power, try counter.step(to: 3000, at: 1).power,
        ]
        #expect(powers == [nil, Power(microwatts: 3), nil, nil])
    }

    @Test func `that show more than any counter are no counters`() {
        var counter = EnergyCounter(range: range)
        let most = TelemetryLimits.counterMicrojoules
        let shown = [UInt64.max, most + 1, most].map { counter.advance(to: $0, at: time(0)) != nil }
        #expect(shown == [false, false, true])
    }
}

@Suite struct `powercap zones` {
    @Test(arguments: [
        ("intel-rapl:0", String?.none), ("intel-rapl:a", nil), ("intel-rapl:0:2", "intel-rapl:0"),
    ])
    func `are read with what they are part of`(folder: String, parent: String?) throws {
        #expect(try #require(PowercapZone(folder: folder)).parent == parent)
    }

    @Test(arguments: [
        "intel-rapl", "intel-rapl-mmio:0", "dtpm:0", "intel-rapl:", "intel-rapl::0", "intel-rapl:0:1:2", "",
    ])
    func `of other kinds, or a second view of the same, are not`(folder: String) {
        #expect(PowercapZone(folder: folder) == nil)
    }

    @Test func `are rated for the lower of their limit and what they are made for`() {
        func rated(_ limit: Int64?, _ maximum: Int64?) -> Power? {
            PowercapZone.rated(
                limit: limit.map { Power(microwatts: $0) }, maximum: maximum.map { Power(microwatts: $0) })
        }
        #expect(rated(4_090_000_000, 95_000_000) == Power(milliwatts: 95_000))
        #expect(rated(65_000_000, 95_000_000) == Power(milliwatts: 65_000))
        #expect(rated(65_000_000, 0) == Power(milliwatts: 65_000))
        #expect(rated(4_090_000_000, nil) == nil)
        #expect(rated(-1, nil) == nil)
    }
}

@Suite struct `figures of a battery` {
    private static let watts = Power(milliwatts: 5000)

    @Test(
        arguments: [
            ("Discharging", 5_000_000, watts), ("Discharging", -5_000_000, watts),
            ("Charging", 5_000_000, .zero - watts),
            ("Charging", -5_000_000, .zero - watts), ("Full", 0, .zero), ("Not charging", 5_000_000, .zero - watts),
            ("Unknown", 0, .zero), ("Unknown", 5_000_000, nil), ("", 5_000_000, nil),
            ("Discharging", 1_000_000_001, nil), ("Discharging", .min, nil),
        ] as [(String, Int64, Power?)])
    func `take the direction from the status and the size from the power`(
        status: String, microwatts: Int64, output: Power?
    ) {
        #expect(BatteryFigures(status: status, microwatts: microwatts).output == output)
    }

    @Test func `that hold voltage and current alone are multiplied exactly`() {
        let figures = BatteryFigures(status: "Discharging", microvolts: 11_400_001, microamperes: -1_250_000)
        #expect(figures.output == Power(microwatts: 14_250_001))
        #expect(figures.voltage == Voltage(millivolts: 11_400))
        #expect(figures.current == Current(milliamperes: 1250))
        #expect(
            BatteryFigures(status: "Charging", microvolts: 1_000_000, microamperes: 2_000_000).current?.milliamperes
                == -2000)
    }

    @Test(
        arguments: [
            (nil, 1), (1, nil), (-1, 1), (1_000_000_001, 1), (1, .min),
        ] as [(Int64?, Int64?)])
    func `that are missing, or that no battery has, give no power`(microvolts: Int64?, microamperes: Int64?) {
        let figures = BatteryFigures(
            status: "Discharging", microvolts: microvolts, microamperes: microamperes)
        #expect(figures.output == nil)
        #expect(figures.current == nil)
    }
}

@Suite struct `rules of a total with names to be found` {
    private let rule = TotalRule(rails: ["package-*", "gpu-*"], scope: .cpuPackageAndGPUBoard)

    @Test func `take every name that begins so, and no part of one`() {
        let names = ["package-0", "package-0/core", "package-1", "gpu-0", "psys"]
        #expect(rule.resolved(among: names)?.text == "package-0+package-1+gpu-0")
    }

    @Test func `do not hold where one stands for nothing`() {
        #expect(rule.resolved(among: ["package-0"]) == nil)
        #expect(TotalRule(rails: ["VDD_IN"], scope: .module).resolved(among: [])?.rails == ["VDD_IN"])
    }

    @Test func `keep what is in use when others come`() throws {
        func rail(_ name: String) -> RailReading {
            RailReading(name: name, role: .cpu, power: Power(milliwatts: 1), source: .rapl)
        }
        let package = TotalRule(rails: ["package-0"], scope: .cpuPackage)
        var choice = TotalRuleChoice(rules: [package])
        _ = choice.total(of: [rail("package-0")])
        let both = try #require(rule.resolved(among: ["package-0", "gpu-0"]))
        choice = choice.among([both, package])
        #expect(choice.chosen == 1)
        #expect(choice.total(of: [rail("package-0")])?.rule == "package-0")
        #expect(choice.total(of: [rail("package-0"), rail("gpu-0")])?.rule == "package-0+gpu-0")
    }

    @Test func `know no power while one rail is known by its counter only, and add counters where all have one`() {
        let counted = RailReading(
            name: "package-0", role: .cpu, counter: EnergyRegister(microjoules: 5), power: nil, source: .rapl)
        var other = RailReading(
            name: "gpu-0", role: .gpu, counter: EnergyRegister(microjoules: 7), power: Power(milliwatts: 1),
            source: .nvml)
        let both = TotalRule(rails: ["package-0", "gpu-0"], scope: .cpuPackageAndGPUBoard)
        let total = TotalRuleChoice.total(of: [counted, other], by: both)
        #expect(total?.power == nil)
        #expect(total?.counter == EnergyRegister(microjoules: 12))
        other.counter = nil
        #expect(TotalRuleChoice.total(of: [counted, other], by: both)?.counter == nil)
        #expect(TotalRuleChoice.total(of: [counted], by: both)?.counter == nil)
    }
}
