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

    /// Whether it shows something new whenever it is read.
    var canBeLookedAt: Bool {
        if case .tree = self { true } else { false }
    }
}

/// A request for one sample, or for a look at the board between two of them.
final class SensorJob: Sendable {
    let isSample: Bool

    init(isSample: Bool) { self.isSample = isSample }
}

/// One sample, or none where there was a look.
final class SensorReading: Sendable {
    let sample: TelemetrySample?
    /// How long taking it took.
    let microseconds: Int64

    /// What a look tells, the next sample will.
    init() {
        sample = nil
        microseconds = 0
    }

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
///
/// After its start, and after a long sleep, it looks at the board ten times in every period besides, as often as a
/// meter has to see a load before it knows it.
struct SensorThread: ~Copyable {
    private let thread: WorkerThread<SensorJob, SensorReading>
    private var rhythm: SamplingRhythm
    private var lookRhythm: SamplingRhythm
    private var looksLeft: Int
    /// Looks that a meter needs to know a load, and the time after which it has forgotten it; none where nothing new
    /// would be seen.
    private let looks: Int
    private let memory: TimeSpan
    /// Whether a sample is being taken.
    private(set) var isReading = false
    private static let looksPerPeriod: Int64 = 10
    /// The shortest mean time between two looks: a power monitor renews its values every few milliseconds to a tenth of
    /// a second.
    private static let shortestPause = TimeSpan.milliseconds(100)
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
        thread = try WorkerThread(name: "sensors", capacity: 2) { port in
            switch source {
            case .tree(let root):
                let tree = SysfsTree(root: root)
                let reader = BoardReader(tree: tree, profile: profile, model: tree.facts().model)
                let others = DeclaredSources(declared, tree: tree)
                while let job = port.take() {
                    guard job.isSample else {
                        reader.look()
                        port.complete(SensorReading())
                        continue
                    }
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
        let pause = max(.milliseconds(period.milliseconds / SensorThread.looksPerPeriod), SensorThread.shortestPause)
        lookRhythm = SamplingRhythm(period: pause, start: now, seed: ~seed)
        looks = source.canBeLookedAt && pause * 2 <= period ? MeterLimits.memory : 0
        memory = period * Int64(MeterLimits.memory)
        looksLeft = looks
    }

    /// When the next sample or look is due.
    var due: BootTime { looksLeft > 0 ? min(rhythm.due, lookRhythm.due) : rhythm.due }

    /// What to wait for.
    var descriptor: Int32 { thread.descriptor }

    /// Asks for a sample or a look where one is due.
    mutating func askIfDue(_ now: BootTime) {
        if now >= rhythm.due {
            if now.since(rhythm.due) > memory { looksLeft = looks }
            if !isReading, thread.offer(SensorJob(isSample: true)) { isReading = true } else { miss() }
            rhythm.advance(past: now)
        }
        if looksLeft > 0, now >= lookRhythm.due {
            if thread.underWay == 0 { _ = thread.offer(SensorJob(isSample: false)) }
            looksLeft -= 1
            lookRhythm.advance(past: now)
        }
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
        while let reading = thread.collect() {
            guard let sample = reading.sample else { continue }
            isReading = false
            taken += 1
            lastMicroseconds = reading.microseconds
            return sample
        }
        return nil
    }
}
