import Glibc
import Quantities
import Testing
import Wire

@testable import Platform

private let small = DatagramBatch(datagrams: 8, datagramBytes: 64)

private func address(_ text: String) throws -> NetworkAddress { try #require(NetworkAddress(text)) }

private let loopback4 = NetworkAddress(ipv4: 127, 0, 0, 1, port: 0)
private let loopback6 = NetworkAddress(bits: 1, port: 0)

private func one(_ byte: UInt8) -> [UInt8] { [byte] }

extension DatagramSocket {
    fileprivate mutating func expectQueued(_ datagram: [UInt8], to destination: NetworkAddress, accepted: Bool = true) {
        let queued = enqueue(datagram.span, to: destination)
        #expect(queued == accepted)
    }
}

@_silgen_name("unshare") private func unshare(_ flags: Int32) -> Int32

private let silentNeighbour = """
    ip link add v0 type veth peer name v1 && ip address add 10.9.0.1/24 dev v0 && ip link set v0 up \\
    && ip link set v1 up && echo 50 > /proc/sys/net/ipv4/neigh/v0/retrans_time_ms
    """

private let canMakeNetworks = (try? shell("unshare -n sh -c '\(silentNeighbour)'").exit.manner) == .exited(0)

/// Waits until the socket has something to read.
private func waitReadable(_ descriptor: Int32) throws {
    var loop = try EventLoop()
    var events: [ReadyEvent] = []
    try loop.register(descriptor, EventToken(rawValue: 0), .readable)
    try loop.wait(until: Clock.bootTime + .seconds(5), into: &events)
}

@Suite struct DatagramSocketTests {
    @Test(arguments: [loopback4, loopback6, NetworkAddress(bits: 0, port: 0)])
    func `datagrams arrive whole, in order, with their source`(bound: NetworkAddress) throws {
        let receiver = try DatagramSocket(boundTo: bound, batch: small)
        var sender = try DatagramSocket(boundTo: bound, batch: small)
        var to = try receiver.localAddress()
        var from = try sender.localAddress()
        #expect(to.port != 0)
        if bound.bits == 0 {
            // Bound to every address: over IPv4.
            to.bits = loopback4.bits
            from.bits = loopback4.bits
        }
        let sent: [[UInt8]] = [[1], [], Array(repeating: 7, count: 64), [2, 3]]
        for datagram in sent { sender.expectQueued(datagram, to: to) }
        #expect(sender.queuedCount == 4)
        #expect(try sender.flush() == SentBatch(sent: 4))
        var got: [[UInt8]] = []
        while got.count < 4 {
            try waitReadable(receiver.descriptor)
            _ = try receiver.receive { datagram, source in
                got.append([UInt8](copying: datagram))
                #expect(source == from)
            }
        }
        #expect(got == sent)
        #expect(try receiver.receive { _, _ in } == ReceivedBatch())
    }

    @Test func `a datagram longer than the limit is dropped and counted, its neighbours stay`() throws {
        let receiver = try DatagramSocket(boundTo: loopback4, batch: small)
        var sender = try DatagramSocket(boundTo: loopback4, batch: DatagramBatch(datagrams: 4, datagramBytes: 9000))
        let to = try receiver.localAddress()
        let long = [UInt8](repeating: 9, count: 65)
        let short: [UInt8] = [5]
        sender.expectQueued(short, to: to)
        sender.expectQueued(long, to: to)
        sender.expectQueued(short, to: to)
        #expect(try sender.flush().sent == 3)
        try waitReadable(receiver.descriptor)
        var got: [[UInt8]] = []
        let batch = try receiver.receive { datagram, _ in got.append([UInt8](copying: datagram)) }
        #expect(got == [[5], [5]])
        #expect(batch == ReceivedBatch(received: 2, truncated: 1))
    }

    @Test func `the queue refuses what it has no room for and works around its end`() throws {
        let receiver = try DatagramSocket(boundTo: loopback4, batch: DatagramBatch(datagrams: 64, datagramBytes: 64))
        var sender = try DatagramSocket(boundTo: loopback4, batch: small)
        let to = try receiver.localAddress()
        var next: UInt8 = 0
        var got: [UInt8] = []
        for count in [5, 8, 3, 7, 8, 1, 6] {
            for _ in 0..<count {
                sender.expectQueued(one(next), to: to)
                next += 1
            }
            if count == 8 { sender.expectQueued(one(next), to: to, accepted: false) }
            #expect(try sender.flush() == SentBatch(sent: count))
        }
        while got.count < Int(next) {
            try waitReadable(receiver.descriptor)
            _ = try receiver.receive { datagram, _ in got.append(datagram[0]) }
        }
        #expect(got == Array(0..<next))
    }

    @Test func `a destination that is refused does not hold up the others`() throws {
        let receiver = try DatagramSocket(boundTo: loopback4, batch: small)
        var sender = try DatagramSocket(boundTo: loopback4, batch: small)
        let to = try receiver.localAddress()
        // A socket bound to an IPv4 address has no way to an IPv6 one, and broadcast needs permission.
        let nowhere = [try address("[2001:db8::1]:9"), try address("255.255.255.255:9")]
        for destination in [nowhere[0], to, nowhere[1], nowhere[0], to] {
            sender.expectQueued(one(1), to: destination)
        }
        var failed: [NetworkAddress] = []
        let batch = try sender.flush { destination, errno in
            failed.append(destination)
            #expect(errno.rawValue > 0)
        }
        #expect(batch == SentBatch(sent: 2, failed: 3))
        #expect(failed == [nowhere[0], nowhere[1], nowhere[0]])
    }

    @Test func `a port where nobody listens does not poison the socket`() throws {
        let gone: NetworkAddress
        do {
            let receiver = try DatagramSocket(boundTo: loopback4, batch: small)
            gone = try receiver.localAddress()
        }
        let receiver = try DatagramSocket(boundTo: loopback4, batch: small)
        var sender = try DatagramSocket(boundTo: loopback4, batch: small)
        let to = try receiver.localAddress()
        for round in UInt8(0)..<4 {
            sender.expectQueued(one(9), to: gone)
            sender.expectQueued(one(round), to: to)
            #expect(try sender.flush().sent == 2)
            #expect(try sender.receive { _, _ in } == ReceivedBatch())
            try waitReadable(receiver.descriptor)
            var got: [UInt8] = []
            _ = try receiver.receive { datagram, _ in got.append(datagram[0]) }
            #expect(got == [round])
        }
    }

    @Test func `a machine without IPv6 talks IPv4 and refuses the rest`() throws {
        let everywhere = NetworkAddress(bits: 0, port: 0)
        let receiver = try DatagramSocket(boundTo: everywhere, batch: small, withIPv6: false)
        var sender = try DatagramSocket(boundTo: loopback4, batch: small, withIPv6: false)
        var to = try receiver.localAddress()
        #expect(to.isIPv4)
        to.bits = loopback4.bits
        let from = try sender.localAddress()
        sender.expectQueued(one(1), to: try address("[::1]:9"))
        sender.expectQueued(one(2), to: to)
        var refused: [Errno] = []
        #expect(try sender.flush { refused.append($1) } == SentBatch(sent: 1, failed: 1))
        #expect(refused == [.noAddressFamily])
        try waitReadable(receiver.descriptor)
        let batch = try receiver.receive { datagram, source in
            #expect(datagram.count == 1 && datagram[0] == 2 && source == from)
        }
        #expect(batch.received == 1)
        let six = systemError { _ = try DatagramSocket(boundTo: loopback6, batch: small, withIPv6: false) }
        #expect(six?.call == "bind" && six?.errno == .noAddressFamily)
    }

    @Test(.enabled(if: canMakeNetworks, "needs root, unshare and ip"))
    func `what the kernel has no room for stays queued and goes out later`() async {
        await #expect(processExitsWith: .success) {
            // A network of its own, in which a neighbour does not answer: datagrams to it wait for its hardware
            // address, and count against the socket's buffer until the kernel gives up.
            try #require(unshare(0x4000_0000 /* CLONE_NEWNET */) == 0)
            #expect(try shell(silentNeighbour).exit.manner == .exited(0))
            let batch = DatagramBatch(datagrams: 64, datagramBytes: 1200)
            var sender = try DatagramSocket(boundTo: NetworkAddress(bits: 0, port: 0), batch: batch)
            _ = try sender.setBuffers(receiveBytes: 0, sendBytes: 4_608)
            let silent = NetworkAddress(ipv4: 10, 9, 0, 2, port: 9)
            for number in UInt8(0)..<64 { sender.expectQueued(Array(repeating: number, count: 1200), to: silent) }
            let first = try sender.flush()
            #expect(first.blocked && first.failed == 0)
            #expect((1..<64).contains(first.sent))
            #expect(sender.queuedCount == 64 - first.sent)
            #expect(try sender.flush() == SentBatch(blocked: true))
            sender.expectQueued(one(1), to: silent)
            var loop = try EventLoop()
            var events: [ReadyEvent] = []
            let token = EventToken(rawValue: 0)
            try loop.register(sender.descriptor, token, .writable)
            let before = sender.queuedCount
            try loop.wait(until: Clock.bootTime + .seconds(10), into: &events)
            #expect(events.contains { $0.token == token && $0.writable })
            let second = try sender.flush()
            #expect(second.sent > 0)
            #expect(sender.queuedCount == before - second.sent - second.failed)
        }
    }

    @Test func `a taken port is refused by name`() throws {
        let first = try DatagramSocket(boundTo: loopback4, batch: small)
        let taken = try first.localAddress()
        let error = systemError { _ = try DatagramSocket(boundTo: taken, batch: small) }
        #expect(error == SystemError("bind", .addressInUse, subject: taken.text))
        let foreign = NetworkAddress(ipv4: 192, 0, 2, 1, port: 7)
        #expect(systemError { _ = try DatagramSocket(boundTo: foreign, batch: small) }?.errno == .addressNotAvailable)
    }

    @Test func `buffer sizes are asked for and told`() throws {
        let socket = try DatagramSocket(boundTo: loopback4, batch: small)
        let given = try socket.setBuffers(receiveBytes: 65_536, sendBytes: 32_768)
        #expect(given.receive == 131_072 && given.send == 65_536)
        let kept = try socket.setBuffers(receiveBytes: 0, sendBytes: 0)
        #expect(kept == given)
    }

    @Test func `a hundred thousand datagrams arrive as they were sent`() throws {
        let batch = DatagramBatch(datagrams: 32, datagramBytes: 1200)
        let receiver = try DatagramSocket(boundTo: loopback6, batch: batch)
        var sender = try DatagramSocket(boundTo: loopback6, batch: batch)
        let to = try receiver.localAddress()
        let rounds = 100_000 / 32
        var expected: UInt32 = 0
        var wrong = 0
        var next: UInt32 = 0
        var datagram = [UInt8](repeating: 0xa5, count: 1200)
        for _ in 0..<rounds {
            for _ in 0..<32 {
                for byte in 0..<4 { datagram[byte] = UInt8(truncatingIfNeeded: next >> UInt32(8 * byte)) }
                next += 1
                if !sender.enqueue(datagram.span, to: to) { wrong += 1 }
            }
            while sender.queuedCount > 0 {
                _ = try sender.flush()
                var more = true
                while more {
                    more = try receiver.receive { bytes, _ in
                        var number: UInt32 = 0
                        for byte in 0..<4 { number |= UInt32(bytes[byte]) << UInt32(8 * byte) }
                        if number != expected || bytes.count != 1200 { wrong += 1 }
                        expected += 1
                    }.full
                }
            }
        }
        #expect(wrong == 0)
        #expect(expected == UInt32(rounds * 32))
    }
}
