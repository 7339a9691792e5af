import Cryptography
import Quantities
import Testing
import Wire

@testable import Link

@Suite struct SendQueueTests {
    private func queue(_ change: (inout LinkLimits) -> Void = { _ in }) -> SendQueue {
        var limits = LinkLimits()
        change(&limits)
        return SendQueue(limits: limits)
    }

    /// Takes every part that may be sent now, in order.
    private func drain(_ queue: inout SendQueue, inFlight: Int = 0) -> [MessagePart] {
        var parts: [MessagePart] = []
        while let (_, part) = queue.next(inFlight: inFlight, isProbe: false) {
            queue.markSent(part)
            parts.append(part)
        }
        return parts
    }

    @Test func `urgent classes go first, within a class the older message`() {
        var queue = queue()
        for messageClass in [MessageClass.bulk, .report, .task, .heartbeat, .control, .bulk, .task] {
            queue.append([1], class: messageClass).assertSuccess()
        }
        let parts = drain(&queue)
        #expect(parts.map(\.messageClass) == [.control, .heartbeat, .task, .task, .report, .bulk, .bulk])
        #expect(parts.map(\.number) == [3, 0, 2, 5, 1, 0, 4])
    }

    @Test func `a heartbeat replaces the one that waits, and is forgotten once sent`() {
        var queue = queue()
        queue.append([1], class: .heartbeat).assertSuccess()
        queue.append([2], class: .heartbeat).assertSuccess()
        let waiting = queue.next(inFlight: 0, isProbe: false)?.message.bytes
        #expect(waiting == [2])
        #expect(drain(&queue).count == 1)
        #expect(queue.isEmpty)
    }

    @Test(
        arguments: [
            (MessageClass.control, 64), (.heartbeat, 60), (.task, 56), (.report, 52), (.bulk, 48),
        ] as [(MessageClass, Int)])
    func `each class leaves room under way for the more urgent ones`(_ messageClass: MessageClass, _ limit: Int) {
        var queue = queue()
        queue.append([1], class: messageClass).assertSuccess()
        #expect(queue.next(inFlight: limit - 1, isProbe: false) != nil)
        #expect(queue.next(inFlight: limit, isProbe: false) == nil)
        #expect(queue.next(inFlight: limit, isProbe: true) != nil)
    }

    @Test(arguments: [(MessageClass.control, 16), (.task, 12), (.report, 10), (.bulk, 8)] as [(MessageClass, Int)])
    func `a class opens only so many partial messages`(_ messageClass: MessageClass, _ limit: Int) {
        var queue = queue()
        for _ in 0..<20 { queue.append([UInt8](repeating: 0, count: 2_000), class: messageClass).assertSuccess() }
        let parts = drain(&queue)
        #expect(Set(parts.map(\.number)).count == limit)
        for part in parts.prefix(2) { _ = queue.markDelivered(part) }
        #expect(Set(drain(&queue).map(\.number)) == [UInt64(limit)])
    }

    @Test func `a message is delivered when its last part is, and only then`() {
        var queue = queue()
        queue.append([UInt8](repeating: 0, count: 65_536), class: .bulk).assertSuccess()
        let parts = drain(&queue)
        #expect(parts.map(\.index) == Array(0..<60))
        for part in parts.dropLast() {
            #expect(deliver(part, &queue) == nil)
            #expect(deliver(part, &queue) == nil)
        }
        queue.markLost(parts[3])
        #expect(drain(&queue).isEmpty, "a part that arrived is not sent again")
        queue.markLost(parts[59])
        #expect(drain(&queue) == [parts[59]])
        #expect(deliver(parts[59], &queue) == MessageNumber(value: 0))
        #expect(queue.isEmpty && queue.byteCount == 0)
        #expect(deliver(parts[59], &queue) == nil)
    }

    private func deliver(_ part: MessagePart, _ queue: inout SendQueue) -> MessageNumber? { queue.markDelivered(part) }

