// Whether the files of the power monitors and energy counters may be read.
extension DoctorFacts {
    /// Files that root keeps for itself, with what gives them to the reader's group.
    func permissionFindings(_ board: Board) -> [Finding] {
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
            let folders = "/sys/class/powercap/intel-rapl*/energy_uj"
            findings.append(
                Finding(
                    .power, .problem, "rapl-closed",
                    "\(reader.name) may not read the processor's energy: " + listed(counters.map { $0.path } + domains),
                    why: reader.user == 0
                        ? DoctorFacts.refusedToRoot
                        : "Since Linux 5.10 the counters are for root alone, because whoever reads them learns "
                            + "something of what others compute.",
                    remedies: opening(folders, subsystem: "powercap", board)))
        }
        if !others.isEmpty || counters.isEmpty && !rails.isEmpty {
            let paths = others.map { $0.path }
            let what = paths.isEmpty ? listed(rails) : listed(paths)
            let target = paths.isEmpty ? "/sys/class/hwmon/hwmon*/{in,curr,power}*_input" : paths.joined(separator: " ")
            findings.append(
                Finding(
                    .power, .problem, "rails-closed", "\(reader.name) may not read \(what)",
                    why: reader.user == 0
                        ? DoctorFacts.refusedToRoot : "Some images keep the files of the power monitors for root.",
                    remedies: opening(target, subsystem: "hwmon", board)))
        }
        return findings
    }

    private static let refusedToRoot = "Root may read them on an ordinary machine: something keeps them from it here."

    /// What gives the files at `paths` to the reader, now and after every later boot.
    private func opening(_ paths: String, subsystem: String, _ board: Board) -> [Finding.Remedy] {
        guard reader.user != 0 else {
            return [
                .advice("in a container or a sandbox: show it the host's /sys, and let it keep CAP_DAC_READ_SEARCH"),
                .run("ls -l \(paths)"),
            ]
        }
        // The files of a recording are another machine's.
        return (board.isLive ? [] : [.advice("on the machine that was recorded:")])
            + [
                .run("sudo chgrp \(reader.group) \(paths) && sudo chmod g+r \(paths)"),
                .advice("and for every later boot:"),
                .run(
                    "echo 'SUBSYSTEM==\"\(subsystem)\", ACTION==\"add\", "
                        + "RUN+=\"/bin/chgrp -R \(reader.group) /sys%p\", RUN+=\"/bin/chmod -R g+rX /sys%p\"' "
                        + "| sudo tee /etc/udev/rules.d/60-sage-edge-\(subsystem).rules"),
            ] + joiningGroup(board)
    }

    /// Whether `name` is that of a domain of a processor's energy counters.
    private func isProcessorDomain(_ name: String) -> Bool {
        ["package-", "psys", "dram"].contains { name.hasPrefix($0) }
    }

    private func joiningGroup(_ board: Board) -> [Finding.Remedy] {
        reader.name == reader.group || !board.isLive
            ? [] : [.run("sudo usermod -aG \(reader.group) \(reader.name)")]
    }
}
