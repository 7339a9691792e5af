import AgentCore
import Configuration
import Federation
import Gateway
import Ledger
import Quantities
import Store
import Wire

let ledgerCommands = [
    CommandSpecification(
        ["ledger", "balance"], "Show supply, accounts and what stands between peers",
        examples: ["ledger balance", "ledger balance --json"]
    ) { invocation throws(Failure) in
        var answer = try AgentClient(invocation).askIfRunning(.balance)
        if answer == nil {
            let image = try fromFiles(invocation) { store throws(StoreError) in try store.load([]) }
            answer = try AgentClient.Answer(CommandReply(AgentViews.balance(image.ledger, names: [:])))
        }
        if let answer {
            try Console.print(
                invocation.wantsJSON ? answer.line : balanceText(answer.value, peers: knownPeers(invocation)))
        }
        return .success
    },
    CommandSpecification(
        ["ledger", "history"], "Show the newest entries of the journal",
        options: [OptionSpecification("limit", value: "N", "How many at most (default 20)")],
        examples: ["ledger history", "ledger history --limit 100 --json"]
    ) { invocation throws(Failure) in
        let limit = Int(try invocation.number("limit", in: 1...Int64(GatewayLimits.listedRecords)) ?? 20)
        var answer = try AgentClient(invocation).askIfRunning(.history(limit: limit))
        if answer == nil {
            let lines = try fromFiles(invocation) { store throws(StoreError) in
                try store.history(before: nil, limit: limit + 1)
            }
            answer = try AgentClient.Answer(AgentViews.history(records(lines, limit)))
        }
        if let answer { try Console.print(invocation.wantsJSON ? answer.line : historyText(answer.value)) }
        return .success
    },
    CommandSpecification(
        ["ledger", "verify"], "Replay the whole journal and compare every row with it",
        examples: ["ledger verify", "ledger verify --state ./sprout --json"]
    ) { invocation throws(Failure) in
        let path = StatePaths(state: invocation.value("state")).ledger
        let answer =
            if let answer = try verifiedByAgent(invocation, path) { answer } else {
                try AgentClient.Answer(AgentViews.verified(LedgerVerification(try verifiedStore(invocation, path))))
            }
        if invocation.wantsJSON {
            try Console.print(answer.line)
        } else {
            let found = answer.value
            var table = TextTable()
            table.row(
                "journal",
                counted(found["lines"]?.number ?? 0, "line") + ", replayed from number \(found.word("first_replayed"))")
            table.row("rows", "\(found.word("rows")), each as the journal makes it")
            table.row("head", found.word("hash"))
            table.row("state", found.word("state_hash"))
            try Console.print(Console.paint("\(path): verified", .green) + "\n" + table.text())
        }
        return .success
    },
    CommandSpecification(
        ["ledger", "reconcile"], "Show why no money moves with a peer, or go on",
        positionals: ["PEER"],
        options: [OptionSpecification("accept", "Go on; do so on the board that has lost something first")],
        examples: ["ledger reconcile Thor", "ledger reconcile Thor --accept"]
    ) { invocation throws(Failure) in
        let name = try platformName(invocation.positionals[0])
        let command = AgentCommand.reconcile(name: name.text, accepts: invocation.has("accept"))
        let answer = try AgentClient(invocation).ask(command)
        try Console.print(invocation.wantsJSON ? answer.line : lanesText(answer.value))
        return .success
    },
    CommandSpecification(
        ["ledger", "grant"], "Give own credits to a client without a ledger, or take back",
        positionals: ["IDENTITY", "JOULES"],
        options: [OptionSpecification("back", "Take them back from it")],
        examples: [
            "ledger grant lct:web4:agent:dp@Legion#perception 250",
            "ledger grant lct:web4:agent:dp@Legion#perception 12.5 --back",
        ]
    ) { invocation throws(Failure) in
        let text = invocation.positionals[0]
        let account: LCT
        do throws(LCTError) { account = try LCT(text) } catch {
            throw Failure(
                .usage, "'\(printable(text))' is not an identity: \(error.explanation)",
                hint: "such as lct:web4:agent:dp@Legion#perception")
        }
        let amount = try energy(joules: invocation.positionals[1], of: "JOULES")
        let command = AgentCommand.grant(account: account, amount: amount, takesBack: invocation.has("back"))
        let answer = try AgentClient(invocation).ask(command)
        let moved = invocation.has("back") ? "taken back from" : "given to"
        try Console.print(
            invocation.wantsJSON
                ? answer.line
                : "\(energyText(amount)) \(moved) \(account.text), which can spend "
                    + answer.value.energy("available_mj"))
        return .success
    },
]

/// The text of a `reconcile` answer.
private func lanesText(_ lanes: JSONValue) -> String {
    let peer = lanes.word("peer")
    guard let reason = lanes["stopped_because"]?.text else { return printable("money moves with \(peer)") }
    var table = TextTable(header: ["messages", ">sent by this board", ">sent by \(peer)"])
    let (here, there) = (lanes["here"] ?? .null, lanes["there"] ?? .null)
    table.row(["here", here.word("sent"), here.word("received")])
    table.row(["at \(peer)", there.word("received"), there.word("sent")])
    let isAccepted = lanes["accepted"] == .boolean(true)
    let next =
        isAccepted
        ? "The lanes go on from what \(peer) says; \(lanes.word("waiting_messages")) waiting messages are given up.\n"
            + "Own credits still there: \(lanes.energy("own_abroad_mj")); owed to it: \(lanes.energy("owed_mj"));\n"
            + "credits of its lost ledger that end here: \(lanes.energy("ended_mj"))"
        : "To go on from what \(peer) says: sage-edge ledger reconcile \(peer) --accept"
    return printable("No money moves with \(peer): \(reason)\n\n" + table.text() + "\n" + next)
}

