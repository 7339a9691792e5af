import AgentCore
import Cryptography
import Federation
import Ledger
import Link
import Quantities
import Telemetry
import Wire

/// Boards in one virtual time, over one virtual network, with everything going wrong that the seed says.
struct Fleet {
    let scenario: Scenario
    var now: Int64 = 0
    var random: SimulationRandom
    var queue = EventQueue<FleetEvent>()
    var network: SimulatedNetwork
    var boards: [Board] = []
    var trace: Trace
    var checker: Checker
    var verifier = SimulatedOperation()
    /// Whether trouble is over.
    var isHealed = false
    /// Since when.
    var healedAt: Int64 = 0
    var events = 0
    private var runs = 0
    /// The inputs of commands that were run; every task has one of its own.
    private var commandsRun: Set<[UInt8]> = []
    /// Replies to commands, kept for the tests of a scripted fleet.
    var replies: [CommandID: CommandReply] = [:]
    /// What clients were answered, in a scripted fleet.
    var answers: [CommandID: ClientAnswer] = [:]
    /// After how many more effects a board crashes.
    var effectsUntilCrash: (board: Int, count: Int)?
    var commands: UInt64 = 0
    /// How many pages were read from the stores for peers.
    var pageReads = 0
    private var lastTimer: (at: Int64, count: Int) = (0, 0)

    init(_ scenario: Scenario, keepingLines: Bool) throws(SimulationSetupError) {
        self.scenario = scenario
        random = scenario.random
        network = SimulatedNetwork(.drawn(&random), random: random.split())
        trace = Trace(keepingLines: keepingLines)
        let scheme: any SignatureScheme = scenario.hasRealSignatures ? Ed25519() : KeyedHashScheme()
        for index in 0..<scenario.boards {
            boards.append(try Board(index, scenario, &random, scheme: scheme))
        }
        checker = Checker(homes: boards.map { $0.id })
        if scenario.isScripted {
            isHealed = true
            network.conditions = .calm
        }
        for index in boards.indices {
            queue.schedule(.start(board: index), at: random.number(in: 0...500))
            for other in boards.indices where other != index {
                queue.schedule(.addPeer(board: index, other: other), at: random.number(in: 1_000...2_000))
            }
            guard !scenario.isScripted else { continue }
            queue.schedule(.operate(board: index), at: 10_000 + random.number(below: 2 * scenario.commandMilliseconds))
        }
        if scenario.crashMilliseconds > 0 {
            queue.schedule(.crash, at: 10_000 + random.number(below: 2 * scenario.crashMilliseconds))
        }
        if scenario.networkMilliseconds > 0 {
            queue.schedule(.weather, at: 10_000 + random.number(below: 2 * scenario.networkMilliseconds))
        }
        if !scenario.isScripted { queue.schedule(.heal, at: 10_000 + scenario.troubleMilliseconds) }
    }

    /// How long the fleet may take to come to rest once trouble is over.
    private var restMilliseconds: Int64 { 300_000 + 6 * scenario.grace.milliseconds }

    /// Runs until the fleet has come to rest, or a checker finds something; returns what it found.
    mutating func run() -> String? {
        let end = 10_000 + scenario.troubleMilliseconds + restMilliseconds
        while step() {
            if let finding = checker.finding { return finding }
            // Heartbeats have told everybody how the others do before rest means anything.
            guard isHealed, now > healedAt + 15_000 else { continue }
            guard let unfinished = boards.lazy.compactMap({ $0.unfinished }).first else { return finalFinding() }
            if now > end {
                for board in boards.indices { ask(board, .tasks) }
                return "not at rest: " + unfinished
            }
        }
        return "nothing is scheduled any more"
    }

    /// Lets the next event happen; false where there is none.
    mutating func step() -> Bool {
        guard let next = queue.take() else { return false }
        // What was due while every board slept happens now.
        now = max(now, next.at)
        events += 1
        trace.add(now)
        handle(next.event)
        return true
    }

    private mutating func finalFinding() -> String? {
        checker.checkEnd(boards)
        return checker.finding
    }

    // MARK: Events

