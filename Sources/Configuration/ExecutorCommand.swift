import Federation
import Quantities
import Wire

/// A program of the operator's that serves an operation.
public struct ExecutorCommand: Equatable, Sendable {
    /// The operation.
    public let operation: Operation
    /// The program's file, with its whole path, and its arguments.
    public let command: [String]
    /// Variables of its environment: `NAME=value`, or `NAME` for the agent's own value.
    public let environment: [String]
    /// Memory that a process of it may use.
    public let memory: ByteCount
    /// Longest run.
    public let timeout: TimeSpan
    /// How long a run takes until it has been measured.
    public let typicalTime: TimeSpan
    /// Runs at the same time.
    public let concurrent: Int64
    /// How far the numbers of two results of the same may be apart.
    public let tolerance: ResultTolerance
    /// Whether it can tell how good a result is that it did not make itself; only of programs that stay.
    public let verifies: Bool

    /// The program in `node`; those before it, and what else is served, are `known`.
    init(resident node: YAMLNode, after known: [Operation]) throws(YAMLError) {
        var mapping = try YAMLMapping(element: node)
        let name = try mapping.required("operation", try mapping.string("operation"))
        guard let operation = Operation(name), operation.family == .perception || operation.family == .planning else {
            throw mapping.error(
                "operation",
                .notAllowed(
                    found: "'" + name + "'",
                    allowed: "an operation such as perception.detect, of perception or planning"))
        }
        let verifies = try mapping.boolean("verifies") ?? false
        try self.init(&mapping, operation, "operation", known, verifies: verifies)
    }

    /// The command in `node`, likewise.
    init(single node: YAMLNode, after known: [Operation]) throws(YAMLError) {
        var mapping = try YAMLMapping(element: node)
        let name = try mapping.required("name", try mapping.string("name"))
        guard let operation = Operation("execution." + name) else {
            throw mapping.error(
                "name",
                .notAllowed(
                    found: "'" + name + "'", allowed: "a-z 0-9 . _ -, with something on both sides of every dot"))
        }
        try self.init(&mapping, operation, "name", known, verifies: false)
    }

    private init(
        _ mapping: inout YAMLMapping, _ operation: Operation, _ key: String, _ known: [Operation], verifies: Bool
    ) throws(YAMLError) {
        self.verifies = verifies
        if known.contains(operation) {
            throw mapping.error(
                key, .notAllowed(found: "'" + operation.name + "' again", allowed: "one program for one operation"))
        }
        self.operation = operation
        command = try mapping.command("command")
        environment = try mapping.environment("environment")
        let words = (command + environment).reduce(0) { $0 + $1.utf8.count }
        guard words <= ConfigurationLimits.commandBytes else {
            throw mapping.error(
                "command",
                .notAllowed(
                    found: "\(words) bytes, the environment counted",
                    allowed: "at most \(ConfigurationLimits.commandBytes)"))
        }
        let mostMemory = ConfigurationLimits.executorMemory(of: operation).bytes / 1_048_576
        memory = .mebibytes(try mapping.integer("memory_mib", in: 16...mostMemory) ?? 512)
        timeout = .seconds(try mapping.integer("timeout_seconds", in: 1...3600) ?? 30)
        typicalTime = TimeSpan(milliseconds: try mapping.integer("typical_milliseconds", in: 1...3_600_000) ?? 200)
        concurrent = try mapping.integer("concurrent", in: 1...ConfigurationLimits.concurrentWorkers) ?? 1
        let most = (absolute: ResultTolerance.largestAbsolute, relative: ResultTolerance.largestRelative)
        tolerance =
            ResultTolerance(
                absolute: try mapping.integer("tolerance_millionths", in: 0...most.absolute) ?? 0,
                relative: try mapping.integer("relative_tolerance_millionths", in: 0...most.relative) ?? 0) ?? .exact
        try mapping.finish()
        guard timeout >= typicalTime else {
            throw mapping.error(
                "typical_milliseconds",
                .notAllowed(
                    found: "\(typicalTime.milliseconds) with timeout_seconds \(timeout.milliseconds / 1000)",
                    allowed: "a timeout not shorter than an ordinary run"))
        }
    }

    /// The program as it is shown, its operation or its name under `key`.
    func shown(_ key: String) -> ConfigurationMapping {
        let name = key == "name" ? String(operation.name.dropFirst("execution.".count)) : operation.name
        let members: [ConfigurationMapping.Member] = [
            .init(key, .text(name)), .init("command", .list(command)), .init("environment", .list(environment)),
            .init("memory_mib", .number("\(memory.bytes / 1_048_576)")),
            .init("timeout_seconds", .number("\(timeout.milliseconds / 1000)")),
            .init("typical_milliseconds", .number("\(typicalTime.milliseconds)")),
            .init("concurrent", .number("\(concurrent)")),
            .init("tolerance_millionths", .number("\(tolerance.absolute)")),
            .init("relative_tolerance_millionths", .number("\(tolerance.relative)")),
        ]
        let further: [ConfigurationMapping.Member] = key == "name" ? [] : [.init("verifies", .boolean(verifies))]
        return ConfigurationMapping(members: members + further)
    }
}

extension YAMLMapping {
    /// The mapping that is an element of a list.
    fileprivate init(element node: YAMLNode) throws(YAMLError) {
        guard case .mapping = node.content else {
            throw YAMLError(
                file: "", line: node.line, key: "", problem: .wrongKind(expected: "a mapping", found: node.kind))
        }
        self.init(file: "", path: "", node: node)
    }

    /// The words of a command whose program has its whole path.
    fileprivate mutating func command(_ key: String) throws(YAMLError) -> [String] {
        let words = try required(key, try strings(key))
        guard let program = words.first, words.count <= ConfigurationLimits.commandWords else {
            throw error(
                key,
                .notAllowed(
                    found: "a list of \(words.count)",
                    allowed: "a command and at most \(ConfigurationLimits.commandWords - 1) words"))
        }
        guard program.utf8.first == UInt8(ascii: "/"), !words.contains(where: { $0.utf8.contains(0) }) else {
            throw error(
                key,
                .notAllowed(
                    found: "'" + program + "'", allowed: "a program by its whole path, such as /usr/bin/python3"))
        }
        return words
    }

    /// Variables, `NAME=value` or `NAME`, each name once.
    fileprivate mutating func environment(_ key: String) throws(YAMLError) -> [String] {
        let entries = try strings(key) ?? []
        let limit = ConfigurationLimits.executorVariables
        guard entries.count <= limit else {
            throw error(key, .notAllowed(found: "a list of \(entries.count)", allowed: "at most \(limit)"))
        }
        var names: [[UInt8]] = []
        for entry in entries {
            let name = Array(entry.utf8.prefix { $0 != UInt8(ascii: "=") })
            guard YAMLMapping.isVariable(name), !names.contains(name), !entry.utf8.contains(0) else {
                throw error(key, .notAllowed(found: "'" + entry + "'", allowed: "NAME=value or NAME, every name once"))
            }
            names.append(name)
        }
        return entries
    }

    private static func isVariable(_ name: [UInt8]) -> Bool {
        func isLetter(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || byte == UInt8(ascii: "_")
        }
        guard let first = name.first, isLetter(first) else { return false }
        return name.allSatisfy { isLetter($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}
