import Federation

/// A way to choose places.
///
/// `choose` names them in the order in which they are tried.
protocol Chooser {
    mutating func choose(_ task: StreamTask, in world: World) -> [Int]
    /// What became of it, as far as the one who chose gets to know it, from `result.end` on.
    mutating func learn(_ task: StreamTask, _ result: Attempted)
    /// Whether a task that no place has taken waits to be decided on again.
    func waits(after result: Attempted) -> Bool
}

extension Chooser {
    func waits(after result: Attempted) -> Bool { true }
}

/// The rules that a decision is held against.
public enum Baseline: String, CaseIterable, Sendable {
    /// Everything runs here.
    case alwaysLocal = "always-local"
    /// Everything goes to the peer with the fewest tasks, and only what no peer takes runs here.
    case alwaysDelegate = "always-delegate"
    /// Every place that was heard is as good as any other.
    case random
    /// It runs here while there is memory for it and a gibibyte more; else it goes to the peer with the fewest tasks.
    case memoryThreshold = "memory-threshold"
}

/// One of the baselines; it looks at the same heartbeats as the decision.
struct BaselineChooser: Chooser {
    let baseline: Baseline
    var random: ExperimentRandom

    mutating func choose(_ task: StreamTask, in world: World) -> [Int] {
        let heard = world.stream.boards.indices.dropFirst().filter { place in
            let seen = world.heartbeatTime(place, task.at)
            return seen.map { task.at - $0 <= 15_000 } ?? false
        }
        let lengths = world.stream.boards.indices.map { place in
            world.heartbeatTime(place, task.at).map { world.queue(place, $0).length } ?? 0
        }
        let leastLoaded = heard.sorted { (lengths[$0], $0) < (lengths[$1], $1) }
        switch baseline {
        case .alwaysLocal: return [0]
        case .alwaysDelegate: return leastLoaded + [0]
        case .random:
            var places = [0] + heard
            for index in places.indices.dropLast() {
                places.swapAt(index, index + random.index(below: places.count - index))
            }
            return places
        case .memoryThreshold:
            let hasRoom = world.freeMemory(0, task.at) >= task.work.memory + 1_024
            return hasRoom ? [0] + leastLoaded : leastLoaded + [0]
        }
    }

    mutating func learn(_ task: StreamTask, _ result: Attempted) {}
}

extension World {
    /// When the last heartbeat of `place` was sent that has come until `time`.
    func heartbeatTime(_ place: Int, _ time: Double) -> Double? {
        let board = stream.boards[place]
        let last = time - board.roundTrip / 2 - board.heartbeatPhase
        guard last >= 0 else { return nil }
        var sent = (last / 5_000).rounded(.down) * 5_000 + board.heartbeatPhase
        while sent >= 0 {
            if board.isUp(sent) { return sent }
            sent -= 5_000
        }
        return nil
    }

    /// The place where `task` costs the least of those from which its result comes in time, known by trying all of
    /// them: what an oracle chooses that knows the true time and energy of this task, and every queue, memory,
    /// temperature and outage, but no later task; nil where there is no such place at the moment.
    func best(for task: StreamTask) -> Int? {
        var best = (isMissed: true, cost: Double.infinity, place: 0)
        for place in stream.boards.indices {
            var world = self
            let result = world.attempt(task, [place])
            guard result.isMissed == best.isMissed ? result.cost < best.cost : best.isMissed else { continue }
            best = (result.isMissed, result.cost, place)
        }
        return best.isMissed ? nil : best.place
    }
}

/// The oracle; myopic: it takes what is best for each task, whatever that leaves for those that come after.
struct OracleChooser: Chooser {
    mutating func choose(_ task: StreamTask, in world: World) -> [Int] { world.best(for: task).map { [$0] } ?? [] }
    mutating func learn(_ task: StreamTask, _ result: Attempted) {}
}