    private mutating func handle(_ event: FleetEvent) {
        switch event {
        case .datagram(let receiver, let sender, let bytes):
            trace.add(UInt64(receiver))
            let moment = boards[receiver].clock.moment(at: now)
            let source = Board.address(of: sender)
            let effects = boards[receiver].core?.receive(bytes.span, from: source, at: moment)
            if let effects { carryOut(effects, of: receiver) }
        case .sample(let board, let process):
            guard isRunning(board, process) else { return }
            let moment = boards[board].clock.moment(at: now)
            let sample = boards[board].sensors.sample(
                at: moment.boot, workers: boards[board].workers.count, isHealed: isHealed)
            queue.schedule(event, at: now + scenario.samplePeriod.milliseconds)
            if let sample { tell(board, .sample(sample)) }
        case .timer(let board, let process):
            guard isRunning(board, process), boards[board].timer == now else { return }
            boards[board].timer = nil
            lastTimer = (now, lastTimer.at == now ? lastTimer.count + 1 : 0)
            if lastTimer.count > 100 { checker.report(boards[board].name + "'s timer comes again and again at once") }
            tell(board, .timer)
        case .flush(let board, let process):
            guard isRunning(board, process), let (token, writes) = boards[board].disk.flushNext() else { return }
            checker.durable([writes], of: board, boards)
            trace.line("\(now) " + boards[board].name + " flushed \(token.value)")
            tell(board, .persisted(token))
        case .worker(let board, let process, let task, let run, let report):
            guard isRunning(board, process), boards[board].workers[task] == run else { return }
            boards[board].workers[task] = nil
            tell(board, .work(report))
        case .records(let board, let process, let query):
            guard isRunning(board, process) else { return }
            tell(board, .records(query.id, answer(query, of: board)))
        case .addPeer(let board, let other): ask(board, .addPeer(record: boards[other].record))
        case .operate(let board): operate(board)
        case .crash: crashSomething()
        case .start(let board): start(board)
        case .weather: changeNetwork()
        case .join(let first, let second): network.setCut(false, between: first, and: second)
        case .heal: heal()
        }
    }

    func isRunning(_ board: Int, _ process: Int) -> Bool {
        boards[board].core != nil && boards[board].process == process
    }

    /// Tells a board's agent of `event`, and carries out what it answers.
    mutating func tell(_ board: Int, _ event: AgentEvent) {
        let moment = boards[board].clock.moment(at: now)
        trace.add(UInt64(board))
        guard let effects = boards[board].core?.handle(event, at: moment) else { return }
        carryOut(effects, of: board)
    }

    // MARK: Effects

    mutating func carryOut(_ effects: [AgentEffect], of board: Int) {
        let process = boards[board].process
        var changed = false
        for effect in effects {
            if !isHealed, now > 10_000, scenario.crashPerEffect > 0,
                random.number(below: 10_000) < scenario.crashPerEffect
            {
                crash(board)
                break
            }
            if let left = effectsUntilCrash, left.board == board {
                effectsUntilCrash = left.count == 0 ? nil : (board, left.count - 1)
                if left.count == 0 {
                    crash(board)
                    break
                }
            }
            if case .persist = effect { changed = true }
            carryOut(effect, of: board, process)
        }
        if changed { checker.changed(board, boards) }
        if let figures = boards[board].core?.figures {
            checker.bounds(figures, of: boards[board].name)
            // All boards are honest; only a test may make one look otherwise.
            if !scenario.isScripted, figures.contradictedLots > 0 {
                checker.report(boards[board].name + " finds good lots false")
            }
        }
        setTimer(of: board)
    }

