import Quantities
import Wire

// One task's life has two sides, `PayerLife` and `WorkerLife`, each a machine that is told what
// happened and answers with what to do. Both follow the same rules:
//
// - Directives are carried out in order. Everything after `store` (or `settle`, `applyReceipt`,
//   which store too) waits until it is durable.
// - The state before a crash and `restarted` after it lead on; no message is needed twice.
// - A receipt is final. What a worker presumes while its payer is silent gives way to it.

/// How long to wait before the same message is sent again: 1, 2, 4, 8, 16, then 30 seconds.
struct RetryTimer: Hashable, Sendable {
    private(set) var due: LedgerTime
    private(set) var count: UInt8

    /// A timer that is first due a second after `now`.
    init(at now: LedgerTime) {
        due = now + .seconds(1)
        count = 0
    }

    mutating func rearm(at now: LedgerTime) {
        if count < 5 { count += 1 }
        due = now + .seconds(min(30, 1 << Int64(count)))
    }

    init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 2)
        due = LedgerTime(milliseconds: try reader.integer())
        count = UInt8(try reader.unsigned(atMost: 5))
        reader.endArray()
    }

    func write(to writer: inout CBORWriter) {
        writer.array(2)
        writer.integer(due.milliseconds)
        writer.unsigned(UInt64(count))
    }
}

/// When the sides of a task give up waiting, from its remaining time and grace.
public struct TaskDeadlines: Hashable, Sendable {
    /// Until when the proof must be there: the worker's deadline.
    public let proof: LedgerTime
    /// Until when the payer decides.
    public let decision: LedgerTime
    /// Until when the worker asks for a decision; the lock's deadline, so that a payer that did not decide can still
    /// pay where the task's rule says so.
    public let asking: LedgerTime

    /// The deadlines of a task of which `remaining` is left at `now`.
    public init(remaining: TimeSpan, grace: TimeSpan, at now: LedgerTime) {
        proof = now + remaining
        decision = proof + grace
        asking = decision + grace
    }

    init(from reader: inout CBORReader) throws(CBORError) {
        let start = reader.offset
        try reader.beginArray(of: 3)
        proof = LedgerTime(milliseconds: try reader.integer())
        decision = LedgerTime(milliseconds: try reader.integer())
        asking = LedgerTime(milliseconds: try reader.integer())
        reader.endArray()
        guard proof <= decision, decision <= asking else { throw .invalidValue(at: start) }
    }

    func write(to writer: inout CBORWriter) {
        writer.array(3)
        writer.integer(proof.milliseconds)
        writer.integer(decision.milliseconds)
        writer.integer(asking.milliseconds)
    }
}
