import AgentCore
import Configuration
import Telemetry

/// What may stand in one place of a command line, as far as a shell can complete it.
enum CompletionWords: Equatable {
    /// Anything; nothing is proposed.
    case anything
    /// A file.
    case file
    /// A folder.
    case folder
    /// One of these words.
    case words([String])

    /// What a value or an argument of this name may be, `FILE` or `[FILE]` or `table|json|csv`.
    init(of name: String) {
        let plain = name.filter { $0 != "[" && $0 != "]" && $0 != "…" }
        switch plain {
        case "FILE", "PEM", "PATH": self = .file
        case "DIR": self = .folder
        case "SHELL": self = .words(CompletionScript.Shell.allCases.map { $0.rawValue })
        case "RESOLUTION": self = .words(HistoryResolution.allCases.map { $0.name })
        case "OPERATION": self = .words(["perception"])
        case "TOPIC": self = .words(ManualPage.topics)
        case "PERIOD": self = .words(ReportRequest.periods)
        case "FORMAT": self = .words(ReportRequest.Format.allCases.map { $0.rawValue })
        case "PROFILE": self = .words((try? HardwareProfileFile.builtIn())?.map { $0.name } ?? [])
        default:
            let choices = plain.split(separator: "|").map { String($0) }
            self = choices.count > 1 ? .words(choices) : .anything
        }
    }
}

/// The commands as a shell goes through them word by word.
struct CompletionTree {
    /// One place that a command line can lead to.
    struct Node {
        /// The words up to here, joined; empty at the program's name.
        let path: String
        /// The words that may follow, each with what it stands for.
        let words: [(name: String, help: String)]
        /// What the arguments are, where this is a command.
        let arguments: [String]
        /// The options that fit here.
        let options: [OptionSpecification]
    }

    /// All places, those of fewer words first.
    let nodes: [Node]

    /// The places of `commands`, as far as they are listed.
    init(_ commands: [CommandSpecification]) {
        let listed = commands.filter { $0.isListed }
        var nodes = [CompletionTree.node([], listed, nil)]
        for length in 1...2 {
            var seen: [[String]] = []
            for command in listed where command.path.count >= length {
                let path = Array(command.path.prefix(length))
                guard !seen.contains(path) else { continue }
                seen.append(path)
                nodes.append(CompletionTree.node(path, listed, listed.first { $0.path == path }))
            }
        }
        self.nodes = nodes
    }

    private static func node(_ path: [String], _ listed: [CommandSpecification], _ command: CommandSpecification?)
        -> Node
    {
        var words: [(name: String, help: String)] = []
        for below in listed where below.path.count > path.count && below.path.starts(with: path) {
            let word = below.path[path.count]
            guard !words.contains(where: { $0.name == word }) else { continue }
            let group = listed.filter { $0.path.starts(with: path + [word]) }.map { $0.path.last ?? word }
            let isCommand = below.path.count == path.count + 1
            words.append((word, isCommand ? below.summary : group.joined(separator: ", ")))
        }
        return Node(
            path: path.joined(separator: " "), words: words, arguments: command?.positionals ?? [],
            options: command?.shownOptions ?? commonOptions)
    }
}
