import Cryptography
import Foundation
import Platform
import TestKit
import Testing

/// The commands that call a federation server, against one as earlier programs are.
@Suite(.timeLimit(.minutes(5))) struct `commands that call a federation server over HTTP` {
    private let server: PythonServer

    init() throws { server = try PythonServer.federation() }

    /// A folder with the client's keys, the server's public key and one that is not the server's.
    private func withKeys(_ body: (URL) throws -> Void) throws {
        try withTemporaryFolder { home in
            let client = try #require(SigningKey(seed: [UInt8](repeating: 7, count: 32)))
            let file = home.appendingPathComponent("client.pem")
            try PEM.secretText(client).write(to: file, atomically: true, encoding: .utf8)
            #expect(try BuiltProgram.run(["key", "import", file.path], home: home).status == 0)
            for (name, seed) in [
                ("server.pem", (0..<32).map { UInt8($0) }), ("other.pem", Array(repeating: 0, count: 32)),
            ] {
                let key = try #require(SigningKey(seed: seed)).publicKey
                try PEM.text(key).write(to: home.appendingPathComponent(name), atomically: true, encoding: .utf8)
            }
            try body(home)
        }
    }

    @Test func `a task is handed over, and its proof shown`() throws {
        try withKeys { home in
            let input = home.appendingPathComponent("input.pgm")
            try Data([0, 1, 0xff]).write(to: input)
            let key = home.appendingPathComponent("server.pem").path
            let command = ["delegate", "perception", "--http", server.address("honest"), "--input", input.path]
            let signed = try BuiltProgram.json(
                command + ["--server-key", key, "--parameters", #"{"x":"é"}"#], home: home)
            #expect(signed["signature_state"] as? String == "verified")
            #expect((signed["signed_by"] as? String)?.count == 39)
            let proof = try #require(signed["proof"] as? [String: Any])
            #expect((proof["executor_lct"] as? String)?.hasSuffix("@Legion#consciousness") == true)
            #expect("\(proof["result"] ?? "")".contains("AAH/"))
            let text = try BuiltProgram.run(command, home: home)
            #expect(text.status == 0)
            #expect(text.output.contains("5.0 ATP of 50.0"))
            #expect(text.output.contains("not checked: --server-key PEM"))
            let before = try BuiltProgram.run(
                ["delegate", "planning", "--http", server.address("before"), "--budget", "12"], home: home)
            #expect(before.output.contains("not signed"))
        }
    }

    @Test(arguments: [
        ("other-task", ["--server-key", "server.pem"], Int32(1), "pay nothing for it"),
        ("too-expensive", [], 1, "it cost 51.0 ATP of a budget of 50.0"),
        ("other-key", ["--server-key", "server.pem"], 1, "the answer's signature is not that of the server's key"),
        ("honest", ["--server-key", "other.pem"], 1, "the answer's signature is not that of the server's key"),
        ("before", ["--server-key", "server.pem"], 1, "the answer is not signed"),
        ("honest", ["--budget", "4"], 1, "refused: Insufficient ATP budget. Required: 5.0, Available: 4.0"),
        ("unauthorised", [], 77, "sage-edge key export"), ("busy", [], 75, "hint: in 7.0 s"),
        ("html", [], 69, "what answers is no federation server: status 500"),
        ("elsewhere", [], 69, "name it: http://192.0.2.1:1\n"), ("endless", [], 65, "the answer is longer than"),
        ("cut-off", [], 65, "no whole answer"), ("long-reason", [], 1, "refused: ?[2Jxxxx"),
        ("honest", ["--local"], 64, "--http and --local do not go together"),
        ("honest", ["--parameters", "[]"], 64, "--parameters takes a JSON object"),
        ("honest", ["--target", "lct:web4:agent:dp"], 64, "--target: 'lct:web4:agent:dp' is no LCT: has no context"),
    ])
    func `what goes wrong is said, with the status that fits`(
        mode: String, options: [String], status: Int32, text: String
    ) throws {
        try withKeys { home in
            let target =
                options.contains("--target") ? [] : ["--target", "lct:web4:agent:dp@Legion#consciousness"]
            let options = options.map { $0.hasSuffix(".pem") ? home.appendingPathComponent($0).path : $0 }
            let outcome = try BuiltProgram.run(
                ["delegate", "perception", "--http", server.address(mode)] + target + options, home: home)
            #expect(outcome.status == status, "\(outcome.errors)")
            #expect(outcome.errors.contains(text), "\(outcome.errors)")
            #expect(outcome.output.isEmpty)
        }
    }

    @Test func `an address that is none is refused, and nobody answers where nobody listens`() throws {
        try withKeys { home in
            for (url, status, text) in [
                ("thor:8080", Int32(64), "it does not begin with http:// or https://"),
                ("http://me:secret@thor", 64, "it names no host, or a user"),
                ("http://127.0.0.1:1", 69, "is the server running there"),
            ] {
                let outcome = try BuiltProgram.run(["peers", "http", url], home: home)
                #expect(outcome.status == status)
                #expect(outcome.errors.contains(text), "\(outcome.errors)")
            }
        }
    }

    @Test func `options that go with the server alone need one`() throws {
        let outcome = try BuiltProgram.run(["delegate", "perception", "--input", "x", "--server-key", "y"])
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains("--server-key goes with --http only"))
    }

    @Test func `health, status and cancel`() throws {
        let address = server.address("honest")
        let health = try BuiltProgram.run(["peers", "http", address])
        #expect(health.output.contains("Legion"))
        #expect(health.output.contains("0 under way, 3 completed"))
        let lct = "lct:web4:agent:dp@Legion#consciousness"
        let status = try BuiltProgram.json(["peers", "http", address, "--status", lct])
        #expect((status["status"] as? [String: Any])?["lct_id"] as? String == lct)
        #expect(
            try BuiltProgram.run(["peers", "http", address, "--cancel", "known"]).output.contains("50 ATP are free"))
        let unknown = try BuiltProgram.run(["peers", "http", address, "--cancel", "x"])
        #expect(unknown.status == 1)
        #expect(unknown.errors.contains("Task x not active"))
        #expect(try BuiltProgram.run(["peers", "http", address, "--cancel", "x", "--status", lct]).status == 64)
    }

    @Test func `Ctrl-C ends the waiting and tells how to take the task back`() throws {
        try withKeys { home in
            let process = try BuiltProgram.process(
                [
                    "delegate", "perception", "--http", server.address("never"), "--target",
                    "lct:web4:agent:dp@Legion#consciousness",
                ], home: home)
            let errors = Pipe()
            process.standardError = errors
            process.standardOutput = FileHandle.nullDevice
            try process.run()
            // The signal is for the program once it waits: it is sent until it ends.
            while process.isRunning {
                Thread.sleep(forTimeInterval: 0.3)
                if try signals(of: process.processIdentifier) {
                    try Signal.interrupt.send(to: process.processIdentifier)
                }
            }
            process.waitUntilExit()
            #expect(process.terminationStatus == 130)
            let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            #expect(text.contains("goes on at the server"))
            #expect(text.contains("--cancel Sprout_") || text.contains("--cancel "))
        }
    }

    /// Whether the process has taken Ctrl-C for something to read, and not for its end.
    private func signals(of process: Int32) throws -> Bool {
        guard let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8),
            let line = status.split(separator: "\n").first(where: { $0.hasPrefix("SigBlk:") }),
            let blocked = line.split(separator: "\t").last.flatMap({ UInt64($0, radix: 16) })
        else { return false }
        return blocked & 2 != 0
    }

    @Test func `without libcurl the package is named`() throws {
        try withKeys { home in
            let libraries = try ExternalTool(program: "/bin/sh", package: "dash").run([
                "-c",
                "ls /lib/*/libcurl*.so.4* /usr/lib/*/libcurl*.so.4* 2>/dev/null | xargs -n1 readlink -f | sort -u",
            ])
            let files = String(decoding: libraries, as: UTF8.self).split(separator: "\n").map(String.init)
            try #require(!files.isEmpty)
            let hide = files.map { "mount --bind /dev/null \($0) && " }.joined()
            let process = try BuiltProgram.process(["peers", "http", server.address("honest")], home: home)
            let words = process.arguments ?? []
            process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
            process.arguments =
                (getuid() == 0 ? [] : ["-r"]) + ["-m", "/bin/sh", "-c", hide + "exec \"$@\"", "sh"] + words
            let errors = Pipe()
            process.standardError = errors
            try process.run()
            process.waitUntilExit()
            let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            #expect(process.terminationStatus == 69, "\(text)")
            #expect(text.contains("libcurl is not installed"), "\(text)")
            #expect(text.contains("apt install libcurl4"), "\(text)")
        }
    }
}