    private mutating func carryOut(_ effect: AgentEffect, of board: Int, _ process: Int) {
        switch effect {
        case .persist(let token, let writes):
            trace.add(token.value)
            for write in writes { traceWrite(write, of: board) }
            boards[board].disk.persist(token, writes)
            let delay = isHealed ? random.number(in: 1...3) : random.number(in: 0...scenario.diskMilliseconds)
            boards[board].flushAt = max(boards[board].flushAt, now + delay)
            queue.schedule(.flush(board: board, process: process), at: boards[board].flushAt)
        case .send(let datagram): send(datagram, from: board)
        case .startWork(let order):
            trace.add(order.task.bytes.array)
            trace.line("\(now) " + boards[board].name + " starts " + order.task.text)
            checker.started(order, of: boards[board])
            startWorker(order, of: board)
        case .cancelWork(let task):
            trace.line("\(now) " + boards[board].name + " cancels the work on " + task.text)
            cancelWorker(task, of: board)
        case .reply(let command, let reply):
            trace.add(reply.json)
            trace.line("\(now) " + boards[board].name + " replies \(command.value): " + reply.json)
            if scenario.isScripted { replies[command] = reply }
            checker.replied(reply, isAwaited: boards[board].asked.remove(command) != nil, of: boards[board])
        case .answer(let command, let answer):
            trace.line("\(now) " + boards[board].name + " answers client \(command.value)")
            if scenario.isScripted { answers[command] = answer }
            if case .proven(_, let terms) = answer {
                trace.add(terms.task)
                checker.proved(terms, on: boards[board])
            }
        case .prepare: break
        case .readRecords(let query):
            if case .chargedPage = query.kind { pageReads += 1 }
            queue.schedule(.records(board: board, process: process, query: query), at: now + random.number(in: 0...20))
        case .log(let entry):
            trace.add(entry.text)
            trace.line("\(now) " + boards[board].name + " says " + entry.text)
        }
    }

    private mutating func traceWrite(_ write: StoreWrite, of board: Int) {
        switch write {
        case .ledger(let commit):
            trace.add(commit.record.hash.array)
            trace.line(
                "\(now) " + boards[board].name + " journals \(commit.record.sequence) "
                    + ((try? commit.record.decodedEvent())?.name ?? "?"))
        case .put(let kind, let key, let value):
            trace.add(UInt64(kind.rawValue))
            trace.add(key)
            trace.add(value)
            trace.line(
                "\(now) " + boards[board].name + " stores kind \(kind.rawValue) " + hexadecimal(key)
                    + ", \(value.count) bytes")
        case .remove(let kind, let key), .removeRange(let kind, from: _, below: let key):
            trace.add(UInt64(kind.rawValue))
            trace.add(key)
            trace.line("\(now) " + boards[board].name + " removes kind \(kind.rawValue) " + hexadecimal(key))
        }
    }

    private mutating func send(_ datagram: OutgoingDatagram, from board: Int) {
        trace.add(datagram.bytes)
        guard let receiver = Board.index(of: datagram.destination), receiver < boards.count else { return }
        for delay in network.delays(from: board, to: receiver) {
            var bytes = datagram.bytes
            if !isHealed, scenario.corruptionPermille > 0, random.chance(permille: scenario.corruptionPermille) {
                bytes[Int(random.number(below: Int64(bytes.count)))] ^= 1 << UInt8(random.number(below: 8))
            }
            queue.schedule(.datagram(to: receiver, from: board, bytes: bytes), at: now + delay)
        }
    }

    private mutating func setTimer(of board: Int) {
        guard let deadline = boards[board].core?.nextDeadline else { return }
        let at = max(now, boards[board].clock.time(of: deadline))
        guard at < .max, boards[board].timer.map({ at < $0 || $0 < now }) ?? true else { return }
        boards[board].timer = at
        queue.schedule(.timer(board: board, process: boards[board].process), at: at)
    }

    private func records(
        _ kind: StoreRecordKind?, from first: [UInt8], below end: [UInt8], limit: Int, of board: Int
    ) -> StoreAnswer {
        let records = kind.map { boards[board].disk.durable.records($0) } ?? []
        let asked = records.filter {
            !$0.key.lexicographicallyPrecedes(first) && $0.key.lexicographicallyPrecedes(end)
        }
        return .history(Array(asked.prefix(limit)))
    }

