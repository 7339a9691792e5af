import CYAML

/// A node of a YAML file, with the line it begins on.
public struct YAMLNode: Equatable, Sendable {
    /// The line, from 1.
    public let line: Int
    /// What stands there.
    public let content: Content

    /// What a node is.
    public enum Content: Equatable, Sendable {
        /// A text; `isPlain` when it stands without quotes, and so may be meant as a number or truth value.
        case text(String, isPlain: Bool)
        /// A list.
        case sequence([YAMLNode])
        /// A mapping in the order of the file, without repeated keys.
        case mapping([Entry])
    }

    /// One key of a mapping and its value.
    public struct Entry: Equatable, Sendable {
        /// The key.
        public let key: String
        /// The line of the key.
        public let line: Int
        /// The value.
        public let value: YAMLNode
    }

    /// What the node is, in words.
    var kind: String {
        switch content {
        case .text("", isPlain: true): "nothing"
        case .text(let text, _): "'" + (text.utf8.count > 40 ? String(text.prefix(40)) + "…" : text) + "'"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }

    /// That `expected` should stand here, which in quotes is nothing but a text.
    func unlike(_ expected: String) -> YAMLProblem {
        if case .text(_, isPlain: false) = content {
            return .wrongKind(expected: expected + " without quotes", found: kind)
        }
        return .wrongKind(expected: expected, found: kind)
    }
}

/// A YAML file of one document whose top is a mapping.
///
/// The part of YAML 1.1 that people write by hand: no anchors, aliases or tags, no repeated keys, and no
/// guesses about types: whoever asks for a value says what it is to be.
public struct YAMLDocument: Equatable, Sendable {
    /// The file's name, for messages.
    public let file: String
    /// The top mapping.
    public let root: YAMLNode

    /// Parses the bytes of a file.
    ///
    /// - Throws: `YAMLError` with the line of the first thing that is wrong.
    /// - Complexity: O(bytes); memory is bounded by `YAMLLimits`.
    public init(_ bytes: [UInt8], file: String) throws(YAMLError) {
        guard bytes.count <= YAMLLimits.fileBytes else {
            throw YAMLError(file: file, line: 0, key: "", problem: .tooLarge(bytes: bytes.count))
        }
        guard !bytes.isEmpty else { throw YAMLError(file: file, line: 0, key: "", problem: .empty) }
        self.file = file
        do throws(YAMLError) { root = try YAMLDocument.parse(bytes, file) } catch {
            guard case .syntax(let words) = error.problem, YAMLDocument.isIndentedByTab(bytes, line: error.line) else {
                throw error
            }
            throw YAMLError(
                file: file, line: error.line, key: error.key,
                problem: .syntax(words + "; tabs cannot indent YAML: use spaces"))
        }
    }

    /// Whether a tab stands before the text of `line`, which is counted from 1.
    private static func isIndentedByTab(_ bytes: [UInt8], line: Int) -> Bool {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines.indices.contains(line - 1) else { return false }
        let isBlank = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        return lines[line - 1].prefix { isBlank($0) }.contains(UInt8(ascii: "\t"))
    }

    /// The top mapping, ready to be read key by key.
    public var mapping: YAMLMapping { YAMLMapping(file: file, path: "", node: root) }

