/// The system's Python, whose libraries are a second opinion on encodings, hashes and keys.
///
/// `/usr/bin/python3`, because Debian's packages install their modules there and not for another Python.
public enum PythonTool {
    private static let python = ExternalTool(program: "/usr/bin/python3", package: "python3")

    /// Runs `script` on `input` and returns what it wrote to its standard output.
    ///
    /// `modules` maps each module that is not in Python's own library to its package.
    public static func run(
        _ script: String, arguments: [String] = [], input: [UInt8] = [], modules: [String: String] = [:]
    ) throws -> [UInt8] {
        for (module, package) in modules.sorted(by: { $0.key < $1.key }) {
            let found = try python.run([
                "-c", "import importlib.util as u; print(u.find_spec('\(module)') is not None)",
            ])
            guard found == Array("True\n".utf8) else {
                throw ToolError.missing(what: "Python's module \(module)", package: package)
            }
        }
        return try python.run(["-c", script] + arguments, input: input)
    }

    /// Runs `script` on the lines `input` and returns the lines that it wrote.
    public static func lines(
        _ script: String, arguments: [String] = [], input: [String] = [], modules: [String: String] = [:]
    ) throws -> [String] {
        let bytes = Array(input.map { $0 + "\n" }.joined().utf8)
        let output = try run(script, arguments: arguments, input: bytes, modules: modules)
        return String(decoding: output, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            .dropLast().map(String.init)
    }
}
