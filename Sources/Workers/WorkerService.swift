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
    private var loop: EventLoop
    private var runs: [Run?] = Array(repeating: nil, count: WorkerLimits.maximumConcurrentWorkers)
    private var isAccepting = true

    /// One connection and, once it was ordered, its worker.
    private final class Run {
        let connection: StreamConnection
        let since: BootTime
        private var child: ChildProcess?

        init(_ connection: consuming StreamConnection, since: BootTime) {
            self.connection = connection
            self.since = since
        }

        var isStarted: Bool { child != nil }

        /// What tells of the worker's end.
        var endDescriptor: Int32? {
            switch child {
            case .some(let child): child.endDescriptor
            case .none: nil
            }
        }

        func begin(_ child: consuming ChildProcess) { self.child = consume child }

        func kill() throws(SystemError) {
            switch child {
            case .some(let child): try child.signal(.kill)
            case .none: break
            }
        }

        func poll() throws(SystemError) -> ChildExit? { try child?.poll() }
    }

    /// A service on `listener`, whose workers are started by `command`.
    public init(_ listener: consuming StreamListener, _ command: WorkerCommand = .thisProgram) throws(SystemError) {
        try Signal.pipe.ignore()
        let loop = try EventLoop()
        try loop.register(listener.descriptor, WorkerService.listenToken, .readable)
        self.loop = loop
        self.command = command
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
            if run.isStarted, run.endDescriptor == nil { try finish(place, run) }
            if !run.isStarted, now.since(run.since) >= WorkerLimits.orderTimeout { try close(place, run) }
        }
        return events
    }

    private func nextDeadline(_ now: BootTime) -> BootTime? {
        runs.compactMap { run in
            guard let run else { return nil }
            if !run.isStarted { return run.since + WorkerLimits.orderTimeout }
            return run.endDescriptor == nil ? now + WorkerLimits.endPollInterval : nil
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

    /// Takes an order; whatever comes after it, the end included, ends the worker.
    private mutating func attend(_ place: Int, _ run: Run) throws(SystemError) {
        do throws(SystemError) {
            let limit = WorkerLimits.maximumOrderBytes
            guard var message = try DescriptorMessage.receive(upTo: limit, from: run.connection) else { return }
            if run.isStarted {
                try run.kill()
                return try loop.remove(run.connection.descriptor.raw)
            }
            guard let input = message.takeDescriptor(), let output = message.takeDescriptor(),
                let order = try? WorkerOrder(decoding: message.bytes.span)
            else { return try close(place, run) }
            run.begin(try command.start(order, input: input, output: output))
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
        report(.ended(exit), run)
        try close(place, run)
    }

    private func report(_ report: WorkerReport, _ run: Run) {
        // An agent that has gone away wants none.
        _ = try? run.connection.descriptor.write(report.encoded.span)
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
