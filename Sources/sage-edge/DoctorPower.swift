import Quantities
import Telemetry

// What is wrong with the board's profile, its power mode and its rails.
extension DoctorFacts {
    func boardFindings() -> [Finding] {
        guard let board else { return [] }
        let sample = board.sample
        var findings: [Finding] = []
        let about = [sample.profile, sample.model, sample.release.map { "Jetson Linux " + $0 }].compactMap { $0 }
        findings.append(Finding(.board, .ok, "board", about.joined(separator: ", ")))
        if sample.profile == "generic", board.hasDeviceTree {
            findings.append(
                Finding(
                    .board, .note, "board-unknown", "no hardware profile knows this board",
                    why: "It runs with what can be read; its modes, limits and total are guesses.",
                    .run(program("profile detect" + board.option)),
                    .run(profile("generic ", as: "my-board", board))))
        }
        let modes = modeFindings(board)
        findings += modes
        // What the mode does not tell says already what the board is rated for.
        if !modes.contains(where: { $0.isWrong }) { findings += ratingFindings(board) }
        if !board.closedDevices.isEmpty {
            let paths = board.closedDevices.map { $0.path }
            findings.append(
                Finding(
                    .board, .warning, "devices-closed",
                    "\(reader.name) may not open " + listed(paths),
                    why: "The GPU and its sensors are for members of the group video.",
                    joining("video"),
                    .advice(reader.isAgent ? "then restart the agent" : "then log in again")))
        }
        return findings
    }

    /// That a board is rated by a guess, so that nothing comes of its proofs.
    private func ratingFindings(_ board: Board) -> [Finding] {
        guard let guess = board.guessedRating, !board.profile.totals.isEmpty else { return [] }
        return [
            Finding(
                .board, .warning, "board-unrated",
                "nobody rated this board: \(watts(milliwatts: guess.milliwatts)) is a guess of profile "
                    + board.profile.name,
                why: "That is what such a board draws when idle. Charged is what the rating leaves over what is drawn, "
                    + "so that a guess below leaves nothing.",
                .advice("set energy.rated_watts to the most that the board may draw, as its maker says"))
        ]
    }

    private func modeFindings(_ board: Board) -> [Finding] {
        let sample = board.sample
        if let reason = sample.reason(of: "power_mode"), board.hasPowerModes {
            let path = "/var/lib/nvpmodel/status"
            let fallback = fallback(board)
            switch reason {
            case "ENOENT":
                return [
                    Finding(
                        .board, .warning, "power-mode-unknown", "the power mode is unknown: \(path) is not there",
                        why: "nvpmodel has not set a mode yet, or is not installed. " + fallback,
                        .run("sudo nvpmodel -q"), .run("sudo systemctl restart nvpmodel"), DoctorFacts.rateIt)
                ]
            case "EACCES" where agent?.isClosed == true: return []
            case "EACCES":
                return [
                    Finding(
                        .board, .warning, "power-mode-closed", "the power mode may not be read: \(path)", why: fallback,
                        .run("sudo chmod a+r \(path)"))
                ]
            default:
                return [
                    Finding(
                        .board, .warning, "power-mode-unreadable", "the power mode cannot be read: \(path): \(reason)",
                        why: fallback, .run("sudo nvpmodel -q"))
                ]
            }
        }
        guard let mode = sample.mode else { return [] }
        guard let name = mode.name else {
            return [
                Finding(
                    .board, .warning, "power-mode-nameless",
                    "power mode \(mode.number) has no name: /etc/nvpmodel.conf does not list it",
                    why: "Numbers differ from board to board; only that file tells what one means. "
                        + fallback(board),
                    .run("ls -l " + board.path("/etc/nvpmodel.conf") + " " + board.path("/etc/nvpmodel/")),
                    .run("sudo nvpmodel -q"), DoctorFacts.rateIt)
            ]
        }
        guard let rated = mode.ratedMilliwatts else {
            return [
                Finding(
                    .board, .warning, "power-mode-unrated", "no profile says what power mode \(name) allows",
                    why: fallback(board),
                    .advice("set energy.rated_watts, or list the mode in a profile of your own"),
                    .run(profile("", as: sample.profile, board)))
            ]
        }
        return [Finding(.board, .ok, "power-mode", "power mode \(name), rated \(watts(milliwatts: rated))")]
    }

    /// The command that begins a profile of one's own with the built-in one that is in use, or with the one named.
    private func profile(_ name: String, as own: String, _ board: Board) -> String {
        let folder = shellWord(configuration.profilesFolder)
        let file = folder + "/" + shellWord(own + ".yaml")
        let show = program("profile show \(name)--yaml\(board.option)")
        if configuration.mayWriteProfiles { return "mkdir -p \(folder) && \(show) > \(file)" }
        return "sudo mkdir -p \(folder) && \(show) | sudo tee \(file) > /dev/null"
    }

