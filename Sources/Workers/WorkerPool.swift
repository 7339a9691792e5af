import Platform
import Quantities

/// Runs jobs in worker processes, some at the same time and the others in the order in which they came.
///
/// It never waits: it watches its workers through the caller's event loop, under the tokens of `tokens`; the
/// caller passes on their events, calls `advance` when `nextDeadline` has come, and collects the outcomes.
/// Workers still running when the pool goes away are killed.
public struct WorkerPool: ~Copyable {
    /// The tokens that belong to the pool.
    public let tokens: Range<UInt32>
    private let host: WorkerHost
    private var slots: [RunningWorker?]
    private var waiting: [WorkerJob] = []
    private var finished: [WorkerOutcome] = []
    private var commands: [AllowedCommand] = []
    private var external: ExternalWorkers
    private let firstExternalToken: UInt32
    /// What `nextDeadline` has found; nil where that is to be found anew.
    private var due: BootTime??

    /// A pool of up to `concurrency` workers (1 … `WorkerLimits.maximumConcurrentWorkers`) whose tokens begin
    /// at `firstToken`; the process ignores `SIGPIPE` from now on, since a worker may end before it has read all.
    public init(_ host: WorkerHost, concurrency: Int, firstToken: EventToken) throws(SystemError) {
        precondition((1...WorkerLimits.maximumConcurrentWorkers).contains(concurrency), "a concurrency within limits")
        try Signal.pipe.ignore()
        self.host = host
        slots = Array(repeating: nil, count: concurrency)
        firstExternalToken = firstToken.rawValue + UInt32(concurrency * RunningWorker.Channel.allCases.count)
        external = ExternalWorkers(host, firstToken: firstExternalToken)
        let channels = ExternalWorkers.channels * UInt32(WorkerLimits.maximumExternalProcesses)
        tokens = firstToken.rawValue..<(firstExternalToken + channels)
    }

    /// Workers that run a job.
    public var runningCount: Int { slots.count { $0 != nil } + external.runningCount }
    /// Jobs that wait for their turn.
    public var waitingCount: Int { waiting.count + external.waitingCount }
    /// Counts what may have changed `standings`, or is told by `takeNotices`.
    public var changes: Int { external.changes }
    /// How the external executors stand, in the order of the configuration.
    public var standings: [ExternalStanding] { external.standings }

    /// The outcomes since the last call, in the order in which they came about.
    public mutating func takeOutcomes() -> [WorkerOutcome] {
        defer { finished = [] }
        return finished + external.takeOutcomes()
    }

    /// What an operator is to be told since the last call.
    public mutating func takeNotices() -> [ExternalNotice] { external.takeNotices() }

    // MARK: Jobs

    /// Goes on with these programs of the operator's; a job that runs ends as it began.
    public mutating func configure(_ programs: WorkerPrograms, now: BootTime, _ loop: borrowing EventLoop) {
        due = nil
        commands = programs.commands
        external.configure(programs.external, now: now, loop)
    }

    /// Starts a job now or lets it wait for its turn.
    public mutating func start(_ job: WorkerJob, now: BootTime, _ loop: borrowing EventLoop) -> WorkerAdmission {
        due = nil
        guard job.request.input.count <= WorkerLimits.maximumInputBytes else {
            return .inputTooLarge(bytes: job.request.input.count)
        }
        guard !slots.contains(where: { $0?.id == job.id }), !waiting.contains(where: { $0.id == job.id }),
            !external.has(job.id)
        else { return .duplicate }
        let isExternal = external.serves(job.request.operation)
        if !isExternal, let slot = slots.firstIndex(where: { $0 == nil }) {
            launch(job, slot, now: now, loop)
            return .started
        }
        let bytes = waiting.reduce(external.waitingBytes) { $0 + $1.request.input.count }
        guard waitingCount < WorkerLimits.maximumQueuedJobs,
            bytes + job.request.input.count <= WorkerLimits.maximumQueuedBytes
        else { return .queueFull(jobs: waitingCount, bytes: bytes) }
        if isExternal {
            let before = external.start(job, now: now, loop)
            return external.isWaiting(job.id) ? .queued(behind: before) : .started
        }
        waiting.append(job)
        return .queued(behind: waiting.count - 1)
    }

