/// Folders, sizes of files, and the headers of the C shims.
enum LayoutRules {
    /// What the top of the repository must hold.
    static let required: Set<String> = [
        "Package.swift", "Sources", "CShims", "Tests", "hardware-profiles", "README.md", "Makefile", "LICENSE",
        "CHANGELOG.md", "docs", ".ci", ".swift-format", ".editorconfig", ".gitignore",
    ]
    /// What else it may hold.
    static let allowed: Set<String> = ["packaging", "examples"]

    static let maximumLines = 500
    static let maximumLineLength = 120

    /// Entries of the top folder that are missing or should not be there.
    static func findings(atTop entries: Set<String>) -> [Finding] {
        required.subtracting(entries).sorted().map { Finding(path: $0, line: 1, message: "missing at the top") }
            + entries.subtracting(required).subtracting(allowed).sorted()
            .map { Finding(path: $0, line: 1, message: "does not belong at the top") }
    }

    /// Folders under `Sources/` without a Swift file, loose files there, and targets without tests.
    static func findings(inPaths paths: [String]) -> [Finding] {
        var findings: [Finding] = []
        let sources = paths.map { $0.split(separator: "/") }.filter { $0.first == "Sources" }
        for path in sources where path.count != 3 || !path[2].hasSuffix(".swift") {
            let message = "one folder per target, and only Swift files directly in it"
            findings.append(Finding(path: path.joined(separator: "/"), line: 1, message: message))
        }
        let tests = Set(
            paths.map { $0.split(separator: "/") }.filter { $0.first == "Tests" && $0.count > 2 }.map { $0[1] })
        for target in Set(sources.filter { $0.count > 2 }.map { $0[1] }).sorted() {
            let row = Architecture.row(of: String(target))
            // The top rows are tested as programs, by EndToEndTests.
            if let row, row <= 5, !tests.contains(target + "Tests") {
                findings.append(Finding(path: "Sources/\(target)", line: 1, message: "has no tests"))
            }
        }
        let others: Set<Substring> = [
            "EndToEndTests", "SimulationTests", "TidyTests", "Support", "Fuzz", "Benchmarks", "Fixtures",
            "SimulationRunner", "Soak", "Experiment",
        ]
        for folder in tests.subtracting(others).sorted()
        where Architecture.row(of: String(folder.dropLast("Tests".count))) == nil {
            findings.append(Finding(path: "Tests/\(folder)", line: 1, message: "mirrors no target"))
        }
        return findings
    }

    /// Files that are empty or too long, and lines that are too long.
    static func findings(in file: SourceFile) -> [Finding] {
        let lines = file.text.hasSuffix("\n") ? file.lines.dropLast() : file.lines[...]
        var findings: [Finding] = []
        if file.code.allSatisfy(\.isWhitespace) {
            findings.append(Finding(path: file.path, line: 1, message: "has no code"))
        }
        if lines.count > maximumLines {
            let message = "\(lines.count) lines; the limit is \(maximumLines)"
            findings.append(Finding(path: file.path, line: maximumLines, message: message))
        }
        // A literal with a line of its own is as long as what it quotes.
        let visible = file.withoutStrings.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated()
        where line.count > maximumLineLength && !visible[index].allSatisfy({ " \"#,".contains($0) }) {
            let message = "\(line.count) characters; the limit is \(maximumLineLength)"
            findings.append(Finding(path: file.path, line: index + 1, message: message))
        }
        return findings
    }

    /// Includes and names in a header that a shim shows to Swift which do not belong there.
    static func findings(inHeader file: SourceFile) -> [Finding] {
        guard let shim = file.target else { return [] }
        let code = file.withoutComments
        let prefix = shim.lowercased() + "_"
        var findings = SourceFile.matches(of: #"^\s*#\s*include\s*([<"][^>"\n]*[>"])"#, in: code)
            .filter { !["<stdint.h>", "<stddef.h>"].contains($0.groups[1]) && !$0.groups[1].hasPrefix("\"" + shim) }
            .map {
                Finding(path: file.path, line: $0.line, message: "includes \($0.groups[1]); only stdint and stddef")
            }
        // A name before a parenthesis is a function's, unless it is a type's in a function pointer.
        let patterns = [#"\b(\w+)\s*\((?!\s*\*)"#, #"\b(?:struct|enum|union)\s+(\w+)"#, #"^\s*#\s*define\s+(\w+)"#]
        for (line, groups) in patterns.flatMap({ SourceFile.matches(of: $0, in: code) }) {
            let name = groups[1]
            if name.lowercased().hasPrefix(prefix) || name == shim.uppercased() + "_H" || name.hasPrefix("__") {
                continue
            }
            findings.append(Finding(path: file.path, line: line, message: "\(name) does not begin with \(prefix)"))
        }
        return findings
    }
}
