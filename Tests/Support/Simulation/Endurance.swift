import AgentCore
import Cryptography
import Federation
import Ledger
import Quantities
import Telemetry
import Wire

/// One agent that lives for months of virtual time: what it keeps must not grow for ever.
///
/// Its sensors fall silent and come back, the board runs hot and throttles, the process is killed and the board
/// loses power, the wall clock is set, operators ask, and every hour there is work. Once a day everything that the
/// agent keeps is counted; after the first third of the time none of it may be more than it was before.
public struct Endurance {
    /// What is counted once a day.
    public struct Figures: Sendable {
        /// The names of the counts, in their order.
        public static let names = [
            "records", "record bytes", "pages", "minutes", "hours", "ledger rows", "lots", "tasks", "tables",
            "log lines", "writes",
        ]
        /// The counts; the last two are of the day that ended, the others of that moment.
        public let counts: [Int]
    }

    private let samplePeriod: TimeSpan
    private var board: Board
    private var random: SimulationRandom
    private let verifier = SimulatedOperation()
    private var disk: CountedDisk
    private var now: Int64 = 0
    private var logLines = 0
    private var writes = 0
    private var commands: UInt64 = 0
    /// Told of every list of writes, as a store is.
    public var sink: (([StoreWrite]) -> Void)?
    private var unanswered: [(at: Int64, event: AgentEvent)] = []
    /// Starts so far.
    public private(set) var starts = 0
    /// Samples so far.
    public private(set) var samples = 0
    /// Own tasks that were worked.
    public private(set) var works = 0
    /// The counts of each day.
    public private(set) var days: [Figures] = []
    /// What went wrong on the way; nil where nothing did.
    public private(set) var finding: String?

    private static let day: Int64 = 86_400_000

    /// An agent that takes a sample every `samplePeriod` and makes a page every `window`.
    public init(seed: UInt64, samplePeriod: TimeSpan, window: TimeSpan = .seconds(10)) throws(SimulationSetupError) {
        var random = SimulationRandom(seed: seed)
        board = try Board(0, Scenario(scriptedBoards: 1, seed: seed), &random, scheme: KeyedHashScheme())
        self.samplePeriod = samplePeriod
        board.settings.energy.samplePeriod = samplePeriod
        board.settings.energy.window = window
        disk = CountedDisk(board.disk.durable)
        self.random = random
    }

    /// Lives for `count` more days.
    public mutating func live(days count: Int) {
        let end = now + Int64(count) * Endurance.day
        if board.core == nil { start() }
        var nextDay = now + Endurance.day
        var nextMischief = now + random.number(in: 600_000...7_200_000)
        var nextWork = now + 3_600_000
        while now < end, finding == nil {
            now += board.settings.energy.samplePeriod.milliseconds
            deliver()
            let moment = board.clock.moment(at: now)
            if let core = board.core, core.nextDeadline <= moment.boot { tell(.timer) }
            if let sample = board.sensors.sample(at: moment.boot, workers: 0, isHealed: false) {
                samples += 1
                tell(.sample(sample))
            }
            if now >= nextMischief {
                mischief()
                nextMischief = now + random.number(in: 600_000...14_400_000)
            }
            if now >= nextWork {
                nextWork = now + 3_600_000
                work()
            }
            if now >= nextDay {
                nextDay += Endurance.day
                endDay()
            }
        }
    }

    /// What grew after the first third of the days, in words; nil where nothing did.
    ///
    /// What is counted may go up and down: the most of the last third is held against the most of the second.
    public var growth: String? {
        guard days.count >= 6 else { return "too few days" }
        let third = days.count / 3
        for (index, name) in Figures.names.enumerated() {
            let second = days[third..<2 * third].map { $0.counts[index] }.max() ?? 0
            let last = days[(2 * third)...].map { $0.counts[index] }.max() ?? 0
            // A year of hours is kept; until then there is one for each that passed, and more where the clock jumps.
            if name == "hours", last <= min(25 * days.count, Int(EnergyHistoryLimits.hours)) { continue }
            // A tenth, and a few, is what chance does.
            if last > second + second / 10 + 16 { return "\(name) grew from \(second) to \(last)" }
        }
        return nil
    }

    // MARK: Life

