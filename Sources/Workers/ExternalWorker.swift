import Platform
import Quantities
import Telemetry
import Wire

/// One process of an external executor, from its start until its end has been seen.
///
/// Its handlers never wait, and calling one without cause does no harm: a token of an earlier process may still be in
/// the caller's list of events.
final class ExternalWorker {
    /// The four things waited for, by the offset of their tokens.
    enum Channel: UInt32, CaseIterable {
        case requests = 0
        case answers = 1
        case errors = 2
        case end = 3
    }

    /// Where it stands.
    enum State: Equatable {
        /// It has not said yet that it is ready.
        case starting
        /// It waits for a task.
        case idle
        /// It has a task.
        case busy
        /// It has answered, and what it used is being asked.
        case measuring
        /// One of its standard streams is closed, and its end is awaited.
        case closing(ExternalFault)
        /// It was killed, and its end is awaited.
        case ending(ExternalFault)
        /// It has ended, and why.
        case over(ExternalFault)
    }

    /// A task under way.
    private struct Run {
        let job: WorkerJob
        let since: BootTime
        var progressLines = 0
        var result: Result<[UInt8], WorkerFailure>?
        var quality: BasisPoints?
        var graphics: TimeSpan?
    }

    let executor: ExternalExecutor
    let started: BootTime
    private(set) var state = State.starting
    /// Whether it has said that it is ready.
    private(set) var wasReady = false
    /// Whether it died with a task in hand.
    private(set) var diedWithTask = false
    private let process: WorkerProcess
    private let token: EventToken
    private var payload: MemoryFile
    private var requests: FileDescriptor?
    private var answers: FileDescriptor?
    private var errors: ErrorTail
    private var lines = LineSplitter(limit: WorkerLimits.maximumLineBytes)
    private var unfinishedSince: BootTime?
    private var request: [UInt8] = []
    /// Whether room for the rest of the request is waited for.
    private var isSending = false
    /// Whether it has closed its end for requests.
    private var isDeaf = false
    /// Whether it let go of its request without having read it.
    private var isUnread = false
    private var untouched: WorkerJob?
    private var run: Run?
    private var finished: [WorkerOutcome] = []
    private var hasExited = false
    /// What it had used when its last task was over.
    private var usedBefore: Int64 = 0
    private var stateSince: BootTime
    private var now: BootTime

    /// Starts the process and watches it under four tokens from `token` on.
    init(
        _ executor: ExternalExecutor, _ host: WorkerHost, now: BootTime, token: EventToken, _ loop: borrowing EventLoop
    )
        throws(SystemError)
    {
        let input = try PipeEnds()
        let output = try PipeEnds()
        let errors = try PipeEnds()
        let childInput = input.readEnd
        let requests = input.writeEnd
        let answers = output.readEnd
        let childOutput = output.writeEnd
        let errorsHere = errors.readEnd
        let childErrors = errors.writeEnd
        try requests.setNonBlocking(true)
        try answers.setNonBlocking(true)
        try errorsHere.setNonBlocking(true)
        let payload = try MemoryFile("sage-edge input", capacity: WorkerLimits.maximumInputBytes)
        let reader = try payload.reader()

        let order = WorkerOrder(
            .command(executor.command, environment: executor.environment), memory: executor.memory,
            processorSeconds: nil, cores: executor.cores)
        let process = try host.start(order, [childInput.raw, childOutput.raw, childErrors.raw, reader.raw])
        // Nothing is to be sent yet, but an end that is closed is told of.
        try loop.register(requests.raw, token.channel(.requests), [])
        try loop.register(answers.raw, token.channel(.answers), .readable)
        try loop.register(errorsHere.raw, token.channel(.errors), .readable)
        if let end = process.endDescriptor { try loop.register(end, token.channel(.end), .readable) }

        self.executor = executor
        self.process = process
        self.token = token
        self.payload = consume payload
        self.requests = consume requests
        self.answers = consume answers
        self.errors = ErrorTail(errorsHere, token.channel(.errors))
        started = now
        stateSince = now
        self.now = now
    }

    /// Whether it can be given a task.
    var isIdle: Bool { state == .idle }

    /// Whether it has no task and is not being ended.
    var isFree: Bool {
        switch state {
        case .starting, .idle, .measuring: run == nil
        case .busy, .closing, .ending, .over: false
        }
    }

    /// Why it is over; nil while it is not.
    var ended: ExternalFault? {
        if case .over(let fault) = state { return fault }
        return nil
    }

    /// The task that it has; nil for none.
    var task: Bytes16? { run?.job.id }

    /// The last that it wrote to its standard error.
    var errorText: String { errors.text }

    /// The outcomes since the last call.
    func takeOutcomes() -> [WorkerOutcome] {
        defer { finished = [] }
        return finished
    }

    /// The task that it was given and never saw, where it is over.
    func takeUntouched() -> WorkerJob? { untouched.take() }

    // MARK: Tasks

    /// Gives it a task.
    func begin(_ job: WorkerJob, now: BootTime, _ loop: borrowing EventLoop) throws(SystemError) {
        self.now = now
        run = Run(job: job, since: now)
        enter(.busy)
        isUnread = false
        request = ExternalRequest(job).line
        try payload.replace(with: job.request.input)
        try sendRequest(loop)
    }

