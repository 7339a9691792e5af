import Platform
import Quantities
import Telemetry

/// A meter whose figures a command prints, on a thread of its own.
///
/// The command is run anew for every sample, at most once at a time and once a second, and is killed after
/// `SensorLimits.commandTime`, or at once where the meter goes away. Its last answer counts for
/// `SensorLimits.meterAge`, and is of some moment between its start and its end.
final class CommandMeter {
    private final class Job: Sendable {}

    private final class Answer: Sendable {
        let reading: Reading<MeterFigures>
        let time: ReadingTime

        /// What `run` gives, and from when to when it ran.
        init(_ run: () -> Reading<MeterFigures>) {
            let start = Clock.bootTime
            reading = run()
            // The clock is read in whole milliseconds.
            time = ReadingTime(earliest: start, latest: Clock.bootTime + .milliseconds(1))
        }
    }

    /// Says that whoever waits for a command is to wait no longer.
    private final class Ending {
        let wakeup: Wakeup

        init() throws(SystemError) { wakeup = try Wakeup() }
    }

    private let thread: WorkerThread<Job, Answer>?
    /// Goes away after the thread that waits for it.
    private let ending: Ending?
    private var failure = UnavailableReason.timeout
    private var askedAt: BootTime?
    private var last: Answer?

    /// A meter that runs `words`: a program by its path, and its arguments, for at most `limit`.
    init(_ words: [String], limit: TimeSpan = SensorLimits.commandTime) {
        do throws(SystemError) {
            let ending = try Ending()
            let run = CommandRun(words, limit: limit, endedBy: ending.wakeup.descriptor)
            thread = try WorkerThread(name: "meter", capacity: 1) { port in
                while port.take() != nil { port.complete(Answer { run.reading() }) }
            }
            self.ending = ending
        } catch {
            thread = nil
            ending = nil
            failure = UnavailableReason(error.errno)
        }
    }

    deinit {
        // Where this fails, the command's own limit ends it.
        try? ending?.wakeup.signal()
        thread?.stop()
    }

    func read(at now: BootTime) -> Reading<MeterFigures> {
        guard let thread else { return .unavailable(failure) }
        if let answer = thread.collect() { last = answer }
        if thread.hasRoom, askedAt.map({ !(now.since($0) < .seconds(1)) }) ?? true, thread.offer(Job()) {
            askedAt = now
        }
        guard let last, !(SensorLimits.meterAge < now.since(last.time.earliest)) else { return .unavailable(.timeout) }
        guard case .value(var figures) = last.reading else { return last.reading }
        figures.time = last.time
        return .value(figures)
    }
}

/// One run of a meter's command.
private struct CommandRun {
    private static let commandToken = EventToken(rawValue: 0)
    private static let endingToken = EventToken(rawValue: 1)

    private let words: [String]
    private let limit: TimeSpan
    /// Readable as soon as nobody wants to know any more.
    private let ending: Int32

    init(_ words: [String], limit: TimeSpan, endedBy ending: Int32) {
        self.words = words
        self.limit = limit
        self.ending = ending
    }

    func reading() -> Reading<MeterFigures> {
        do throws(SystemError) { return try run() } catch { return .unavailable(UnavailableReason(error.errno)) }
    }

    private func run() throws(SystemError) -> Reading<MeterFigures> {
        let deadline = Clock.bootTime + limit
        var child = ChildCommand(
            path: words.first ?? "", arguments: words, environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"])
        let output: FileDescriptor
        var process: ChildProcess
        do {
            // Our copy of the end that the child writes to goes away here: the output then ends with the child.
            let pipe = try PipeEnds()
            output = try FileDescriptor(duplicating: pipe.readEnd.raw)
            child.descriptors = [InheritedDescriptor(pipe.writeEnd.raw, as: 1)]
            process = try ChildProcess(child)
        }
        guard let printed = try read(output, until: deadline) else {
            try process.signal(.kill)
            _ = try process.wait()
            return .unavailable(.timeout)
        }
        guard printed.count <= TelemetryLimits.meterDocumentBytes else {
            try process.signal(.kill)
            _ = try process.wait()
            return .unavailable(.malformed)
        }
        // Whoever closes its output and goes on is not waited for.
        if try process.poll() == nil {
            var loop = try EventLoop()
            var events: [ReadyEvent] = []
            try loop.register(ending, CommandRun.endingToken, .readable)
            if let ended = process.endDescriptor { try loop.register(ended, CommandRun.commandToken, .readable) }
            try loop.wait(until: deadline, into: &events)
            try process.signal(.kill)
        }
        guard case .exited(0) = try process.wait().manner else { return .unavailable(.inputOutput) }
        return MeterFigures.reading(printed)
    }

    /// What is printed until the output ends, or until it is too much; nil where that takes too long, or where
    /// nobody wants to know any more.
    private func read(_ output: borrowing FileDescriptor, until deadline: BootTime) throws(SystemError) -> [UInt8]? {
        var loop = try EventLoop()
        try loop.register(output.raw, CommandRun.commandToken, .readable)
        try loop.register(ending, CommandRun.endingToken, .readable)
        var events: [ReadyEvent] = []
        var printed: [UInt8] = []
        while printed.count <= TelemetryLimits.meterDocumentBytes {
            try loop.wait(until: deadline, into: &events)
            guard !events.isEmpty, !events.contains(where: { $0.token == CommandRun.endingToken }) else { return nil }
            if case .end = try output.read(upTo: 4096, appendingTo: &printed) { break }
        }
        return printed
    }
}
