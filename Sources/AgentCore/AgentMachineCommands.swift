import Cryptography
import EnergyProofs
import Federation
import Ledger
import Link
import Quantities
import Telemetry
import Wire

/// A command that waits for what the store holds.
struct StoreQuestion: Sendable {
    /// The command.
    let command: CommandID
    /// Whether its answer is an export.
    let isExport: Bool
    /// Whose pages it asked for; nil where it named no source.
    let source: SourceID?
}

// What operators ask.
extension AgentMachine {
    mutating func handle(_ id: CommandID, _ command: AgentCommand) {
        switch command {
        case .status: reply(id, CommandReply(statusJSON))
        case .telemetry: reply(id, telemetryReply)
        case .delegate(let request): delegate(request, for: id)
        case .tasks: reply(id, CommandReply(tasksJSON))
        case .cancel(let task): cancel(task, for: id)
        case .balance: reply(id, CommandReply(AgentViews.balance(ledger.image, names: peerNames)))
        case .history(let limit): read(.newestJournal, limit: limit, for: id)
        case .reconcile(let name, let accepts): reconcile(name, accepts: accepts, for: id)
        case .verify: read(.verification, limit: 0, for: id)
        case .grant(let account, let amount, let takesBack):
            grant(amount, account, takesBack: takesBack, for: id)
        case .energy: reply(id, CommandReply(energyJSON))
        case .proofs(let limit, let source):
            let source = source.map { known(as: $0) }
            read(.newestProofs(pageKeys(of: source)), of: source, limit: limit, for: id)
        case .exportProofs(let first, let limit, let source):
            let keys = pageKeys(of: source)
            read(.proofs(from: keys.key(first), below: keys.end), limit: limit, for: id)
        case .energyHistory(let query): tellHistory(query, for: id)
        case .runs(let query): tellRuns(query, for: id)
        case .decisions(let query): tellDecisions(query, for: id)
        case .disputes: reply(id, CommandReply(disputesJSON))
        case .dispute(let task): tellDispute(task, for: id)
        case .peers: reply(id, CommandReply(peersJSON))
        case .peer(let name): tellPeer(name, for: id)
        case .addPeer(let text): addPeer(text, for: id)
        case .removePeer(let name): removePeer(name, for: id)
        case .trustKey(let name, let pem): trustKey(name, as: pem, for: id)
        case .identities: reply(id, IdentityViews.list(identities, identityJudge))
        case .addIdentity(let text): addIdentity(text, for: id)
        case .checkIdentity(let text): reply(id, checkIdentity(text))
        case .ping(let name): ping(name, for: id)
        case .nodeRecord: reply(id, nodeRecordReply)
        }
    }

    // MARK: Stored records

    /// Where the pages of `source` lie; those of the board for nil.
    private func pageKeys(of source: SourceID?) -> PageKeys {
        source.flatMap { $0 == settings.energy.source ? nil : PageKeys(of: $0) } ?? .board
    }

    /// The one source with pages whose identity `source` names, or that samples call so; else `source` itself.
    private func known(as source: SourceID) -> SourceID {
        let views = sourceViews.filter { $0.pages > 0 }
        let named = source.named(among: views.map { $0.source })
        if named.count == 1 { return named[0] }
        let shown = views.filter { $0.name == source.text }
        return shown.count == 1 && named.isEmpty ? shown[0].source : source
    }

    /// Asks the store; what was put off is written first, so that the answer is of now.
    private mutating func read(
        _ kind: RecordQuery.Kind, of source: SourceID? = nil, limit: Int, for command: CommandID
    ) {
        guard queries.count < AgentLimits.errands else {
            return reply(command, CommandReply(.unavailable, "\(queries.count) questions to the store are under way"))
        }
        var isExport = false
        if case .proofs = kind { isExport = true }
        queries[nextQuery] = StoreQuestion(command: command, isExport: isExport, source: source)
        askStore(kind, limit: limit)
    }

    mutating func answer(_ id: UInt64, _ found: StoreAnswer) {
        guard let query = queries.removeValue(forKey: id) else { return }
        switch found {
        case .journal(let lines): reply(query.command, AgentViews.history(lines))
        case .pages(let pages):
            if pages.isEmpty, let source = query.source { return reply(query.command, noPages(of: source)) }
            reply(query.command, query.isExport ? export(pages) : AgentViews.pages(pages))
        // The past has its own tables of questions.
        case .history: break
        case .verified(let found): reply(query.command, AgentViews.verified(found))
        case .notVerified(let reason):
            reply(query.command, CommandReply(.failed, "the ledger is not verified: " + reason))
        case .failed(let reason): reply(query.command, CommandReply(.failed, "the store cannot be read: " + reason))
        }
    }

    private var noPages: CommandReply {
        CommandReply(.notFound, "there are no energy proofs yet", hint: "the first comes with the first window")
    }

    /// That there are no pages of `source`, and of which sources there are some.
    private func noPages(of source: SourceID) -> CommandReply {
        let proven = sourceViews.filter { $0.pages > 0 }.map { $0.source }
        guard !proven.isEmpty else { return noPages }
        return CommandReply(.notFound, SourceID.noProof(of: source, among: proven))
    }

