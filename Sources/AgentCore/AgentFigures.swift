import Federation
import Ledger
import Quantities

/// How much an agent has under way at the moment; every figure stays within `AgentLimits`.
public struct AgentFigures: Hashable, Sendable {
    /// Tasks elsewhere that are not over.
    public let paying: Int
    /// Tasks for others that are not over.
    public let working: Int
    /// Ended tasks that stay listed.
    public let ended: Int
    /// Own tasks on a work ticket.
    public let local: Int
    /// Commands that wait for an outcome.
    public let errands: Int
    /// Commands that wait for a peer's answer.
    public let pings: Int
    /// Commands that wait for the store.
    public let queries: Int
    /// Work that waits for a worker.
    public let queued: Int
    /// Work that a worker does, or that waits for the meter.
    public let active: Int
    /// Money messages that wait for an acknowledgement, of all peers together.
    public let outbox: Int
    /// Money messages that wait for the one peer for which most do.
    public let longestOutbox: Int
    /// Energy pages in memory.
    public let pages: Int
    /// Energy pages behind lots of others, known or asked for.
    public let lotProofs: Int
    /// Those that are known.
    public let auditedLotProofs: Int
    /// Those that contradict their lots, and peers whose lots are refused.
    public let contradictedLots: Int
}

extension AgentMachine {
    /// How much is under way.
    ///
    /// Complexity: O(tasks).
    public var figures: AgentFigures {
        AgentFigures(
            paying: paying.openIDs.count, working: working.openIDs.count,
            ended: paying.endedCount + working.endedCount, local: local.count,
            errands: errands.count, pings: pings.count,
            queries: openQueries,
            queued: queue.count,
            active: active.count, outbox: outbox.values.reduce(0) { $0 + $1.count },
            longestOutbox: outbox.values.map { $0.count }.max() ?? 0, pages: recentPages.count,
            lotProofs: audit.count, auditedLotProofs: audit.auditedCount,
            contradictedLots: audit.contradictedCount)
    }

    /// The ledger as it stands, whether or not it is durable yet.
    public var ledgerImage: LedgerImage { ledger.image }

    /// What time it is in the ledger.
    public var ledgerTime: LedgerTime { ledgerNow }
}
