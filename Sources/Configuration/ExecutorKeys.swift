import Federation
import Quantities

extension ConfigurationKey {
    private static let commandMembers =
        "memory_mib, timeout_seconds, typical_milliseconds, concurrent, environment, tolerance_millionths, "
        + "relative_tolerance_millionths"

    /// `executors.external`: programs that stay and serve an operation each.
    static let external = ConfigurationKey.mappings(
        "executors.external", of: "operation, command, and perhaps " + commandMembers + ", verifies",
        limit: ConfigurationLimits.externalExecutors
    ) {
        $0.executors.external.map { $0.shown("operation") }
    } element: { node, _, known throws(YAMLError) in
        try ExecutorCommand(resident: node, after: ExecutorSection.builtIn + known.map { $0.operation })
    } set: { configuration, programs throws(Refusal) in
        let processes = programs.reduce(0) { $0 + $1.concurrent }
        guard processes <= ConfigurationLimits.externalProcesses else {
            throw .notAllowed("\(processes) processes together", "at most \(ConfigurationLimits.externalProcesses)")
        }
        configuration.executors.external = programs
    }

    /// `executors.execution.commands`: programs that run once for each task.
    static let commands = ConfigurationKey.mappings(
        "executors.execution.commands", of: "name, command, and perhaps " + commandMembers,
        limit: ConfigurationLimits.allowedCommands
    ) {
        $0.executors.commands.map { $0.shown("name") }
    } element: { node, _, known throws(YAMLError) in
        try ExecutorCommand(single: node, after: known.map { $0.operation })
    } set: {
        $0.executors.commands = $1
    }

    /// A list of at most `limit` mappings, each made by `element` after those before it; relative paths in it start
    /// from the folder that `element` is given.
    static func mappings<Value: Sendable>(
        _ path: String, of allowed: String, limit: Int,
        get: @escaping @Sendable (AgentConfiguration) -> [ConfigurationMapping],
        element: @escaping @Sendable (YAMLNode, String?, [Value]) throws(YAMLError) -> Value,
        set: @escaping @Sendable (inout AgentConfiguration, [Value]) throws(Refusal) -> Void
    ) -> ConfigurationKey {
        ConfigurationKey(
            path: path, allowed: "a list of at most \(limit) mappings: " + allowed, read: { .mappings(get($0)) },
            write: { entry, configuration throws(Refusal) in
                let elements = try sequence(entry.node)
                guard elements.count <= limit else {
                    throw .notAllowed("a list of \(elements.count)", "at most \(limit)")
                }
                var values: [Value] = []
                var refusals: [Refusal] = []
                for (index, node) in elements.enumerated() {
                    do throws(YAMLError) { values.append(try element(node, entry.folder, values)) } catch {
                        var refusal = Refusal(error.problem)
                        refusal.element = (index, error.line)
                        refusal.member = error.key
                        refusals.append(refusal)
                    }
                }
                if var first = refusals.first {
                    first.further = Array(refusals.dropFirst())
                    throw first
                }
                try set(&configuration, values)
            })
    }

    /// The elements of the list at `node`; a text from the environment or the command line is the inside of a list.
    private static func sequence(_ node: YAMLNode) throws(Refusal) -> [YAMLNode] {
        if case .sequence(let elements) = node.content { return elements }
        if case .text(let text, isPlain: true) = node.content, node.line == 0, !text.isEmpty {
            let key = "list"
            if let document = try? YAMLDocument(Array((key + ": [" + text + "]").utf8), file: key) {
                var mapping = document.mapping
                if case .sequence(let elements)? = mapping.node(key)?.content { return elements }
            }
        }
        throw Refusal(.wrongKind(expected: "a list", found: node.kind))
    }
}
