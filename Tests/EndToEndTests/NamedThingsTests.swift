import Configuration
import Foundation
import Platform
import Quantities
import Telemetry
import TestKit
import Testing

@testable import sage_edge

@Suite struct `what a configuration names` {
    /// The warnings about sources on the board of a captured tree.
    private func warnings(_ tree: String, _ sources: [(name: String, path: String)]) throws -> [String] {
        var configuration = try AgentConfiguration(ConfigurationSources(files: []))
        configuration.telemetry.sysroot = Fixtures.url("telemetry/sysfs/" + tree).path
        configuration.energy.sources = try sources.map { name, path in
            let kind = try #require(name.split(separator: ":").first.flatMap { SourceKind(name: String($0)) })
            return SourceDeclaration(name: name, kind: kind, evidence: .metered, origin: .path(path))
        }
        let named = NamedThings(configuration, try HardwareProfileFile.builtIn())
        #expect(named.missing == [])
        return named.warnings
    }

    @Test func `is one source for one meter, by whatever path`() throws {
        let battery = "/sys/class/power_supply/BAT0"
        #expect(try warnings("laptop-battery", [("battery:mine", battery)]) == [])
        let warnings = try warnings(
            "laptop-battery",
            [
                ("battery:a", battery), ("battery:b", battery + "/power_now"), ("battery:c", battery + "//"),
                ("battery:mouse", "/sys/class/power_supply/hidpp_battery_0"),
            ])
        #expect(warnings.count == 3)
        for (index, name) in [(1, "battery:b"), (2, "battery:c")] {
            let words = "energy.sources[\(index)]: \(name): its meter is the one that battery:a is read from"
            #expect(warnings.contains { $0.contains(words) })
        }
        #expect(warnings.contains { $0.contains("battery:mouse: it is the battery of a device, such as a mouse") })
    }

    @Test(arguments: [
        ("orin-nano", "/sys/class/hwmon/hwmon1"), ("pc-rapl-nvme-coretemp", "/sys/class/powercap/intel-rapl:0"),
    ]) func `is not the board once more`(tree: String, path: String) throws {
        let warnings = try warnings(tree, [("solar:own", path)])
        // What cannot be read is told besides.
        #expect(warnings.contains { $0.contains("solar:own: its meter is one of the board's own") })
    }

    @Test func `is a file, where one is to be read, and no pipe that nobody writes to`() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("pipe-" + UUID().uuidString).path
        #expect(mkfifo(path, 0o600) == 0)
        defer { unlink(path) }
        do throws(Failure) {
            _ = try readFile(path, limit: 100)
            Issue.record("a pipe was read")
        } catch {
            #expect(error.code == .badData)
            #expect(error.message == "\(path) is a named pipe, and no file")
        }
        #expect(try readFile("/dev/null", limit: 100) == [])
    }

    @Test func `gets what is written to it, be it a device, a pipe or what a link leads to`() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("named-" + UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (pipe, link, file) = (folder + "/pipe", folder + "/link", folder + "/file")
        #expect(mkfifo(pipe, 0o600) == 0 && symlink("file", link) == 0)
        let reader = open(pipe, O_RDONLY | O_NONBLOCK)
        try #require(reader >= 0)
        defer { close(reader) }
        for path in [pipe, link, "/dev/null"] { try writeFile(path, Array("energy".utf8)) }
        var bytes = [UInt8](repeating: 0, count: 16)
        #expect(read(reader, &bytes, 16) == 6)
        #expect(bytes.prefix(6).elementsEqual("energy".utf8))
        #expect(try readFile(file, limit: 100) == Array("energy".utf8))
        for (path, kind) in [(pipe, FileKind.pipe), (link, .link), ("/dev/null", .characterDevice)] {
            #expect(try FileSystem.status(path, followingLink: false)?.kind == kind)
        }
    }
}
