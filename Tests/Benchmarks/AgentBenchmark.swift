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

    static func idle(_ setup: AgentProcess.Setup, seconds: Int64) throws(BenchmarkError) {
        var pair = try AgentPair(setup)
        // The first pages, heartbeats and credits are past then.
        try pause(.seconds(15))
        let before = try processorNanoseconds(of: pair.first.identifier)
        let begin = Clock.bootNanoseconds
        var page = 0
        for _ in 0..<seconds {
            try pause(.seconds(1))
            page = try pair.first.scrape()
        }
        let used = try processorNanoseconds(of: pair.first.identifier) - before
        let span = Clock.bootNanoseconds - begin
        let memory = try ProcessMemory(of: pair.first.identifier)
        try pair.stop()
        Table.row("idle agent: resident (VmRSS)", .kibibytes(memory.resident), beside: "target", .kibibytes(8_192))
        Table.row("  at its highest (VmHWM)", .kibibytes(memory.peak))
        Table.row("  its share (PSS)", .kibibytes(memory.proportional))
        Table.note(
            "1 sample/s, one scrape/s of \(page) bytes, ledger, HTTP and one peer open, over \(seconds) s: "
                + "\(used / 1_000_000) ms of processor time, "
                + decimal(Int64(Int128(used) * 10_000 / Int128(span))) + " % of a core")
        let size = try system { () throws(SystemError) in try FileSystem.status(setup.program) }
        Table.row("program file", .bytes(size?.size.bytes ?? 0))
        Table.note("resident by mapping: " + summary(of: memory))
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

        init(_ setup: AgentProcess.Setup) throws(BenchmarkError) {
            let sprout = try AgentProcess(try AgentProcess.prepare("Sprout", port: ports.0, setup), setup)
            let thor = try AgentProcess(try AgentProcess.prepare("Thor", port: ports.1, setup), setup)
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
