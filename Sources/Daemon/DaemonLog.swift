import AgentCore
import Platform

/// Messages of a running agent on standard error; with their urgency in front where the journal reads it.
struct DaemonLog {
    private let isJournal = Program.environment("JOURNAL_STREAM") != nil

    /// Writes one line.
    func write(_ level: LogEntry.Level, _ text: String) {
        var output = OutputBuffer.standardError
        output.line((isJournal ? "<\(level.rawValue)>" : prefix(level)) + text)
        // There is nobody else to tell when standard error is closed.
        try? output.flush()
    }

    private func prefix(_ level: LogEntry.Level) -> String {
        switch level {
        case .error: "error: "
        case .warning: "warning: "
        case .notice, .info: ""
        }
    }
}
