import Configuration
import AgentCore
import Cryptography
import EnergyProofs
import Federation
import Platform
import Sensors
import Telemetry

/// Whether what a configuration names is there on this machine.
struct NamedThings {
    /// Where a child is looked for that is named without a folder.
    private static let childFolders = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]

    /// What the agent does not start without.
    private(set) var missing: [String] = []
    /// What it starts without, and then lacks.
    private(set) var warnings: [String] = []
    /// Among `warnings`, that there is nothing to read lines of tegrastats from.
    private(set) var missingTegrastats: String?
    private let configuration: AgentConfiguration

    /// - Parameter profiles: the hardware profiles that the board is one of.
    init(_ configuration: AgentConfiguration, _ profiles: [HardwareProfile]) {
        self.configuration = configuration
        checkSysroot()
        checkTegrastats()
        if let missingTegrastats { warnings.append(missingTegrastats) }
        for index in configuration.link.peerFiles.indices { checkPeer(index) }
        checkSources(profiles)
        checkExecutors("executors.external", configuration.executors.external)
        checkExecutors("executors.execution.commands", configuration.executors.commands)
    }

    private mutating func checkExecutors(_ key: String, _ programs: [ExecutorCommand]) {
        for (index, program) in programs.enumerated() {
            guard let file = program.command.first, !isProgram(file) else { continue }
            let fault = isFile(file) ? "\(file) cannot be executed" : "there is no program \(file)"
            warnings.append(
                text(
                    key + "[\(index)]", program.operation.name + ": " + fault,
                    configuration.origin(ofElement: index, of: key)))
        }
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
            if !isFile(path) { missingTegrastats = text("telemetry.tegrastats", "there is no file \(path)") }
        case .command(let words):
            guard let name = words.first else { return }
            let places =
                name.utf8.contains(UInt8(ascii: "/")) ? [name] : NamedThings.childFolders.map { $0 + "/" + name }
            if places.contains(where: isProgram) { return }
            let folders = places.count == 1 ? "" : " in " + NamedThings.childFolders.joined(separator: ", ")
            missingTegrastats = text("telemetry.tegrastats", "there is no program \(name)" + folders)
        }
    }

    private mutating func checkPeer(_ index: Int) {
        let path = configuration.link.peerFiles[index]
        let origin = configuration.origin(ofElement: index, of: "link.peers")
        let record: String
        do throws(Failure) {
            record = String(decoding: try readFile(path, limit: FederationLimits.maximumNodeTextLength), as: UTF8.self)
        } catch { return missing.append(text("link.peers", error.message, origin)) }
        do throws(NodeRecordTextError) {
            _ = try NodeRecordText.record(record, in: configuration.federation.domain, using: Ed25519())
        } catch {
            let other = error == .refused(.badSignature) ? ", perhaps it is of another federation" : ""
            warnings.append(text("link.peers", "\(path): not a node record: \(error.explanation)" + other, origin))
        }
    }

    // MARK: Sources

    private mutating func checkSources(_ profiles: [HardwareProfile]) {
        let tree = SysfsTree(root: configuration.telemetry.sysroot)
        let (refusals, replaced) = meters(tree, profiles)
        let batteries = tree.batteryNames.filter { !replaced.contains($0) }
        let declared = configuration.energy.sources.map { $0.name }
        for (index, source) in configuration.energy.sources.enumerated() {
            let origin = configuration.origin(ofElement: index, of: "energy.sources")
            let refusal = refusals.first { $0.what == source.name }?.refusal
            for fault in [refusal].compactMap({ $0 }) + faults(of: source, beside: declared, batteries, tree) {
                warnings.append(text("energy.sources[\(index)]", source.name + ": " + fault, origin))
            }
        }
    }

    /// The sources that the agent would not read, since their meters count for another; the batteries that are found
    /// by themselves and are read as declared ones.
    private func meters(_ tree: SysfsTree, _ profiles: [HardwareProfile]) -> ([Unavailable], [String]) {
        let sources = configuration.energy.sources.filter { if case .path = $0.origin { true } else { false } }
        let name = configuration.telemetry.profile
        guard !sources.isEmpty, tree.isThere,
            let profile = profiles.first(where: { $0.name == name })
                ?? HardwareProfile.detect(tree.facts(), among: profiles)
        else { return ([], []) }
        let declared = DeclaredSources(sources, tree: tree)
        declared.board = BoardMeters(tree, profile)
        return (declared.refusals(at: Clock.bootTime), declared.replaced)
    }

    /// What `source` names that is not there.
    private func faults(
        of source: SourceDeclaration, beside declared: [String], _ batteries: [String], _ tree: SysfsTree
    ) -> [String] {
        var faults: [String] = []
        switch source.origin {
        case .path(let path):
            // Where the whole tree is missing, that is told already.
            switch tree.isThere ? tree.fault(ofMeterAt: path) : nil {
            case nil: break
            case .absent?: faults.append("there is no \(path)")
            case .notSupported?: faults.append("\(path) is no meter of power or energy that is known here")
            case let reason?:
                faults.append(Unavailable(source.name, reason).refusal ?? "\(path) cannot be read (\(reason.rawValue))")
            }
        case .file(let path): if !isFile(path) { faults.append("there is no file \(path)") }
        case .command(let words):
            let name = words.first ?? ""
            if !name.utf8.contains(UInt8(ascii: "/")) {
                faults.append("name the program by its whole path: \(name) is looked for in no folder")
            } else if !isProgram(name) {
                faults.append("there is no program \(name)")
            }
        case .declared: break
        }
        if let battery = source.feeds, !declared.contains(battery), !batteries.contains(battery) {
            let known = (declared.filter { $0.hasPrefix(SourceKind.battery.name + ":") } + batteries)
            faults.append(
                "feeds: there is no battery \(battery)"
                    + (known.isEmpty ? "" : "; there are: " + known.joined(separator: ", ")))
        }
        // What the board's own parts are called is known once they are read.
        if let whole = source.parent, whole != SourceDeclaration.boardName, !declared.contains(whole),
            !batteries.contains(whole), !whole.hasPrefix(SourceKind.compute.name + ":")
        {
            faults.append("parent: there is no source \(whole)")
        }
        return faults
    }

    private func isFile(_ path: String) -> Bool { (try? FileSystem.status(path)) != nil }

    private func isProgram(_ path: String) -> Bool {
        guard let status = try? FileSystem.status(path) else { return false }
        return status.kind == .file && status.mode & 0o111 != 0
    }

    private func text(_ key: String, _ finding: String, _ origin: ConfigurationOrigin? = nil) -> String {
        (origin ?? configuration.origin(of: key)).text + ": " + key + ": " + finding
    }
}
