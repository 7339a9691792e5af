import AgentCore
import Cryptography
import Federation
import Gateway
import Ledger
import Link
import Platform
import Quantities
import Store
import Telemetry
import Wire
import Workers

/// Runs an agent: waits for what happens, tells the core, and carries out what it answers.
///
/// One thread owns all of it; only the store, the sensors and clients' signatures have threads of their own.
public struct AgentDaemon: ~Copyable {
    enum Token {
        static let signals = EventToken(rawValue: 1)
        static let datagrams = EventToken(rawValue: 2)
        static let store = EventToken(rawValue: 3)
        static let sensors = EventToken(rawValue: 4)
        static let http = EventToken(rawValue: 5)
        static let signatures = EventToken(rawValue: 6)
        static let workers = EventToken(rawValue: 16)
        static let control: UInt32 = 1024
    }

    /// How long a stop may take before the agent ends all the same.
    private static let stopTime = TimeSpan.seconds(5)
    /// Time in which the lock of the state folder has to become free.
    private static let lockTime = TimeSpan.milliseconds(500)
    private static let notYetOpen = "it is being opened"
    /// Datagrams handled at once.
    private static let batch = DatagramBatch(datagrams: 32, datagramBytes: 1500)

    var plan: DaemonPlan
    let log = DaemonLog()
    var service = ServiceNotices()
    /// How the configuration was last read.
    var standing = ConfigurationStanding()
    /// Where datagrams come in.
    let address: NetworkAddress
    private let lock: LockFile
    private let signals: SignalSource
    var loop: EventLoop
    private var socket: DatagramSocket
    private var store: StoreThread
    var sensors: SensorThread
    var workers: WorkerPool
    /// How far the core was told of the executors.
    var attended: Int?
    private var control: ControlServer
    var http: HTTPServer
    /// Reads what is long, and verifies and signs for several clients at a time; nil before they ask.
    var signatures: SignatureThread?
    /// How the gateway stands; a new core is told.
    var gateway = GatewayState.off
    var program: ProgramMetrics
    let startedAt: BootTime
    var clock = MomentClock()
    var core: AgentMachine
    /// The connections that wait for a command's reply.
    private var askers: [CommandID: UInt32] = [:]
    /// Clients' answers that are to be signed in this turn of the loop.
    var unprepared: [(CommandID, ClientAnswer)] = []
    private var nextCommand: UInt64 = 1
    private var stopBy: BootTime?
    private var isSocketBlocked = false
    var storeHealth = StoreHealth()
    private var wasStoreOpen = false
    /// Why the store is not this agent's, where it is not.
    private var foreignStore: String?

    // MARK: Beginning

    /// Runs the agent of `plan` until it is asked to stop.
    public static func run(_ plan: DaemonPlan) throws(DaemonError) {
        // Before any other thread, which would otherwise get the signals.
        let signals = try system { () throws(SystemError) in
            try SignalSource([.terminate, .interrupt, .hangup])
        }
        let lock = try acquire(plan.lockPath)
        let store = try system { () throws(SystemError) in try storeThread(plan, creates: true) }
        // Nobody is let in before the store is open, or is known not to open.
        let loop = try system { () throws(SystemError) in
            var loop = try EventLoop()
            try loop.register(store.descriptor, Token.store, .readable)
            var events: [ReadyEvent] = []
            try loop.wait(until: nil, into: &events)
            return loop
        }
        let socket = try system { () throws(SystemError) in
            try DatagramSocket(boundTo: plan.listen, batch: batch)
        }
        let sensors = try system { () throws(SystemError) in
            try SensorThread(
                plan.source, profile: plan.settings.profile, declared: plan.settings.energy.declarations,
                period: plan.settings.energy.samplePeriod, now: Clock.bootTime)
        }
        let workers = try system { () throws(SystemError) in
            // Room for as many as may ever be set; the core starts no more than are.
            try WorkerPool(
                plan.workers, concurrency: WorkerLimits.maximumConcurrentWorkers, firstToken: Token.workers)
        }
        let address = try system { () throws(SystemError) in
            try loop.register(signals.descriptor, Token.signals, .readable)
            try loop.register(socket.descriptor, Token.datagrams, .readable)
            try loop.register(sensors.descriptor, Token.sensors, .readable)
            return try socket.localAddress()
        }
        let control = try system { () throws(SystemError) in
            try ControlServer(at: plan.socketPath, in: loop, firstToken: Token.control)
        }
        let core = try system { () throws(SystemError) in
            try AgentDaemon.core(plan, without: notYetOpen)
        }
        var daemon = AgentDaemon(
            plan, lock: lock, signals: signals, loop: loop, socket: socket, store: store, sensors: sensors,
            workers: workers, control: control, core: core, address: address)
        daemon.endLeftWorkers()
        daemon.configureWorkers()
        do throws(SystemError) {
            try daemon.takeCompletions()
        } catch { throw .system(error) }
        if let difference = daemon.foreignStore { throw .foreignStore(difference) }
        do throws(SystemError) {
            daemon.log.write(
                .notice,
                plan.identity.platform.text + " (" + plan.settings.profile.name + ") listens at " + address.text
                    + "; commands are taken at " + plan.socketPath, kind: .started)
            try daemon.work()
        } catch { throw .system(error) }
    }

