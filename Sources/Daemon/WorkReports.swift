import AgentCore
import Ledger
import Quantities
import Workers

extension WorkReport {
    /// What the pool says of a job, as the core is told.
    init(_ outcome: WorkerOutcome) {
        let what: WorkReport.Outcome
        switch outcome.result {
        case .success(let result): what = .result(result)
        case .failure(.refused(let refusal)) where refusal.code == .badInput: what = .failure(refusal.explanation)
        case .failure(.failed(let reason)): what = .failed(code: 1, reason)
        case .failure(.commandFailed(let code)): what = .failed(code: Int64(code), WorkReport.reason(outcome))
        case .failure(.notStarted): what = .notStarted(WorkReport.reason(outcome))
        case .failure(.parked): what = .notServed(WorkReport.reason(outcome))
        case .failure(.exceeded(.memory(let limit))): what = .outOfMemory(limit: limit)
        case .failure(.timedOut), .failure(.processorTimeExceeded): what = .timedOut
        case .failure(.cancelled): what = .cancelled
        case .failure(let failure): what = .crashed(failure.explanation)
        }
        self.init(
            task: TaskID(bytes: outcome.id), outcome: what, started: outcome.started, ended: outcome.ended,
            processor: TimeSpan(milliseconds: (outcome.processorMicroseconds + 999) / 1000),
            peakMemory: outcome.peakResident, quality: outcome.quality, graphicsClaim: outcome.graphicsClaim)
    }

    private static func reason(_ outcome: WorkerOutcome) -> String {
        if case .failure(let failure) = outcome.result { return failure.explanation }
        return ""
    }
}
