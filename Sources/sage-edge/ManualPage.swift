import Configuration

/// The manual pages, in roff (man(7)), made from the tables that the parser and the configuration read.
enum ManualPage {
    /// What the pages are called.
    static let topics = ["sage-edge", "sage-edge.yaml"]

    /// sage-edge(1).
    static func commands(_ commands: [CommandSpecification]) -> String {
        var page = Roff(name: "sage-edge", section: 1, manual: "User Commands")
        page.section("NAME")
        page.text("sage-edge - measure and prove a board's energy, and place perception tasks")
        page.section("SYNOPSIS")
        page.line(".B sage-edge")
        page.line(".I COMMAND")
        page.line("[\\fIARGUMENT\\fR]\\&... [\\fIOPTION\\fR]\\&...")
        page.section("DESCRIPTION")
        page.text(
            "sage-edge is the agent of small fleets of boards that share perception work. It reads power, temperature "
                + "and memory, proves the board's energy in signed pages, charges credits from them, decides for each "
                + "task whether it runs here or on another board, and pays and is paid for work.")
        page.paragraph()
        page.text(
            "Results go to standard output, messages to standard error. Most commands ask the running agent; where "
                + "none runs, those that can work from its files do, and say so.")
        page.section("COMMANDS")
        for command in commands where command.isListed {
            page.subsection((["sage-edge", command.name] + command.positionals).joined(separator: " "))
            page.text(command.summary + ".")
            for option in command.options { page.option(option) }
            page.paragraph()
            page.text(command.examples.count == 1 ? "Example:" : "Examples:")
            page.line(".RS 4")
            page.line(".EX")
            for example in command.examples { page.text("sage-edge " + example) }
            page.line(".EE")
            page.line(".RE")
        }
        page.section("OPTIONS")
        page.text("Every command takes these, also before its name.")
        for option in commonOptions { page.option(option) }
        page.section("TIMES")
        page.text("A TIME is one of these.")
        for (form, meaning) in TimeArgument.table { page.item("\\fB" + Roff.escaped(form) + "\\fR", meaning + ".") }
        page.section("EXIT STATUS")
        for (code, meaning) in exitCodes { page.item("\\fB\(code)\\fR", meaning) }
        page.section("FILES")
        page.item("\\fI/etc/sage-edge/config.yaml\\fR", "The configuration, see sage-edge.yaml(5).")
        page.item("\\fI/var/lib/sage-edge\\fR", "Keys and ledger of the service.")
        page.item("\\fI\(StatePaths.systemControl)\\fR", "Where the service takes commands, of members of its group.")
        page.section("SIGNALS")
        page.item("\\fBSIGTERM\\fR, \\fBSIGINT\\fR", "Write what is only remembered, and end.")
        page.item("\\fBSIGHUP\\fR", "Read the configuration again; one that is wrong changes nothing.")
        page.section("SEE ALSO")
        page.line(".BR sage\\-edge.yaml (5),")
        page.line(".BR systemctl (1),")
        page.line(".BR journalctl (1)")
        return page.text
    }

    /// sage-edge.yaml(5).
    static func configuration() -> String {
        var page = Roff(name: "sage-edge.yaml", section: 5, manual: "File Formats")
        page.section("NAME")
        page.text("sage-edge.yaml - configuration of sage-edge")
        page.section("SYNOPSIS")
        page.text("/etc/sage-edge/config.yaml, /etc/sage-edge/conf.d/*.yaml")
        page.section("DESCRIPTION")
        page.text(
            "An agent needs no configuration. The files are YAML without anchors, aliases and tags; they are checked "
                + "as a whole, and an unknown key or an impossible value is refused with its file and line. Drop-ins "
                + "are read in the order of their names after the main file, and later values win; over them count "
                + "variables of the environment, and over those options of the command line.")
        page.paragraph()
        page.text(
            "Keys marked with an asterisk count at once when the service is reloaded, all others at its next start.")
        page.section("KEYS")
        for key in ConfigurationReference.keys {
            page.item("\\fB\(Roff.escaped(key.path))\\fR" + (key.isLive ? " *" : ""), key.description)
        }
        page.section("SEE ALSO")
        page.line(".BR sage\\-edge (1)")
        return page.text
    }

    private static let exitCodes: [(Int, String)] = [
        (0, "Done."), (1, "A check failed, or a task did."), (64, "The command line is wrong."),
        (65, "Bad data: a file or request that is not what it should be."), (66, "What was named is not there."),
        (69, "No agent can be reached."), (70, "A fault of the program."), (73, "An output file cannot be made."),
        (74, "Reading or writing failed."), (75, "Not now; the same command may succeed later."),
        (77, "Not permitted."), (78, "The configuration is wrong."), (130, "Ended by Ctrl-C."),
    ]
}

/// A manual page under way.
private struct Roff {
    private(set) var text: String

    init(name: String, section: Int, manual: String) {
        text = ".\\\" Made from the program's own tables by: sage-edge manual \(name)\n"
        text += ".TH \(Roff.escaped(name).uppercased()) \(section) \"\" \"sage-edge \(Version.text)\" \"\(manual)\"\n"
    }

    /// `text` as roff prints it: a dash stays one, and nothing in it is a command.
    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "\\": result += "\\e"
            case "-": result += "\\-"
            case "…": result += "\\&..."
            case "'": result += "\\(aq"
            case "–": result += "\\(en"
            default: result.append(character)
            }
        }
        return result.hasPrefix(".") ? "\\&" + result : result
    }

    mutating func line(_ line: String) { text += line + "\n" }
    mutating func text(_ words: String) { line(Roff.escaped(words)) }
    mutating func section(_ name: String) { line(".SH " + name) }
    mutating func subsection(_ name: String) { line(".SS \"" + Roff.escaped(name) + "\"") }
    mutating func paragraph() { line(".PP") }

    mutating func item(_ tag: String, _ meaning: String) {
        line(".TP")
        line(tag)
        text(meaning)
    }

    mutating func option(_ option: OptionSpecification) {
        let short = option.short.map { "\\fB\\-\($0)\\fR, " } ?? ""
        let value = option.value.map { " \\fI\(Roff.escaped($0))\\fR" } ?? ""
        item(short + "\\fB\\-\\-\(Roff.escaped(option.name))\\fR" + value, option.help + ".")
    }
}
