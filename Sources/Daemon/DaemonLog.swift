import AgentCore
import Platform
import Quantities

/// Messages of a running agent: entries with fields in the system's journal where standard error goes there, else
/// lines on standard error.
///
/// For the one thread that has made it.
final class DaemonLog {
    private let journal = JournalSocket()
    private let isPrefixed = Program.environment("JOURNAL_STREAM") != nil
    private var budget = LogBudget()
    /// Entries that found no room in the journal since the last that did.
    private var lost = 0

    /// Writes one entry, unless its kind has had as many within the minute as it may.
    func write(_ level: LogEntry.Level, _ text: String, kind: LogEntry.Kind? = nil) {
        guard let left = budget.take(kind, now: Clock.bootTime) else { return }
        if left > 0 { put(.warning, "\(left) messages like the next one were left out", kind: nil) }
        put(level, text, kind: kind)
    }

    private func put(_ level: LogEntry.Level, _ text: String, kind: LogEntry.Kind?) {
        switch journal {
        case .some(let journal):
            var fields = [
                JournalSocket.Field("PRIORITY", "\(level.rawValue)"),
                JournalSocket.Field("SYSLOG_IDENTIFIER", "sage-edge"), JournalSocket.Field("MESSAGE", text),
            ]
            if let kind { fields.append(JournalSocket.Field("MESSAGE_ID", kind.messageID)) }
            if lost > 0 { fields.append(JournalSocket.Field("SAGE_EDGE_LOST", "\(lost)")) }
            do throws(SystemError) {
                lost = try journal.write(fields) ? 0 : lost + 1
                return
            } catch {
                // A journal that is being started again is reached by standard error.
            }
        case .none: break
        }
        var output = OutputBuffer.standardError
        output.line((isPrefixed ? "<\(level.rawValue)>" : prefix(level)) + text)
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
