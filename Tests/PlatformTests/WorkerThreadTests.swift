import Glibc
import Platform
import Quantities
import Synchronization
import Testing

private final class Number: Sendable {
    static let alive = Atomic<Int>(0)
    let value: Int

    init(_ value: Int) {
        self.value = value
        Number.alive.add(1, ordering: .relaxed)
    }

    deinit { Number.alive.subtract(1, ordering: .relaxed) }
}

@Suite(.serialized) struct WorkerThreadTests {
    @Test func `a mailbox holds what it has room for and gives it back in order`() throws {
        let mailbox = try Mailbox<Number>(capacity: 3, notifies: false)
        var expected = 0
        for round in 0..<5 {
            let count = round % 3 + 1
            for value in 0..<count { #expect(mailbox.offer(Number(round * 10 + value))) }
            if count == 3 { #expect(!mailbox.offer(Number(-1))) }
            for value in 0..<count {
                #expect(mailbox.poll()?.value == round * 10 + value)
                expected += 1
            }
            #expect(mailbox.poll() == nil)
        }
        #expect(expected == 9)
        #expect(mailbox.descriptor == -1)
    }

    @Test func `a closed mailbox refuses, but gives out what is in it`() throws {
        let mailbox = try Mailbox<Number>(capacity: 3, notifies: true)
        #expect(mailbox.offer(Number(1)))
        mailbox.close()
        #expect(!mailbox.offer(Number(2)))
        #expect(mailbox.take()?.value == 1)
        #expect(mailbox.take() == nil)
    }

    @Test func `a mailbox that goes releases what is in it`() throws {
        #expect(Number.alive.load(ordering: .relaxed) == 0)
        do {
            let mailbox = try Mailbox<Number>(capacity: 3, notifies: false)
            #expect(mailbox.offer(Number(1)))
            #expect(mailbox.offer(Number(2)))
            #expect(Number.alive.load(ordering: .relaxed) == 2)
        }
        #expect(Number.alive.load(ordering: .relaxed) == 0)
    }

    @Test func `the descriptor is readable exactly while the mailbox holds something`() throws {
        let mailbox = try Mailbox<Number>(capacity: 3, notifies: true)
        var loop = try EventLoop()
        var events: [ReadyEvent] = []
        try loop.register(mailbox.descriptor, EventToken(rawValue: 1), .readable)
        func isReadable() throws -> Bool {
            try loop.wait(until: .origin, into: &events)
            return !events.isEmpty
        }
        #expect(try !isReadable())
        #expect(mailbox.offer(Number(1)))
        #expect(mailbox.offer(Number(2)))
        #expect(try isReadable())
        #expect(mailbox.poll()?.value == 1)
        #expect(try isReadable())
        #expect(mailbox.poll()?.value == 2)
        #expect(try !isReadable())
    }

    @Test func `jobs of many threads arrive once each, those of one in its order`() throws {
        let mailbox = try Mailbox<Number>(capacity: 16, notifies: true)
        let producers = 4
        let each = 20_000
        var threads: [WorkerThread<Number, Number>] = []
        for producer in 0..<producers {
            threads.append(
                try WorkerThread(name: "producer", capacity: 1) { _ in
                    for value in 0..<each {
                        let number = Number(producer * each + value)
                        while !mailbox.offer(number) { sched_yield() }
                    }
                })
        }
        var last = Array(repeating: -1, count: producers)
        var taken = 0
        while taken < producers * each {
            guard let number = mailbox.take() else { break }
            let producer = number.value / each
            #expect(number.value % each == last[producer] + 1)
            last[producer] = number.value % each
            taken += 1
        }
        #expect(taken == producers * each)
        for thread in threads { thread.stop() }
        threads = []
        #expect(mailbox.poll() == nil)
    }

    @Test func `a worker answers every job on the loop, and refuses more than it has room for`() throws {
        let worker = try WorkerThread<Number, Number>(name: "doubler", capacity: 8) { port in
            while let job = port.take() { port.complete(Number(job.value * 2)) }
        }
        var loop = try EventLoop()
        var events: [ReadyEvent] = []
        try loop.register(worker.descriptor, EventToken(rawValue: 1), .readable)
        var next = 0
        var answers: [Int] = []
        while answers.count < 5_000 {
            while next < 5_000, worker.offer(Number(next)) { next += 1 }
            #expect(worker.underWay <= 8)
            try loop.wait(until: Clock.bootTime + .seconds(10), into: &events)
            #expect(!events.isEmpty)
            while let completion = worker.collect() { answers.append(completion.value) }
        }
        #expect(answers == (0..<5_000).map { $0 * 2 })
        #expect(worker.underWay == 0)
    }

    @Test func `what is under way counts until it is collected`() throws {
        let worker = try WorkerThread<Number, Number>(name: "echo", capacity: 2) { port in
            while let job = port.take() { port.complete(job) }
        }
        #expect(worker.offer(Number(1)))
        #expect(worker.offer(Number(2)))
        #expect(!worker.hasRoom)
        worker.stop()
        // Both are answered, but not collected.
        #expect(!worker.offer(Number(3)))
        #expect(worker.collect()?.value == 1)
        #expect(worker.collect()?.value == 2)
        #expect(worker.collect() == nil)
        #expect(worker.hasRoom && !worker.offer(Number(4)))
    }

    @Test func `a worker takes everything that waits at once`() throws {
        let gate = try Mailbox<Number>(capacity: 1, notifies: false)
        let worker = try WorkerThread<Number, Number>(name: "committer", capacity: 64) { port in
            while let first = port.take() {
                port.complete(first)
                guard gate.take() != nil else { return }
                guard let batch = port.takeAll() else { return }
                for _ in batch { port.complete(Number(batch.count)) }
            }
        }
        #expect(worker.offer(Number(0)))
        for value in 1...40 { #expect(worker.offer(Number(value))) }
        #expect(gate.offer(Number(0)))
        var sizes: [Int] = []
        while sizes.count < 41 {
            if let completion = worker.collect() { sizes.append(completion.value) } else { usleep(1_000) }
        }
        #expect(sizes == [0] + Array(repeating: 40, count: 40))
        gate.close()
    }

    @Test func `a worker's thread has its name and leaves signals to the loop`() throws {
        let names = try Mailbox<Number>(capacity: 1, notifies: false)
        let worker = try WorkerThread<Number, Number>(name: "sensor-reader", capacity: 1) { _ in
            var set = sigset_t()
            pthread_sigmask(SIG_SETMASK, nil, &set)
            let named = (try? FileSystem.read("/proc/thread-self/comm", limit: 16)) == Array("sensor-reader\n".utf8)
            let masked = sigismember(&set, SIGTERM) == 1 && sigismember(&set, SIGSEGV) == 0
            _ = names.offer(Number(named && masked ? 1 : 0))
        }
        #expect(names.take()?.value == 1)
        worker.stop()
    }

    @Test func `nothing is left of workers that are gone`() throws {
        do {
            let worker = try WorkerThread<Number, Number>(name: "gone", capacity: 8) { port in
                while let job = port.take() { port.complete(job) }
            }
            for value in 0..<5 { #expect(worker.offer(Number(value))) }
        }
        #expect(Number.alive.load(ordering: .relaxed) == 0)
    }
}
