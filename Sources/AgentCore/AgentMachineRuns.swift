import Cryptography
import EnergyProofs
import Federation
import Ledger
import Quantities
import Telemetry
import Wire

/// What is asked of the runs that have ended.
public struct RunQuery: Hashable, Sendable {
    /// What ended at or before this is left out.
    public var from: WallTime?
    /// What ended after this is left out.
    public var to: WallTime?
    /// Only what has a lower number, as an answer's `next_before` says; nil for the newest.
    public var before: UInt64?
    /// Most runs that are looked at, the newest ones.
    public var limit: Int

    /// A question for the newest `limit` runs.
    public init(
        from: WallTime? = nil, to: WallTime? = nil, before: UInt64? = nil, limit: Int = RunLimits.listed
    ) {
        self.from = from
        self.to = to
        self.before = before
        self.limit = limit
    }

    /// Whether a run that ended at `end` is asked for.
    public func includes(_ end: WallTime) -> Bool {
        if let from, end <= from { return false }
        if let to, end > to { return false }
        return true
    }
}

// The runs of workers that have ended: kept by number, written together with what ends them.
extension AgentMachine {
    /// For whom `work` is; nil for the own operator.
    ///
    /// A client has no node; its id is the hash of its identity.
    func runPayer(of work: QueuedWork) -> RunPayer? {
        if let client = local[work.task]?.client, let source = clients.open[client]?.terms.source {
            let id = Hashing.hash(Array(source.text.utf8), for: .identifier)
            return RunPayer(id: KeyID(bytes: id), name: source.context)
        }
        guard work.isForPeer, let id = working[work.task]?.life.payer else { return nil }
        return RunPayer(id: id, name: peers[id]?.name ?? identity.platform)
    }

    /// What is to be kept of `work`, which drew `used`.
    func runRecord(of work: ActiveWork, _ report: WorkReport, _ used: TaskEnergy) -> RunRecord {
        var run = RunRecord(
            task: report.task, operation: work.operation, payer: work.payer,
            ended: max(.origin, now.wall - now.boot.since(report.ended)),
            duration: max(.zero, report.ended.since(report.started)), timeStatus: now.status,
            outcome: work.isCancelled ? .cancelled : report.outcome.runOutcome, energy: used.energy,
            errorBound: used.errorBound, evidence: used.evidence, source: settings.energy.source, span: used.span)
        run.processor = max(.zero, report.processor)
        run.graphicsClaim = report.graphicsClaim
        return run
    }

    /// Counts what the processors did for a run that has ended.
    mutating func countProcessor(_ report: WorkReport, isForPeer: Bool) {
        let isForClient = local[report.task]?.client != nil
        counters.countProcessor(
            isForPeer ? .forPeer : isForClient ? .forClient : .here, report.processor, claimed: report.graphicsClaim)
    }

    /// Keeps `run` with this event's writes; returns its number.
    ///
    /// A job that was given up before a worker had it never ran: of that nothing is kept, nor is there a number.
    @discardableResult
    mutating func keep(_ run: RunRecord) -> UInt64? {
        guard run.outcome == .done || run.duration > .zero else { return nil }
        let number = nextRun
        nextRun += 1
        staging.write(.put(.run, key: AgentMachine.numberKey(number), value: run.encoded))
        var writer = CBORWriter()
        writer.unsigned(nextRun)
        staging.write(.put(.setting, key: SettingKey.nextRun, value: writer.bytes))
        if number >= RunLimits.kept {
            let lowest = AgentMachine.numberKey(number - RunLimits.kept + 1)
            staging.write(.removeRange(.run, from: AgentMachine.numberKey(0), below: lowest))
        }
        return number
    }

    /// Keeps what a peer paid for the run of `task`, with the receipt that says so.
    mutating func keepPayment(for task: TaskID, _ outcome: SettlementOutcome) {
        if case .posted(let amount) = outcome {
            closeClaim(of: task, paid: amount)
        } else {
            closeClaim(of: task, paid: .zero)
        }
    }

    /// Keeps what was paid for the run of `task`, where that was open.
    mutating func closeClaim(of task: TaskID, paid amount: Energy) {
        guard var kept = working[task]?.run else { return }
        working[task]?.run = nil
        // What has made room for later runs does not come back.
        guard kept.number + RunLimits.kept >= nextRun else { return }
        kept.run.paid = amount
        staging.write(.put(.run, key: AgentMachine.numberKey(kept.number), value: kept.run.encoded))
    }

    /// Answers what is asked of the runs, later, from the store.
    mutating func tellRuns(_ query: RunQuery, for command: CommandID) {
        guard mayAskStore(for: command) else { return }
        let end = min(query.before ?? nextRun, nextRun)
        let first = end - min(end, UInt64(max(1, query.limit)))
        runQueries[nextQuery] = (command, query, AgentMachine.nextBefore(first, next: nextRun, kept: RunLimits.kept))
        let (from, below) = (AgentMachine.numberKey(first), AgentMachine.numberKey(end))
        askStore(.runs(from: from, below: below), limit: Int(end - first))
    }

    /// Answers with what the store found; false where the question was not one of the runs.
    mutating func answerRuns(_ id: UInt64, _ found: StoreAnswer) -> Bool {
        guard let (command, query, nextBefore) = runQueries.removeValue(forKey: id) else { return false }
        guard let records = records(in: found, for: command) else { return true }
        var runs: [NumberedRun] = []
        var damaged = 0
        for record in records {
            do throws(CBORError) {
                let run = try NumberedRun(record)
                if query.includes(run.run.ended) { runs.append(run) }
            } catch { damaged += 1 }
        }
        reply(command, AgentViews.runs(runs, nextBefore: nextBefore, damaged: damaged))
        return true
    }
}

extension AgentViews {
    /// Runs that have ended, oldest first.
    static func runs(_ runs: [NumberedRun], nextBefore: UInt64?, damaged: Int) -> CommandReply {
        CommandReply(
            object { json in
                json.key("runs")
                json.beginArray()
                for run in runs { write(run, to: &json) }
                json.endArray()
                json.member("next_before", nextBefore)
                if damaged > 0 { json.member("damaged", damaged) }
            })
    }

    private static func write(_ numbered: NumberedRun, to json: inout JSONWriter) {
        let run = numbered.run
        json.beginObject()
        json.member("number", numbered.number)
        json.member("task", run.task.text)
        json.member("operation", run.operation.name)
        json.member("payer", run.payer?.name.text)
        json.member("payer_id", run.payer?.id.text)
        json.member("end_ms", run.ended.milliseconds)
        json.member("duration_ms", run.duration.milliseconds)
        json.member("time_synchronized", run.timeStatus == .synchronized)
        json.member("outcome", run.outcome.name)
        json.member("source", run.source.text)
        json.member("class", run.evidence.name)
        json.member("energy_mj", "\(run.energy.millijoules)")
        json.member("error_mj", run.errorBound.map { "\($0.millijoules)" })
        json.member("epoch", run.span?.epoch)
        json.member("register_start_mj", run.span.map { "\($0.start.millijoules)" })
        json.member("register_end_mj", run.span.map { "\($0.end.millijoules)" })
        json.member("charged_mj", "\(run.charged.millijoules)")
        json.member("paid_mj", run.paid.map { "\($0.millijoules)" })
        json.member("processor_ms", run.processor?.milliseconds)
        json.member("gpu_claimed_ms", run.graphicsClaim?.milliseconds)
        json.endObject()
    }
}
