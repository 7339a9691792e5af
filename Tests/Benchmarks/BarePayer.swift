import AgentCore
import Configuration
import Cryptography
import Federation
import Gateway
import Link
import Platform
import Quantities
import Wire

/// A payer in this process whose writes count as durable at once: like a client of HTTP it keeps nothing on a disk.
///
/// What is left is what the wire and the worker's board take.
struct BarePayer: ~Copyable {
    /// How long a task took: from its datagram's sending to the arrival of its proof, and with the payer's own work.
    struct Times {
        var wire = Durations()
        var whole = Durations()

        mutating func add(_ other: Times) {
            wire.add(other.wire)
            whole.add(other.whole)
        }
    }

    private static let patience = TimeSpan.seconds(20)
    private static let period = TimeSpan.seconds(1)
    /// Time that the board has been measured for before it begins: its credits are of that.
    private static let past = TimeSpan.seconds(45)

    private var board: BenchmarkBoard
    private var socket: DatagramSocket
    private var loop: EventLoop
    private var ready: [ReadyEvent] = []
    private var nextCommand: UInt64 = 1
    private var replies: [CommandID: CommandReply] = [:]
    private var sampleDue: BootTime
    /// When datagrams came in last, by the clock in nanoseconds.
    private var heardAt: Int64 = 0

    /// A payer whose files lie in `folder`.
    init(_ folder: String) throws(BenchmarkError) {
        let local = NetworkAddress(ipv4: 127, 0, 0, 1, port: 0)
        let made = try system { () throws(SystemError) in
            try DatagramSocket(boundTo: local, batch: DatagramBatch(datagrams: 32, datagramBytes: 1500))
        }
        let waiting = try system { () throws(SystemError) in
            let waiting = try EventLoop()
            try waiting.register(made.descriptor, EventToken(rawValue: 1), .readable)
            return waiting
        }
        let address = try system { () throws(SystemError) in try made.localAddress() }
        let begin = Clock.bootTime - BarePayer.past
        board = try BenchmarkBoard(
            "Payer", 9, store: folder + "/payer.db", address: address,
            domain: SignatureDomain(federation: FederationSection.id(of: "local"), configurationEpoch: 1),
            now: BarePayer.moment(begin))
        socket = made
        loop = waiting
        sampleDue = begin
    }

    /// Begins, and becomes a peer of `agent`.
    mutating func join(_ agent: borrowing AgentProcess) throws(BenchmarkError) {
        try carryOut(board.core.start(at: BarePayer.moment(sampleDue)))
        while sampleDue < Clock.bootTime { try sample(at: sampleDue) }
        let theirs = try sure(try agent.ask(.nodeRecord)["record"]?.text, "node record")
        let own = try JSONValue(answer: try ask(.nodeRecord))
        guard try agent.ask(.addPeer(record: try sure(own["record"]?.text, "node record")))["error"] == nil,
            try ask(.addPeer(record: theirs)).refusal == nil
        else { throw .failed("a peer is refused") }
    }

    /// Waits until `request` would be delegated.
    mutating func waitUntilWilling(_ request: DelegationRequest) throws(BenchmarkError) {
        var trial = request
        trial.isTrial = true
        let limit = Clock.bootTime + BarePayer.patience
        while Clock.bootTime < limit {
            let answer = try JSONValue(answer: try ask(.delegate(trial)))
            if answer["decision"]?["decision"]?.text == "delegate" { return }
            try pass(.milliseconds(200))
        }
        throw .failed("no task is delegated")
    }

    /// Time in which a task is settled before the next one begins.
    static let settlement = TimeSpan.milliseconds(20)

    /// Has `count` tasks done, one after the other, each once the one before is settled.
    mutating func delegate(_ request: DelegationRequest, times count: Int) throws(BenchmarkError) -> Times {
        var times = Times()
        for _ in 0..<count {
            let begin = Clock.bootNanoseconds
            let effects = board.core.handle(.command(newCommand(), .delegate(request)), at: moment)
            let sent = Clock.bootNanoseconds
            try carryOut(effects)
            let reply = try awaitReply()
            guard reply.refusal == nil else { throw .failed("a task over the link fails: " + reply.json) }
            times.whole.add(Clock.bootNanoseconds - begin)
            times.wire.add(heardAt - sent)
            try pass(BarePayer.settlement)
        }
        return times
    }

    // MARK: The shell

    private var moment: Moment { BarePayer.moment(Clock.bootTime) }

    private static func moment(_ boot: BootTime) -> Moment {
        Moment(boot: boot, wall: Clock.wallTime - Clock.bootTime.since(boot), status: .synchronized)
    }

    private mutating func newCommand() -> CommandID {
        nextCommand += 1
        return CommandID(value: nextCommand)
    }

    private mutating func ask(_ command: AgentCommand) throws(BenchmarkError) -> CommandReply {
        try carryOut(board.core.handle(.command(newCommand(), command), at: moment))
        return try awaitReply()
    }

    private mutating func awaitReply() throws(BenchmarkError) -> CommandReply {
        let limit = Clock.bootTime + BarePayer.patience
        while true {
            if let reply = replies.removeValue(forKey: CommandID(value: nextCommand)) { return reply }
            guard Clock.bootTime < limit else { throw .failed("the payer's command is not answered") }
            try turn(until: limit)
        }
    }

    /// Lets `span` pass.
    private mutating func pass(_ span: TimeSpan) throws(BenchmarkError) {
        let end = Clock.bootTime + span
        while Clock.bootTime < end { try turn(until: end) }
    }

    private mutating func turn(until limit: BootTime) throws(BenchmarkError) {
        var effects: [AgentEffect] = []
        do throws(SystemError) {
            try loop.wait(until: min(limit, board.core.nextDeadline, sampleDue), into: &ready)
            let now = moment
            if !ready.isEmpty {
                heardAt = Clock.bootNanoseconds
                _ = try socket.receive { effects += board.core.receive($0, from: $1, at: now) }
            }
            if board.core.nextDeadline <= now.boot { effects += board.core.handle(.timer, at: now) }
        } catch { throw .system(error) }
        try carryOut(effects)
        if sampleDue <= Clock.bootTime { try sample(at: Clock.bootTime) }
    }

    private mutating func sample(at time: BootTime) throws(BenchmarkError) {
        let now = BarePayer.moment(time)
        if board.core.nextDeadline <= time { try carryOut(board.core.handle(.timer, at: now)) }
        try carryOut(board.core.handle(.sample(BenchmarkBoard.sample(at: time)), at: now))
        sampleDue = time + BarePayer.period
    }

    private mutating func carryOut(_ effects: [AgentEffect]) throws(BenchmarkError) {
        var queue = effects
        var next = 0
        while next < queue.count {
            switch queue[next] {
            case .persist(let token, _): queue += board.core.handle(.persisted(token), at: moment)
            case .send(let datagram): _ = socket.enqueue(datagram.bytes.span, to: datagram.destination)
            case .reply(let id, let reply): replies[id] = reply
            case .startWork, .cancelWork, .readRecords, .log, .answer, .prepare: break
            }
            next += 1
        }
        do throws(SystemError) {
            if socket.queuedCount > 0 { _ = try socket.flush() }
        } catch { throw .system(error) }
    }
}

extension JSONValue {
    /// What a reply says.
    init(answer reply: CommandReply) throws(BenchmarkError) {
        do throws(JSONError) { self = try JSONValue(parsing: Array(reply.json.utf8)) } catch {
            throw .failed(error.message)
        }
    }
}