    private func export(_ pages: [[UInt8]]) -> CommandReply {
        guard !pages.isEmpty else { return noPages }
        let board = ProofText(replacing: settings.profile.title, limit: EnergyProofLimits.boardDescriptionBytes)
        guard
            let export = ProofExport(
                domain: identity.domain, key: identity.signing.publicKey, board: board, pages: pages)
        else {
            return CommandReply(
                .failed, "more proofs than one export holds", hint: "export them in parts: --first PAGE")
        }
        return AgentViews.export(export.encoded, pages: pages.count)
    }

    var telemetryReply: CommandReply {
        guard let sample = shownSample else {
            return CommandReply(.unavailable, "no sample has been taken yet", hint: "try again in a second")
        }
        var writer = JSONWriter()
        sample.writeJSON(to: &writer)
        return CommandReply(writer.text)
    }

    // MARK: Tasks

    private mutating func cancel(_ task: TaskID, for command: CommandID) {
        if let paid = paying[task] {
            guard !paid.isOver else {
                let state = paid.life.state.name
                return reply(command, CommandReply(.notFound, "task \(task.text) has ended already: it is \(state)"))
            }
            tell(task, PayerEvent.cancelRequested)
        } else if let client = local[task]?.client {
            withdraw(client, as: .cancelled, .cancelled, .cancelled)
        } else if let work = local[task] {
            queue.removeAll { $0.task == task }
            cancelWorker(of: task)
            local[task] = nil
            apply(.failWork(task, .cancelled))
            if let original = work.replicaOf { replicaFailed(task, of: original) }
            if let waiting = work.command, let errand = errands.removeValue(forKey: waiting) {
                counters.count(.cancelled)
                keepEnd(of: errand, .cancelled)
                reply(waiting, AgentViews.cancelled(errand, task))
            }
        } else {
            return reply(command, CommandReply(.notFound, "no task \(task.text) is under way here"))
        }
        reply(command, AgentViews.cancelling(task))
    }

    // MARK: Peers

    private mutating func addPeer(_ text: String, for command: CommandID) {
        let record: Signed<NodeRecord>
        do throws(NodeRecordTextError) {
            record = try NodeRecordText.record(text, in: identity.domain, using: scheme)
        } catch {
            return reply(command, CommandReply(.invalid, "not a node record: " + error.explanation))
        }
        let id = node(of: record.payload.signingKey)
        if let refusal = refusal(of: record, id) { return reply(command, refusal) }
        if peers[id] != nil {
            peers[id]?.record = record
            if let address = record.payload.addresses.first, let peer = peers[id] {
                link.setAddress(address, of: peer.linkID, now: now.boot)
            }
        } else {
            let peer = PeerState(record: record, id: id)
            peers[id] = peer
            link.addPeer(peer.linkPeer)
            heartbeatDue = now.boot
        }
        storePeer(id)
        reply(command, AgentViews.peerAdded(record.payload))
    }

    private func refusal(of record: Signed<NodeRecord>, _ id: PlatformID) -> CommandReply? {
        if id == identity.id {
            return CommandReply(
                .invalid, "this is the record of this node itself",
                hint: "it is for other boards to add; on the other: sage-edge key export --node > other.node")
        }
        if let known = peers[id] {
            guard known.record.payload.agreementKey == record.payload.agreementKey else {
                return CommandReply(
                    .invalid, "\(known.name.text) has another link key than before",
                    hint: "sage-edge peers remove \(known.name.text), then add it again")
            }
            // Tasks, identities and trust go by the name.
            guard known.name == record.payload.platform else {
                return CommandReply(
                    .invalid, "that key is known as \(known.name.text), and no peer changes its name",
                    hint: "sage-edge peers remove \(known.name.text), then add it again")
            }
            return nil
        }
        if let other = peer(named: record.payload.platform.text) {
            return CommandReply(
                .invalid, "another node is called \(record.payload.platform.text): key \(other.fingerprint)",
                hint: "if it has a new key, add the succession that it wrote first: sage-edge peers add FILE")
        }
        if record.payload.platform == identity.platform {
            return CommandReply(.invalid, "this node is called \(identity.platform.text) itself")
        }
        return peers.count < AgentLimits.peers ? nil : CommandReply(.unavailable, "\(peers.count) peers are the most")
    }

    private mutating func removePeer(_ name: String, for command: CommandID) {
        guard let id = peer(named: name), let peer = peers[id] else {
            if distrust(name) { return reply(command, AgentViews.peerRemoved(name)) }
            return reply(command, CommandReply(.notFound, "no peer is called \(name)", hint: "sage-edge peers list"))
        }
        let isBusy =
            outbox[id]?.isEmpty == false || paying.open.contains { $0.life.worker == id }
            || working.open.contains { $0.life.payer == id }
        guard !isBusy else {
            return reply(command, CommandReply(.unavailable, "tasks or money with \(name) are under way"))
        }
        link.removePeer(peer.linkID)
        peers[id] = nil
        audit.forget(id)
        staging.write(.remove(.peer, key: id.bytes.array))
        reply(command, AgentViews.peerRemoved(name))
    }

    private var nodeRecordReply: CommandReply {
        guard let record = ownRecord() else {
            return CommandReply(.failed, "too many addresses are configured for a node record")
        }
        return AgentViews.nodeRecord(NodeRecordText.text(record), record.payload)
    }
}
