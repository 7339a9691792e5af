import AgentCore
import Platform
import Quantities
import Sensors
import Telemetry

/// Where samples come from.
public enum SampleSource: Sendable {
    /// The files under a root folder.
    case tree(root: String)
    /// Lines of tegrastats, run as a child with these words, for the board whose files are under `root`.
    case tegrastats(command: [String], root: String)
    /// Lines of tegrastats in a file, one a period, over and over: a recording; `-` is standard input.
    case tegrastatsFile(path: String)
}

/// A request for one sample.
final class SensorJob: Sendable {}

/// One sample.
final class SensorReading: Sendable {
    let sample: TelemetrySample
    /// How long taking it took.
    let microseconds: Int64

    /// The sample that `take` takes, with the declared sources in it.
    init(with others: DeclaredSources, _ take: () -> TelemetrySample) {
        let start = Clock.bootNanoseconds
        var sample = take()
        others.add(to: &sample)
        self.sample = sample
        microseconds = (Clock.bootNanoseconds - start) / 1000
    }
}

/// The thread that reads the board: a slow or hanging sensor holds up nothing else.
struct SensorThread: ~Copyable {
    private let thread: WorkerThread<SensorJob, SensorReading>
    private var rhythm: SamplingRhythm
    /// Samples that were due while the last one was still being taken.
    private(set) var missed: UInt64 = 0
    /// Samples that were taken.
    private(set) var taken: UInt64 = 0
    /// How long the last one took.
    private(set) var lastMicroseconds: Int64?

    /// Starts to read `source` by `profile`, and the sources that were declared, once in every `period` from `now` on.
    init(
        _ source: SampleSource, profile: HardwareProfile, declared: [SourceDeclaration] = [], period: TimeSpan,
        now: BootTime
    ) throws(SystemError) {
        let seed = try Entropy.bytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        thread = try WorkerThread(name: "sensors", capacity: 1) { port in
            switch source {
            case .tree(let root):
                let tree = SysfsTree(root: root)
                let reader = BoardReader(tree: tree, profile: profile, model: tree.facts().model)
                let others = DeclaredSources(declared, tree: tree)
                while port.take() != nil {
                    reader.searchAgainIfNeeded(at: Clock.bootTime)
                    port.complete(
                        SensorReading(with: others) {
                            let sample = reader.sample(at: Clock.bootTime)
                            others.board = reader.meters
                            return sample
                        })
                }
            case .tegrastats(let command, let root):
                var reader = TegrastatsReader(.child(command, root: root), profile: profile, period: period)
                let tree = SysfsTree(root: root)
                let others = DeclaredSources(declared, tree: tree)
                others.board = BoardMeters(tree, profile)
                while port.take() != nil { port.complete(SensorReading(with: others) { reader.sample() }) }
            case .tegrastatsFile(let path):
                var reader = TegrastatsReader(.recording(path), profile: profile, period: period)
                let tree = SysfsTree(root: "/")
                let others = DeclaredSources(declared, tree: tree)
                others.board = BoardMeters(tree, profile)
                while port.take() != nil { port.complete(SensorReading(with: others) { reader.sample() }) }
            }
        }
        rhythm = SamplingRhythm(period: period, start: now, seed: seed)
    }

    /// When the next sample is due.
    var due: BootTime { rhythm.due }

    /// What to wait for.
    var descriptor: Int32 { thread.descriptor }

    /// Whether a sample is being taken.
    var isReading: Bool { thread.underWay > 0 }

    /// Asks for a sample where one is due.
    mutating func askIfDue(_ now: BootTime) {
        guard now >= due else { return }
        if !thread.offer(SensorJob()) { miss() }
        rhythm.advance(past: now)
    }

    /// Counts a sample that could not be taken, and says so ever more seldom.
    private mutating func miss() {
        missed += 1
        guard missed & (missed - 1) == 0 else { return }
        let samples = missed == 1 ? "a sample was" : "\(missed) samples were"
        DaemonLog().write(.warning, samples + " due while the sensors were still being read")
    }

    /// The sample that was taken, if one is there.
    mutating func collect() -> TelemetrySample? {
        guard let reading = thread.collect() else { return nil }
        taken += 1
        lastMicroseconds = reading.microseconds
        return reading.sample
    }
}
