import Platform
import Quantities
import Wire

/// What an operator is told about an external executor.
public enum ExternalNotice: Hashable, Sendable {
    /// A process of it died, and the last that it wrote to its standard error.
    case died(operation: String, why: String, errors: String)
    /// It is not started any more for a while.
    case parked(operation: String, why: String)
    /// It serves its operation, or does so again.
    case serves(operation: String)
}

/// How an external executor stands.
public struct ExternalStanding: Hashable, Sendable {
    /// What it does.
    public enum State: Hashable, Sendable {
        /// None of its processes has been ready yet.
        case starting
        /// It serves its operation.
        case serving
        /// It died too often, and why at last.
        case parked(String)
    }

    /// The operation.
    public let operation: String
    /// What it does.
    public let state: State
    /// Its processes.
    public let processes: Int
    /// When a process is started next, where there is none and it is waited for; nil otherwise.
    public var restart: BootTime?
}

/// The processes of external executors, and the tasks that wait for one.
///
/// The first process of each is started at once, so that a task finds it ready and a program that does not work is
/// known early; further ones when tasks wait. One that dies is started again by `RestartPolicy`.
struct ExternalWorkers: ~Copyable {
    /// An executor and what waits for it.
    private struct Crew {
        let executor: ExternalExecutor
        /// The tasks that wait for a process, and until when.
        var waiting: [(job: WorkerJob, until: BootTime)] = []
        var policy = RestartPolicy()
        var hasServed = false
        var lastFault = ""

        var isParked: Bool { policy.parkedUntil != nil }
        /// Whether its processes died since one of them did a task.
        var isFailing: Bool { policy.starts + policy.tasks > 0 }
    }

    static let channels = UInt32(ExternalWorker.Channel.allCases.count)

    private let host: WorkerHost
    private let firstToken: UInt32
    private var crews: [Crew] = []
    private var slots: [ExternalWorker?] = Array(repeating: nil, count: WorkerLimits.maximumExternalProcesses)
    private var finished: [WorkerOutcome] = []
    private var notices: [ExternalNotice] = []
    /// Counts what may have changed how the executors stand, and what their operator is told.
    private(set) var changes = 0

    init(_ host: WorkerHost, firstToken: UInt32) {
        self.host = host
        self.firstToken = firstToken
    }

    /// Tasks that are under way.
    var runningCount: Int { slots.count { $0?.task != nil } }
    /// Tasks that wait.
    var waitingCount: Int { crews.reduce(0) { $0 + $1.waiting.count } }
    /// Bytes of input that wait.
    var waitingBytes: Int { crews.reduce(0) { $0 + $1.waiting.reduce(0) { $0 + $1.job.request.input.count } } }

    /// How the executors stand, in the order of the configuration.
    var standings: [ExternalStanding] {
        crews.map { crew in
            let state: ExternalStanding.State =
                crew.isParked ? .parked(crew.lastFault) : crew.hasServed ? .serving : .starting
            let processes = slots.count { $0?.executor == crew.executor && $0?.ended == nil }
            var standing = ExternalStanding(
                operation: crew.executor.operation, state: state, processes: processes)
            let isDown = processes == 0 && (crew.isParked || crew.isFailing)
            standing.restart = isDown ? crew.policy.parkedUntil ?? crew.policy.restartAt : nil
            return standing
        }
    }

    mutating func takeOutcomes() -> [WorkerOutcome] {
        defer { finished = [] }
        return finished
    }

    mutating func takeNotices() -> [ExternalNotice] {
        defer { notices = [] }
        return notices
    }

    func serves(_ operation: String) -> Bool { crews.contains { $0.executor.operation == operation } }

    func has(_ id: Bytes16) -> Bool {
        isWaiting(id) || slots.contains { $0?.task == id }
    }

    func isWaiting(_ id: Bytes16) -> Bool { crews.contains { $0.waiting.contains { $0.job.id == id } } }

    // MARK: Configuration

    /// Goes on with these executors: one that stays as it is keeps its processes, and is no longer parked.
    mutating func configure(_ executors: [ExternalExecutor], now: BootTime, _ loop: borrowing EventLoop) {
        changes &+= 1
        let before = crews
        crews = executors.map { executor in
            var crew = before.first { $0.executor == executor } ?? Crew(executor: executor)
            // What waits is served by the executor of its operation, changed as it may be.
            crew.waiting = before.first { $0.executor.operation == executor.operation }?.waiting ?? []
            crew.policy = RestartPolicy()
            return crew
        }
        for crew in before where !serves(crew.executor.operation) {
            for (job, _) in crew.waiting { finish(job.id, .broken(.retired), now) }
        }
        retire(now, loop)
        for index in crews.indices { tend(index, now, loop) }
    }

