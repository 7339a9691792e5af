import Quantities
import Testing

@testable import Telemetry

private func profile(_ name: String, _ set: (inout HardwareProfile.Recognition) -> Void = { _ in }) -> HardwareProfile {
    var profile = HardwareProfile(name: name, title: name)
    set(&profile.recognition)
    return profile
}

private let candidates = [
    profile("agx-orin-64gb") {
        $0.modules = ["p3701-0000", "p3701-0005"]
        $0.minimumMemory = .mebibytes(40_960)
    },
    profile("agx-orin-32gb") {
        $0.modules = ["p3701-0000", "p3701-0004"]
        $0.maximumMemory = .mebibytes(40_960)
    },
    profile("generic"),
    profile("laptop") { $0.battery = true },
    profile("orin-nano-8gb") { $0.modules = ["p3767-0005"] },
    profile("pc") {
        $0.firmwareTables = true
        $0.battery = false
    },
]

private func agxOrin(memory: ByteCount?) -> HardwareFacts {
    var facts = HardwareFacts()
    facts.compatible = ["nvidia,p3737-0000+p3701-0000", "nvidia,p3701-0000", "nvidia,tegra234"]
    facts.memory = memory
    return facts
}

@Suite struct `what a profile has in common with a machine` {
    @Test func `is told condition by condition, the one that is taken first`() throws {
        let matches = HardwareMatch.all(agxOrin(memory: .mebibytes(30_000)), among: candidates)
        #expect(matches.map { $0.profile.name } == ["agx-orin-32gb", "generic", "agx-orin-64gb"])
        #expect(matches.map { $0.fits } == [true, true, false])
        let checks = matches[2].checks
        #expect(checks.map { $0.condition } == [.deviceTree, .minimumMemory])
        #expect(checks.map { $0.holds } == [true, false])
        #expect(checks[0].wanted == "module p3701-0000")
        #expect(checks[0].found == "nvidia,p3737-0000+p3701-0000")
        #expect(checks[1].wanted == "at least 40960 MiB")
        #expect(checks[1].found == "30000 MiB")
    }

    @Test func `memory that is unknown refutes nothing`() {
        let matches = HardwareMatch.all(agxOrin(memory: nil), among: candidates)
        #expect(matches.prefix(2).map { $0.profile.name } == ["agx-orin-64gb", "agx-orin-32gb"])
        #expect(matches[0].checks[1].found == nil)
        #expect(matches[0].checks[1].holds)
    }

    @Test func `a module of the same family comes near`() {
        var facts = HardwareFacts()
        facts.compatible = ["nvidia,p3768-0000+p3767-0001", "nvidia,tegra234"]
        let matches = HardwareMatch.all(facts, among: candidates)
        #expect(matches.map { $0.profile.name } == ["generic", "orin-nano-8gb"])
    }

    @Test func `that something is absent makes no likeness`() {
        // A board without a device tree, tables or battery has that in common with most profiles.
        let matches = HardwareMatch.all(HardwareFacts(), among: candidates)
        #expect(matches.map { $0.profile.name } == ["generic"])
    }

    @Test func `a laptop is nearly a PC`() {
        var facts = HardwareFacts()
        facts.hasFirmwareTables = true
        facts.hasBattery = true
        let matches = HardwareMatch.all(facts, among: candidates)
        #expect(matches.map { $0.profile.name } == ["laptop", "generic", "pc"])
        #expect(matches[2].checks.map { $0.holds } == [true, false])
    }

    @Test(arguments: [nil, ByteCount.mebibytes(1), .mebibytes(40_960), .mebibytes(65_536)])
    func `the first match is what detection takes`(memory: ByteCount?) {
        var facts = agxOrin(memory: memory)
        for _ in 0..<4 {
            let first = HardwareMatch.all(facts, among: candidates).first { $0.fits }
            #expect(first?.profile == HardwareProfile.detect(facts, among: candidates))
            facts.compatible = Array(facts.compatible.dropFirst())
            facts.hasBattery.toggle()
        }
    }
}
