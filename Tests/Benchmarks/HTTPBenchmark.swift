import AgentCore
import CBenchmarkPeers
import Cryptography
import Federation
import Gateway
import Platform
import Quantities
import Wire

/// Delegations over HTTP, beside minimal servers in Flask that do the same but the work.
enum HTTPBenchmark {
    private static let port: UInt16 = 27_413
    private static let flaskPort: UInt16 = 29_412
    private static let waitressPort: UInt16 = 29_413
    /// Identities that share the load, so that none meets its limit of tasks a minute.
    private static let sources = 16
    /// Rounds in which ours and theirs take turns.
    private static let rounds = 5
    /// Tasks of a round, of one client and of ten.
    private static let (few, many) = (100, 500)
    /// Tasks whose flushes are counted.
    private static let traced = 100

    /// Measures `count` tasks by ten clients at the end, whose memory is watched.
    static func run(_ setup: AgentProcess.Setup, count: Int) throws(BenchmarkError) {
        let program = try system { () throws(SystemError) in try Program.executablePath() }
        let state = try AgentProcess.prepare(
            "Thor", port: port, setup,
            executors: [
                "external:", "  - operation: planning.nothing", "    command: [\(program), worker]",
                "    typical_milliseconds: 1", "    concurrent: 2",
            ])
        var agent = try AgentProcess(state, setup)
        try agent.waitUntilReady()
        var tasks = try TaskSeries(sources: sources)
        let all = rounds * (3 * few + 2 * many) + 2 * traced + many + count + 100
        try tasks.introduce(to: agent, tasks: all)
        var flask = try Neighbour.flask(setup, port: flaskPort, "werkzeug", key: tasks.key.publicKey)
        var waitress = try Neighbour.flask(setup, port: waitressPort, "waitress", key: tasks.key.publicKey)
        let ours = HTTPServerLoad(port: AgentProcess.httpPort(of: port))
        let (theirs, others) = (HTTPServerLoad(port: flaskPort), HTTPServerLoad(port: waitressPort))

        try wait(until: ours, &tasks)
        // Whatever is made at the first request only is past then.
        for server in [ours, theirs, others] { _ = try server.post(&tasks, many / 5, clients: 10, keepsOpen: true) }
        for keepsOpen in [true, false] {
            let connection = keepsOpen ? ", connection kept" : ", one connection each"
            let one = try compare([ours, theirs, others], &tasks, few, clients: 1, keepsOpen)
            Table.row("HTTP delegation" + connection, Figure(one[0].times), beside: "Flask", Figure(one[1].times))
            Table.row("", Figure(one[0].times), beside: "Flask behind waitress", Figure(one[2].times))
            let ten = try compare([ours, theirs, others], &tasks, many, clients: 10, keepsOpen)
            Table.row(
                "HTTP, 10 clients" + connection, .rate(ten[0].rate), beside: "Flask", .rate(ten[1].rate))
            Table.row("", .rate(ten[0].rate), beside: "Flask behind waitress", .rate(ten[2].rate))
            Table.row("  how long each takes", Figure(ten[0].times), beside: "Flask", Figure(ten[1].times))
        }
        try link(setup, agent, ours, &tasks)
        try flushes(setup, agent.identifier, ours, flask.identifier, theirs, &tasks)
        try memory(agent.identifier, ours, &tasks, count: count)
        try flask.stop()
        try waitress.stop()
        try agent.stop()
    }

    /// Waits until a task is done: the operation is served once a worker has said that it is ready.
    private static func wait(until server: HTTPServerLoad, _ tasks: inout TaskSeries) throws(BenchmarkError) {
        let limit = Clock.bootTime + .seconds(20)
        while true {
            do throws(BenchmarkError) {
                _ = try server.post(&tasks, 1, clients: 1, keepsOpen: false)
                return
            } catch {
                guard Clock.bootTime < limit else { throw error }
                try pause(.milliseconds(200))
            }
        }
    }

