/// The last values of something, the newest last; a value that was not there is nil.
struct Series: Equatable {
    /// Values that are kept.
    static let limit = 600

    private(set) var values: [Int64?] = []

    /// Adds the newest value; the oldest makes room.
    mutating func append(_ value: Int64?) {
        values.append(value)
        if values.count > Series.limit { values.removeFirst(values.count - Series.limit) }
    }
}

/// Values as a row of small bars.
enum Sparkline {
    /// The eight heights of a bar.
    static let blocks: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
    /// The same for a terminal that knows ASCII alone.
    static let ascii: [Character] = ["_", ".", ",", "-", "~", "=", "*", "#"]

    /// The last values in `width` columns, one each, on the right.
    ///
    /// The lowest of those shown is the lowest bar, and the highest the highest, unless all are within a tenth of
    /// each other: then the difference is shown as small as it is.
    static func row(_ series: Series, width: Int) -> String {
        rows(series, width: width, height: 1).first ?? ""
    }

    /// The same over `height` rows, the upper one first.
    static func rows(_ series: Series, width: Int, height: Int) -> [String] {
        guard width > 0, height > 0 else { return [] }
        let shown = series.values.suffix(width)
        let known = shown.compactMap { $0 }
        let blank = String(repeating: " ", count: width - shown.count)
        guard let low = known.min(), let high = known.max() else {
            return [String](repeating: blank + String(repeating: " ", count: shown.count), count: height)
        }
        // As wide numbers: a rail may show anything that fits.
        let span = max(Int128(high) - Int128(low), (max(Int128(high), -Int128(low)) + 9) / 10, 1)
        let steps = Int128(height * blocks.count)
        return (0..<height).map { row in
            let below = Int128((height - 1 - row) * blocks.count)
            var text = blank
            for value in shown {
                guard let value else {
                    text += " "
                    continue
                }
                let level = (Int128(value) - Int128(low)) * (steps - 1) / span - below
                if level < 0 {
                    text += " "
                } else {
                    text.append(blocks[Int(min(level, Int128(blocks.count - 1)))])
                }
            }
            return text
        }
    }

    /// A bar of `width` columns of which `part` of `whole` is filled.
    static func bar(_ part: Int64, of whole: Int64, width: Int) -> String {
        guard width > 0, whole > 0 else { return "" }
        let share = min(max(0, part), whole)
        let filled = Int((Int128(share) * Int128(width) + Int128(whole / 2)) / Int128(whole))
        return String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    }
}
