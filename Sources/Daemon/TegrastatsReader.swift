import Platform
import Quantities
import Sensors
import Telemetry

/// Samples out of lines of tegrastats, for boards whose sensor files cannot be read.
///
/// Used on the sensors' thread, where it may wait for the child's next line.
struct TegrastatsReader: ~Copyable {
    /// Where the lines come from.
    enum Source {
        /// A child that prints them.
        case child([String])
        /// A file with some.
        case recording(String)
    }

    /// How long to wait before a child that ended is started again: 1 s, doubled up to a minute.
    private static let longestPause = TimeSpan.seconds(60)
    /// Bytes read at once.
    private static let chunk = 4096
    /// Most bytes of a recording.
    private static let recordingBytes = 1 << 20

    private let source: Source
    private let profile: HardwareProfile
    private let period: TimeSpan
    private let board: BoardIdentity
    private var choice: TotalRuleChoice
    private var splitter = LineSplitter()
    private var lines: [LineSplitter.Line] = []
    private var position = 0
    private var child: Child?
    private var pause = TimeSpan.seconds(1)
    private var startAgainAt: BootTime?

    /// A child and the pipe that it writes to; an object, since it comes and goes.
    private final class Child {
        var process: ChildProcess
        let output: FileDescriptor

        init(_ process: consuming ChildProcess, _ output: consuming FileDescriptor) {
            self.process = process
            self.output = output
        }
    }

    /// A reader that has read nothing.
    init(_ source: Source, profile: HardwareProfile, period: TimeSpan) {
        self.source = source
        self.profile = profile
        self.period = period
        board = BoardIdentity(profile: profile.name)
        choice = TotalRuleChoice(rules: profile.totals)
        if case .recording(let path) = source,
            let bytes = try? FileSystem.read(path, limit: TegrastatsReader.recordingBytes)
        {
            lines = splitter.lines(of: bytes)
        }
    }

    /// The next sample; nil where no line can be had or it says nothing.
    mutating func sample() -> TelemetrySample? {
        guard let line = nextLine(), case .line(let bytes) = line, let parsed = try? TegrastatsLine(bytes) else {
            return nil
        }
        var sample = TelemetrySample(
            parsed, taken: Clock.bootTime, board: board, profile: profile, choice: &choice)
        let evidence: EvidenceClass = if case .child = source { .metered } else { .replayed }
        if sample.total != nil {
            sample.sources = [EnergySource(name: "compute:" + profile.name, kind: .compute, evidence: evidence)]
        }
        return sample
    }

    private mutating func nextLine() -> LineSplitter.Line? {
        if case .recording = source {
            guard !lines.isEmpty else { return nil }
            defer { position = (position + 1) % lines.count }
            return lines[position]
        }
        while lines.isEmpty {
            guard startChildIfNeeded(), readChild() else { return nil }
        }
        return lines.removeFirst()
    }

    private mutating func startChildIfNeeded() -> Bool {
        guard child == nil else { return true }
        guard case .child(let words) = source, let path = words.first,
            startAgainAt.map({ $0 <= Clock.bootTime }) ?? true
        else { return false }
        startAgainAt = Clock.bootTime + pause
        pause = min(pause * 2, TegrastatsReader.longestPause)
        do throws(SystemError) {
            // The pipe's own ends are closed when this returns: the child keeps its copy, and so do we.
            let pipe = try PipeEnds()
            let read = try FileDescriptor(duplicating: pipe.readEnd.raw)
            let process = try ChildProcess(
                ChildCommand(
                    path: path, arguments: words, environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"],
                    descriptors: [InheritedDescriptor(pipe.writeEnd.raw, as: 1)]))
            child = Child(process, read)
            splitter = LineSplitter()
            return true
        } catch { return false }
    }

    /// Waits for more bytes of the child; false where it has ended.
    private mutating func readChild() -> Bool {
        guard let child else { return false }
        var bytes: [UInt8] = []
        if case .bytes? = try? child.output.read(upTo: TegrastatsReader.chunk, appendingTo: &bytes) {
            lines += splitter.lines(of: bytes)
            pause = .seconds(1)
            return true
        }
        try? child.process.signal(.kill)
        _ = try? child.process.wait()
        self.child = nil
        return false
    }
}
