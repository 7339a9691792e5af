import AgentCore
import Federation
import Gateway
import Platform
import Quantities
import Wire

/// The shipped program at work: how soon it is ready, what it takes while idle, and a whole delegation.
enum AgentBenchmark {
    private static let ports: (UInt16, UInt16) = (27_411, 27_412)

    // MARK: Start

    static func start(_ setup: AgentProcess.Setup, count: Int) throws(BenchmarkError) {
        let state = try AgentProcess.prepare("Starter", port: ports.0, setup)
        var ready = Durations()
        // The first start makes keys and store, and is not counted.
        for index in 0...count {
            let begin = Clock.bootNanoseconds
            var agent = try AgentProcess(state, setup)
            try agent.waitUntilReady()
            if index > 0 { ready.add(Clock.bootNanoseconds - begin) }
            try agent.stop()
        }
        Table.row("start to the first status answered", Figure(ready))
    }

    // MARK: Idle

    /// The agent with a peer, beside two exporters of Debian's that read and are read at the same pace.
    static func idle(_ setup: AgentProcess.Setup, seconds: Int64) throws(BenchmarkError) {
        let ours = try watch(setup, periodMilliseconds: 1000, seconds)
        let fast = try watch(setup, periodMilliseconds: 100, seconds)
        Table.row(
            "idle agent: resident (VmRSS)", .kibibytes(ours.memory.resident), beside: "most 10 MiB; aim",
            .kibibytes(8_192))
        Table.row("  at its highest (VmHWM)", .kibibytes(ours.memory.peak))
        Table.row("  its share (PSS)", .kibibytes(ours.memory.proportional))
        Table.row("  processor, 1 sample/s and 1 scrape/s", .share(ours.share), beside: "most 0.25 %; aim", .share(100))
        Table.row("  processor, 10 samples/s, 1 scrape/s", .share(fast.share), beside: "most", .share(500))
        Table.row("  a scrape of /metrics", Figure(ours.scrapes))
        Table.note("ledger, HTTP and one peer open, over \(seconds) s each; a scrape has \(ours.bytes) bytes")
        let size = try system { () throws(SystemError) in try FileSystem.status(setup.program) }
        Table.row("program file", .bytes(size?.size.bytes ?? 0), beside: "most 6 MB; aim", .bytes(3_000_000))
        Table.note("resident by mapping: " + summary(of: ours.memory))
        try neighbours(setup, ours, seconds)
    }

    /// What one of two agents takes, scraped once a second.
    private static func watch(
        _ setup: AgentProcess.Setup, periodMilliseconds: Int64, _ seconds: Int64
    ) throws(BenchmarkError) -> IdleFigures {
        var pair = try AgentPair(setup, periodMilliseconds: periodMilliseconds)
        // The first pages, heartbeats, credits and looks between the samples are past then.
        let figures = try IdleFigures.watch(
            pair.first.identifier, scraping: AgentProcess.httpPort(of: ports.0), seconds: seconds,
            settling: .seconds(30))
        try pair.stop()
        return figures
    }

    private static func neighbours(
        _ setup: AgentProcess.Setup, _ ours: IdleFigures, _ seconds: Int64
    ) throws(BenchmarkError) {
        var exporter = try Neighbour.nodeExporter(setup, port: 29_411)
        let exported = try IdleFigures.watch(
            exporter.identifier, scraping: 29_411, seconds: seconds, settling: .seconds(3))
        try exporter.stop()
        var collectd = try Neighbour.collectd(setup)
        let collected = try IdleFigures.watch(
            collectd.identifier, scraping: nil, seconds: seconds, settling: .seconds(3))
        try collectd.stop()
        for (name, theirs) in [("node exporter", exported), ("collectd", collected)] {
            Table.row(
                "  resident", .kibibytes(ours.memory.resident), beside: name, .kibibytes(theirs.memory.resident))
            Table.row("  processor", .share(ours.share), beside: name, .share(theirs.share))
        }
        Table.row("  a scrape of /metrics", Figure(ours.scrapes), beside: "node exporter", Figure(exported.scrapes))
        Table.note("the exporter's scrape has \(exported.bytes) bytes; collectd reads once a second and serves nobody")
    }