    /// Ends processes that no executor has any more, once they have no task.
    private mutating func retire(_ now: BootTime, _ loop: borrowing EventLoop) {
        for slot in slots.indices {
            guard let worker = slots[slot], worker.isFree, crew(of: worker) == nil else { continue }
            attend(slot, now, loop) { loop throws(SystemError) in try worker.stop(.retired, now: now, loop) }
        }
    }

    private func crew(of worker: ExternalWorker) -> Int? { crews.firstIndex { $0.executor == worker.executor } }

    // MARK: Tasks

    /// Takes a job whose operation one of the executors serves; how many wait before it.
    mutating func start(_ job: WorkerJob, now: BootTime, _ loop: borrowing EventLoop) -> Int {
        guard let index = crews.firstIndex(where: { $0.executor.operation == job.request.operation }) else { return 0 }
        let before = crews[index].waiting.count
        crews[index].waiting.append((job, job.startBy ?? now + job.time))
        tend(index, now, loop)
        return before
    }

    /// Gives up a job, whose outcome then comes; whether there was one.
    mutating func cancel(_ id: Bytes16, now: BootTime, _ loop: borrowing EventLoop) -> Bool {
        for index in crews.indices {
            guard let place = crews[index].waiting.firstIndex(where: { $0.job.id == id }) else { continue }
            crews[index].waiting.remove(at: place)
            finish(id, .cancelled, now)
            return true
        }
        guard let slot = slots.firstIndex(where: { $0?.task == id }), let worker = slots[slot] else { return false }
        attend(slot, now, loop) { loop throws(SystemError) in try worker.stop(.cancelled, now: now, loop) }
        return true
    }

    /// The ids of all jobs.
    var jobs: [Bytes16] { crews.flatMap { $0.waiting.map { $0.job.id } } + slots.compactMap { $0?.task } }

    private mutating func finish(_ id: Bytes16, _ failure: WorkerFailure, _ now: BootTime) {
        finished.append(WorkerOutcome(id, failure, started: now, ended: now))
    }

    // MARK: Events and time

    /// Goes on with what the token `offset` after the first is about.
    mutating func handle(_ offset: UInt32, now: BootTime, _ loop: borrowing EventLoop) {
        let (slot, place) = offset.quotientAndRemainder(dividingBy: ExternalWorkers.channels)
        guard slots.indices.contains(Int(slot)), let worker = slots[Int(slot)],
            let channel = ExternalWorker.Channel(rawValue: place),
            // An event of the same moment is about the process before it in this place; its own come again.
            worker.started < now
        else { return }
        attend(Int(slot), now, loop) { loop throws(SystemError) in try worker.handle(channel, now: now, loop) }
    }

    func nextDeadline(after now: BootTime) -> BootTime? {
        var due = slots.compactMap { $0?.nextDeadline(after: now) }
        for crew in crews {
            if let until = crew.policy.parkedUntil {
                due.append(until)
            } else if lacksProcess(crew) {
                due.append(crew.policy.restartAt)
            }
            due += crew.waiting.map { $0.until }
        }
        return due.min()
    }

    mutating func advance(to now: BootTime, _ loop: borrowing EventLoop) {
        for slot in slots.indices {
            guard let worker = slots[slot] else { continue }
            attend(slot, now, loop) { loop throws(SystemError) in try worker.advance(to: now, loop) }
        }
        for index in crews.indices {
            // Its own time begins with its process: what it waits for another's deaths is none of it.
            for (job, until) in crews[index].waiting where now >= until {
                finish(job.id, .notStarted(because: crews[index].isFailing ? crews[index].lastFault : ""), now)
            }
            crews[index].waiting.removeAll { now >= $0.until }
            if let until = crews[index].policy.parkedUntil, now >= until {
                crews[index].policy.unpark(at: now)
                changes &+= 1
            }
            tend(index, now, loop)
        }
    }

    // MARK: Processes

