import AgentCore
import CBenchmarkPeers
import Cryptography
import EnergyProofs
import Federation
import Gateway
import Link
import Platform
import Quantities
import Store
import Telemetry
import Wire

/// A task handed to another board and paid for: two whole agent cores with stores on this disk.
///
/// What is not in it: sockets, threads, and the operation, whose result is there at once. What is: the
/// decision, every signature, every sealed datagram, every commit, one after the other.
enum DelegationBenchmark {
    static func run(count: Int, folder: String) throws(BenchmarkError) {
        let pair = try Pair(folder)
        try pair.prepare()
        let flushes = try Durations.ofPeer("fdatasync", 200) { peers_flushes(folder + "/flushes", 200, $0) }
        var (whole, pure) = (Durations(), Durations())
        var commits: [Int64] = []
        for _ in 0..<count {
            let begin = Clock.bootNanoseconds
            try pair.delegate()
            let time = Clock.bootNanoseconds - begin
            whole.add(time)
            pure.add(time - pair.commitNanoseconds)
            commits.append(pair.commits)
            try pair.settle()
        }
        let perTask = median(commits)
        Table.row(
            "delegation until answered, two cores", Figure(whole), beside: "flushes alone (\(perTask) commits)",
            .time(median: flushes.median * perTask, p99: flushes.p99 * perTask))
        Table.row("  without the commits", Figure(pure))
        Table.note("no sockets, no threads, the result is there at once; both boards' commits one after the other")
    }
}

/// Two boards and the way between them.
private final class Pair {
    private static let result: [UInt8] = [1, 2, 3]
    private var boards: [BenchmarkBoard] = []
    private var now: BootTime
    private var nextCommand: UInt64 = 1
    /// What happened while the last command was under way.
    private(set) var commits: Int64 = 0
    private(set) var commitNanoseconds: Int64 = 0
    private var replies: [CommandID: CommandReply] = [:]

    init(_ folder: String) throws(BenchmarkError) {
        now = BootTime(milliseconds: 1_000_000)
        for (number, name) in ["Payer", "Worker"].enumerated() {
            boards.append(
                try BenchmarkBoard(
                    name, UInt8(number), store: folder + "/" + name + ".db",
                    address: NetworkAddress(ipv4: 192, 0, 2, UInt8(number) + 1, port: 7411),
                    domain: SignatureDomain(federation: .zero, configurationEpoch: 1), now: Pair.moment(now)))
        }
    }

    /// Makes the boards peers and lets them charge credits.
    func prepare() throws(BenchmarkError) {
        for index in boards.indices { try carryOut(boards[index].core.start(at: moment), of: index) }
        for index in boards.indices {
            let record = try ask(index, .nodeRecord)
            guard let text = (try? JSONValue(parsing: Array(record.json.utf8)))?["record"]?.text else {
                throw .failed("no node record: " + record.json)
            }
            _ = try ask(1 - index, .addPeer(record: text))
        }
        for _ in 0..<40 { try pass(.seconds(1)) }
    }

    /// Has the second board do a task for the first.
    func delegate() throws(BenchmarkError) {
        let operation = try sure(Operation("perception.features"), "operation")
        let worker = try sure(PlatformName("Worker"), "name")
        commits = 0
        commitNanoseconds = 0
        let reply = try ask(
            0,
            .delegate(
                DelegationRequest(
                    operation: operation, input: [UInt8](repeating: 1, count: 4_096), placement: .platform(worker))))
        guard reply.refusal == nil else { throw .failed("the delegation fails: " + reply.json) }
    }

    /// Lets what follows the answer happen: acknowledgements, returned tokens, new credits.
    func settle() throws(BenchmarkError) { for _ in 0..<2 { try pass(.seconds(1)) } }

    private var moment: Moment { Pair.moment(now) }

    private static func moment(_ now: BootTime) -> Moment {
        Moment(boot: now, wall: WallTime(milliseconds: 1_800_000_000_000 + now.milliseconds), status: .synchronized)
    }

    /// Everything that is due within `span`, and a sample of each board at its end.
    private func pass(_ span: TimeSpan) throws(BenchmarkError) {
        let end = now + span
        while let due = boards.map({ $0.core.nextDeadline }).min(), due < end {
            now = max(now, due)
            for index in boards.indices where boards[index].core.nextDeadline <= now {
                try carryOut(boards[index].core.handle(.timer, at: moment), of: index)
            }
        }
        now = end
        for index in boards.indices {
            try carryOut(boards[index].core.handle(.sample(BenchmarkBoard.sample(at: now)), at: moment), of: index)
        }
    }

    private func ask(_ index: Int, _ command: AgentCommand) throws(BenchmarkError) -> CommandReply {
        let id = CommandID(value: nextCommand)
        nextCommand += 1
        try carryOut(boards[index].core.handle(.command(id, command), at: moment), of: index)
        guard let reply = replies.removeValue(forKey: id) else {
            throw .failed("a command is not answered without waiting")
        }
        return reply
    }

    /// Carries out what board `index` asks for, and all that follows from it at once, in order.
    private func carryOut(_ effects: [AgentEffect], of index: Int) throws(BenchmarkError) {
        var queue = effects.map { (board: index, effect: $0) }
        var next = 0
        while next < queue.count {
            let (board, effect) = queue[next]
            next += 1
            let further = try carryOut(effect, of: board)
            queue += further.effects.map { (board: further.board, effect: $0) }
        }
    }

    private func carryOut(_ effect: AgentEffect, of index: Int) throws(BenchmarkError)
        -> (board: Int, effects: [AgentEffect])
    {
        switch effect {
        case .persist(let token, let writes):
            let begin = Clock.bootNanoseconds
            do throws(StoreError) { try boards[index].store.commit(writes) } catch { throw .store(error) }
            commitNanoseconds += Clock.bootNanoseconds - begin
            commits += 1
            return (index, boards[index].core.handle(.persisted(token), at: moment))
        case .send(let datagram):
            let other = 1 - index
            let source = boards[index].address
            return (other, boards[other].core.receive(datagram.bytes.span, from: source, at: moment))
        case .startWork(let order):
            let report = WorkReport(
                task: order.task, outcome: .result(Pair.result), started: now, ended: now,
                processor: .milliseconds(20), peakMemory: .mebibytes(8))
            return (index, boards[index].core.handle(.work(report), at: moment))
        case .reply(let id, let reply): replies[id] = reply
        case .cancelWork, .readRecords, .log, .answer, .prepare: break
        }
        return (index, [])
    }
}
