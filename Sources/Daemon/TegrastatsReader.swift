import AgentCore
import Platform
import Quantities
import Sensors
import Telemetry

/// Samples out of lines of tegrastats, for boards whose sensor files cannot be read.
///
/// Used on the sensors' thread, where it may wait for the next line. Where no line can be had, the sample says so.
struct TegrastatsReader: ~Copyable {
    /// Where the lines come from.
    enum Source {
        /// A child that prints them, for the board whose files are under the root.
        case child([String], root: String)
        /// A file with some; `-` is standard input.
        case recording(String)
    }

    /// Why there is no line: as a sample says it, and for people.
    private struct Failure: Error {
        let reason: UnavailableReason
        let text: String

        init(_ reason: UnavailableReason, _ text: String) {
            self.reason = reason
            self.text = text
        }

        init(_ error: SystemError) { self.init(UnavailableReason(error.errno), error.description) }
    }

    /// How long to wait before what failed is begun again: 1 s, doubled up to a minute.
    private static let longestPause = TimeSpan.seconds(60)
    /// The least time in which a line must come; three periods where that is more, as for the meter's gaps.
    private static let leastPatience = TimeSpan.seconds(5)
    /// Most bytes of a recording.
    private static let recordingBytes = 1 << 20

    private let source: Source
    private let profile: HardwareProfile
    private let patience: TimeSpan
    private let board: BoardIdentity
    private let log = DaemonLog()
    private var choice: TotalRuleChoice
    private var recording: [LineSplitter.Line] = []
    private var position = 0
    private var stream: TegrastatsStream?
    /// Lines of a recording, unless all of them came from this board's own tegrastats.
    private var evidence: EvidenceClass?
    private var pause = TimeSpan.seconds(1)
    private var beginAgainAt: BootTime?
    private var lastFailure: (what: Failure, at: BootTime)?
    private var told: [UnavailableReason] = []

    /// A reader that has read nothing.
    init(_ source: Source, profile: HardwareProfile, period: TimeSpan) {
        self.source = source
        self.profile = profile
        patience = max(TegrastatsReader.leastPatience, period * 3)
        board = BoardIdentity(profile: profile.family)
        choice = TotalRuleChoice(rules: profile.totals)
    }

    /// The next sample; where no line can be had, it holds nothing but the reason.
    mutating func sample() -> TelemetrySample {
        do throws(Failure) {
            let line = try parsed(try nextLine())
            pause = .seconds(1)
            tellRecovery()
            var sample = TelemetrySample(
                line, taken: Clock.bootTime, board: board, profile: profile, choice: &choice)
            if sample.total != nil {
                sample.sources = [
                    EnergySource(boardIn: sample, profile: profile, evidence: evidence ?? .replayed)
                ]
            }
            return sample
        } catch {
            tell(error)
            var sample = TelemetrySample(taken: Clock.bootTime, board: board)
            sample.unavailable = ["tegrastats", "total"].map { Unavailable($0, error.reason) }
            return sample
        }
    }

    private func parsed(_ line: LineSplitter.Line) throws(Failure) -> TegrastatsLine {
        do throws(TegrastatsError) {
            switch line {
            case .line(let bytes): return try TegrastatsLine(bytes)
            case .tooLong(let bytes): throw .tooLong(bytes: bytes)
            }
        } catch { throw Failure(.malformed, name + ": " + error.explanation) }
    }

    private var name: String {
        switch source {
        case .child(let words, _): words.first ?? ""
        case .recording(let path): path == "-" ? "standard input" : path
        }
    }

    // MARK: Lines

    private mutating func nextLine() throws(Failure) -> LineSplitter.Line {
        if recording.isEmpty, stream == nil { try begin() }
        guard let stream else {
            defer { position = (position + 1) % recording.count }
            return recording[position]
        }
        let result: TegrastatsStream.Result
        do throws(SystemError) { result = try stream.newestLine(within: patience) } catch {
            self.stream = nil
            throw Failure(error)
        }
        switch result {
        case .line(let line): return line
        case .none: throw Failure(.timeout, name + " printed none for \(patience.milliseconds / 1000) s")
        case .end:
            self.stream = nil
            throw Failure(.empty, stream.explainEnd(of: name))
        }
    }

    /// Starts the child, or opens the recording; where that failed, not again before a pause.
    private mutating func begin() throws(Failure) {
        if let beginAgainAt, Clock.bootTime < beginAgainAt, let lastFailure { throw lastFailure.what }
        beginAgainAt = Clock.bootTime + pause
        pause = min(pause * 2, TegrastatsReader.longestPause)
        do throws(SystemError) {
            switch source {
            case .child(let words, let root): stream = try start(words, root)
            case .recording("-"): try takeStandardInput()
            case .recording(let path):
                try take(recorded: FileSystem.read(path, limit: TegrastatsReader.recordingBytes))
            }
        } catch { throw Failure(error) }
        if stream == nil, recording.isEmpty { throw Failure(.empty, name + " holds no line") }
    }

    private mutating func start(_ words: [String], _ root: String) throws(SystemError) -> TegrastatsStream {
        guard let word = words.first, let program = TegrastatsProgram(named: word) else {
            throw SystemError("execve", .noEntry, subject: name)
        }
        // Once a recording, always one: windows go on over a new start.
        if evidence != .replayed { evidence = program.evidence(withBoardUnder: root) }
        return try TegrastatsStream(running: program.path, words)
    }

    private mutating func takeStandardInput() throws(SystemError) {
        do throws(SystemError) {
            stream = try TegrastatsStream(reading: FileDescriptor(duplicating: StandardInput.descriptor))
        } catch {
            // Nothing that one has to wait for: a file.
            guard error.errno == .notPermitted else { throw error }
            try take(recorded: StandardInput.readAll(limit: TegrastatsReader.recordingBytes))
        }
    }

    private mutating func take(recorded bytes: [UInt8]) {
        var splitter = LineSplitter()
        recording = splitter.lines(of: bytes).filter { !$0.isBlank }
    }

    // MARK: Messages

    /// Says what is wrong, once for each reason.
    private mutating func tell(_ failure: Failure) {
        lastFailure = (failure, Clock.bootTime)
        guard !told.contains(failure.reason) else { return }
        told.append(failure.reason)
        log.write(.warning, "no line of tegrastats: " + failure.text, kind: .sensorFailed)
    }

    /// Says that all is well again, when it has been for a while: a child that ends again and again is not.
    private mutating func tellRecovery() {
        guard let lastFailure, !(Clock.bootTime.since(lastFailure.at) < TegrastatsReader.longestPause) else { return }
        self.lastFailure = nil
        told = []
        log.write(.notice, "lines of tegrastats are read again", kind: .sensorBack)
    }
}
