import Configuration
import Cryptography
import Federation
import Platform
import Sensors

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

    init(_ configuration: AgentConfiguration) {
        self.configuration = configuration
        checkSysroot()
        checkTegrastats()
        if let missingTegrastats { warnings.append(missingTegrastats) }
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
