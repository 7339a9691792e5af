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

    init(_ sample: TelemetrySample) { self.sample = sample }
}

/// The thread that reads the board: a slow or hanging sensor holds up nothing else.
struct SensorThread: ~Copyable {
    private let thread: WorkerThread<SensorJob, SensorReading>
    private let period: TimeSpan
    /// When the next sample is due.
    private(set) var due: BootTime
    /// Samples that were due while the last one was still being taken.
    private(set) var missed: UInt64 = 0

    /// Starts to read `source` by `profile`, every `period` from `now` on.
    init(_ source: SampleSource, profile: HardwareProfile, period: TimeSpan, now: BootTime) throws(SystemError) {
        self.period = period
        due = now
        thread = try WorkerThread(name: "sensors", capacity: 1) { port in
            switch source {
            case .tree(let root):
                let tree = SysfsTree(root: root)
                let reader = BoardReader(tree: tree, profile: profile, model: tree.facts().model)
                while port.take() != nil { port.complete(SensorReading(reader.sample(at: Clock.bootTime))) }
            case .tegrastats(let command, let root):
                var reader = TegrastatsReader(.child(command, root: root), profile: profile, period: period)
                while port.take() != nil { port.complete(SensorReading(reader.sample())) }
            case .tegrastatsFile(let path):
                var reader = TegrastatsReader(.recording(path), profile: profile, period: period)
                while port.take() != nil { port.complete(SensorReading(reader.sample())) }
            }
        }
    }

    /// What to wait for.
    var descriptor: Int32 { thread.descriptor }

    /// Asks for a sample where one is due.
    mutating func askIfDue(_ now: BootTime) {
        guard now >= due else { return }
        if !thread.offer(SensorJob()) { missed += 1 }
        // The rhythm is kept, unless whole periods went by, as after sleep.
        due = due + period
        if due <= now { due = now + period }
    }

    /// The sample that was taken, if one is there.
    func collect() -> TelemetrySample? { thread.collect()?.sample }
}
