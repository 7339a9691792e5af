import AgentCore
import Cryptography
import EnergyProofs
import Federation
import Gateway
import Ledger
import Quantities
import Store
import Telemetry
import Wire

/// The runs that ended on this board in a time, as the running agent tells them, or its files where none runs.
struct RunSupply {
    /// The runs, in the order in which they are kept.
    private(set) var runs: [NumberedRun] = []
    /// Records that cannot be read.
    private(set) var damaged = 0

    /// The runs that ended after `periods.from` and until `periods.to`, of `source` or of every one: those in the files
    /// of `pages`, or else of the running agent.
    init(
        _ invocation: Invocation, _ pages: PageSupply?, _ periods: ReportPeriods, _ source: SourceID?
    ) throws(Failure) {
        let query = RunQuery(from: periods.from, to: periods.to)
        if let files = pages?.files {
            try read(files.store, files.path, query)
        } else {
            try ask(AgentClient(invocation), query)
        }
        if let source { runs.removeAll { $0.run.source != source } }
    }

    /// Takes the runs of the running agent, the newest part first.
    private mutating func ask(_ client: AgentClient, _ query: RunQuery) throws(Failure) {
        var next = query
        var answer = try client.ask(.runs(next))
        var parts: [[NumberedRun]] = []
        while true {
            let listed = answer.value["runs"]?.elements ?? []
            let part = listed.compactMap { NumberedRun($0) }
            guard part.count == listed.count else { throw Failure(.badData, "the agent tells a run that is none") }
            parts.append(part)
            damaged += Int(answer.value["damaged"]?.number ?? 0)
            guard let before = answer.partBefore(next.before) else { break }
            next.before = before
            answer = try client.ask(.runs(next))
        }
        runs = Array(parts.reversed().joined())
    }

    private mutating func read(_ store: AgentStore, _ path: String, _ query: RunQuery) throws(Failure) {
        let records: [StoredRecord]
        do throws(StoreError) { records = try store.allRecords(.run) } catch { throw failure(error, path) }
        for record in records {
            do throws(CBORError) {
                let run = try NumberedRun(record)
                if query.includes(run.run.ended) { runs.append(run) }
            } catch { damaged += 1 }
        }
    }
}

extension NumberedRun {
    /// The run that an answer tells; nil where that is none.
    fileprivate init?(_ value: JSONValue) {
        guard let number = value["number"]?.number, number >= 0,
            let task = value["task"]?.text.flatMap({ TaskID(text: $0) }),
            let operation = value["operation"]?.text.flatMap({ Operation($0) }),
            let ended = value["end_ms"]?.number, let duration = value["duration_ms"]?.number, duration >= 0,
            case .boolean(let isSynchronized)? = value["time_synchronized"],
            let outcome = value["outcome"]?.text.flatMap({ RunOutcome(name: $0) }),
            let source = value["source"]?.text.flatMap({ SourceID($0) }),
            let evidence = value["class"]?.text.flatMap({ EvidenceClass(name: $0) }),
            let energy = NumberedRun.energy("energy_mj", value),
            let charged = NumberedRun.energy("charged_mj", value)
        else { return nil }
        var run = RunRecord(
            task: task, operation: operation, payer: NumberedRun.payer(value), ended: WallTime(milliseconds: ended),
            duration: .milliseconds(duration), timeStatus: isSynchronized ? .synchronized : .unsynchronized,
            outcome: outcome, energy: energy, errorBound: NumberedRun.energy("error_mj", value), evidence: evidence,
            source: source, span: NumberedRun.span(value))
        run.charged = charged
        run.paid = NumberedRun.energy("paid_mj", value)
        run.processor = value["processor_ms"]?.number.map { .milliseconds($0) }
        run.graphicsClaim = value["gpu_claimed_ms"]?.number.map { .milliseconds($0) }
        self.init(number: UInt64(number), run: run)
    }

    private static func energy(_ name: String, _ value: JSONValue) -> Energy? {
        value[name]?.text.flatMap { Int64($0) }.map { Energy(millijoules: $0) }
    }

    private static func payer(_ value: JSONValue) -> RunPayer? {
        guard let name = value["payer"]?.text.flatMap({ PlatformName($0) }),
            let id = value["payer_id"]?.text.flatMap({ Wire.bytes(hexadecimal: $0) }).flatMap({ Bytes32($0) })
        else { return nil }
        return RunPayer(id: PlatformID(bytes: id), name: name)
    }

    private static func span(_ value: JSONValue) -> RegisterSpan? {
        guard let epoch = value["epoch"]?.number, epoch >= 0, let start = energy("register_start_mj", value),
            let end = energy("register_end_mj", value)
        else { return nil }
        return RegisterSpan(epoch: UInt64(epoch), start: start, end: end)
    }
}