    private static func parse(_ bytes: [UInt8], _ file: String) throws(YAMLError) -> YAMLNode {
        let result = unsafe bytes.withUnsafeBufferPointer { buffer -> Result<YAMLNode, YAMLError> in
            guard let start = buffer.baseAddress, let parser = unsafe cyaml_open(start, buffer.count) else {
                return .failure(YAMLError(file: file, line: 0, key: "", problem: .syntax("out of memory")))
            }
            defer { unsafe cyaml_close(parser) }
            var builder = unsafe YAMLBuilder(parser: parser, file: file)
            do throws(YAMLError) {
                return .success(try builder.document())
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

/// Builds nodes out of libyaml's events.
@safe
private struct YAMLBuilder {
    private let parser: OpaquePointer
    private let file: String
    private var event = unsafe cyaml_event()
    private var nodes = 0

    init(parser: OpaquePointer, file: String) {
        unsafe self.parser = unsafe parser
        self.file = file
    }

    mutating func document() throws(YAMLError) -> YAMLNode {
        try advance()
        guard kind == CYAML_DOCUMENT else { throw error(.empty, line: 0) }
        try advance()
        let node = try node(depth: 1, key: "")
        guard case .mapping = node.content else {
            let isEmpty = node.content == .text("", isPlain: true)
            throw error(isEmpty ? .empty : .wrongKind(expected: "a mapping", found: node.kind), line: node.line)
        }
        try advance()
        guard kind == CYAML_END else { throw error(.severalDocuments) }
        return node
    }

    private var kind: Int { unsafe Int(event.kind) }
    private var line: Int { unsafe Int(clamping: event.line) }

    private func error(_ problem: YAMLProblem, key: String = "", line: Int? = nil) -> YAMLError {
        YAMLError(file: file, line: line ?? self.line, key: key, problem: problem)
    }

    private mutating func advance() throws(YAMLError) {
        unsafe cyaml_next(parser, &event)
        if kind == CYAML_ERROR { throw error(.syntax(text() ?? "unreadable")) }
        if unsafe kind == CYAML_ALIAS || event.has_anchor != 0 { throw error(.anchor) }
        if unsafe event.has_tag != 0 { throw error(.tag) }
    }

    /// The event's text.
    private func text() -> String? {
        guard let start = unsafe event.text else { return nil }
        return unsafe String(validating: UnsafeBufferPointer(start: start, count: event.length), as: UTF8.self)
    }

    /// The node whose first event is at hand; its last event is at hand afterwards.
    private mutating func node(depth: Int, key: String) throws(YAMLError) -> YAMLNode {
        nodes += 1
        guard nodes <= YAMLLimits.nodes else { throw error(.tooManyNodes, key: key) }
        let line = line
        switch kind {
        case CYAML_SCALAR:
            let length = unsafe event.length
            guard length <= YAMLLimits.textBytes else { throw error(.textTooLong(bytes: length), key: key) }
            guard let text = text() else { throw error(.syntax("not UTF-8"), key: key) }
            return YAMLNode(line: line, content: .text(text, isPlain: unsafe event.is_plain != 0))
        case CYAML_SEQUENCE_START:
            guard depth <= YAMLLimits.depth else { throw error(.tooDeep, key: key) }
            var elements: [YAMLNode] = []
            try advance()
            while kind != CYAML_SEQUENCE_END {
                elements.append(try node(depth: depth + 1, key: key + "[\(elements.count)]"))
                try advance()
            }
            return YAMLNode(line: line, content: .sequence(elements))
        case CYAML_MAPPING_START:
            guard depth <= YAMLLimits.depth else { throw error(.tooDeep, key: key) }
            return YAMLNode(line: line, content: .mapping(try entries(depth: depth, of: key)))
        default:
            throw error(.syntax("unexpected end of a list or mapping"), key: key)
        }
    }

    private mutating func entries(depth: Int, of parent: String) throws(YAMLError) -> [YAMLNode.Entry] {
        var entries: [YAMLNode.Entry] = []
        var lines: [String: Int] = [:]
        try advance()
        while kind != CYAML_MAPPING_END {
            let line = line
            guard kind == CYAML_SCALAR, let key = text() else { throw error(.keyNotText, key: parent) }
            let path = parent.isEmpty ? key : parent + "." + key
            if let first = lines[key] { throw error(.duplicateKey(first: first), key: path) }
            lines[key] = line
            try advance()
            entries.append(YAMLNode.Entry(key: key, line: line, value: try node(depth: depth + 1, key: path)))
            try advance()
        }
        return entries
    }
}
