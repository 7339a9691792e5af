/// Finds the command that `arguments` (without the program's name) call, and reads its options.
///
/// GNU habits: `--name value`, `--name=value`, `-h`, options anywhere, `--` ends them.
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
        var words: [String] = []
        var rest = arguments[...]
        while let word = rest.first, !word.hasPrefix("-"), isPrefix(words + [word]) {
            words.append(word)
            rest = rest.dropFirst()
        }
        let asksForHelp = rest.contains { $0 == "--help" || $0 == "-h" } && !words.isEmpty
        guard let command = commands.first(where: { $0.path == words }) else {
            if words.isEmpty, let first = rest.first, first != "--help", first != "-h", first != "help" {
                throw unknown(first)
            }
            if rest.isEmpty || asksForHelp || words.isEmpty { return .help(words) }
            throw unknown((words + [rest[rest.startIndex]]).joined(separator: " "))
        }
        if asksForHelp { return .help(words) }
        return .run(try invocation(of: command, rest))
    }

    private func invocation(of command: CommandSpecification, _ arguments: ArraySlice<String>) throws(Failure)
        -> Invocation
    {
        var positionals: [String] = []
        var values: [(name: String, value: String)] = []
        var rest = arguments
        var optionsEnded = false
        while let word = rest.popFirst() {
            if optionsEnded || !word.hasPrefix("-") || word == "-" {
                positionals.append(word)
            } else if word == "--" {
                optionsEnded = true
            } else {
                let (name, attached) = split(word)
                let option = try find(name, of: command)
                if option.value == nil {
                    guard attached == nil else { throw Failure(.usage, "--\(option.name) takes no value") }
                    values.append((option.name, ""))
                } else if let value = attached ?? rest.popFirst() {
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
        let guess = closest(to: name, in: known).map { "did you mean --\($0)?" }
        throw Failure(.usage, "unknown option '\(name)' for '\(command.name)'", hint: guess ?? help(command))
    }

    private func isPrefix(_ words: [String]) -> Bool { commands.contains { $0.path.starts(with: words) } }

    private func help(_ command: CommandSpecification) -> String { "sage-edge \(command.name) --help" }

    private func unknown(_ words: String) -> Failure {
        let guess = closest(to: words, in: commands.filter { $0.isListed }.map { $0.name })
        return Failure(
            .usage, "unknown command '\(words)'",
            hint: guess.map { "did you mean 'sage-edge \($0)'?" } ?? "sage-edge --help")
    }
}

/// The candidate that is at most two edits away from `word`, the nearest first; nil where none is.
func closest(to word: String, in candidates: [String]) -> String? {
    var best: (name: String, distance: Int)?
    for candidate in candidates {
        let distance = editDistance(Array(word.utf8), Array(candidate.utf8))
        if distance <= 2, distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.name
}

/// Levenshtein distance; complexity O(n·m).
private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var row = Array(0...right.count)
    for (i, a) in left.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, b) in right.enumerated() {
            let substituted = diagonal + (a == b ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(substituted, diagonal + 1, row[j] + 1)
        }
    }
    return row[right.count]
}