    private init(
        _ plan: DaemonPlan, lock: consuming LockFile, signals: consuming SignalSource, loop: consuming EventLoop,
        socket: consuming DatagramSocket, store: consuming StoreThread, sensors: consuming SensorThread,
        workers: consuming WorkerPool, control: consuming ControlServer, core: AgentMachine, address: NetworkAddress
    ) {
        self.plan = plan
        self.lock = lock
        self.signals = signals
        self.loop = loop
        self.socket = socket
        self.store = store
        self.sensors = sensors
        self.workers = workers
        self.control = control
        self.core = core
        http = HTTPServer(plan.http, token: Token.http)
        program = ProgramMetrics(version: plan.version, started: Clock.wallTime)
        startedAt = Clock.bootTime
        self.address = address
    }

    private static func system<Result: ~Copyable>(_ body: () throws(SystemError) -> Result) throws(DaemonError)
        -> Result
    {
        do throws(SystemError) { return try body() } catch { throw .system(error) }
    }

    /// The lock of the state folder.
    ///
    /// A worker that was being started when the agent before was killed holds that agent's lock for the moment
    /// that it outlives it.
    private static func acquire(_ path: String) throws(DaemonError) -> LockFile {
        var loop = try system { () throws(SystemError) in try EventLoop() }
        let deadline = Clock.bootTime + lockTime
        while true {
            switch try system({ () throws(SystemError) in try LockFile.acquire(path) }) {
            case .acquired(let lock): return lock
            case .held(let process):
                guard Clock.bootTime < deadline else { throw .alreadyRunning(process: process) }
            }
            do throws(SystemError) {
                var events: [ReadyEvent] = []
                try loop.wait(until: Clock.bootTime + .milliseconds(20), into: &events)
            } catch { throw .system(error) }
        }
    }

    // MARK: The core

    /// The store's thread, which folds the journal into checkpoints that this node signs.
    private static func storeThread(_ plan: DaemonPlan, creates: Bool) throws(SystemError) -> StoreThread {
        let identity = plan.identity
        return try StoreThread(path: plan.storePath, creates: creates) { checkpoint in
            var writer = CBORWriter()
            checkpoint.write(to: &writer)
            return SignedEnvelope(
                signing: writer.bytes, as: .ledgerCheckpoint, with: identity.signing, in: identity.domain, by: Ed25519()
            ).encoded
        }
    }

    /// An agent that only measures, because of what is wrong with its store.
    private static func core(_ plan: DaemonPlan, without fault: String) throws(SystemError) -> AgentMachine {
        let (bootID, seed) = try beginning()
        return AgentMachine(
            withoutStore: fault, identity: plan.identity, settings: plan.settings, scheme: Ed25519(),
            verifier: OperationVerifier(), bootID: bootID, seed: seed, now: MomentClock().now)
    }

