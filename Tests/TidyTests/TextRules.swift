import Foundation

/// What no text of the repository contains, and links that lead somewhere.
enum TextRules {
    /// Unfinished work, and places on somebody's own machine; put together so as not to match themselves.
    static let patterns: [(message: String, pattern: String)] = [
        ("unfinished work is not committed", #"\b(?:TO"# + #"DO|FIX"# + #"ME|X"# + #"XX)\b"#),
        (
            "a path of one machine",
            #"(?<![\w.~*$}{/-])/(?:ro"# + #"ot|wo"# + #"rk|home|Us"# + #"ers|opt/sw"# + #"ift)(?![\w.-])"#
        ),
    ]

    static func findings(in file: SourceFile) -> [Finding] {
        patterns.flatMap { rule in
            SourceFile.matches(of: rule.pattern, in: file.text).map {
                Finding(path: file.path, line: $0.line, message: "\(rule.message): \($0.groups[0])")
            }
        }
    }

    /// Links in a Markdown `file` to files or headings that do not exist; `read` gives a file's text by its path.
    static func brokenLinks(in file: SourceFile, exists: (String) -> Bool, read: (String) -> String?) -> [Finding] {
        let folder = file.path.split(separator: "/").dropLast().map(String.init)
        return SourceFile.matches(of: #"\[[^\]]*\]\(([^)\s]+)\)"#, in: file.text).compactMap { line, groups in
            let link = groups[1]
            if link.contains("://") || link.hasPrefix("mailto:") { return nil }
            let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let path = parts[0].isEmpty ? file.path : resolve(parts[0], in: folder)
            guard let path, exists(path) else {
                return Finding(path: file.path, line: line, message: "\(link) leads nowhere")
            }
            guard parts.count == 2 else { return nil }
            let anchors = read(path).map(headings) ?? []
            return anchors.contains(parts[1])
                ? nil : Finding(path: file.path, line: line, message: "\(link) names no heading")
        }
    }

    /// The path from the top of the repository, or nil where it leaves the repository.
    private static func resolve(_ link: String, in folder: [String]) -> String? {
        var path = folder
        for part in link.split(separator: "/") {
            if part == ".." {
                guard path.popLast() != nil else { return nil }
            } else if part != "." {
                path.append(String(part))
            }
        }
        return path.joined(separator: "/")
    }

    /// The anchors of a Markdown text's headings.
    private static func headings(_ text: String) -> [String] {
        SourceFile.matches(of: #"^#+ +(.*)$"#, in: text).map { _, groups in
            String(
                groups[1].lowercased().filter { $0.isLetter || $0.isNumber || " -_".contains($0) }
                    .map { $0 == " " ? "-" : $0 })
        }
    }
}
