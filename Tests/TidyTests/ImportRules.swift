/// Imports in sources and dependencies in the manifest go downward only.
enum ImportRules {
    private static let importPattern =
        #"(?:^|;)[ \t]*(?:@\w+(?:\([^)\n]*\))?[ \t]+)*(?:(?:public|package|internal|fileprivate|private)[ \t]+)?"#
        + #"import[ \t]+(?:(?:struct|class|enum|protocol|func|var|let|typealias|actor)[ \t]+)?(\w+)"#

    /// Imports that the architecture does not allow.
    static func findings(in file: SourceFile) -> [Finding] {
        guard let target = file.target else { return [] }
        return SourceFile.matches(of: importPattern, in: file.code).compactMap { line, groups in
            Architecture.refusal(of: groups[1], in: target).map {
                Finding(path: file.path, line: line, message: $0)
            }
        }
    }

    /// A target of the manifest.
    struct Target: Equatable {
        var name: String
        var dependencies: [String]
        var line: Int
    }

    /// The targets below `Sources/` that the manifest declares.
    static func targets(in manifest: SourceFile) -> [Target] {
        let patterns = [
            #"\blibrary\(\s*"([^"]+)",\s*\[([^\]]*)\]"#,
            #"\.executableTarget\(\s*name:\s*"([^"]+)",\s*dependencies:\s*\[([^\]]*)\]"#,
        ]
        return patterns.flatMap { SourceFile.matches(of: $0, in: manifest.withoutComments) }.map { line, groups in
            let names = SourceFile.matches(of: #""([^"]+)""#, in: groups[2]).map { $0.groups[1] }
            return Target(name: groups[1], dependencies: names, line: line)
        }
    }

    /// The C shims that the manifest declares.
    static func shims(in manifest: SourceFile) -> [String] {
        SourceFile.matches(of: #"\bshim\(\s*"([^"]+)""#, in: manifest.withoutComments).map { $0.groups[1] }
    }

    /// Dependencies that the architecture does not allow, and targets without a folder or folders without a target.
    static func findings(inManifest manifest: SourceFile, sources: Set<String>, shims folders: Set<String>) -> [Finding]
    {
        let targets = targets(in: manifest)
        var findings = targets.flatMap { target in
            target.dependencies.compactMap { Architecture.refusal(of: $0, in: target.name) }
                .map { Finding(path: manifest.path, line: target.line, message: $0) }
        }
        func compare(_ declared: [String], with folders: Set<String>, under top: String) {
            for name in Set(declared).symmetricDifference(folders).sorted() {
                let message = "\(name) is not both a target and a folder under \(top)"
                findings.append(Finding(path: manifest.path, line: 1, message: message))
            }
        }
        compare(targets.map(\.name), with: sources, under: "Sources")
        compare(shims(in: manifest), with: folders, under: "CShims")
        return findings
    }
}
