import Quantities

/// When a process that died is started again: at once, then after longer and longer waits, and at last not at all.
struct RestartPolicy: Hashable {
    /// Deaths in a row before a process could be given a task.
    private(set) var starts = 0
    /// Tasks in a row that cost a process its life.
    private(set) var tasks = 0
    /// When the next process may be started.
    private(set) var restartAt = BootTime(milliseconds: 0)
    /// Until when none is started; nil where some may be.
    private(set) var parkedUntil: BootTime?

    /// A process died, with a task or without one.
    mutating func died(withTask: Bool, at now: BootTime) {
        if withTask { tasks += 1 } else { starts += 1 }
        var wait = WorkerLimits.firstRestart
        for _ in 1..<(starts + tasks) { wait = min(wait * 2, WorkerLimits.longestRestart) }
        restartAt = now + wait
        if starts >= WorkerLimits.startsBeforeParking || tasks >= WorkerLimits.tasksBeforeParking {
            parkedUntil = now + WorkerLimits.parkTime
        }
    }

    /// A process has done a task.
    mutating func served() {
        starts = 0
        tasks = 0
    }

    /// Lets one more process be started; where that dies as well, the executor is parked again.
    mutating func unpark(at now: BootTime) {
        parkedUntil = nil
        restartAt = now
        starts = WorkerLimits.startsBeforeParking - 1
        tasks = WorkerLimits.tasksBeforeParking - 1
    }
}
