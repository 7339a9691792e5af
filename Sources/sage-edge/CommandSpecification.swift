/// One option of a command, as it is parsed and as help shows it.
struct OptionSpecification: Sendable {
    /// The long name without dashes.
    let name: String
    /// The one-letter name, or nil.
    let short: Character?
    /// The name of the value, or nil for a flag.
    let value: String?
    /// One line of help.
    let help: String

    init(_ name: String, short: Character? = nil, value: String? = nil, _ help: String) {
        self.name = name
        self.short = short
        self.value = value
        self.help = help
    }
}

/// One command: the single source of the parser, the help texts and the completions.
struct CommandSpecification: Sendable {
    /// The words that call it, `["proof", "verify"]`.
    let path: [String]
    /// One line of help.
    let summary: String
    /// Names of the positional arguments; a name in brackets is optional, one that ends in "…" repeats.
    let positionals: [String]
    /// Its options besides the common ones.
    let options: [OptionSpecification]
    /// Example lines without the program's name; help starts with them.
    let examples: [String]
    /// Whether help lists it; the worker's entry is not for people.
    let isListed: Bool
    /// Whether it has an answer for programs, too.
    let printsJSON: Bool
    /// Runs it.
    let run: @Sendable (Invocation) throws(Failure) -> ExitCode

    init(
        _ path: [String], _ summary: String, positionals: [String] = [], options: [OptionSpecification] = [],
        examples: [String] = [], isListed: Bool = true, printsJSON: Bool = true,
        run: @escaping @Sendable (Invocation) throws(Failure) -> ExitCode
    ) {
        self.path = path
        self.summary = summary
        self.positionals = positionals
        self.options = options
        self.examples = examples
        self.isListed = isListed
        self.printsJSON = printsJSON
        self.run = run
    }

    /// The options that help and completion offer: its own, and those of every command that mean something to it.
    var shownOptions: [OptionSpecification] {
        options + commonOptions.filter { printsJSON || $0.name != "json" }
    }

    /// The command's words, joined.
    var name: String { path.joined(separator: " ") }
}

/// Options that every command takes.
let commonOptions = [
    OptionSpecification("config", value: "FILE", "Read this configuration file instead of the default ones"),
    OptionSpecification("state", value: "DIR", "Keep and look for state in this folder"),
    OptionSpecification("json", "Print one JSON object"),
    OptionSpecification("no-color", "Print without colours (also: NO_COLOR)"),
    OptionSpecification("help", short: "h", "Show help"),
]

/// A command as it was called.
struct Invocation {
    /// The command.
    let command: CommandSpecification
    /// The positional arguments.
    let positionals: [String]
    private let values: [(name: String, value: String)]

    init(command: CommandSpecification, positionals: [String], values: [(name: String, value: String)]) {
        self.command = command
        self.positionals = positionals
        self.values = values
    }

    /// Whether the flag `name` was given.
    func has(_ name: String) -> Bool { values.contains { $0.name == name } }

    /// The value of option `name`, which is not empty; nil where it was not given.
    func value(_ name: String) -> String? { values.first { $0.name == name }?.value }

    /// The value of option `name` as a whole number within `range`, or nil where it was not given.
    func number(_ name: String, in range: ClosedRange<Int64>) throws(Failure) -> Int64? {
        guard let text = value(name) else { return nil }
        guard let number = Int64(text), range.contains(number) else {
            throw Failure(
                .usage, "--\(name) takes a whole number from \(range.lowerBound) to \(range.upperBound), not '\(text)'")
        }
        return number
    }

    /// `hint` with the folder and the configuration that were named, in every command line of `commands` in it.
    ///
    /// A command line that names its own stays as it is; it ends where its part of the sentence does.
    func completed(_ hint: String, _ commands: [CommandSpecification]) -> String {
        let given = ["state", "config"].compactMap { name in value(name).map { " --\(name) " + shellWord($0) } }
            .joined()
        let words = hint.split(separator: " ", omittingEmptySubsequences: false)
        guard !given.isEmpty else { return hint }
        var result = ""
        for (index, word) in words.enumerated() {
            result += (index == 0 ? "" : " ") + word
            guard word.hasSuffix("sage-edge"), index + 1 < words.count else { continue }
            let next = String(words[index + 1].prefix { $0.isLetter })
            let last = words[(index + 1)...].firstIndex { word in [",", ";", "?"].contains { word.hasSuffix($0) } }
            let hasOwn = words[(index + 1)...(last ?? words.count - 1)].contains { word in
                ["--state", "--config", "--help"].contains { word.hasPrefix($0) }
            }
            if !hasOwn, commands.contains(where: { $0.path.first == next }) { result += given }
        }
        return result
    }

    /// Whether JSON was asked for.
    var wantsJSON: Bool { has("json") }
}
