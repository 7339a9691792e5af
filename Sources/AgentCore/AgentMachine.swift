import Cryptography
import EnergyProofs
import Federation
import Ledger
import Link
import Quantities
import Telemetry
import Wire

/// The agent: every rule about energy, money, tasks and peers, composed into one pure machine.
///
/// A shell tells it what happens and carries out what it answers. It reads no clock, does no I/O and
/// draws no randomness; the same events at the same moments give the same effects. Daemon, simulator
/// and experiments all run this.
public struct AgentMachine {
    let identity: AgentIdentity
    var settings: AgentSettings
    let scheme: any SignatureScheme
    let verifier: any ResultVerifier
    let storeEpoch: StoreEpoch
    let bootEpoch: UInt64
    /// The home account: it is charged, pays for what is delegated and for work done here.
    let account: AccountID
    /// Why nothing can be stored; nil in ordinary life.
    public internal(set) var storeFault: String?
    /// Why the store, which is open again, is not known to take anything yet; nil in ordinary life.
    public var storeDoubt: String?

    var now: Moment
    var random: DeterministicRandom
    var staging = Staging()
    var effects: [AgentEffect] = []
    /// What waits for no write, but comes behind those of its event: workers that are started though nothing of their
    /// tasks is durable, since a start that fails is reported at once, and answers to be prepared meanwhile.
    var behindWrites: [AgentEffect] = []
    var logLimiter = LogLimiter()

    var ledger: LedgerMachine
    var clock: LedgerClock
    var energy: BoardEnergy
    /// The sources beside the board.
    var further: FurtherSources
    var rails: RailRegisters
    var history: EnergyHistory
    /// Whether what has to be read is read.
    var sensors: SensorWatch
    var gate: ChargingGate
    /// The newest pages of all sources, oldest first.
    var recentPages: [ProofPage] = []
    /// The pages of each source.
    var chains: [SourceID: PageChain]

    var link: LinkEndpoint
    var peers: [PlatformID: PeerState] = [:]
    var outbox: [PlatformID: [OutboxRow]] = [:]
    var heartbeatDue: BootTime
    var heartbeatSequence: UInt64 = 0
    /// What the last heartbeat said of operations.
    var statedOperations: [ServedOperation] = []
    /// Operations for which it had no room.
    var unstatedOperations = 0
    let startedAt: BootTime

