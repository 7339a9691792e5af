import Quantities
import Telemetry
import Wire

/// One key of the configuration: where it stands, what it takes, and which value of `AgentConfiguration` it is.
struct ConfigurationKey: Sendable {
    /// What is written where the value of a key is set.
    struct Entry {
        /// The value.
        let node: YAMLNode
        /// The folder that relative paths start from; nil for the folder the program was started in.
        let folder: String?
    }

    /// Why a value is refused; for a list, which element.
    struct Refusal: Error {
        let problem: YAMLProblem
        var element: (index: Int, line: Int)?
        /// For a list of mappings, which member of the element; empty for the element as a whole.
        var member = ""
        /// What else is wrong, in other elements.
        var further: [Refusal] = []

        init(_ problem: YAMLProblem) { self.problem = problem }

        static func notAllowed(_ found: String, _ allowed: String) -> Refusal {
            Refusal(.notAllowed(found: found, allowed: allowed))
        }
    }

    /// What commas mean in text from the environment or the command line.
    enum Commas {
        /// Nothing.
        case belongToTheText
        /// They separate the elements of a list.
        case separate
        /// Where there is one, the value is a list.
        case makeAList
    }

    typealias Reader = @Sendable (AgentConfiguration) -> ConfigurationValue?
    typealias Writer = @Sendable (Entry, inout AgentConfiguration) throws(Refusal) -> Void

    /// The key's place, `energy.window_milliseconds`.
    let path: String
    /// What it may be, for documentation and refusals.
    let allowed: String
    /// The value; nil where it has none.
    let read: Reader
    /// Sets the value.
    let write: Writer
    /// Whether text from the environment or the command line is split at commas.
    var commas = Commas.belongToTheText
    /// The value that a board's profile gives where nobody sets one.
    var profileValue: (@Sendable (HardwareProfile) -> ConfigurationValue?)?
    /// Whether that is a guess, and not what a profile states.
    var isGuess: @Sendable (HardwareProfile) -> Bool = { _ in false }

    /// The variable of the environment that sets it.
    var variable: String { ConfigurationKey.variable(of: path) }

    static let variablePrefix = "SAGE_EDGE_"

    /// `SAGE_EDGE_` and `path` in capitals, with `_` for every dot.
    static func variable(of path: String) -> String {
        variablePrefix + String(path.uppercased().map { $0 == "." ? "_" : $0 })
    }
}

// MARK: Kinds of values

extension ConfigurationKey {
    /// A number with at most `digits` digits after the point; `range`, and what is got and set, count its last digit.
    static func number(
        _ path: String, digits: Int = 0, in range: ClosedRange<Int64>,
        get: @escaping @Sendable (AgentConfiguration) -> Int64?,
        set: @escaping @Sendable (inout AgentConfiguration, Int64) -> Void
    ) -> ConfigurationKey {
        let allowed =
            FixedPoint.text(range.lowerBound, digits: digits) + " … "
            + FixedPoint.text(range.upperBound, digits: digits)
        let expected =
            digits == 0 ? "a whole number" : "a number with at most \(digits) digits after the point"
        return ConfigurationKey(
            path: path, allowed: allowed,
            read: { get($0).map { .number(FixedPoint.text($0, digits: digits)) } },
            write: { entry, configuration throws(Refusal) in
                guard case .text(let text, isPlain: true) = entry.node.content,
                    let value = FixedPoint.parse(text, digits: digits)
                else { throw Refusal(entry.node.unlike(expected)) }
                guard range.contains(value) else { throw .notAllowed(text, allowed) }
                set(&configuration, value)
            })
    }

    /// A share in percent; got and set in basis points.
    static func percent(
        _ path: String, get: @escaping @Sendable (AgentConfiguration) -> BasisPoints,
        set: @escaping @Sendable (inout AgentConfiguration, BasisPoints) -> Void
    ) -> ConfigurationKey {
        number(path, digits: 2, in: 0...10_000) {
            Int64(get($0).value)
        } set: {
            set(&$0, BasisPoints(clamping: $1))
        }
    }

    /// A share of 0 … 1.
    static func share(
        _ path: String, get: @escaping @Sendable (AgentConfiguration) -> BasisPoints,
        set: @escaping @Sendable (inout AgentConfiguration, BasisPoints) -> Void
    ) -> ConfigurationKey {
        number(path, digits: 4, in: 0...10_000) {
            Int64(get($0).value)
        } set: {
            set(&$0, BasisPoints(clamping: $1))
        }
    }

