// The board's part of the view: power, heat, throttling, memory, GPU, other sources, and what cannot be read.
extension TopFrame {
    var boardSections: [TopSection] {
        var sections = [powerSection, heatSection, throttleSection, memorySection]
        if model.sample.gpu != nil { sections.append(gpuSection) }
        sections += sourceSections
        if !model.sample.unavailable.isEmpty { sections.append(unreadSection) }
        return sections
    }

    /// Rows that a chart may take.
    private static let chartRows = 20

    // MARK: Power

    /// The rails that are not the total itself.
    private var parts: [SampleView.Rail] {
        let sample = model.sample
        guard let total = sample.total, total.rails.count == 1 else { return sample.rails }
        return sample.rails.filter { $0.name != total.rule }
    }

    private var powerSection: TopSection {
        let parts = parts
        let chartRows = model.sample.total == nil ? 0 : TopFrame.chartRows
        return TopSection(
            least: 1, wanted: 1 + parts.count, most: 1 + parts.count + chartRows, rank: 0
        ) { width, rows in
            let charted = max(0, rows - 1 - parts.count)
            var lines = [powerLine(width, isCharted: charted > 1)]
            if charted > 1 { lines += chart(model.total, width: width, rows: charted) { watts(microwatts: $0) } }
            return lines + TopLayout.fitted(parts.map { railLine($0, width) }, rows: min(parts.count, rows - 1))
        }
    }

    private func powerLine(_ width: Int, isCharted: Bool) -> StyledLine {
        var line = label("power")
        guard let total = model.sample.total else {
            if model.sample.isCounted {
                line.append("not known yet, by counters of energy", .dim)
            } else {
                line.append("unknown" + (model.sample.reason(of: "total").map { " (\($0))" } ?? ""), .warning)
            }
            return line
        }
        let rated = model.ratedMilliwatts ?? model.sample.mode?.ratedMilliwatts
        line.append((total.isLowerBound ? "at least " : "") + watts(microwatts: total.microwatts), .bold)
        if let rated { line.append(" of " + watts(milliwatts: rated) + (model.isRatedByGuess ? " (guessed)" : "")) }
        graph(
            &line, width: width, share: rated.map { (total.microwatts / 1000, $0) },
            series: isCharted && rated != nil ? nil : model.total)
        return line
    }

    private func railLine(_ rail: SampleView.Rail, _ width: Int) -> StyledLine {
        var line = StyledLine("  " + cell(rail.name, 17) + " ")
        line.append(cell(watts(microwatts: rail.microwatts), 11, alignedRight: true))
        graph(&line, width: width, share: nil, series: model.rails[rail.name])
        return line
    }

    // MARK: Heat

    private func style(of millidegrees: Int64) -> StyledLine.Style {
        if let limit = model.throttleMillidegrees, millidegrees >= limit { return .bad }
        if let soft = model.softMillidegrees, millidegrees >= soft { return .warning }
        return .good
    }

    private func heatShare(_ millidegrees: Int64) -> (part: Int64, whole: Int64)? {
        model.throttleMillidegrees.map { (millidegrees, $0) }
    }

    private var heatSection: TopSection {
        let others = model.sample.zones.filter { $0.name != model.sample.hottest?.name }
        let chartRows = model.sample.hottest == nil ? 0 : TopFrame.chartRows
        return TopSection(
            least: 1, wanted: 1 + others.count, most: 1 + others.count + chartRows, rank: 1
        ) { width, rows in
            let charted = max(0, rows - 1 - others.count)
            var lines = [heatLine(width, isCharted: charted > 1)]
            if charted > 1, let hottest = model.sample.hottest {
                lines += chart(model.heat, width: width, rows: charted, style(of: hottest.millidegrees)) {
                    degrees(millidegrees: $0)
                }
            }
            return lines + TopLayout.fitted(others.map { zoneLine($0, width) }, rows: min(others.count, rows - 1))
        }
    }

    private func heatLine(_ width: Int, isCharted: Bool) -> StyledLine {
        var line = label("heat")
        guard let hottest = model.sample.hottest else {
            line.append("unknown", .warning)
            return line
        }
        let style = style(of: hottest.millidegrees)
        line.append(degrees(millidegrees: hottest.millidegrees), style == .good ? .bold : style)
        if let limit = model.throttleMillidegrees { line.append(" of " + degrees(millidegrees: limit)) }
        line.append(" " + truncated(hottest.name, to: 12))
        let share = heatShare(hottest.millidegrees)
        graph(&line, width: width, share: share, series: isCharted && share != nil ? nil : model.heat, style)
        return line
    }

    private func zoneLine(_ zone: SampleView.Zone, _ width: Int) -> StyledLine {
        var line = StyledLine("  " + cell(zone.name, 17) + " ")
        line.append(cell(degrees(millidegrees: zone.millidegrees), 11, alignedRight: true))
        graph(
            &line, width: width, share: heatShare(zone.millidegrees), series: nil, style(of: zone.millidegrees))
        return line
    }

    // MARK: Memory, GPU, the rest

    private var memorySection: TopSection {
        TopSection(least: 1, wanted: 1, most: 1, rank: 4) { width, _ in
            var line = label("memory")
            guard let total = model.sample.totalMemory, let available = model.sample.availableMemory else {
                line.append("unknown", .warning)
                return [line]
            }
            line.append(memorySize(bytes: available), .bold)
            line.append(" free of " + memorySize(bytes: total))
            if let free = model.agent?.memoryForTasks, width >= 70 {
                // What is left to the system is no task's.
                graph(&line, width: width - 19, share: (total &- available, total), series: nil)
                line.append(" " + memorySize(bytes: free) + " for tasks")
            } else {
                graph(&line, width: width, share: (total &- available, total), series: nil)
            }
            return [line]
        }
    }

    private var gpuSection: TopSection {
        TopSection(least: 1, wanted: 1, most: 1, rank: 8) { width, _ in
            var line = label("gpu")
            guard let gpu = model.sample.gpu else { return [] }
            line.append(
                gpu.loadPermille.map { decimal(tenthsOf: $0 &* 100) + " %" }
                    ?? "load unknown", .bold)
            if let clock = gpu.kilohertz {
                line.append(clock == 0 ? ", powered down" : ", \(clock / 1000) MHz")
                if clock > 0, let most = gpu.maximumKilohertz { line.append(" of \(most / 1000) MHz") }
            }
            if let load = gpu.loadPermille { graph(&line, width: width, share: (load, 1000), series: nil) }
            return [line]
        }
    }

    private var unreadSection: TopSection {
        let missing = model.sample.unavailable.filter { $0.what != "total" }
        return TopSection(least: 1, wanted: 1, most: max(1, missing.count), rank: 10) { _, rows in
            func first(_ text: String) -> StyledLine {
                var line = label("unread")
                line.append(text, .dim)
                return line
            }
            if rows < missing.count || missing.isEmpty {
                let words = missing.map { $0.what + " (" + $0.reason + ")" }
                return [first(words.isEmpty ? "nothing else" : words.joined(separator: ", "))]
            }
            return missing.enumerated().map { index, entry in
                let text = entry.what + " (" + entry.reason + ")"
                if index == 0 { return first(text) }
                var line = StyledLine()
                line.append(String(repeating: " ", count: TopFrame.textColumn))
                line.append(text, .dim)
                return line
            }
        }
    }
}
