import AgentCore
import EnergyProofs
import Quantities
import Sensors
import Telemetry

// Whether the sources beside the board are read, and whether they are charged from; and the graphics library.
extension DoctorFacts {
    func sourceFindings() -> [Finding] {
        let board = sources.told.first?.source
        let undeclared = sources.told.filter { source in
            source.source != board && !sources.declared.contains { $0.name == source.name }
        }
        let doubt = sources.told.first.flatMap { unbelieved($0, nil) }
        return (doubt.map { [onItsMachine($0)] } ?? []) + sources.declared.compactMap { declaredFinding($0) }
            + undeclared.map { onItsMachine(toldFinding($0, nil)) }
    }

    /// Commands and files are this machine's, whatever recording its board is read from.
    private func declaredFinding(_ declaration: SourceDeclaration) -> Finding? {
        let finding = findingOfMeter(declaration)
        switch declaration.origin {
        case .command, .file: return finding
        case .path, .declared: return finding.map { onItsMachine($0) }
        }
    }

    private func findingOfMeter(_ declaration: SourceDeclaration) -> Finding? {
        if let told = sources.told.first(where: { $0.name == declaration.name }) {
            return toldFinding(told, declaration)
        }
        // Without an agent, what was read just now.
        if let reason = board?.sample.reason(of: declaration.name) {
            return away(declaration.name, reason, declaration)
        }
        guard board?.sample.sources.contains(where: { $0.name == declaration.name }) == true else { return nil }
        return uncounted(declaration.name, declaration.evidence) ?? fine(declaration.name, [declaration.evidence.name])
    }

    private func toldFinding(_ source: ToldSource, _ declaration: SourceDeclaration?) -> Finding {
        guard source.isReporting else {
            return away(source.name, board?.sample.reason(of: source.name), declaration, source.readMillisecondsAgo)
        }
        if let finding = unbelieved(source, declaration) { return finding }
        if let evidence = source.evidence, let finding = uncounted(source.source, evidence) { return finding }
        if let refusal = source.refusal {
            return Finding(
                .sources, .warning, "source-not-charged", "nothing is charged from \(source.source): \(refusal)",
                why: "Its energy is metered and proved all the same.", remedies: chargingRemedies(source))
        }
        let words = [
            source.evidence?.name, source.milliwatts.map { watts(milliwatts: $0) },
            source.registerMillijoules.map { joules(millijoules: $0) + " registered" },
        ]
        return fine(source.source, words.compactMap { $0 })
    }

    /// That a source shows more than is believed of it; nil where it does not.
    private func unbelieved(_ source: ToldSource, _ declaration: SourceDeclaration?) -> Finding? {
        guard let shown = source.unbelievedMilliwatts else { return nil }
        let key = declaration == nil ? "energy.rated_watts" : "its rated_watts under energy.sources"
        return Finding(
            .sources, .warning, "source-not-believed",
            source.source + " shows " + unbelievedText(milliwatts: shown, isRated: source.ratedMilliwatts != nil),
            why: "It counts as not read: no power is shown, and nothing of it is metered.",
            remedies: (declaration.map { readingRemedies($0) } ?? [.run(telemetryCommand)])
                + [.advice("where it is right, correct \(key)")])
    }

    private func fine(_ name: String, _ words: [String]) -> Finding {
        Finding(.sources, .ok, "source", name + ": " + words.joined(separator: ", "))
    }

    /// That a source of this class is proved and counts for nothing; nil where the policy lets it count.
    private func uncounted(_ name: String, _ evidence: EvidenceClass) -> Finding? {
        guard share(of: evidence) == 0 else { return nil }
        return Finding(
            .sources, .note, "source-not-counted",
            "\(name) is \(evidence.name), and nothing is charged from that: energy.policy.\(evidence.name) is 0",
            why: "Its energy is proved all the same.",
            .advice("to let it count, set energy.policy.\(evidence.name) to a percentage above 0"))
    }

    private func share(of evidence: EvidenceClass) -> Int { Int(sources.policy.shares[evidence]?.value ?? 0) }

    /// What may let a source be charged from, by what is known of it.
    func chargingRemedies(_ source: ToldSource) -> [Finding.Remedy] {
        var remedies: [Finding.Remedy] = []
        if let evidence = source.evidence, share(of: evidence) == 0 {
            remedies.append(.advice("to let it count, set energy.policy.\(evidence.name) to a percentage above 0"))
        }
        if let coverage = source.coverage, coverage < Int64(sources.policy.minimumCoverage.value) {
            remedies.append(.advice("see what keeps it from being read, or lower energy.minimum_coverage_percent"))
        }
        if source.ratedMilliwatts == nil {
            remedies.append(.advice("give it rated_watts under energy.sources, or the board energy.rated_watts"))
        }
        return remedies + [.run(program("proof latest --source \(source.source)"))]
    }

    // MARK: Away

    private func away(
        _ name: String, _ reason: String?, _ declaration: SourceDeclaration?, _ ago: Int64? = nil
    ) -> Finding {
        if let refusal = board?.sample.refusal(of: name) {
            let origin = sources.origins[name].map { " (\($0))" } ?? ""
            return Finding(
                .sources, .warning, "source-refused", name + " is not read: " + refusal,
                why: "One meter would be proved and charged as two sources.",
                .advice("name another meter under energy.sources\(origin), or take it out there"))
        }
        var what = name + " cannot be read" + (reason.map { " (\($0))" } ?? "")
        if let ago { what += "; the last time was " + duration(milliseconds: ago) + " ago" }
        return Finding(
            .sources, .warning, "source-away", what,
            why: "Meanwhile its proofs have gaps, and after \(SourceLimits.emptyWindows) windows without a reading "
                + "there are none until it is back.",
            remedies: declaration.map { awayRemedies($0, reason) } ?? [.run(telemetryCommand)])
    }