    var paying = TaskTable<PayingTask>() { didSet { areTasksChanged = true } }
    var working = TaskTable<WorkingTask>() { didSet { areTasksChanged = true } }
    var local: [TaskID: LocalTask] = [:]
    /// Results of peers that are being found out by running the same again.
    var replications: [TaskID: Replication] = [:]
    /// Results of peers about which witnesses are asked.
    var witnessings: [TaskID: Witnessing] = [:]
    /// The evidence of what turned out to be false.
    var disputes: DisputeBook
    var errands: [CommandID: Errand] = [:]
    var pings: [CommandID: Ping] = [:]
    var queries: [UInt64: StoreQuestion] = [:]
    /// Questions to the store about the board's past.
    var historyQueries: [UInt64: HistoryQuestion] = [:]
    /// Questions to the store about runs that have ended.
    var runQueries: [UInt64: (command: CommandID, query: RunQuery, nextBefore: UInt64?)] = [:]
    /// Questions to the store that are under way.
    var openQueries: Int {
        queries.count + historyQueries.count + runQueries.count + decisions.questions.count + disputeQueries.count
    }
    /// Questions to the store about disputes.
    var disputeQueries: [UInt64: CommandID] = [:]
    /// Questions to the store for a peer that asked for a page.
    var pageQueries: [UInt64: PlatformID] = [:]
    var nextQuery: UInt64 = 1
    /// Work waiting for a worker, in the order in which it is started.
    var queue: [QueuedWork] = []
    /// Work whose worker runs, or has ended and waits for the meter.
    var active: [TaskID: ActiveWork] = [:]
    var nextTask: UInt64
    /// The number of the next run that is kept.
    var nextRun: UInt64
    /// What was earned from others today.
    var earnings: DayTotal
    /// What own tasks cost today, here and elsewhere.
    var spending: DayTotal
    /// What each identity used of its daily ceiling.
    var uses: IdentityUses
    /// What is known of identities.
    var identities: IdentityRegistry
    /// How many tasks each peer may send.
    var rates: RateLimit
    /// How many tasks each client may send.
    var clientRates: RateLimit
    /// The tasks of clients that ask over HTTP.
    var clients: ClientBook
    /// How many pages each peer may ask for.
    var pageRates = RateLimit(perMinute: LotAuditLimits.pageRequestsPerMinute)
    /// What is known of the lots of others that came here.
    var audit: LotAudit
    /// Statements about money lanes made since the start; each has its own number.
    var laneStatements: UInt64 = 0
    var predictor: Predictor
    /// When what was learned is to be written; nil where it is.
    var predictorDue: BootTime?
    var decisions: DecisionBook
    /// When tasks of each kind were last measured here, since the start.
    var measuredAt: [TaskKind: BootTime] = [:]
    /// Where tasks of each kind ran last.
    var lastPlace: [TaskKind: PlatformID] = [:]
    /// Tasks of peers whose payers are still to be told how far they are, and when.
    var stagesDue: [TaskID: BootTime] = [:]
    var isStopping = false
    /// How the gateway around this agent stands; for `status` alone.
    public var gateway = GatewayState.off
    /// How the operator's programs stand that serve operations.
    public var executors: [ExecutorStanding] = []
    /// What has happened since the start, for metrics.
    var counters = AgentCounters()
    /// How the configuration was last read.
    var configuration = ConfigurationStanding()

    /// Whether a task has changed since `taskDue` was found.
    var areTasksChanged = true
    /// When a task waits for time.
    var taskDue: LedgerTime?
    /// When a lock, a ticket or a lot ends, in the ledger at `ledgerDueAt`.
    var ledgerDue: LedgerTime?
    var ledgerDueAt: UInt64?

    // MARK: Beginning

    /// An agent that goes on from what `store` holds; `start` brings it to life.
    ///
    /// - Parameters:
    ///   - bootID: the boot of the machine, on whose timeline `now` is.
    ///   - seed: 32 random bytes that no other start was given.
    /// - Throws: `AgentRestoreError` where the store's records are not what this program wrote.
    public init(
        identity: AgentIdentity, settings: AgentSettings, scheme: any SignatureScheme,
        verifier: any ResultVerifier, store: StoreImage, bootID: Bytes16, seed: Bytes32, now: Moment
    ) throws(AgentRestoreError) {
        let restored = try RestoredRecords(store, policy: settings.charging)
        if let difference = restored.owner?.difference(from: StoreOwner(identity)) { throw .foreign(difference) }
        self.init(
            identity, settings, scheme, verifier, store, restored, bootID: bootID, seed: seed, now: now)
    }

