import Foundation
import Quantities
import Telemetry
import Testing

@testable import Configuration

private let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "hardware-profiles")

private func refusal(_ text: String) -> String? {
    do throws(YAMLError) {
        _ = try HardwareProfileFile.parse(Array(text.utf8), file: "board.yaml")
        return nil
    } catch {
        return error.explanation
    }
}

private func profile(_ name: String) throws -> HardwareProfile {
    try #require(try HardwareProfileFile.builtIn().first { $0.name == name })
}

@Suite struct `hardware profile files` {
    @Test func `are all built in, byte for byte`() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path()).filter { $0.hasSuffix(".yaml") }
        let builtIn = try HardwareProfileFile.builtIn()
        #expect(builtIn.map { $0.name + ".yaml" }.sorted() == files.sorted())
        for profile in builtIn {
            let bytes = [UInt8](try Data(contentsOf: folder.appending(path: profile.name + ".yaml")))
            #expect(try HardwareProfileFile.parse(bytes, file: profile.name + ".yaml") == profile)
        }
    }

    @Test(arguments: [
        ("nvidia,p3768-0000+p3767-0003", "orin-nano-8gb"), ("nvidia,p3768-0000+p3767-0005-super", "orin-nano-8gb"),
        ("nvidia,p3768-0000+p3767-0004-super", "orin-nano-4gb"), ("nvidia,p3768-0000+p3767-0000", "orin-nx-16gb"),
        ("nvidia,p3768-0000+p3767-0001", "orin-nx-8gb"), ("nvidia,p3737-0000+p3701-0000", "agx-orin-64gb"),
        ("nvidia,p3737-0000+p3701-0005", "agx-orin-64gb"), ("nvidia,p3737-0000+p3701-0004", "agx-orin-32gb"),
        ("nvidia,p4071-0000+p3834-0008", "agx-thor"), ("nvidia,p3509-0000+p3668-0001", "xavier-nx"),
        ("nvidia,p2972-0000", "agx-xavier"), ("nvidia,p2822-0000+p2888-0004", "agx-xavier"),
        ("nvidia,p3449-0000-b00+p3448-0000-b00", "nano"), ("nvidia,p2597-0000+p3310-1000", "tx2"),
        ("nvidia,quill", "tx2"),
        ("raspberrypi,5-model-b", "rpi5"), ("nvidia,p2371-2180", "generic"),
    ])
    func `recognise their boards`(compatible: String, name: String) throws {
        var facts = HardwareFacts()
        facts.compatible = [compatible, "nvidia,tegra234"]
        #expect(HardwareProfile.detect(facts, among: try HardwareProfileFile.builtIn())?.name == name)
    }

    @Test(arguments: [
        ("orin-nano-8gb", "25W", 25_000), ("orin-nano-8gb", "7W", 7000), ("orin-nano-4gb", "7W_CPU", 7000),
        ("orin-nx-16gb", "40W", 40_000), ("orin-nx-8gb", "20W", 20_000), ("agx-orin-64gb", "MODE_50W", 50_000),
        ("agx-orin-32gb", "MODE_40W", 40_000), ("agx-thor", "120W", 120_000), ("agx-thor", "MAXN", 130_000),
        ("nano", "MAXN", 10_000), ("nano", "5W", 5000), ("xavier-nx", "MODE_20W_6CORE", 20_000),
        // Names that no profile lists, and that claim more than the module can have.
        ("orin-nano-8gb", "MY_9000W", 25_000), ("agx-thor-t4000", "120W", 70_000), ("agx-thor", "9999W", 130_000),
    ])
    func `know the power of the modes`(name: String, mode: String, milliwatts: Int64) throws {
        #expect(try profile(name).rated(modeNamed: mode) == Power(milliwatts: milliwatts))
    }

    @Test func `make totals that contain no rail twice over`() throws {
        for profile in try HardwareProfileFile.builtIn() {
            for rule in profile.totals where rule.rails.count > 1 {
                #expect(!rule.rails.contains { profile.role(ofRail: $0) == .total }, "\(profile.name)")
            }
            #expect(profile.thermal.soft < profile.thermal.throttle)
        }
        #expect(try profile("agx-orin-64gb").totals.map { $0.text } == ["VDD_GPU_SOC+VDD_CPU_CV+VIN_SYS_5V0"])
        #expect(try profile("agx-thor").totals.map { $0.text } == ["VIN", "VDD_GPU+VDD_CPU_SOC_MSS+VIN_SYS_5V0"])
    }

    @Test func `give the step of their sensors`() throws {
        let thor = try profile("agx-thor")
        let bound = TotalPower(power: .zero, isComplete: true, rails: thor.totals[1].rails, scope: thor.totals[1].scope)
        #expect(thor.powerStep(of: bound) == Power(milliwatts: 393 + 393 + 101))
    }

    @Test func `of an operator replace ours or stand before them`() throws {
        let own = HardwareProfile(name: "nano", title: "mine")
        let new = HardwareProfile(name: "carrier-x", title: "new")
        let builtIn = try HardwareProfileFile.builtIn()
        let merged = HardwareProfileFile.merging([own, new], into: builtIn)
        #expect(merged.count == builtIn.count + 1)
        #expect(merged.first?.name == "carrier-x")
        #expect(merged.first { $0.name == "nano" }?.title == "mine")
    }

    @Test(arguments: [
        (
            "titel: x",
            "board.yaml:1: titel: unknown key, perhaps 'title' is meant; allowed here: family, gpu, "
                + "memory_reserve_mib, module_rating_milliwatts, power_modes, priors, rails, recognise, thermal, "
                + "title, totals"
        ),
        (
            "rails:\n  - {name: A, role: gpus}",
            "board.yaml:2: rails[0].role: 'gpus' is not allowed; allowed: total, cpu-gpu, gpu, cpu, "
                + "gpu-soc, cpu-cv, cpu-soc-memory, soc, sys5v, memory, other"
        ),
        ("rails:\n  - {role: gpu}", "board.yaml:2: rails[0].name: the key is required"),
        (
            "rails:\n  - {name: A, role: gpu}\n  - {name: A, role: cpu}",
            "board.yaml:3: rails[1].name: 'A' again is not allowed; allowed: every name once"
        ),
        (
            "rails:\n  - {name: A, role: gpu, step_milliwatts: -1}",
            "board.yaml:2: rails[0].step_milliwatts: -1 is not allowed; allowed: 0 … 1000000000"
        ),
        (
            "rails: [{name: A, role: gpu}]\ntotals:\n  - {rails: [B], scope: module}",
            "board.yaml:3: totals[0].rails: 'B' is not allowed; allowed: rails of this file: A"
        ),
        (
            "rails: [{name: A, role: gpu}]\ntotals:\n  - {rails: [A, A], scope: module}",
            "board.yaml:3: totals[0].rails: 'A' twice is not allowed; allowed: every rail once"
        ),
        (
            "rails: [{name: A, role: total}, {name: B, role: gpu}]\ntotals:\n  - {rails: [A, B], scope: module}",
            "board.yaml:3: totals[0].rails: 'A' in a sum is not allowed; allowed: a rail of role total by itself"
        ),
        (
            "rails: [{name: A, role: gpu}]\ntotals:\n  - {rails: [], scope: module}",
            "board.yaml:3: totals[0].rails: an empty list is not allowed; allowed: names of rails of this file"
        ),
        (
            "rails: [{name: A, role: gpu}]\ntotals:\n  - {rails: [A], scope: all}",
            "board.yaml:3: totals[0].scope: 'all' is not allowed; allowed: module, module-lower-bound, "
                + "board, cpu-package, cpu-package+gpu-board, gpu-board, internal-rails, battery"
        ),
        (
            "thermal:\n  soft_millidegrees: 99000\n  throttle_millidegrees: 99000",
            "board.yaml:3: thermal.throttle_millidegrees: throttle 99000, soft 99000 is not allowed; "
                + "allowed: a throttle limit above the soft limit"
        ),
        (
            "thermal:\n  soft_millidegrees: warm",
            "board.yaml:2: thermal.soft_millidegrees: expected a whole number, found 'warm'"
        ),
        (
            "thermal:\n  soft_millidegrees: 99",
            "board.yaml:2: thermal.soft_millidegrees: 99 is not allowed; allowed: 1000 … 150000"
        ),
        (
            "recognise:\n  minimum_memory_mib: 2\n  maximum_memory_mib: 1",
            "board.yaml:3: recognise.maximum_memory_mib: less than minimum_memory_mib is not allowed; "
                + "allowed: minimum_memory_mib or more"
        ),
        ("recognise:\n  battery: yes", "board.yaml:2: recognise.battery: expected true or false, found 'yes'"),
        (
            "gpu:\n  load: [/etc/passwd]",
            "board.yaml:2: gpu.load: '/etc/passwd' is not allowed; allowed: paths that begin with /sys/"
        ),
        (
            "gpu:\n  devfreq: [../x]",
            "board.yaml:2: gpu.devfreq: '../x' is not allowed; allowed: names under /sys/class/devfreq"
        ),
        ("power_modes:\n  - {name: 5W}", "board.yaml:2: power_modes[0].rated_milliwatts: the key is required"),
        (
            "priors: {core_speed_permille: 0}",
            "board.yaml:1: priors.core_speed_permille: 0 is not allowed; allowed: 1 … 1000000"
        ),
    ])
    func `are refused with line, key and what is allowed`(text: String, explanation: String) {
        #expect(refusal(text) == explanation)
    }

    @Test(arguments: ["Board.yaml", ".yaml", "a b.yaml", "a_b.yaml", ""])
    func `need a file name that can be a profile's`(file: String) {
        #expect(throws: YAMLError.self) { try HardwareProfileFile.parse(Array("title: x".utf8), file: file) }
    }
}