    /// Ends it; the first reason given is the one that counts.
    func stop(_ fault: ExternalFault, now: BootTime, _ loop: borrowing EventLoop) throws(SystemError) {
        self.now = now
        try fail(fault, loop)
    }

    // MARK: Events and time

    /// Does what it can on one channel.
    func handle(_ channel: Channel, now: BootTime, _ loop: borrowing EventLoop) throws(SystemError) {
        self.now = now
        switch channel {
        case .requests: try attendRequests(loop)
        case .answers: try receiveAnswers(loop)
        case .errors: try errors.read(now, loop)
        case .end: try attendProcess(loop)
        }
    }

    /// When it has to be looked at next, whatever happens until then.
    func nextDeadline(after now: BootTime) -> BootTime? {
        var due: [BootTime?] = [errors.resumeAt, process.watchDue(isBusy: state == .busy)]
        if process.endDescriptor == nil { due.append(now + WorkerLimits.endPollInterval) }
        if let unfinishedSince { due.append(unfinishedSince + WorkerLimits.lineTime) }
        due.append(stateDeadline)
        return due.compactMap { $0 }.min()
    }

    private var stateDeadline: BootTime? {
        switch state {
        case .starting: stateSince + WorkerLimits.readyTime
        case .busy: run.map { $0.since + $0.job.time }
        case .measuring: stateSince + WorkerLimits.measureTime
        case .closing: stateSince + WorkerLimits.closedTime
        case .ending: process.endTime.map { stateSince + $0 }
        case .idle, .over: nil
        }
    }

    /// Does what has become due.
    func advance(to now: BootTime, _ loop: borrowing EventLoop) throws(SystemError) {
        self.now = now
        try errors.resume(now, loop)
        try process.watch(now, isBusy: state == .busy)
        if let excess = process.excess { try fail(.exceeded(excess), loop) }
        if let unfinishedSince, now >= unfinishedSince + WorkerLimits.lineTime { try fail(.lineUnfinished, loop) }
        if let stateDeadline, now >= stateDeadline { try passDeadline(loop) }
        if process.endDescriptor == nil { try attendProcess(loop) }
    }

    private func passDeadline(_ loop: borrowing EventLoop) throws(SystemError) {
        switch state {
        case .starting: try fail(.notReady, loop)
        case .busy: try fail(.timedOut(limit: run?.job.time ?? .zero), loop)
        case .measuring: try conclude(nil, loop)
        case .closing(let fault): try fail(fault, loop)
        case .ending(let fault): try end(fault, nil, loop)
        case .idle, .over: break
        }
    }

    private func enter(_ next: State) {
        state = next
        stateSince = now
    }

    // MARK: Lines

    private func attendRequests(_ loop: borrowing EventLoop) throws(SystemError) {
        if isSending { return try sendRequest(loop) }
        // It reads no more; what it has read it may still answer.
        try closeRequests(loop)
        isDeaf = true
        if state == .idle { try fail(.closedInput, loop) }
    }

    private func sendRequest(_ loop: borrowing EventLoop) throws(SystemError) {
        guard !request.isEmpty else { return }
        let line = request
        do throws(SystemError) {
            switch try requests?.write(line.span) {
            case .bytes(let count): request.removeFirst(count)
            case .wouldBlock, nil: break
            }
        } catch {
            guard error.errno == .brokenPipe else { throw error }
            try closeRequests(loop)
            isDeaf = true
            // It may still answer where it has read enough.
            return
        }
        guard let raw = requests?.raw, isSending == request.isEmpty else { return }
        isSending.toggle()
        try loop.change(raw, token.channel(.requests), isSending ? .writable : [])
    }

    private func receiveAnswers(_ loop: borrowing EventLoop) throws(SystemError) {
        var bytes: [UInt8] = []
        switch try answers?.read(upTo: PlatformLimits.readStepBytes, appendingTo: &bytes) {
        case .bytes: break
        case .end:
            try close(&answers, loop)
            return expectEnd(.closedOutput)
        case .wouldBlock, nil: return
        }
        if bytes.contains(UInt8(ascii: "\n")) { unfinishedSince = nil }
        unfinishedSince = bytes.last == UInt8(ascii: "\n") ? nil : unfinishedSince ?? now
        for line in lines.lines(of: bytes) {
            do throws(ExternalFault) {
                guard case .line(let text) = line else {
                    throw .lineTooLong(limit: WorkerLimits.maximumLineBytes)
                }
                try take(try ExternalMessage(text))
            } catch { return try fail(error, loop) }
        }
        // What is too long is known before it ends.
        if lines.isOverLimit { try fail(.lineTooLong(limit: WorkerLimits.maximumLineBytes), loop) }
        if state == .measuring, !hasExited { try measure(loop) }
    }