    /// An agent that goes on from a store whose records are `restored`.
    init(
        _ identity: AgentIdentity, _ settings: AgentSettings, _ scheme: any SignatureScheme,
        _ verifier: any ResultVerifier, _ store: StoreImage, _ restored: RestoredRecords, bootID: Bytes16,
        seed: Bytes32, now: Moment
    ) {
        self.identity = identity
        self.settings = settings
        self.scheme = scheme
        self.verifier = verifier
        self.storeEpoch = store.storeEpoch
        self.bootEpoch = store.bootEpoch
        self.account = AgentIdentity.account(of: identity.delegator)
        self.now = now
        self.startedAt = now.boot
        self.heartbeatDue = now.boot
        self.random = DeterministicRandom(seed: seed)
        self.ledger = LedgerMachine(image: store.ledger)
        self.clock = restored.clock ?? LedgerClock(at: store.ledger.head.at)
        // The stored clock may be older than the journal; time that stood still until it caught up would be lost.
        self.clock.reach(store.ledger.head.at)
        let gate = restored.gate ?? ChargingGate(policy: settings.charging)
        self.gate = gate
        let (board, others) = restored.sources(board: settings.energy.source, gate)
        self.chains = others.mapValues { PageChain(after: $0.lastPage) }
        self.chains[settings.energy.source] = PageChain(after: board?.lastPage)
        self.energy = BoardEnergy(settings.energy, profile: settings.profile, bootID: bootID, resuming: board)
        self.further = FurtherSources(settings.energy, bootID: bootID, stored: others)
        self.rails = RailRegisters(period: settings.energy.samplePeriod)
        self.history = EnergyHistory(samplePeriod: settings.energy.samplePeriod, resuming: restored.history)
        self.sensors = SensorWatch(settings.profile, settings.energy.declarations)
        self.link = LinkEndpoint(
            configuration: LinkConfiguration(
                localNode: identity.id, prologue: identity.domain.federation.array, staticKey: identity.agreement,
                presharedKey: identity.presharedKey, bootEpoch: store.bootEpoch, storeEpoch: store.storeEpoch.number),
            random: DeterministicRandom(seed: random.bytes32()))
        self.paying = restored.paying
        self.working = restored.working
        self.outbox = restored.outbox
        self.nextTask = restored.nextTask
        self.nextRun = restored.nextRun
        self.decisions = DecisionBook(next: restored.nextDecision)
        self.earnings = restored.earnings
        self.spending = restored.spending
        self.uses = restored.uses
        self.identities = restored.identities
        self.disputes = restored.disputes
        self.rates = RateLimit(perMinute: settings.tasksPerMinute)
        self.clientRates = RateLimit(perMinute: settings.tasksPerMinute)
        self.clients = restored.clients
        self.audit = LotAudit(home: identity.id, limit: settings.unauditedLimit)
        self.predictor = restored.predictor ?? Predictor()
        for peer in restored.peers { peers[peer.id] = peer }
        for succession in identity.successions { follow(succession) }
    }

    /// Begins to act: opens the ledger where it is new, takes up what was under way, and greets the peers.
    public mutating func start(at now: Moment) -> [AgentEffect] {
        guard storeFault == nil else { return [] }
        begin(now)
        if ledger.image.summary == nil {
            staging.write(.put(.setting, key: SettingKey.owner, value: StoreOwner(identity).encoded))
            apply(.genesis(Genesis(home: identity.id, storeEpoch: storeEpoch, supply: settings.supply)))
        }
        stage(uses.takeApart())
        registerSources()
        for id in peers.keys.sorted() { if let peer = peers[id] { link.addPeer(peer.linkPeer) } }
        resumeTasks()
        return finish()
    }

    // MARK: Events

    /// Takes in an event.
    public mutating func handle(_ event: AgentEvent, at now: Moment) -> [AgentEffect] {
        if case .configured(let standing, let new) = event {
            configuration = standing
            if let new { adopt(new, at: now) }
            return []
        }
        if let storeFault {
            self.now = now
            return effects(of: event, without: storeFault)
        }
        begin(now)
        switch event {
        case .sample(let sample): handle(sample)
        case .command(let id, let command): handle(id, command)
        case .client(let id, let command): handle(id, command)
        case .commandAbandoned(let id): abandon(id)
        case .work(let report): handle(report)
        case .persisted(let token): release(staging.confirm(token))
        case .records(let query, let records):
            if let peer = pageQueries.removeValue(forKey: query) {
                sendPage(records, to: peer)
            } else if !answerHistory(query, records), !answerRuns(query, records),
                !answerDecisions(query, records), !answerDispute(query, records)
            {
                answer(query, records)
            }
        case .timer, .configured: break
        case .stopping:
            endWindows()
            isStopping = true
            stopClientTasks()
            endHistory()
            putOffClock()
            if predictorDue != nil { predictorDue = now.boot }
            staging.hurry()
        }
        return finish()
    }

