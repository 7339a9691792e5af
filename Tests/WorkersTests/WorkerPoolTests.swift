import Cryptography
import Foundation
import Platform
import Quantities
import Testing
import Wire

@testable import Workers

/// Real children under the pool, each doing one thing that a worker might.
@Suite struct WorkerPoolTests {
    /// A pool and the loop it is watched by, driven until all its jobs have ended.
    final class Bench {
        var loop: EventLoop
        var pool: WorkerPool
        var mostRunning = 0
        private var events: [ReadyEvent] = []

        init(_ command: WorkerCommand, concurrency: Int = 1) throws {
            loop = try EventLoop()
            pool = try WorkerPool(.children(command), concurrency: concurrency, firstToken: EventToken(rawValue: 100))
        }

        /// A pool whose workers run `script` in a shell.
        convenience init(shell script: String, concurrency: Int = 1) throws {
            try self.init(
                WorkerCommand(path: "/bin/sh", arguments: ["sh", "-c", script]), concurrency: concurrency)
        }

        /// A pool whose workers run `script` in Python, where `answer(bytes)` gives a result.
        convenience init(python script: String) throws {
            let prelude = """
                import os, sys
                def answer(b):
                    length = bytes([0x40 + len(b)] if len(b) < 24 else [0x58, len(b)])
                    os.write(1, b"\\xa1\\x01" + length + b)

                """
            try self.init(
                WorkerCommand(path: "/usr/bin/python3", arguments: ["python3", "-c", prelude + script]))
        }

        func start(_ job: WorkerJob) -> WorkerAdmission { pool.start(job, now: Clock.bootTime, loop) }

        func cancel(_ id: Bytes16) -> Bool { pool.cancel(id, now: Clock.bootTime, loop) }

        /// Waits for the next event or deadline and passes it on.
        func step() throws {
            mostRunning = max(mostRunning, pool.runningCount)
            try loop.wait(until: pool.nextDeadline(after: Clock.bootTime), into: &events)
            let now = Clock.bootTime
            for event in events { pool.handle(event, now: now, loop) }
            pool.advance(to: now, loop)
        }

        func outcomes() throws -> [WorkerOutcome] {
            var outcomes = pool.takeOutcomes()
            while pool.runningCount > 0 {
                try step()
                outcomes += pool.takeOutcomes()
            }
            return outcomes
        }

        /// The outcome of a single job.
        func run(_ job: WorkerJob) throws -> WorkerOutcome {
            #expect(start(job) == .started)
            let outcomes = try outcomes()
            try #require(outcomes.count == 1)
            #expect(outcomes[0].id == job.id)
            #expect(pool.takeOutcomes().isEmpty)
            return outcomes[0]
        }
    }

    private func job(
        _ number: UInt128 = 1, input: [UInt8] = [1, 2, 3], mebibytes: Int64 = 256, milliseconds: Int64 = 20_000,
        processorMilliseconds: Int64? = nil
    ) -> WorkerJob {
        WorkerJob(
            id: Bytes16(bits: number), request: WorkerRequest(operation: "perception.features", input: input),
            memory: .mebibytes(mebibytes), time: .milliseconds(milliseconds),
            processorTime: processorMilliseconds.map { .milliseconds($0) })
    }

