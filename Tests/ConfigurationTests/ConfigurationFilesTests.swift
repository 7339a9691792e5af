import Cryptography
import Foundation
import Platform
import Telemetry
import TestKit
import Testing

@testable import Configuration

private func write(_ text: String, _ folder: URL, _ path: String, mode: Int = 0o644) throws {
    let url = folder.appendingPathComponent(path)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: url.path)
}

private func explanation(_ body: () throws(ConfigurationError) -> Void) -> String? {
    do throws(ConfigurationError) {
        try body()
        return nil
    } catch { return error.explanation }
}

@Suite struct `configuration files` {
    @Test func `are read in their order`() throws {
        try withTemporaryFolder { folder in
            let files = ConfigurationFiles(folder: folder.path)
            #expect(try files.load().files == [])
            try write("memory: {reserve_mib: 1}\nexecutors: {concurrent: 1}", folder, "config.yaml")
            try write("memory: {reserve_mib: 2}", folder, "conf.d/20-b.yaml")
            try write("memory: {reserve_mib: 3}", folder, "conf.d/10-a.yaml")
            try write("memory: {reserve_mib: 4}", folder, "conf.d/30.yaml.dpkg-old")
            try write("memory: {reserve_mib: 5}", folder, "conf.d/.40.yaml")
            let read = try files.load()
            #expect(
                read.files == ["config.yaml", "conf.d/10-a.yaml", "conf.d/20-b.yaml"].map { folder.path + "/" + $0 })
            #expect(read.memoryReserve == .mebibytes(2))
            #expect(read.executors.concurrent == 1)
            #expect(read.origin(of: "federation.platform") == .hostName)
        }
    }

    @Test func `that the command line names are read alone, and must be there`() throws {
        try withTemporaryFolder { folder in
            try write("memory: {reserve_mib: 1}", folder, "own.yaml")
            try write("memory: {reserve_mib: 2}", folder, "conf.d/10.yaml")
            let own = folder.path + "/own.yaml"
            #expect(try ConfigurationFiles(given: own).load().memoryReserve == .mebibytes(1))
            let absent = folder.path + "/absent.yaml"
            #expect(
                explanation { () throws(ConfigurationError) in _ = try ConfigurationFiles(given: absent).load() }
                    == "open \(absent): No such file or directory")
        }
    }

    @Test func `are refused with their path`() throws {
        try withTemporaryFolder { folder in
            try write("energy:\n  supply: 5\n", folder, "config.yaml")
            let text = explanation { () throws(ConfigurationError) in
                _ = try ConfigurationFiles(folder: folder.path).load()
            }
            #expect(text?.hasPrefix(folder.path + "/config.yaml:2: energy.supply: unknown key") == true)
        }
    }

    @Test func `beyond the limit are refused`() throws {
        try withTemporaryFolder { folder in
            for number in 0...ConfigurationLimits.dropIns { try write("", folder, "conf.d/\(number).yaml") }
            let files = ConfigurationFiles(folder: folder.path)
            #expect(
                explanation { () throws(ConfigurationError) in _ = try files.load() }
                    == "\(folder.path)/conf.d holds 65 configuration files; at most 64 are read")
        }
    }

    @Test func `lie where the service manager, the system or the user has them`() {
        #expect(ConfigurationFiles(given: "x.yaml").main == "x.yaml")
        #expect(ConfigurationFiles(given: "x.yaml").folder == nil)
        func folder(_ environment: [String: String], isRoot: Bool) -> String {
            ConfigurationFiles.defaultFolder(isRoot: isRoot, home: environment["HOME"] ?? "/users/listed") {
                environment[$0]
            }
        }
        let home = ["HOME": "/users/dana"]
        #expect(folder(["CONFIGURATION_DIRECTORY": "/etc/sage-edge:/etc/other"], isRoot: false) == "/etc/sage-edge")
        #expect(folder(["CONFIGURATION_DIRECTORY": "/etc/x"], isRoot: true) == "/etc/x")
        #expect(folder(home, isRoot: true) == "/etc/sage-edge")
        #expect(folder(home, isRoot: false) == "/users/dana/.config/sage-edge")
        #expect(folder(["XDG_CONFIG_HOME": "/x", "HOME": "/h"], isRoot: false) == "/x/sage-edge")
        #expect(folder(["XDG_CONFIG_HOME": "relative", "HOME": "/h"], isRoot: false) == "/h/.config/sage-edge")
    }

    @Test func `bring an operator's own profiles`() throws {
        try withTemporaryFolder { folder in
            let files = ConfigurationFiles(folder: folder.path)
            let builtIn = try HardwareProfileFile.builtIn()
            #expect(try files.profiles(for: try files.load()) == builtIn)
            try write("title: Mine\n", folder, "profiles/nano.yaml")
            try write("title: New\n", folder, "other/carrier-x.yaml")
            let profiles = try files.profiles(for: try files.load())
            #expect(profiles.count == builtIn.count)
            #expect(profiles.first { $0.name == "nano" }?.title == "Mine")
            let located = try files.locatedProfiles(for: try files.load())
            #expect(located.filter { $0.file != nil }.map { $0.file } == [folder.path + "/profiles/nano.yaml"])
            #expect(located.filter { $0.replacesBuiltIn }.map { $0.profile.name } == ["nano"])
            try write("telemetry: {profiles: other, profile: carrier-x}", folder, "config.yaml")
            let others = try files.profiles(for: try files.load())
            #expect(others.first?.title == "New")
            let new = try files.locatedProfiles(for: try files.load()).first
            #expect(new?.file == folder.path + "/other/carrier-x.yaml")
            #expect(new?.replacesBuiltIn == false)
            #expect(others.first { $0.name == "nano" }?.title != "Mine")
            try write("telemetry: {profiles: gone}", folder, "config.yaml")
            #expect(throws: ConfigurationError.self) { try files.profiles(for: try files.load()) }
            try write("titel: x\n", folder, "profiles/nano.yaml")
            try write("", folder, "config.yaml")
            #expect(
                explanation { () throws(ConfigurationError) in _ = try files.profiles(for: try files.load()) }?
                    .hasPrefix(folder.path + "/profiles/nano.yaml:1: titel: unknown key, perhaps 'title' is meant")
                    == true)
        }
    }

    @Test func `bring an operator's own profiles beside the one that the command line names`() throws {
        try withTemporaryFolder { folder in
            try write("title: Mine\n", folder, "profiles/nano.yaml")
            try write("", folder, "own.yaml")
            let files = ConfigurationFiles(given: folder.path + "/own.yaml")
            let located = try files.locatedProfiles(for: try files.load())
            #expect(located.filter { $0.file != nil }.map { $0.file } == [folder.path + "/profiles/nano.yaml"])
            let bare = try configuration("")
            #expect(ConfigurationFiles(given: "own.yaml").profilesFolder(for: bare) == "profiles")
            #expect(ConfigurationFiles(given: "/own.yaml").profilesFolder(for: bare) == "/profiles")
        }
    }

    @Test func `are not read from standard input, which ends`() {
        #expect(throws: ConfigurationError.standardInput) { try ConfigurationFiles(given: "-").load() }
    }

    @Test func `tell in which line each element of a list stands`() throws {
        let read = try configuration("link:\n  peers:\n    - a.node\n    - b.node\n")
        #expect(read.origin(ofElement: 1, of: "link.peers") == .file("c.yaml", line: 4))
        #expect(read.origin(ofElement: 2, of: "link.peers") == read.origin(of: "link.peers"))
        #expect(read.origin(ofElement: 0, of: "energy.sources") == .builtIn)
    }

    @Test func `that name a profile nobody has are refused`() throws {
        let read = try configuration("telemetry: {profile: agx-tor}")
        let profiles = ["b", "a"].map { HardwareProfile(name: $0, title: $0) }
        #expect(
            read.refusalOfProfile(among: profiles)?.explanation
                == "c.yaml:1: telemetry.profile: 'agx-tor' is not allowed; allowed: a, b")
        #expect(read.refusalOfProfile(among: [HardwareProfile(name: "agx-tor", title: "")]) == nil)
        #expect(try configuration("").refusalOfProfile(among: []) == nil)
    }

    @Test func `bring the texts of node records`() throws {
        try withTemporaryFolder { folder in
            try write("one", folder, "a.node")
            try write("two", folder, "peers/b.node")
            try write("link: {peers: [a.node, peers/b.node]}", folder, "config.yaml")
            let files = ConfigurationFiles(folder: folder.path)
            #expect(try files.load().peerRecords() == ["one", "two"])
            try write("link: {peers: [c.node]}", folder, "config.yaml")
            #expect(
                explanation { () throws(ConfigurationError) in _ = try files.load().peerRecords() }
                    == "open \(folder.path)/c.node: No such file or directory")
        }
    }

    @Test func `are not the only place that is looked at`() {
        let environment = Array("HOME=/h\u{0}SAGE_EDGE_LINK_LISTN=1\u{0}EMPTY\u{0}A=B=C\u{0}".utf8)
        #expect(ConfigurationEnvironment.names(in: environment) == ["HOME", "SAGE_EDGE_LINK_LISTN", "EMPTY", "A"])
        #expect(ConfigurationEnvironment.names(in: []) == [])
    }
}

