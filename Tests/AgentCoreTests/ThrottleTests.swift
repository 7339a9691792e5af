import Cryptography
import EnergyProofs
import Quantities
import Simulation
import Telemetry
import Testing

@testable import AgentCore

/// What slows a board down, as data.
@Suite struct ThrottleTests {
    private static func at(_ second: Int64) -> BootTime { BootTime(milliseconds: second * 1_000) }
    private static func alert(_ step: Int64) -> ThrottleReading {
        ThrottleReading(cause: "gpu-throttle-alert", state: step, maximum: 2)
    }
    private static func counter(_ count: Int64) -> ThrottleReading {
        ThrottleReading(cause: "over-current:3", state: count, maximum: nil)
    }

    @Test func `a cause begins and ends, with how long and how deep`() throws {
        var watch = ThrottleWatch()
        #expect(watch.record([Self.alert(0)], at: Self.at(0)).isEmpty)
        #expect(watch.causes.isEmpty)
        let began = watch.record([Self.alert(1)], at: Self.at(1))
        #expect(began.map { $0.text } == ["throttled: gpu-throttle-alert, step 1 of 2"])
        #expect(began.map { $0.level } == [.warning])
        #expect(watch.record([Self.alert(2)], at: Self.at(2)).isEmpty)
        #expect(watch.record([Self.alert(1)], at: Self.at(3)).isEmpty)
        var cause = try #require(watch.active.first)
        #expect(cause.since == Self.at(1) && cause.state == 1 && cause.depth == 2 && cause.events == 1)
        #expect(watch.reasons(from: Self.at(2), to: Self.at(3)) == ThrottleReasons([.thermalAlert]))
        let ended = watch.record([Self.alert(0)], at: Self.at(4))
        #expect(
            ended.map { $0.text } == ["no longer throttled: gpu-throttle-alert, after 3000 ms, at most step 2 of 2"])
        #expect(watch.active.isEmpty)
        cause = try #require(watch.causes.first)
        #expect(cause.time == .seconds(3) && cause.until == Self.at(4))
        #expect(watch.reasons(from: Self.at(0), to: Self.at(1)) == .none)
        #expect(watch.reasons(from: Self.at(3), to: Self.at(9)) == ThrottleReasons([.thermalAlert]))
        #expect(watch.reasons(from: Self.at(4), to: Self.at(9)) == .none)
    }

    @Test func `a counter acts while it rises, and where it stood before means nothing`() throws {
        var watch = ThrottleWatch()
        #expect(watch.record([Self.counter(27_390)], at: Self.at(0)).isEmpty)
        #expect(watch.active.isEmpty && watch.reasons(from: Self.at(0), to: Self.at(9)) == .none)
        #expect(
            watch.record([Self.counter(27_393)], at: Self.at(1)).map { $0.text } == ["over-current:3 counts 3 events"])
        _ = watch.record([Self.counter(27_400)], at: Self.at(2))
        var cause = try #require(watch.active.first)
        #expect(cause.events == 10 && cause.depth == 10 && cause.maximum == nil && cause.reason == .overCurrent)
        #expect(watch.reasons(from: Self.at(0), to: Self.at(9)) == ThrottleReasons([.overCurrent]))
        // It is quiet; that it does not rise for a moment does not end it.
        for second in 3...12 { #expect(watch.record([Self.counter(27_400)], at: Self.at(Int64(second))).isEmpty) }
        let ended = watch.record([Self.counter(27_400)], at: Self.at(13))
        #expect(ended.map { $0.text } == ["over-current:3 is quiet after 10 events within 2000 ms"])
        // What is logged is what status and metrics tell, without the time in which it was quiet.
        cause = try #require(watch.causes.first)
        #expect(cause.time == .seconds(2) && cause.until == Self.at(2))
        #expect(ended.map { $0.level } == [.info])
        // A reset is no event, and what is counted after it is.
        #expect(watch.record([Self.counter(5)], at: Self.at(14)).isEmpty)
        _ = watch.record([Self.counter(7)], at: Self.at(15))
        cause = try #require(watch.active.first)
        #expect(cause.events == 12 && cause.depth == 2)
    }

    @Test func `what is not heard of any more ends`() {
        var watch = ThrottleWatch()
        _ = watch.record([Self.alert(1)], at: Self.at(0))
        for second in 1...10 { #expect(watch.record([], at: Self.at(Int64(second))).isEmpty) }
        #expect(watch.active.count == 1)
        #expect(watch.record([], at: Self.at(11)).count == 1)
        #expect(watch.active.isEmpty)
    }

    @Test func `a window has the events that came in it, and not those that were seen when it closed`() {
        var watch = ThrottleWatch()
        let counts: [Int64] = [100, 100, 107, 107, 107, 107]
        for (index, count) in counts.enumerated() {
            _ = watch.record([Self.counter(count)], at: BootTime(milliseconds: Int64(index) * 1_000 + 500))
        }
        // It rose between 1.5 and 2.5 s, and is active for ten seconds more.
        #expect(watch.active.count == 1)
        #expect(watch.reasons(from: Self.at(0), to: Self.at(2)) == .none)
        #expect(watch.reasons(from: Self.at(2), to: Self.at(3)) == ThrottleReasons([.overCurrent]))
        #expect(watch.reasons(from: Self.at(3), to: Self.at(5)) == .none)
        #expect(watch.causes.first?.time == .seconds(1))
        // An event that is seen where a window ends was in it.
        #expect(watch.reasons(from: Self.at(0), to: BootTime(milliseconds: 2_500)) == ThrottleReasons([.overCurrent]))
        #expect(watch.reasons(from: BootTime(milliseconds: 2_500), to: Self.at(5)) == .none)
    }

    @Test func `a step that is not heard of for a moment is still in force in a window, and its time waits`() {
        var watch = ThrottleWatch()
        _ = watch.record([Self.alert(1)], at: Self.at(0))
        _ = watch.record([], at: Self.at(1))
        #expect(watch.reasons(from: Self.at(1), to: Self.at(2)) == ThrottleReasons([.thermalAlert]))
        #expect(watch.causes.first?.time == .zero)
        _ = watch.record([Self.alert(1)], at: Self.at(2))
        #expect(watch.causes.first?.time == .seconds(2))
        for second in 3...20 { _ = watch.record([], at: Self.at(Int64(second))) }
        #expect(watch.causes.first?.time == .seconds(2) && watch.causes.first?.until == Self.at(2))
        #expect(watch.reasons(from: Self.at(3), to: Self.at(20)) == .none)
    }

    @Test func `more comings and goings than are kept lose no reason`() {
        var watch = ThrottleWatch()
        let last = Int64(SourceLimits.throttleStretches) * 4
        for second in 0...last { _ = watch.record([Self.alert(second % 2)], at: Self.at(second)) }
        for start in stride(from: Int64(0), to: last - 10, by: 10) {
            #expect(watch.reasons(from: Self.at(start), to: Self.at(start + 10)) == ThrottleReasons([.thermalAlert]))
        }
        #expect(watch.causes.first?.time == .seconds(last / 2))
    }

    @Test func `a cause that comes and goes every second is told once a minute`() throws {
        var watch = ThrottleWatch()
        var lines: [String] = []
        for second in 0..<600 {
            lines += watch.record([Self.alert(Int64(second % 2))], at: Self.at(Int64(second))).map { $0.text }
        }
        #expect(lines.count <= 20)
        #expect(lines.contains { $0.hasSuffix("it also began 29 times since it was last told") })
        #expect(watch.causes.first?.events == 300)
    }

    @Test func `more causes than are followed are left out`() {
        var watch = ThrottleWatch()
        let readings = (0..<200).map { ThrottleReading(cause: "devfreq-\($0)", state: 1, maximum: 3) }
        #expect(watch.record(readings, at: Self.at(0)).count == SourceLimits.throttleCauses)
        #expect(watch.causes.count == SourceLimits.throttleCauses)
    }

    @Test func `a cause that says nothing about throttling is none`() {
        var watch = ThrottleWatch()
        let readings = [
            ThrottleReading(cause: "pwm-fan", state: 2, maximum: 3),
            ThrottleReading(cause: "nvml:idle", state: 1, maximum: 1),
        ]
        #expect(watch.record(readings, at: Self.at(0)).isEmpty && watch.causes.isEmpty)
    }

    // MARK: On a board

    private func lastPage(of fleet: ScriptedFleet) throws -> EnergyCapacityProof {
        try #require(fleet.sources(of: 0).first?.lastPage)
    }

    @Test(
        arguments: [
            ("gpu-throttle-alert", .thermalAlert), ("devfreq-gpu-gpc-0", .clockCap), ("cpufreq-cpu0", .clockCap),
            ("thermal-cpufreq-0", .clockCap), ("17000000.gpu", .clockCap), ("devfreq-17000000.gpu", .clockCap),
            ("nvml:software-power-cap", .softwarePowerCap), ("nvml:hardware-slowdown", .hardwareSlowdown),
            ("nvml:power-brake", .powerBrake),
        ] as [(String, ThrottleReason)])
    func `a page names the reason, and its capacity stays below the mean while it acts`(
        cause: String, reason: ThrottleReason
    ) throws {
        try #require(prepareCryptography())
        var fleet = try ScriptedFleet(boards: 2)
        #expect(try lastPage(of: fleet).throttle == .none)
        fleet.setThrottle(of: 0, cause, step: 1)
        fleet.pass(milliseconds: 30_000)
        var page = try lastPage(of: fleet)
        #expect(page.throttle == ThrottleReasons([reason]))
        #expect(page.capacity <= page.mean)
        #expect(fleet.throttleCauses(of: 0).map { $0.cause } == [cause])
        fleet.setThrottle(of: 0, cause, step: 0)
        fleet.pass(milliseconds: 30_000)
        page = try lastPage(of: fleet)
        #expect(page.throttle == .none && page.capacity == Power(milliwatts: 15_000))
        #expect(fleet.throttleCauses(of: 0).first?.isActive == false)
        #expect(fleet.finding == nil)
    }

    @Test func `an over-current counter that never stops rising is told, and lowers nothing`() throws {
        try #require(prepareCryptography())
        var fleet = try ScriptedFleet(boards: 2)
        fleet.setOverCurrent(of: 0, count: 20_000)
        for step in 1...60 {
            fleet.pass(milliseconds: 1_000)
            fleet.setOverCurrent(of: 0, count: 20_000 + Int64(step) * 8)
        }
        fleet.pass(milliseconds: 5_000)
        let page = try lastPage(of: fleet)
        #expect(page.throttle == ThrottleReasons([.overCurrent]))
        #expect(page.capacity == Power(milliwatts: 15_000))
        #expect(fleet.throttleCauses(of: 0).first?.events == 480)
        #expect(fleet.finding == nil)
    }

    @Test func `one step of an over-current counter is on one page`() throws {
        try #require(prepareCryptography())
        var fleet = try ScriptedFleet(boards: 2)
        fleet.setOverCurrent(of: 0, count: 20_000)
        fleet.pass(milliseconds: 33_000)
        fleet.setOverCurrent(of: 0, count: 20_007)
        fleet.pass(milliseconds: 90_000)
        fleet.write(0)
        let pages = try fleet.pages(of: 0, PageKeys.board).map { try ProofPage(decoding: $0).proof }
        #expect(pages.count > 8)
        #expect(pages.count { !$0.throttle.isEmpty } == 1)
        let cause = try #require(fleet.throttleCauses(of: 0).first)
        // No more than the time between two samples.
        #expect(cause.events == 7 && cause.time <= .milliseconds(2_000) && cause.time > .zero)
        #expect(fleet.finding == nil)
    }

    @Test func `capacity falls in a straight line from the soft limit to the throttle limit`() throws {
        try #require(prepareCryptography())
        var fleet = try ScriptedFleet(boards: 2)
        // The simulated zone wavers by half a degree; the limits are 85 and 95 °C.
        fleet.setHeat(of: 0, millidegrees: 90_000)
        fleet.pass(milliseconds: 30_000)
        let capacity = try lastPage(of: fleet).capacity
        #expect((Power(milliwatts: 6_700)...Power(milliwatts: 8_300)).contains(capacity))
        fleet.setHeat(of: 0, millidegrees: 96_000)
        fleet.pass(milliseconds: 30_000)
        #expect(try lastPage(of: fleet).capacity == .zero)
    }
}
