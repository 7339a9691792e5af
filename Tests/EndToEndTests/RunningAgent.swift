import Foundation
import Platform
import TestKit
import Testing
import Wire

/// An agent on a captured tree, in a folder of its own; it ends with the value.
final class RunningAgent {
    let home: URL
    private let process: Process

    /// Starts it and waits until it has credits and the pages of three windows; or, where it finds `ledger` as
    /// the content of its ledger's file, until it answers; or, where it is to have no power, until it has a sample.
    ///
    /// - Parameters:
    ///   - tegrastats: the setting of that name, read instead of the tree's own sensors.
    ///   - periodMilliseconds: time between two samples; a window takes four of them.
    ///   - http: lines of the section `http`; by default it is served at `httpSocket`.
    ///   - root: a tree that is none of the captured ones.
    ///   - sources: what the operator declares, an item each.
    ///   - energy: more lines of the section `energy`.
    ///   - settings: more of the configuration, as further sections.
    ///   - environment: variables besides those of its folders.
    ///   - platform: what it is called.
    init(
        tree: String, ledger: [UInt8]? = nil, tegrastats: String? = nil, hasPower: Bool = true,
        periodMilliseconds: Int = 250, http: [String]? = nil, root: URL? = nil, sources: [String] = [],
        energy: [String] = [], settings more: String = "", environment: [String: String] = [:],
        platform: String = "Sprout"
    ) throws {
        home = FileManager.default.temporaryDirectory.appendingPathComponent("sage-edge-agent-" + UUID().uuidString)
        let config = home.appendingPathComponent("config")
        try FileManager.default.createDirectory(at: config, withIntermediateDirectories: true)
        let settings = """
            federation:
              name: end-to-end
              platform: \(platform)
            telemetry:
              period_milliseconds: \(periodMilliseconds)
              \(tegrastats.map { "tegrastats: " + $0 } ?? "")
            energy:
              window_milliseconds: \(periodMilliseconds * 4)
              \(tegrastats == nil ? "" : "rated_watts: 25")
              policy:
                replayed: 100
              \(sources.isEmpty ? "" : "sources: [" + sources.joined(separator: ", ") + "]")
              \(energy.joined(separator: "\n  "))
            http:
              \((http ?? ["listen: unix:" + home.path + "/http.sock"]).joined(separator: "\n  "))
            \(more)
            """
        try settings.write(to: config.appendingPathComponent("config.yaml"), atomically: true, encoding: .utf8)
        if let ledger {
            let state = home.appendingPathComponent("state")
            try FileManager.default.createDirectory(at: state, withIntermediateDirectories: true)
            try Data(ledger).write(to: state.appendingPathComponent("ledger.db"))
        }
        let root = (root ?? Fixtures.url("telemetry/sysfs/" + tree)).path
        process = try BuiltProgram.process(
            [
                "run", "--sysroot", root, "--listen",
                NetworkAddress(ipv4: 127, 0, 0, 1, port: try RunningAgent.freePort()).text,
            ], home: home)
        process.environment?.merge(environment) { $1 }
        try Data().write(to: log)
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: log)
        process.standardError = process.standardOutput
        try process.run()
        let deadline = Date(timeIntervalSinceNow: 60)
        let isReady = { [self] in
            if ledger != nil { return try run(["status"]).status == 0 }
            return hasPower ? try hasEnergy() : try hasSample()
        }
        while try !isReady() {
            guard process.isRunning, Date() < deadline else {
                throw ToolError.failed("run", status: -1, errors: try String(contentsOf: log, encoding: .utf8))
            }
            Thread.sleep(forTimeInterval: 0.2)
        }
    }

    deinit {
        stop()
        try? FileManager.default.removeItem(at: home)
    }

    /// Asks it to end, and waits.
    func stop() {
        if process.isRunning { process.terminate() }
        process.waitUntilExit()
    }

    /// What it wrote on standard output and standard error.
    var log: URL { home.appendingPathComponent("log") }

    var state: URL { home.appendingPathComponent("state") }

    /// Writes a configuration into its folder; returns the file's path.
    func write(_ configuration: String) throws -> String {
        let file = home.appendingPathComponent("other.yaml")
        try configuration.write(to: file, atomically: true, encoding: .utf8)
        return file.path
    }

    var isRunning: Bool { process.isRunning }

    /// Sends it a signal.
    func signal(_ signal: Signal) throws { try signal.send(to: process.processIdentifier) }

    /// What it exited with, once it has.
    var exitStatus: Int32 { process.terminationStatus }

    /// Its configuration file.
    var configuration: URL { home.appendingPathComponent("config/config.yaml") }

    var socket: String { home.path + "/run/control.sock" }

    /// Where it serves HTTP.
    var httpSocket: String { home.path + "/http.sock" }

    /// What files its memory is mapped from.
    func maps() throws -> String {
        try String(contentsOfFile: "/proc/\(process.processIdentifier)/maps", encoding: .utf8)
    }

    /// Makes the key of a client's platform, tells the agent of it, and grants `joules` to `client` once there are
    /// some; returns the file of the private key.
    func addClient(_ client: String, of platform: String, granting joules: Int) throws -> URL {
        let key = home.appendingPathComponent("client.pem")
        let known = home.appendingPathComponent("client.pub.pem")
        let openssl = ExternalTool(program: "/usr/bin/openssl", package: "openssl")
        _ = try openssl.run(["genpkey", "-algorithm", "ed25519", "-out", key.path])
        _ = try openssl.run(["pkey", "-in", key.path, "-pubout", "-out", known.path])
        #expect(try run(["peers", "add", platform, "--key", known.path]).status == 0)
        let deadline = Date(timeIntervalSinceNow: 60)
        var granted = try run(["ledger", "grant", client, "\(joules)"])
        while granted.status != 0, Date() < deadline {
            Thread.sleep(forTimeInterval: 0.5)
            granted = try run(["ledger", "grant", client, "\(joules)"])
        }
        #expect(granted.status == 0, "\(granted.errors)")
        return key
    }

    /// Runs a command against it.
    func run(_ command: [String], input: [UInt8] = []) throws -> BuiltProgram.Outcome {
        try BuiltProgram.run(command, input: input, home: home)
    }

    /// Runs a command against it and gives its one object.
    func json(_ command: [String], status: Int32 = 0) throws -> [String: Any] {
        try BuiltProgram.json(command, status: status, home: home)
    }

    /// A port that nobody listens on now.
    static func freePort() throws -> UInt16 {
        let socket = try DatagramSocket(
            boundTo: NetworkAddress(ipv4: 127, 0, 0, 1, port: 0), batch: DatagramBatch(datagrams: 1, datagramBytes: 64))
        return try socket.localAddress().port
    }

    /// Whether it answers with a sample: without an agent the command would read this machine's own files, and say so.
    private func hasSample() throws -> Bool {
        let outcome = try run(["telemetry"])
        return outcome.status == 0 && outcome.errors == ""
    }

    private func hasEnergy() throws -> Bool {
        let outcome = try run(["status", "--json"])
        guard outcome.status == 0,
            let status = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any],
            let ledger = status["ledger"] as? [String: Any], let energy = status["energy"] as? [String: Any]
        else { return false }
        return ledger["available_mj"] as? String != "0" && energy["pages"] as? Int ?? 0 >= 3
    }
}
