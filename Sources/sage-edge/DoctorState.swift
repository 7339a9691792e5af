import Configuration
import Platform
import Quantities
import Store

// Whether time, folder, keys and configuration are as an agent needs them.
extension DoctorFacts {
    /// 2024-01-01 in UTC: no clock that was ever set says less.
    private static let firstBelievable: Int64 = 1_704_067_200_000

    func clockFindings() -> [Finding] {
        guard let clock else { return [] }
        var findings: [Finding] = []
        if clock.wallMilliseconds < DoctorFacts.firstBelievable {
            findings.append(
                Finding(
                    .clock, .problem, "clock-unset", "the clock says \(utc(milliseconds: clock.wallMilliseconds))",
                    why: "It was never set, as after a start without network and without a battery for the clock. "
                        + "Peers may refuse what is dated so.",
                    .run("sudo timedatectl set-ntp true"), .advice("or fit the clock's battery")))
        } else if !clock.isSynchronized {
            findings.append(
                Finding(
                    .clock, .warning, "clock-unsynchronised",
                    "the clock is not synchronised: \(utc(milliseconds: clock.wallMilliseconds))",
                    why: "Proofs then say that their time of day is not to be trusted; energy is metered all the same.",
                    .run("sudo timedatectl set-ntp true"), .run("timedatectl timesync-status")))
        } else {
            findings.append(
                Finding(.clock, .ok, "clock", "synchronised, \(utc(milliseconds: clock.wallMilliseconds))"))
        }
        if !clock.hasBootID {
            findings.append(
                Finding(
                    .clock, .problem, "no-boot-id", "the kernel does not say which boot this is",
                    why: "Proofs name it, so the agent does not start without.",
                    .run("cat /proc/sys/kernel/random/boot_id"),
                    .advice("in a container: let it see /proc/sys/kernel/random")))
        }
        return findings
    }

    // MARK: The state folder

    private static let leastSpace: Int64 = 64 << 20
    private static let wantedSpace: Int64 = 512 << 20
    private static let slowSync: Int64 = 250_000
    private static let verySlowSync: Int64 = 2_000_000

    func stateFindings() -> [Finding] {
        if agent?.isClosed == true {
            return [
                Finding(
                    .state, .note, "state-not-looked-at", "state, ledger and keys were not looked at",
                    why: "They are the agent's, which is not for you; what you may not do says nothing of it.",
                    .run("sudo " + program("doctor")))
            ]
        }
        guard let state else { return [] }
        guard state.isThere else {
            return [
                Finding(
                    .state, .note, "state-absent", "\(state.folder) is not there yet",
                    why: "It is made when the agent first starts.", .run(program("run")))
            ]
        }
        var findings = folderFindings(state) + spaceFindings(state) + syncFindings(state)
        if let fault = state.fault {
            findings.append(
                Finding(
                    .state, .problem, "ledger-fault", "the ledger cannot be used: \(fault)",
                    why: "Until then the agent only measures: nothing is proved, charged or paid.",
                    remedies: StoreFailure.isDamage(told: fault) ? damageRemedies : faultRemedies(state)))
        }
        if let holder = state.holder, agent?.presence == .absent {
            findings.append(
                Finding(
                    .state, .problem, "state-locked",
                    "process \(holder) holds \(state.folder)/lock and takes no commands",
                    why: "No other agent can start there as long as it runs.",
                    .run("ps -o pid,etime,args -p \(holder)"), .run("sudo kill \(holder)")))
        }
        if !findings.contains(where: { $0.isWrong }) {
            findings.append(Finding(.state, .ok, "state", state.folder))
        }
        return findings
    }

    private func faultRemedies(_ state: State) -> [Finding.Remedy] {
        [.run(program("ledger verify")), .run("df -h " + shellWord(state.folder))]
    }

    /// What becomes of a ledger that is damaged.
    private var damageRemedies: [Finding.Remedy] {
        [
            .run(program("ledger verify")),
            .advice(
                "stop the agent, and put back a copy of the state folder; or begin anew, without its credits, "
                    + "proofs and peers:"),
            .run(puttingAside(nil, hasLedger: true)), .advice("then start the agent"),
        ]
    }