/// What the running agent says of its journal; nil where none runs.
private func verifiedByAgent(_ invocation: Invocation, _ path: String) throws(Failure) -> AgentClient.Answer? {
    let client = AgentClient(invocation)
    do throws(Failure) { return try client.askIfRunning(.verify) } catch {
        // An agent whose ledger is damaged refuses everything for a while; that ledger is what was asked about.
        guard error.code == .tryAgain, let status = try? client.askIfRunning(.status)?.value,
            let fault = status["store_fault"]?.text, StoreFailure.isDamage(told: fault)
        else { throw error }
        throw Failure(.badData, "\(path): \(fault)", hint: damageHint(path))
    }
}

/// What replaying the stored journal gives, where no agent runs.
private func verifiedStore(_ invocation: Invocation, _ path: String) throws(Failure) -> StoreVerification {
    let store = try openStore(invocation)
    do throws(StoreVerificationError) { return try store.verify() } catch {
        if case .store(let error) = error, error.failure != .corrupt, error.failure != .malformedRow {
            throw failure(error, path)
        }
        throw Failure(.checkFailed, "\(path): not verified: \(error.explanation)", hint: damageHint(path))
    }
}

/// Stored lines, newest first, as records; each needs the hash of the one before it.
private func records(_ lines: [JournalLine], _ limit: Int) -> [JournalRecord] {
    var records = zip(lines, lines.dropFirst()).map { $0.record(after: $1.hash) }
    if let oldest = lines.last, oldest.sequence == 1, records.count < limit {
        records.append(oldest.record(after: .zero))
    }
    return records
}

/// The text of a `balance` answer; `peers` are those of a `peers` answer, none where no agent runs.
private func balanceText(_ balance: JSONValue, peers known: [JSONValue]) -> String {
    guard balance["begun"] == .boolean(true) else { return "the ledger has not begun" }
    var table = TextTable([.left, .right])
    table.row("supply", balance.energy("supply_mj"))
    table.row("ADP pool", balance.energy("adp_mj"))
    table.row("own ATP here", balance.energy("own_at_home_mj"))
    table.row("own ATP elsewhere", balance.energy("own_abroad_mj"))
    table.row("others' ATP here", balance.energy("foreign_at_home_mj"))
    table.row("owed to others", balance.energy("owed_mj"))
    table.row("run out unused", balance.energy("wasted_mj"))
    var text = table.text()
    let accounts = balance["accounts"]?.elements ?? []
    if !accounts.isEmpty {
        var holds = TextTable(header: ["account", ">available", ">locked", ">reserved"])
        var flows = TextTable(header: [
            "since the beginning", ">charged", ">received", ">sent", ">discharged", ">expired",
        ])
        for account in accounts {
            let name = shortAccount(account.word("account"))
            holds.row([
                name, account.energy("available_mj"), account.energy("locked_mj"), account.energy("reserved_mj"),
            ])
            flows.row([
                name, account.energy("charged_mj"), account.energy("received_mj"), account.energy("sent_mj"),
                account.energy("discharged_mj"), account.energy("expired_mj"),
            ])
        }
        text += "\n" + holds.text() + "\n" + flows.text()
    }
    let peers = balance["peers"]?.elements ?? []
    if !peers.isEmpty {
        var table = TextTable(header: ["peer", ">own ATP there", ">others' ATP there", ">owed to it", "money"])
        for peer in peers {
            table.row([
                peer["peer"]?.text ?? String(peer.word("key_id").prefix(12)), peer.energy("own_abroad_mj"),
                peer.energy("foreign_abroad_mj"), peer.energy("owed_mj"), money(with: peer, known),
            ])
        }
        text += "\n" + table.text()
    }
    return printable(text)
}

/// Whether money moves between this ledger and `peer`, in the words of `peers list`; why not, where it was stopped.
private func money(with peer: JSONValue, _ known: [JSONValue]) -> String {
    if let reason = peer["stopped"]?.text { return "closed: " + reason }
    return known.first { $0["key_id"] == peer["key_id"] }.map { money(with: $0) } ?? "closed"
}

private func historyText(_ history: JSONValue) -> String {
    let entries = history["entries"]?.elements ?? []
    if entries.isEmpty { return "the journal is empty" }
    var table = TextTable(header: [">number", ">ledger time", "event", ">amount", "from where to where"])
    for entry in entries {
        table.row([entry.word("sequence"), entry.time("ledger_ms"), entry.word("event")])
        for move in entry["moved"]?.elements ?? [] {
            table.row([
                "", "", "  " + move.word("kind"), move.energy("amount_mj"),
                way(from: move.word("from"), to: move.word("to")),
            ])
        }
    }
    return printable(table.text())
}

/// Two books, with the account that both belong to named once.
private func way(from: String, to: String) -> String {
    let (source, target) = (book(from), book(to))
    if source.owner == target.owner, !source.owner.isEmpty {
        return source.name + " to " + target.name + ", " + source.owner
    }
    func full(_ book: (name: String, owner: String)) -> String {
        book.owner.isEmpty ? book.name : book.name + " " + book.owner
    }
    return full(source) + " to " + full(target)
}

/// A book's name and whose it is, shortened to what tells it apart.
private func book(_ name: String) -> (name: String, owner: String) {
    let words = name.split(separator: " ").map { String($0) }
    guard words.count == 2 else { return (name, "") }
    return (words[0], words[0] == "abroad" || words[0] == "owed" ? String(words[1].prefix(8)) : shortAccount(words[1]))
}

/// An account's name without what all of them begin with.
private func shortAccount(_ name: String) -> String {
    let prefix = "lct:web4:agent:"
    return name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : name
}
