/// A part of the view that can be shown in more or fewer rows.
struct TopSection {
    /// Rows without which it says nothing.
    var least: Int
    /// Rows in which it says all that matters.
    var wanted: Int
    /// Rows that it can fill where there is room.
    var most: Int
    /// How much it matters; the least number matters most.
    var rank: Int
    /// Its lines in so many columns and rows; at most that many.
    var lines: (_ width: Int, _ rows: Int) -> [StyledLine]
}

/// Places sections below each other.
enum TopLayout {
    /// Rows for each of `sections` out of `rows`, and whether a blank row between any two is left over.
    ///
    /// First comes what says something, by rank; then row by row what matters; then the blank rows; then what fills.
    static func rows(_ sections: [TopSection], outOf rows: Int) -> (given: [Int], isAiry: Bool) {
        let order = sections.indices.sorted { (sections[$0].rank, $0) < (sections[$1].rank, $1) }
        var given = [Int](repeating: 0, count: sections.count)
        var left = rows
        for index in order where sections[index].least <= left {
            given[index] = sections[index].least
            left -= sections[index].least
        }
        func grow(to limit: (TopSection) -> Int) {
            var isGrowing = true
            while left > 0, isGrowing {
                isGrowing = false
                for index in order where left > 0 && given[index] > 0 && given[index] < limit(sections[index]) {
                    given[index] += 1
                    left -= 1
                    isGrowing = true
                }
            }
        }
        grow { $0.wanted }
        let gaps = max(0, given.count { $0 > 0 } - 1)
        let isAiry = left >= gaps
        if isAiry { left -= gaps }
        grow { $0.most }
        return (given, isAiry)
    }

    /// The lines of `sections` in `width` columns and at most `rows` rows.
    static func column(_ sections: [TopSection], width: Int, rows: Int) -> [StyledLine] {
        let (given, isAiry) = TopLayout.rows(sections, outOf: rows)
        let parts = sections.indices.filter { given[$0] > 0 }.map { index in
            Array(sections[index].lines(width, given[index]).prefix(given[index]))
        }
        var lines: [StyledLine] = []
        for (index, part) in parts.enumerated() {
            if isAiry, index > 0, !part.isEmpty { lines.append(StyledLine()) }
            lines += part
        }
        return lines.map { $0.cut(to: width) }
    }

    /// Two columns of lines beside each other, `left` in `width` columns.
    static func beside(_ left: [StyledLine], _ right: [StyledLine], width: Int, rows: Int) -> [StyledLine] {
        (0..<rows).map { row in
            var line = row < left.count ? left[row] : StyledLine()
            if line.width < width { line.pad(to: width) }
            line.append(" │ ", .dim)
            if row < right.count { line.append(right[row]) }
            return line
        }
    }

    /// The first of `items` that fit in `rows`, and where that is more than one row a line that says how many do not.
    static func fitted(_ items: [StyledLine], rows: Int) -> [StyledLine] {
        if items.count <= rows { return items }
        if rows <= 1 { return Array(items.prefix(max(0, rows))) }
        let shown = items.prefix(rows - 1)
        return shown + [StyledLine("  and \(items.count - shown.count) more", .dim)]
    }
}
