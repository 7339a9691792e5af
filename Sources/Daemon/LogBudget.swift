import AgentCore
import Quantities

/// How many messages of one kind are written in a minute, so that no event that somebody else brings about can fill
/// a board's disk.
struct LogBudget {
    /// Messages of one kind in a minute; those without a kind share as many.
    static let perMinute = 60

    private struct Window {
        var begin: BootTime
        var written = 0
        var leftOut = 0
    }

    private var windows: [LogEntry.Kind?: Window] = [:]

    /// Counts a message of `kind`: nil where it is one too many, else how many were left out before it.
    mutating func take(_ kind: LogEntry.Kind?, now: BootTime) -> Int? {
        var window = windows[kind] ?? Window(begin: now)
        defer { windows[kind] = window }
        if now.since(window.begin) >= .seconds(60) {
            let left = window.leftOut
            window = Window(begin: now, written: 1)
            return left
        }
        guard window.written < LogBudget.perMinute else {
            window.leftOut += 1
            return nil
        }
        window.written += 1
        return 0
    }
}