    /// Takes in a datagram that came from `source`.
    public mutating func receive(_ datagram: Span<UInt8>, from source: NetworkAddress, at now: Moment)
        -> [AgentEffect]
    {
        guard storeFault == nil else { return [] }
        begin(now)
        _ = link.receive(datagram, from: source, now: now.boot)
        return finish()
    }

    /// When `AgentEvent.timer` is due next.
    public var nextDeadline: BootTime {
        guard storeFault == nil else { return .distantFuture }
        var next = heartbeatDue
        if let deadline = link.nextDeadline { next = min(next, deadline) }
        if let deadline = staging.deadline { next = min(next, deadline) }
        if let predictorDue { next = min(next, predictorDue) }
        if let deadline = energy.meter.deadline { next = min(next, deadline) }
        if let deadline = further.deadline { next = min(next, deadline) }
        for due in [taskDue, ledgerDue] { if let due { next = min(next, now.boot + due.since(ledgerNow)) } }
        for peer in peers.values { if let due = peer.outboxDue { next = min(next, due) } }
        for ping in pings.values { next = min(next, ping.deadline) }
        if let deadline = logLimiter.deadline { next = min(next, deadline) }
        if let deadline = clients.deadline { next = min(next, deadline) }
        if let due = stagesDue.values.min() { next = min(next, due) }
        for replication in replications.values { if let due = replication.retryAt { next = min(next, due) } }
        for witnessing in witnessings.values { if let due = witnessing.retryAt { next = min(next, due) } }
        for errand in errands.values { if let due = errand.waitsUntil { next = min(next, due) } }
        for errand in errands.values where errand.task.map({ paying[$0] != nil }) == true {
            next = min(next, errand.deadline)
        }
        return max(next, now.boot)
    }

    /// Whether nothing is under way that a stop would interrupt: every write is durable, no worker runs.
    public var isSettled: Bool { staging.isSettled && active.isEmpty && predictorDue == nil }

    // MARK: One event

    mutating func begin(_ now: Moment) {
        self.now = now
        clock.advance(boot: now.boot, wall: now.status == .synchronized ? now.wall : nil)
        link.advance(to: now.boot)
        // What has run out has run out before the event: nothing is decided on a lock that is over.
        passTaskTime()
    }

    /// Carries on everything that the event, or time, has made possible; returns the effects in order.
    mutating func finish() -> [AgentEffect] {
        drainLink()
        passTime()
        startQueuedWork()
        drainLink()
        returnUsedTokens()
        forgetEndedTasks()
        raiseFloors()
        if isStopping { staging.hurry() }
        findDeadlines()
        let (write, ready) = staging.finish(now: now.boot)
        if let write { effects.append(write) }
        effects += behindWrites
        behindWrites = []
        release(ready)
        while let datagram = link.nextDatagram(now: now.boot) { effects.append(.send(datagram)) }
        defer { effects = [] }
        return effects
    }

    private mutating func drainLink() {
        while let event = link.nextEvent() { handle(event) }
    }

    private mutating func passTime() {
        passMeterTime()
        if now.boot >= heartbeatDue { sendHeartbeats() }
        resendOutbox()
        sweepLots()
        expirePings()
        retryReplicas()
        retryWitnesses()
        resumeErrands()
        expireErrands()
        writePredictor()
        expireClientTasks()
        tellStages()
        for entry in logLimiter.endStretch(at: now.boot) { effects.append(.log(entry)) }
    }

