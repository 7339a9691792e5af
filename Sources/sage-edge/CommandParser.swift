import Configuration

/// Finds the command that `arguments` (without the program's name) call, and reads its options.
///
/// GNU habits: `--name value`, `--name=value`, `-h`, options anywhere, `--` ends them. Before the command stand only
/// options that every command has.
struct CommandParser {
    let commands: [CommandSpecification]

    /// What the arguments ask for.
    enum Outcome {
        /// Run this.
        case run(Invocation)
        /// Show help for the commands under these words; none shows the overview.
        case help([String])
    }

    func parse(_ arguments: [String]) throws(Failure) -> Outcome {
        var rest = arguments[...]
        let leading = try takeLeadingOptions(&rest)
        if rest.first == "--version" { rest = ["version"] + rest.dropFirst() }
        guard let first = rest.first else {
            if leading.isEmpty { return .help([]) }
            throw Failure(.usage, "missing COMMAND", hint: "sage-edge --help")
        }
        if ["help", "--help", "-h"].contains(first) {
            let words = rest.dropFirst().filter { !$0.hasPrefix("-") }[...]
            let path = longestPath(words)
            guard path.count == words.count else { throw unknown(path, words[words.startIndex + path.count]) }
            return .help(path)
        }
        let path = longestPath(rest)
        rest = rest.dropFirst(path.count)
        if path.isEmpty { throw unknown(path, first) }
        if rest.contains(where: { $0 == "--help" || $0 == "-h" }) { return .help(path) }
        if let command = commands.first(where: { $0.path == path }) {
            return .run(try invocation(of: command, leading + rest))
        }
        guard let next = rest.first, !next.hasPrefix("-") else {
            if rest.isEmpty, leading.isEmpty { return .help(path) }
            let words = commands.filter { $0.path.starts(with: path) }.map { $0.path[path.count] }
            let name = path.joined(separator: " ")
            throw Failure(
                .usage, "'\(name)' needs one of: " + words.joined(separator: ", "), hint: "sage-edge \(name) --help")
        }
        throw unknown(path, next)
    }

    /// Takes the options that stand before the command, which are those that every command has.
    private func takeLeadingOptions(_ rest: inout ArraySlice<String>) throws(Failure) -> [String] {
        var options: [String] = []
        while let word = rest.first, word.hasPrefix("-"), !["--help", "-h", "--version"].contains(word) {
            let (name, attached) = split(word)
            guard let option = commonOptions.first(where: { $0.name == name }) else {
                throw Failure(
                    .usage, "unknown option '\(word)' before the command",
                    hint: "options of a command stand behind it; sage-edge --help")
            }
            options.append(word)
            rest = rest.dropFirst()
            if option.value != nil, attached == nil, let value = rest.popFirst() { options.append(value) }
        }
        return options
    }

    /// The words from the first on that lead towards a command.
    private func longestPath(_ words: ArraySlice<String>) -> [String] {
        var path: [String] = []
        for word in words {
            guard commands.contains(where: { $0.path.starts(with: path + [word]) }) else { break }
            path.append(word)
        }
        return path
    }

    private func invocation(of command: CommandSpecification, _ arguments: [String]) throws(Failure) -> Invocation {
        var positionals: [String] = []
        var values: [(name: String, value: String)] = []
        var rest = arguments[...]
        var optionsEnded = false
        while let word = rest.popFirst() {
            if optionsEnded || !word.hasPrefix("-") || word == "-" {
                positionals.append(word)
            } else if word == "--" {
                optionsEnded = true
            } else {
                let (name, attached) = split(word)
                let option = try find(name, of: command)
                if values.contains(where: { $0.name == option.name }) {
                    throw Failure(.usage, "--\(option.name) is given twice", hint: help(command))
                }
                if option.value == nil {
                    guard attached == nil else {
                        throw Failure(.usage, "--\(option.name) takes no value", hint: help(command))
                    }
                    values.append((option.name, ""))
                } else if let value = attached ?? rest.popFirst(), !value.isEmpty {
                    values.append((option.name, value))
                } else {
                    throw Failure(.usage, "--\(option.name) needs a value", hint: help(command))
                }
            }
        }
        let required = command.positionals.filter { !$0.hasPrefix("[") }
        if positionals.count < required.count {
            throw Failure(.usage, "missing \(required[positionals.count])", hint: help(command))
        }
        if positionals.count > command.positionals.count, command.positionals.last?.hasSuffix("…") != true {
            throw Failure(
                .usage, "unexpected argument '\(positionals[command.positionals.count])'", hint: help(command))
        }
        return Invocation(command: command, positionals: positionals, values: values)
    }

    private func split(_ word: String) -> (name: String, value: String?) {
        guard word.hasPrefix("--") else { return (String(word.dropFirst()), nil) }
        let body = word.dropFirst(2)
        guard let equals = body.firstIndex(of: "=") else { return (String(body), nil) }
        return (String(body[..<equals]), String(body[body.index(after: equals)...]))
    }

    private func find(_ name: String, of command: CommandSpecification) throws(Failure) -> OptionSpecification {
        for option in command.options + commonOptions where option.name == name || option.short.map(String.init) == name
        {
            return option
        }
        let known = (command.options + commonOptions).map { $0.name }
        let guess = nearestName(to: name, among: known).map { "did you mean --\($0)?" }
        throw Failure(.usage, "unknown option '\(name)' for '\(command.name)'", hint: guess ?? help(command))
    }

    private func help(_ command: CommandSpecification) -> String { "sage-edge \(command.name) --help" }

    private func unknown(_ path: [String], _ word: String) -> Failure {
        let words = (path + [word]).joined(separator: " ")
        let next = commands.filter { $0.isListed && $0.path.count > path.count && $0.path.starts(with: path) }
            .map { $0.path[path.count] }
        let known = (["sage-edge"] + path).joined(separator: " ")
        let guess = nearestName(to: word, among: next).map { "did you mean '\(known) \($0)'?" }
        return Failure(.usage, "unknown command '\(words)'", hint: guess ?? known + " --help")
    }
}