    /// The machine's boot, and random bytes that no other core was given.
    private static func beginning() throws(SystemError) -> (bootID: Bytes16, seed: Bytes32) {
        guard let seed = Bytes32(try Entropy.bytes(32)) else { preconditionFailure("thirty-two bytes") }
        return (try Clock.bootID(), seed)
    }

    /// Goes on with what the store holds.
    private mutating func begin(from image: StoreImage) throws(SystemError) {
        let (bootID, seed) = try AgentDaemon.beginning()
        let next: AgentMachine
        do throws(AgentRestoreError) {
            next = try AgentMachine(
                identity: plan.identity, settings: plan.settings, scheme: Ed25519(), verifier: OperationVerifier(),
                store: image, bootID: bootID, seed: seed, now: clock.now)
        } catch {
            if case .foreign(let difference) = error { foreignStore = difference }
            return try giveUpStore(error.explanation)
        }
        replaceCore(by: next)
        core.storeDoubt = storeHealth.fault
        wasStoreOpen = true
        try carryOut(core.start(at: clock.now))
        if storeHealth.fault != nil { try carryOut(core.proveStore(at: clock.now)) }
        try addConfiguredPeers()
    }

    /// A store that was in trouble has taken what it was given.
    private mutating func trustStore() {
        guard storeHealth.committed(at: Clock.bootTime) else { return }
        core.storeDoubt = nil
        log.write(.notice, "the store can be used again", kind: .storeUsable)
    }

    private mutating func replaceCore(by next: AgentMachine) {
        let before = core
        core = next
        core.goOnWatching(after: before)
        core.gateway = gateway
        core.executors = before.executors
        _ = core.handle(.configured(standing, nil), at: clock.now)
    }

    /// Goes on without the store: what the core knew is not known to be stored, and is forgotten.
    private mutating func giveUpStore(_ fault: String, isDamage: Bool = false) throws(SystemError) {
        if storeHealth.failed(fault, at: Clock.bootTime) {
            let remedy = isDamage ? "; put back a copy of it, or begin anew: sage-edge doctor says how" : ""
            log.write(
                .error, "the agent only measures, since its store cannot be used: " + fault + remedy,
                kind: .storeUnusable)
        }
        replaceCore(by: try AgentDaemon.core(plan, without: fault))
        workers.cancelAll(now: Clock.bootTime, loop)
        let refusal = CommandReply(.failed, "the store failed meanwhile: " + fault, hint: "sage-edge status")
        for (_, connection) in askers.sorted(by: { $0.key < $1.key }) {
            try control.reply(refusal.json, to: connection, isLast: true, in: loop)
        }
        askers = [:]
        http.answerAll(refusal, unavailable: fault)
        try loop.remove(store.descriptor)
        store.stop()
    }

    /// Opens the store anew where it is time to.
    private mutating func retryStore(_ now: BootTime) throws(SystemError) {
        guard let retryAt = storeHealth.retryAt, retryAt <= now else { return }
        storeHealth.opening()
        // In the place of a ledger that was there, no empty one is made.
        store = try AgentDaemon.storeThread(plan, creates: !wasStoreOpen)
        try loop.register(store.descriptor, Token.store, .readable)
    }

    // MARK: The loop

    private mutating func work() throws(SystemError) {
        var events: [ReadyEvent] = []
        while true {
            if let stopBy {
                let isSettled = core.isSettled && !http.isPreparing
                if isSettled || Clock.bootTime >= stopBy {
                    let rest = isSettled ? "" : "; what was under way goes on at the next start"
                    return log.write(.notice, "stopped" + rest, kind: .stopped)
                }
            }
            sensors.askIfDue(Clock.bootTime)
            if events.isEmpty { try loop.wait(until: findDeadline(), into: &events) }
            let began = Clock.bootNanoseconds
            clock.askIfDue()
            for event in events { try handle(event) }
            try passTime()
            events.removeAll(keepingCapacity: true)
            try handOver(unlessReady: &events)
            program.turns.observe((Clock.bootNanoseconds - began) / 1000)
        }
    }

