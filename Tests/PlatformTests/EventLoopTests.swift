import Glibc
import Platform
import Quantities
import Testing

@Suite struct EventLoopTests {
    private let first = EventToken(rawValue: 1)
    private let second = EventToken(rawValue: UInt32.max)

    @Test(arguments: [1, 20, 60]) func `a wait without events ends at its deadline, not before`(span: Int64) throws {
        var loop = try EventLoop()
        var events = [ReadyEvent(first)]
        for _ in 0..<2 {
            let start = Clock.bootTime
            let deadline = start + .milliseconds(span)
            try loop.wait(until: deadline, into: &events)
            #expect(events == [])
            let late = Clock.bootTime.since(deadline).milliseconds
            #expect((0...200).contains(late))
        }
    }

    @Test func `a deadline in the past does not wait`() throws {
        var loop = try EventLoop()
        var events: [ReadyEvent] = []
        let start = Clock.bootTime
        for deadline in [BootTime.origin, BootTime(milliseconds: .min), start, start - .seconds(1)] {
            try loop.wait(until: deadline, into: &events)
        }
        #expect(Clock.bootTime.since(start) < .milliseconds(100))
    }

    @Test func `a deadline can come closer and go away again`() throws {
        var loop = try EventLoop()
        var events: [ReadyEvent] = []
        let wakeup = try Wakeup()
        try loop.register(wakeup.descriptor, first, .readable)
        try wakeup.signal()
        try loop.wait(until: .distantFuture, into: &events)
        #expect(events.count == 1)
        #expect(try wakeup.drain())
        let start = Clock.bootTime
        try loop.wait(until: start + .milliseconds(10), into: &events)
        #expect(events == [])
        #expect((10...200).contains(Clock.bootTime.since(start).milliseconds))
        // Without a deadline the timer that has fired must not keep the loop awake.
        try wakeup.signal()
        let before = Clock.threadNanoseconds
        try loop.wait(until: nil, into: &events)
        #expect(events.count == 1)
        #expect(Clock.threadNanoseconds - before < 50_000_000)
    }

    @Test func `ready descriptors are told by token and way, again and again until they are read`() throws {
        var loop = try EventLoop()
        var events: [ReadyEvent] = []
        let pipe = try PipeEnds()
        let readEnd = pipe.readEnd
        let writeEnd = pipe.writeEnd
        try loop.register(readEnd.raw, first, .readable)
        try loop.register(writeEnd.raw, second, .writable)
        try loop.wait(until: nil, into: &events)
        #expect(events == [ReadyEvent(second, writable: true)])
        try writeEnd.writeAll(Array("x".utf8).span)
        try loop.change(writeEnd.raw, second, [])
        for _ in 0..<2 {
            try loop.wait(until: nil, into: &events)
            #expect(events == [ReadyEvent(first, readable: true)])
        }
        var bytes: [UInt8] = []
        #expect(try readEnd.read(upTo: 4, appendingTo: &bytes) == .bytes(1))
        try loop.remove(writeEnd.raw)
        try writeEnd.close()
        try loop.wait(until: nil, into: &events)
        #expect(events == [ReadyEvent(first, hangup: true)])
        #expect(systemError { try loop.register(readEnd.raw, second, .readable) }?.errno == .exists)
        try loop.remove(readEnd.raw)
        try loop.wait(until: Clock.bootTime + .milliseconds(5), into: &events)
        #expect(events == [])
    }

    @Test func `more ready descriptors than one wait reports are reported by the next`() throws {
        var loop = try EventLoop()
        let wakeup = try Wakeup()
        try wakeup.signal()
        let count = PlatformLimits.eventsPerWait + 10
        var copies: [Int32] = []
        defer { for copy in copies { close(copy) } }
        for index in 0..<count {
            let copy = try FileDescriptor(duplicating: wakeup.descriptor).release()
            copies.append(copy)
            try loop.register(copy, EventToken(rawValue: UInt32(index)), .readable)
        }
        var events: [ReadyEvent] = []
        var seen = Set<UInt32>()
        for _ in 0..<20 where seen.count < count {
            try loop.wait(until: Clock.bootTime + .seconds(1), into: &events)
            #expect(events.count <= PlatformLimits.eventsPerWait)
            seen.formUnion(events.map { $0.token.rawValue })
        }
        #expect(seen.count == count)
    }

    @Test func `a wake-up is seen once however often it was called`() throws {
        let wakeup = try Wakeup()
        #expect(try !wakeup.drain())
        try wakeup.signal()
        try wakeup.signal()
        #expect(try wakeup.drain())
        #expect(try !wakeup.drain())
    }

    @Test func `signals are read instead of interrupting`() throws {
        var loop = try EventLoop()
        var events: [ReadyEvent] = []
        let signal = Signal(rawValue: SIGUSR2)
        let source = try SignalSource([signal, .windowChange])
        try loop.register(source.descriptor, first, .readable)
        #expect(try source.next() == nil)
        // To this thread, as another one has not blocked it.
        pthread_kill(pthread_self(), SIGUSR2)
        pthread_kill(pthread_self(), SIGWINCH)
        try loop.wait(until: Clock.bootTime + .seconds(5), into: &events)
        #expect(events == [ReadyEvent(first, readable: true)])
        #expect(try source.next() == signal)
        #expect(try source.next() == .windowChange)
        #expect(try source.next() == nil)
    }
}
