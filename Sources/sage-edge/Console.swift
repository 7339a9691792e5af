import Platform
import Wire

/// Prints results on standard output and messages on standard error.
enum Console {
    /// Prints a result that is text; a newline is added where it lacks one.
    static func print(_ text: String) throws(Failure) {
        var output = OutputBuffer.standardOutput
        output.write(text)
        if !text.hasSuffix("\n") { output.write("\n") }
        try flush(&output)
    }

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

    private static func flush(_ output: inout OutputBuffer) throws(Failure) {
        do throws(SystemError) { try output.flush() } catch {
            throw Failure(.inputOutput, "standard output: \(error.description)")
        }
    }
}

/// A table of left-aligned columns, two spaces apart; the header row is included in `rows`.
func table(_ rows: [[String]]) -> String {
    let columns = rows.map { $0.count }.max() ?? 0
    let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
    var text = ""
    for row in rows {
        var line = ""
        for (column, cell) in row.enumerated() {
            line += cell
            if column < row.count - 1 { line += String(repeating: " ", count: widths[column] - cell.count + 2) }
        }
        text += line + "\n"
    }
    return text
}
