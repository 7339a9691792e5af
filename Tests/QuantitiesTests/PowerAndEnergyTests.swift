import Quantities
import Testing

struct PowerTests {
    @Test(arguments: [
        (Int64(0), Int64(0)), (999, 0), (1000, 1), (-1, -1), (-999, -1), (-1000, -1), (-1001, -2),
        (.max, 9_223_372_036_854_775), (.min, -9_223_372_036_854_776),
    ])
    func `milliwatts are floored`(microwatts: Int64, milliwatts: Int64) {
        #expect(Power(microwatts: microwatts).milliwatts == milliwatts)
    }

    @Test func `millivolts times milliamperes are exact microwatts`() {
        #expect(Power(Voltage(millivolts: 19_512), Current(milliamperes: 353)).microwatts == 6_887_736)
        #expect(Power(Voltage(millivolts: 5_072), Current(milliamperes: -8)).microwatts == -40_576)
        #expect(Power(Voltage(millivolts: .max), Current(milliamperes: .max)).microwatts == .max)
        #expect(Power(Voltage(millivolts: .min), Current(milliamperes: .max)).microwatts == .min)
    }

    @Test func `conversions, sums and differences saturate`() {
        #expect(Power(milliwatts: 15_000).microwatts == 15_000_000)
        #expect(Power(milliwatts: .max).microwatts == .max)
        #expect(Power(milliwatts: .min).microwatts == .min)
        #expect(Power(microwatts: .max) + Power(microwatts: 1) == Power(microwatts: .max))
        #expect(Power(microwatts: .min) - Power(microwatts: 1) == Power(microwatts: .min))
        #expect(Power.zero - Power(microwatts: .min) == Power(microwatts: .max))
        #expect(Power(microwatts: 3) + Power(microwatts: -5) == Power(microwatts: -2))
    }

    @Test(arguments: [
        (Int64(15_000_000), Int64(1000), Int64(15_000)), (999, 1000, 0), (1000, 1000, 1), (-999_999, 1, 0),
        (-1_000_000, 1, -1), (1_000_000, -1, -1), (.max, .max, .max), (.min, .max, .min), (.min, .min, .max),
        (9_000_000_000, 86_400_000, 777_600_000_000),
    ])
    func `power held for a span is energy, rounded towards zero`(
        microwatts: Int64, milliseconds: Int64, millijoules: Int64
    ) {
        let energy = Power(microwatts: microwatts).held(for: TimeSpan(milliseconds: milliseconds))
        #expect(energy.millijoules == millijoules)
    }

    @Test func `a share of power is rounded towards zero`() {
        #expect(Power(microwatts: 1001).scaled(by: BasisPoints(clamping: 9500)).microwatts == 950)
        #expect(Power(microwatts: -1001).scaled(by: BasisPoints(clamping: 9500)).microwatts == -950)
        #expect(Power(microwatts: .max).scaled(by: .one).microwatts == .max)
        #expect(Power(microwatts: .min).scaled(by: .one).microwatts == .min)
        #expect(Power(microwatts: .max).scaled(by: .zero) == .zero)
    }

    @Test func `negative power is clamped to zero`() {
        #expect(Power(microwatts: -1).clampedToZero == .zero)
        #expect(Power(microwatts: 1).clampedToZero.microwatts == 1)
    }

    @Test func `quantities are ordered on the number line`() {
        #expect(Power(microwatts: -1) < Power.zero)
        #expect(Energy(millijoules: -1) < Energy.zero)
        #expect(Voltage(millivolts: 4) < Voltage(millivolts: 5))
        #expect(Current(milliamperes: -4) < Current(milliamperes: 4))
        #expect(Temperature(millidegrees: -1) < Temperature(millidegrees: 0))
        #expect(EnergyRegister(microjoules: .max - 1) < EnergyRegister(microjoules: .max))
    }
}

struct EnergyTests {
    @Test func `joules become millijoules, saturating`() {
        #expect(Energy(joules: 3).millijoules == 3000)
        #expect(Energy(joules: .max).millijoules == .max)
        #expect(Energy(joules: .min).millijoules == .min)
    }

