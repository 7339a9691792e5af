import Quantities
import Telemetry
import Testing
import Wire

private let configuration = MeterConfiguration(samplePeriod: .seconds(1), sensorStep: Power(milliwatts: 98))
private let boot = Bytes16(bits: 0xb007)
private let nextBoot = Bytes16(bits: 0xb008)

private func run(_ meter: inout Meter, from: Int64, seconds: Int64) {
    for second in 0...seconds {
        meter.record(
            MeterReading(at: BootTime(milliseconds: from + second * 1000), power: Power(microwatts: 5_000_001)))
    }
}

/// A meter that ran for ten seconds, and its state.
private func stopped() throws -> MeterState {
    var meter = Meter(configuration, bootID: boot, at: BootTime(milliseconds: 50_000))
    run(&meter, from: 50_000, seconds: 10)
    _ = try meter.closed(at: 60_000)
    run(&meter, from: 61_000, seconds: 3)
    return meter.state
}

private func encoded(_ state: MeterState) -> [UInt8] {
    var writer = CBORWriter()
    state.write(to: &writer)
    return writer.bytes
}

private func decoded(_ bytes: [UInt8]) throws -> MeterState {
    var reader = try CBORReader(bytes.span, limit: 1024)
    let state = try MeterState(from: &reader)
    try reader.finish()
    return state
}

@Suite struct MeterStateTests {
    @Test func `what is kept is the register at the last window's end`() throws {
        let state = try stopped()
        #expect(state.register == EnergyRegister(microjoules: 50_000_010))
        #expect(state.windowEnd == BootTime(milliseconds: 60_000))
        #expect(state.epoch == 1)
    }

    @Test func `after a restart of the program the register goes on and the time between is a gap`() throws {
        var meter = Meter(
            resuming: try stopped(), configuration, bootID: boot, at: BootTime(milliseconds: 70_000))
        #expect(meter.windowStart == BootTime(milliseconds: 60_000))
        run(&meter, from: 70_000, seconds: 10)
        let down = try meter.closed(at: 79_500, now: 80_000)
        #expect(down.registerStart == EnergyRegister(microjoules: 50_000_010))
        #expect(down.gap == .seconds(10))
        #expect(down.epoch == 1)
    }

    @Test func `the time a program was down can have a window of its own`() throws {
        var meter = Meter(
            resuming: try stopped(), configuration, bootID: boot, at: BootTime(milliseconds: 70_000))
        let down = try meter.closed(at: 70_000)
        #expect(down.gap == down.length)
        run(&meter, from: 70_000, seconds: 10)
        let up = try meter.closed(at: 80_000)
        #expect(up.start == down.end)
        #expect(up.gap == .zero)
        #expect(up.registerEnd == EnergyRegister(microjoules: 100_000_020))
    }

    @Test func `after a reboot the register goes on in the new boot's time`() throws {
        var meter = Meter(resuming: try stopped(), configuration, bootID: nextBoot, at: BootTime(milliseconds: 9000))
        run(&meter, from: 9000, seconds: 10)
        let window = try meter.closed(at: 19_000)
        #expect(window.bootID == nextBoot)
        #expect(window.start == BootTime(milliseconds: 9000))
        #expect(window.gap == .zero)
        #expect(window.registerStart == EnergyRegister(microjoules: 50_000_010))
        #expect(window.registerEnd == EnergyRegister(microjoules: 100_000_020))
        #expect(window.epoch == 1)
        #expect(window.epochReason == .firstStart)
    }

    @Test func `boot time that went back within a boot ends the epoch`() throws {
        let meter = Meter(resuming: try stopped(), configuration, bootID: boot, at: BootTime(milliseconds: 59_999))
        #expect(meter.epoch == 2)
        #expect(meter.epochReason == .clockWentBack)
        #expect(meter.register == .zero)
        #expect(meter.windowStart == BootTime(milliseconds: 60_000))
    }

    @Test func `a new epoch within a boot leaves no hole in time`() throws {
        var meter = Meter(
            following: try stopped(), configuration, bootID: boot, at: BootTime(milliseconds: 70_000),
            because: .sensorChanged)
        run(&meter, from: 70_000, seconds: 10)
        let window = try meter.closed(at: 80_000)
        #expect(window.start == BootTime(milliseconds: 60_000))
        #expect(window.gap == .seconds(10))
        #expect(window.epoch == 2)
        #expect(window.registerStart == .zero)
    }

    @Test func `another way of measuring ends the epoch`() throws {
        let meter = Meter(
            following: try stopped(), configuration, bootID: nextBoot, at: BootTime(milliseconds: 1),
            because: .sensorChanged)
        #expect(meter.epoch == 2)
        #expect(meter.epochReason == .sensorChanged)
        #expect(meter.windowStart == BootTime(milliseconds: 1))
    }

    @Test func `the remainder below a microjoule survives`() throws {
        var meter = Meter(configuration, bootID: boot, at: .origin)
        for time in 0...1500 {
            let at = BootTime(milliseconds: Int64(time))
            meter.record(MeterReading(at: at, power: Power(microwatts: 1)))
        }
        _ = try meter.closed(at: 1500)
        #expect(meter.register == EnergyRegister(microjoules: 1))
        var resumed = Meter(
            resuming: try decoded(encoded(meter.state)), configuration, bootID: nextBoot, at: .origin)
        for time in 0...500 {
            let at = BootTime(milliseconds: Int64(time))
            resumed.record(MeterReading(at: at, power: Power(microwatts: 1)))
        }
        #expect(resumed.register == EnergyRegister(microjoules: 2))
    }

    @Test func `a battery's debt survives`() throws {
        let battery = MeterConfiguration(
            samplePeriod: .seconds(1), sensorStep: .zero, direction: .netOutput)
        var meter = Meter(battery, bootID: boot, at: .origin)
        for (second, watts) in [5, 5, -5, -5].enumerated() {
            let at = BootTime(milliseconds: Int64(second) * 1000)
            meter.record(MeterReading(at: at, power: Power(milliwatts: Int64(watts) * 1000)))
        }
        _ = try meter.closed(at: 3000)
        var resumed = Meter(resuming: try decoded(encoded(meter.state)), battery, bootID: nextBoot, at: .origin)
        for second in 0...2 {
            let at = BootTime(milliseconds: Int64(second) * 1000)
            resumed.record(MeterReading(at: at, power: Power(milliwatts: 5000)))
        }
        // Ten joules out, five of them make up for the window before.
        #expect(resumed.register == EnergyRegister(microjoules: 10_000_000))
    }

    @Test func `the encoding is read back, and nothing else is`() throws {
        let state = try stopped()
        let bytes = encoded(state)
        #expect(try decoded(bytes) == state)
        for end in bytes.indices { #expect(throws: CBORError.self) { try decoded(Array(bytes[..<end])) } }
        #expect(throws: CBORError.trailingBytes(at: bytes.count)) { try decoded(bytes + [0]) }
        var unknownReason = bytes
        unknownReason[4] = 7
        #expect(throws: CBORError.invalidValue(at: 4)) { try decoded(unknownReason) }
    }
}