    private static let endings: [(String, WorkerFailure)] = [
        ("exit 0", .malformedAnswer(.truncated(at: 0))),
        ("echo hello", .malformedAnswer(.unexpectedKind(at: 0, expected: .map, found: .text))),
        (#"printf '\241\001\102hi\000'"#, .malformedAnswer(.trailingBytes(at: 5))),
        (#"printf '\241\001\102h'"#, .malformedAnswer(.truncated(at: 4))),
        (#"printf '\242\002\011\003\140'; exit 65"#, .malformedAnswer(.invalidValue(at: 2))),
        (#"printf '\242\002\004\003\143bad'; exit 65"#, .refused(WorkerRefusal(.badInput, "bad"))),
        (#"printf '\242\002\004\003\143bad'"#, .exited(code: 0)),
        (#"printf '\241\001\102hi'; exit 65"#, .exited(code: 65)),
        (#"printf '\241\001\102hi'; exit 1"#, .exited(code: 1)),
        ("exit 3", .exited(code: 3)),
        ("kill -SEGV $$", .crashed(.segmentationFault)),
        ("kill -KILL $$", .crashed(.kill)),
        (#"printf '\241\001\102hi'; kill -ABRT $$"#, .crashed(.abort)),
        ("exec cat /dev/zero", .tooMuchOutput(limit: WorkerLimits.maximumAnswerBytes)),
        ("while :; do echo flood; done & wait", .tooMuchOutput(limit: WorkerLimits.maximumAnswerBytes)),
    ]

    @Test(arguments: endings)
    func `what goes wrong in a worker is the failure of its job`(script: String, failure: WorkerFailure) throws {
        let bench = try Bench(shell: script)
        #expect(try bench.run(job()).result == .failure(failure))
        #expect(!failure.explanation.isEmpty)
        // The pool has come to no harm.
        #expect(bench.pool.runningCount == 0)
        #expect(bench.pool.nextDeadline(after: Clock.bootTime) == nil)
    }

    @Test func `a worker's result comes with its time and memory`() throws {
        let bench = try Bench(
            python: "b = bytearray(b'x' * (40 << 20)); n = sum(i * i for i in range(1 << 20)); answer(b'done')")
        let before = Clock.bootTime
        let own = try ResourceUsage.ofProcess().peakResident
        let outcome = try bench.run(job())
        #expect(outcome.result == .success(Array("done".utf8)))
        #expect(outcome.started >= before)
        #expect(outcome.ended <= Clock.bootTime)
        #expect(outcome.processorMicroseconds > 10_000)
        #expect(outcome.processorMicroseconds <= (outcome.duration.milliseconds + 2) * 1000)
        #expect(outcome.peakResident > .mebibytes(40))
        #expect(outcome.peakResident < own + .mebibytes(120))
    }

    @Test func `a large request arrives whole`() throws {
        let bench = try Bench(
            python: "import hashlib; answer(hashlib.sha256(sys.stdin.buffer.read()).digest())")
        let input = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }
        let job = job(input: input)
        let encoded = job.request.encoded
        #expect(try bench.run(job).result == .success(Hashing.sha256(encoded.span).array))
    }

    @Test func `a worker need not read its request`() throws {
        let bench = try Bench(shell: #"exec <&-; printf '\241\001\102hi'"#)
        #expect(try bench.run(job(input: [UInt8](repeating: 0, count: 4_000_000))).result == .success(Array("hi".utf8)))
    }

    @Test func `an answer that comes in pieces is put together`() throws {
        let bench = try Bench(shell: #"printf '\241\001'; sleep 0.05; printf '\102h'; sleep 0.05; printf i"#)
        #expect(try bench.run(job()).result == .success(Array("hi".utf8)))
    }

    @Test func `the operation is the worker's last argument`() throws {
        let bench = try Bench(python: "answer(sys.argv[1].encode())")
        #expect(try bench.run(job()).result == .success(Array("perception.features".utf8)))
    }

    // MARK: Limits

    @Test func `a worker that sleeps is stopped when its time is over, with what it started`() throws {
        let bench = try Bench(shell: "sleep 60 & sleep 60; true")
        let outcome = try bench.run(job(milliseconds: 150))
        #expect(outcome.result == .failure(.timedOut(limit: .milliseconds(150))))
        #expect(outcome.duration >= .milliseconds(150))
        #expect(outcome.duration < .seconds(10))
    }

    @Test func `a worker that ignores requests to end is stopped all the same`() throws {
        let bench = try Bench(shell: "trap '' TERM INT HUP XCPU; exec 1>&-; while :; do sleep 1; done")
        #expect(try bench.run(job(milliseconds: 150)).result == .failure(.timedOut(limit: .milliseconds(150))))
    }

    @Test func `a worker that computes for too long is stopped by its processor time`() throws {
        let bench = try Bench(shell: "while :; do :; done")
        let outcome = try bench.run(job(processorMilliseconds: 1))
        #expect(outcome.result == .failure(.processorTimeExceeded(limit: .milliseconds(1))))
        #expect((500_000...3_000_000).contains(outcome.processorMicroseconds))
    }

    @Test func `a worker gets no more memory than its job may use`() throws {
        let script = "b = bytearray(b'x' * (300 << 20)); answer(b'got it')"
        let tight = try Bench(python: script)
        let own = try ResourceUsage.ofProcess().peakResident
        let refused = try tight.run(job(mebibytes: 64))
        #expect(refused.result == .failure(.exited(code: 1)))
        #expect(refused.peakResident < own + .mebibytes(128))
        let ample = try Bench(python: script)
        #expect(try ample.run(job(mebibytes: 1024)).result == .success(Array("got it".utf8)))
    }

    @Test func `a worker inherits nothing`() throws {
        // Neither close-on-exec nor above any limit: only discipline keeps it away from a child.
        let secret = open("/etc/hostname", O_RDONLY)
        let high = fcntl(secret, F_DUPFD, 300)
        defer {
            close(secret)
            close(high)
        }
        setenv("SAGE_EDGE_TEST_SECRET", "1", 1)
        let bench = try Bench(
            python: """
                fds = [int(f) for f in os.listdir('/proc/self/fd')]
                fds = sorted(f for f in fds if os.path.exists('/proc/self/fd/%d' % f))
                secret = [v for v in os.environ if 'SAGE' in v]
                answer(repr((fds, os.readlink('/proc/self/fd/2'), secret, os.getpgrp() == os.getpid())).encode())
                """)
        #expect(
            try bench.run(job()).result == .success(Array("([0, 1, 2], '/dev/null', [], True)".utf8)))
    }

    @Test func `a worker runs under the limits of its job and behind the agent`() throws {
        let bench = try Bench(
            python: """
                import resource as r
                names = ('AS', 'CPU', 'NOFILE', 'CORE', 'FSIZE')
                limits = [r.getrlimit(getattr(r, 'RLIMIT_' + n))[0] for n in names]
                answer(repr(limits + [os.getpriority(os.PRIO_PROCESS, 0) - PARENT]).encode())
                """.replacingOccurrences(of: "PARENT", with: "\(getpriority(__priority_which_t(0), 0))"))
        let outcome = try bench.run(job(mebibytes: 100, processorMilliseconds: 6_500))
        #expect(outcome.result == .success(Array("[171966464, 7, 64, 0, 0, 5]".utf8)))
    }

    // MARK: Order

    @Test func `jobs beyond the concurrency wait and start in their order`() throws {
        let bench = try Bench(shell: #"sleep 0.1; printf '\241\001\102hi'"#, concurrency: 2)
        let admissions = (1...5).map { bench.start(job($0)) }
        #expect(admissions == [.started, .started, .queued(behind: 0), .queued(behind: 1), .queued(behind: 2)])
        #expect(bench.start(job(2)) == .duplicate)
        #expect(bench.start(job(4)) == .duplicate)
        #expect(bench.pool.waitingCount == 3)
        let outcomes = try bench.outcomes()
        #expect(bench.mostRunning == 2)
        #expect(outcomes.count == 5)
        #expect(outcomes.allSatisfy { $0.result == .success(Array("hi".utf8)) })
        let starts = outcomes.sorted { $0.id < $1.id }.map(\.started)
        #expect(starts == starts.sorted())
    }

    @Test func `the queue is bounded in jobs and in bytes`() throws {
        let bench = try Bench(shell: "sleep 60")
        #expect(bench.start(job(1)) == .started)
        for number in 0..<WorkerLimits.maximumQueuedJobs {
            #expect(bench.start(job(UInt128(number) + 2)) == .queued(behind: number))
        }
        #expect(bench.start(job(99)) == .queueFull(jobs: 16, bytes: 48))

        let other = try Bench(shell: "sleep 60")
        let half = [UInt8](repeating: 0, count: WorkerLimits.maximumQueuedBytes / 2)
        #expect(other.start(job(1)) == .started)
        #expect(other.start(job(2, input: half)) == .queued(behind: 0))
        #expect(other.start(job(3, input: half)) == .queued(behind: 1))
        #expect(other.start(job(4, input: [0])) == .queueFull(jobs: 2, bytes: WorkerLimits.maximumQueuedBytes))
        #expect(other.start(job(5, input: [])) == .queued(behind: 2))
        let tooLarge = [UInt8](repeating: 0, count: WorkerLimits.maximumInputBytes + 1)
        #expect(other.start(job(6, input: tooLarge)) == .inputTooLarge(bytes: tooLarge.count))
    }

    @Test func `a waiting and a running job can be cancelled`() throws {
        let bench = try Bench(shell: #"sleep 0.3; printf '\241\001\102hi'"#)
        for number: UInt128 in 1...3 { _ = bench.start(job(number)) }
        #expect(bench.cancel(Bytes16(bits: 2)))
        let waiting = bench.pool.takeOutcomes()
        #expect(waiting.map(\.result) == [.failure(.cancelled)])
        #expect(waiting[0].duration == .zero)
        #expect(bench.cancel(Bytes16(bits: 1)))
        let outcomes = try bench.outcomes()
        #expect(outcomes.map(\.id) == [Bytes16(bits: 1), Bytes16(bits: 3)])
        #expect(outcomes[0].result == .failure(.cancelled))
        #expect(outcomes[0].duration < .milliseconds(250))
        #expect(outcomes[1].result == .success(Array("hi".utf8)))
        #expect(!bench.cancel(Bytes16(bits: 1)))
    }

    @Test func `a program that is not there fails its jobs, the waiting ones too`() throws {
        let bench = try Bench(WorkerCommand(path: "/nowhere/sage-edge", arguments: ["sage-edge"]))
        let outcome = try bench.run(job())
        #expect(
            outcome.result == .failure(.systemError(SystemError("execve", .noEntry, subject: "/nowhere/sage-edge"))))
        #expect(outcome.processorMicroseconds == 0)
    }

    @Test func `what a worker leaves behind neither delays its outcome nor lives on`() throws {
        let bench = try Bench(
            python: """
                child = os.fork()
                if child:
                    answer(str(child).encode())
                else:
                    import time
                    time.sleep(60)
                """)
        let outcome = try bench.run(job())
        #expect(outcome.duration < .seconds(10))
        let written = try outcome.result.get()
        let left = try #require(Int32(String(decoding: written, as: UTF8.self)))
        // It is killed, and gone once whoever inherited it has noticed.
        var gone = false
        for _ in 0..<200 where !gone {
            let status = try? String(contentsOfFile: "/proc/\(left)/stat", encoding: .utf8)
            gone = status == nil || status?.contains(") Z ") == true
            if !gone { usleep(10_000) }
        }
        #expect(gone)
    }

    @Test func `a worker dies with its pool`() throws {
        func identifier() throws -> Int32 {
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("worker-\(UUID()).pid").path
            defer { unlink(file) }
            // The limit on files is 0 bytes, so that the number is given as a link's target.
            let bench = try Bench(shell: "ln -s $$ \(file); exec sleep 60")
            _ = bench.start(job())
            while true {
                if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: file) {
                    return try #require(Int32(target))
                }
                usleep(5_000)
            }
        }
        let worker = try identifier()
        #expect(kill(worker, 0) == -1)
    }

    @Test func `events of others and stale events do no harm`() throws {
        let bench = try Bench(shell: #"sleep 0.1; printf '\241\001\102hi'"#)
        let external = ExternalWorkers.channels * UInt32(WorkerLimits.maximumExternalProcesses)
        #expect(bench.pool.tokens == 100..<(103 + external))
        _ = bench.start(job())
        for token: UInt32 in 98...(104 + external) {
            let event = ReadyEvent(EventToken(rawValue: token), readable: true, writable: true, hangup: true)
            bench.pool.handle(event, now: Clock.bootTime, bench.loop)
        }
        #expect(try bench.outcomes().map(\.result) == [.success(Array("hi".utf8))])
        for token: UInt32 in 98...(104 + external) {
            bench.pool.handle(ReadyEvent(EventToken(rawValue: token)), now: Clock.bootTime, bench.loop)
        }
        #expect(bench.pool.takeOutcomes().isEmpty)
    }
}
