import Ledger
import Quantities
import Telemetry
import Wire

/// One run of a worker on this board, for dividing measured energy among tasks.
struct WorkRun: Hashable, Sendable {
    /// The task.
    let task: TaskID
    /// When the worker began.
    let start: BootTime
    /// When it ended; nil while it runs.
    var end: BootTime?

    /// Whether the run covers any part of the time from `from` to `to`.
    func overlaps(from: BootTime, to: BootTime) -> Bool { start < to && (end.map { $0 > from } ?? true) }
}

/// The runs that windows and tasks may still ask about.
///
/// Energy above the board's baseline belongs to the tasks that ran at the time, in equal parts: so
/// the parts of all tasks together never exceed what was measured.
struct WorkRuns: Sendable {
    /// Runs kept at most; the oldest ended one makes room.
    static let limit = 256

    private(set) var runs: [WorkRun] = []

    /// Whether a worker runs at the moment.
    var isBusy: Bool { runs.contains { $0.end == nil } }

    /// A worker began.
    mutating func begin(_ task: TaskID, at start: BootTime) {
        if runs.count >= WorkRuns.limit, let oldest = runs.firstIndex(where: { $0.end != nil }) {
            runs.remove(at: oldest)
        }
        runs.append(WorkRun(task: task, start: start, end: nil))
    }

    /// The worker of `task` ended.
    mutating func end(_ task: TaskID, at end: BootTime) {
        guard let index = runs.lastIndex(where: { $0.task == task && $0.end == nil }) else { return }
        runs[index].end = max(end, runs[index].start)
    }

    /// Forgets runs that ended before `time`.
    mutating func forget(before time: BootTime) { runs.removeAll { $0.end.map { $0 < time } ?? false } }

    /// Energy that `meter` measured above `baseline` from `from` to `to` while any task ran.
    func work(by meter: Meter, above baseline: Power, from: BootTime, to: BootTime) -> Energy {
        parts(from: from, to: to).reduce(.zero) { sum, part in
            part.sharers == 0 ? sum : sum + energy(of: part, by: meter, above: baseline)
        }
    }

    /// The part of `task` in the energy above `baseline` during its run; nil while the run goes on or
    /// where the meter no longer remembers it.
    func share(of task: TaskID, by meter: Meter, above baseline: Power) -> Energy? {
        guard let run = runs.last(where: { $0.task == task }), let end = run.end else { return nil }
        guard meter.interval(from: run.start, to: end) != nil else { return nil }
        return parts(from: run.start, to: end).reduce(.zero) { sum, part in
            part.sharers == 0
                ? sum
                : sum
                    + Energy(
                        millijoules: energy(of: part, by: meter, above: baseline).millijoules / Int64(part.sharers))
        }
    }

    private struct Part {
        let from: BootTime
        let to: BootTime
        let sharers: Int
    }

    /// The time from `from` to `to`, cut wherever a run begins or ends.
    private func parts(from: BootTime, to: BootTime) -> [Part] {
        guard from < to else { return [] }
        let touching = runs.filter { $0.overlaps(from: from, to: to) }
        var cuts = [from, to]
        for run in touching {
            if run.start > from { cuts.append(run.start) }
            if let end = run.end, end < to { cuts.append(end) }
        }
        cuts.sort()
        return zip(cuts, cuts.dropFirst()).filter { $0 < $1 }.map { first, second in
            Part(from: first, to: second, sharers: touching.filter { $0.overlaps(from: first, to: second) }.count)
        }
    }

    private func energy(of part: Part, by meter: Meter, above baseline: Power) -> Energy {
        guard let interval = meter.interval(from: part.from, to: part.to) else { return .zero }
        let drawn = interval.registerEnd.energy(since: interval.registerStart) ?? .zero
        let covered = part.to.since(part.from) - interval.gap
        return (drawn - baseline.held(for: covered)).clampedToZero
    }
}