    private static let rateIt = Finding.Remedy.advice("or say with energy.rated_watts what the mode allows")

    /// What the board is rated for while nothing tells what its mode allows.
    private func fallback(_ board: Board) -> String {
        if let rated = board.ratedByOperator {
            return "The board is rated at \(watts(milliwatts: rated.milliwatts)), as energy.rated_watts says."
        }
        guard let rated = board.profile.ratedWithoutMode else {
            return "The board is rated at what it draws when idle, and nothing is charged from a guess."
        }
        let words = board.profile.powerModes.isEmpty ? "as its module is" : "the least that one of its modes allows"
        return "The board is rated at \(watts(milliwatts: rated.milliwatts)), \(words)."
    }

    // MARK: Power

    func powerFindings() -> [Finding] {
        guard let board else { return [] }
        return permissionFindings(board) + totalFindings(board) + residualFindings(board) + railFindings(board)
            + graphicsFindings(board) + unreadFindings(board)
    }

    private func totalFindings(_ board: Board) -> [Finding] {
        let sample = board.sample
        guard let total = sample.total else {
            if board.profile.totals.isEmpty {
                return [
                    Finding(
                        .power, .warning, "not-metered", "profile \(sample.profile) has no total: nothing is metered",
                        why: "No rail that is known on this board is its whole input. Without a total there are no "
                            + "proofs of the board and no credits of it; it can work for others.",
                        remedies: meterRemedies(board))
                ]
            }
            if sample.isCounted {
                return [
                    Finding(
                        .power, .note, "total-counted", "the board's power is read from counters of energy",
                        why: "One look at them tells no power; a running board gets a second one.")
                ]
            }
            let reason = sample.reason(of: "total") ?? "ENOENT"
            if reason == "EACCES", agent?.isClosed == true { return [] }
            let rules = board.profile.totals.map { $0.text }.joined(separator: ", or else ")
            return [
                Finding(
                    .power, .problem, "no-total", "the board's power is unknown: \(rules) cannot be read (\(reason))",
                    why: "Without a total there are no proofs and no credits.",
                    remedies: totalRemedies(reason, board.profile.totals.flatMap { $0.rails }, board))
            ]
        }
        guard total.isComplete else {
            let missing = total.rails.filter { name in !sample.rails.contains { $0.name == name } }
            if agent?.isClosed == true, missing.allSatisfy({ sample.reason(of: $0) == "EACCES" }) { return [] }
            let reasons = missing.map { name in name + (sample.reason(of: name).map { " (\($0))" } ?? "") }
            return [
                Finding(
                    .power, .problem, "total-incomplete",
                    "the total \(total.rule) lacks " + listed(reasons),
                    why: "The sum is a lower bound, and a lower bound is not metered.",
                    remedies: totalRemedies(missing.first.flatMap { sample.reason(of: $0) } ?? "ENOENT", missing, board)
                )
            ]
        }
        if board.profile.contradiction(of: total.power) != nil { return [contradiction(of: total, board)] }
        let scope = total.isLowerBound ? "at least " : ""
        return [
            Finding(
                .power, .ok, "total",
                scope + watts(microwatts: total.microwatts) + " = \(total.rule) (\(total.scope))")
        ]
    }

    /// A total that no running board draws: nothing, or less.
    private func contradiction(of total: SampleView.Total, _ board: Board) -> Finding {
        let figures = "\(watts(microwatts: total.microwatts)) = \(total.rule) (\(total.scope))"
        let why = "Such a total is not metered, and nothing is charged."
        guard total.microwatts == 0 else {
            return Finding(
                .power, .problem, "total-negative",
                "the board's power cannot be \(figures), which is below zero", why: why,
                .run("grep -s . " + board.path("/sys/class/hwmon/hwmon*/shunt*_resistor")),
                .advice("a shunt that is turned round, or a driver that reads it wrongly, shows this"))
        }
        let isCounted = board.sample.rails.contains {
            total.rails.contains($0.name) && $0.source == ReadingSource.rapl.rawValue
        }
        let remedies: [Finding.Remedy] =
            isCounted
            ? [
                .run("sudo grep -s . " + board.path("/sys/class/powercap/intel-rapl*/energy_uj")),
                .advice(
                    "what stays the same when that is run again counts nothing, as in many virtual machines: leave it "
                        + "out of the profile's totals, or read a meter of your own, see energy.sources"),
            ]
            : [
                .run("grep -s . " + board.path("/sys/class/hwmon/hwmon*/{in,curr,power}*_input")),
                .advice(
                    "a monitor that has lost its bus, or has its shunt bridged, shows this: start the board anew, or "
                        + "read a meter of your own, see energy.sources"),
            ]
        return Finding(
            .power, .problem, "total-zero", "the board's power cannot be \(figures), since it runs", why: why,
            remedies: remedies)
    }

