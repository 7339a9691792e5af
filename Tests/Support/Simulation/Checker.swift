import AgentCore
import Cryptography
import EnergyProofs
import Federation
import Ledger
import Quantities
import Telemetry
import Wire

/// What must hold in every fleet at every moment; it looks at what boards store and say, not at how they do it.
struct Checker {
    /// The first thing found wrong.
    private(set) var finding: String?
    private let homes: [PlatformID]
    /// Payments that are durable at their payer.
    private var posted: [TaskID: Energy] = [:]
    /// Payments that are durable at their worker.
    private var received: [TaskID: Energy] = [:]
    /// Tokens that have durably left one ledger and not durably reached another.
    private var underWay: [Token: Int64] = [:]
    /// Tokens that a ledger no longer waits for, and that have not come back to it since.
    private var waitedFor: [PlatformID: [Token: Int64]] = [:]
    /// Tokens that came back to a ledger which had given up waiting for them and cannot pass them on.
    private var stranded: [Token: Int64] = [:]
    /// What each ledger counts as abroad, as far as it is durable.
    private var abroad: [PlatformID: [AbroadKey: Energy]] = [:]

    /// What holds of tasks that are handed on.
    private var handing = HandingChecker()
    /// Tasks of clients that were proven, with board and client.
    private var proven: Set<String> = []

    /// Tokens of one issuer charged on one proof.
    private struct Token: Hashable {
        let issuer: PlatformID
        let proof: Bytes32
    }

    init(homes: [PlatformID]) { self.homes = homes }

    /// Payments that both sides made durable.
    var settledPayments: Int { received.count }

    /// Tasks that were handed on and paid below.
    var paidBelow: Int { handing.paidBelow }

    mutating func report(_ text: String) { finding = finding ?? text }

    // MARK: After effects

    /// A board changed what it stores, durable or not.
    mutating func changed(_ index: Int, _ boards: [Board]) {
        let board = boards[index]
        let ledger = board.disk.latest.ledger
        if let violation = ledger.violations.first { report("ledger of " + board.name + ": " + violation.explanation) }
        for other in boards where other.index != index {
            checkLane(from: other, to: board)
            checkLane(from: board, to: other)
            if let stop = ledger.peers[other.id]?.stop {
                report("no money moves any more from " + other.name + " to " + board.name + ": " + stop.explanation)
            }
        }
    }

    /// What a board says it got, or was told to have arrived, the other side has made durable before.
    private mutating func checkLane(from sender: Board, to receiver: Board) {
        guard let taken = receiver.disk.latest.ledger.peers[sender.id]?.received else { return }
        let sent = sender.disk.durable.ledger.peers[receiver.id]?.sent ?? .start
        if taken.sequence > sent.sequence || (taken.sequence == sent.sequence && taken.hash != sent.hash) {
            report(
                receiver.name + " applied message \(taken.sequence) of " + sender.name
                    + ", which has durably sent \(sent.sequence)")
        }
        let acknowledged = sender.disk.latest.ledger.peers[receiver.id]?.acknowledged ?? .start
        let applied = receiver.disk.durable.ledger.peers[sender.id]?.received ?? .start
        if acknowledged.sequence > applied.sequence {
            report(
                sender.name + " counts \(acknowledged.sequence) messages as applied by " + receiver.name
                    + ", which has durably applied \(applied.sequence)")
        }
    }

    /// A worker starts: what it works for is durable, or is stored with its end and may run again after a crash.
    mutating func started(_ order: WorkOrder, of board: Board) {
        let task = order.task
        handing.started(task, of: board.name)
        takeHandingFinding()
        guard order.isStored else {
            if order.operation.family == .execution {
                report(board.name + " starts " + task.text + ", which may run only once, and nothing is durable")
            }
            return
        }
        let durable = board.disk.durable
        // A task for a peer is stored under the part number of a worker's life.
        guard durable.ledger.holds[task] == nil, durable.value(.task, key: [4] + task.bytes.array) == nil else {
            return
        }
        // An own ticket may have ended since; it is remembered then.
        guard durable.ledger.finished[task] == nil else { return }
        report(board.name + " starts work on " + task.text + ", of which nothing is durable")
    }

