import Foundation
import Telemetry
import TestKit
import Testing
import Wire

@testable import Configuration
@testable import sage_edge

/// A profile in which every key stands, each with a value of its own, and with another one that it could have.
private let keys: [(key: String, value: String, other: String)] = [
    ("title", "Board", "Plank"), ("family", "acme-board", "acme-plank"), ("recognise.modules", "p1111", "p2222"),
    ("recognise.compatible", "acme", "emca"),
    ("recognise.minimum_memory_mib", "1024", "1536"), ("recognise.maximum_memory_mib", "9216", "8192"),
    ("recognise.firmware_tables", "true # tables", "false # tables"),
    ("recognise.battery", "false # battery", "true # battery"), ("rails.name", "VIN", "VOUT"),
    ("rails.role", "total", "memory"), ("rails.chip", "ina999", "ina888"), ("rails.step_milliwatts", "7", "8"),
    ("totals.rails", "VGPU", "VCPU"), ("totals.scope", "internal-rails", "cpu-package"),
    ("power_modes.name", "FAST", "SLOW"), ("power_modes.rated_milliwatts", "15001", "15002"),
    ("module_rating_milliwatts", "40001", "40002"), ("thermal.soft_millidegrees", "81100", "82200"),
    ("thermal.throttle_millidegrees", "93300", "94400"), ("thermal.die_zones", "core", "tile"),
    ("memory_reserve_mib", "300", "600"), ("gpu.load", "/sys/load", "/sys/busy"), ("gpu.devfreq", "gpu0", "gpu1"),
    ("priors.idle_milliwatts", "5001", "5002"), ("priors.core_milliwatts", "1501", "1502"),
    ("priors.gpu_milliwatts", "2501", "2502"), ("priors.core_speed_permille", "1234", "4321"),
]

/// The file, with what `changed` names in its other value, and one more key where `intruder` stands.
private func file(changed: String? = nil, intruder: String? = nil) -> String {
    func value(_ key: String) -> String {
        guard let entry = keys.first(where: { $0.key == key }) else { return "" }
        return key == changed ? entry.other : entry.value
    }
    func extra(_ path: String, _ indent: String) -> String { path == intruder ? indent + "intruder: 1\n" : "" }
    func list(_ key: String) -> String { "[" + value(key) + "]" }
    var text = "title: \(value("title"))\nfamily: \(value("family"))\n" + extra("", "")
    text += "recognise:\n" + extra("recognise", "  ")
    for name in ["modules", "compatible"] { text += "  \(name): \(list("recognise." + name))\n" }
    for name in ["minimum_memory_mib", "maximum_memory_mib", "firmware_tables", "battery"] {
        text += "  \(name): \(value("recognise." + name))\n"
    }
    text += "rails:\n  - name: \(value("rails.name"))\n" + extra("rails", "    ")
    for name in ["role", "chip", "step_milliwatts"] { text += "    \(name): \(value("rails." + name))\n" }
    text += "  - {name: VGPU, role: gpu}\n  - {name: VCPU, role: cpu}\n"
    text += "totals:\n  - rails: \(list("totals.rails"))\n" + extra("totals", "    ")
    text += "    scope: \(value("totals.scope"))\n"
    text += "power_modes:\n  - name: \(value("power_modes.name"))\n" + extra("power_modes", "    ")
    text += "    rated_milliwatts: \(value("power_modes.rated_milliwatts"))\n"
    text += "module_rating_milliwatts: \(value("module_rating_milliwatts"))\n"
    text += "thermal:\n" + extra("thermal", "  ")
    for name in ["soft_millidegrees", "throttle_millidegrees"] { text += "  \(name): \(value("thermal." + name))\n" }
    text += "  die_zones: \(list("thermal.die_zones"))\nmemory_reserve_mib: \(value("memory_reserve_mib"))\n"
    text += "gpu:\n" + extra("gpu", "  ") + "  load: \(list("gpu.load"))\n  devfreq: \(list("gpu.devfreq"))\n"
    text += "priors:\n" + extra("priors", "  ")
    for entry in keys where entry.key.hasPrefix("priors.") {
        text += "  \(entry.key.dropFirst("priors.".count)): \(value(entry.key))\n"
    }
    return text
}

private func shown(_ text: String) throws -> (text: String, json: String) {
    let profile = try HardwareProfileFile.parse(Array(text.utf8), file: "board.yaml")
    let located = ConfigurationFiles.LocatedProfile(profile: profile, file: nil, replacesBuiltIn: false)
    var json = JSONWriter()
    json.beginObject()
    json.member("title", profile.title)
    profile.write(to: &json)
    json.endObject()
    return (located.text, json.text)
}

@Suite(.timeLimit(.minutes(10))) struct `what is shown of a hardware profile` {
    @Test func `every key that is read is in this test`() throws {
        var read: Set<String> = []
        let mappings = ["", "recognise", "rails", "totals", "power_modes", "thermal", "gpu", "priors"]
        for mapping in mappings {
            do throws(YAMLError) {
                _ = try HardwareProfileFile.parse(Array(file(intruder: mapping).utf8), file: "board.yaml")
                Issue.record("a key that nobody knows was taken in '\(mapping)'")
            } catch {
                guard case .unknownKey(_, let allowed) = error.problem else {
                    Issue.record("\(error.explanation)")
                    continue
                }
                read.formUnion(allowed.map { mapping.isEmpty ? $0 : mapping + "." + $0 })
            }
        }
        // The sections themselves are no keys with a value.
        #expect(read.subtracting(mappings) == Set(keys.map { $0.key }))
    }

    @Test(arguments: keys.map { $0.key }) func `another value of a key is another text and another object`(key: String)
        throws
    {
        let (before, after) = (try shown(file()), try shown(file(changed: key)))
        #expect(before.text != after.text)
        #expect(before.json != after.json)
    }

    @Test func `every built-in file comes back by --yaml as it is, and is read as the same profile`() throws {
        let folder = Repository.root.appendingPathComponent("hardware-profiles")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yaml") }
        let builtIn = try HardwareProfileFile.builtIn()
        #expect(Set(files) == Set(builtIn.map { $0.name + ".yaml" }))
        for profile in builtIn {
            let printed = try BuiltProgram.run(["profile", "show", profile.name, "--yaml"]).output
            let written = folder.appendingPathComponent(profile.name + ".yaml")
            #expect(printed == (try String(contentsOf: written, encoding: .utf8)), "\(profile.name)")
            #expect(try HardwareProfileFile.parse(Array(printed.utf8), file: profile.name + ".yaml") == profile)
        }
    }
}