    /// What there is in place of a total on a board that has none.
    private func meterRemedies(_ board: Board) -> [Finding.Remedy] {
        // Its power chip answers the firmware alone, rail by rail.
        let chip: [Finding.Remedy] = board.sample.profile == "rpi5" ? [.run("vcgencmd pmic_read_adc")] : []
        return chip + [
            .advice("read a meter of its supply, or a command that prints what it draws: see energy.sources"),
            .run(program("profile show" + board.option)),
        ]
    }

    /// What gives back the `missing` rails of the total.
    private func totalRemedies(_ reason: String, _ missing: [String], _ board: Board) -> [Finding.Remedy] {
        // Rails that the machine names are a PC's: counters of its processor, and graphics boards.
        if board.sample.total == nil, !["EACCES", "timeout"].contains(reason),
            missing.allSatisfy({ TotalRule.isPattern($0) })
        {
            return [
                .run("ls " + board.path("/sys/class/powercap")), .run("sudo modprobe intel_rapl_msr"),
                .advice("a virtual machine has no such counters: read a meter of your own, see energy.sources"),
            ]
        }
        return switch reason {
        case "EACCES": [.advice("see above who may read the files")]
        case "disabled": switchRemedies(missing, board)
        case "ENOENT":
            [
                .run("grep -s . " + board.path("/sys/class/hwmon/hwmon*/name")),
                .run("sudo modprobe ina3221; sudo modprobe ina238"),
            ]
                + (board.isLive ? [.advice("in a container: show it the host's /sys, and name it by --sysroot")] : [])
        case "not-a-file": placeRemedies(board)
        default: [.run("sudo dmesg | grep -i ina")]
        }
    }

    /// What finds what stands where the kernel has a file.
    private func placeRemedies(_ board: Board) -> [Finding.Remedy] {
        [
            .run(
                "find -L " + board.path("/sys/class/hwmon/") + " " + board.path("/sys/class/thermal/")
                    + " -maxdepth 2 '(' -name '*_input' -o -name temp ')' ! -type f"),
            .advice("something was mounted or copied there: take it away"),
        ]
    }

    /// What switches the channels of `rails` on, and no others.
    private func switchRemedies(_ rails: [String], _ board: Board) -> [Finding.Remedy] {
        let paths = rails.compactMap { board.switches[$0] }
        guard paths.isEmpty else { return paths.map { .run("echo 1 | sudo tee " + shellWord($0)) } }
        return [
            .run(
                "grep -s . " + board.path("/sys/class/hwmon/hwmon*/in*_label") + " "
                    + board.path("/sys/class/hwmon/hwmon*/in*_enable")),
            .advice("and write 1 to the in*_enable of that channel alone, as root"),
        ]
    }

    /// What the total leaves when the parts that it feeds are taken off.
    private func residualFindings(_ board: Board) -> [Finding] {
        let sample = board.sample
        guard let found = sample.total.flatMap({ board.profile.residual(of: $0.power, among: sample.readings) })
        else { return [] }
        let names = found.parts.joined(separator: " - ")
        let figures = "\(found.total) - \(names) = \(watts(microwatts: found.residual.microwatts))"
        guard found.isImpossible else {
            return [
                Finding(
                    .power, .ok, "residual", figures,
                    why: found.residual < .zero
                        ? "Below zero by less than the sensors can tell." : "What is left feeds the rest of the board.")
            ]
        }
        return [
            Finding(
                .power, .problem, "residual-negative", "the parts draw more than the whole: " + figures,
                why: (board.hasDeviceTree
                    ? "Some carrier boards have their labels swapped, and some counters stand still."
                    : "Some machines' firmware counts psys in another unit, or not at all.")
                    + (found.greaterPart.map { " A total that stays below its part \($0) alone is not metered." }
                        ?? " It is metered all the same, since every part may be read at a moment of its own."),
                .advice("compare \(found.total) with a meter at the plug, idle and under load"),
                .run(profile("", as: sample.profile, board)),
                .advice("and give the labels their true roles there, or leave \(found.total) out of its totals"))
        ]
    }

