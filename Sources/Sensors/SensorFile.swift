import Platform
import Telemetry

/// What a read gave: a value, or why there is none.
public enum Reading<Value> {
    /// The value.
    case value(Value)
    /// Why there is none.
    case unavailable(UnavailableReason)

    /// The value, where there is one.
    public var value: Value? {
        if case .value(let value) = self { value } else { nil }
    }

    /// Why there is none.
    public var reason: UnavailableReason? {
        if case .unavailable(let reason) = self { reason } else { nil }
    }
}

extension Reading: Sendable where Value: Sendable {}

/// One sensor's file: read from the start every time, once, without trying again.
///
/// Its descriptor is kept open between reads: those of the kernel until a read fails, those of a recording for a round,
/// since whoever moves the recorded values may replace the file.
final class SensorFile {
    /// Where it is; empty where it could not be reached.
    let path: String
    private let recording: RecordingRounds?
    /// The round in which it was opened.
    private var round: UInt64 = 0
    private let failure: UnavailableReason?
    private var descriptor: FileDescriptor?
    /// Whether the file is to be searched anew: its device went away, or it could not be reached at all.
    private(set) var isLost = false

    /// The file at `path`, which holds no link; of a recording it is where there are rounds.
    init(path: String, of recording: RecordingRounds?) {
        self.path = path
        self.recording = recording
        failure = nil
        descriptor = nil
    }

    /// A file every read of which fails: a recording says so, or a folder on the way to it is closed.
    init(failing reason: UnavailableReason) {
        path = ""
        recording = nil
        failure = reason
        descriptor = nil
        isLost = true
    }

    /// Reads up to the whole of `buffer`; the number of bytes, at least one.
    func read(into buffer: inout [UInt8]) -> Reading<Int> {
        if let failure { return .unavailable(failure) }
        do throws(SystemError) {
            let count = try readOnce(&buffer)
            return count > 0 ? .value(count) : .unavailable(.empty)
        } catch {
            let reason = UnavailableReason(error.errno)
            isLost = reason == .absent
            return .unavailable(reason)
        }
    }

    /// Reads the whole number in the file.
    func integer(_ buffer: inout [UInt8]) -> Reading<Int64> {
        switch read(into: &buffer) {
        case .unavailable(let reason): return .unavailable(reason)
        case .value(let count):
            let text = DecimalText.trimmed(buffer[..<count])
            guard !text.isEmpty else { return .unavailable(.empty) }
            return DecimalText.signed(text).map { .value($0) } ?? .unavailable(.malformed)
        }
    }

    /// One read at offset 0; a descriptor that gave an error is closed and opened anew the next time.
    ///
    /// Opened without blocking, since what stands in a sensor's place may be a pipe.
    private func readOnce(_ buffer: inout [UInt8]) throws(SystemError) -> Int {
        let file: FileDescriptor
        if let held = descriptor.take(), round == recording?.current ?? 0 {
            file = held
        } else {
            file = try FileDescriptor(opening: path, .read, [.noFollow, .nonBlocking])
            round = recording?.current ?? 0
        }
        var span = buffer.mutableSpan
        let count = try file.read(into: &span, at: 0)
        descriptor = consume file
        return count
    }
}

/// The rounds in which a recording is read: within one its files are taken to stay what they are.
final class RecordingRounds {
    /// The round now.
    private(set) var current: UInt64 = 0

    /// Begins the next one.
    func begin() { current += 1 }
}

extension UnavailableReason {
    /// The reason that an error stands for, by its name in errno(3); nil where it is not the name of one.
    init?(errnoName name: String) {
        if let reason = UnavailableReason(rawValue: name) {
            self = reason
            return
        }
        switch name {
        case "EPERM": self = .permission
        case "ENOTDIR", "ELOOP", "ENODEV", "ENXIO": self = .absent
        case "EISDIR", "ESPIPE": self = .notFile
        case "ETIMEDOUT": self = .timeout
        default:
            guard name.utf8.count > 1, name.hasPrefix("E"), name.utf8.allSatisfy({ (0x41...0x5a).contains($0) })
            else { return nil }
            self = .inputOutput
        }
    }

    /// The reason that an error of the system stands for.
    public init(_ errno: Errno) {
        switch errno {
        case .tryAgain: self = .tryAgain
        case .noData: self = .noValue
        case .accessDenied, .notPermitted: self = .permission
        case .noEntry, .notDirectory, .tooManyLinks, .noDevice, .noSuchAddress: self = .absent
        case .isFolder, .notSeekable: self = .notFile
        case .timedOut: self = .timeout
        default: self = .inputOutput
        }
    }
}

extension Errno {
    /// No such device or address (ENXIO).
    fileprivate static let noSuchAddress = Errno(rawValue: 6)
    /// A folder cannot be read as a file is (EISDIR).
    fileprivate static let isFolder = Errno(rawValue: 21)
    /// Nor can a pipe or a socket (ESPIPE).
    fileprivate static let notSeekable = Errno(rawValue: 29)
    /// No such device (ENODEV): the driver let go of it.
    fileprivate static let noDevice = Errno(rawValue: 19)
    /// The device did not answer in time (ETIMEDOUT).
    fileprivate static let timedOut = Errno(rawValue: 110)
}
