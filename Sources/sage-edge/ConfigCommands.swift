import Configuration
import Cryptography
import Federation
import Platform
import Sensors
import Telemetry
import Wire

let configCommands = [
    CommandSpecification(
        ["config", "check"], "Check the configuration without starting anything",
        examples: ["config check", "config check --config ./config.yaml"]
    ) { invocation throws(Failure) in
        let (configuration, files) = try loadConfiguration(invocation)
        _ = try hardwareProfiles(configuration, files)
        do throws(ConfigurationError) { _ = try configuration.presharedKey() } catch { throw failure(error) }
        let named = NamedThings(configuration)
        guard named.missing.isEmpty else {
            throw Failure(
                .configuration,
                "the agent would not start\n" + indented((named.missing + named.warnings).joined(separator: "\n")))
        }
        for warning in named.warnings { Console.note(printable("warning: " + warning)) }
        if invocation.wantsJSON {
            try Console.print { json in
                json.member("valid", true)
                json.key("files")
                json.beginArray()
                for file in configuration.files { json.string(file) }
                json.endArray()
                json.key("warnings")
                json.beginArray()
                for warning in named.warnings { json.string(warning) }
                json.endArray()
            }
        } else {
            let read =
                configuration.files.isEmpty
                ? "no file; defaults only (\(files.main) is not there)"
                : "read " + configuration.files.joined(separator: ", ")
            try Console.print(Console.paint("the configuration is valid", .green) + "\n" + read)
        }
        return .success
    },
    CommandSpecification(
        ["config", "show"], "Show every setting",
        options: [OptionSpecification("origin", "Show where each value comes from")],
        examples: ["config show", "config show --origin", "config show --json"]
    ) { invocation throws(Failure) in
        let (configuration, files) = try loadConfiguration(invocation)
        let facts = SysfsTree(root: configuration.telemetry.sysroot).facts()
        let profiles = try hardwareProfiles(configuration, files)
        let profile =
            configuration.telemetry.profile.flatMap { name in profiles.first { $0.name == name } }
            ?? HardwareProfile.detect(facts, among: profiles)
        let view = ConfigurationView(configuration, profile: profile)
        if invocation.wantsJSON {
            try Console.print(view.json(withOrigins: invocation.has("origin")))
        } else {
            var table = TextTable()
            for entry in view.entries {
                let value = entry.value?.text ?? ""
                table.row(
                    [entry.key, value.isEmpty ? "-" : value] + (invocation.has("origin") ? [entry.origin.text] : []))
            }
            try Console.print(printable(table.text()))
        }
        return .success
    },
]

/// Whether what a configuration names is there on this machine.
private struct NamedThings {
    /// Where a child is looked for that is named without a folder.
    private static let childFolders = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]

    /// What the agent does not start without.
    private(set) var missing: [String] = []
    /// What it starts without, and then lacks.
    private(set) var warnings: [String] = []
    private let configuration: AgentConfiguration

    init(_ configuration: AgentConfiguration) {
        self.configuration = configuration
        checkSysroot()
        checkTegrastats()
        for path in configuration.link.peerFiles { checkPeer(path) }
    }

    private mutating func checkSysroot() {
        let root = configuration.telemetry.sysroot
        if SysfsTree(root: root).isThere { return }
        let finding = text("telemetry.sysroot", "there is no folder \(root)")
        // Without a named profile the board has to be recognised there.
        if configuration.telemetry.profile == nil { missing.append(finding) } else { warnings.append(finding) }
    }

    private mutating func checkTegrastats() {
        switch configuration.telemetry.tegrastats {
        case nil, .file("-"): break
        case .file(let path):
            if !isFile(path) { warnings.append(text("telemetry.tegrastats", "there is no file \(path)")) }
        case .command(let words):
            guard let name = words.first else { return }
            let places =
                name.utf8.contains(UInt8(ascii: "/")) ? [name] : NamedThings.childFolders.map { $0 + "/" + name }
            if places.contains(where: isProgram) { return }
            let folders = places.count == 1 ? "" : " in " + NamedThings.childFolders.joined(separator: ", ")
            warnings.append(text("telemetry.tegrastats", "there is no program \(name)" + folders))
        }
    }

    private mutating func checkPeer(_ path: String) {
        let record: String
        do throws(Failure) {
            record = String(decoding: try readFile(path, limit: FederationLimits.maximumNodeTextLength), as: UTF8.self)
        } catch { return missing.append(text("link.peers", error.message)) }
        do throws(NodeRecordTextError) {
            _ = try NodeRecordText.record(record, in: configuration.federation.domain, using: Ed25519())
        } catch {
            let other = error == .refused(.badSignature) ? ", perhaps it is of another federation" : ""
            warnings.append(text("link.peers", "\(path): not a node record: \(error.explanation)" + other))
        }
    }

    private func isFile(_ path: String) -> Bool { (try? FileSystem.status(path)) != nil }

    private func isProgram(_ path: String) -> Bool {
        guard let status = try? FileSystem.status(path) else { return false }
        return status.kind == .file && status.mode & 0o111 != 0
    }

    private func text(_ key: String, _ finding: String) -> String {
        configuration.origin(of: key).text + ": " + key + ": " + finding
    }
}
