import Federation
import Quantities
import Wire

/// How a program of the operator's that serves an operation stands.
public struct ExecutorStanding: Hashable, Sendable {
    /// What it does.
    public enum State: Hashable, Sendable {
        /// It has not been ready yet.
        case starting
        /// It serves its operation.
        case serving
        /// It died too often and is left alone for a while; why it died at last.
        case parked(String)
    }

    /// The operation.
    public let operation: Operation
    /// What it does.
    public let state: State
    /// Its processes.
    public let processes: Int
    /// When a process is started next, where there is none and it is waited for; nil otherwise.
    public var restart: BootTime?

    /// A standing.
    public init(operation: Operation, state: State, processes: Int) {
        self.operation = operation
        self.state = state
        self.processes = processes
    }
}

// What is served here at the moment: what is configured, less what no program is ready for.
extension AgentMachine {
    /// The operations that tasks are taken for.
    var servedOperations: [OperationOffer] { settings.operations.filter { isReady($0.operation) } }

    /// The offer for `operation`, if it is served here at the moment.
    func servedOffer(_ operation: Operation) -> OperationOffer? {
        isReady(operation) ? settings.offer(operation) : nil
    }

    /// How long until a program of `operation` is started again that died too often to be there now; nil where none is
    /// waited for, or for so short a time that a task may wait as well.
    func restartWait(of operation: Operation) -> TimeSpan? {
        guard let due = executors.first(where: { $0.operation == operation })?.restart else { return nil }
        let wait = due.since(now.boot)
        return wait >= .seconds(1) ? wait : nil
    }

    private func isReady(_ operation: Operation) -> Bool {
        executors.first { $0.operation == operation }.map { $0.state == .serving } ?? true
    }

    /// How the operator's programs stand, as a member of the status.
    func writeExecutors(to json: inout JSONWriter) {
        json.key("executors")
        json.beginArray()
        for executor in executors {
            json.beginObject()
            json.member("operation", executor.operation.name)
            switch executor.state {
            case .starting: json.member("state", "starting")
            case .serving: json.member("state", "serving")
            case .parked: json.member("state", "parked")
            }
            json.member("processes", executor.processes)
            if case .parked(let why) = executor.state {
                json.member("because", why)
            } else {
                json.member("because", nil as String?)
            }
            json.endObject()
        }
        json.endArray()
    }
}