    /// Hands over what is to be stored where there is nothing else to do, or it has waited long enough.
    ///
    /// The busier the agent is, the more goes to the disk at once. `events` is what is ready by then.
    private mutating func handOver(unlessReady events: inout [ReadyEvent]) throws(SystemError) {
        guard store.isWaiting || !unprepared.isEmpty else { return }
        // What others put into words need not wait for the disk.
        if http.waitingClients > 1 { try prepareAnswers() }
        try loop.wait(until: .origin, into: &events)
        guard store.isOverdue || events.isEmpty && findDeadline() > Clock.bootTime else { return }
        store.handOver()
        try prepareAnswers()
    }

    private mutating func findDeadline() -> BootTime {
        var next = min(core.nextDeadline, sensors.due, service.due)
        if let deadline = workers.nextDeadline(after: Clock.bootTime) { next = min(next, deadline) }
        if let deadline = control.nextDeadline { next = min(next, deadline) }
        if let deadline = http.nextDeadline { next = min(next, deadline) }
        if let stopBy { next = min(next, stopBy) }
        if let retryAt = storeHealth.retryAt { next = min(next, retryAt) }
        return next
    }

    private mutating func passTime() throws(SystemError) {
        let now = clock.now
        // Before the core gives up a task at its deadline: the workers know why it was not done by then.
        workers.advance(to: now.boot, loop)
        for outcome in workers.takeOutcomes() {
            try carryOut(core.handle(.work(WorkReport(outcome)), at: now))
        }
        if core.nextDeadline <= now.boot { try carryOut(core.handle(.timer, at: now)) }
        attendExecutors()
        try control.closeSlow(in: loop, now: now.boot)
        try dropAbandoned(now)
        try retryStore(now.boot)
        if let deadline = http.nextDeadline, deadline <= now.boot { try serveHTTP() }
        service.standBy(now.boot, isRoundUnderWay: sensors.isReading)
    }

    private mutating func handle(_ event: ReadyEvent) throws(SystemError) {
        switch event.token {
        case Token.signals: try takeSignals()
        case Token.datagrams:
            if event.writable { try flush() }
            if event.readable { try takeDatagrams() }
        case Token.store: try takeCompletions()
        case Token.http: try serveHTTP()
        case Token.signatures: try takeChecked()
        case Token.sensors:
            while let sample = sensors.collect() {
                try carryOut(core.handle(.sample(sample), at: clock.now))
                service.completedRound(Clock.bootTime, status: status)
            }
        default:
            if workers.tokens.contains(event.token.rawValue) {
                workers.handle(event, now: Clock.bootTime, loop)
            } else if control.owns(event.token) {
                try takeRequests(event)
            }
        }
    }

    // MARK: What comes in

    private mutating func takeSignals() throws(SystemError) {
        while let signal = try signals.next() {
            guard stopBy == nil else { continue }
            if signal == .hangup {
                try reload()
                continue
            }
            service.stopping()
            log.write(.notice, "stopping", kind: .stopping)
            stopBy = Clock.bootTime + AgentDaemon.stopTime
            try carryOut(core.handle(.stopping, at: clock.now))
        }
    }

    private mutating func takeDatagrams() throws(SystemError) {
        let now = clock.now
        var effects: [AgentEffect] = []
        _ = try socket.receive { datagram, source in
            effects += core.receive(datagram, from: source, at: now)
        }
        try carryOut(effects)
    }

    private mutating func takeCompletions() throws(SystemError) {
        // What was committed together is confirmed together, by the newest token.
        var confirmed: PersistenceToken?
        while let outcome = store.collect() {
            if case .committed(let token) = outcome {
                confirmed = token
                continue
            }
            try confirm(confirmed.take())
            switch outcome {
            case .committed: break
            case .read(let query, let answer): try carryOut(core.handle(.records(query, answer), at: clock.now))
            case .commitFailed(let error), .cannotOpen(let error):
                return try giveUpStore(error.explanation, isDamage: error.failure.isDamage)
            case .opened(let image): try begin(from: image)
            }
        }
        try confirm(confirmed)
    }