    private func folderFindings(_ state: State) -> [Finding] {
        var findings: [Finding] = []
        if let failure = state.writeFailure, isForeign(state) {
            // An agent of its owner may run there, and needs the folder as it is.
            findings.append(
                Finding(
                    .state, .problem, "state-of-another",
                    "\(state.folder) belongs to user \(state.owner), not to \(reader.name): \(failure)",
                    why: "What is in it was not looked at.", .run("sudo " + program("doctor"))))
        } else if let failure = state.writeFailure, failure == Errno.noSpace.text {
            findings.append(
                Finding(
                    .state, .problem, "state-full", "nothing can be written in \(state.folder): \(failure)",
                    why: "The agent keeps its ledger there.", .run("df -h " + shellWord(state.folder)),
                    .advice("make room on that disk; the agent goes on by itself")))
        } else if let failure = state.writeFailure {
            findings.append(
                Finding(
                    .state, .problem, "state-closed", "nothing can be written in \(state.folder): \(failure)",
                    why: "The agent keeps its ledger and its keys there.",
                    .run("sudo chown -R \(reader.ownerWord) \(shellWord(state.folder))"),
                    .run("findmnt -T " + shellWord(state.folder))))
        } else if reader.isAgent, state.owner != reader.user {
            findings.append(
                Finding(
                    .state, .warning, "state-foreign",
                    "\(state.folder) belongs to user \(state.owner), the agent runs as \(reader.name)",
                    .run("sudo chown -R \(reader.ownerWord) \(shellWord(state.folder))")))
        }
        if state.mode & 0o027 != 0 {
            findings.append(
                Finding(
                    .state, .warning, "state-open", "\(state.folder) has mode \(String(state.mode, radix: 8))",
                    why: "Others can read or change what the agent keeps.",
                    .run("sudo chmod 750 " + shellWord(state.folder))))
        }
        return findings
    }

    /// Whether the folder is another user's than the caller, who runs no agent there.
    private func isForeign(_ state: State) -> Bool {
        !reader.isAgent && reader.user != 0 && state.owner != reader.user
    }

    private func spaceFindings(_ state: State) -> [Finding] {
        guard let available = state.availableBytes else { return [] }
        let what = memorySize(bytes: available) + " free where \(state.folder) is"
        let remedies: [Finding.Remedy] = [
            .run("df -h " + shellWord(state.folder)), .run("sudo journalctl --vacuum-size=100M"),
            .run("sudo apt-get clean"),
        ]
        if available < DoctorFacts.leastSpace {
            return [
                Finding(
                    .state, .problem, "disk-full", what, why: "When it is full, the agent only measures.",
                    remedies: remedies)
            ]
        }
        if available < DoctorFacts.wantedSpace {
            return [
                Finding(
                    .state, .warning, "disk-low", what, why: "An idle agent writes up to 4 MB an hour.",
                    remedies: remedies)
            ]
        }
        return [Finding(.state, .ok, "disk", what)]
    }

    private func syncFindings(_ state: State) -> [Finding] {
        guard let microseconds = state.syncMicroseconds else { return [] }
        let what = "a write is on the disk after " + DoctorFacts.shortTime(microseconds: microseconds)
        if microseconds < DoctorFacts.slowSync { return [Finding(.state, .ok, "sync", what)] }
        let why = "Every charge, lock and payment waits for that; worn memory cards are often so slow."
        let remedies: [Finding.Remedy] = [
            .run("findmnt -T " + shellWord(state.folder)),
            .advice("put the state folder on an SSD or eMMC, with --state or STATE_DIRECTORY"),
        ]
        if microseconds < DoctorFacts.verySlowSync {
            return [Finding(.state, .warning, "sync-slow", what, why: why, remedies: remedies)]
        }
        return [Finding(.state, .problem, "sync-very-slow", what, why: why, remedies: remedies)]
    }

    /// A short time in microseconds or milliseconds, `840 µs`, `12.3 ms`.
    private static func shortTime(microseconds: Int64) -> String {
        if microseconds < 1000 { return "\(microseconds) µs" }
        return microseconds < 1_000_000
            ? decimal(tenthsOf: microseconds) + " ms" : duration(milliseconds: microseconds / 1000)
    }

    // MARK: Keys and configuration

    func keyFindings() -> [Finding] {
        if agent?.isClosed == true { return [] }
        var findings: [Finding] = []
        for key in keys {
            if key.mode & 0o077 != 0 {
                findings.append(
                    Finding(
                        .keys, .problem, "key-exposed", "\(key.path) has mode \(String(key.mode, radix: 8))",
                        why: "Others than its owner can use it; the agent does not start with such a key.",
                        remedies: [.run("sudo chmod 600 " + shellWord(key.path))] + replacing(key)))
            }
            if key.owner != reader.user {
                findings.append(
                    Finding(
                        .keys, reader.user == 0 ? .warning : .problem, "key-foreign",
                        "\(key.path) belongs to user \(key.owner), not to \(reader.name)",
                        why: reader.user == 0
                            ? "Its owner can use it, too." : "The agent cannot read it as \(reader.name).",
                        .run("sudo chown \(reader.ownerWord) \(shellWord(key.path))")))
            }
            if let fault = key.fault {
                findings.append(
                    Finding(
                        .keys, .problem, "key-broken", fault,
                        .advice("put it back from a copy, or begin anew in another --state folder")))
            }
        }
        if findings.isEmpty, let first = keys.first {
            findings.append(
                Finding(.keys, .ok, "keys", "\(keys.count) key files, for \(reader.name) alone, such as \(first.path)"))
        }
        return findings
    }

