import CBenchmarkPeers
import Cryptography
import Link
import Platform
import Quantities
import Wire

/// Round trips between two real endpoints over real sockets, beside raw UDP.
enum LinkBenchmark {
    private static let messageBytes = 256
    private static let warmUp = 200

    /// A blocking request and its answer, `count` times in each of `rounds` rounds.
    static func run(rounds: Int, count: Int) throws(BenchmarkError) {
        var link = Durations()
        var loop = Durations()
        var raw = Durations()
        for _ in 0..<rounds {
            raw.add(
                try Durations.ofPeer("raw UDP", count) { peers_udp_round_trips(messageBytes, count, $0) })
            loop.add(try roundTrips(sealed: false, count))
            link.add(try roundTrips(sealed: true, count))
        }
        Table.row("link round trip, \(messageBytes) B", Figure(link), beside: "raw UDP, blocking calls", Figure(raw))
        Table.row("  of which sockets and event loop", Figure(loop), beside: "raw UDP, blocking calls", Figure(raw))
    }

    private static func roundTrips(sealed: Bool, _ count: Int) throws(BenchmarkError) -> Durations {
        let thread = try system { () throws(SystemError) in
            try WorkerThread<EchoJob, EchoStart>(name: "echo", capacity: 1) { port in
                guard port.take() != nil else { return }
                peers_pin(1)
                do throws(BenchmarkError) {
                    var side = try LinkSide(.answering)
                    port.complete(EchoStart(.success(try side.address())))
                    try side.answer(sealed: sealed)
                } catch {
                    port.complete(EchoStart(.failure(error)))
                }
            }
        }
        _ = thread.offer(EchoJob())
        peers_pin(0)
        var side = try LinkSide(.asking)
        let destination = try waitForStart(thread)
        return try side.ask(messageBytes, times: count, after: warmUp, of: destination, sealed: sealed)
    }

    private static func waitForStart(_ thread: WorkerThread<EchoJob, EchoStart>) throws(BenchmarkError)
        -> NetworkAddress
    {
        try system { () throws(SystemError) in
            var loop = try EventLoop()
            var ready: [ReadyEvent] = []
            try loop.register(thread.descriptor, EventToken(rawValue: 1), .readable)
            try loop.wait(until: Clock.bootTime + .seconds(5), into: &ready)
        }
        guard let start = thread.collect() else { throw .failed("the echo does not start") }
        switch start.result {
        case .success(let address): return address
        case .failure(let error): throw error
        }
    }
}

private final class EchoJob: Sendable {}

private final class EchoStart: Sendable {
    let result: Result<NetworkAddress, BenchmarkError>

    init(_ result: Result<NetworkAddress, BenchmarkError>) { self.result = result }
}

/// One end: an endpoint, its socket and its loop, put together as the daemon puts them together.
private struct LinkSide: ~Copyable {
    enum Role: UInt8 {
        case asking = 1
        case answering = 2

        var other: Role { self == .asking ? .answering : .asking }
        var key: KeyAgreementKey? { KeyAgreementKey(secret: [UInt8](repeating: rawValue, count: 32)) }
        var node: KeyID { KeyID(bytes: Bytes32(high: 0, low: UInt128(rawValue))) }
    }

    /// What ends the answering side, as a message and as a bare datagram.
    private static let end: [UInt8] = [0]
    /// Longest wait for anything.
    private static let patience = TimeSpan.seconds(5)

    private var endpoint: LinkEndpoint
    private var socket: DatagramSocket
    private var loop: EventLoop
    private var ready: [ReadyEvent] = []
    private var heardAt = Clock.bootTime
    private let peer: LinkPeerID

    init(_ role: Role) throws(BenchmarkError) {
        guard let key = role.key, let peerKey = role.other.key else { throw .failed("no key of 32 bytes") }
        let made = try system { () throws(SystemError) in
            try DatagramSocket(
                boundTo: NetworkAddress(ipv4: 127, 0, 0, 1, port: 0),
                batch: DatagramBatch(datagrams: 32, datagramBytes: 1500))
        }
        let waiting = try system { () throws(SystemError) in
            let waiting = try EventLoop()
            try waiting.register(made.descriptor, EventToken(rawValue: 1), .readable)
            return waiting
        }
        socket = made
        loop = waiting
        peer = LinkPeerID(staticKey: peerKey.publicKey)
        endpoint = LinkEndpoint(
            configuration: LinkConfiguration(
                localNode: role.node, prologue: Array("benchmark".utf8), staticKey: key, bootEpoch: 1, storeEpoch: 1),
            random: DeterministicRandom(seed: Bytes32(high: UInt128(role.rawValue), low: 0)))
        endpoint.addPeer(LinkPeer(id: peer, node: role.other.node, durablePosition: nil, address: nil))
    }