    /// Everything up to `token` is durable.
    private mutating func confirm(_ token: PersistenceToken?) throws(SystemError) {
        guard let token else { return }
        trustStore()
        try carryOut(core.handle(.persisted(token), at: clock.now))
    }

    private mutating func takeRequests(_ event: ReadyEvent) throws(SystemError) {
        for request in try control.handle(event, in: loop, now: Clock.bootTime) {
            switch ControlProtocol.command(request.line) {
            case .failure(let refusal): try control.reply(refusal.json, to: request.connection, isLast: true, in: loop)
            case .success(let command):
                let id = newCommand()
                askers[id] = request.connection
                try carryOut(core.handle(.command(id, command), at: clock.now))
            }
        }
    }

    /// Tells the core of askers that have gone away.
    private mutating func dropAbandoned(_ now: Moment) throws(SystemError) {
        for (id, connection) in askers.sorted(by: { $0.key < $1.key }) where !control.isConnected(connection) {
            askers[id] = nil
            try carryOut(core.handle(.commandAbandoned(id), at: now))
        }
    }

    mutating func newCommand() -> CommandID {
        defer { nextCommand += 1 }
        return CommandID(value: nextCommand)
    }

    // MARK: What goes out

    mutating func carryOut(_ effects: [AgentEffect]) throws(SystemError) {
        for effect in effects {
            switch effect {
            case .persist(let token, let writes): store.add(StoreJob(.commit(token, writes)))
            case .readRecords(let query): store.add(StoreJob(.read(query)))
            case .send(let datagram):
                if !socket.enqueue(datagram.bytes.span, to: datagram.destination) {
                    try flush()
                    // Still no room: the network is slower than the link's own limits; a lost datagram is sent again.
                    _ = socket.enqueue(datagram.bytes.span, to: datagram.destination)
                }
            case .startWork(let order): try start(order)
            case .cancelWork(let task): _ = workers.cancel(task.bytes, now: Clock.bootTime, loop)
            case .reply(let id, let reply):
                if let status = http.answer(id, reply) {
                    program.count(status: status)
                    continue
                }
                guard let connection = askers.removeValue(forKey: id) else {
                    if reply.refusal != nil { log.write(.warning, reply.json) }
                    continue
                }
                try control.reply(reply.json, to: connection, isLast: true, in: loop)
            case .answer(let id, let answer): self.answer(id, answer)
            case .prepare(let id, let answer): unprepared.append((id, answer))
            case .log(let entry): log.write(entry.level, entry.text, kind: entry.kind)
            }
        }
        try flush()
    }

    private mutating func flush() throws(SystemError) {
        guard socket.queuedCount > 0 else { return }
        let sent = try socket.flush()
        guard sent.blocked != isSocketBlocked else { return }
        isSocketBlocked = sent.blocked
        try loop.change(
            socket.descriptor, Token.datagrams, isSocketBlocked ? [.readable, .writable] : .readable)
    }

    private mutating func start(_ order: WorkOrder) throws(SystemError) {
        var job = WorkerJob(
            id: order.task.bytes,
            request: WorkerRequest(
                operation: order.operation.name, input: order.input, parameters: order.parameters),
            memory: order.memory, time: order.timeout)
        job.cores = AgentMachine.cores(for: order.operation)
        job.verified = order.verified
        job.startBy = order.startBy
        let now = Clock.bootTime
        switch workers.start(job, now: now, loop) {
        case .started, .queued: break
        case .duplicate, .inputTooLarge, .queueFull:
            let report = WorkReport(
                task: order.task, outcome: .crashed("no worker could be started"), started: now, ended: now,
                processor: .zero, peakMemory: .zero)
            try carryOut(core.handle(.work(report), at: clock.now))
        }
    }
}