    /// Whether a process of `crew` has to be started: the first one, or one for a task that no other will take.
    private func lacksProcess(_ crew: Crew) -> Bool {
        let own = slots.compactMap { $0 }.filter { $0.executor == crew.executor }
        // Those that are being started take a task each; those that end take none, and keep their place until then.
        let takers = own.count { $0.state == .starting || $0.state == .measuring || $0.isIdle }
        return own.count < crew.executor.concurrent && (own.isEmpty || takers < crew.waiting.count)
            && slots.contains { $0 == nil }
    }

    /// Gives waiting tasks to processes that are free, and starts those that are lacking.
    private mutating func tend(_ index: Int, _ now: BootTime, _ loop: borrowing EventLoop) {
        guard !crews[index].isParked else {
            for (job, _) in crews[index].waiting { finish(job.id, .parked(crews[index].lastFault), now) }
            crews[index].waiting = []
            return
        }
        while !crews[index].waiting.isEmpty, let slot = slots.firstIndex(where: { isFree($0, for: index) }),
            let worker = slots[slot]
        {
            let job = crews[index].waiting.removeFirst().job
            attend(slot, now, loop) { loop throws(SystemError) in try worker.begin(job, now: now, loop) }
        }
        while now >= crews[index].policy.restartAt, lacksProcess(crews[index]) { launch(index, now, loop) }
    }

    private func isFree(_ worker: ExternalWorker?, for crew: Int) -> Bool {
        guard let worker else { return false }
        return worker.isIdle && worker.executor == crews[crew].executor
    }

    private mutating func launch(_ index: Int, _ now: BootTime, _ loop: borrowing EventLoop) {
        guard let slot = slots.firstIndex(where: { $0 == nil }) else { return }
        changes &+= 1
        let token = EventToken(rawValue: firstToken + UInt32(slot) * ExternalWorkers.channels)
        do throws(SystemError) {
            slots[slot] = try ExternalWorker(crews[index].executor, host, now: now, token: token, loop)
        } catch { died(index, .system(error), errors: "", withTask: false, now) }
    }

    /// Does something with a process, and whatever follows from it.
    private mutating func attend(
        _ slot: Int, _ now: BootTime, _ loop: borrowing EventLoop,
        _ action: (borrowing EventLoop) throws(SystemError) -> Void
    ) {
        guard let worker = slots[slot] else { return }
        var fault: ExternalFault?
        let task = worker.task
        do throws(SystemError) { try action(loop) } catch {
            // Letting go of it kills it.
            fault = .system(error)
        }
        let outcomes = worker.takeOutcomes()
        finished += outcomes
        let index = crew(of: worker)
        if let index {
            if worker.wasReady, !crews[index].hasServed {
                crews[index].hasServed = true
                changes &+= 1
                notices.append(.serves(operation: worker.executor.operation))
            }
            for outcome in outcomes where outcome.isByProcess { crews[index].policy.served() }
        }
        if let task, fault != nil, !outcomes.contains(where: { $0.id == task }) {
            finish(task, fault.map { WorkerFailure($0) } ?? .cancelled, now)
        }
        if let ended = fault ?? worker.ended {
            slots[slot] = nil
            changes &+= 1
            if let job = worker.takeUntouched() {
                if let index {
                    crews[index].waiting.insert((job, job.startBy ?? now + job.time), at: 0)
                } else {
                    finish(job.id, .broken(.retired), now)
                }
            }
            if let index, ended != .retired, ended != .cancelled {
                died(index, ended, errors: worker.errorText, withTask: worker.diedWithTask, now)
            }
        }
        if let index { tend(index, now, loop) } else { retire(now, loop) }
    }

    private mutating func died(
        _ index: Int, _ fault: ExternalFault, errors: String, withTask: Bool, _ now: BootTime
    ) {
        let operation = crews[index].executor.operation
        crews[index].lastFault = fault.explanation
        crews[index].policy.died(withTask: withTask, at: now)
        notices.append(.died(operation: operation, why: fault.explanation, errors: errors))
        guard crews[index].isParked else { return }
        crews[index].hasServed = false
        notices.append(.parked(operation: operation, why: fault.explanation))
    }
}

extension WorkerOutcome {
    /// Whether the process itself told it, and so still does its work.
    fileprivate var isByProcess: Bool {
        switch result {
        case .success, .failure(.refused), .failure(.failed): true
        case .failure: false
        }
    }
}
