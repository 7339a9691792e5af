import Quantities
import Telemetry

// Whether the board is too hot, slowed down, or short of memory.
extension DoctorFacts {
    func heatFindings() -> [Finding] {
        guard let board else { return [] }
        return temperatureFindings(board) + zoneFindings(board) + throttleFindings(board) + overCurrentFindings(board)
    }

    /// Whether `name`, of what is switched off, is that of a thermal zone; lines of tegrastats tell so of zones alone.
    func isZone(_ name: String, _ board: Board) -> Bool {
        board.zones.contains(name) || board.sample.rails.contains { $0.source == ReadingSource.tegrastats.rawValue }
    }

    /// That zones are off, which nobody switches.
    private func zoneFindings(_ board: Board) -> [Finding] {
        let off = board.sample.names(unavailableFor: "disabled").filter { isZone($0, board) }
        guard !off.isEmpty else { return [] }
        let folder = board.path("/sys/class/thermal/thermal_zone*/")
        return [
            Finding(
                .heat, .note, "zones-off", listed(off) + isAre(off) + "off (-256 °C)",
                why: "So a zone shows that what it measures is powered down; it judges nothing, and comes back "
                    + "by itself.", .run("grep -s . " + folder + "type " + folder + "temp"))
        ]
    }

    private func temperatureFindings(_ board: Board) -> [Finding] {
        let thermal = board.profile.thermal
        guard let hottest = board.sample.hottest else {
            return [
                Finding(
                    .heat, .warning, "no-temperature", "no temperature can be read",
                    why: "Capacity can then not be lowered when the board gets hot.",
                    .run("grep -s . " + board.path("/sys/class/thermal/thermal_zone*/type")))
            ]
        }
        let limit = Int64(thermal.throttle.millidegrees)
        let room = limit - hottest.millidegrees
        let figures =
            "\(hottest.name) \(degrees(millidegrees: hottest.millidegrees)), the limit is "
            + degrees(millidegrees: limit)
        if room <= 0 {
            return [
                Finding(
                    .heat, .problem, "too-hot", figures,
                    why: "At its limit the board slows itself down, and its capacity counts as nothing.",
                    remedies: cooling(board))
            ]
        }
        if hottest.millidegrees >= Int64(thermal.soft.millidegrees) {
            return [
                Finding(
                    .heat, .warning, "hot", figures,
                    why: "From \(degrees(millidegrees: Int64(thermal.soft.millidegrees))) on its capacity counts as "
                        + "falling.", remedies: cooling(board))
            ]
        }
        return [Finding(.heat, .ok, "temperature", figures)]
    }

    private func cooling(_ board: Board) -> [Finding.Remedy] {
        let fan = "see that the fan turns and nothing covers it"
        guard board.hasPowerModes else { return [.advice(fan)] }
        return [
            .advice(fan + ", or set a lower power mode:"), .run("sudo nvpmodel -q --verbose"),
            .run("sudo nvpmodel -m NUMBER"),
        ]
    }

    private func throttleFindings(_ board: Board) -> [Finding] {
        let told = agent?.causes.filter { $0.maximum != nil && $0.hasActed } ?? []
        var findings: [Finding] = []
        let active = board.sample.throttle.filter { $0.isActive }
        if !active.isEmpty {
            let words = active.map { cause in
                cause.name + " at step \(cause.state)" + (cause.maximum.map { " of \($0)" } ?? "")
                    + (told.first { $0.name == cause.name }.map { timing(of: $0) } ?? "")
            }
            findings.append(
                Finding(
                    .heat, .warning, "throttled", "the board is slowed down now: " + listed(words),
                    why: "While it lasts, no more is charged than the board really draws.",
                    remedies: cooling(board)))
        }
        let past = told.filter { cause in !active.contains { $0.name == cause.name } }
        if !past.isEmpty {
            let words = past.map { cause in
                "\(cause.name) at most at step \(cause.depthText), \(cause.oftenText) in all, the last "
                    + cause.timeText
            }
            findings.append(
                Finding(
                    .heat, .note, "throttled-before",
                    "the board was slowed down since the agent's start: " + listed(words),
                    why: "The proofs of that time say so, and nothing beyond what was drawn was charged then."))
        }
        return findings
    }

    /// Since when a cause acts, how deep it went, and how often.
    private func timing(of cause: ToldCause) -> String {
        let depth = cause.depth > cause.state ? ", at most \(cause.depth)" : ""
        return cause.isActive ? depth + " " + cause.timeText + "; " + cause.oftenText : ""
    }

    /// Events are counted since boot, so that only their rise says something of now.
    private func overCurrentFindings(_ board: Board) -> [Finding] {
        board.climbing.map { climb in
            let number = climb.cause.split(separator: ":").last.map { String($0) } ?? ""
            let what =
                "\(climb.cause): " + counted(climb.events, "event") + " in "
                + duration(milliseconds: climb.milliseconds)
            switch number {
            case "1":
                return Finding(
                    .heat, .problem, "under-voltage", what,
                    why: "The input voltage breaks in: the power supply or its cable is too weak.",
                    .advice("use the board's own power supply, or one of more watts, with a short cable"))
            case "2":
                return Finding(
                    .heat, .warning, "over-current", what,
                    why: "The mean current is over the limit, and the clocks are lowered each time.",
                    remedies: board.hasPowerModes
                        ? [.run("sudo nvpmodel -q"), .run("sudo nvpmodel -m NUMBER")]
                        : [.advice("use a power supply of more watts, or give the board less to do")])
            default:
                return Finding(
                    .heat, .note, "current-peaks", what,
                    why: "Short peaks of current; they come by the thousands in ordinary heavy use.")
            }
        }
    }

    // MARK: Memory

    func memoryFindings() -> [Finding] {
        guard let board else { return [] }
        guard let available = board.sample.availableMemory else {
            // A captured tree often lacks the file; a kernel never does.
            return [
                Finding(
                    .memory, board.isLive ? .problem : .note, "memory-unknown", "the free memory is unknown",
                    why: "A board that does not know it takes no tasks.", .run("head -3 " + board.path("/proc/meminfo"))
                )
            ]
        }
        let figures =
            memorySize(bytes: available) + " free, " + memorySize(bytes: board.memoryReserve)
            + " are left to the system"
        guard available < board.memoryReserve else { return [Finding(.memory, .ok, "memory", figures)] }
        return [
            Finding(
                .memory, .warning, "memory-short", figures, why: "No task is taken until more is free.",
                .run("ps -eo rss,comm --sort=-rss | head"), .advice("or keep less free, with memory.reserve_mib"))
        ]
    }
}