    /// The tasks of all rounds of each server, which take turns.
    private static func compare(
        _ servers: [HTTPServerLoad], _ tasks: inout TaskSeries, _ count: Int, clients: Int, _ keepsOpen: Bool
    ) throws(BenchmarkError) -> [HTTPServerLoad.Outcome] {
        var sums = servers.map { _ in HTTPServerLoad.Outcome() }
        for _ in 0..<rounds {
            for index in servers.indices {
                sums[index].add(try servers[index].post(&tasks, count, clients: clients, keepsOpen: keepsOpen))
            }
        }
        return sums
    }

    // MARK: Over the link

    /// The same tasks for the same agent, by a peer over the link, in turns with a client of HTTP.
    private static func link(
        _ setup: AgentProcess.Setup, _ agent: borrowing AgentProcess, _ ours: HTTPServerLoad, _ tasks: inout TaskSeries
    ) throws(BenchmarkError) {
        let request = DelegationRequest(
            operation: try sure(Operation("planning.nothing"), "operation"), input: [],
            placement: .platform(try sure(PlatformName("Thor"), "name")))
        var payer = try BarePayer(setup.folder)
        try payer.join(agent)
        try payer.waitUntilWilling(request)
        var (there, http) = (BarePayer.Times(), HTTPServerLoad.Outcome())
        for _ in 0..<rounds {
            there.add(try payer.delegate(request, times: few))
            http.add(try ours.post(&tasks, few, clients: 1, keepsOpen: true, pause: BarePayer.settlement))
        }
        Table.row("delegation over the link", Figure(there.wire), beside: "over HTTP", Figure(http.times))
        Table.row("  with the payer's own work", Figure(there.whole), beside: "over HTTP", Figure(http.times))
    }

    // MARK: Flushes

    private static func flushes(
        _ setup: AgentProcess.Setup, _ agent: Int32, _ ours: HTTPServerLoad, _ flask: Int32, _ theirs: HTTPServerLoad,
        _ tasks: inout TaskSeries
    ) throws(BenchmarkError) {
        var text: [String] = []
        for (name, process, server) in [("ours", agent, ours), ("Flask", flask, theirs)] {
            for clients in [1, 10] where name == "ours" || clients == 1 {
                var tracer = try Neighbour.tracer(of: process, setup)
                _ = try server.post(&tasks, traced, clients: clients, keepsOpen: true)
                let count = try tracer.flushes(setup)
                text.append(
                    "\(name) \(decimal(count * 100 / Int64(traced))) at " + (clients == 1 ? "one client" : "ten"))
            }
        }
        Table.note("flushes to disk (fsync, fdatasync) per delegation: " + text.joined(separator: ", "))
    }

    // MARK: Memory

    /// The agent's resident memory before, in the middle of and after `count` tasks by ten clients.
    private static func memory(
        _ agent: Int32, _ server: HTTPServerLoad, _ tasks: inout TaskSeries, count: Int
    ) throws(BenchmarkError) {
        let before = try ProcessMemory(of: agent).resident
        var seen: [String] = []
        let part = max(1, count / 10)
        for index in 0..<10 {
            var left = index < 9 ? part : count - 9 * part
            while left > 0 {
                let batch = min(left, 2_000)
                _ = try server.post(&tasks, batch, clients: 10, keepsOpen: true)
                left -= batch
            }
            seen.append("\(try ProcessMemory(of: agent).resident)")
        }
        let after = try ProcessMemory(of: agent)
        Table.row(
            "  resident after \(count) more tasks", .kibibytes(after.resident), beside: "before them",
            .kibibytes(before))
        Table.note("resident KiB after each tenth of them: " + seen.joined(separator: ", "))
    }
}

/// Tasks for a server, each signed and with a name of its own.
struct TaskSeries {
    /// Signs them.
    let key: SigningKey
    private let sources: [LCT]
    private let parameters: JSONValue
    private let address: ServerAddress
    private var number = 0
    private var created: WallTime

    /// What a task may cost, and all but never does: a thousandth of a joule.
    private static let budget = Energy(millijoules: 1)
    private static let target = "lct:web4:agent:bench@Thor#admin.full"

