import Platform
import Quantities

/// What a process writes to its standard error: the last of it is kept, and more than so much a second is not read.
struct ErrorTail: ~Copyable {
    private var descriptor: FileDescriptor?
    private let token: EventToken
    private var kept: [UInt8] = []
    private var room = WorkerLimits.errorBytesPerSecond
    private var periodStart = BootTime(milliseconds: 0)
    /// When reading goes on; nil where it does not rest.
    private(set) var resumeAt: BootTime?

    /// Reads from `descriptor`, which is registered under `token`.
    init(_ descriptor: consuming FileDescriptor, _ token: EventToken) {
        self.descriptor = consume descriptor
        self.token = token
    }

    /// The last that was read, as text on one line; bytes that are no text are replaced.
    var text: String {
        var text = ""
        for scalar in String(decoding: kept, as: UTF8.self).unicodeScalars {
            text.unicodeScalars.append(scalar.value < 0x20 || scalar.value == 0x7f ? " " : scalar)
        }
        return text
    }

    /// Takes in what waits, as far as this second has room for it.
    mutating func read(_ now: BootTime, _ loop: borrowing EventLoop) throws(SystemError) {
        guard resumeAt == nil else { return }
        if now.since(periodStart) >= .seconds(1) {
            periodStart = now
            room = WorkerLimits.errorBytesPerSecond
        }
        var bytes: [UInt8] = []
        switch try descriptor?.read(upTo: min(room, PlatformLimits.readStepBytes), appendingTo: &bytes) {
        case .bytes(let count):
            room -= count
            kept += bytes
            kept.removeFirst(max(0, kept.count - WorkerLimits.maximumErrorBytes))
            guard room <= 0, let raw = descriptor?.raw else { return }
            resumeAt = periodStart + .seconds(1)
            try loop.remove(raw)
        case .end: try close(loop)
        case .wouldBlock, nil: break
        }
    }

    /// Goes on reading where it is time to.
    mutating func resume(_ now: BootTime, _ loop: borrowing EventLoop) throws(SystemError) {
        guard let due = resumeAt, now >= due else { return }
        resumeAt = nil
        if let raw = descriptor?.raw { try loop.register(raw, token, .readable) }
    }

    /// Reads no more.
    mutating func close(_ loop: borrowing EventLoop) throws(SystemError) {
        guard let closing = descriptor.take() else { return }
        if resumeAt == nil { try loop.remove(closing.raw) }
        resumeAt = nil
    }
}
