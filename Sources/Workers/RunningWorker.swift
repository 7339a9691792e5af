import Platform
import Quantities
import Wire

/// One worker process, from its start until its end has been seen.
///
/// Its handlers never wait, and calling one without cause does no harm: a token of an earlier worker may
/// still be in the caller's list of events.
final class RunningWorker {
    let id: Bytes16
    let started: BootTime
    private let time: TimeSpan
    private let processorTime: TimeSpan
    /// Whether it is a command of the operator's, which knows nothing of requests and answers.
    private let isCommand: Bool
    private let process: WorkerProcess
    private var request: [UInt8]
    private var written = 0
    private var requestEnd: FileDescriptor?
    private var answer: [UInt8] = []
    private var answerEnd: FileDescriptor?
    private var failure: WorkerFailure?
    /// The time of what is being done with it.
    private var now: BootTime
    private var killedAt: BootTime?

    /// The three things waited for, by the offset of their tokens.
    enum Channel: UInt32, CaseIterable {
        case request = 0
        case answer = 1
        case end = 2
    }

    /// Starts the worker and watches it under three tokens from `token` on.
    init(
        _ job: WorkerJob, _ command: AllowedCommand?, _ host: WorkerHost, now: BootTime, token: EventToken,
        _ loop: borrowing EventLoop
    ) throws(SystemError) {
        let input = try PipeEnds()
        let output = try PipeEnds()
        let childInput = input.readEnd
        let requestEnd = input.writeEnd
        let answerEnd = output.readEnd
        let childOutput = output.writeEnd
        try requestEnd.setNonBlocking(true)
        try answerEnd.setNonBlocking(true)

        let order = WorkerOrder(
            command.map { .command($0.command, environment: $0.environment) } ?? .operation(job.request.operation),
            memory: job.memory, processorSeconds: RunningWorker.wholeSeconds(job.processorTime), cores: job.cores)
        let process = try host.start(order, [childInput.raw, childOutput.raw])

        try loop.register(requestEnd.raw, token.channel(.request), .writable)
        try loop.register(answerEnd.raw, token.channel(.answer), .readable)
        if let end = process.endDescriptor { try loop.register(end, token.channel(.end), .readable) }

        id = job.id
        started = now
        time = job.time
        processorTime = job.processorTime
        isCommand = command != nil
        request = command == nil ? job.request.encoded : job.request.input
        self.now = now
        self.process = process
        self.requestEnd = consume requestEnd
        self.answerEnd = consume answerEnd
    }

    private static func wholeSeconds(_ span: TimeSpan) -> UInt32 {
        UInt32(clamping: max(1, (Int128(span.milliseconds) + 999) / 1000))
    }

    /// When it has to be looked at next, whatever happens until then; nil where only its end is awaited.
    func nextDeadline(after now: BootTime) -> BootTime? {
        let poll: BootTime? = process.endDescriptor == nil ? now + WorkerLimits.endPollInterval : nil
        if failure != nil { return lostAt ?? poll }
        let watch = process.watchDue(isBusy: true)
        return min(started + time, min(poll ?? .distantFuture, watch ?? .distantFuture))
    }

    // MARK: Events

    /// Does what it can on one channel; its exit, once it has ended.
    func handle(_ channel: Channel, now: BootTime, _ loop: borrowing EventLoop) throws(SystemError) -> ChildExit? {
        self.now = now
        switch channel {
        case .request: try sendRequest(loop)
        case .answer: try receiveAnswer(loop)
        case .end: return try process.poll()
        }
        return nil
    }

    /// Stops it where its time is over; its exit, once it has ended.
    func advance(to now: BootTime, _ loop: borrowing EventLoop) throws(SystemError) -> ChildExit? {
        self.now = now
        if now >= started + time { try fail(.timedOut(limit: time), loop) }
        try process.watch(now, isBusy: true)
        if let excess = process.excess { try fail(.exceeded(excess), loop) }
        if let lostAt, now >= lostAt {
            throw SystemError("read", .tryAgain, subject: "the service of workers, which was to kill a worker")
        }
        return process.endDescriptor == nil ? try process.poll() : nil
    }

