import Foundation

/// A server in Python that tests talk to; it ends with the value.
///
/// The script prints its port as the first line and serves until its standard input ends.
public final class PythonServer {
    /// The port on the loopback address.
    public let port: UInt16
    private let process: Process
    private let input = Pipe()

    /// The federation server of `Tests/Support/Federation`.
    public static func federation(_ arguments: [String] = []) throws -> PythonServer {
        try PythonServer("Tests/Support/Federation/server.py", arguments, package: "python3-cryptography")
    }

    /// Starts the script at `path` of the repository, which needs what `package` brings.
    public init(_ path: String, _ arguments: [String] = [], package: String) throws {
        let output = Pipe()
        process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = [Repository.root.appendingPathComponent(path).path] + arguments
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var line: [UInt8] = []
        while line.last != UInt8(ascii: "\n") {
            let bytes = output.fileHandleForReading.availableData
            guard !bytes.isEmpty else { throw ToolError.missing(what: "\(path) or a module of it", package: package) }
            line += bytes
        }
        guard let port = UInt16(String(decoding: line.dropLast(), as: UTF8.self)) else {
            throw ToolError.failed(path, status: -1, errors: String(decoding: line, as: UTF8.self))
        }
        self.port = port
    }

    deinit {
        try? input.fileHandleForWriting.close()
        if process.isRunning { process.terminate() }
        process.waitUntilExit()
    }

    /// The address of the server that behaves as `mode` says.
    public func address(_ mode: String, scheme: String = "http", host: String = "127.0.0.1") -> String {
        "\(scheme)://\(host):\(port)/\(mode)"
    }
}