    @Test func `a message begun anew needs all its parts again`() {
        var queue = queue()
        queue.append([UInt8](repeating: 0, count: 3_000), class: .bulk).assertSuccess()
        let old = drain(&queue)
        _ = queue.markDelivered(old[0])
        queue.restart(low: 0)
        let new = drain(&queue)
        #expect(new.map(\.index) == [0, 1, 2])
        for part in old { #expect(deliver(part, &queue) == nil, "acknowledgements from before count for nothing") }
        #expect(deliver(new[0], &queue) == nil)
        #expect(deliver(new[1], &queue) == nil)
        #expect(deliver(new[2], &queue) == MessageNumber(value: 0))
    }

    @Test(
        arguments: [
            (MessageClass.control, 16), (.task, 12), (.report, 10), (.bulk, 8),
        ] as [(MessageClass, Int)])
    func `a full queue refuses, bulk first and control last`(_ messageClass: MessageClass, _ limit: Int) {
        var queue = queue { $0.queuedMessagesPerPeer = 16 }
        for _ in 0..<limit { queue.append([1, 2], class: messageClass).assertSuccess() }
        #expect(refusal(of: [], messageClass, &queue) == .queueFull(messages: limit, bytes: 2 * limit))
        #expect(refusal(of: [], .heartbeat, &queue) == nil)
    }

    @Test func `bytes are limited as messages are`() {
        var queue = queue { $0.queuedBytesPerPeer = 100_000 }
        queue.append([UInt8](repeating: 0, count: 50_000), class: .bulk).assertSuccess()
        #expect(refusal(of: [1], .bulk, &queue) == .queueFull(messages: 1, bytes: 50_000))
        let tooMuch = [UInt8](repeating: 0, count: 50_001)
        #expect(refusal(of: tooMuch, .control, &queue) == .queueFull(messages: 1, bytes: 50_000))
        #expect(refusal(of: [UInt8](repeating: 0, count: 50_000), .control, &queue) == nil)
    }

    @Test func `messages beyond the longest are refused with both figures`() {
        var queue = queue()
        let message = [UInt8](repeating: 0, count: 65_537)
        #expect(refusal(of: message, .bulk, &queue) == .tooLarge(count: 65_537, limit: 65_536))
        let heartbeat = [UInt8](repeating: 0, count: 1_097)
        #expect(refusal(of: heartbeat, .heartbeat, &queue) == .tooLarge(count: 1_097, limit: 1_096))
    }

    @Test func `numbers stay within the span that the peer's window holds`() {
        var queue = queue()
        queue.append([1], class: .bulk).assertSuccess()
        for _ in 1..<4_000 {
            queue.append([1], class: .control).assertSuccess()
            let part = queue.next(inFlight: 0, isProbe: false)?.part
            if let part { _ = deliver(part, &queue) }
        }
        #expect(refusal(of: [1], .control, &queue) == .queueFull(messages: 1, bytes: 1))
        for part in drain(&queue) { _ = deliver(part, &queue) }
        #expect(refusal(of: [1], .control, &queue) == nil)
    }

    private func refusal(of message: [UInt8], _ messageClass: MessageClass, _ queue: inout SendQueue) -> SendRefusal? {
        if case .failure(let refusal) = queue.append(message, class: messageClass) { refusal } else { nil }
    }
}

@Suite struct PriorityTests {
    @Test func `a vote is in the very next datagram, however much bulk waits or is under way`() throws {
        var network = VirtualNetwork(seed: 1)
        network.send([1], from: 0)
        network.run(for: .seconds(1))
        for _ in 0..<15 { _ = try network.send(network.dice.bytes(65_536), from: 0, class: .bulk).get() }
        let before = network.record.count
        let start = network.now
        network.send(Array("vote".utf8), from: 0, class: .control)
        #expect(network.record.count == before + 1, "it waits for no acknowledgement of bulk")
        #expect(network.run(for: .seconds(1)) { $0.boards[1].messages.contains(Array("vote".utf8)) })
        #expect(network.now.since(start) == .milliseconds(15))
    }

    @Test func `only the newest heartbeat arrives, and none that is older than one that came`() throws {
        var network = VirtualNetwork(seed: 3, weather: Weather(duplication: 30, delay: 1...200))
        network.boards[1].isUp = false
        for value in 0..<5 as Range<UInt8> {
            network.send([value], from: 0, class: .heartbeat)
            network.run(for: .seconds(1))
        }
        network.boards[1].isUp = true
        network.run(for: .seconds(10))
        #expect(network.boards[1].messages == [[4]])
        for value in 5..<100 as Range<UInt8> {
            network.send([value], from: 0, class: .heartbeat)
            network.run(for: .milliseconds(20))
        }
        network.run(for: .seconds(10))
        let values = network.boards[1].messages.compactMap(\.first)
        #expect(values == values.sorted() && Set(values).count == values.count)
        #expect(values.count > 10)
    }

    @Test func `unknown peers and full queues are answered at once`() throws {
        var network = VirtualNetwork(seed: 1)
        network.boards[1].isUp = false
        let stranger = LinkPeerID(staticKey: .zero)
        let refused = network.boards[0].endpoint.send([1], to: stranger, class: .task, now: network.now)
        #expect(refused == .failure(.unknownPeer))
        var taken = 0
        while case .success = network.send([1], from: 0, class: .control) { taken += 1 }
        #expect(taken == 1_024)
        #expect(network.status(0).queuedMessages == 1_024)
        network.boards[1].isUp = true
        #expect(network.run(for: .seconds(60)) { $0.boards[0].delivered == 1_024 })
        #expect(network.boards[1].messages.count == 1_024)
    }