    /// `true` or `false`.
    static func boolean(
        _ path: String, get: @escaping @Sendable (AgentConfiguration) -> Bool,
        set: @escaping @Sendable (inout AgentConfiguration, Bool) -> Void
    ) -> ConfigurationKey {
        ConfigurationKey(
            path: path, allowed: "true, false", read: { .boolean(get($0)) },
            write: { entry, configuration throws(Refusal) in
                switch entry.node.content {
                case .text("true", isPlain: true): set(&configuration, true)
                case .text("false", isPlain: true): set(&configuration, false)
                default: throw Refusal(entry.node.unlike("true or false"))
                }
            })
    }

    /// A text that `set` takes, or refuses by answering false; `allowed` says what it takes.
    static func text(
        _ path: String, allowed: String, get: @escaping @Sendable (AgentConfiguration) -> String?,
        set: @escaping @Sendable (inout AgentConfiguration, String) -> Bool
    ) -> ConfigurationKey {
        ConfigurationKey(
            path: path, allowed: allowed, read: { get($0).map { .text($0) } },
            write: { entry, configuration throws(Refusal) in
                let text = try entry.node.words()
                guard set(&configuration, text) else { throw .notAllowed(entry.node.kind, allowed) }
            })
    }

    /// One of `values` by the name that `name` gives it.
    static func choice<Value: Equatable & Sendable>(
        _ path: String, among values: [Value], name: @escaping @Sendable (Value) -> String,
        get: @escaping @Sendable (AgentConfiguration) -> Value,
        set: @escaping @Sendable (inout AgentConfiguration, Value) -> Void
    ) -> ConfigurationKey {
        text(path, allowed: values.map(name).joined(separator: ", ")) {
            name(get($0))
        } set: { configuration, text in
            guard let value = values.first(where: { name($0) == text }) else { return false }
            set(&configuration, value)
            return true
        }
    }

    /// A file or folder.
    static func path(
        _ path: String, allowed: String = "a path", get: @escaping @Sendable (AgentConfiguration) -> String?,
        set: @escaping @Sendable (inout AgentConfiguration, String) -> Void
    ) -> ConfigurationKey {
        ConfigurationKey(
            path: path, allowed: allowed, read: { get($0).map { .text($0) } },
            write: { entry, configuration throws(Refusal) in
                set(&configuration, try entry.node.path(from: entry.folder))
            })
    }

    /// A list of at most `limit` elements.
    static func list(
        _ path: String, of allowed: String, limit: Int, get: @escaping @Sendable (AgentConfiguration) -> [String],
        set: @escaping @Sendable (inout AgentConfiguration, [YAMLNode], String?) throws(Refusal) -> Void
    ) -> ConfigurationKey {
        var key = ConfigurationKey(
            path: path, allowed: "a list of at most \(limit): " + allowed, read: { .list(get($0)) },
            write: { entry, configuration throws(Refusal) in
                guard case .sequence(let elements) = entry.node.content else {
                    throw Refusal(.wrongKind(expected: "a list", found: entry.node.kind))
                }
                guard elements.count <= limit else {
                    throw .notAllowed("a list of \(elements.count)", "at most \(limit)")
                }
                try set(&configuration, elements, entry.folder)
            })
        key.commas = .separate
        return key
    }
}

extension YAMLNode {
    /// The text that stands here.
    func words() throws(ConfigurationKey.Refusal) -> String {
        guard case .text(let text, let isPlain) = content, !text.isEmpty, !(isPlain && text == "~") else {
            throw .init(.wrongKind(expected: "a text", found: kind))
        }
        return text
    }

    /// The path that stands here, from `folder` where it is a relative one.
    func path(from folder: String?) throws(ConfigurationKey.Refusal) -> String {
        let text = try words()
        let path = text.hasPrefix("/") || folder == nil ? text : (folder ?? "") + "/" + text
        guard !path.utf8.contains(0), path.utf8.count <= ConfigurationLimits.pathBytes else {
            throw .notAllowed(kind, "a path of at most \(ConfigurationLimits.pathBytes) bytes without NUL")
        }
        return path
    }
}

/// The results of `read` for all `elements`; a refusal says which one it is about.
func elementwise<Value>(
    _ elements: [YAMLNode], _ read: (YAMLNode) throws(ConfigurationKey.Refusal) -> Value
) throws(ConfigurationKey.Refusal) -> [Value] {
    var values: [Value] = []
    for (index, element) in elements.enumerated() {
        do throws(ConfigurationKey.Refusal) {
            values.append(try read(element))
        } catch {
            var refusal = error
            refusal.element = (index, element.line)
            throw refusal
        }
    }
    return values
}