    /// When its end is not awaited any more.
    private var lostAt: BootTime? {
        guard let killedAt, let time = process.endTime else { return nil }
        return killedAt + time
    }

    /// Kills its process group and listens to it no more; the first reason given is the one that counts.
    func stop(_ reason: WorkerFailure, now: BootTime, _ loop: borrowing EventLoop) throws(SystemError) {
        self.now = now
        try fail(reason, loop)
    }

    private func fail(_ reason: WorkerFailure, _ loop: borrowing EventLoop) throws(SystemError) {
        guard failure == nil else { return }
        failure = reason
        try close(&requestEnd, loop)
        try close(&answerEnd, loop)
        killedAt = now
        try process.kill()
    }

    /// What became of it, given its exit; takes in what it had written before.
    func outcome(_ exit: ChildExit, ended: BootTime, _ loop: borrowing EventLoop) throws(SystemError) -> WorkerOutcome {
        try receiveAnswer(loop)
        try close(&requestEnd, loop)
        try close(&answerEnd, loop)
        if let end = process.endDescriptor { try loop.remove(end) }
        return WorkerOutcome(
            id: id, result: result(exit.manner), quality: nil, started: started, ended: ended,
            processorMicroseconds: exit.usage.processorMicroseconds, peakResident: exit.usage.peakResident)
    }

    private func result(_ manner: ChildExit.Manner) -> Result<[UInt8], WorkerFailure> {
        if let excess = process.excess { return .failure(.exceeded(excess)) }
        if let failure { return .failure(failure) }
        switch manner {
        case .signalled(.processorTime): return .failure(.processorTimeExceeded(limit: processorTime))
        case .signalled(let signal): return .failure(.crashed(signal))
        case .exited(0) where isCommand && answer.count <= WorkerLimits.maximumResultBytes: return .success(answer)
        case .exited(0) where isCommand:
            return .failure(.tooMuchOutput(limit: WorkerLimits.maximumResultBytes))
        case .exited(let code) where isCommand: return .failure(.commandFailed(code: code))
        case .exited(let code):
            guard code == WorkerMain.successCode || code == WorkerMain.refusalCode else {
                return .failure(.exited(code: code))
            }
            let answer = answer
            do throws(CBORError) {
                switch try WorkerAnswer(decoding: answer.span) {
                case .result(let result) where code == WorkerMain.successCode: return .success(result)
                case .refused(let refusal) where code == WorkerMain.refusalCode: return .failure(.refused(refusal))
                case .result, .refused: return .failure(.exited(code: code))
                }
            } catch {
                return .failure(.malformedAnswer(error))
            }
        }
    }

    // MARK: Pipes

    private func sendRequest(_ loop: borrowing EventLoop) throws(SystemError) {
        let request = request
        do throws(SystemError) {
            let sent = try requestEnd?.write(request.span.extracting(droppingFirst: written))
            guard case .bytes(let count) = sent else { return }
            written += count
        } catch {
            // A worker that does not want all of it may still answer.
            guard error.errno == .brokenPipe else { throw error }
            written = request.count
        }
        guard written == request.count else { return }
        self.request = []
        written = 0
        try close(&requestEnd, loop)
    }

    private func receiveAnswer(_ loop: borrowing EventLoop) throws(SystemError) {
        while true {
            let room = WorkerLimits.maximumAnswerBytes + 1 - answer.count
            switch try answerEnd?.read(upTo: room, appendingTo: &answer) {
            case .bytes:
                guard answer.count > WorkerLimits.maximumAnswerBytes else { continue }
                try fail(.tooMuchOutput(limit: WorkerLimits.maximumAnswerBytes), loop)
            case .end: try close(&answerEnd, loop)
            case .wouldBlock, nil: return
            }
        }
    }

    private func close(_ descriptor: inout FileDescriptor?, _ loop: borrowing EventLoop) throws(SystemError) {
        guard let closing = descriptor.take() else { return }
        try loop.remove(closing.raw)
    }
}

extension EventToken {
    /// The token of a worker's channel, given the first of its tokens.
    fileprivate func channel(_ channel: RunningWorker.Channel) -> EventToken {
        EventToken(rawValue: rawValue + channel.rawValue)
    }
}
