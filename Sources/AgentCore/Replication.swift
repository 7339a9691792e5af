import Federation
import Ledger
import Quantities
import Wire

/// A peer's result that is being found out by running the same again.
///
/// In memory alone: after a restart it begins anew with what the replicas that were ordered have brought.
struct Replication {
    /// Whether the program that serves the operation here is only asked how good the result is.
    let isCheck: Bool
    /// What is known so far.
    var comparison: ReplicaComparison
    /// Where the same was run or tried, the worker itself among them.
    var tried: [PlatformID]
    /// The task under which it is run at present.
    var underWay: TaskID?
    /// The tasks of peers behind `comparison.opinions`; nil for this board's own run.
    var tasks: [TaskID?] = []
    /// What came of this board's own run.
    var own: ErrandOutcome?
    /// When places are looked for once more; nil while there is one.
    var retryAt: BootTime?
    /// How often none was found.
    var retries: Int64 = 0

    /// Times that a place is looked for in vain: after 1, 2, 4, 8 and 16 seconds.
    static let mostRetries: Int64 = 5

    init(_ comparison: ReplicaComparison, of worker: PlatformID, isCheck: Bool) {
        self.isCheck = isCheck
        self.comparison = comparison
        tried = [worker]
    }
}
