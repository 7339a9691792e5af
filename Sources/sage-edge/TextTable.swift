/// Rows of cells as lines in which columns stand under each other, two spaces apart.
struct TextTable {
    /// Where a cell stands in its column.
    enum Alignment {
        case left
        case right
    }

    private var alignments: [Alignment]
    private var rows: [[String]] = []

    /// A table without a header; columns beyond `alignments` are aligned left.
    init(_ alignments: [Alignment] = []) { self.alignments = alignments }

    /// A table with a header; a name that begins with `>` has its column aligned right.
    init(header: [String]) {
        alignments = header.map { $0.hasPrefix(">") ? .right : .left }
        rows = [header.map { $0.hasPrefix(">") ? String($0.dropFirst()) : $0 }]
    }

    /// Adds a row.
    mutating func row(_ cells: [String]) { rows.append(cells) }

    /// Adds a row of a name and a value.
    mutating func row(_ name: String, _ value: String) { rows.append([name, value]) }

    /// The lines, each at most `width` columns as long as figures let them.
    ///
    /// What is aligned left is made to fit, the widest column first: in the last column by going on below, in the
    /// others by cutting. Figures, which are aligned right, are never cut. Where it is to be `whole`, as for another
    /// program or a file, nothing is: only the last column goes on below, and no word is broken.
    func text(width: Int = Console.width, whole isWhole: Bool = !Console.isTerminal) -> String {
        let columns = rows.map { $0.count }.max() ?? 0
        var widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        var excess = widths.reduce(0, +) + 2 * max(0, columns - 1) - width
        if isWhole {
            if excess > 0, columns > 0, !isRight(columns - 1) {
                let last = rows.compactMap { row in row.count == columns ? row[columns - 1] : nil }
                let longest = last.map { cell in longestWord(of: cell) }.max() ?? 0
                widths[columns - 1] = max(widths[columns - 1] - excess, longest, 8)
            }
            excess = 0
        }
        let flexible = (0..<columns).reversed().filter { !isRight($0) }
        while excess > 0, let column = flexible.max(by: { widths[$0] < widths[$1] }), widths[column] > 8 {
            let next = flexible.map { widths[$0] }.filter { $0 < widths[column] }.max() ?? 8
            let cut = min(excess, max(1, widths[column] - next), widths[column] - 8)
            widths[column] -= cut
            excess -= cut
        }
        return rows.map { lines(of: $0, widths) }.joined()
    }

    private func isRight(_ column: Int) -> Bool { column < alignments.count && alignments[column] == .right }

    private func lines(of row: [String], _ widths: [Int]) -> String {
        var text = ""
        var line = ""
        for (column, cell) in row.enumerated() {
            if column == widths.count - 1, !isRight(column) {
                let indent = String(repeating: " ", count: line.count)
                for (index, part) in wrapped(cell, to: widths[column]).enumerated() {
                    if index > 0 {
                        text += trimmed(line) + "\n"
                        line = indent
                    }
                    line += part
                }
            } else {
                let isTooLong = cell.count > widths[column] && !isRight(column)
                let cell = isTooLong ? String(cell.prefix(widths[column] - 1)) + "…" : cell
                let space = String(repeating: " ", count: widths[column] - cell.count)
                line += isRight(column) ? space + cell : cell + space
                if column < widths.count - 1 { line += "  " }
            }
        }
        return text + trimmed(line) + "\n"
    }

    private func trimmed(_ line: String) -> String {
        var line = line
        while line.last == " " { line.removeLast() }
        return line
    }
}

/// The length of the longest word of `text`.
private func longestWord(of text: String) -> Int {
    var longest = 0
    var length = 0
    for character in text {
        length = character == " " ? 0 : length + 1
        longest = max(longest, length)
    }
    return longest
}

/// `text` in parts of at most `width` columns, broken at blanks, or within a word that is longer.
func wrapped(_ text: String, to width: Int) -> [String] {
    var parts: [String] = []
    var part = ""
    for word in text.split(separator: " ", omittingEmptySubsequences: false) {
        var word = String(word)
        if !part.isEmpty, part.count + 1 + word.count > width {
            parts.append(part)
            part = ""
        }
        while word.count > width {
            parts.append(String(word.prefix(width)))
            word = String(word.dropFirst(width))
        }
        part += (part.isEmpty ? "" : " ") + word
    }
    return parts + [part]
}