    /// How a key is replaced that others could read.
    private func replacing(_ key: KeyFile) -> [Finding.Remedy] {
        let folder = state?.folder ?? ""
        guard NodeKeys.fileNames.contains(where: { key.path == folder + "/keys/" + $0 }) else {
            return [
                .advice("if others could read it for long, make a new one, for all boards that share it:"),
                .run("(umask 077; openssl rand -hex 32 > \(shellWord(key.path)))"),
            ]
        }
        let isRunning = agent.map { $0.presence != .absent } ?? false
        let stopping: [Finding.Remedy] =
            !isRunning ? [] : isServiceAgent ? [.run("sudo systemctl stop sage-edge")] : [.advice("stop the agent")]
        // Named is the folder: whoever runs the command may have another.
        let generate = "sage-edge --state \(shellWord(folder)) key generate"
        return [
            .advice(
                "if others could read it for long, make new keys. A ledger belongs to its key and is put aside with "
                    + "it: credits, proofs and peers stay behind, and for peers it is a new board")
        ] + stopping + [
            .run(puttingAside("keys", hasLedger: state?.hasLedger ?? true)),
            .run(reader.isCaller ? generate : "sudo -u \(reader.sudoWord) " + generate),
            .advice("then start the agent, and give its new record to the peers: " + program("key export --node")),
        ]
    }

    /// Whether the agent that was asked for is the one that systemd runs.
    var isServiceAgent: Bool {
        given.state == nil && ["active", "activating", "reloading"].contains(service?.activity ?? "")
    }

    /// The command that moves the ledger, and what is named before it, to a folder `old` in the state folder.
    private func puttingAside(_ what: String?, hasLedger: Bool) -> String {
        let names = [what, hasLedger ? "ledger.db*" : nil].compactMap { $0 }.joined(separator: " ")
        let steps = "cd \(shellWord(state?.folder ?? "")) && mkdir -m 700 old && mv \(names) old/"
        return reader.isCaller && reader.user != 0 ? "(\(steps))" : "sudo sh -c " + shellQuoted(steps)
    }

    func configurationFindings() -> [Finding] {
        guard configuration.isLookedAt else { return [] }
        let standing = standingFindings()
        let isRunning = configuration.isOfAgent && agent?.presence == .running
        var findings =
            configuration.problems.map { problem in
                Finding(
                    .configuration, .problem, "configuration-wrong", problem,
                    why: isRunning
                        ? "The agent that runs goes on with what it read before, and would not start so."
                        : "The agent does not start so.",
                    .run(checkCommand))
            } + standing
        if let command = configuration.missingTegrastats {
            findings.append(
                Finding(
                    .configuration, .problem, "tegrastats-absent", command,
                    why: "Nothing is read from the board without it.",
                    .advice("remove telemetry.tegrastats: the board's own files need no program"),
                    .run("command -v tegrastats")))
        }
        findings += configuration.warnings.map { warning in
            Finding(
                .configuration, .warning, "configuration-doubtful", warning, .run(checkCommand))
        }
        if findings.isEmpty {
            let files = configuration.files
            findings.append(
                Finding(
                    .configuration, .ok, "configuration",
                    (files.isEmpty ? "no file, defaults only" : files.joined(separator: ", "))
                        + (configuration.isOfAgent && !configuration.mayDiffer ? ", which the running agent reads" : "")
                ))
        }
        if configuration.mayDiffer {
            findings.append(
                Finding(
                    .configuration, .note, "configuration-differs",
                    "the running agent may have read another configuration than this",
                    why: "It is another user's, or does not show how it was started.",
                    .advice("name its file: " + program("doctor --config FILE")), .run(program("status"))))
        }
        return findings
    }

    /// Where the agent that runs goes by something else than its files say now.
    private func standingFindings() -> [Finding] {
        guard let agent, configuration.isOfAgent else { return [] }
        var findings: [Finding] = []
        if let refusal = agent.refusedConfiguration {
            let reason = refusal.split(separator: "\n").joined(separator: "; ")
            findings.append(
                Finding(
                    .configuration, .problem, "configuration-refused",
                    "the running agent goes on with an earlier configuration; the one that it read last is refused: "
                        + reason,
                    why: "What was changed since then does not count.", .run(checkCommand),
                    isServiceAgent
                        ? .run("sudo systemctl reload sage-edge")
                        : .advice("once it is right, send the agent the signal SIGHUP")))
        }
        if !agent.pendingKeys.isEmpty {
            findings.append(
                Finding(
                    .configuration, .warning, "configuration-pending",
                    "the running agent does not yet go by " + listed(agent.pendingKeys),
                    why: "New values of these count only after it has been started again.",
                    isServiceAgent
                        ? .run("sudo systemctl restart sage-edge") : .advice("stop the agent and start it again")))
        }
        return findings
    }
}
