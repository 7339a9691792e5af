import Configuration
import Platform
import Quantities
import Telemetry
import Wire

/// Prints what the lines of tegrastats in the file at `path` say, as they come; `-` is standard input.
///
/// The exit status is that of bad data where a line was not one of tegrastats.
func readTegrastats(_ path: String, _ invocation: Invocation) throws(Failure) -> ExitCode {
    let file: FileDescriptor
    do throws(SystemError) {
        file =
            path == "-" ? try FileDescriptor(duplicating: StandardInput.descriptor) : try FileDescriptor(opening: path)
    } catch {
        throw failure(error).hinting("name a file of lines of tegrastats, or - to read them from standard input")
    }
    let (configuration, files) = try loadConfiguration(invocation)
    let profiles = try hardwareProfiles(configuration, files)
    var report = TegrastatsReport(
        invocation.has("jsonl") ? .lines : invocation.wantsJSON ? .object : .text,
        profiles: TegrastatsProfiles(profiles, named: configuration.telemetry.profile))
    var splitter = LineSplitter()
    while let bytes = try nextBytes(file) {
        try Console.write(report.text(of: splitter.lines(of: bytes)))
    }
    if let last = splitter.unterminated() {
        Console.note("sage-edge: \(path): the last line has no line end; it may have been cut short")
        try Console.write(report.text(of: [last]))
    }
    try Console.write(report.end)
    guard report.refused == 0 else {
        let count = report.refused == 1 ? "one line is" : "\(report.refused) lines are"
        Console.note("sage-edge: \(path): \(count) not of tegrastats, of \(report.number)")
        return .badData
    }
    guard report.number > 0 else { throw Failure(.badData, "\(path) holds no line") }
    if let reason = report.withoutTotal {
        Console.note(printable("sage-edge: no power is shown where " + reason))
    }
    return .success
}

/// The bytes that come next, or nil at the end.
private func nextBytes(_ file: borrowing FileDescriptor) throws(Failure) -> [UInt8]? {
    var bytes: [UInt8] = []
    do throws(SystemError) {
        switch try file.read(upTo: 65_536, appendingTo: &bytes) {
        case .bytes: return bytes
        case .end: return nil
        case .wouldBlock: throw SystemError("read", .tryAgain)
        }
    } catch { throw failure(error) }
}

/// What is printed about lines of tegrastats.
struct TegrastatsReport {
    /// How it is printed.
    enum Form {
        /// One JSON object per line.
        case lines
        /// One JSON object with all lines.
        case object
        /// A table for people.
        case text
    }

    /// Lines so far.
    private(set) var number = 0
    /// Lines that were not of tegrastats.
    private(set) var refused = 0
    /// Why a line of the text has no power; nil where all have, or show no rails.
    private(set) var withoutTotal: String?
    private let form: Form
    private var profiles: TegrastatsProfiles

    /// A report; totals of the text are made by the rules of one of `profiles`.
    init(_ form: Form, profiles: TegrastatsProfiles) {
        self.form = form
        self.profiles = profiles
    }

    /// What follows the last line.
    var end: String {
        guard form == .object else { return "" }
        return (number == 0 ? "{\"lines\":[" : "") + "]}\n"
    }

    /// What is printed about the next lines.
    mutating func text(of lines: [LineSplitter.Line]) -> String {
        var text = ""
        for line in lines {
            number += 1
            switch form {
            case .text: text += (number == 1 ? TegrastatsReport.header : "") + row(line)
            case .lines: text += json(line) + "\n"
            case .object: text += (number == 1 ? "{\"lines\":[" : ",") + json(line)
            }
        }
        return text
    }

    private mutating func json(_ line: LineSplitter.Line) -> String {
        var json = JSONWriter()
        switch line {
        case .line(let bytes):
            if !TegrastatsLine.writeJSON(line: number, bytes, to: &json) { refused += 1 }
        case .tooLong(let bytes):
            refused += 1
            json.beginObject()
            json.member("line", number)
            json.member("error", TegrastatsError.tooLong(bytes: bytes).explanation)
            json.endObject()
        }
        return json.text
    }

    // MARK: Text

    private static let header = "  line              memory      cpu      gpu   hottest               power\n"

    private mutating func row(_ line: LineSplitter.Line) -> String {
        do throws(TegrastatsError) {
            switch line {
            case .tooLong(let bytes): throw .tooLong(bytes: bytes)
            case .line(let bytes): return row(try TegrastatsLine(bytes))
            }
        } catch {
            refused += 1
            return right("\(number)", 6) + "  " + error.explanation + "\n"
        }
    }

    private mutating func row(_ line: TegrastatsLine) -> String {
        let loads = line.cores.compactMap { $0.loadPercent }
        let used = line.memory.map { "\($0.used) of \($0.total) MB" } ?? "-"
        let load = loads.isEmpty ? "-" : "\(loads.reduce(0, +) / Int64(loads.count)) %"
        let graphics = line.graphics?.percent.map { "\($0) %" } ?? "-"
        var hottest = "-"
        var power = "-"
        if let sample = profiles.sample(line) {
            if let zone = sample.hottest { hottest = degrees(millidegrees: Int64(zone.temperature.millidegrees)) }
            if let total = sample.total, let sum = total.power {
                let isLowerBound = !total.isComplete || total.scope == .moduleLowerBound
                power = (isLowerBound ? "at least " : "") + watts(microwatts: sum.microwatts)
            } else if !sample.rails.isEmpty, withoutTotal == nil {
                withoutTotal =
                    "the rails are " + sample.rails.map { $0.name }.joined(separator: ", ")
                    + ": no hardware profile says what they add up to"
            }
        }
        let cells = [("\(number)", 6), (used, 18), (load, 7), (graphics, 7), (hottest, 8), (power, 18)]
        return cells.map { right($0.0, $0.1) }.joined(separator: "  ") + "\n"
    }

    private func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