    /// Gives up a job, whose outcome then comes; whether there was one.
    public mutating func cancel(_ id: Bytes16, now: BootTime, _ loop: borrowing EventLoop) -> Bool {
        due = nil
        if let index = waiting.firstIndex(where: { $0.id == id }) {
            waiting.remove(at: index)
            finished.append(WorkerOutcome(id, .cancelled, started: now, ended: now))
            return true
        }
        guard let slot = slots.firstIndex(where: { $0?.id == id }), let worker = slots[slot] else {
            return external.cancel(id, now: now, loop)
        }
        attend(slot, now: now, loop) { loop throws(SystemError) in
            try worker.stop(.cancelled, now: now, loop)
            return nil
        }
        return true
    }

    /// Gives up all jobs, whose outcomes then come.
    public mutating func cancelAll(now: BootTime, _ loop: borrowing EventLoop) {
        for id in waiting.map({ $0.id }) + slots.compactMap({ $0?.id }) + external.jobs {
            _ = cancel(id, now: now, loop)
        }
    }

    // MARK: Events and time

    /// Goes on with the worker that an event of the pool's tokens is about.
    public mutating func handle(_ event: ReadyEvent, now: BootTime, _ loop: borrowing EventLoop) {
        guard tokens.contains(event.token.rawValue) else { return }
        due = nil
        if event.token.rawValue >= firstExternalToken {
            return external.handle(event.token.rawValue - firstExternalToken, now: now, loop)
        }
        let channels = UInt32(RunningWorker.Channel.allCases.count)
        let (slot, offset) = (event.token.rawValue - tokens.lowerBound).quotientAndRemainder(dividingBy: channels)
        guard let worker = slots[Int(slot)], let channel = RunningWorker.Channel(rawValue: offset) else { return }
        attend(Int(slot), now: now, loop) { loop throws(SystemError) in try worker.handle(channel, now: now, loop) }
    }

    /// When `advance` is due; nil where nothing depends on time.
    public mutating func nextDeadline(after now: BootTime) -> BootTime? {
        if let due { return due }
        let own = slots.compactMap { $0?.nextDeadline(after: now) }
        let found = (own + [external.nextDeadline(after: now)].compactMap { $0 }).min()
        due = .some(found)
        return found
    }

    /// Stops the workers whose time is over; does nothing before that is due.
    public mutating func advance(to now: BootTime, _ loop: borrowing EventLoop) {
        if let due, due.map({ $0 > now }) ?? true { return }
        due = nil
        for slot in slots.indices {
            guard let worker = slots[slot] else { continue }
            attend(slot, now: now, loop) { loop throws(SystemError) in try worker.advance(to: now, loop) }
        }
        external.advance(to: now, loop)
    }

    // MARK: Workers

    private mutating func launch(_ job: WorkerJob, _ slot: Int, now: BootTime, _ loop: borrowing EventLoop) {
        let channels = UInt32(RunningWorker.Channel.allCases.count)
        let token = EventToken(rawValue: tokens.lowerBound + UInt32(slot) * channels)
        do throws(SystemError) {
            let command = commands.first { $0.operation == job.request.operation }
            slots[slot] = try RunningWorker(job, command, host, now: now, token: token, loop)
        } catch {
            finished.append(WorkerOutcome(job.id, .systemError(error), started: now, ended: now))
        }
    }

    /// Does something with a worker; once it has ended, records its outcome and lets the next job have its place.
    private mutating func attend(
        _ slot: Int, now: BootTime, _ loop: borrowing EventLoop,
        _ action: (borrowing EventLoop) throws(SystemError) -> ChildExit?
    ) {
        guard let worker = slots[slot] else { return }
        do throws(SystemError) {
            guard let exit = try action(loop) else { return }
            finished.append(try worker.outcome(exit, ended: now, loop))
        } catch {
            // Letting go of the worker kills it.
            finished.append(WorkerOutcome(worker.id, .systemError(error), started: worker.started, ended: now))
        }
        slots[slot] = nil
        while slots[slot] == nil, !waiting.isEmpty { launch(waiting.removeFirst(), slot, now: now, loop) }
    }
}