    @Test func `a stalled message is begun anew after its parts were dropped`() throws {
        var network = VirtualNetwork(seed: 2)
        network.send([1], from: 0)
        network.run(for: .seconds(1))
        let message = network.dice.bytes(20_000)
        // Some parts arrive, then none for longer than partial messages live; the session stays.
        network.weather.loss = 60
        network.send(message, from: 0, class: .bulk)
        network.weather.loss = 100
        network.run(for: .milliseconds(100))
        #expect(network.status(1).partialBytes > 0)
        let dropped = network.boards[1].endpoint.links[0].reassembly.dropStalled(now: network.now + .seconds(31))
        network.boards[1].endpoint.links[0].resets += dropped
        network.weather.loss = 0
        network.flush()
        #expect(network.run(for: .seconds(5)) { $0.boards[0].delivered == 2 })
        #expect(network.boards[1].messages == [[1], message])
        #expect(network.boards[0].sessions == 1)
    }

    @Test func `no more peers are added than the limit`() {
        var limits = LinkLimits()
        limits.peers = 2
        let network = VirtualNetwork(seed: 1)
        let board = network.boards[0]
        var endpoint = VirtualNetwork.endpoint(board.node, board.key, bootEpoch: 1, seed: 1, limits: limits)
        let added = (0..<4).map { value in
            let id = LinkPeerID(staticKey: Bytes32(high: 0, low: UInt128(value % 3)))
            return endpoint.addPeer(LinkPeer(id: id, node: board.node, durablePosition: nil, address: nil))
        }
        #expect(added == [true, true, false, false])
        #expect(endpoint.peers.count == 2)
        let isOwn = endpoint.addPeer(LinkPeer(id: board.id, node: board.node, durablePosition: nil, address: nil))
        #expect(!isOwn)
    }

    @Test func `a peer with a key of small order is never called`() {
        let network = VirtualNetwork(seed: 1)
        var endpoint = network.boards[0].endpoint
        let id = LinkPeerID(staticKey: .zero)
        endpoint.addPeer(
            LinkPeer(id: id, node: network.boards[0].node, durablePosition: nil, address: network.boards[1].address))
        endpoint.send([1], to: id, class: .task, now: network.now).assertSuccess()
        #expect(endpoint.nextDatagram(now: network.now) == nil)
        #expect(endpoint.nextDeadline == nil)
    }

    @Test func `peers take turns, one datagram each`() {
        func key(_ value: UInt8) -> KeyAgreementKey {
            guard let key = KeyAgreementKey(secret: [UInt8](repeating: value, count: 32)) else {
                preconditionFailure("32 bytes")
            }
            return key
        }
        func node(_ value: UInt8) -> KeyID { KeyID(bytes: Bytes32(high: UInt128(value), low: 1)) }
        func peer(_ value: UInt8) -> LinkPeer {
            LinkPeer(
                id: LinkPeerID(staticKey: key(value).publicKey), node: node(value),
                durablePosition: HandshakePosition(bootEpoch: 0, sequence: 0),
                address: NetworkAddress(ipv4: 192, 0, 2, value, port: 7400))
        }
        let now = BootTime(milliseconds: 10)
        var center = VirtualNetwork.endpoint(node(1), key(1), bootEpoch: 1, seed: 1)
        var others: [UInt8: LinkEndpoint] = [:]
        for value in 2...4 as ClosedRange<UInt8> {
            center.addPeer(peer(value))
            var other = VirtualNetwork.endpoint(node(value), key(value), bootEpoch: 1, seed: UInt64(value))
            other.addPeer(peer(1))
            other.send([value], to: peer(1).id, class: .task, now: now).assertSuccess()
            let source = NetworkAddress(ipv4: 192, 0, 2, value, port: 7400)
            let centerAddress = NetworkAddress(ipv4: 192, 0, 2, 1, port: 7400)
            for _ in 0..<3 {
                while let datagram = other.nextDatagram(now: now) {
                    _ = center.receive(datagram.bytes.span, from: source, now: now)
                }
                while let datagram = center.nextDatagram(now: now) {
                    _ = other.receive(datagram.bytes.span, from: centerAddress, now: now)
                }
            }
            others[value] = other
        }
        for value in 2...4 as ClosedRange<UInt8> {
            let message = [UInt8](repeating: value, count: 30_000)
            center.send(message, to: peer(value).id, class: .bulk, now: now).assertSuccess()
        }
        var destinations: [UInt8] = []
        while let datagram = center.nextDatagram(now: now) {
            destinations.append(UInt8(truncatingIfNeeded: datagram.destination.bits))
        }
        #expect(destinations.count == 3 * OutgoingMessage.partCount(30_000))
        for start in stride(from: 0, to: destinations.count, by: 3) {
            #expect(Set(destinations[start..<(start + 3)]) == [2, 3, 4])
        }
    }
}
