import Foundation
import TestKit

/// One thing that breaks a rule, and where.
struct Finding: Equatable, CustomStringConvertible {
    var path: String
    var line: Int
    var message: String

    var description: String { "\(path):\(line): \(message)" }
}

/// A text file of the repository, as the rules look at it.
struct SourceFile {
    /// Path from the top of the repository.
    let path: String
    let text: String
    /// The text of a Swift or C file with comments and the content of string literals blanked, line by line.
    let code: String

    init(path: String, text: String) {
        self.path = path
        self.text = text
        let isCode = [".swift", ".c", ".h"].contains { path.hasSuffix($0) }
        code = isCode ? SourceFile.blanked(text, comments: true, strings: true) : ""
    }

    /// The text with comments blanked; lines stay where they are.
    var withoutComments: String { SourceFile.blanked(text, comments: true, strings: false) }

    /// The text with the content of string literals blanked; lines stay where they are.
    var withoutStrings: String { SourceFile.blanked(text, comments: false, strings: true) }

    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

    /// The folder below `Sources/` or `CShims/` that the file lies in.
    var target: String? {
        let parts = path.split(separator: "/")
        return parts.count > 2 && (parts[0] == "Sources" || parts[0] == "CShims") ? String(parts[1]) : nil
    }

    /// Where `pattern` occurs in `text`, which has the lines of this file, with the groups that it caught.
    static func matches(of pattern: String, in text: String) -> [(line: Int, groups: [String])] {
        guard let expression = try? NSRegularExpression(pattern: pattern, options: [.anchorsMatchLines]) else {
            preconditionFailure("the rule's own pattern: \(pattern)")
        }
        let whole = text as NSString
        return expression.matches(in: text, range: NSRange(location: 0, length: whole.length)).map { match in
            let before = whole.substring(to: match.range.location)
            let groups = (0..<match.numberOfRanges).map { index in
                let range = match.range(at: index)
                return range.location == NSNotFound ? "" : whole.substring(with: range)
            }
            return (1 + before.utf8.count { $0 == UInt8(ascii: "\n") }, groups)
        }
    }

    // MARK: Lexing

    private enum Place {
        case code, lineComment
        case blockComment(depth: Int)
        case string(quote: [UInt8], end: [UInt8])
    }

    /// Blanks comments and string contents, as asked; knows nested comments, raw and multi-line strings.
    private static func blanked(_ text: String, comments: Bool, strings: Bool) -> String {
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var place = Place.code
        var position = 0
        func follows(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> Bool {
            bytes[position] == UInt8(ascii: first) && position + 1 < bytes.count
                && bytes[position + 1] == UInt8(ascii: second)
        }
        func take(_ count: Int, visible: Bool) {
            for byte in bytes[position..<min(position + count, bytes.count)] {
                out.append(visible || byte == UInt8(ascii: "\n") ? byte : UInt8(ascii: " "))
            }
            position += count
        }
        while position < bytes.count {
            switch place {
            case .code:
                if follows("/", "/") {
                    place = .lineComment
                } else if follows("/", "*") {
                    place = .blockComment(depth: 1)
                    take(2, visible: !comments)
                } else if let opening = stringOpening(bytes, at: position) {
                    let quote = Array(opening.drop { $0 == UInt8(ascii: "#") })
                    let end = quote + Array(opening.prefix(opening.count - quote.count))
                    place = .string(quote: quote, end: end)
                    take(opening.count, visible: true)
                } else {
                    take(1, visible: true)
                }
            case .lineComment:
                if bytes[position] == UInt8(ascii: "\n") { place = .code }
                take(1, visible: !comments)
            case .blockComment(let depth):
                let step = follows("/", "*") ? 1 : follows("*", "/") ? -1 : 0
                place = depth + step == 0 ? .code : .blockComment(depth: depth + step)
                take(step == 0 ? 1 : 2, visible: !comments)
            case .string(let quote, let end):
                if bytes[position...].starts(with: end) {
                    place = .code
                    take(end.count, visible: true)
                } else if quote.count == 1, bytes[position] == UInt8(ascii: "\n") {
                    // An apostrophe-like quote that opened nothing; a line ends every plain string.
                    place = .code
                } else {
                    take(end.count == quote.count && bytes[position] == UInt8(ascii: "\\") ? 2 : 1, visible: !strings)
                }
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The opening delimiter of a string literal at `position`, with its number signs; nil where none starts there.
    private static func stringOpening(_ bytes: [UInt8], at position: Int) -> [UInt8]? {
        guard bytes[position] == UInt8(ascii: "\"") || bytes[position] == UInt8(ascii: "#") else { return nil }
        let signs = bytes[position...].prefix { $0 == UInt8(ascii: "#") }.count
        let quotes = bytes[(position + signs)...].prefix { $0 == UInt8(ascii: "\"") }.count
        guard quotes > 0 else { return nil }
        return Array(bytes[position..<(position + signs + (quotes >= 3 ? 3 : 1))])
    }
}

/// The files of the repository that people write: no build products, no captured input.
enum RepositoryFiles {
    private static let passedOver: Set<String> = [".git", ".build", "build", "Tests/Fixtures"]

    /// Paths of all files, sorted.
    static let paths: [String] = {
        var found: [String] = []
        func walk(_ folder: String) {
            let url = Repository.root.appendingPathComponent(folder)
            for name in (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? [] {
                let path = folder.isEmpty ? name : folder + "/" + name
                var isFolder: ObjCBool = false
                let full = Repository.root.appendingPathComponent(path).path
                guard !passedOver.contains(path), FileManager.default.fileExists(atPath: full, isDirectory: &isFolder)
                else { continue }
                if isFolder.boolValue { walk(path) } else { found.append(path) }
            }
        }
        walk("")
        return found.sorted()
    }()

    /// The UTF-8 files whose path `isIncluded` accepts.
    static func files(_ isIncluded: (String) -> Bool) -> [SourceFile] {
        paths.filter(isIncluded).compactMap { path in
            let url = Repository.root.appendingPathComponent(path)
            guard let text = try? String(contentsOf: url, encoding: .utf8) else { return nil }
            return SourceFile(path: path, text: text)
        }
    }

    /// The Swift files below `Sources/`.
    static let sources = files { $0.hasPrefix("Sources/") && $0.hasSuffix(".swift") }
}
