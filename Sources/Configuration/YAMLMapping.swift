/// Reads a mapping key by key, and knows at the end which keys nobody asked for.
///
/// Every accessor gives nil for an absent key and throws for a value of another kind. `finish` comes last.
public struct YAMLMapping {
    /// The file's name.
    public let file: String
    /// The mapping's own key path; empty at the top.
    public let path: String
    /// The line on which the mapping begins.
    public let line: Int
    private let entries: [YAMLNode.Entry]
    private var asked: [String] = []

    /// The mapping at `node`; a node of another kind is taken for an empty mapping.
    init(file: String, path: String, node: YAMLNode) {
        self.file = file
        self.path = path
        line = node.line
        if case .mapping(let entries) = node.content { self.entries = entries } else { entries = [] }
    }

    /// The keys in the order of the file.
    public var keys: [String] { entries.map { $0.key } }

    /// Whether `key` is there; does not count as asking for it.
    public func contains(_ key: String) -> Bool { entries.contains { $0.key == key } }

    /// The value of `key` as it stands in the file.
    public mutating func node(_ key: String) -> YAMLNode? {
        if !asked.contains(key) { asked.append(key) }
        return entries.first { $0.key == key }?.value
    }

    /// A text; what stands there without quotes is a text too, unless it is nothing.
    public mutating func string(_ key: String) throws(YAMLError) -> String? {
        guard let node = node(key) else { return nil }
        return try text(of: node, path(key))
    }

    /// A text out of `allowed`.
    public mutating func choice(_ key: String, among allowed: [String]) throws(YAMLError) -> String? {
        guard let text = try string(key) else { return nil }
        guard allowed.contains(text) else {
            throw error(key, .notAllowed(found: "'" + text + "'", allowed: allowed.joined(separator: ", ")))
        }
        return text
    }

    /// A whole number in `range`, written in decimal digits without quotes.
    public mutating func integer(_ key: String, in range: ClosedRange<Int64>) throws(YAMLError) -> Int64? {
        guard let node = node(key) else { return nil }
        guard case .text(let text, isPlain: true) = node.content, let value = YAMLMapping.integer(text) else {
            throw error(key, node.unlike("a whole number"))
        }
        guard range.contains(value) else {
            throw error(key, .notAllowed(found: text, allowed: "\(range.lowerBound) … \(range.upperBound)"))
        }
        return value
    }

    /// `true` or `false`, without quotes.
    public mutating func boolean(_ key: String) throws(YAMLError) -> Bool? {
        guard let node = node(key) else { return nil }
        switch node.content {
        case .text("true", isPlain: true): return true
        case .text("false", isPlain: true): return false
        default: throw error(key, node.unlike("true or false"))
        }
    }

    /// A list.
    public mutating func sequence(_ key: String) throws(YAMLError) -> [YAMLNode]? {
        guard let node = node(key) else { return nil }
        guard case .sequence(let elements) = node.content else {
            throw error(key, .wrongKind(expected: "a list", found: node.kind))
        }
        return elements
    }

    /// A list of texts.
    public mutating func strings(_ key: String) throws(YAMLError) -> [String]? {
        guard let elements = try sequence(key) else { return nil }
        var texts: [String] = []
        for (index, element) in elements.enumerated() { texts.append(try text(of: element, path(key) + "[\(index)]")) }
        return texts
    }

    /// A mapping.
    public mutating func mapping(_ key: String) throws(YAMLError) -> YAMLMapping? {
        guard let node = node(key) else { return nil }
        return try mapping(of: node, path(key))
    }

    /// A list of mappings.
    public mutating func mappings(_ key: String) throws(YAMLError) -> [YAMLMapping]? {
        guard let elements = try sequence(key) else { return nil }
        var mappings: [YAMLMapping] = []
        for (index, element) in elements.enumerated() {
            mappings.append(try mapping(of: element, path(key) + "[\(index)]"))
        }
        return mappings
    }

    /// The value of `key` that `value` gave, or an error where there was none.
    public func required<Value>(_ key: String, _ value: Value?) throws(YAMLError) -> Value {
        guard let value else { throw YAMLError(file: file, line: line, key: path(key), problem: .missing) }
        return value
    }

    /// An error about `key`, with its line.
    public func error(_ key: String, _ problem: YAMLProblem) -> YAMLError {
        let line = entries.first { $0.key == key }?.line ?? line
        return YAMLError(file: file, line: line, key: path(key), problem: problem)
    }

    /// Refuses the first key that nobody asked for.
    public func finish() throws(YAMLError) {
        for entry in entries where !asked.contains(entry.key) {
            let allowed = asked.sorted()
            throw error(entry.key, .unknownKey(nearest: nearestName(to: entry.key, among: allowed), allowed: allowed))
        }
    }

    private func path(_ key: String) -> String { path.isEmpty ? key : path + "." + key }

    private func text(of node: YAMLNode, _ path: String) throws(YAMLError) -> String {
        guard case .text(let text, let isPlain) = node.content, !(isPlain && (text.isEmpty || text == "~")) else {
            throw YAMLError(
                file: file, line: node.line, key: path, problem: .wrongKind(expected: "a text", found: node.kind))
        }
        return text
    }

    private func mapping(of node: YAMLNode, _ path: String) throws(YAMLError) -> YAMLMapping {
        guard case .mapping = node.content else {
            throw YAMLError(
                file: file, line: node.line, key: path, problem: .wrongKind(expected: "a mapping", found: node.kind))
        }
        return YAMLMapping(file: file, path: path, node: node)
    }

    /// Decimal digits with an optional minus and no leading zero.
    private static func integer(_ text: String) -> Int64? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == UInt8(ascii: "-") }),
            let value = Int64(text), String(value) == text
        else { return nil }
        return value
    }
}