    private func railFindings(_ board: Board) -> [Finding] {
        let sample = board.sample
        var findings: [Finding] = []
        // What the total needs is told with the total.
        let needed = sample.total?.rails ?? board.profile.totals.flatMap { $0.rails }
        let disabled = sample.names(unavailableFor: "disabled").filter {
            $0 != "total" && !needed.contains($0) && !isZone($0, board)
        }
        if !disabled.isEmpty {
            findings.append(
                Finding(
                    .power, .note, "rails-disabled", listed(disabled) + isAre(disabled) + "switched off",
                    why: "The driver has the channel disabled; the total does not need it.",
                    .run("grep -s . " + board.path("/sys/class/hwmon/hwmon*/in*_enable"))))
        }
        // Names are told apart by numbers; the first is the one at the lower bus address, and goes into the total.
        for name in needed {
            let twins = (sample.rails.map { $0.name } + sample.unavailable.map { $0.what }).filter { other in
                other.hasPrefix(name + "#") && other.utf8.dropFirst(name.utf8.count + 1).allSatisfy { $0.isDigit }
            }
            guard let twin = twins.first else { continue }
            findings.append(
                Finding(
                    .power, .warning, "rails-alike", "\(twins.count + 1) rails are called \(name)",
                    why: "The total takes the one at the lower bus address; where that is a monitor that was added, "
                        + "the wrong rail is metered. The other is shown as \(twin).",
                    .run("grep -s . " + board.path("/sys/bus/i2c/drivers/ina*/*/hwmon/hwmon*/in*_label")),
                    .advice("and give the added one another label in the device tree, or take it off its driver")))
        }
        // A battery that takes energy is below zero.
        for rail in sample.rails where rail.microwatts < 0 && rail.source != ReadingSource.powerSupply.rawValue {
            let step = board.profile.step(ofRail: rail.name)
            // One step below zero is what an idle rail can read.
            guard rail.microwatts < -2 * step.microwatts else { continue }
            findings.append(
                Finding(
                    .power, .warning, "rail-negative",
                    "\(rail.name) reads \(watts(microwatts: rail.microwatts))",
                    why: "That is below zero by more than its sensor can be wrong.",
                    .run("grep -s . " + board.path("/sys/class/hwmon/hwmon*/shunt*_resistor"))))
        }
        return findings
    }

    /// What else could not be read, reason by reason; new sources and new reasons need nothing here.
    private func unreadFindings(_ board: Board) -> [Finding] {
        let sample = board.sample
        let told = Set(["total", "power_mode", "power_mode.name", "memory", "zones", "tegrastats"])
        var findings: [Finding] = []
        var reasons: [String] = []
        for entry in sample.unavailable where !reasons.contains(entry.reason) { reasons.append(entry.reason) }
        for reason in reasons {
            let names = sample.names(unavailableFor: reason).filter { name in
                !told.contains(name) && !(sample.total?.rails.contains(name) ?? false)
                    && !DoctorFacts.isGraphicsLibrary(name) && !isSource(name)
            }
            if let finding = unread(names, reason) { findings.append(finding) }
        }
        return findings
    }

    /// Whether `name` is that of a source, of which there is more to say.
    func isSource(_ name: String) -> Bool {
        sources.declared.contains { $0.name == name } || sources.told.contains { $0.name == name }
    }

    private func unread(_ names: [String], _ reason: String) -> Finding? {
        guard !names.isEmpty else { return nil }
        let what = listed(names)
        return switch reason {
        case "disabled", "EACCES": nil
        case "EAGAIN":
            Finding(
                .power, .note, "powered-down", what + isAre(names) + "powered down (EAGAIN)",
                why: "Normal where nothing uses them: the kernel has no value then.")
        case "ENODATA", "empty":
            Finding(
                .power, .note, "no-value", what + (names.count == 1 ? " has" : " have") + " no value now (\(reason))")
        case "not-supported":
            Finding(
                .power, .note, "not-supported", what + ": this board has no way to tell",
                why: "The board works without; what is not read is left out, and never counted as zero.")
        case "ENOENT":
            Finding(
                .power, .note, "absent", what + isAre(names) + "not there (ENOENT)",
                why: "The profile knows of it; this board or its kernel does not have it.", .run(telemetryCommand))
        case "not-a-file":
            Finding(
                .power, .warning, "unread", what + " cannot be read (\(reason))",
                why: "Something else stands where the kernel has a file: a folder, a pipe or a device.",
                remedies: board.map { placeRemedies($0) } ?? [])
        default:
            Finding(
                .power, .warning, "unread", what + " cannot be read (\(reason))",
                why: "The driver or the device fails.", .run("sudo dmesg | tail -50"))
        }
    }

    /// `names` as one phrase; of many the first few, and how many more there are.
    func listed(_ names: [String]) -> String {
        let shown = 6
        if names.count <= shown { return names.joined(separator: ", ") }
        return names.prefix(shown).joined(separator: ", ") + " and \(names.count - shown) more"
    }

    func isAre(_ names: [String]) -> String { names.count == 1 ? " is " : " are " }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (0x30...0x39).contains(self) }
}