    /// A command is answered: once, in JSON, and with an outcome that is durable.
    mutating func replied(_ reply: CommandReply, isAwaited: Bool, of board: Board) {
        if !JSONChecker.isObject(reply.json) { report(board.name + " answers what is no JSON object: " + reply.json) }
        let done = "{\"outcome\":\"done\",\"task\":\""
        guard reply.json.hasPrefix(done) else { return }
        let text = String(reply.json.dropFirst(done.utf8.count).prefix(32))
        if !board.disk.durable.ledger.finished.keys.contains(where: { $0.text == text }) {
            report(board.name + " says that " + text + " is done, which is not durable")
        }
    }

    /// A client has its proof, and so pays: once for each of its tasks.
    mutating func proved(_ terms: ClientTerms, on board: Board) {
        let name = board.name + " " + terms.source.text + " " + terms.task
        if !proven.insert(name).inserted { report(board.name + " ran " + terms.task + " twice for a client") }
        if !isRemembered(terms, by: board.disk.durable) {
            report(board.name + " gives the proof of " + terms.task + ", whose end is not durable")
        }
    }

    /// Whether the store knows that a client's task was done.
    private func isRemembered(_ terms: ClientTerms, by image: StoreImage) -> Bool {
        var writer = CBORWriter()
        writer.array(2)
        writer.text(terms.source.text)
        writer.text(terms.task)
        let key = Hashing.hash(writer.bytes, for: .identifier).prefix16
        return image.records(.clientTask).contains { record in
            guard let value = try? CBORValue(decoding: record.value.span), case .map(let entries) = value else {
                return false
            }
            return entries.contains { $0.key == 1 && $0.value == .bytes(key.array) }
                && entries.contains { $0.key == 4 && $0.value == .unsigned(UInt64(ClientEnd.completed.rawValue)) }
        }
    }

    /// Tables stay within their limits.
    mutating func bounds(_ figures: AgentFigures, of name: String) {
        func check(_ what: String, _ count: Int, _ limit: Int) {
            if count > limit { report(name + " has \(count) " + what + "; \(limit) are the most") }
        }
        check("tasks elsewhere", figures.paying, AgentLimits.payingTasks)
        check("tasks for others", figures.working, AgentLimits.workingTasks)
        check("errands", figures.errands, AgentLimits.errands)
        check("own tasks", figures.local, AgentLimits.errands)
        check("ended tasks", figures.ended, AgentLimits.endedTasks)
        check("messages for one peer", figures.longestOutbox, AgentLimits.outboxPerPeer)
        check("pages", figures.pages, AgentLimits.recentPages)
        check(
            "pages behind lots", figures.lotProofs,
            LotAuditLimits.auditedProofs + AgentLimits.peers * LotAuditLimits.askedProofsPerGiver)
    }

    // MARK: After writes

    /// These lists of writes of a board are durable from now on.
    mutating func durable(_ lists: [[StoreWrite]], of index: Int, _ boards: [Board]) {
        for case .put(.task, let key, let value) in lists.joined() {
            handing.stored(key, value, of: boards[index].name)
        }
        takeHandingFinding()
        var hasCommit = false
        for case .ledger(let commit) in lists.joined() {
            hasCommit = true
            take(commit, of: boards[index])
        }
        if hasCommit { checkTokens(boards) }
    }

    private mutating func takeHandingFinding() { if let finding = handing.finding { report(finding) } }

