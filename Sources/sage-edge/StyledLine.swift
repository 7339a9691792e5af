/// One line of a screen: runs of text with the look of each.
struct StyledLine: Equatable {
    enum Style: Equatable {
        case plain
        case bold
        case dim
        case title
        case graph
        case good
        case warning
        case bad

        /// The parameters of the terminal's "select graphic rendition".
        var rendition: String {
            switch self {
            case .plain: "0"
            case .bold: "1"
            case .dim: "2"
            case .title: "7"
            case .graph: "36"
            case .good: "32"
            case .warning: "33"
            case .bad: "1;31"
            }
        }
    }

    private(set) var runs: [(text: String, style: Style)] = []
    /// Columns that it takes.
    private(set) var width = 0

    init() {}

    init(_ text: String, _ style: Style = .plain) { append(text, style) }

    static func == (left: StyledLine, right: StyledLine) -> Bool {
        left.runs.count == right.runs.count
            && zip(left.runs, right.runs).allSatisfy { $0.text == $1.text && $0.style == $1.style }
    }

    /// Appends text; what could steer a terminal is replaced.
    mutating func append(_ text: String, _ style: Style = .plain) {
        guard !text.isEmpty else { return }
        let shown = printable(text.contains("\n") ? String(text.map { $0 == "\n" ? " " : $0 }) : text)
        runs.append((shown, style))
        width += displayWidth(shown)
    }

    /// Appends blanks up to column `column`; one at least where something stands there already.
    mutating func pad(to column: Int, _ style: Style = .plain) {
        append(String(repeating: " ", count: max(width == 0 || column > width ? 0 : 1, column - width)), style)
    }

    /// Appends another line's runs.
    mutating func append(_ other: StyledLine) {
        for run in other.runs { append(run.text, run.style) }
    }

    /// The line in at most `limit` columns.
    func cut(to limit: Int) -> StyledLine {
        guard width > limit else { return self }
        var line = StyledLine()
        for run in runs {
            let room = limit - line.width
            let isLast = displayWidth(run.text) > room
            line.append(isLast ? truncated(run.text, to: room) : run.text, run.style)
            if isLast { break }
        }
        return line
    }

    /// The text alone.
    var text: String { runs.map { $0.text }.joined() }

    /// The bytes of the line for a terminal.
    func painted(inColour: Bool, asASCII: Bool) -> String {
        var result = ""
        for run in runs {
            let text = asASCII ? asciiText(run.text) : run.text
            // A title is told from the rest even without colours: reverse is none.
            let isPlain = run.style == .plain || (!inColour && run.style != .title)
            result += isPlain ? text : "\u{1b}[" + run.style.rendition + "m" + text + "\u{1b}[0m"
        }
        return result
    }
}

/// `text` for a terminal that knows ASCII alone, in as many columns.
func asciiText(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        if scalar.isASCII {
            result.unicodeScalars.append(scalar)
            continue
        }
        switch scalar {
        case "…": result += "~"
        case "°": result += " "
        case "µ": result += "u"
        case "─": result += "-"
        case "│": result += "|"
        case "█": result += "#"
        case "░": result += "."
        default:
            if let level = Sparkline.blocks.firstIndex(of: Character(scalar)) {
                result.append(Sparkline.ascii[level])
            } else {
                result += String(repeating: "?", count: displayWidth(scalar))
            }
        }
    }
    return result
}
