/// Help texts, made from the command table.
struct Help {
    let commands: [CommandSpecification]

    /// The text for the commands under `words`; the overview where there are none.
    func text(for words: [String]) -> String {
        if let command = commands.first(where: { $0.path == words }) { return text(command) }
        let below = commands.filter { $0.isListed && $0.path.starts(with: words) }
        var text = ""
        if words.isEmpty {
            text += "sage-edge measures and proves a board's energy, and places perception tasks.\n\n"
            text += "Examples:\n"
            for example in ["run", "status", "telemetry --json", "delegate perception --input frame.pgm --explain"] {
                text += "  sage-edge \(example)\n"
            }
            text += "\n"
        }
        text += "Commands:\n" + columns(below.map { ($0.name, $0.summary) })
        text += "\nsage-edge COMMAND --help tells more.\n"
        return text
    }

    private func text(_ command: CommandSpecification) -> String {
        var text = ""
        if !command.examples.isEmpty {
            text += "Examples:\n"
            for example in command.examples { text += "  sage-edge \(example)\n" }
            text += "\n"
        }
        text += "\(command.summary).\n\n"
        let usage = (["sage-edge", command.name] + command.positionals + ["[options]"]).joined(separator: " ")
        text += "Usage: \(usage)\n"
        text += "\nOptions:\n" + columns(command.shownOptions.map { (title($0), $0.help) })
        if command.options.contains(where: { $0.value == "TIME" }) {
            text += "\nTIME is one of:\n" + columns(TimeArgument.table)
        }
        return text
    }

    private func title(_ option: OptionSpecification) -> String {
        let short = option.short.map { "-\($0), " } ?? ""
        return short + "--\(option.name)" + (option.value.map { " \($0)" } ?? "")
    }

    private func columns(_ rows: [(String, String)]) -> String {
        let width = rows.map { $0.0.utf8.count }.max() ?? 0
        return rows.map { row in
            "  " + row.0 + String(repeating: " ", count: width - row.0.utf8.count + 2) + row.1 + "\n"
        }.joined()
    }
}
