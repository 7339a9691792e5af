// The agent's part of the view: credits, tasks, peers, decisions.
extension TopFrame {
    var agentSections: [TopSection] {
        guard let agent = model.agent else {
            return [
                TopSection(least: 1, wanted: 1, most: 1, rank: 3) { _, _ in
                    var line = label("agent")
                    line.append(model.files ?? "none is running", .warning)
                    return [line]
                }
            ]
        }
        if let fault = agent.storeFault {
            return [
                TopSection(least: 1, wanted: 1, most: 1, rank: 3) { _, _ in
                    var line = label("store")
                    line.append("cannot be used: " + fault, .bad)
                    return [line]
                }
            ]
        }
        return [creditSection(agent), taskSection(agent), peerSection(agent), decisionSection(agent)]
    }

    // MARK: Credits

    private func creditSection(_ agent: TopModel.Agent) -> TopSection {
        let credits = agent.credits
        var details: [StyledLine] = []
        if let refusal = agent.chargeRefusal { details.append(StyledLine("  not charging: " + refusal, .warning)) }
        details.append(StyledLine("  " + flowText))
        if let credits {
            var expiry = "  nothing runs out"
            if let amount = credits.nextExpiry, let time = credits.nextExpiryMilliseconds {
                expiry = "  next to run out: " + joules(millijoules: amount) + " in " + duration(milliseconds: time)
            }
            details.append(StyledLine(expiry))
            details.append(
                StyledLine(
                    "  ADP pool: " + joules(millijoules: credits.adp) + " of " + joules(millijoules: credits.supply)))
        }
        let register = agent.registerMillijoules.map { joules(millijoules: $0) + " registered" } ?? "not metered"
        details.append(StyledLine("  proofs: \(agent.pages), " + register))
        let most = 1 + details.count
        return TopSection(least: 1, wanted: 3, most: most, rank: 3) { _, rows in
            var line = label("ATP")
            if let credits {
                line.append(joules(millijoules: credits.available), .bold)
                line.append(" to spend")
                if credits.locked != 0 { line.append(", " + joules(millijoules: credits.locked) + " locked") }
                if credits.reserved != 0 { line.append(", " + joules(millijoules: credits.reserved) + " reserved") }
            } else {
                line.append("unknown", .warning)
            }
            return [line] + details.prefix(max(0, rows - 1))
        }
    }

    /// What went through the account lately.
    private var flowText: String {
        guard let flow = model.flow else { return "flow: being watched" }
        let moved = flow.moved
        let parts = [
            ("+", moved.charged, "charged"), ("+", moved.received, "received"), ("-", moved.sent, "paid"),
            ("-", moved.discharged, "used up"), ("-", moved.expired, "run out"),
        ].filter { $0.1 != 0 }
        let words = parts.map { $0.0 + joules(millijoules: $0.1) + " " + $0.2 }
        return "last " + duration(milliseconds: flow.milliseconds) + ": "
            + (words.isEmpty ? "nothing moved" : words.joined(separator: ", "))
    }

    // MARK: Tasks

    private func taskSection(_ agent: TopModel.Agent) -> TopSection {
        let tasks = model.tasks
        return TopSection(least: 1, wanted: 1 + min(tasks.count, 6), most: 1 + tasks.count, rank: 5) { width, rows in
            var line = label("tasks")
            line.append("\(agent.running) running", agent.running > 0 ? .bold : .plain)
            line.append(
                ", \(agent.queued) queued, \(agent.elsewhere) elsewhere, \(agent.forOthers) for others")
            return [line] + TopLayout.fitted(tasks.map { taskLine($0, width) }, rows: rows - 1)
        }
    }

    private func taskLine(_ task: TopModel.Task, _ width: Int) -> StyledLine {
        let isNarrow = width < 72
        var text = "  " + cell(task.id, 8) + "  " + cell(task.role, 6) + "  "
        if !isNarrow { text += cell(task.operation, 19) + "  " }
        text += cell(task.platform, isNarrow ? 10 : 12) + "  "
        let amount = (task.paid ?? task.budget).map { joules(millijoules: $0) } ?? "-"
        var line = StyledLine(text)
        line.append(cell(amount, 10, alignedRight: true) + "  ")
        line.append(task.state, task.state == "running" ? .good : .plain)
        return line
    }

    // MARK: Peers

    private func peerSection(_ agent: TopModel.Agent) -> TopSection {
        let peers = model.peers
        return TopSection(least: 1, wanted: 1 + min(peers.count, 6), most: 1 + peers.count, rank: 6) { width, rows in
            var line = label("peers")
            line.append(
                "\(agent.peersUp) up of \(agent.peersKnown)", agent.peersUp < agent.peersKnown ? .warning : .plain)
            return [line] + TopLayout.fitted(peers.map { peerLine($0, width) }, rows: rows - 1)
        }
    }

    private func peerLine(_ peer: TopModel.Peer, _ width: Int) -> StyledLine {
        var line = StyledLine("  " + cell(peer.name, 16) + "  ")
        line.append(cell(peer.isUp ? "up" : "down", 4), peer.isUp ? .good : .bad)
        guard peer.isUp else {
            let heard = peer.heardMillisecondsAgo.map { "heard " + duration(milliseconds: $0) + " ago" }
            line.append("  " + (heard ?? "never heard"))
            return line
        }
        line.append(cell(peer.roundTripMilliseconds.map { "\($0) ms" } ?? "-", 9, alignedRight: true))
        line.append(cell(peer.loadBasisPoints.map { "\($0 / 100) %" } ?? "-", 7, alignedRight: true))
        line.append(cell(peer.freeMemory.map { memorySize(bytes: $0) } ?? "-", 11, alignedRight: true))
        if width >= 60 {
            line.append(cell(peer.available.map { joules(millijoules: $0) } ?? "-", 15, alignedRight: true))
        }
        if let reason = peer.moneyStoppedBecause {
            line.append("  no money: " + reason, .warning)
        } else if width >= 90, let address = peer.address {
            line.append("  " + address, .dim)
        }
        return line
    }

    // MARK: Decisions

    private func decisionSection(_ agent: TopModel.Agent) -> TopSection {
        let decisions = agent.decisions
        return TopSection(
            least: 1, wanted: max(1, min(decisions.count, 3)), most: max(1, decisions.count), rank: 7
        ) { _, rows in
            var lines: [StyledLine] = []
            for (index, decision) in decisions.prefix(rows).enumerated() {
                var line = index == 0 ? label("decided") : StyledLine()
                if index > 0 { line.append(String(repeating: " ", count: TopFrame.textColumn)) }
                line.append(decision.text, index == 0 ? .bold : .plain)
                // The name comes last, since what is too long is cut.
                line.append("  " + duration(milliseconds: decision.agoMilliseconds) + " ago", .dim)
                line.append("  " + decision.operation, .dim)
                lines.append(line)
            }
            if lines.isEmpty {
                var line = label("decided")
                line.append("nothing yet", .dim)
                lines.append(line)
            }
            return lines
        }
    }
}