    @Test func `checked sums and differences say when they do not fit`() {
        #expect(Energy(millijoules: .max).adding(Energy(millijoules: 1)) == nil)
        #expect(Energy(millijoules: .max).adding(.zero) == Energy(millijoules: .max))
        #expect(Energy(millijoules: .min).adding(Energy(millijoules: -1)) == nil)
        #expect(Energy(millijoules: .min).subtracting(Energy(millijoules: 1)) == nil)
        #expect(Energy.zero.subtracting(Energy(millijoules: .min)) == nil)
        #expect(Energy(millijoules: 5).subtracting(Energy(millijoules: 7)) == Energy(millijoules: -2))
    }

    @Test func `plain sums and differences work in place`() {
        var energy = Energy(millijoules: 40)
        energy += Energy(millijoules: 5)
        energy -= Energy(millijoules: 3)
        #expect(energy == Energy(millijoules: 42))
        #expect(Energy(millijoules: 1) + Energy(millijoules: 2) - Energy(millijoules: 4) == Energy(millijoules: -1))
    }

    @Test func `a plain sum that does not fit is trapped, never wrapped`() async {
        await #expect(processExitsWith: .failure) { _ = Energy(millijoules: .max) + Energy(millijoules: 1) }
        await #expect(processExitsWith: .failure) { _ = Energy(millijoules: .min) - Energy(millijoules: 1) }
    }

    @Test func `a thousand of the largest amounts still add up`() {
        let sum = (0..<1024).reduce(Energy.zero) { sum, _ in sum + Energy.largest }
        #expect(sum.millijoules == 1024 * 9_007_199_254_740_991)
    }

    @Test func `a share of energy is rounded towards zero`() {
        #expect(Energy(millijoules: 10_001).scaled(by: BasisPoints(clamping: 1)).millijoules == 1)
        #expect(Energy(millijoules: 9_999).scaled(by: BasisPoints(clamping: 1)) == .zero)
        #expect(Energy(millijoules: -9_999).scaled(by: BasisPoints(clamping: 1)) == .zero)
        #expect(Energy(millijoules: .max).scaled(by: .one).millijoules == .max)
    }

    @Test func `mean power is energy over a positive span`() {
        #expect(Energy(joules: 15).meanPower(over: .seconds(1)) == Power(milliwatts: 15_000))
        #expect(Energy(millijoules: 1).meanPower(over: .milliseconds(3)) == Power(microwatts: 333_333))
        #expect(Energy(millijoules: -1).meanPower(over: .milliseconds(3)) == Power(microwatts: -333_333))
        #expect(Energy(millijoules: .max).meanPower(over: .milliseconds(1)) == Power(microwatts: .max))
        #expect(Energy(joules: 1).meanPower(over: .zero) == nil)
        #expect(Energy(joules: 1).meanPower(over: .milliseconds(-1)) == nil)
    }

    @Test func `negative energy is clamped to zero`() {
        #expect(Energy(millijoules: .min).clampedToZero == .zero)
        #expect(Energy(millijoules: .max).clampedToZero == Energy(millijoules: .max))
    }

    @Test(arguments: [
        (UInt64(0), Int64(0)), (999, 0), (1000, 1), (1999, 1), (.max, 18_446_744_073_709_551),
    ])
    func `a register is floored to millijoules`(microjoules: UInt64, millijoules: Int64) {
        #expect(EnergyRegister(microjoules: microjoules).energy.millijoules == millijoules)
    }

    @Test func `differences of floored readings add up to the whole`() {
        let readings: [UInt64] = [0, 700, 1400, 2100, 1_000_000_000_123, .max]
        let registers = readings.map { EnergyRegister(microjoules: $0) }
        let steps = zip(registers.dropFirst(), registers).compactMap { $0.energy(since: $1)?.millijoules }
        #expect(steps == [0, 1, 1, 999_999_998, 18_446_743_073_709_551])
        #expect(steps.reduce(0, +) == registers[5].energy.millijoules)
    }

    @Test func `a register that ran backwards gives no energy`() {
        #expect(EnergyRegister(microjoules: 5).energy(since: EnergyRegister(microjoules: 6)) == nil)
        #expect(EnergyRegister(microjoules: 6).energy(since: EnergyRegister(microjoules: 6)) == .zero)
    }
}