    private func take(_ message: ExternalMessage) throws(ExternalFault) {
        switch (message, state) {
        case (.ready, .starting):
            wasReady = true
            enter(.measuring)
        case (.progress(let task, _), .busy):
            try check(task)
            run?.progressLines += 1
            guard let count = run?.progressLines, count <= WorkerLimits.maximumProgressLines else {
                throw .tooMuchProgress(limit: WorkerLimits.maximumProgressLines)
            }
        case (.result(let task, let result, let quality, let graphics), .busy):
            try check(task)
            run?.result = .success(result)
            run?.quality = quality
            run?.graphics = graphics
            enter(.measuring)
        case (.failure(let task, let isInput, let text), .busy):
            try check(task)
            let refusal = WorkerRefusal(.badInput, text)
            run?.result = .failure(isInput ? .refused(refusal) : .failed(refusal.explanation))
            enter(.measuring)
        default: throw .unasked
        }
    }

    private func check(_ task: String) throws(ExternalFault) {
        guard let run, task == ExternalRequest.name(of: run.job.id) else { throw .wrongTask }
        // Nobody answers what was not read.
        guard request.isEmpty else { throw .unasked }
    }

    // MARK: The end of a task

    private func measure(_ loop: borrowing EventLoop) throws(SystemError) {
        try payload.clear()
        try process.measure()
        if let usage = process.takeUsage() { try conclude(usage, loop) }
    }

    /// A task is over, or it is ready for the first one.
    private func conclude(_ usage: ResourceUsage?, _ loop: borrowing EventLoop) throws(SystemError) {
        tell(usage ?? ResourceUsage(processorMicroseconds: usedBefore, peakResident: .zero))
        enter(.idle)
        if isDeaf { try fail(.closedInput, loop) }
    }

    /// Tells the outcome of its task, where it has one.
    private func tell(_ usage: ResourceUsage, _ fault: WorkerFailure = .cancelled) {
        let processor = max(0, usage.processorMicroseconds - usedBefore)
        usedBefore = max(usedBefore, usage.processorMicroseconds)
        guard let run else { return }
        self.run = nil
        finished.append(
            WorkerOutcome(
                id: run.job.id, result: run.result ?? .failure(fault), quality: run.quality, started: run.since,
                ended: now, processorMicroseconds: processor, peakResident: usage.peakResident,
                graphicsClaim: run.graphics))
    }

    // MARK: The end of the process

    /// It will end by itself, and is killed where it does not.
    private func expectEnd(_ fault: ExternalFault) {
        switch state {
        case .starting, .idle, .busy, .measuring: enter(.closing(fault))
        case .closing, .ending, .over: break
        }
    }

    private func fail(_ fault: ExternalFault, _ loop: borrowing EventLoop) throws(SystemError) {
        switch state {
        case .ending, .over: return
        case .starting, .idle, .busy, .measuring, .closing: break
        }
        enter(.ending(fault))
        unfinishedSince = nil
        try close(&answers, loop)
        try closeRequests(loop)
        try process.kill()
    }

    private func attendProcess(_ loop: borrowing EventLoop) throws(SystemError) {
        if ended != nil { return }
        if let exit = try process.poll() {
            hasExited = true
            try receiveAnswers(loop)
            return try end(exit.manner.fault, exit, loop)
        }
        if let excess = process.excess { try fail(.exceeded(excess), loop) }
        if state == .measuring, let usage = process.takeUsage() { try conclude(usage, loop) }
    }

    private func end(_ fault: ExternalFault, _ exit: ChildExit?, _ loop: borrowing EventLoop) throws(SystemError) {
        var fault = fault
        if case .ending(let reason) = state { fault = reason }
        if let excess = process.excess { fault = .exceeded(excess) }
        try errors.read(now, loop)
        try close(&answers, loop)
        try closeRequests(loop)
        try errors.close(loop)
        if let end = process.endDescriptor { try loop.remove(end) }
        // It ended by itself before it saw the task: another process can have it.
        if case .ending = state {
        } else if isUnread, run?.result == nil {
            untouched = run?.job
            run = nil
        }
        diedWithTask = run != nil && run?.result == nil
        let nothing = ResourceUsage(processorMicroseconds: usedBefore, peakResident: .zero)
        tell(exit?.usage ?? nothing, WorkerFailure(fault))
        enter(.over(fault))
    }

    private func closeRequests(_ loop: borrowing EventLoop) throws(SystemError) {
        guard let closing = requests.take() else { return }
        if run != nil {
            let count = try closing.unreadCount()
            isUnread = !request.isEmpty || count > 0
        }
        try loop.remove(closing.raw)
        request = []
    }

    private func close(_ descriptor: inout FileDescriptor?, _ loop: borrowing EventLoop) throws(SystemError) {
        guard let closing = descriptor.take() else { return }
        try loop.remove(closing.raw)
    }
}

extension ChildExit.Manner {
    fileprivate var fault: ExternalFault {
        switch self {
        case .exited(let code): .exited(code: code)
        case .signalled(let signal): .crashed(signal)
        }
    }
}

extension EventToken {
    /// The token of a process's channel, given the first of its tokens.
    fileprivate func channel(_ channel: ExternalWorker.Channel) -> EventToken {
        EventToken(rawValue: rawValue + channel.rawValue)
    }
}
