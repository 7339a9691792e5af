/// Draws what `top` shows; the same model in the same room gives the same lines.
struct TopFrame {
    /// From this width on there are two columns.
    static let twoColumns = 140
    /// Where what a line says begins, and where its graph does.
    static let textColumn = 9
    static let graphColumn = 41

    let model: TopModel

    /// The lines of a window: `height` at most, none wider than `width`.
    func lines(width: Int, height: Int) -> [StyledLine] {
        guard width > 0, height > 0 else { return [] }
        let hasFooter = height >= 4
        let hasTitle = height >= 3
        let rows = height - (hasFooter ? 1 : 0) - (hasTitle ? 1 : 0)
        var lines = hasTitle ? [title(width)] : []
        var body = model.showsHelp ? Array(help.prefix(rows)) : self.body(width, rows)
        if hasFooter { while body.count < rows { body.append(StyledLine()) } }
        lines += body
        if hasFooter { lines.append(footer(width)) }
        return lines.map { $0.cut(to: width) }
    }

    /// The bytes that bring a window from one frame to this one: the cursor to the corner, every line with what is
    /// left of the one before erased, and all in one piece for terminals that can show it so.
    func bytes(width: Int, height: Int, inColour: Bool, asASCII: Bool, clearing: Bool) -> [UInt8] {
        var text = "\u{1b}[?2026h\u{1b}[H" + (clearing ? "\u{1b}[2J" : "")
        for (index, line) in lines(width: width, height: height).enumerated() {
            if index > 0 { text += "\r\n" }
            text += line.painted(inColour: inColour, asASCII: asASCII)
            // Behind the last column there is nothing to erase, and some terminals would erase that column.
            if line.width < width { text += "\u{1b}[K" }
        }
        return Array((text + "\u{1b}[J\u{1b}[?2026l").utf8)
    }

    private func body(_ width: Int, _ rows: Int) -> [StyledLine] {
        guard width >= TopFrame.twoColumns else {
            return TopLayout.column(boardSections + agentSections, width: width, rows: rows)
        }
        let left = (width - 3) / 2
        return TopLayout.beside(
            TopLayout.column(boardSections, width: left, rows: rows),
            TopLayout.column(agentSections, width: width - 3 - left, rows: rows), width: left, rows: rows)
    }

    private func title(_ width: Int) -> StyledLine {
        var words = [model.agent?.platform ?? "no agent"]
        if !model.sample.profile.isEmpty {
            let isReplayed = model.agent?.isReplayed ?? model.sample.sources.contains { $0.evidence == "replayed" }
            words.append(model.sample.profile + (isReplayed ? ", replayed" : ""))
        }
        if let mode = model.sample.mode { words.append(mode.name ?? "mode \(mode.number)") }
        if let agent = model.agent {
            words.append(agent.state + " for " + duration(milliseconds: agent.uptimeMilliseconds))
        }
        var clock = utc(milliseconds: model.wallMilliseconds)
        var line = StyledLine(" ", .title)
        let room = max(0, width - 1)
        // Where there is little room, the time of day is enough.
        if displayWidth("sage-edge  " + words.joined(separator: "  ")) + clock.utf8.count + 4 > width {
            clock = String(clock.drop { $0 != " " }.dropFirst())
        }
        line.append(truncated("sage-edge  " + words.joined(separator: "  "), to: room), .title)
        if line.width + clock.utf8.count + 2 <= width {
            line.pad(to: width - clock.utf8.count - 1, .title)
            line.append(clock, .title)
        }
        if line.width < width { line.pad(to: width, .title) }
        return line
    }

    private func footer(_ width: Int) -> StyledLine {
        var line = StyledLine()
        if model.isPaused { line.append(" paused ", .warning) }
        if let message = model.message {
            line.append(" " + message, .warning)
            return line
        }
        let every = model.intervalSeconds == 1 ? "1 second" : "\(model.intervalSeconds) seconds"
        line.append(" q quit   p pause   + - every \(every)   ? help", .dim)
        return line
    }

    private var help: [StyledLine] {
        let keys = [
            ("q", "quit"), ("p", "pause, or go on"), ("+", "look less often"), ("-", "look more often"),
            ("?", "this help, or the board again"),
        ]
        var lines = [StyledLine(), StyledLine("Keys", .bold)]
        for (key, meaning) in keys {
            var line = StyledLine("  " + key, .bold)
            line.pad(to: 6)
            line.append(meaning)
            lines.append(line)
        }
        let notes = [
            "Small bars show what was, the newest on the right; the lowest and the",
            "highest bar are the least and the most of what is shown.",
            "ATP is what can be spent, one ATP is one joule; ADP is the pool it comes from.",
            "sage-edge doctor says what is wrong here, and what mends it.",
        ]
        return lines + [StyledLine()] + notes.map { StyledLine("  " + $0, .dim) }
    }

    // MARK: Parts of lines

    /// The beginning of a section's first line.
    func label(_ name: String) -> StyledLine {
        var line = StyledLine(name, .bold)
        line.pad(to: TopFrame.textColumn)
        return line
    }

    /// Fills the line up to `width` with a bar, where there is one, and a row of small bars, where there is one.
    func graph(
        _ line: inout StyledLine, width: Int, share: (part: Int64, whole: Int64)?, series: Series?,
        _ style: StyledLine.Style = .graph
    ) {
        line.pad(to: min(TopFrame.graphColumn, max(width - 12, TopFrame.textColumn)))
        let room = width - line.width
        guard room >= 6 else { return }
        guard let share else {
            if let series { line.append(Sparkline.row(series, width: room), style) }
            return
        }
        guard let series, room >= 24 else {
            // A bar says how much of the whole; with room for one of both that matters more.
            line.append(Sparkline.bar(share.part, of: share.whole, width: min(room, 40)), style)
            return
        }
        let bar = min(room / 3, 40)
        line.append(Sparkline.bar(share.part, of: share.whole, width: bar), style)
        line.append("  ")
        line.append(Sparkline.row(series, width: room - bar - 2), style)
    }

    /// A chart of `series` over `rows` rows, with the highest and the lowest value that it shows on its left.
    func chart(
        _ series: Series, width: Int, rows: Int, _ style: StyledLine.Style = .graph, text: (Int64) -> String
    ) -> [StyledLine] {
        let room = max(0, width - TopFrame.scaleColumns)
        let shown = series.values.suffix(room).compactMap { $0 }
        return Sparkline.rows(series, width: room, height: rows).enumerated().map { row, bars in
            let value = row == 0 ? shown.max() : row == rows - 1 ? shown.min() : nil
            var line = StyledLine(
                cell(value.map { text($0) } ?? "", TopFrame.scaleColumns - 1, alignedRight: true), .dim)
            line.pad(to: TopFrame.scaleColumns)
            line.append(bars, style)
            return line
        }
    }

    private static let scaleColumns = 13

    /// `text` in `width` columns, cut or filled up.
    func cell(_ text: String, _ width: Int, alignedRight: Bool = false) -> String {
        let cut = truncated(text, to: width)
        let blanks = String(repeating: " ", count: max(0, width - displayWidth(cut)))
        return alignedRight ? blanks + cut : cut + blanks
    }
}
