import Platform
import Quantities
import Wire

/// Starts workers for an agent that may not start them itself, because its unit has too little memory for them.
///
/// One connection is one worker: an order with the worker's standard input and output comes in, a report goes out when
/// it has ended, and a connection that is closed ends it. The agent talks to the worker itself, over the pipes.
public struct WorkerService: ~Copyable {
    private static let stopToken = EventToken(rawValue: 1)
    private static let listenToken = EventToken(rawValue: 2)
    private static let firstToken: UInt32 = 16

    private let listener: StreamListener
    private let command: WorkerCommand
    private let groups: ControlGroups?
    private var loop: EventLoop
    private var runs: [Run?] = Array(repeating: nil, count: WorkerLimits.maximumProcesses)
    private var isAccepting = true

    /// One connection and, once it was ordered, its worker.
    private final class Run {
        let connection: StreamConnection
        let since: BootTime
        private var worker: ChildWorker?

        init(_ connection: consuming StreamConnection, since: BootTime) {
            self.connection = connection
            self.since = since
        }

        var isStarted: Bool { worker != nil }

        /// What tells of the worker's end.
        var endDescriptor: Int32? { worker?.endDescriptor }

        /// When its limits are to be looked at.
        var watchDue: BootTime? { worker?.watchDue(isBusy: true) }

        func begin(_ worker: ChildWorker) { self.worker = worker }

        func kill() throws(SystemError) { try worker?.kill() }

        func poll() throws(SystemError) -> ChildExit? { try worker?.poll() }

        /// What it has used so far.
        func usage() throws(SystemError) -> ResourceUsage? {
            try worker?.measure()
            return worker?.takeUsage()
        }

        /// Ends it where it has more than it may.
        func watch(_ now: BootTime) throws(SystemError) { try worker?.watch(now, isBusy: true) }

        /// The limit that it was ended for, if it was.
        var excess: WorkerExcess? { worker?.excess }
    }

    /// A service on `listener`, whose workers are started by `command`, those of the operator's in `groups` where there
    /// are any.
    public init(
        _ listener: consuming StreamListener, _ command: WorkerCommand = .thisProgram, groups: ControlGroups? = nil
    ) throws(SystemError) {
        try Signal.pipe.ignore()
        let loop = try EventLoop()
        try loop.register(listener.descriptor, WorkerService.listenToken, .readable)
        self.loop = loop
        self.command = command
        self.groups = groups
        self.listener = listener
    }

    /// Serves until one of `signals` comes; workers that still run are killed.
    public mutating func run(until signals: borrowing SignalSource) throws(SystemError) {
        try loop.register(signals.descriptor, WorkerService.stopToken, .readable)
        while true {
            for event in try step() where event.token == WorkerService.stopToken {
                if try signals.next() != nil { return }
            }
        }
    }

    /// Waits for the next event, or until `deadline`, and does what is to be done; returns what happened.
    @discardableResult
    mutating func step(until deadline: BootTime? = nil) throws(SystemError) -> [ReadyEvent] {
        var events: [ReadyEvent] = []
        var next = nextDeadline(Clock.bootTime)
        if let deadline { next = min(next ?? deadline, deadline) }
        try loop.wait(until: next, into: &events)
        let now = Clock.bootTime
        for event in events {
            if event.token == WorkerService.listenToken { try accept(now) }
            let (place, isEnd) = WorkerService.place(of: event.token)
            guard let place, runs.indices.contains(place), let run = runs[place] else { continue }
            if isEnd { try finish(place, run) } else { try attend(place, run) }
        }
        for place in runs.indices {
            guard let run = runs[place] else { continue }
            try run.watch(now)
            if run.isStarted, run.endDescriptor == nil { try finish(place, run) }
            if !run.isStarted, now.since(run.since) >= WorkerLimits.orderTimeout { try close(place, run) }
        }
        return events
    }

    private func nextDeadline(_ now: BootTime) -> BootTime? {
        runs.compactMap { run in
            guard let run else { return nil }
            if !run.isStarted { return run.since + WorkerLimits.orderTimeout }
            let poll: BootTime? = run.endDescriptor == nil ? now + WorkerLimits.endPollInterval : nil
            return [run.watchDue, poll].compactMap { $0 }.min()
        }.min()
    }

    // MARK: Connections

    private static func token(_ place: Int, isEnd: Bool) -> EventToken {
        EventToken(rawValue: firstToken + UInt32(place) * 2 + (isEnd ? 1 : 0))
    }

    private static func place(of token: EventToken) -> (place: Int?, isEnd: Bool) {
        guard token.rawValue >= firstToken else { return (nil, false) }
        return (Int((token.rawValue - firstToken) / 2), (token.rawValue - firstToken) % 2 == 1)
    }

    private mutating func accept(_ now: BootTime) throws(SystemError) {
        while let place = runs.firstIndex(where: { $0 == nil }) {
            guard let connection = try listener.accept() else { return }
            let token = WorkerService.token(place, isEnd: false)
            try loop.register(connection.descriptor.raw, token, .readable)
            runs[place] = Run(connection, since: now)
        }
        // Whoever comes now waits in the kernel's queue.
        isAccepting = false
        try loop.change(listener.descriptor, WorkerService.listenToken, [])
    }

    /// Takes an order, and after it questions for what was used; whatever else comes, the end included, ends the
    /// worker.
    private mutating func attend(_ place: Int, _ run: Run) throws(SystemError) {
        do throws(SystemError) {
            let limit = WorkerLimits.maximumOrderBytes
            guard let message = try DescriptorMessage.receive(upTo: limit, from: run.connection) else { return }
            if run.isStarted {
                if !message.bytes.isEmpty, message.bytes.allSatisfy({ $0 == ServedWorker.question }),
                    let usage = try run.usage()
                {
                    return report(.used(usage), run)
                }
                try run.kill()
                return try loop.remove(run.connection.descriptor.raw)
            }
            let bytes = message.bytes
            guard let order = try? WorkerOrder(decoding: bytes.span), message.descriptors.count >= 2 else {
                return try close(place, run)
            }
            run.begin(try ChildWorker(order, by: command, message.descriptors, in: groups))
        } catch {
            if !run.isStarted { report(.notStarted(error.errno), run) }
            return try close(place, run)
        }
        if let end = run.endDescriptor {
            try loop.register(end, WorkerService.token(place, isEnd: true), .readable)
        }
    }

    private mutating func finish(_ place: Int, _ run: Run) throws(SystemError) {
        guard let exit = try run.poll() else { return }
        if let excess = run.excess { report(.exceeded(excess), run) }
        report(.ended(exit), run)
        try close(place, run)
    }

    private func report(_ report: WorkerReport, _ run: Run) {
        // An agent that has gone away wants none.
        _ = try? run.connection.descriptor.write(report.framed.span)
    }

    /// Lets go of a connection, which kills its worker where one still runs.
    private mutating func close(_ place: Int, _ run: Run) throws(SystemError) {
        if let end = run.endDescriptor { try? loop.remove(end) }
        try? loop.remove(run.connection.descriptor.raw)
        runs[place] = nil
        guard !isAccepting else { return }
        isAccepting = true
        try loop.change(listener.descriptor, WorkerService.listenToken, .readable)
    }
}
