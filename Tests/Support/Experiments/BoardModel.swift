import Federation

/// The operations of the experiments.
enum Work: Int, CaseIterable {
    case features, detect, segment

    var name: String {
        switch self {
        case .features: "perception.features"
        case .detect: "perception.detect"
        case .segment: "perception.segment"
        }
    }

    /// Memory that a run takes, in MiB.
    var memory: Double {
        switch self {
        case .features: 64
        case .detect: 600
        case .segment: 1_800
        }
    }
}

/// What an operation truly takes on a board.
struct Effort {
    /// Milliseconds of a run on 20 KiB.
    var time: Double
    /// What the board draws more while it runs, in watts: millijoules per millisecond.
    var power: Double
}

/// What a board truly is.
///
/// Times are in milliseconds, energies in millijoules, memory in MiB.
struct BoardModel {
    var name: String
    /// By operation.
    var efforts: [Effort]
    /// What the board states of itself over what is true.
    var timeStated = 1.0
    var energyStated = 1.0
    /// Runs at once.
    var workers = 2
    /// Memory free for tasks where nothing else runs.
    var memory: Double
    /// Degrees that the board is warm when idle, and its soft limit.
    var ambient = 45.0
    var soft = 85.0
    /// Millijoules that warm it by a degree, and milliseconds in which two thirds of that are gone.
    var heatCapacity = 25_000.0
    var cooling = 60_000.0
    /// Round trip, and bytes per millisecond.
    var roundTrip = 4.0
    var rate = 4_000.0
    /// Heartbeats come every five seconds, from here on.
    var heartbeatPhase = 0.0
    /// From when to when other programs take how much memory.
    var hogs: [(from: Double, to: Double, memory: Double)] = []
    /// From when to when it is gone.
    var outages: [(from: Double, to: Double)] = []
    /// When others send it tasks, and how long those take.
    var foreign: [(at: Double, time: Double)] = []
    /// From when on runs take so much of what they took in the beginning, by operation.
    var drifts: [(from: Double, work: Int, factor: Double)] = []
    /// What captured lines of the board's own say of memory and heat, a minute each; none where both are modeled.
    var recording: [RecordedState] = []

    /// Whether it answers at `time`.
    func isUp(_ time: Double) -> Bool { !outages.contains { $0.from <= time && time < $0.to } }

    /// Whether it answers from `start` to `end`.
    func isUp(from start: Double, to end: Double) -> Bool {
        !outages.contains { $0.from < end && start < $0.to }
    }

    func drift(_ work: Work, _ time: Double) -> Double {
        drifts.last { $0.work == work.rawValue && $0.from <= time }?.factor ?? 1
    }

    /// The captured state at `time`.
    func recorded(_ time: Double) -> RecordedState? {
        recording.isEmpty ? nil : recording[Int(max(0, time) / 60_000) % recording.count]
    }
}

/// What a captured line says of a board.
public struct RecordedState: Sendable {
    /// Memory free for tasks, in MiB.
    public var freeMemory: Double
    /// The hottest zone, in degrees.
    public var temperature: Double
    /// What the board draws, in watts.
    public var power: Double
}

/// A task of a stream.
struct StreamTask {
    var number: Int
    /// When it comes.
    var at: Double
    var work: Work
    var bytes: Double
    /// How much more or less than usual there is to do: the same everywhere.
    var content: Double
    /// Until when its result is wanted.
    var deadline: Double
}

/// A stream of tasks and the boards that could run them, the own one first.
public struct TaskStream {
    /// What it is called in the table.
    public let name: String
    /// Where it comes from.
    public let origin: String
    let seed: UInt64
    var boards: [BoardModel]
    var tasks: [StreamTask] = []
    /// Deviation of what each run takes on its own, beside its content.
    var jitter = 0.06
    /// What the own board draws while it waits, in watts.
    var idle = 5.0
    /// What sending a MiB takes, in millijoules.
    let transmit = 1_000.0

    /// What a task without a result in time costs beside what was spent on it, in millijoules.
    static let missCost = 50_000.0
    /// Tasks in which is learned, and which do not count.
    public static let warmUp = 600
    /// Tasks of a stream.
    public static let count = 3_600
}
