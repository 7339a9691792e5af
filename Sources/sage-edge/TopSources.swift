import Telemetry

// The sources of energy beside the board: batteries, meters, parts, and the operator's word.
extension TopFrame {
    /// Nothing where there are none.
    var sourceSections: [TopSection] {
        let all = model.furtherSources
        // What something is wrong with is shown first, where there is room for some only.
        let sources =
            all.filter { !$0.isReporting } + all.filter { $0.isReporting && $0.refusal != nil }
            + all.filter { $0.isReporting && $0.refusal == nil }
        guard !sources.isEmpty else { return [] }
        let wanted = 1 + min(sources.count, 4)
        return [
            TopSection(least: 1, wanted: wanted, most: 1 + sources.count, rank: 4) { width, rows in
                var line = label("sources")
                let away = sources.count { !$0.isReporting }
                line.append("\(sources.count) beside the board")
                if away > 0 { line.append(", \(away) not shown now", .warning) }
                return [line] + TopLayout.fitted(sources.map { sourceLine($0, width) }, rows: rows - 1)
            }
        ]
    }

    private func sourceLine(_ source: ToldSource, _ width: Int) -> StyledLine {
        var line = StyledLine("  " + cell(source.source, width < 72 ? 17 : 21) + " ")
        line.append(cell(source.evidence?.name ?? "-", 8) + " ")
        line.append(cell(source.milliwatts.map { watts(milliwatts: $0) } ?? "-", 11, alignedRight: true))
        let register = source.registerMillijoules.map { joules(millijoules: $0) } ?? "-"
        line.append(cell(register, 15, alignedRight: true) + "  ")
        if !source.isReporting {
            line.append(
                "away" + (source.readMillisecondsAgo.map { " for " + duration(milliseconds: $0) } ?? ""), .warning)
        } else if let refusal = source.refusal {
            line.append("not charged" + (width < 90 ? "" : ": " + refusal), .warning)
        } else if source.chargedMillijoules > 0 {
            line.append(joules(millijoules: source.chargedMillijoules) + " charged")
        }
        return line
    }
}
