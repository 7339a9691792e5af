import Foundation
import TestKit
import Testing

/// The built program, run as its users run it.
///
/// `SAGE_EDGE_PROGRAM` names it, else it is `build/sage-edge`; `SAGE_EDGE_LAUNCHER` holds the words before
/// it where it cannot run by itself, `qemu-aarch64 -L /usr/aarch64-linux-gnu` for example.
struct BuiltProgram {
    /// What a run ended with.
    struct Outcome {
        let status: Int32
        let output: String
        let errors: String

        var lines: [String] { output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) }
    }

    /// Whether it starts other programs by their path, which a launcher's program cannot.
    static var canStartItself: Bool { launcher.isEmpty }

    private static let launcher =
        (ProcessInfo.processInfo.environment["SAGE_EDGE_LAUNCHER"] ?? "").split(separator: " ").map(String.init)

    static let path =
        ProcessInfo.processInfo.environment["SAGE_EDGE_PROGRAM"]
        ?? Repository.root.appendingPathComponent("build/sage-edge").path

    /// The command that starts it with `arguments` in an environment of its own, with everything under `home`.
    static func process(_ arguments: [String], home: URL) throws -> Process {
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw ToolError.failed(path, status: -1, errors: "there is no such program; build it: make build")
        }
        let words = launcher + [path] + arguments
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        process.environment = [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "HOME": home.path,
            "STATE_DIRECTORY": home.path + "/state", "RUNTIME_DIRECTORY": home.path + "/run",
            "CONFIGURATION_DIRECTORY": home.path + "/config",
        ]
        return process
    }

    /// Runs it to its end.
    static func run(_ arguments: [String], input: [UInt8] = [], home: URL? = nil) throws -> Outcome {
        try withTemporaryFolder { folder in
            let process = try process(arguments, home: home ?? folder)
            // Files, not pipes: neither side can then block on a full pipe.
            let names = ["stdin", "stdout", "stderr"].map { folder.appendingPathComponent($0) }
            try Data(input).write(to: names[0])
            for name in names[1...] { try Data().write(to: name) }
            process.standardInput = try FileHandle(forReadingFrom: names[0])
            process.standardOutput = try FileHandle(forWritingTo: names[1])
            process.standardError = try FileHandle(forWritingTo: names[2])
            try process.run()
            process.waitUntilExit()
            return Outcome(
                status: process.terminationStatus,
                output: String(decoding: try Data(contentsOf: names[1]), as: UTF8.self),
                errors: String(decoding: try Data(contentsOf: names[2]), as: UTF8.self))
        }
    }

    /// Runs it and gives its output, which must be one JSON object on one line, as it was parsed.
    static func json(_ arguments: [String], status: Int32 = 0, home: URL? = nil) throws -> [String: Any] {
        let outcome = try run(arguments + ["--json"], home: home)
        #expect(outcome.status == status, "\(arguments): \(outcome.errors)")
        #expect(outcome.lines.count == 2, "\(arguments): one line")
        let value = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
        return try #require(value as? [String: Any], "\(arguments): an object")
    }
}
