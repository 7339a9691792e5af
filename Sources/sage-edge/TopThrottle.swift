// What slows the board down: since when, how deep, and how often.
extension TopFrame {
    var throttleSection: TopSection {
        let told = model.agent?.causes.filter { $0.hasActed || $0.isActive } ?? []
        // What the agent has nothing to tell of, or what is read without an agent.
        let read = model.sample.throttle.filter { cause in !told.contains { $0.name == cause.name } }
        let causes =
            read.filter { $0.isActive } + read.filter { !$0.isActive && $0.state != 0 } + read.filter { $0.state == 0 }
        let throttling = told.filter { $0.isThrottling }
        let wanted = throttling.count > 1 ? 1 + min(throttling.count, 3) : 1
        return TopSection(least: 1, wanted: wanted, most: 1 + told.count + causes.count, rank: 2) { _, rows in
            var line = label("throttle")
            let active = causes.filter { $0.isActive }.map { $0.name + " " + depthText($0) }
            if !throttling.isEmpty || !active.isEmpty {
                line.append((throttling.map { headline($0, throttling) } + active).joined(separator: ", "), .bad)
            } else {
                line.append("none", .good)
                if let last = told.first(where: { $0.maximum != nil }) {
                    line.append(" now; the last: \(last.name), \(last.timeText)", .dim)
                }
            }
            let details =
                told.map { toldLine($0) }
                + causes.map { cause in
                    StyledLine("  " + cell(cause.name, 23) + "  " + depthText(cause), cause.isActive ? .bad : .dim)
                }
            return [line] + TopLayout.fitted(details, rows: rows - 1)
        }
    }

    /// A cause that acts now, in full where it is the only one.
    private func headline(_ cause: ToldCause, _ all: [ToldCause]) -> String {
        let text = "\(cause.name) \(cause.depthText) \(cause.timeText)"
        return all.count == 1 ? text + "; " + cause.oftenText : text
    }

    private func toldLine(_ cause: ToldCause) -> StyledLine {
        var line = StyledLine("  ")
        let style: StyledLine.Style = cause.isThrottling ? .bad : cause.isActive ? .warning : .dim
        line.append(cell(cause.name, 23) + "  ", style)
        line.append(cell(cause.depthText, 13) + "  " + cell(cause.timeText, 17) + "  " + cause.oftenText, style)
        return line
    }

    private func depthText(_ cause: SampleView.Cause) -> String {
        cause.maximum.map { "\(cause.state) of \($0)" } ?? "\(cause.state) since boot"
    }
}
