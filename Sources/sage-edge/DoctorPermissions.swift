// Whether the files of the power monitors and energy counters may be read.
extension DoctorFacts {
    /// Files that root keeps for itself, with what gives them to the reader's group.
    func permissionFindings(_ board: Board) -> [Finding] {
        // What this user may not read says nothing of an agent that is another's.
        if agent?.isClosed == true { return [] }
        let reported = board.sample.names(unavailableFor: "EACCES").filter {
            $0 != "power_mode" && $0 != "total" && !isSource($0)
        }
        let files = board.closedFiles
        guard !files.isEmpty || !reported.isEmpty else { return [] }
        let counters = files.filter { file in file.path.split(separator: "/").contains { $0 == "powercap" } }
        let others = files.filter { !counters.contains($0) }
        // Of a recording only the names are known.
        let domains = files.isEmpty ? reported.filter { isProcessorDomain($0) } : []
        let rails = reported.filter { !domains.contains($0) }
        var findings: [Finding] = []
        if !counters.isEmpty || !domains.isEmpty {
            // Under another root the files are named as they were found.
            let files =
                counters.isEmpty || board.root == "/"
                ? "/sys/class/powercap/intel-rapl*/energy_uj" : words(counters)
            findings.append(
                Finding(
                    .power, .problem, "rapl-closed",
                    "\(reader.name) may not read the processor's energy: " + listed(counters.map { $0.path } + domains),
                    why: reader.user == 0
                        ? DoctorFacts.refusedToRoot
                        : "Since Linux 5.10 the counters are for root alone, because whoever reads them learns "
                            + "something of what others compute.",
                    remedies: opening(files, subsystem: "powercap", board)))
        }
        if !others.isEmpty || counters.isEmpty && !rails.isEmpty {
            let paths = others.map { $0.path }
            let what = paths.isEmpty ? listed(rails) : listed(paths)
            findings.append(
                Finding(
                    .power, .problem, "rails-closed", "\(reader.name) may not read \(what)",
                    why: reader.user == 0
                        ? DoctorFacts.refusedToRoot : "Some images keep the files of the power monitors for root.",
                    remedies: opening(paths.isEmpty ? nil : words(others), subsystem: "hwmon", board)))
        }
        return findings
    }

    private static let refusedToRoot = "Root may read them on an ordinary machine: something keeps them from it here."

    /// The paths of `files` as words of a command.
    private func words(_ files: [ClosedFile]) -> String { files.map { shellWord($0.path) }.joined(separator: " ") }

    /// What gives the files at `paths` to the reader, now and after every later boot.
    ///
    /// Nil stands for all of hwmon, where nobody knows which of its files are closed; chips differ in what they have.
    private func opening(_ paths: String?, subsystem: String, _ board: Board) -> [Finding.Remedy] {
        guard reader.user != 0 else {
            return [
                .advice("in a container or a sandbox: show it the host's /sys, and let it keep CAP_DAC_READ_SEARCH"),
                .run("ls -l " + (paths ?? "/sys/class/hwmon/*/")),
            ]
        }
        // The files of a recording are another machine's.
        return (board.isLive ? [] : [DoctorFacts.onItsMachine]) + groupRemedies + [
            .run(paths.map { givingToGroup($0) } ?? findingAndGiving),
            .advice("and for every later boot:"),
            .run(
                "echo 'SUBSYSTEM==\"\(subsystem)\", ACTION==\"add\", "
                    + "RUN+=\"/bin/chgrp -R \(reader.group) /sys%p\", RUN+=\"/bin/chmod -R g+rX /sys%p\"' "
                    + "| sudo tee /etc/udev/rules.d/60-sage-edge-\(subsystem).rules"),
        ] + joiningGroup(board)
    }

    /// What makes sure that the program's own group is there, as where no package made it.
    var groupRemedies: [Finding.Remedy] {
        reader.group == Reader.ownGroup ? [.run("sudo groupadd -f \(Reader.ownGroup)")] : []
    }

    /// The command line that lets the reader's group read the files at `paths`; one that fails keeps no other.
    func givingToGroup(_ paths: String) -> String { "sudo chgrp \(reader.group) \(paths); sudo chmod g+r \(paths)" }

    /// The same for the files of every power monitor.
    private var findingAndGiving: String {
        "sudo find /sys/class/hwmon/*/ \\( -name 'in*_input' -o -name 'curr*_input' -o -name 'power*_input' \\) "
            + "-exec chgrp \(reader.group) {} + -exec chmod g+r {} +"
    }

    /// Whether `name` is that of a domain of a processor's energy counters.
    private func isProcessorDomain(_ name: String) -> Bool {
        ["package-", "psys", "dram"].contains { name.hasPrefix($0) }
    }

    private func joiningGroup(_ board: Board) -> [Finding.Remedy] {
        reader.group != Reader.ownGroup || reader.name == reader.group || !board.isLive
            ? [] : [joining(reader.group)]
    }

    /// What makes the reader a member of `group`.
    func joining(_ group: String) -> Finding.Remedy {
        reader.hasName
            ? .run("sudo usermod -aG \(group) \(shellWord(reader.name))")
            : .advice(
                "\(reader.name) has no account, and only accounts join the group \(group): run it as one that has")
    }
}
