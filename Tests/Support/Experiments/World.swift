import Federation
import Foundation
import Quantities

/// What became of a task that was brought to one place after the other.
struct Attempted {
    /// Where it ran; nil where it never did.
    var place: Int?
    /// What it cost in millijoules: energy of runs, of sending and of waiting.
    var cost = 0.0
    /// Whether there was no result in time.
    var isMissed = true
    /// When its outcome was known.
    var end: Double
    /// What the run took.
    var time = 0.0
    var energy = 0.0
    /// Places that did not take it, with when that was known; `isSilent` where nothing was heard at all.
    var failures: [(place: Int, sent: Double, at: Double, isSilent: Bool)] = []
    /// When the place said that it has the task.
    var acceptedAt: Double?
    /// When it was sent there.
    var sentAt = 0.0
}

/// The truth: what every board does with the tasks of one way to choose.
///
/// Each way has a world of its own; what comes
/// from outside is the same in all of them.
struct World {
    private struct Job {
        var arrived: Double
        var start: Double
        var end: Double
        var memory: Double
    }

    private struct BoardState {
        var free: [Double]
        var jobs: [Job] = []
        var temperatures: [(at: Double, degrees: Double)] = []
        var nextForeign = 0
    }

    let stream: TaskStream
    private var states: [BoardState]

    init(_ stream: TaskStream) {
        self.stream = stream
        states = stream.boards.map { board in
            BoardState(free: Array(repeating: 0, count: board.workers), temperatures: [(0, board.ambient)])
        }
    }

    // MARK: What can be seen

    func temperature(_ place: Int, _ time: Double) -> Double {
        let board = stream.boards[place]
        let last = states[place].temperatures.last { $0.at <= time } ?? (0, board.ambient)
        let ambient = board.recorded(time)?.temperature ?? board.ambient
        return ambient + (last.degrees - board.ambient) * exp(-(time - last.at) / board.cooling)
    }

    func headroom(_ place: Int, _ time: Double) -> Double { stream.boards[place].soft - temperature(place, time) }

    func freeMemory(_ place: Int, _ time: Double) -> Double {
        let board = stream.boards[place]
        var free = board.recorded(time)?.freeMemory ?? board.memory
        for hog in board.hogs where hog.from <= time && time < hog.to { free -= hog.memory }
        for job in states[place].jobs where job.start <= time && time < job.end { free -= job.memory }
        return max(0, free)
    }

    /// Tasks there, and how many of them run.
    func queue(_ place: Int, _ time: Double) -> (length: Int, active: Int) {
        let here = states[place].jobs.filter { $0.arrived <= time && time < $0.end }
        return (here.count, here.count { $0.start <= time })
    }

    // MARK: What happens

    /// Lets others' tasks begin that came to `place` until `time`.
    mutating func pass(_ place: Int, to time: Double) {
        let board = stream.boards[place]
        while states[place].nextForeign < board.foreign.count, board.foreign[states[place].nextForeign].at <= time {
            let task = board.foreign[states[place].nextForeign]
            states[place].nextForeign += 1
            if board.isUp(task.at) { occupy(place, task.at, task.time, memory: 200, energy: task.time * 8) }
        }
        states[place].jobs.removeAll { $0.end < time - 30_000 }
        if states[place].temperatures.count > 256 { states[place].temperatures.removeFirst(128) }
    }

    private func start(_ place: Int, _ time: Double) -> Double { max(time, states[place].free.min() ?? time) }

    private mutating func occupy(_ place: Int, _ time: Double, _ length: Double, memory: Double, energy: Double) {
        let start = start(place, time)
        let worker = states[place].free.indices.min { states[place].free[$0] < states[place].free[$1] } ?? 0
        states[place].free[worker] = start + length
        states[place].jobs.append(Job(arrived: time, start: start, end: start + length, memory: memory))
        let at = max(start, states[place].temperatures.last?.at ?? 0)
        let board = stream.boards[place]
        // A recorded board's own heat is in its recording; what tasks add comes on top.
        let last = states[place].temperatures.last ?? (0, board.ambient)
        let degrees = board.ambient + (last.degrees - board.ambient) * exp(-(at - last.at) / board.cooling)
        states[place].temperatures.append((at, degrees + energy / board.heatCapacity))
    }

    /// What a run of `task` takes at `place` from `start` on.
    func effort(_ task: StreamTask, _ place: Int, _ start: Double) -> (time: Double, energy: Double) {
        let board = stream.boards[place]
        let effort = board.efforts[task.work.rawValue]
        var random = ExperimentRandom(seed: stream.seed, task.number, place)
        let size = 0.3 + 0.7 * task.bytes / 20_480
        var time = effort.time * size * task.content * random.logNormal(stream.jitter) * board.drift(task.work, start)
        var energy = time * effort.power * random.logNormal(stream.jitter / 2)
        if headroom(place, start) < 0 {
            time *= 1.6
            energy *= 1.25
        }
        return (max(1, time), max(1, energy))
    }

    /// Brings `task` to one place after the other, as an agent does, until one has it.
    mutating func attempt(_ task: StreamTask, _ places: [Int]) -> Attempted {
        var result = Attempted(end: task.deadline)
        var now = task.at
        for place in places where now < task.deadline {
            let board = stream.boards[place]
            let isHere = place == 0
            result.sentAt = now
            let way = isHere ? 0 : board.roundTrip / 2 + task.bytes / board.rate
            let arrival = now + way
            if !isHere {
                result.cost += stream.transmit * task.bytes / 1_048_576
                guard board.isUp(from: now, to: arrival) else {
                    let left = TimeSpan.milliseconds(Int64(task.deadline - now))
                    let given = min(now + Double(Place.acceptTime(within: left).milliseconds), task.deadline)
                    result.cost += stream.idle * (given - now)
                    result.failures.append((place, now, given, true))
                    now = given
                    continue
                }
            }
            pass(place, to: arrival)
            let isTooHot = headroom(place, arrival) < 5
            if freeMemory(place, arrival) < task.work.memory || isTooHot {
                let back = isHere ? 0 : board.roundTrip / 2
                if !isHere { result.cost += stream.idle * (arrival + back - now) }
                result.failures.append((place, now, arrival + back, false))
                now = arrival + back
                continue
            }
            run(task, place, sent: now, arrival: arrival, &result)
            break
        }
        return result
    }

    private mutating func run(
        _ task: StreamTask, _ place: Int, sent: Double, arrival: Double, _ result: inout Attempted
    ) {
        let board = stream.boards[place]
        let start = start(place, arrival)
        let (time, energy) = effort(task, place, start)
        let back = place == 0 ? 0 : board.roundTrip / 2
        let end = start + time + back
        let isLost = place != 0 && !board.isUp(from: arrival, to: end)
        result.place = place
        result.acceptedAt = arrival + back
        result.isMissed = isLost || end > task.deadline
        result.end = isLost ? task.deadline : min(end, task.deadline)
        // What is late is stopped: it has used its share until then.
        let share = max(0, min(1, (task.deadline - start) / time))
        occupy(place, arrival, time * share, memory: task.work.memory, energy: energy * share)
        result.time = time
        result.energy = energy
        result.cost += energy * share + (place == 0 ? 0 : stream.idle * (result.end - sent))
    }
}
