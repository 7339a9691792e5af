import Federation
import Ledger
import Quantities

/// Work of one operation that a peer was given and has not done, since it last did some.
///
/// In memory alone: after a restart each peer is tried again.
struct UndoneWork {
    /// How long a run is taken to take at least.
    private var time = TimeSpan.zero
    /// When that was last found.
    private var foundAt: LedgerTime?
    /// How often it was, one after the other.
    private var times: Int64 = 0

    /// For how long it counts the first time; every further time for twice as long.
    static let firstHold = TimeSpan.seconds(60)
    /// Times after which it is no longer any more: for an hour and four minutes.
    private static let mostDoublings: Int64 = 6

    /// Whether it was more than once, with no paid task between.
    var isRepeated: Bool { times > 1 }

    /// Takes in at `now` that what was handed out at `handedAt` is taken to need `time` at least, not done as it was;
    /// false where it was under way when that was last found.
    mutating func add(needing time: TimeSpan, handedAt: LedgerTime, at now: LedgerTime) -> Bool {
        self.time = max(self.time, time)
        if let foundAt, handedAt < foundAt { return false }
        foundAt = now
        times += 1
        return true
    }

    /// How long a run takes at least, as far as is known at `now`; nil where what is expected of it otherwise holds.
    ///
    /// What was measured there holds once more: a single run that is late may be chance.
    func least(at now: LedgerTime, isMeasured: Bool) -> TimeSpan? {
        guard let foundAt, times > (isMeasured ? 1 : 0) else { return nil }
        let hold = UndoneWork.firstHold * (1 << min(times - 1, UndoneWork.mostDoublings))
        return now.since(foundAt) < hold ? time : nil
    }
}

extension Prediction {
    /// The same of a run that takes no less than `least`.
    func atLeast(_ least: TimeSpan) -> Prediction {
        Prediction(
            time: max(time, least), timeP95: max(timeP95, least), energy: energy, energyP95: energyP95, memory: memory,
            basis: basis, runs: runs, unseen: unseen, uncertainty: uncertainty)
    }
}
