import Foundation
import TestKit
import Testing

/// `examples/two-boards`: the lines that its readers type, typed.
@Suite(.timeLimit(.minutes(5)), .enabled(if: BuiltProgram.canStartItself)) struct `the walkthrough of two boards` {
    private static let example = Repository.root.appendingPathComponent("examples/two-boards")

    @Test func `comes to what it says`() throws {
        try withTemporaryFolder { folder in
            let ports = Int.random(in: 300...580)
            for name in ["sprout.yaml", "thor.yaml"] {
                let text = try String(contentsOf: Self.example.appendingPathComponent(name), encoding: .utf8)
                try text.replacingOccurrences(of: ":275", with: ":\(ports)")
                    .write(to: folder.appendingPathComponent(name), atomically: false, encoding: .utf8)
            }
            let programs = folder.appendingPathComponent("bin")
            try FileManager.default.createDirectory(at: programs, withIntermediateDirectories: false)
            try FileManager.default.createSymbolicLink(
                atPath: programs.appendingPathComponent("sage-edge").path, withDestinationPath: BuiltProgram.path)
            let script = folder.appendingPathComponent("script.sh")
            // Whatever fails, no agent stays.
            try ("set -e; cd '\(folder.path)'; trap 'kill $(jobs -p) 2> ended.log || true' EXIT\n" + Self.commands())
                .write(to: script, atomically: false, encoding: .utf8)
            let output = try Self.run(script, programs: programs, in: folder)
            for line in [
                "added Thor, key ", "added Sprout, key ", "Thor answers in ", "source      compute:", "ran on   Thor",
                "perception.features  posted",
            ] {
                #expect(output.contains(line), "\(line) in: \(output)")
            }
        }
    }

    /// The commands of all its blocks, with the captures where they are.
    private static func commands() throws -> String {
        let text = try String(contentsOf: example.appendingPathComponent("README.md"), encoding: .utf8)
        var blocks: [String] = []
        var isInside = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") { isInside = line == "```sh" } else if isInside { blocks.append(String(line)) }
        }
        #expect(blocks.count > 20)
        return blocks.joined(separator: "\n").replacingOccurrences(
            of: "../../Tests", with: Repository.root.appendingPathComponent("Tests").path) + "\n"
    }

    private static func run(_ script: URL, programs: URL, in folder: URL) throws -> String {
        let log = folder.appendingPathComponent("output")
        try Data().write(to: log)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
        process.arguments = ["120", "/bin/bash", script.path]
        process.environment = ["PATH": programs.path + ":/usr/bin:/bin", "HOME": folder.path]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: log)
        process.standardError = process.standardOutput
        try process.run()
        process.waitUntilExit()
        let output = String(decoding: try Data(contentsOf: log), as: UTF8.self)
        #expect(process.terminationStatus == 0, "\(output)")
        return output
    }
}
