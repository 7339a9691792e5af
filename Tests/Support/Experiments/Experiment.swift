import Foundation

/// What one way to choose came to on one stream, after the warm-up.
public struct Tally: Sendable {
    /// What its tasks cost together, in joules.
    public internal(set) var joules = 0.0
    /// Tasks without a result in time.
    public internal(set) var missed = 0
}

/// All ways to choose on one stream.
public struct Experiment: Sendable {
    /// The stream's name.
    public let stream: String
    /// Where it comes from.
    public let origin: String
    /// The seed.
    public let seed: UInt64
    /// Tasks that count.
    public let tasks: Int
    /// The oracle.
    public private(set) var oracle = Tally()
    /// The decision.
    public private(set) var decision = Tally()
    /// The baselines, in the order of `Baseline`.
    public private(set) var baselines: [Tally] = []
    /// Runs above the time that nineteen of twenty were said to stay within, and all that had such a bound.
    public private(set) var aboveBound = (runs: 0, of: 0)
    /// Where the decision's tasks ran, by place.
    public private(set) var places: [Int] = []

    /// Runs every way on `stream`.
    public init(_ stream: TaskStream) {
        self.stream = stream.name
        origin = stream.origin
        seed = stream.seed
        tasks = stream.tasks.count - TaskStream.warmUp
        var oracle = OracleChooser()
        self.oracle = Experiment.run(&oracle, stream)
        var decider = Decider(stream)
        var places = Array(repeating: 0, count: stream.boards.count)
        decision = Experiment.run(&decider, stream) { if let place = $0.place { places[place] += 1 } }
        self.places = places
        aboveBound = (decider.bounds.exceeded, decider.bounds.stated)
        for baseline in Baseline.allCases {
            var chooser = BaselineChooser(baseline: baseline, random: ExperimentRandom(seed: stream.seed, 77))
            baselines.append(Experiment.run(&chooser, stream))
        }
    }

    /// What the decision costs over what the oracle does.
    public var ratio: Double { decision.joules / oracle.joules }

    private static func run(
        _ chooser: inout some Chooser, _ stream: TaskStream, seen: (Attempted) -> Void = { _ in }
    ) -> Tally {
        var world = World(stream)
        var tally = Tally()
        var waiting: [Waiting] = []
        var next = 0
        while next < stream.tasks.count || !waiting.isEmpty {
            let isNew = next < stream.tasks.count && waiting.first.map { stream.tasks[next].at < $0.task.at } ?? true
            var entry = isNew ? Waiting(task: stream.tasks[next]) : waiting.removeFirst()
            if isNew { next += 1 }
            for place in stream.boards.indices { world.pass(place, to: entry.task.at) }
            var result = world.attempt(entry.task, chooser.choose(entry.task, in: world))
            result.cost += entry.cost
            chooser.learn(entry.task, result)
            if result.place == nil, chooser.waits(after: result), entry.wait(after: result) {
                let position = waiting.firstIndex { $0.task.at > entry.task.at } ?? waiting.count
                waiting.insert(entry, at: position)
                continue
            }
            if result.isMissed { result.cost += TaskStream.missCost }
            guard entry.task.number >= TaskStream.warmUp else { continue }
            tally.joules += result.cost / 1_000
            if result.isMissed { tally.missed += 1 }
            seen(result)
        }
        return tally
    }
}

/// A task, and how often it has waited for a place.
private struct Waiting {
    /// As if it came when it is decided on again.
    var task: StreamTask
    /// What was spent on it in vain.
    var cost = 0.0
    private var waits = 0

    init(task: StreamTask) { self.task = task }

    /// Waits 1, 2, 4 and 8 seconds for a place, as an agent does, where there is time; false where there is none.
    mutating func wait(after result: Attempted) -> Bool {
        let until = (result.failures.last?.at ?? task.at) + Double(1_000 << waits)
        guard waits < 4, until < task.deadline else { return false }
        waits += 1
        cost = result.cost
        task.at = until
        return true
    }
}

extension Experiment {
    /// The experiments on all streams that `seed` determines; `recordings` is the folder of the captures.
    public static func all(seed: UInt64, recordings: URL) throws -> [Experiment] {
        let generated = TaskStream.Trouble.allCases.map { TaskStream.generated($0, seed: seed) }
        return (generated + (try TaskStream.recorded(in: recordings, seed: seed))).map { Experiment($0) }
    }
}