    init(sources count: Int) throws(BenchmarkError) {
        key = try sure(SigningKey(seed: [UInt8](repeating: 7, count: 32)), "key")
        var sources: [LCT] = []
        for index in 0..<count {
            sources.append(try sure(try? LCT("lct:web4:agent:b\(index)@Legion#admin.full"), "source"))
        }
        self.sources = sources
        parameters = .object([])
        address = try sure(try? ServerAddress("http://127.0.0.1"), "address")
        created = Clock.wallTime
    }

    /// Makes the client known to `agent`, with credits for `tasks` of them, which the board has to be charged first.
    func introduce(to agent: borrowing AgentProcess, tasks: Int) throws(BenchmarkError) {
        guard try agent.ask(.trustKey(name: "Legion", pem: PEM.text(key.publicKey)))["error"] == nil else {
            throw .failed("the client's key is refused")
        }
        let amount = Energy(millijoules: Int64(tasks / sources.count + 1) * TaskSeries.budget.millijoules)
        for source in sources {
            let limit = Clock.bootTime + .seconds(120)
            while let error = try agent.ask(.grant(account: source, amount: amount, takesBack: false))["error"] {
                guard Clock.bootTime < limit else {
                    throw .failed("nothing can be granted: " + (error["message"]?.text ?? "no reason"))
                }
                try pause(.milliseconds(200))
            }
        }
    }

    /// The next `count` tasks as bodies one behind the other, and where each ends.
    mutating func bodies(_ count: Int) throws(BenchmarkError) -> (bytes: [UInt8], ends: [Int]) {
        var (bytes, ends): ([UInt8], [Int]) = ([], [])
        for _ in 0..<count {
            // A client's clock goes on from task to task.
            created = max(created + .milliseconds(1), Clock.wallTime)
            let terms = SentTask.Terms(
                source: sources[number % sources.count], target: TaskSeries.target, taskType: "admin.full",
                operation: "planning.nothing", budget: TaskSeries.budget, timeoutSeconds: 60, parameters: parameters,
                createdAt: created)
            let task = try sure(SentTask("bench_\(number)_\(created.milliseconds)", terms), "task")
            let request = try sure(task.request(to: address, signedWith: key, timeout: .seconds(60)), "request")
            bytes += request.body ?? []
            ends.append(bytes.count)
            number += 1
        }
        return (bytes, ends)
    }
}

/// A server that tasks are sent to.
struct HTTPServerLoad {
    let port: UInt16

    /// What tasks came to.
    struct Outcome {
        var times = Durations()
        var span: Int64 = 0

        /// Tasks a second.
        var rate: Int64 { Int64(times.nanoseconds.count) * 1_000_000_000 / max(1, span) }

        mutating func add(_ other: Outcome) {
            times.add(other.times)
            span += other.span
        }
    }

    /// Sends the next `count` of `tasks`, by so many clients at a time, each of which pauses so long after an
    /// answer; none may be refused.
    func post(
        _ tasks: inout TaskSeries, _ count: Int, clients: Int, keepsOpen: Bool, pause: TimeSpan = .zero
    ) throws(BenchmarkError) -> Outcome {
        let (bytes, ends) = try tasks.bodies(count)
        var problem = [CChar](repeating: 0, count: 512)
        var span: Int64 = 0
        var outcome = Outcome()
        do throws(BenchmarkError) {
            outcome.times = try Durations.ofPeer("POST to port \(port)", count) { nanoseconds in
                "/api/v1/consciousness/delegate".withCString { path -> Int32 in
                    var load = peers_load(
                        port: port, path: path, clients: clients, keeps_open: keepsOpen ? 1 : 0,
                        pause_milliseconds: UInt32(clamping: pause.milliseconds))
                    let begin = Clock.bootNanoseconds
                    let code = problem.withUnsafeMutableBufferPointer { problem -> Int32 in
                        guard let problem = problem.baseAddress else { return Errno.invalidArgument.rawValue }
                        return peers_posts(&load, bytes, ends, count, nanoseconds, problem, 512)
                    }
                    span = Clock.bootNanoseconds - begin
                    return code
                }
            }
        } catch {
            let said = String(decoding: problem.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            throw said.isEmpty ? error : .failed(error.explanation + ": " + said)
        }
        outcome.span = span
        return outcome
    }
}
