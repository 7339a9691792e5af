import Quantities

/// Keeps a fault that comes again and again from filling the log.
///
/// Messages that differ only in words with digits in them are of one kind. Of each kind a few are written in every
/// stretch of time; how many more there were is said when that stretch is over. Messages of ever new kinds have a
/// limit too, and are counted as well.
struct LogLimiter: Sendable {
    /// Time for which messages are counted together.
    static let stretch = TimeSpan.seconds(600)
    /// Messages of one kind that are written in one stretch.
    static let perKind = 8
    /// Messages that are written in one stretch, of all kinds together.
    static let perStretch = 240
    /// Kinds that are counted apart in one stretch.
    static let kinds = 64

    private struct Kind {
        let hash: UInt64
        let level: LogEntry.Level
        var written = 1
        var leftOut = 0
        /// The last message that was left out.
        var last: String?
    }

    private var began: BootTime?
    private var kinds: [Kind] = []
    private var written = 0
    /// Messages left out that no kind counts.
    private var others = 0

    /// When what was left out is to be told; nil where nothing was.
    var deadline: BootTime? {
        guard let began, others > 0 || kinds.contains(where: { $0.leftOut > 0 }) else { return nil }
        return began + LogLimiter.stretch
    }

    /// What of `entry` is to be written at `now`: it, or nothing; before it, what a stretch that is over left out.
    mutating func admit(_ entry: LogEntry, at now: BootTime) -> [LogEntry] {
        var entries = endStretch(at: now)
        if began == nil { began = now }
        let hash = LogLimiter.hash(entry)
        if let index = kinds.firstIndex(where: { $0.hash == hash }) {
            guard kinds[index].written < LogLimiter.perKind, written < LogLimiter.perStretch else {
                kinds[index].leftOut += 1
                kinds[index].last = entry.text
                return entries
            }
            kinds[index].written += 1
        } else if kinds.count < LogLimiter.kinds, written < LogLimiter.perStretch {
            kinds.append(Kind(hash: hash, level: entry.level))
        } else {
            others += 1
            return entries
        }
        written += 1
        entries.append(entry)
        return entries
    }

    /// What a stretch that is over at `now` left out; begins the next one.
    mutating func endStretch(at now: BootTime) -> [LogEntry] {
        guard let start = began, now.since(start) >= LogLimiter.stretch || now < start else { return [] }
        defer {
            began = nil
            kinds = []
            written = 0
            others = 0
        }
        var entries: [LogEntry] = []
        for kind in kinds {
            guard let last = kind.last else { continue }
            entries.append(
                LogEntry(kind.level, last + " (the last of \(kind.leftOut) more like it that were left out)"))
        }
        if others > 0 { entries.append(LogEntry(.warning, "\(others) messages of other kinds were left out")) }
        return entries
    }

    /// A hash of level and text without the words that hold digits (FNV-1a, 64 bits).
    private static func hash(_ entry: LogEntry) -> UInt64 {
        let prime: UInt64 = 0x0000_0100_0000_01b3
        var hash = (0xcbf2_9ce4_8422_2325 ^ UInt64(UInt32(bitPattern: entry.level.rawValue))) &* prime
        var word = hash
        var hasDigit = false
        for byte in entry.text.utf8 {
            if byte == UInt8(ascii: " ") {
                if !hasDigit { hash = word }
                hash = (hash ^ UInt64(byte)) &* prime
                word = hash
                hasDigit = false
            } else {
                if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { hasDigit = true }
                word = (word ^ UInt64(byte)) &* prime
            }
        }
        return hasDigit ? hash : word
    }
}
