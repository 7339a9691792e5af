import Platform
import Quantities
import Telemetry

/// Lines that come while they are waited for: from a child, or from a pipe at standard input.
final class TegrastatsStream {
    /// What was read.
    enum Result {
        /// The newest line; older ones that waited were dropped, since a sample is of now.
        case line(LineSplitter.Line)
        /// No whole line in time.
        case none
        /// There will be no more.
        case end
    }

    /// Bytes read at once.
    private static let chunk = 4096
    /// Most chunks read for one line: as much as a pipe holds.
    private static let chunks = 16

    private let output: FileDescriptor
    private let child: Child?
    private var loop: EventLoop
    private var events: [ReadyEvent] = []
    private var splitter = LineSplitter()

    /// An object, since only a child has one.
    private final class Child {
        var process: ChildProcess

        init(_ process: consuming ChildProcess) { self.process = process }
    }

    /// The lines that come through `output`.
    ///
    /// - Throws: `notPermitted` where nothing has to be waited for, as of a file.
    convenience init(reading output: consuming FileDescriptor) throws(SystemError) {
        try self.init(output, nil)
    }

    /// The lines that the program at `path` prints.
    convenience init(running path: String, _ words: [String]) throws(SystemError) {
        // The pipe's own ends are closed when this returns: the child keeps its copy, and so do we.
        let pipe = try PipeEnds()
        let output = try FileDescriptor(duplicating: pipe.readEnd.raw)
        let process = try ChildProcess(
            ChildCommand(
                path: path, arguments: words, environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"],
                descriptors: [InheritedDescriptor(pipe.writeEnd.raw, as: 1)]))
        try self.init(output, Child(process))
    }

    private init(_ output: consuming FileDescriptor, _ child: Child?) throws(SystemError) {
        loop = try EventLoop()
        try loop.register(output.raw, EventToken(rawValue: 0), .readable)
        self.output = output
        self.child = child
    }

    /// The newest line that is there; where none is, the next one that comes within `patience`.
    func newestLine(within patience: TimeSpan) throws(SystemError) -> Result {
        let deadline = Clock.bootTime + patience
        var newest: LineSplitter.Line?
        for _ in 0..<TegrastatsStream.chunks {
            try loop.wait(until: newest == nil ? deadline : Clock.bootTime, into: &events)
            guard !events.isEmpty else { break }
            var bytes: [UInt8] = []
            if case .end = try output.read(upTo: TegrastatsStream.chunk, appendingTo: &bytes) {
                return newest.map { .line($0) } ?? .end
            }
            newest = splitter.lines(of: bytes).last { !$0.isBlank } ?? newest
        }
        return newest.map { .line($0) } ?? .none
    }

    /// How it ended, for people; ends a child that has only closed its output.
    func explainEnd(of name: String) -> String {
        guard let child else { return name + " has ended" }
        do throws(SystemError) {
            try child.process.signal(.kill)
            if case .exited(let status) = try child.process.wait().manner {
                return name + " ended with status \(status)"
            }
        } catch { return name + ": " + error.description }
        return name + " was ended by a signal, or closed its output"
    }
}

extension LineSplitter.Line {
    /// Whether there is nothing in it but blanks.
    var isBlank: Bool {
        if case .line(let bytes) = self { DecimalText.trimmed(bytes[...]).isEmpty } else { false }
    }
}