    func address() throws(BenchmarkError) -> NetworkAddress {
        try system { () throws(SystemError) in try socket.localAddress() }
    }

    /// Sends back whatever comes until it is told to end, or nobody asks any more.
    mutating func answer(sealed: Bool) throws(BenchmarkError) {
        guard sealed else { return try answerBare() }
        while true {
            for message in try nextMessages() {
                if message == LinkSide.end { return }
                try send(message)
            }
        }
    }

    mutating func ask(
        _ bytes: Int, times count: Int, after warmUp: Int, of destination: NetworkAddress, sealed: Bool
    ) throws(BenchmarkError) -> Durations {
        let message = [UInt8](repeating: 7, count: bytes)
        var durations = Durations()
        endpoint.setAddress(destination, of: peer, now: Clock.bootTime)
        for index in 0..<(warmUp + count) {
            let begin = Clock.bootNanoseconds
            if sealed {
                try send(message)
                while try nextMessages().isEmpty {}
            } else {
                try sendBare(message, to: destination)
                while try nextBare().isEmpty {}
            }
            if index >= warmUp { durations.add(Clock.bootNanoseconds - begin) }
        }
        if sealed { try send(LinkSide.end) } else { try sendBare(LinkSide.end, to: destination) }
        return durations
    }

    private mutating func send(_ message: [UInt8]) throws(BenchmarkError) {
        guard case .success = endpoint.send(message, to: peer, class: .task, now: Clock.bootTime) else {
            throw .failed("the link takes no message")
        }
        try flush()
    }

    private mutating func flush() throws(BenchmarkError) {
        let now = Clock.bootTime
        while let datagram = endpoint.nextDatagram(now: now) {
            _ = socket.enqueue(datagram.bytes.span, to: datagram.destination)
        }
        try flushSocket()
    }

    /// What came in one turn of the loop; nothing where only a timer ran.
    private mutating func nextMessages() throws(BenchmarkError) -> [[UInt8]] {
        let limit = heardAt + LinkSide.patience
        do throws(SystemError) {
            try loop.wait(until: min(endpoint.nextDeadline ?? limit, limit), into: &ready)
            let now = Clock.bootTime
            if !ready.isEmpty { heardAt = now }
            guard now < limit else { throw SystemError("epoll_wait", .tryAgain) }
            _ = try socket.receive { datagram, source in _ = endpoint.receive(datagram, from: source, now: now) }
            endpoint.advance(to: now)
        } catch { throw .system(error) }
        var messages: [[UInt8]] = []
        while let event = endpoint.nextEvent() {
            if case .message(_, _, let bytes) = event { messages.append(bytes) }
        }
        if messages.isEmpty { try flush() }
        return messages
    }

    // MARK: Without the link

    private mutating func answerBare() throws(BenchmarkError) {
        while true {
            for (datagram, source) in try nextBare() {
                if datagram == LinkSide.end { return }
                try sendBare(datagram, to: source)
            }
        }
    }

    private mutating func sendBare(_ datagram: [UInt8], to destination: NetworkAddress) throws(BenchmarkError) {
        _ = socket.enqueue(datagram.span, to: destination)
        try flushSocket()
    }

    private mutating func nextBare() throws(BenchmarkError) -> [([UInt8], NetworkAddress)] {
        var datagrams: [([UInt8], NetworkAddress)] = []
        do throws(SystemError) {
            try loop.wait(until: Clock.bootTime + LinkSide.patience, into: &ready)
            guard !ready.isEmpty else { throw SystemError("epoll_wait", .tryAgain) }
            _ = try socket.receive { datagram, source in
                datagrams.append((datagram.withUnsafeBufferPointer { Array($0) }, source))
            }
        } catch { throw .system(error) }
        return datagrams
    }

    private mutating func flushSocket() throws(BenchmarkError) {
        do throws(SystemError) { _ = try socket.flush() } catch { throw .system(error) }
    }
}
