import Platform
import Wire

/// Prints results on standard output and messages on standard error.
enum Console {
    /// The colours that text may have on a terminal.
    enum Colour: String {
        case red = "31"
        case green = "32"
        case yellow = "33"
        case dim = "2"
    }

    /// Columns that text may take: the terminal's, or 80 where there is none.
    static var width: Int { max(40, Terminal.size(1)?.columns ?? 80) }

    /// Whether standard output is a terminal.
    static var isTerminal: Bool { Terminal.isTerminal(1) }

    /// `text` in `colour` where descriptor `stream` is a terminal and nobody asked for plain text.
    ///
    /// Plain text is asked for by `--no-color`, by a non-empty `NO_COLOR` (no-color.org), or by `TERM=dumb`.
    static func paint(_ text: String, _ colour: Colour, on stream: Int32 = 1) -> String {
        guard Terminal.isTerminal(stream), hasColours else { return text }
        return "\u{1b}[" + colour.rawValue + "m" + text + "\u{1b}[0m"
    }

    /// Whether nobody asked for plain text.
    static var hasColours: Bool {
        Program.environment("NO_COLOR") ?? "" == "" && Program.environment("TERM") != "dumb"
            && !Program.arguments.contains("--no-color")
    }

    /// Prints a result that is text; a newline is added where it lacks one.
    static func print(_ text: String) throws(Failure) {
        try write(text.hasSuffix("\n") ? text : text + "\n")
    }

    /// Writes text as it is.
    static func write(_ text: String) throws(Failure) { try print(Array(text.utf8)) }

    /// Prints bytes as they are.
    static func print(_ bytes: [UInt8]) throws(Failure) {
        var output = OutputBuffer.standardOutput
        output.write(bytes)
        try flush(&output)
    }

    /// Prints one JSON object on one line.
    static func print(json: (inout JSONWriter) -> Void) throws(Failure) {
        var writer = JSONWriter()
        writer.beginObject()
        json(&writer)
        writer.endObject()
        try print(writer.text)
    }

    /// Prints a message for whoever runs the program.
    static func note(_ text: String) {
        var output = OutputBuffer.standardError
        output.line(text)
        // Nobody is left to tell when standard error is closed.
        try? output.flush()
    }

    /// Shows `text` as the progress of what is going on, in place of what was shown before; nil takes it away.
    ///
    /// Nothing is shown where standard error is not a terminal.
    static func progress(_ text: String?) {
        guard Terminal.isTerminal(2) else { return }
        var output = OutputBuffer.standardError
        output.write("\r\u{1b}[K" + (text ?? ""))
        try? output.flush()
    }

    private static func flush(_ output: inout OutputBuffer) throws(Failure) {
        do throws(SystemError) { try output.flush() } catch {
            // Whoever read along has seen enough, as `head` has.
            if error.errno == .brokenPipe { throw Failure(.inputOutput, "") }
            throw Failure(.inputOutput, "standard output: \(error.description)")
        }
    }
}

/// `text` with a question mark in place of every character that could steer a terminal, or turn the order in which
/// others are shown; line ends stay.
func printable(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars { result.unicodeScalars.append(steersTerminal(scalar) ? "?" : scalar) }
    return result
}

/// Whether a character is a control (Unicode's Cc but for the line end), a separator of lines, or sets a direction
/// (Bidi_Control).
private func steersTerminal(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x0a: false
    case 0..<0x20, 0x7f..<0xa0, 0x2028...0x2029: true
    case 0x061c, 0x200e...0x200f, 0x202a...0x202e, 0x2066...0x2069: true
    default: false
    }
}
