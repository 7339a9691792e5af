import Quantities

// Whether the agent runs, is reached, and reaches others.
extension DoctorFacts {
    /// The diagnosis of these facts.
    var diagnosis: Diagnosis {
        Diagnosis(
            (boardFindings() + powerFindings()).map { onItsMachine($0) } + sourceFindings()
                + (heatFindings() + memoryFindings()).map { onItsMachine($0) }
                + clockFindings() + stateFindings()
                + keyFindings() + configurationFindings() + networkFindings() + peerFindings() + agentFindings()
                + serviceFindings())
    }

    static let onItsMachine = Finding.Remedy.advice("on the machine that was recorded:")

    /// The finding, where it is of a recording, with commands that look at this machine said to be for the other one.
    func onItsMachine(_ finding: Finding) -> Finding {
        guard let board, board.isElsewhere else { return finding }
        var remedies: [Finding.Remedy] = []
        var isSaid = false
        for remedy in finding.remedies {
            if remedy == DoctorFacts.onItsMachine { isSaid = true }
            if case .run(let line) = remedy, !isSaid, !line.hasPrefix("sage-edge "), !line.hasPrefix("mkdir "),
                !line.hasPrefix("sudo mkdir "), !board.isNamed(in: line)
            {
                remedies.append(DoctorFacts.onItsMachine)
                isSaid = true
            }
            remedies.append(remedy)
        }
        return Finding(
            finding.area, finding.severity, finding.name, finding.what, why: finding.why, remedies: remedies)
    }

    func networkFindings() -> [Finding] {
        guard let network else { return httpFindings() }
        var findings = httpFindings()
        if let failure = network.failure {
            if network.isInUse {
                let holder = network.holder ?? "another process"
                findings.append(
                    Finding(
                        .network, .problem, "port-in-use", "UDP port \(network.port) is taken by \(holder)",
                        why: "The agent cannot listen at \(network.listen).",
                        .run("sudo ss -ulpn 'sport = :\(network.port)'"),
                        .advice("end that program, or set link.listen to another port on this board")))
            } else {
                findings.append(
                    Finding(
                        .network, .problem, "cannot-listen", "it cannot be listened at \(network.listen): \(failure)",
                        why: "Peers then cannot reach this board.", .run("ip -brief address"),
                        .advice("set link.listen to an address of this board and a port from 1024 on")))
            }
        } else {
            findings.append(Finding(.network, .ok, "port", "UDP at \(network.listen)"))
        }
        if let firewall = network.firewalls.first {
            let open: Finding.Remedy =
                switch firewall {
                case "ufw": .run("sudo ufw allow \(network.port)/udp")
                case "firewalld":
                    .run("sudo firewall-cmd --permanent --add-port=\(network.port)/udp && sudo firewall-cmd --reload")
                case "nftables": .run("sudo nft list ruleset")
                default: .run("sudo iptables -L INPUT -n -v")
                }
            findings.append(
                Finding(
                    .network, .note, "firewall", listed(network.firewalls) + " may keep peers away",
                    why: "Peers send to UDP port \(network.port); whether it is open cannot be seen from here.", open))
        }
        if !network.isAdvertised, !peers.isEmpty {
            findings.append(
                Finding(
                    .network, .note, "not-advertised", "this board's record names no address",
                    why: "Peers cannot call it; it can call them.",
                    .advice("set link.advertise, restart, export anew:"),
                    .run(program("key export --node > this-board.node"))))
        }
        return findings
    }

    /// Whether HTTP is served, as the agent tells it, or where none runs as a try showed.
    private func httpFindings() -> [Finding] {
        if let http = agent?.httpRefusal ?? network?.http {
            return [
                Finding(
                    .network, .warning, "http-not-served", "HTTP cannot be served at \(http.address): \(http.failure)",
                    why: "The agent runs without it: no metrics, no health checks, no API.",
                    .run("sudo ss -tlpn 'sport = :\(http.port)'"),
                    .advice("end that program, or set http.listen to another address, or to off"))
            ]
        }
        return agent?.http.map { [Finding(.network, .ok, "http", "HTTP at \($0)")] } ?? []
    }

    func peerFindings() -> [Finding] {
        peers.flatMap { peer in
            let money = peer.moneyStoppedBecause.map { reason in
                [
                    Finding(
                        .peers, .warning, "money-stopped", "no money moves with \(peer.name): \(reason)",
                        .run(program("ledger reconcile \(peer.name)")),
                        .advice("then, on both boards: sage-edge ledger reconcile PEER --accept"))
                ]
            }
            return [reach(peer)] + (money ?? [])
        }
    }