    private mutating func start() {
        starts += 1
        let image = disk.open()
        let moment = board.clock.moment(at: now)
        do throws(AgentRestoreError) {
            board.core = try AgentMachine(
                identity: board.identity, settings: board.settings, scheme: board.scheme, verifier: verifier,
                store: image, bootID: board.clock.bootID,
                seed: Bytes32(high: UInt128(random.next()), low: UInt128(random.next())), now: moment)
        } catch {
            finding = "it cannot start from what it stored: " + error.explanation
            return
        }
        if let effects = board.core?.start(at: moment) { carryOut(effects) }
    }

    private mutating func mischief() {
        switch random.number(below: 100) {
        case 0..<30: board.sensors.changeHeat()
        case 30..<45: board.sensors.changeMemory()
        case 45..<55: board.clock.step(&random)
        case 55..<85:
            for command in [
                AgentCommand.status, .tasks, .balance, .history(limit: 8), .proofs(limit: 8),
                .energyHistory(HistoryQuery(.minute)), .energyHistory(HistoryQuery(.hour, limit: 24)),
                .runs(RunQuery(limit: 24)), .decisions(DecisionQuery(limit: 24)),
            ] {
                commands += 1
                tell(.command(CommandID(value: commands), command))
            }
        case 85..<95: restart(isPowerLoss: false)
        default: restart(isPowerLoss: true)
        }
    }

    /// The process ends, asked to or not, and is back after a while; now and then it samples every second then.
    private mutating func restart(isPowerLoss: Bool) {
        if !isPowerLoss, random.chance(permille: 500) { tell(.stopping) }
        board.core = nil
        unanswered = []
        now += random.number(in: 1_000...(random.chance(permille: 200) ? 3_600_000 : 20_000))
        if isPowerLoss { board.clock.reboot(at: now, &random) }
        board.settings.energy.samplePeriod = random.chance(permille: 50) ? .seconds(1) : samplePeriod
        start()
    }

    private mutating func work() {
        guard let operation = Operation(SimulatedOperation.name) else { return }
        commands += 1
        var request = DelegationRequest(operation: operation, input: [UInt8(truncatingIfNeeded: commands), 1, 2, 3])
        request.placement = .local
        tell(.command(CommandID(value: commands), .delegate(request)))
    }

    private mutating func endDay() {
        guard let core = board.core else { return }
        let figures = core.figures
        let image = core.ledgerImage
        days.append(
            Figures(counts: [
                disk.records, disk.bytes, disk.count(of: .proof), disk.count(of: .historyMinute),
                disk.count(of: .historyHour), image.rows.count, image.lots.count, figures.ended,
                figures.paying + figures.working + figures.local + figures.errands + figures.pings + figures.queries
                    + figures.queued + figures.active + figures.outbox + figures.pages + figures.lotProofs,
                logLines, writes,
            ]))
        logLines = 0
        writes = 0
    }

    // MARK: Events and effects

    /// Tells the agent what has become due of work and questions to the store.
    private mutating func deliver() {
        let due = unanswered.filter { $0.at <= now }
        guard !due.isEmpty else { return }
        unanswered.removeAll { $0.at <= now }
        for entry in due { tell(entry.event) }
    }

    private mutating func tell(_ event: AgentEvent) {
        if let effects = board.core?.handle(event, at: board.clock.moment(at: now)) { carryOut(effects) }
    }

    private mutating func carryOut(_ effects: [AgentEffect]) {
        for effect in effects {
            switch effect {
            case .persist(let token, let list):
                writes += list.count
                disk.apply(list)
                sink?(list)
                tell(.persisted(token))
            case .log: logLines += 1
            case .startWork(let order):
                works += 1
                let started = board.clock.moment(at: now).boot
                let report = WorkReport(
                    task: order.task, outcome: .result(SimulatedOperation.result(of: order.input)), started: started,
                    ended: started + .milliseconds(500), processor: .milliseconds(400), peakMemory: .mebibytes(20))
                unanswered.append((now + 500, .work(report)))
            case .readRecords(let query): unanswered.append((now, .records(query.id, disk.answer(query))))
            case .send, .cancelWork, .reply, .answer, .prepare: break
            }
        }
    }
}
