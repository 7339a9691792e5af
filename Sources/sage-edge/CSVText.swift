/// Comma-separated values (RFC 4180).
enum CSVText {
    /// A line of names, then a line for each of `rows`.
    static func table(_ columns: [String], _ rows: [[String]]) -> String {
        var text = columns.joined(separator: ",") + "\r\n"
        for row in rows { text += row.map { quoted($0) }.joined(separator: ",") + "\r\n" }
        return text
    }

    /// A field as RFC 4180 writes it: in quotes where it holds a comma, a quote or a line end.
    private static func quoted(_ field: String) -> String {
        let isPlain = field.utf8.allSatisfy { $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "\"") && $0 >= 0x20 }
        guard !isPlain else { return field }
        var text = "\""
        for scalar in field.unicodeScalars {
            if scalar == "\"" { text += "\"" }
            text.unicodeScalars.append(scalar)
        }
        return text + "\""
    }
}
