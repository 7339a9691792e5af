import Quantities
import Telemetry
import Testing

@Suite struct TotalResidualTests {
    private func profile(total: String, parts: [String]) -> HardwareProfile {
        var profile = HardwareProfile(name: "p", title: "P")
        profile.rails = [.init(name: total, role: .total)] + parts.map { .init(name: $0, role: .soc) }
        profile.totals = [TotalRule(rails: [total], scope: .module)]
        return profile
    }

    private func sample(_ rails: [(String, RailRole, Int64)], by profile: HardwareProfile) -> TelemetrySample {
        var sample = TelemetrySample(taken: .origin, board: BoardIdentity(profile: profile.name))
        sample.rails = rails.map { name, role, microwatts in
            RailReading(name: name, role: role, power: Power(microwatts: microwatts), source: .ina3221)
        }
        var choice = TotalRuleChoice(rules: profile.totals)
        sample.total = choice.total(of: sample.rails)
        return sample
    }

    @Test func `the parts of a total leave something of it, as an Orin Nano shows them`() throws {
        let profile = profile(total: "VDD_IN", parts: ["VDD_CPU_GPU_CV", "VDD_SOC"])
        let sample = sample(
            [("VDD_IN", .total, 4_784_640), ("VDD_CPU_GPU_CV", .cpuGPU, 597_120), ("VDD_SOC", .soc, 1_512_704)],
            by: profile)
        let residual = try #require(profile.residual(of: sample))
        #expect(residual.total == "VDD_IN" && residual.parts == ["VDD_CPU_GPU_CV", "VDD_SOC"])
        #expect(residual.partsPower == Power(microwatts: 2_109_824))
        #expect(residual.residual == Power(microwatts: 2_674_816))
        // The total stays what its rail says.
        #expect(sample.totalPower == Power(microwatts: 4_784_640))
    }

    @Test func `parts that show more than the whole leave less than nothing`() throws {
        let profile = profile(total: "VIN", parts: ["A"])
        let residual = try #require(
            profile.residual(of: sample([("VIN", .total, 1_000), ("A", .soc, 5_000)], by: profile)))
        #expect(residual.residual == Power(microwatts: -4_000))
    }

    @Test func `there is no residual without a whole, without parts, or of a sum`() {
        let profile = profile(total: "VIN", parts: ["A"])
        #expect(profile.residual(of: sample([("VIN", .total, 1_000)], by: profile)) == nil)
        #expect(profile.residual(of: sample([("A", .soc, 5_000)], by: profile)) == nil)
        // A rail that the profile does not name may lie anywhere.
        #expect(profile.residual(of: sample([("VIN", .total, 1_000), ("B", .other, 1)], by: profile)) == nil)
        var sum = profile
        sum.totals = [TotalRule(rails: ["A", "C"], scope: .module)]
        #expect(sum.residual(of: sample([("A", .soc, 5_000), ("C", .soc, 1)], by: sum)) == nil)
    }

    @Test func `what sensors can be wrong by is no contradiction, and more is one`() throws {
        var profile = profile(total: "VIN", parts: ["A", "B"])
        profile.rails[0].step = Power(milliwatts: 40)
        profile.rails[1].step = Power(milliwatts: 10)
        // The step of B is not known: 100 mW are assumed.
        for (part, isImpossible) in [(Int64(1_000_000), false), (1_149_000, false), (1_151_000, true)] {
            let sample = sample([("VIN", .total, 1_000_000), ("A", .soc, part), ("B", .soc, 1_000)], by: profile)
            let residual = try #require(profile.residual(of: sample))
            #expect(residual.tolerance == Power(milliwatts: 150))
            #expect(residual.isImpossible == isImpossible, "\(part)")
        }
    }

    @Test(arguments: [(Int64(1_140_000), nil), (1_141_000, "B")])
    func `a part that alone shows more than the whole is named`(part: Int64, name: String?) throws {
        var profile = profile(total: "VIN", parts: ["A", "B"])
        profile.rails[0].step = Power(milliwatts: 40)
        let sample = sample([("VIN", .total, 1_000_000), ("A", .soc, 900_000), ("B", .soc, part)], by: profile)
        #expect(try #require(profile.residual(of: sample)).greaterPart == name)
    }

    @Test func `what is read elsewhere is no part, and one monitor beside another is`() throws {
        let profile = profile(total: "VIN", parts: ["A", "B"])
        var sample = sample([("VIN", .total, 9_000_000), ("A", .soc, 2_000_000), ("B", .gpu, 3_000_000)], by: profile)
        sample.rails[1].source = .ina238
        sample.rails[2].source = .nvml
        #expect(profile.residual(of: sample)?.parts == ["A"])
        // Domains of a processor hang on its package, and a graphics board does not.
        sample.rails[0].source = .rapl
        sample.rails[1].source = .rapl
        #expect(profile.residual(of: sample)?.parts == ["A"])
        sample.rails[1].source = .ina3221
        #expect(profile.residual(of: sample) == nil)
    }
}