    private func reach(_ peer: Peer) -> Finding {
        let place = peer.name + (peer.address.map { " at \($0)" } ?? "")
        switch peer.ping {
        case .answered(let milliseconds):
            return Finding(.peers, .ok, "peer", "\(place) answers in " + duration(milliseconds: milliseconds))
        case .failed, nil:
            if peer.isUp, peer.ping == nil { return Finding(.peers, .ok, "peer", "\(place) is up") }
            guard let ago = peer.heardMillisecondsAgo else {
                return Finding(
                    .peers, .warning, "peer-never-heard", "\(place) has never answered",
                    why: "Each board must have the other's record, with an address that reaches it, and both the same "
                        + "keys.psk_file, federation and configuration_epoch.",
                    .run(program("peers list")), .run(program("key export --node > this-board.node")),
                    .advice("on \(peer.name): sage-edge peers add this-board.node"))
            }
            return Finding(
                .peers, .warning, "peer-unreachable",
                "\(place) does not answer; it was last heard \(duration(milliseconds: ago)) ago",
                why: "Tasks stay here, and what was promised is settled when it comes back.",
                .run(program("peers ping \(peer.name)")), .advice("on \(peer.name): sage-edge status"))
        }
    }

    func agentFindings() -> [Finding] {
        var findings: [Finding] = []
        if let agent {
            switch agent.presence {
            case .running:
                findings.append(Finding(.agent, .ok, "agent", "\(agent.platform), \(agent.state)"))
            case .absent where agent.systemSocket != nil:
                findings.append(
                    Finding(
                        .agent, .note, "agent-elsewhere",
                        "the system's agent is another one: \(agent.systemSocket ?? "")",
                        why: "Asked was the one of this user, at \(agent.socket).", .run("sudo sage-edge doctor")))
            case .absent:
                findings.append(
                    Finding(
                        .agent, .note, "agent-absent", "no agent is running",
                        why: "Nobody listens at \(agent.socket); what only it knows was left out here.",
                        .run(service?.activity.isEmpty == false ? "sudo systemctl start sage-edge" : program("run"))))
            case .closed(let group):
                findings.append(
                    Finding(
                        .agent, .problem, "socket-closed", "the agent's socket is not for you: \(agent.socket)",
                        why: group.map { "It is for its user and the group \($0)." } ?? "It is for its user and root.",
                        remedies: (group.map { [.run("sudo usermod -aG \($0) $USER"), DoctorFacts.orForNow] } ?? [])
                            + [.run("sudo " + program("doctor"))]))
            case .silent(let reason):
                findings.append(
                    Finding(
                        .agent, .problem, "agent-silent", "the agent does not answer: \(reason)",
                        remedies: isServiceAgent
                            ? [.run("sudo systemctl restart sage-edge"), .run("journalctl -u sage-edge -n 50")]
                            : [.advice("see what it printed last, then stop it and start it again")]))
            }
            if let refusal = agent.chargeRefusal {
                findings.append(
                    Finding(
                        .agent, .warning, "not-charging", "the last proof allowed no charge: \(refusal)",
                        remedies: sources.told.first.map { chargingRemedies($0) } ?? [.run(program("proof latest"))]))
            }
        }
        switch worker {
        case .works(let milliseconds):
            findings.append(
                Finding(.agent, .ok, "worker", "a worker ran a task in " + duration(milliseconds: milliseconds)))
        case .fails(let reason):
            findings.append(
                Finding(
                    .agent, .problem, "worker-fails", "no task can be run here: \(reason)",
                    why: "Tasks run in processes of their own, with limits on memory and time.", .run("ulimit -a"),
                    .run("cat /proc/sys/vm/overcommit_memory")))
        case nil: break
        }
        return findings
    }

    private static let orForNow = Finding.Remedy.advice("then log in again, or for now:")

    func serviceFindings() -> [Finding] {
        guard let service else { return [] }
        switch service.activity {
        case "failed":
            return [
                Finding(
                    .service, .problem, "service-failed", "sage-edge.service has failed (\(service.result))",
                    .run("journalctl -u sage-edge -n 50 --no-pager"),
                    .run("sudo systemctl reset-failed sage-edge && sudo systemctl start sage-edge"))
            ]
        case "active", "activating", "reloading":
            let what = "sage-edge.service is \(service.activity)"
            if service.enablement == "enabled" { return [Finding(.service, .ok, "service", what)] }
            return [
                Finding(
                    .service, .note, "service-not-enabled", what + ", and does not start with the board",
                    .run("sudo systemctl enable sage-edge"))
            ]
        default:
            return [
                Finding(
                    .service, .note, "service-inactive", "sage-edge.service is installed and \(service.activity)",
                    .run("sudo systemctl enable --now sage-edge"))
            ]
        }
    }
}