    private static func summary(of memory: ProcessMemory) -> String {
        let shown = memory.parts.prefix(9)
        let rest = memory.parts.dropFirst(9).reduce(0) { $0 + $1.kibibytes }
        return shown.map { "\($0.name) \($0.kibibytes)" }.joined(separator: ", ") + ", others \(rest) KiB"
    }

    // MARK: Delegation

    static func delegation(_ setup: AgentProcess.Setup, count: Int) throws(BenchmarkError) {
        var pair = try AgentPair(setup)
        var (whole, execution) = (Durations(), Durations())
        let operation = try sure(Operation("perception.features"), "operation")
        let thor = try sure(PlatformName("Thor"), "name")
        let request = DelegationRequest(operation: operation, input: frame, placement: .platform(thor))
        try pair.waitUntilWilling(request)
        for _ in 0..<count {
            let begin = Clock.bootNanoseconds
            let reply = try pair.first.ask(.delegate(request))
            let time = Clock.bootNanoseconds - begin
            guard reply["outcome"]?.text == "done", let run = reply["execution_ms"]?.number else {
                throw .failed("a delegation fails: " + (reply["error"]?["message"]?.text ?? "no reason"))
            }
            whole.add(time)
            execution.add(run * 1_000_000)
            // A newcomer's budget is for a few tasks at once; the next one waits for the settlement.
            try pause(.milliseconds(100))
        }
        try pair.stop()
        Table.row(
            "delegation, two agents, 64 × 64 frame", Figure(whole), beside: "of which the worker", Figure(execution))
    }

    /// A grey frame with something to see.
    private static var frame: [UInt8] {
        Array("P5\n64 64\n255\n".utf8) + (0..<4_096).map { UInt8(truncatingIfNeeded: ($0 / 64) * ($0 % 64)) }
    }

    /// Two agents that are each other's peer.
    private struct AgentPair: ~Copyable {
        var first: AgentProcess
        var second: AgentProcess

        init(_ setup: AgentProcess.Setup, periodMilliseconds: Int64 = 1000) throws(BenchmarkError) {
            func start(_ name: String, _ port: UInt16) throws(BenchmarkError) -> AgentProcess {
                let state = try AgentProcess.prepare(name, port: port, setup, periodMilliseconds: periodMilliseconds)
                return try AgentProcess(state, setup)
            }
            let sprout = try start("Sprout", ports.0)
            let thor = try start("Thor", ports.1)
            try sprout.waitUntilReady()
            try thor.waitUntilReady()
            try AgentPair.introduce(sprout, to: thor)
            try AgentPair.introduce(thor, to: sprout)
            first = sprout
            second = thor
        }

        private static func introduce(
            _ one: borrowing AgentProcess, to other: borrowing AgentProcess
        ) throws(BenchmarkError) {
            let record = try sure(try one.ask(.nodeRecord)["record"]?.text, "node record")
            guard try other.ask(.addPeer(record: record))["error"] == nil else { throw .failed("a peer is refused") }
        }

        /// Credits come with the first window's page, and the other board hears of them by heartbeat.
        func waitUntilWilling(_ request: DelegationRequest) throws(BenchmarkError) {
            var trial = request
            trial.isTrial = true
            for _ in 0..<60 {
                if try first.ask(.delegate(trial))["decision"]?["decision"]?.text == "delegate" { return }
                try pause(.milliseconds(500))
            }
            throw .failed("no task is delegated within half a minute")
        }

        mutating func stop() throws(BenchmarkError) {
            try first.stop()
            try second.stop()
        }
    }
}
