import Cryptography
import Quantities

/// Ids of tasks: each begins once, is remembered when it has ended, and is dead below the floor.
extension LedgerMachine {
    /// What is known of a task that is about to begin; nil when it is new and may begin.
    ///
    /// Throws `taskIDUsed` for other content under the same id, and what makes an id unusable.
    func beginTask(
        _ task: TaskReference, _ digest: Bytes16, of delegator: PlatformID, _ summary: LedgerSummary
    ) throws(LedgerError) -> LedgerEffect? {
        guard task.delegator == delegator else { throw .foreignTask(delegator: task.delegator) }
        let id = task.id
        if let hold = image.holds[id] {
            guard hold.digest == digest else { throw .taskIDUsed(id) }
            return .unchanged(.frozen(slices(of: hold)))
        }
        if let finished = image.finished[id] {
            guard finished.beginning == digest else { throw .taskIDUsed(id) }
            return .unchanged(.ended(finished.outcome, []))
        }
        let (epoch, floor) = try numbering(of: delegator, summary)
        guard task.storeEpoch == epoch else { throw .staleTask(current: epoch, given: task.storeEpoch) }
        guard task.sequence >= floor else { throw .taskBelowFloor(floor: floor, sequence: task.sequence) }
        return nil
    }

    private func numbering(
        of platform: PlatformID, _ summary: LedgerSummary
    ) throws(LedgerError) -> (epoch: StoreEpoch, floor: UInt64) {
        if platform == summary.genesis.home { return (summary.genesis.storeEpoch, summary.taskFloor) }
        guard let peer = image.peers[platform] else { throw .unknownPeer(platform) }
        return (peer.storeEpoch, peer.taskFloor)
    }

    /// Refuses an own task where there would be no room to remember it once it has ended.
    func requireRoomForTask(_ summary: LedgerSummary) throws(LedgerError) {
        let own = image.finishedOf[summary.genesis.home] ?? 0
        guard own + image.holds.count < LedgerLimits.finishedTasksOfHome else {
            throw .limitReached(.finishedTasks, limit: LedgerLimits.finishedTasksOfHome)
        }
    }

    /// Whether there is room to remember one more task that `peer` numbered.
    func hasRoomForTask(of peer: PlatformID, _ summary: LedgerSummary) -> Bool {
        let own = image.finishedOf[summary.genesis.home] ?? 0
        return image.finishedOf[peer] ?? 0 < LedgerLimits.finishedTasksPerPeer
            && image.finished.count - own < LedgerLimits.finishedTasksOfPeers
    }

    mutating func raiseFloor(
        of platform: PlatformID, _ given: StoreEpoch, to floor: UInt64, _ summary: LedgerSummary
    ) throws(LedgerError) -> LedgerEffect {
        let (epoch, current) = try numbering(of: platform, summary)
        guard given == epoch else { throw .staleTask(current: epoch, given: given) }
        if floor == current { return .unchanged(.done) }
        guard floor > current else { throw .floorLowered(current: current, given: floor) }
        if let live = image.firstLiveTask(of: platform), live < floor { throw .floorAboveLiveTask(live) }
        forgetTasks(of: platform) { $0.sequence < floor }
        if platform == summary.genesis.home {
            try changeSummary { (row) throws(LedgerError) in row.taskFloor = floor }
        } else if var peer = image.peers[platform] {
            peer.taskFloor = floor
            put(.peer(peer))
        }
        return .changed(.done)
    }

    /// Forgets remembered tasks that `platform` numbered and that are dead by now.
    mutating func forgetTasks(of platform: PlatformID, where isDead: (TaskReference) -> Bool) {
        let dead = image.finished.values.filter { $0.task.delegator == platform && isDead($0.task) }
        for id in dead.map({ $0.task.id }).sorted() { remove(.finished(id)) }
    }
}

extension LedgerImage {
    /// The lowest number of a task of `platform` that is locked or reserved.
    ///
    /// Complexity: O(holds).
    public func firstLiveTask(of platform: PlatformID) -> UInt64? {
        var first: UInt64?
        for hold in holds.values where hold.task.delegator == platform {
            first = min(first ?? .max, hold.task.sequence)
        }
        return first
    }

    /// How many ended tasks that `platform` numbered are remembered.
    public func rememberedTasks(of platform: PlatformID) -> Int { finishedOf[platform] ?? 0 }

    /// A floor for the tasks that `platform` numbered, such that at most `keep` ended ones stay remembered.
    ///
    /// Nil while there are no more than that, or while a live task stands in the way.
    /// Complexity: O(n log n) in the remembered tasks.
    public func proposedTaskFloor(of platform: PlatformID, keeping keep: Int) -> UInt64? {
        guard let count = finishedOf[platform], count > keep, keep >= 0 else { return nil }
        let sequences = finished.values.filter { $0.task.delegator == platform }.map { $0.task.sequence }.sorted()
        let dropped = sequences.count - keep
        let (next, overflow) = sequences[dropped - 1].addingReportingOverflow(1)
        guard !overflow else { return nil }
        let floor = min(next, firstLiveTask(of: platform) ?? .max)
        return floor > sequences[0] ? floor : nil
    }
}
