/// Cuts a stream of bytes into lines.
///
/// Only what ends with a line feed is a line: a last line without one may be cut in the middle of a number,
/// and nothing in it would show that. Whoever reads whole files may ask for it with `unterminated`.
public struct LineSplitter: Sendable {
    /// One line without its end, or word of one that was too long.
    public enum Line: Equatable, Sendable {
        /// A line.
        case line([UInt8])
        /// A line longer than the limit; its bytes were dropped as they came.
        case tooLong(bytes: Int)
    }

    private let limit: Int
    private var pending: [UInt8] = []
    private var dropped = 0

    /// A splitter of lines of at most `limit` bytes.
    public init(limit: Int = TelemetryLimits.tegrastatsLineBytes) { self.limit = limit }

    /// Takes `bytes` in, and hands out the lines that they complete.
    ///
    /// Holds at most `limit` bytes between calls. Complexity: O(bytes).
    public mutating func lines(of bytes: some Collection<UInt8>) -> [Line] {
        var lines: [Line] = []
        for byte in bytes {
            if byte == .lineFeed {
                lines.append(take())
            } else if dropped > 0 || pending.count == limit {
                dropped += 1
            } else {
                pending.append(byte)
            }
        }
        return lines
    }

    /// Whether the line that has begun is longer than the limit already.
    public var isOverLimit: Bool { dropped > 0 }

    /// What came after the last line feed; nil when nothing did.
    public mutating func unterminated() -> Line? {
        pending.isEmpty && dropped == 0 ? nil : take()
    }

    private mutating func take() -> Line {
        defer {
            pending.removeAll(keepingCapacity: true)
            dropped = 0
        }
        return dropped > 0 ? .tooLong(bytes: pending.count + dropped) : .line(pending)
    }
}
