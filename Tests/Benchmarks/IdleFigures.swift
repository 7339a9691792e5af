import CBenchmarkPeers
import Platform
import Quantities

/// Memory and processor time of a process over some seconds, scraped once a second where it serves HTTP.
struct IdleFigures {
    let memory: ProcessMemory
    /// Nanoseconds of all its threads.
    let processor: Int64
    /// Nanoseconds over which it was watched.
    let span: Int64
    /// How long a scrape took.
    let scrapes: Durations
    /// Bytes of the last answer.
    let bytes: Int

    /// Hundred-thousandths of a processor.
    var share: Int64 { Int64(Int128(processor) * 100_000 / Int128(max(1, span))) }

    /// Watches `process` for `seconds`, after as much as `settling` let pass.
    static func watch(
        _ process: Int32, scraping port: UInt16?, seconds: Int64, settling: TimeSpan
    ) throws(BenchmarkError) -> IdleFigures {
        try pause(settling)
        var (scrapes, bytes) = (Durations(), 0)
        let before = try processorNanoseconds(of: process)
        let begin = Clock.bootNanoseconds
        for second in 1...max(1, seconds) {
            let due = begin + second * 1_000_000_000
            let rest = due - Clock.bootNanoseconds
            if rest > 0 { try pause(.milliseconds(rest / 1_000_000)) }
            guard let port else { continue }
            let start = Clock.bootNanoseconds
            let code = peers_scrape(port, "/metrics", &bytes)
            guard code == 0 else { throw .peer("GET /metrics of port \(port)", code) }
            scrapes.add(Clock.bootNanoseconds - start)
        }
        return IdleFigures(
            memory: try ProcessMemory(of: process), processor: try processorNanoseconds(of: process) - before,
            span: Clock.bootNanoseconds - begin, scrapes: scrapes, bytes: bytes)
    }
}