    private mutating func release(_ dependents: [Staging.Dependent]) {
        for dependent in dependents {
            switch dependent {
            case .effect(let effect): effects.append(effect)
            case .message(let peer, let messageClass, let bytes):
                // What a silent peer cannot get is not piled up for it: it would be old when it arrives.
                guard messageClass == .heartbeat || link.status(of: peer)?.isUnresponsive != true else { continue }
                // A full queue is the same as a lost message: whoever needs an answer sends again.
                _ = link.send(bytes, to: peer, class: messageClass, now: now.boot)
            }
        }
    }

    // MARK: Means

    /// The ledger's time.
    var ledgerNow: LedgerTime { max(clock.now, ledger.image.head.at) }

    /// Applies an event that this agent has checked beforehand, and stages what it changes.
    ///
    /// Returns nil, and logs why, where the ledger refuses it all the same.
    @discardableResult
    mutating func apply(_ event: LedgerEvent) -> LedgerResult? {
        do throws(LedgerError) {
            return try tryApply(event)
        } catch {
            log(.warning, "the ledger refuses: " + error.explanation, kind: .ledgerRefused)
            return nil
        }
    }

    /// Applies an event, and stages what it changes; what begins something may wait for its end.
    mutating func tryApply(_ event: LedgerEvent, isStoredAtEnd: Bool = false) throws(LedgerError) -> LedgerResult {
        let outcome = try ledger.apply(event, at: ledgerNow)
        if let commit = outcome.commit {
            stage(.ledger(commit), isStoredAtEnd: isStoredAtEnd)
            forgetPages(of: commit)
        }
        return outcome.result
    }

    /// Has `write` made at the end of this event, or with the end of what it begins.
    mutating func stage(_ write: StoreWrite, isStoredAtEnd: Bool) {
        if isStoredAtEnd { staging.letWait(write, now: now.boot) } else { staging.write(write) }
    }

    /// Lets `effect` happen once everything so far is durable.
    mutating func afterWrites(_ effect: AgentEffect) { staging.afterWrites(.effect(effect)) }

    /// Sends `message` to `peer` once everything so far is durable.
    mutating func send(_ message: PeerMessage, to peer: PlatformID) {
        guard let state = peers[peer], let messageClass = MessageClass(rawValue: message.messageClass.rawValue) else {
            return
        }
        staging.afterWrites(.message(state.linkID, messageClass, message.encoded))
    }

    /// Answers a command once everything so far is durable.
    mutating func reply(_ command: CommandID, _ reply: CommandReply) { afterWrites(.reply(command, reply)) }

    mutating func log(_ level: LogEntry.Level, _ text: String, kind: LogEntry.Kind? = nil) {
        for entry in logLimiter.admit(LogEntry(level, text, kind: kind), at: now.boot) { effects.append(.log(entry)) }
    }

    /// A number for a new task, ticket or grant.
    mutating func newTask(isStoredAtEnd: Bool = false) -> TaskReference {
        let reference = TaskReference(delegator: identity.id, storeEpoch: storeEpoch, sequence: nextTask)
        nextTask += 1
        var writer = CBORWriter()
        writer.unsigned(nextTask)
        stage(.put(.setting, key: SettingKey.nextTask, value: writer.bytes), isStoredAtEnd: isStoredAtEnd)
        return reference
    }

    mutating func putOffClock() {
        var writer = CBORWriter()
        clock.write(to: &writer)
        staging.putOff(.put(.setting, key: SettingKey.clock, value: writer.bytes), now: now.boot)
    }
}

/// Why an agent cannot go on from its store.
public enum AgentRestoreError: Error, Sendable {
    /// The store is that of another key, federation or account; how it differs, in words.
    case foreign(String)
    /// A record is not what this program writes.
    case malformed(StoreRecordKind, key: [UInt8])

    /// What is wrong, for a person.
    public var explanation: String {
        switch self {
        case .foreign(let difference): "the ledger is another's: " + difference
        case .malformed(let kind, let key): "a record of kind \(kind.rawValue) is damaged (key \(hexadecimal(key)))"
        }
    }
}
