import Cryptography
import Federation
import Ledger
import Link
import Quantities

// What is held against peers that were given work and have not done it.
extension AgentMachine {
    // MARK: Work that nobody may be able to do

    /// Takes in what the worker of `entry` says of the task of `command`, where that may lie in the task; returns
    /// whether nobody can read its input.
    ///
    /// That is so once peers of two owners say it: the word of one would end every task that is handed to it. Of a task
    /// that no other place is given (`isLast`) one word is all there is.
    mutating func takeInability(_ entry: PayingTask, for command: CommandID, isLast: Bool) -> Bool {
        guard let refusal = entry.refusal, refusal.mayLieInTask else { return false }
        let worker = entry.life.worker
        let known = errands[command]?.inabilities ?? []
        errands[command]?.inabilities.append(
            Errand.Inability(peer: worker, handedAt: entry.signedAt, isOfInput: refusal == .badInput))
        guard refusal == .badInput else { return false }
        return isLast || known.contains { $0.isOfInput && $0.peer != worker && !isSameOwner($0.peer, worker) }
    }

    /// `platform` has done `errand`: those that could not do it have refused it falsely.
    mutating func blameUnable(_ errand: Errand, doneBy platform: PlatformID) {
        for inability in errand.inabilities where inability.peer != platform {
            blame(inability.peer, for: errand.request.operation, handedAt: inability.handedAt)
        }
    }

    /// The same of those that the peer's task `parent` was handed on to.
    mutating func blameUnable(below parent: TaskID, doneBy platform: PlatformID) {
        let unable = paying.values.filter {
            $0.parent == parent && $0.refusal?.mayLieInTask == true && $0.life.worker != platform
        }
        for entry in unable.sorted(by: { $0.life.task < $1.life.task }) {
            blame(entry.life.worker, for: entry.operation, handedAt: entry.signedAt)
        }
    }

    // MARK: Work that was not done

    /// Takes in that nothing came of `task` for as long as it had, or for as long as its worker wanted it.
    ///
    /// Until that ends what was said of a run there, or measured, counts no more than that it took longer.
    mutating func takeUndone(_ task: TaskID) {
        guard let entry = paying[task], entry.timesSent > 0, !isWitnessing(entry) else { return }
        let (worker, size) = (entry.life.worker, inputSize(of: task))
        let had = entry.life.deadlines.proof.since(entry.signedAt)
        guard addUndone(entry),
            let known = predictor.prediction(place: worker, operation: entry.operation, inputSize: size)
        else { return }
        predictor.record(
            place: worker, operation: entry.operation, inputSize: size, time: max(had, known.time),
            energy: known.energy, memory: settings.offer(entry.operation)?.memory ?? .zero)
        storePredictor()
    }

    /// Takes in that `replica` is not there while somebody waits for what it is to find out: until it is, others are
    /// asked, and nothing else is held against it.
    mutating func noteSlow(_ replica: TaskID) {
        guard let entry = paying[replica], entry.timesSent > 0, entry.isRunning else { return }
        _ = addUndone(entry)
    }

    /// Counts that nothing came of `entry`; false where that counts with what was found before.
    private mutating func addUndone(_ entry: PayingTask) -> Bool {
        let worker = entry.life.worker
        // Of what has taken so long, half takes as long again; of a task whose result is to be found out, half of the
        // time is for that. Who had less than was expected is only known to need more.
        let share: Int64 = entry.isTight ? 1 : entry.replicaOf == nil && isFoundOut(entry) ? 4 : 2
        let (time, foundAt) = (entry.life.deadlines.proof.since(entry.signedAt) * share, ledgerNow)
        if peers[worker]?.undone.count ?? 0 >= FederationLimits.maximumReputations { peers[worker]?.undone = [:] }
        return peers[worker]?.undone[entry.operation, default: UndoneWork()].add(
            needing: time, handedAt: entry.signedAt, at: foundAt) == true
    }

    /// Whether half of the time that there was for `entry` is for finding out its result.
    private func isFoundOut(_ entry: PayingTask) -> Bool {
        guard let envelope = entry.task, let order = try? Signed<FederationTask>(stored: envelope) else { return false }
        return order.payload.acceptance >= .replicated
    }

    /// Takes in that the lock for `task` has ended as nobody's for `reason`, and what its worker has to do with that.
    mutating func takeVoid(_ reason: VoidReason, of task: TaskID) {
        guard let entry = paying[task], entry.timesSent > 0, !isWitnessing(entry) else { return }
        let heardSince: BootTime
        switch reason {
        case .failed:
            let left = entry.life.deadlines.proof.since(ledgerNow)
            if entry.refusal?.mayLieInTask == true, left > .zero {
                // Whether it does shows where another place does it; for that there may be no time any more. What was
                // to be run again another place has done, and others are asked for the next one.
                if entry.replicaOf != nil {
                    _ = addUndone(entry)
                } else if left < ledgerNow.since(entry.signedAt) {
                    takeUndone(task)
                }
                return
            }
            heardSince = now.boot
        case .noAnswer: heardSince = entry.sentAt ?? now.boot
        case .expired: heardSince = now.boot - ledgerNow.since(entry.life.deadlines.proof)
        case .cancelled where entry.isLate: heardSince = now.boot - ledgerNow.since(entry.life.deadlines.proof)
        default: return
        }
        takeUndone(task)
        let worker = entry.life.worker
        // Who was given less time than a run was expected to take may be late once.
        let isRepeated = peers[worker]?.undone[entry.operation]?.isRepeated == true
        guard isRepeated || !entry.isTight || reason == .noAnswer else { return }
        // Of who is not heard nobody knows whether it, the way or this board was at fault.
        guard let peer = peers[worker], let heard = link.status(of: peer.linkID)?.lastHeard, heard >= heardSince else {
            return
        }
        blame(worker, for: entry.operation, handedAt: entry.signedAt)
    }

    /// What a run of `operation` will take at `peer`, where `prediction` is what would be expected of it.
    func prediction(_ prediction: Prediction, of operation: Operation, at peer: PeerState) -> Prediction {
        guard let least = peer.undone[operation]?.least(at: ledgerNow, isMeasured: prediction.basis == .measured)
        else { return prediction }
        return prediction.atLeast(least)
    }

    /// Whether `entry` asks for a witness's word; who gives none is asked last as it is.
    private func isWitnessing(_ entry: PayingTask) -> Bool {
        guard entry.replicaOf != nil, let envelope = entry.task else { return false }
        return (try? Signed<FederationTask>(stored: envelope))?.payload.subject != nil
    }

    // MARK: Trust

    /// Takes in that `peer` has not done work of `operation` that was given to it at `handedAt`, and should have.
    ///
    /// What it was given before the last time counts with that: one outage is no habit, however much was under way.
    mutating func blame(_ peer: PlatformID, for operation: Operation, handedAt: LedgerTime) {
        guard let state = peers[peer], state.blamedAt.map({ handedAt >= $0 }) ?? true else { return }
        let blamedAt = ledgerNow
        peers[peer]?.blamedAt = blamedAt
        peers[peer]?.trust.recordUndone(operation, at: blamedAt)
        storePeer(peer)
        log(
            .warning, "\(peerName(peer)) was given \(operation.name) and has not done it", kind: .paymentWithheld)
    }
}
