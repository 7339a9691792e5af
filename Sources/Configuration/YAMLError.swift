/// Why a YAML file is refused: where, which key, and what is wrong.
public struct YAMLError: Error, Equatable, Sendable {
    /// The file's name.
    public var file: String
    /// The line, from 1; 0 for the file as a whole.
    public var line: Int
    /// The key's path, such as `thermal.soft_millidegrees` or `rails[2].role`; empty for the file as a whole.
    public var key: String
    /// What is wrong.
    public var problem: YAMLProblem

    /// An error of its four parts.
    public init(file: String, line: Int, key: String, problem: YAMLProblem) {
        self.file = file
        self.line = line
        self.key = key
        self.problem = problem
    }

    /// The error as one line: `file:line: key: what is wrong`.
    public var explanation: String {
        var text = file
        if line > 0 { text += ":\(line)" }
        if !key.isEmpty { text += ": " + key }
        return text + ": " + problem.explanation
    }
}

/// What can be wrong in a YAML file.
public enum YAMLProblem: Error, Equatable, Sendable {
    /// The file is not YAML; in the words of the YAML library.
    case syntax(String)
    /// There is nothing in the file.
    case empty
    /// The file is longer than `YAMLLimits.fileBytes`.
    case tooLarge(bytes: Int)
    /// Lists and mappings are nested deeper than `YAMLLimits.depth`.
    case tooDeep
    /// The file holds more than `YAMLLimits.nodes` nodes.
    case tooManyNodes
    /// A text is longer than `YAMLLimits.textBytes`.
    case textTooLong(bytes: Int)
    /// A second document begins.
    case severalDocuments
    /// An anchor (`&name`) or an alias (`*name`).
    case anchor
    /// A tag (`!name`).
    case tag
    /// A key that is not a text.
    case keyNotText
    /// The key stands twice in its mapping; the first time in line `first`.
    case duplicateKey(first: Int)
    /// Nobody knows this key; `nearest` is one that it may be meant for.
    case unknownKey(nearest: String?, allowed: [String])
    /// The section is for a later version.
    case notAvailable
    /// The key is required and absent.
    case missing
    /// The value is of another kind.
    case wrongKind(expected: String, found: String)
    /// The value is of the right kind and not allowed.
    case notAllowed(found: String, allowed: String)

    /// What is wrong, for a person.
    public var explanation: String {
        switch self {
        case .syntax(let words): "not YAML: " + words
        case .empty: "the file is empty"
        case .tooLarge(let bytes): "the file has \(bytes) bytes; at most \(YAMLLimits.fileBytes) are read"
        case .tooDeep: "nested deeper than \(YAMLLimits.depth) levels"
        case .tooManyNodes: "more than \(YAMLLimits.nodes) values in one file"
        case .textTooLong(let bytes): "a text of \(bytes) bytes; at most \(YAMLLimits.textBytes) are allowed"
        case .severalDocuments: "a second document begins; one per file is read"
        case .anchor: "anchors and aliases are not allowed; write the value out"
        case .tag: "tags are not allowed"
        case .keyNotText: "a key must be a text"
        case .duplicateKey(let first): "the key stands twice, first in line \(first)"
        case .unknownKey(let nearest, let allowed):
            "unknown key" + (nearest.map { ", perhaps '" + $0 + "' is meant" } ?? "") + "; allowed here: "
                + allowed.joined(separator: ", ")
        case .notAvailable: "not available in this version"
        case .missing: "the key is required"
        case .wrongKind(let expected, let found): "expected " + expected + ", found " + found
        case .notAllowed(let found, let allowed): found + " is not allowed; allowed: " + allowed
        }
    }
}