    private mutating func take(_ commit: LedgerCommit, of board: Board) {
        let back = takeAbroad(commit.changes, of: board.id)
        switch commit.result {
        case .ended(.posted(let amount), let slices):
            guard case .post(let request)? = try? commit.record.decodedEvent(), request.payee.platform != board.id
            else {
                return
            }
            if posted.updateValue(amount, forKey: request.task) != nil {
                report(board.name + " paid " + request.task.text + " twice")
            }
            handing.paid(request.task, amount)
            for slice in slices { move(slice.origin.issuer, slice.origin.proof, slice.amount.millijoules) }
        case .received(let taken):
            guard case .receive(let credit)? = try? commit.record.decodedEvent() else { return }
            let task = credit.task.id
            if received.updateValue(taken.paid, forKey: task) != nil {
                report(board.name + " was paid for " + task.text + " twice")
            }
            if posted[task] != taken.paid {
                report(
                    board.name + " was paid \(taken.paid.millijoules) mJ for " + task.text
                        + ", which its payer has not durably paid")
            }
            for lot in credit.lots { move(lot.issuer, lot.proof, -lot.amount.millijoules) }
            // What is not known to be abroad is only no news where the tokens are another society's.
            let own = credit.lots.filter { $0.issuer == board.id }
            arrive(own.map { (Token(issuer: $0.issuer, proof: $0.proof), $0.amount) }, known: back, at: board)
        case .returnNotice(let notice):
            for line in notice.lines { move(line.issuer, line.proof, (line.discharged + line.expired).millijoules) }
        case .returned:
            guard case .acceptReturn(let notice)? = try? commit.record.decodedEvent() else { return }
            for line in notice.lines { move(line.issuer, line.proof, -(line.discharged + line.expired).millijoules) }
            let lines = notice.lines.map {
                (Token(issuer: $0.issuer, proof: $0.proof), $0.discharged + $0.expired)
            }
            arrive(lines, known: back, at: board)
        case .swept:
            for (token, millijoules) in back { waitedFor[board.id, default: [:]][token, default: 0] += millijoules }
        default: break
        }
    }

    /// Follows what a ledger counts as abroad; returns by how much less of each token it is.
    private mutating func takeAbroad(_ changes: [LedgerChange], of board: PlatformID) -> [Token: Int64] {
        var less: [Token: Int64] = [:]
        for change in changes {
            guard case .abroad(let key) = change.key else { continue }
            var amount = Energy.zero
            if case .put(.abroad(let row)) = change { amount = row.amount }
            let token = Token(issuer: key.origin.issuer, proof: key.origin.proof)
            less[token, default: 0] += (abroad[board]?[key] ?? .zero).millijoules - amount.millijoules
            abroad[board, default: [:]][key] = amount == .zero ? nil : amount
        }
        return less
    }

    /// Tokens came back to a ledger, which knew of `known` of them; others it must have given up waiting for.
    private mutating func arrive(_ tokens: [(Token, Energy)], known: [Token: Int64], at board: Board) {
        var unknown: [Token: Int64] = [:]
        for (token, amount) in tokens { unknown[token, default: -(known[token] ?? 0)] += amount.millijoules }
        for (token, millijoules) in unknown.sorted(by: { $0.key.proof < $1.key.proof }) where millijoules > 0 {
            let left = (waitedFor[board.id]?[token] ?? 0) - millijoules
            waitedFor[board.id, default: [:]][token] = left == 0 ? nil : left
            if left < 0 { report(board.name + " got \(-left) mJ back that it had not sent") }
            if token.issuer != board.id { stranded[token, default: 0] += millijoules }
        }
    }

    private mutating func move(_ issuer: PlatformID, _ proof: Bytes32, _ millijoules: Int64) {
        let token = Token(issuer: issuer, proof: proof)
        underWay[token, default: 0] += millijoules
        if underWay[token] == 0 { underWay[token] = nil }
    }