@Suite struct `the shared secret` {
    private static let hex = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    private static let base64 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

    /// What is wrong with a key file of this text and mode; nil where nothing is.
    private func refusal(_ text: String, mode: Int = 0o600) throws -> String? {
        try withTemporaryFolder { folder in
            try write(text, folder, "fleet.psk", mode: mode)
            let path = folder.path + "/fleet.psk"
            var read = try configuration("")
            read.presharedKeyFile = path
            return explanation { () throws(ConfigurationError) in
                #expect(try read.presharedKey() != nil)
            }.map { String($0.dropFirst("default: keys.psk_file: ".count + path.count)) }
        }
    }

    @Test(arguments: [hex, hex.uppercased(), hex + "\n", base64, base64 + "\n", "\n " + base64 + " \r\n"])
    func `is 32 bytes in hexadecimal or base64`(text: String) throws {
        #expect(try refusal(text) == nil)
        #expect(PresharedKeyText.bytes(Array(text.utf8)) == Array(0..<32))
    }

    @Test(arguments: [
        "", "\n", hex.dropLast() + "", hex + "0", base64.dropLast() + "", base64 + "=", hex + "\n" + hex,
        String(repeating: "0", count: 63) + "g", String(repeating: "=", count: 44), String(repeating: "A", count: 44),
        String(repeating: "x", count: 300),
    ])
    func `is nothing else`(text: String) throws {
        #expect(try refusal(text) == " does not hold a key: 32 bytes in base64 or hexadecimal, nothing else")
    }

    @Test(arguments: [(0o640, "640"), (0o604, "604"), (0o666, "666"), (0o610, "610")])
    func `is not used where others may read it`(mode: Int, text: String) throws {
        let refused = try refusal(Self.hex, mode: mode)
        #expect(refused == " has mode \(text), which lets others read it")
    }

    @Test(arguments: [0o600, 0o400])
    func `is used where only its owner may read it`(mode: Int) throws {
        #expect(try refusal(Self.hex, mode: mode) == nil)
    }

    @Test func `must be there where it is configured`() throws {
        var read = try configuration("")
        #expect(try read.presharedKey() == nil)
        read = try configuration("keys:\n  psk_file: /nowhere/fleet.psk\n")
        let text = explanation { () throws(ConfigurationError) in _ = try read.presharedKey() }
        #expect(
            text == "c.yaml:2: keys.psk_file: /nowhere/fleet.psk cannot be read: No such file or directory")
    }

    @Test func `is never shown`() throws {
        let read = try configuration("keys: {psk_file: /etc/fleet.psk}")
        #expect(ConfigurationView(read, profile: nil).entry("keys.psk_file")?.value == .text("/etc/fleet.psk"))
    }
}
