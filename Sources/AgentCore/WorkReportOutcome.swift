import Federation
import Quantities

// What the end of a worker means: for the task, for the store, and for a person.

extension WorkReport {
    /// What a run of `operation` without a result means for the task.
    func workerEvent(of operation: Operation) -> WorkerEvent {
        switch outcome {
        case .result, .failure: .workFailed(.badInput)
        case .failed(let code, _): .workFailed(.operationFailed(code: code))
        case .notServed: .workFailed(.operationNotServed)
        case .crashed: operation.runsOnce ? .workInterrupted : .workCrashed
        case .notStarted: .workFailed(.deadlineUnreachable(expected: .zero, remaining: .zero))
        case .timedOut: .workFailed(.timedOut(after: ended.since(started)))
        case .outOfMemory(let limit): .workFailed(.memoryLimit(limit: limit))
        case .cancelled: .workFailed(.cancelled)
        }
    }
}

extension WorkReport.Outcome {
    /// Why there is no result, for a person.
    var explanation: String {
        switch self {
        case .result: "done"
        case .failure(let reason), .failed(_, let reason), .notServed(let reason), .notStarted(let reason): reason
        case .crashed(let reason): "the worker crashed: " + reason
        case .timedOut: "the worker ran past its time"
        case .outOfMemory(let limit): "the worker wanted more than \(limit.bytes) bytes of memory"
        case .cancelled: "cancelled"
        }
    }

    /// Whether the operation may have done a part of what it does.
    var hasRun: Bool {
        switch self {
        case .result, .failure, .failed, .crashed, .timedOut, .outOfMemory, .cancelled: true
        case .notServed, .notStarted: false
        }
    }

    /// The outcome as it is kept.
    var runOutcome: RunOutcome {
        switch self {
        case .result: .done
        case .failure: .refusedInput
        case .failed, .notServed: .failed
        case .crashed: .crashed
        case .timedOut, .notStarted: .timedOut
        case .outOfMemory: .outOfMemory
        case .cancelled: .cancelled
        }
    }
}
