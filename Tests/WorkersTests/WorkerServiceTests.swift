import Cryptography
import Foundation
import Platform
import Quantities
import TestKit
import Testing
import Wire

@testable import Workers

/// A service of workers and a pool that asks it, in one thread, step by step.
private final class ServedBench {
    var service: WorkerService?
    var pool: WorkerPool
    var loop: EventLoop

    init(_ folder: URL, shell script: String, concurrency: Int = 1) throws {
        let path = folder.path + "/workers.sock"
        service = try WorkerService(
            StreamListener(at: path), WorkerCommand(path: "/bin/sh", arguments: ["sh", "-c", script]))
        pool = try WorkerPool(.service(path: path), concurrency: concurrency, firstToken: EventToken(rawValue: 100))
        loop = try EventLoop()
    }

    func start(_ number: UInt128, milliseconds: Int64 = 20_000, mebibytes: Int64 = 256) -> WorkerAdmission {
        let job = WorkerJob(
            id: Bytes16(bits: number), request: WorkerRequest(operation: "perception.features", input: [1, 2, 3]),
            memory: .mebibytes(mebibytes), time: .milliseconds(milliseconds))
        return pool.start(job, now: Clock.bootTime, loop)
    }

    func step() throws {
        try service?.step(until: Clock.bootTime + .milliseconds(5))
        var events: [ReadyEvent] = []
        try loop.wait(until: Clock.bootTime + .milliseconds(5), into: &events)
        let now = Clock.bootTime
        for event in events { pool.handle(event, now: now, loop) }
        pool.advance(to: now, loop)
    }

    func cancel(_ number: UInt128, now: BootTime = Clock.bootTime) -> Bool {
        pool.cancel(Bytes16(bits: number), now: now, loop)
    }

    func advance(to now: BootTime) { pool.advance(to: now, loop) }

    func outcomes() throws -> [WorkerOutcome] {
        var outcomes = pool.takeOutcomes()
        while pool.runningCount > 0 {
            try step()
            outcomes += pool.takeOutcomes()
        }
        return outcomes
    }
}

