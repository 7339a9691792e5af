import Quantities
import Testing

@testable import AgentCore

@Suite struct LogLimiterTests {
    private static func at(_ seconds: Int64) -> BootTime { BootTime(milliseconds: seconds * 1000) }

    @Test func `messages that come now and then are all written as they are`() {
        var limiter = LogLimiter()
        for hour in 0..<100 as Range<Int64> {
            let entry = LogEntry(.notice, "Thor answers again")
            #expect(limiter.admit(entry, at: Self.at(hour * 3600)) == [entry])
        }
        #expect(limiter.deadline == nil)
    }

    @Test func `a fault that comes every second for a day is written a few times an hour, and counted`() {
        var limiter = LogLimiter()
        var written: [LogEntry] = []
        for second in 0..<86_400 as Range<Int64> {
            // Page and amount differ every time; it is the same fault all the same.
            let text = "page \(second) is not accepted for charging: \(second * 7) mJ are too many"
            written += limiter.admit(LogEntry(.warning, text), at: Self.at(second))
        }
        written += limiter.endStretch(at: Self.at(86_400))
        let stretches = Int(86_400_000 / LogLimiter.stretch.milliseconds)
        #expect(written.count == stretches * (LogLimiter.perKind + 1))
        let summaries = written.filter { $0.text.contains("more like it") }
        #expect(summaries.count == stretches)
        #expect(summaries.allSatisfy { $0.level == .warning && $0.text.contains("592 more like it") })
        #expect(written.first?.text == "page 0 is not accepted for charging: 0 mJ are too many")
    }

    @Test func `another fault is not hidden by one that fills the log`() {
        var limiter = LogLimiter()
        for second in 0..<500 as Range<Int64> {
            _ = limiter.admit(LogEntry(.warning, "the ledger refuses: no lot"), at: Self.at(second))
        }
        let other = LogEntry(.error, "the energy source is not registered")
        #expect(limiter.admit(other, at: Self.at(500)) == [other])
        // The same words at another level are another matter.
        let same = LogEntry(.error, "the ledger refuses: no lot")
        #expect(limiter.admit(same, at: Self.at(501)) == [same])
    }

    @Test func `ever new kinds of message are bounded too, and what is left out is counted`() {
        var limiter = LogLimiter()
        var written = 0
        for number in 0..<5000 {
            // Words without digits, so that each is of its own kind.
            let name = String("\(number)".utf8.map { Character(UnicodeScalar($0 + 49)) })
            written += limiter.admit(LogEntry(.notice, "\(name) is odd"), at: Self.at(1)).count
        }
        #expect(written == LogLimiter.kinds)
        #expect(limiter.deadline == Self.at(601))
        let told = limiter.endStretch(at: Self.at(601))
        #expect(told.map(\.text) == ["\(5000 - LogLimiter.kinds) messages of other kinds were left out"])
        #expect(limiter.deadline == nil)
    }
}
