import Federation
import Ledger
import Link
import Quantities
import Wire

// What happens because time passes, or because the agent starts again.
extension AgentMachine {
    /// Finds when a task, a lock or a lot needs attention next, where any of them has changed.
    mutating func findDeadlines() {
        if areTasksChanged {
            let paid = paying.open.compactMap { $0.life.nextDeadline }.min()
            let worked = working.open.compactMap { $0.life.nextDeadline }.min()
            taskDue = [paid, worked].compactMap { $0 }.min()
            areTasksChanged = false
        }
        if ledgerDueAt != ledger.image.head.sequence {
            ledgerDue = ledger.image.nextDeadline
            ledgerDueAt = ledger.image.head.sequence
        }
    }

    mutating func passTaskTime() {
        if let taskDue, taskDue <= ledgerNow { passLifeTime() }
        if let ledgerDue, ledgerDue <= ledgerNow { expireHolds() }
    }

    private mutating func passLifeTime() {
        for task in paying.openIDs.sorted() where paying[task]?.life.nextDeadline.map({ $0 <= ledgerNow }) == true {
            tell(task, PayerEvent.timePassed)
        }
        for task in working.openIDs.sorted() where working[task]?.life.nextDeadline.map({ $0 <= ledgerNow }) == true {
            tell(task, WorkerEvent.timePassed)
        }
    }

    /// Ends locks and tickets whose deadline has passed and that nobody ended.
    private mutating func expireHolds() {
        for task in ledger.image.overdueHolds(at: ledgerNow) {
            apply(.expire(task))
            queue.removeAll { $0.task == task }
            if let client = local[task]?.client { withdraw(client, as: .timedOut, .timedOut, .timedOut) }
            guard let work = local.removeValue(forKey: task) else { continue }
            cancelWorker(of: task)
            if let original = work.replicaOf { replicaFailed(task, of: original) }
            if let command = work.command {
                if work.operation.runsOnce, active[task] != nil { errands[command]?.end() }
                fallBack(command, from: identity.platform, because: "not done in time")
            }
        }
    }

    /// Keeps the newest ended tasks for the operator and forgets the others.
    mutating func forgetEndedTasks() {
        guard paying.endedCount + working.endedCount > AgentLimits.endedTasks else { return }
        let paid = paying.entries.filter { $0.value.isOver && $0.value.errand == nil }
        let worked = working.entries.filter { $0.value.isOver }
        guard paid.count + worked.count > AgentLimits.endedTasks else { return }
        let oldest =
            paid.map { (id: $0.key, isPaid: true, at: $0.value.endedAt ?? $0.value.signedAt) }
            + worked.map { (id: $0.key, isPaid: false, at: $0.value.endedAt ?? .origin) }
        let order = oldest.sorted { $0.at != $1.at ? $0.at < $1.at : $0.id < $1.id }
        for ended in order.prefix(oldest.count - AgentLimits.endedTasks) {
            let parts: [TaskPart]
            if ended.isPaid {
                paying[ended.id] = nil
                parts = [.payerLife, .payerTask, .payerResult]
            } else {
                closeClaim(of: ended.id, paid: .zero)
                working[ended.id] = nil
                parts = [.workerLife, .workerTask, .workerResult]
            }
            for part in parts { staging.write(.remove(.task, key: part.key(ended.id))) }
        }
    }

    /// Lets the ledger forget ended tasks, the oldest first, where it remembers more than it should.
    mutating func raiseFloors() {
        let most = AgentLimits.rememberedTasks + AgentLimits.forgottenTasks
        guard ledgerDueAt != ledger.image.head.sequence, ledger.image.finished.count > most else { return }
        if ledger.image.rememberedTasks(of: identity.id) > most {
            raiseFloor(
                of: identity.id, storeEpoch,
                to: ledger.image.proposedTaskFloor(of: identity.id, keeping: AgentLimits.rememberedTasks))
        }
        for peer in ledger.image.peers.keys.sorted() {
            guard let row = ledger.image.peers[peer], ledger.image.rememberedTasks(of: peer) > most,
                let floor = ledger.image.proposedTaskFloor(of: peer, keeping: AgentLimits.rememberedTasks)
            else { continue }
            // A task that may still be paid must stay payable; the ledger does not know of it yet.
            let live = working.values.lazy.filter { $0.life.payer == peer }.compactMap {
                $0.task?.payload.reference.sequence
            }
            raiseFloor(of: peer, row.storeEpoch, to: min(floor, live.min() ?? floor))
        }
    }

    private mutating func raiseFloor(of platform: PlatformID, _ epoch: StoreEpoch, to floor: UInt64?) {
        let isHome = platform == identity.id
        let current = isHome ? ledger.image.summary?.taskFloor : ledger.image.peers[platform]?.taskFloor
        guard let floor, let current, floor > current else { return }
        apply(.raiseFloor(of: platform, storeEpoch: epoch, to: floor))
    }

    /// Takes up what was under way when the agent ended.
    mutating func resumeTasks() {
        // A ticket without a worker is work that was lost with the process.
        for hold in ledger.image.holds.values.sorted(by: { $0.task.id < $1.task.id })
        where hold.payee == nil && local[hold.task.id] == nil {
            apply(.failWork(hold.task.id, .failed))
        }
        resumeClientTasks()
        for task in paying.keys.sorted() { tell(task, PayerEvent.restarted) }
        for task in working.keys.sorted() {
            let runsOnce = working[task]?.task?.payload.operation.runsOnce == true
            if runsOnce { tell(task, WorkerEvent.workInterrupted) }
            tell(task, WorkerEvent.restarted)
        }
        resumeHandedOn()
    }

    // MARK: Pings

    mutating func ping(_ name: String, for command: CommandID) {
        guard let id = peer(named: name), let peer = peers[id] else {
            return reply(command, CommandReply(.notFound, "no peer is called \(name)", hint: "sage-edge peers list"))
        }
        // Any reliable message will do: what is measured is its acknowledgement.
        guard pings.count < AgentLimits.errands else {
            return reply(command, CommandReply(.unavailable, "\(pings.count) pings are under way already"))
        }
        let message = PeerMessage.laneQuestion(peer.laneQuestion)
        switch link.send(message.encoded, to: peer.linkID, class: .task, now: now.boot) {
        case .success(let number):
            pings[command] = Ping(
                peer: id, sentAt: now.boot, deadline: now.boot + AgentMachine.pingTimeout, message: number)
        case .failure:
            reply(command, CommandReply(.unavailable, "too much waits for \(name) already"))
        }
    }

    /// How long a ping waits.
    static let pingTimeout = TimeSpan.seconds(10)

    mutating func answerPing(_ number: MessageNumber, from link: LinkPeerID) {
        for (command, ping) in pings.sorted(by: { $0.key < $1.key })
        where ping.message == number && peers[ping.peer]?.linkID == link {
            pings[command] = nil
            reply(command, AgentViews.ping(peerName(ping.peer), roundTrip: now.boot.since(ping.sentAt)))
        }
    }

    mutating func expirePings() {
        for (command, ping) in pings.sorted(by: { $0.key < $1.key }) where ping.deadline <= now.boot {
            pings[command] = nil
            reply(
                command,
                CommandReply(
                    .failed, "\(peerName(ping.peer)) did not answer in \(AgentMachine.pingTimeout.milliseconds) ms",
                    hint: "check its address and that its agent knows this node's record"))
        }
    }
}