@Suite(.timeLimit(.minutes(2))) struct `a service of workers` {
    /// `{1: h'0708'}`, as an answer of a shell.
    private let answer = #"cat > /dev/null; printf '\241\001\102\007\010'"#

    private func failure(_ outcome: WorkerOutcome) -> WorkerFailure? {
        if case .failure(let failure) = outcome.result { failure } else { nil }
    }

    @Test func `runs what is ordered, and reports what it used`() throws {
        try withTemporaryFolder { folder in
            let bench = try ServedBench(folder, shell: "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; " + answer)
            #expect(bench.start(1) == .started)
            let outcomes = try bench.outcomes()
            try #require(outcomes.count == 1)
            #expect(try outcomes[0].result.get() == [7, 8])
            #expect(outcomes[0].processorMicroseconds > 0)
            #expect(outcomes[0].peakResident > .zero)
        }
    }

    @Test func `holds a worker to its limits`() throws {
        try withTemporaryFolder { folder in
            let limits = try ServedBench(
                folder, shell: "[ $(ulimit -v) = 327680 ] && [ $(ulimit -n) = 64 ] && [ $(ulimit -f) = 0 ] && " + answer
            )
            #expect(limits.start(1) == .started)
            #expect(try limits.outcomes().first?.result.get() == [7, 8])
        }
    }

    @Test func `ends a worker that is out of time, was cancelled or crashes`() throws {
        try withTemporaryFolder { folder in
            let bench = try ServedBench(folder, shell: "sleep 60")
            #expect(bench.start(1, milliseconds: 200) == .started)
            #expect(failure(try bench.outcomes()[0]) == .timedOut(limit: .milliseconds(200)))
            #expect(bench.start(2) == .started)
            for _ in 0..<20 { try bench.step() }
            #expect(bench.cancel(2))
            #expect(failure(try bench.outcomes()[0]) == .cancelled)
            // Also where nothing was told of it for longer than its end may take then.
            #expect(bench.start(4) == .started)
            for _ in 0..<20 { try bench.step() }
            let later = Clock.bootTime + WorkerLimits.serviceEndTime + .seconds(1)
            #expect(bench.cancel(4, now: later))
            bench.advance(to: later)
            #expect(failure(try bench.outcomes()[0]) == .cancelled)
        }
        try withTemporaryFolder { folder in
            let bench = try ServedBench(folder, shell: "kill -SEGV $$")
            #expect(bench.start(3) == .started)
            #expect(failure(try bench.outcomes()[0]) == .crashed(.segmentationFault))
        }
    }

    @Test func `that dies costs its workers and nothing else, and one that comes back is used again`() throws {
        try withTemporaryFolder { folder in
            let bench = try ServedBench(folder, shell: "sleep 60")
            #expect(bench.start(1) == .started)
            for _ in 0..<20 { try bench.step() }
            bench.service = nil
            let lost = failure(try bench.outcomes()[0])
            #expect(lost == .systemError(SystemError("read", .connectionReset, subject: "the service of workers")))
            // While it is away nothing is started, and that is said.
            #expect(bench.start(2) == .started)
            guard case .systemError(let error)? = failure(try bench.outcomes()[0]) else {
                Issue.record("a worker was started by nobody")
                return
            }
            #expect(error.call == "connect")
            bench.service = try WorkerService(
                StreamListener(at: folder.path + "/workers.sock"),
                WorkerCommand(path: "/bin/sh", arguments: ["sh", "-c", answer]))
            #expect(bench.start(3) == .started)
            #expect(try bench.outcomes()[0].result.get() == [7, 8])
        }
    }

    @Test func `gives several agents' worth of workers their turn`() throws {
        try withTemporaryFolder { folder in
            let bench = try ServedBench(folder, shell: answer, concurrency: 8)
            for number in 1...20 { _ = bench.start(UInt128(number)) }
            let outcomes = try bench.outcomes()
            #expect(outcomes.count == 20)
            #expect(try outcomes.allSatisfy { try $0.result.get() == [7, 8] })
        }
    }

    @Test func `takes no order that is none, and goes on`() throws {
        try withTemporaryFolder { folder in
            let bench = try ServedBench(folder, shell: answer)
            let order = WorkerOrder(.operation("perception.features"), memory: .mebibytes(64), processorSeconds: 1)
            var unknown = order
            unknown.program = .operation("rm")
            var greedy = order
            greedy.memory = WorkerLimits.maximumMemory + .mebibytes(1)
            let cut = Array(order.encoded.dropLast())
            for bytes in [[0xff], cut, unknown.encoded, greedy.encoded, order.encoded + [0]] {
                let connection = try StreamConnection(
                    connectingTo: folder.path + "/workers.sock", timeout: .seconds(5))
                try DescriptorMessage.send(bytes, [0, 1], over: connection)
                for _ in 0..<5 { try bench.step() }
                var answer: [UInt8] = []
                #expect(try connection.descriptor.read(upTo: 100, appendingTo: &answer) == .end)
            }
            // One without descriptors.
            let connection = try StreamConnection(connectingTo: folder.path + "/workers.sock", timeout: .seconds(5))
            try connection.descriptor.writeAll(order.encoded.span)
            for _ in 0..<5 { try bench.step() }
            var nothing: [UInt8] = []
            #expect(try connection.descriptor.read(upTo: 100, appendingTo: &nothing) == .end)
            #expect(bench.start(1) == .started)
            #expect(try bench.outcomes()[0].result.get() == [7, 8])
        }
    }

    @Test(arguments: [true, false])
    func `has told an end that is read although a question came too late for it`(isTold: Bool) throws {
        try withTemporaryFolder { folder in
            let path = folder.path + "/workers.sock"
            var listener = try StreamListener(at: path)
            let order = WorkerOrder(
                .command(["/bin/true"], environment: []), memory: .mebibytes(1), processorSeconds: nil)
            let worker = try ServedWorker(order, path: path, [2, 2])
            let exit = ChildExit(
                manner: .exited(3), usage: ResourceUsage(processorMicroseconds: 5, peakResident: .mebibytes(1)))
            func serve() throws {
                guard let connection = try listener.accept() else {
                    Issue.record("nobody has connected")
                    return
                }
                let order = try DescriptorMessage.receive(upTo: 4096, from: connection)
                #expect(order != nil)
                if isTold { _ = try connection.descriptor.write(WorkerReport.ended(exit).framed.span) }
                // It closes the connection with the question unread.
                try worker.measure()
            }
            try serve()
            if isTold {
                #expect(try worker.poll() == exit)
            } else {
                #expect(throws: SystemError.self) { try worker.poll() }
            }
        }
    }

    @Test func `speaks an encoding in which nothing has two forms`() throws {
        let orders = [
            WorkerOrder(.operation("perception.features"), memory: .mebibytes(256), processorSeconds: 30),
            WorkerOrder(.command(["/bin/a", "b"], environment: ["C=d"]), memory: .mebibytes(1), processorSeconds: nil),
            WorkerOrder(.command(["/bin/a"], environment: []), memory: .mebibytes(1), processorSeconds: 1),
            WorkerOrder(.command(["/bin/a"], environment: []), memory: .mebibytes(1), processorSeconds: 1, cores: 2),
            WorkerOrder(
                .operation("perception.features"), memory: .mebibytes(1), processorSeconds: 1, cores: .max),
        ]
        for order in orders { #expect(try WorkerOrder(decoding: order.encoded.span) == order) }
        let refused = [
            WorkerOrder(.operation("perception.none"), memory: .mebibytes(1), processorSeconds: 1),
            WorkerOrder(.operation("perception.features"), memory: .mebibytes(1), processorSeconds: nil),
            WorkerOrder(.command(["a"], environment: []), memory: .mebibytes(1), processorSeconds: 1),
            WorkerOrder(.command([], environment: []), memory: .mebibytes(1), processorSeconds: 1),
            WorkerOrder(.command(["/bin/a"], environment: []), memory: .mebibytes(1), processorSeconds: 1, cores: 0),
        ]
        for order in refused { #expect(throws: CBORError.self) { try WorkerOrder(decoding: order.encoded.span) } }
        let usage = ResourceUsage(processorMicroseconds: 12_345, peakResident: .mebibytes(3))
        let reports: [WorkerReport] = [
            .ended(ChildExit(manner: .exited(65), usage: usage)),
            .ended(ChildExit(manner: .signalled(.kill), usage: usage)), .notStarted(.noMemory),
            .used(usage), .exceeded(.memory(limit: .mebibytes(5))), .exceeded(.processes(limit: 64)),
        ]
        for report in reports { #expect(try WorkerReport(decoding: report.encoded.span) == report) }
        for report in reports {
            for length in 0..<report.encoded.count {
                let cut = Array(report.encoded.prefix(length))
                #expect(throws: CBORError.self) { try WorkerReport(decoding: cut.span) }
            }
        }
    }
}
