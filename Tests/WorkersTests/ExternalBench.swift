import Foundation
import Platform
import Quantities
import TestKit
import Testing
import Wire

@testable import Workers

/// A pool with external executors, in this process or behind a service of workers, driven step by step.
final class ExternalBench {
    var loop: EventLoop
    var pool: WorkerPool
    var service: WorkerService?
    var notices: [ExternalNotice] = []
    var mostRunning = 0
    private var nextJob: UInt128 = 1
    private var events: [ReadyEvent] = []

    /// A pool that runs `script` in Python for `perception.detect`; one that is `served` asks a service in `folder`.
    init(
        _ folder: URL, python script: String, served: Bool = false, mebibytes: Int64 = 512, concurrent: Int = 1,
        environment: [String] = [], cores: UInt32? = nil
    ) throws {
        let file = folder.path + "/worker.py"
        try (ExternalBench.prelude + script).write(toFile: file, atomically: true, encoding: .utf8)
        loop = try EventLoop()
        let command = WorkerCommand(path: "/bin/false", arguments: ["false"])
        let socket = folder.path + "/workers.sock"
        service = served ? try WorkerService(StreamListener(at: socket), command) : nil
        pool = try WorkerPool(
            served ? .service(path: socket) : .children(command), concurrency: 2, firstToken: EventToken(rawValue: 100))
        configure(
            ["/usr/bin/python3", file], mebibytes: mebibytes, concurrent: concurrent, environment: environment,
            cores: cores)
    }

    func configure(
        _ words: [String], mebibytes: Int64 = 512, concurrent: Int = 1, environment: [String] = [],
        commands: [AllowedCommand] = [], cores: UInt32? = nil
    ) {
        let executor = ExternalExecutor(
            operation: "perception.detect", command: words, environment: environment, memory: .mebibytes(mebibytes),
            concurrent: concurrent, cores: cores)
        pool.configure(
            WorkerPrograms(external: words.isEmpty ? [] : [executor], commands: commands), now: Clock.bootTime, loop)
    }

    /// What scripts are written with: `say` writes a message, `serve` answers each task by a function of its input.
    private static let prelude = """
        import base64, ctypes, json, os, signal, sys, time
        def say(**message):
            sys.stdout.write(json.dumps(message) + "\\n")
            sys.stdout.flush()
        def payload(task):
            return os.pread(task["input"]["descriptor"], task["input"]["bytes"], 0)
        def serve(answer):
            say(ready=True)
            for line in sys.stdin:
                answer(json.loads(line))

        """

    static func job(
        _ number: UInt128, _ input: [UInt8], milliseconds: Int64, operation: String, parameters: [UInt8] = []
    ) -> WorkerJob {
        WorkerJob(
            id: Bytes16(bits: number),
            request: WorkerRequest(operation: operation, input: input, parameters: parameters),
            memory: .mebibytes(64), time: .milliseconds(milliseconds))
    }

    /// Puts a job to the pool; its id.
    @discardableResult
    func start(
        _ input: [UInt8], milliseconds: Int64 = 60_000, operation: String = "perception.detect",
        parameters: [UInt8] = [], waiting: TimeSpan? = nil
    ) -> Bytes16 {
        var job = ExternalBench.job(
            nextJob, input, milliseconds: milliseconds, operation: operation, parameters: parameters)
        nextJob += 1
        job.startBy = waiting.map { Clock.bootTime + $0 }
        _ = pool.start(job, now: Clock.bootTime, loop)
        return job.id
    }

    func cancel(_ id: Bytes16) -> Bool { pool.cancel(id, now: Clock.bootTime, loop) }

    /// Waits for the next event or deadline and passes it on.
    func step() throws {
        var deadline = pool.nextDeadline(after: Clock.bootTime)
        if service != nil {
            try service?.step(until: Clock.bootTime + .milliseconds(2))
            deadline = Clock.bootTime + .milliseconds(2)
        }
        try loop.wait(until: deadline ?? Clock.bootTime + .seconds(1), into: &events)
        let now = Clock.bootTime
        for event in events { pool.handle(event, now: now, loop) }
        pool.advance(to: now, loop)
        mostRunning = max(mostRunning, pool.runningCount)
        notices += pool.takeNotices()
    }

    /// Goes on until `isDone`; what is not by then never is.
    func wait(_ isDone: () -> Bool) throws {
        let end = Clock.bootTime + .seconds(300)
        while !isDone() {
            try #require(Clock.bootTime < end)
            try step()
        }
    }

    /// The outcomes of all jobs there are.
    func outcomes() throws -> [WorkerOutcome] {
        var outcomes = pool.takeOutcomes()
        while pool.runningCount + pool.waitingCount > 0 {
            try step()
            outcomes += pool.takeOutcomes()
        }
        return outcomes
    }

    /// The outcome of one job.
    func run(
        _ input: String, milliseconds: Int64 = 60_000, operation: String = "perception.detect", parameters: String = ""
    ) throws -> WorkerOutcome {
        start(Array(input.utf8), milliseconds: milliseconds, operation: operation, parameters: Array(parameters.utf8))
        let outcomes = try outcomes()
        try #require(outcomes.count == 1)
        return outcomes[0]
    }

    /// The result of one job, as text.
    func result(_ input: String, parameters: String = "") throws -> String {
        String(decoding: try run(input, parameters: parameters).result.get(), as: UTF8.self)
    }
}

/// Whether a process is gone, or is about to be.
func isGone(_ process: Int32) -> Bool { ProcessEntry(process)?.hasEnded ?? true }
