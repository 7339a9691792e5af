import Cryptography
import EnergyProofs
import Federation
import Ledger
import Quantities
import Telemetry
import Wire

// Tasks of clients under way: each runs on a work ticket of its client's account, and ends once. A client that goes
// away has not withdrawn its task.
//
// A task is stored once, when it has ended: one flush of the disk for each. One that a crash cuts short before has
// never been, and cost nothing; its client, who got no answer, may send it again. Only what must not run twice is
// stored before it runs.
extension AgentMachine {
    // MARK: Beginning

    mutating func begin(_ request: ClientRequest, for command: CommandID) {
        let terms = request.terms
        guard let account = AccountID(terms.source.text), let offer = servedOffer(terms.operation) else { return }
        let isStored = terms.operation.runsOnce
        let reference = newTask(isStoredAtEnd: !isStored)
        let reservation = ReserveRequest(
            task: reference, account: account, amount: terms.budget.energy,
            deadline: ledgerNow + terms.timeout + settings.grace)
        do throws(LedgerError) {
            _ = try tryApply(.reserve(reservation), isStoredAtEnd: !isStored)
        } catch {
            counters.count(.clientRefused)
            return answer(command, .refused(.ledger(error.explanation), terms))
        }
        let task = OpenClientTask(
            ticket: reference.id, terms: terms, inputBytes: request.input.count, command: command,
            deadline: now.boot + terms.timeout)
        for write in clients.begin(task, at: now.wall, isStored: isStored) {
            stage(write, isStoredAtEnd: !isStored)
        }
        queueWork(
            LocalTask(
                reference: reference, command: nil, operation: terms.operation, input: request.input,
                parameters: request.parameters, memory: min(offer.memory, terms.target.task.budget.memory),
                timeout: min(offer.timeout, terms.timeout), reserved: terms.budget.energy,
                client: ClientBook.key(terms), isStored: isStored))
    }

    private mutating func queueWork(_ task: LocalTask) {
        local[task.reference.id] = task
        queue.append(
            QueuedWork(
                task: task.reference.id, isForPeer: false, urgency: 5, trust: BasisPoints(clamping: 5_000),
                since: now.boot))
    }

    mutating func stage(_ writes: [StoreWrite]) {
        for write in writes { staging.write(write) }
    }

    // MARK: Ending

    /// The worker of a client's task has ended.
    mutating func concludeClientWork(
        _ task: LocalTask, _ key: ClientBook.Key, _ report: WorkReport, _ used: TaskEnergy, _ run: RunRecord
    ) {
        guard let open = clients.open[key] else {
            keep(run)
            return
        }
        let terms = open.terms
        // The time of its worker is over at the moment at which the client waits no longer.
        if report.outcome == .timedOut, open.deadline <= now.boot {
            keep(run)
            apply(.failWork(report.task, .timedOut))
            return finish(key, .timedOut, .refused(.timedOut, terms))
        }
        guard case .result(let result) = report.outcome else {
            keep(run)
            if case .crashed = report.outcome {
                if task.operation.runsOnce {
                    apply(.failWork(report.task, .failed))
                    return finish(key, .interrupted, .refused(.interrupted(report.outcome.explanation), terms))
                }
                if clients.startAgain(key) < FederationLimits.maximumWorkAttempts { return queueWork(task) }
            }
            apply(.failWork(report.task, report.outcome == .timedOut ? .timedOut : .failed))
            return finish(key, .failed, .refused(.failed(report.outcome.explanation), terms))
        }
        let completion = WorkCompletion(
            task: report.task, measured: used.energy, proof: Hashing.hash(result, for: .result), reputation: nil)
        // Credits that ran out meanwhile cannot be paid with.
        guard case .ended(.completed(let paid), _)? = apply(.completeWork(completion)) else {
            keep(run)
            return finish(key, .failed, .refused(.ledger("the ticket has run out"), terms))
        }
        keep(run.paid(paid))
        countUse(paid, by: [terms.source, terms.target])
        learn(report, task.operation, ByteCount(bytes: Int64(task.input.count)), used.energy)
        let time = max(.zero, report.ended.since(report.started))
        counters.countRun(.forClient, time: time, energy: used.energy)
        let proof = ClientProof(
            charged: paid, isCapped: used.energy > task.reserved && paid == task.reserved, time: time,
            quality: quality(of: report, task.operation, asked: settings.minimumQuality),
            result: result, ended: max(.origin, now.wall - now.boot.since(report.ended)))
        finish(key, .completed, .proven(proof, terms), runtime: time)
    }

    /// Ends a client's task that has no result; what was set aside is free again.
    mutating func withdraw(
        _ key: ClientBook.Key, as end: ClientEnd, _ release: ReleaseReason, _ refusal: ClientRefusal
    ) {
        guard let task = clients.open[key] else { return }
        queue.removeAll { $0.task == task.ticket }
        cancelWorker(of: task.ticket)
        local[task.ticket] = nil
        // A ticket whose time is over has been ended by the sweep of tickets already.
        if ledger.image.holds[task.ticket] != nil { apply(.failWork(task.ticket, release)) }
        finish(key, end, .refused(refusal, task.terms))
    }

    private mutating func finish(
        _ key: ClientBook.Key, _ end: ClientEnd, _ outcome: ClientAnswer, runtime: TimeSpan = .zero
    ) {
        guard let task = clients.open[key] else { return }
        stage(clients.end(key, end, runtime: runtime))
        counters.count(end == .completed ? .clientDone : .clientFailed)
        answer(task.command, outcome)
    }

    /// Takes back the task that a client, `source` where that is said, calls `name`.
    mutating func cancel(called name: String, of source: LCT?, for command: CommandID) {
        let found = clients.open(called: name, of: source)
        guard let key = found.first, let terms = clients.open[key]?.terms else {
            return answer(command, .notActive(task: name))
        }
        guard found.count == 1 else { return answer(command, .ambiguous(task: name)) }
        withdraw(key, as: .cancelled, .cancelled, .cancelled)
        answer(command, .cancelled(refunded: terms.budget))
    }

    // MARK: Time

    /// Ends the tasks whose clients wait no longer.
    mutating func expireClientTasks() {
        guard let deadline = clients.deadline, deadline <= now.boot else { return }
        for key in clients.open.keys.sorted() where clients.open[key].map({ $0.deadline <= now.boot }) == true {
            withdraw(key, as: .timedOut, .timedOut, .timedOut)
        }
    }

    /// Ends all tasks of clients: the agent ends.
    mutating func stopClientTasks() {
        for key in clients.open.keys.sorted() {
            withdraw(key, as: .interrupted, .failed, .unavailable("the agent is shutting down"))
        }
    }

    /// Remembers the tasks that were under way when the agent ended as ended; their tickets are voided with all that
    /// have no worker.
    mutating func resumeClientTasks() { stage(clients.interrupt()) }
}
