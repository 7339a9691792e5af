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

    /// The lines, each at most `width` columns: the widest columns are cut until they fit.
    func text(width: Int = Console.width) -> String {
        let columns = rows.map { $0.count }.max() ?? 0
        var widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        var excess = widths.reduce(0, +) + 2 * max(0, columns - 1) - width
        while excess > 0, let widest = widths.max(), widest > 8, let column = widths.lastIndex(of: widest) {
            let cut = min(excess, max(1, widest - (widths.filter { $0 < widest }.max() ?? 8)), widest - 8)
            widths[column] -= cut
            excess -= cut
        }
        var text = ""
        for row in rows {
            var line = ""
            for (column, cell) in row.enumerated() {
                let cell = cell.count > widths[column] ? String(cell.prefix(widths[column] - 1)) + "…" : cell
                let space = String(repeating: " ", count: widths[column] - cell.count)
                let isRight = column < alignments.count && alignments[column] == .right
                if isRight { line += space }
                line += cell
                if column < row.count - 1 { line += (isRight ? "" : space) + "  " }
            }
            while line.last == " " { line.removeLast() }
            text += line + "\n"
        }
        return text
    }
}
