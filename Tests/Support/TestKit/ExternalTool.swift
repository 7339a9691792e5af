import Foundation

/// A program that tests measure this one against, and the package that brings it.
///
/// A test that needs a missing tool fails and names the command that installs it.
public struct ExternalTool: Sendable {
    /// Where the program lies.
    public let program: String
    /// The Debian and Ubuntu package that brings it.
    public let package: String

    /// The tool at `program`, from `package`.
    public init(program: String, package: String) {
        self.program = program
        self.package = package
    }

    /// OpenSSL's command line.
    public static let openssl = ExternalTool(program: "/usr/bin/openssl", package: "openssl")

    /// Runs the tool on `input` and returns what it wrote to its standard output.
    ///
    /// Throws `ToolError.missing` where it is not installed, `ToolError.failed` where it exits non-zero.
    public func run(_ arguments: [String], input: [UInt8] = []) throws -> [UInt8] {
        guard FileManager.default.isExecutableFile(atPath: program) else {
            throw ToolError.missing(what: program, package: package)
        }
        // Files, not pipes: neither side can then block on a full pipe.
        return try withTemporaryFolder { folder in
            let process = Process()
            process.executableURL = URL(fileURLWithPath: program)
            process.arguments = arguments
            let names = ["input", "output", "errors"].map { folder.appendingPathComponent($0) }
            try Data(input).write(to: names[0])
            for name in names[1...] { try Data().write(to: name) }
            process.standardInput = try FileHandle(forReadingFrom: names[0])
            process.standardOutput = try FileHandle(forWritingTo: names[1])
            process.standardError = try FileHandle(forWritingTo: names[2])
            try process.run()
            process.waitUntilExit()
            guard process.terminationStatus == 0 else {
                let errors = String(decoding: try Data(contentsOf: names[2]), as: UTF8.self)
                throw ToolError.failed(program, status: process.terminationStatus, errors: errors)
            }
            return [UInt8](try Data(contentsOf: names[1]))
        }
    }
}

/// Why an external tool gave no answer.
public enum ToolError: Error, CustomStringConvertible {
    /// A program or a Python module is not installed.
    case missing(what: String, package: String)
    /// The program ran and exited non-zero.
    case failed(String, status: Int32, errors: String)

    /// What is wrong, and the command that mends it.
    public var description: String {
        switch self {
        case .missing(let what, let package):
            "\(what) is missing; install it: apt-get install \(package)"
        case .failed(let program, let status, let errors): "\(program) exited with \(status): \(errors)"
        }
    }
}