    /// What an issuer says is abroad is held or owed somewhere, or under way.
    private mutating func checkTokens(_ boards: [Board]) {
        var difference = underWay
        for (token, millijoules) in stranded { difference[token, default: 0] += millijoules }
        for board in boards {
            let ledger = board.disk.durable.ledger
            for lot in ledger.lots.values where lot.origin.issuer != board.id {
                difference[Token(issuer: lot.origin.issuer, proof: lot.origin.proof), default: 0] +=
                    lot.amount.millijoules
            }
            for row in ledger.owed.values {
                difference[Token(issuer: row.key.issuer, proof: row.key.proof), default: 0] +=
                    (row.discharged + row.expired).millijoules
            }
            for row in ledger.abroad.values where row.key.origin.issuer == board.id {
                difference[Token(issuer: board.id, proof: row.key.origin.proof), default: 0] -= row.amount.millijoules
            }
            // What came home without a notice is still out there until it comes by one.
            for (token, millijoules) in waitedFor[board.id] ?? [:] where token.issuer == board.id {
                difference[token, default: 0] -= millijoules
            }
        }
        for (token, millijoules) in difference.sorted(by: { $0.key.proof < $1.key.proof }) where millijoules != 0 {
            let issuer = boards.first { $0.id == token.issuer }
            report(
                "\(millijoules) mJ of " + (issuer?.name ?? "an unknown issuer") + " are abroad beyond what it knows of")
        }
    }

    // MARK: At the end

    /// The fleet has come to rest.
    mutating func checkEnd(_ boards: [Board]) {
        for (task, amount) in posted.sorted(by: { $0.key < $1.key }) where received[task] != amount {
            report("\(amount.millijoules) mJ were paid for " + task.text + " and never arrived")
        }
        if let left = underWay.values.first { report("\(left) mJ are still under way") }
        checkTokens(boards)
        handing.checkEnd()
        takeHandingFinding()
        for board in boards { checkEnd(board) }
    }

    private mutating func checkEnd(_ board: Board) {
        if let core = board.core, core.ledgerImage.stateHash != board.disk.latest.ledger.stateHash {
            report("the ledger of " + board.name + " in memory is not the one that it stores")
        }
        var chargeable: [Bytes32: Energy] = [:]
        var pages: [(hash: Bytes32, proof: EnergyCapacityProof)] = []
        var previous: [SourceID: PreviousPage] = [:]
        let keys = [board.identity.signing.publicKey] + board.identity.successions.map { $0.payload.old }
        for record in board.disk.durable.records(.proof) {
            do throws(EnergyProofError) {
                let page = try ProofPage(decoding: record.value)
                try EnergyProofVerifier.verify(
                    page, after: previous[page.proof.source],
                    key: keys.first { $0.id == page.envelope.signer } ?? keys[0], in: board.identity.domain,
                    using: board.scheme)
                previous[page.proof.source] = page.link
                chargeable[page.hash] = page.proof.chargeable
                pages.append((page.hash, page.proof))
            } catch { report("a page of " + board.name + " does not verify: " + error.explanation) }
        }
        for charge in board.disk.durable.ledger.charges.values where charge.charged > chargeable[charge.proof] ?? .zero
        {
            report(board.name + " charged \(charge.charged.millijoules) mJ on a page of less")
        }
        checkParts(of: board, pages)
        let charged = board.disk.durable.ledger.charges.keys.sorted().map { $0.array }
        if board.disk.durable.records(.chargedPage).map({ $0.key }) != charged {
            report(board.name + " keeps other pages than those that it remembers to have charged from")
        }
        for account in board.disk.latest.ledger.accounts.values where account.locked + account.reserved != .zero {
            report("credits of " + account.id.text + " are still frozen")
        }
    }

    /// What the board and its parts charged in the same time is no more than the board could give.
    private mutating func checkParts(of board: Board, _ pages: [(hash: Bytes32, proof: EnergyCapacityProof)]) {
        let charges = board.disk.durable.ledger.charges
        let own = pages.filter { $0.proof.source == board.settings.energy.source && charges[$0.hash] != nil }
        let parts = pages.filter {
            $0.proof.kind == .compute && $0.proof.source != board.settings.energy.source && charges[$0.hash] != nil
        }
        for page in own {
            var sum = charges[page.hash]?.charged ?? .zero
            for part in parts
            where part.proof.bootID == page.proof.bootID && part.proof.windowStart < page.proof.windowEnd
                && page.proof.windowStart < part.proof.windowEnd
            {
                sum = sum + (charges[part.hash]?.charged ?? .zero)
            }
            if sum > page.proof.chargeable {
                report("\(board.name) and its parts charged \(sum.millijoules) mJ on page \(page.proof.page) of less")
            }
        }
    }
}