    private func answer(_ query: RecordQuery, of board: Int) -> StoreAnswer {
        let disk = boards[board].disk
        switch query.kind {
        case .proofs(let first, let end):
            return .pages(disk.pages(from: first, below: end).prefix(query.limit).map { $0.value })
        case .newestProofs(let keys):
            let pages = disk.pages(from: keys.start, below: keys.end)
            return .pages(pages.reversed().prefix(query.limit).map { $0.value })
        case .chargedPage(let hash):
            return .pages(disk.durable.value(.chargedPage, key: hash.array).map { [$0] } ?? [])
        case .history(let resolution, let first, let end):
            return records(resolution.recordKind, from: first, below: end, limit: query.limit, of: board)
        case .runs(let first, let end): return records(.run, from: first, below: end, limit: query.limit, of: board)
        case .decisions(let first, let end):
            return records(.decision, from: first, below: end, limit: query.limit, of: board)
        case .dispute(let key):
            return .history(disk.durable.value(.task, key: key).map { [StoredRecord(key: key, value: $0)] } ?? [])
        case .newestJournal: return .journal(Array(disk.journal.reversed().prefix(query.limit)))
        case .verification:
            let ledger = disk.durable.ledger
            if let violation = ledger.violations.first { return .notVerified(violation.explanation) }
            return .verified(
                LedgerVerification(
                    head: ledger.head, firstReplayed: 1, lines: UInt64(disk.journal.count), rows: ledger.rows.count,
                    stateHash: ledger.stateHash))
        }
    }

    // MARK: Workers

    private mutating func startWorker(_ order: WorkOrder, of board: Int) {
        runs += 1
        boards[board].workers[order.task] = runs
        if order.operation.runsOnce, !commandsRun.insert(order.input).inserted {
            checker.report("a command ran a second time")
        }
        var milliseconds = random.number(in: 20...3_000)
        var work = boards[board].conduct.work(on: order.input)
        if let asked = order.verified {
            let isRight = asked == SimulatedOperation.result(of: order.input)
            work = (Array("null".utf8), isRight ? SimulatedOperation.worth(of: order.input) : .zero, 0)
        }
        // Some are over before anybody was told that they began.
        if !scenario.isScripted, random.chance(permille: 250) { milliseconds = random.number(in: 0...15) }
        milliseconds = boards[board].workMilliseconds ?? max(milliseconds, work.leastMilliseconds)
        var outcome = WorkReport.Outcome.result(work.result)
        if boards[board].conduct.refuses { outcome = .failure("not a frame") }
        if !isHealed, random.chance(permille: scenario.badWorkPermille) {
            switch random.number(below: 6) {
            case 0: outcome = .crashed("signal 11")
            case 1: (outcome, milliseconds) = (.timedOut, order.timeout.milliseconds)
            case 2: outcome = .failure("not a frame")
            case 3: outcome = .outOfMemory(limit: order.memory)
            case 4: outcome = .result([1, 2, 3])
            default: outcome = .result([UInt8](repeating: 7, count: Int(random.number(in: 0...70_000))))
            }
        }
        if let forced = boards[board].workOutcome { outcome = forced }
        if milliseconds > order.timeout.milliseconds {
            (outcome, milliseconds) = (.timedOut, max(0, order.timeout.milliseconds))
        }
        let quality = boards[board].tellsQuality ? work.quality : nil
        scheduleReport(order.task, of: board, outcome, quality: quality, after: milliseconds)
    }

    private mutating func cancelWorker(_ task: TaskID, of board: Int) {
        guard boards[board].workers[task] != nil else { return }
        runs += 1
        boards[board].workers[task] = runs
        scheduleReport(task, of: board, .cancelled, after: random.number(in: 0...50))
    }

    private mutating func scheduleReport(
        _ task: TaskID, of board: Int, _ outcome: WorkReport.Outcome, quality: BasisPoints? = nil,
        after milliseconds: Int64
    ) {
        let started = boards[board].clock.moment(at: now).boot
        let report = WorkReport(
            task: task, outcome: outcome, started: started, ended: started + .milliseconds(milliseconds),
            processor: .milliseconds(milliseconds * 9 / 10), peakMemory: .mebibytes(random.number(in: 4...64)),
            quality: quality)
        queue.schedule(
            .worker(board: board, process: boards[board].process, task: task, run: runs, report: report),
            at: now + milliseconds)
    }
}