    /// What shows what a declared source shows.
    private func readingRemedies(_ declaration: SourceDeclaration) -> [Finding.Remedy] {
        switch declaration.origin {
        case .path(let path): [.run("ls -l " + shellWord(path))]
        case .file(let path): [.run("cat " + shellWord(path))]
        case .command(let words): [.run(asAgent + words.map { shellWord($0) }.joined(separator: " "))]
        case .declared: []
        }
    }

    /// What a command begins with to be run as the agent's user.
    private var asAgent: String { reader.user == 0 ? "" : "sudo -u \(reader.sudoWord) " }

    private func awayRemedies(_ declaration: SourceDeclaration, _ reason: String?) -> [Finding.Remedy] {
        var remedies: [Finding.Remedy] = []
        let key: String
        switch declaration.origin {
        case .path(let path):
            key = "path"
            if reason == "EACCES" {
                remedies += groupRemedies + [.run(givingToGroup(shellWord(path)))]
            } else {
                remedies.append(.run("ls -l " + shellWord(path)))
            }
        case .file(let path):
            key = "file"
            remedies.append(.run("ls -l " + shellWord(path)))
            if reason == "malformed" {
                let fault = sources.documentFaults[declaration.name].map { "it holds something else: \($0); " } ?? ""
                remedies.append(.advice(fault + "it has to hold " + DoctorFacts.document))
            } else if reason == "not-a-file" {
                remedies.append(
                    .advice(
                        "a folder, a pipe and a device hold no document: let a program write one into a plain file"))
            } else {
                if reason == "timeout" { remedies += timeAdvice(sources.fileAges[declaration.name]) }
                remedies.append(.advice("see that the program runs that writes it, and what it writes"))
            }
        case .command(let words):
            key = "command"
            remedies.append(.run(asAgent + words.map { shellWord($0) }.joined(separator: " ")))
            remedies.append(.advice(DoctorFacts.commandAdvice(reason, words.first ?? "")))
        case .declared: key = "declared_watts"
        }
        let origin = sources.origins[declaration.name].map { " (\($0))" } ?? ""
        return remedies + [.advice("or correct its \(key) under energy.sources\(origin), or take it out there")]
    }

    /// Why a file that is there and readable counts as not read: its time, `age` milliseconds ago.
    private func timeAdvice(_ age: Int64?) -> [Finding.Remedy] {
        let kept = duration(milliseconds: SensorLimits.meterAge.milliseconds)
        guard let age, age < 0 || age > SensorLimits.meterAge.milliseconds else {
            return [
                .advice("its figures count for \(kept) from the file's time on, which may not lie ahead of the clock")
            ]
        }
        guard age < 0 else {
            return [.advice("it was written \(duration(milliseconds: age)) ago, and its figures count for \(kept)")]
        }
        return [
            .advice(
                "its time lies \(duration(milliseconds: 0 - age)) ahead of this machine's clock: set the clock right, or "
                    + "let the file be written anew, with the time at which that happens")
        ]
    }

    /// What a meter has to tell.
    private static let document =
        "one JSON object with a whole number, such as {\"power_mw\": 182400}: power_mw or power_uw, energy_mj or "
        + "energy_uj"

    /// What the command `name` has to do that fails for `reason`.
    private static func commandAdvice(_ reason: String?, _ name: String) -> String {
        switch reason {
        case "malformed": "it has to print nothing but " + document
        case "timeout": "it has to end within " + duration(milliseconds: SensorLimits.commandTime.milliseconds)
        case "ENOENT" where name.utf8.first != UInt8(ascii: "/"):
            "name the program by its whole path: \(name) is looked for in no folder"
        case "ENOENT": "there is no \(name), or no program of the name in its first line (#!): install what is missing"
        default: "it has to end with status 0 and print nothing but " + document
        }
    }

    // MARK: The graphics library

    /// Whether `name` is that of NVIDIA's management library in samples.
    static func isGraphicsLibrary(_ name: String) -> Bool { name == "nvml" || name.hasPrefix("nvml:") }

    /// Why the graphics library gives nothing.
    func graphicsFindings(_ board: Board) -> [Finding] {
        guard let entry = board.sample.unavailable.first(where: { DoctorFacts.isGraphicsLibrary($0.what) }) else {
            return []
        }
        let isOrin = board.sample.profile.split(separator: "-").contains { $0 == "orin" }
        switch entry.reason {
        case "not-supported" where isOrin:
            return [
                Finding(
                    .power, .note, "nvml-refuses", "NVML is there and measures nothing",
                    why: "Normal on Orin: its rails are read instead.")
            ]
        case "not-supported":
            return [
                Finding(
                    .power, .warning, "nvml-mismatch", "NVML is there and measures nothing",
                    why: "Library and driver are of different versions, or the graphics board tells nothing. Its power "
                        + "is not in the total.",
                    .run("nvidia-smi"), .advice("after an update of the driver, start the machine again"))
            ]
        case "timeout":
            return [
                Finding(
                    .power, .warning, "nvml-hangs", "NVML does not answer",
                    why: "The driver blocks. Everything else is read all the same, without the graphics board.",
                    .run("sudo dmesg | grep -iE 'nvrm|xid'"), .run("timeout 10 nvidia-smi"),
                    .advice("where that hangs too, start the machine again"))
            ]
        default:
            return [
                Finding(
                    .power, .warning, "nvml-fails", "NVML cannot be used (\(entry.reason))",
                    why: "What the graphics board draws is not in the total.",
                    .run("nvidia-smi"), .run("ls -l /dev/nvidia*"), .run("sudo dmesg | grep -iE 'nvrm|xid'"))
            ]
        }
    }
}
