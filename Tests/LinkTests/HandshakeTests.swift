import Cryptography
import Quantities
import Testing
import Wire

@testable import Link

@Suite struct HandshakeTests {
    @Test func `an Init of a peer of which nothing is stored is challenged, and costs one more round trip`() throws {
        var network = VirtualNetwork(seed: 1, known: false)
        let start = network.now
        network.send([1], from: 0)
        #expect(network.run(for: .seconds(2)) { !$0.boards[1].messages.isEmpty })
        #expect(network.now.since(start) == .milliseconds(75))
        #expect(network.record.map(\.bytes.count).prefix(4) == [184, 40, 184, 120])
        #expect(network.boards[1].verdicts.first == .challenged(network.boards[0].id))
        #expect(network.boards[1].position == HandshakePosition(bootEpoch: 1, sequence: 2))
    }

    @Test func `both sides learn epochs, store and capabilities of the other`() throws {
        var network = VirtualNetwork(seed: 1)
        network.send([1], from: 0)
        network.run(for: .seconds(1))
        for index in 0...1 {
            let other = network.boards[1 - index]
            let session = PeerSession(bootEpoch: 1, storeEpoch: 78, capabilities: 5, address: other.address)
            #expect(network.boards[index].events.contains(.established(other.id, session)))
        }
        // The initiator learns its peer's position from the Response.
        #expect(network.boards[0].position == HandshakePosition(bootEpoch: 1, sequence: 0))
    }

    @Test(arguments: [0, 1, 15, 40, 300])
    func `two sides that begin at once end with one session`(_ delay: Int) throws {
        var network = VirtualNetwork(seed: 3, weather: Weather(delay: delay...delay))
        network.send([1], from: 0)
        network.send([2], from: 1)
        let isDone = network.run(for: .seconds(5)) { $0.boards[0].delivered == 1 && $0.boards[1].delivered == 1 }
        #expect(isDone)
        #expect(network.boards[0].messages == [[2]] && network.boards[1].messages == [[1]])
        network.run(for: .seconds(20))
        #expect(network.boards[0].sessions == 1 && network.boards[1].sessions == 1)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `two sides that begin at once under loss agree in the end`(_ seed: UInt64) throws {
        var network = VirtualNetwork(seed: seed, weather: Weather(loss: 30, delay: 5...50), known: seed % 2 == 0)
        network.send([1], from: 0)
        network.send([2], from: 1)
        #expect(network.run(for: .seconds(30)) { $0.boards[0].delivered == 1 && $0.boards[1].delivered == 1 })
    }

    @Test(arguments: [0, 1], [true, false])
    func `a board that restarts is back, and nothing that waits is lost`(_ rebooting: Int, _ keepsState: Bool) throws {
        var network = VirtualNetwork(seed: 9)
        network.send([1], from: 0)
        network.send([1], from: 1)
        network.run(for: .seconds(1))
        network.reboot(rebooting, keepsState: keepsState)
        let other = 1 - rebooting
        let start = network.now
        network.send([2], from: other)
        #expect(network.run(for: .seconds(5)) { $0.boards[rebooting].messages.last == [2] })
        #expect(network.now.since(start) < .seconds(2))
        network.send([3], from: rebooting)
        #expect(network.run(for: .seconds(5)) { $0.boards[other].messages.last == [3] })
        #expect(network.boards[rebooting].messages.filter { $0 == [2] }.count == 1)
        #expect(network.boards[other].messages.filter { $0 == [3] }.count == 1)
    }

    @Test(arguments: [true, false])
    func `a board that restarts and speaks first is back within two round trips`(_ keepsState: Bool) throws {
        var network = VirtualNetwork(seed: 9)
        network.send([1], from: 0)
        network.run(for: .seconds(1))
        network.send([9], from: 1)
        network.reboot(0, keepsState: keepsState)
        let start = network.now
        network.send([2], from: 0)
        #expect(network.run(for: .seconds(5)) { $0.boards[1].messages.contains([2]) })
        #expect(network.now.since(start) <= .milliseconds(75))
        #expect(network.run(for: .seconds(5)) { $0.boards[0].messages.contains([9]) })
        let epochs = network.boards[1].events.compactMap {
            if case .established(_, let session) = $0 { session.bootEpoch } else { nil }
        }
        #expect(epochs == (keepsState ? [1, 2] : [1, 1]))
    }

    @Test func `a board with a lower epoch is challenged each time and its position never falls`() throws {
        var network = VirtualNetwork(seed: 4)
        network.boards[1].endpoint.removePeer(network.boards[0].id)
        network.addPeer(of: 1, position: HandshakePosition(bootEpoch: 7, sequence: 3))
        for round in 1...3 {
            network.send([UInt8(round)], from: 0)
            #expect(network.run(for: .seconds(2)) { $0.boards[1].messages.count == round })
            network.run(for: .seconds(3601))
        }
        #expect(network.boards[1].verdicts.filter { $0 == .challenged(network.boards[0].id) }.count == 3)
        #expect(network.boards[1].position == nil)
    }

    @Test func `every recorded datagram sent again changes nothing`() throws {
        var network = VirtualNetwork(seed: 5, known: false)
        network.send(network.dice.bytes(5_000), from: 0)
        network.send([2], from: 1)
        network.run(for: .seconds(2))
        network.boards[0].events = []
        network.boards[1].events = []
        for entry in network.record {
            let source = network.boards[entry.sender].publicAddress
            network.inject(entry.bytes, to: entry.destination, from: source, at: network.now)
        }
        network.boards[1].verdicts = []
        network.run(for: .seconds(30))
        #expect(network.boards[0].events == [] && network.boards[1].events == [])
        #expect(!network.boards[1].verdicts.contains(.accepted(network.boards[0].id)))
        // The session still stands.
        network.send([3], from: 0)
        let start = network.now
        #expect(network.run(for: .seconds(1)) { $0.boards[1].messages == [[3]] })
        #expect(network.now.since(start) == .milliseconds(15))
    }

    @Test(arguments: [true, false])
    func `recorded datagrams do not get into a board that restarted`(_ keepsState: Bool) throws {
        var network = VirtualNetwork(seed: 6, known: false)
        network.send([1], from: 0)
        network.send([2], from: 1)
        network.run(for: .seconds(2))
        let record = network.record
        network.reboot(1, keepsState: keepsState)
        network.boards[1].events = []
        for entry in record {
            let attacker = NetworkAddress(ipv4: 203, 0, 113, 9, port: 9)
            network.inject(entry.bytes, to: entry.destination, from: attacker, at: network.now)
        }
        network.run(for: .seconds(30))
        #expect(network.boards[1].events.isEmpty)
        #expect(!network.status(1).isEstablished)
    }

    @Test func `an answer is smaller than its question`() {
        #expect(ResponseDatagram.length < InitDatagram.length && RetryDatagram.length < InitDatagram.length)
    }

    enum Stranger: CaseIterable { case otherFleetSecret, otherFederation, otherNode, notAdded }

    @Test(arguments: Stranger.allCases)
    func `whoever is not of the fleet gets no session`(_ stranger: Stranger) throws {
        var network = VirtualNetwork(seed: 1)
        let board = network.boards[0]
        var random = DeterministicRandom(seed: .zero)
        network.boards[0].endpoint = LinkEndpoint(
            configuration: LinkConfiguration(
                localNode: stranger == .otherNode ? network.boards[1].node : board.node,
                prologue: stranger == .otherFederation ? [1] : VirtualNetwork.prologue, staticKey: board.key,
                presharedKey: stranger == .otherFleetSecret ? SymmetricKey(random.bytes(32))! : .zero,
                bootEpoch: 1, storeEpoch: 1),
            random: random)
        network.addPeer(of: 0, position: HandshakePosition(bootEpoch: 0, sequence: 0))
        if stranger == .notAdded { network.boards[1].endpoint.removePeer(board.id) }
        network.send([1], from: 0)
        network.boards[0].endpoint.send([1], to: network.boards[1].id, class: .task, now: network.now)
            .assertSuccess()
        network.flush()
        if stranger == .notAdded {
            // Status of a removed peer cannot be read, so the datagram is handed over directly.
            let datagram = try #require(network.record.first)
            let verdict = network.boards[1].endpoint.receive(
                datagram.bytes.span, from: board.address, now: network.now)
            #expect(verdict == .unknownPeer)
            #expect(network.boards[1].endpoint.nextDatagram(now: network.now) == nil)
            return
        }
        network.run(for: .seconds(8))
        #expect(network.boards[1].messages.isEmpty && !network.status(0).isEstablished)
        let refusals = network.boards[0].verdicts + network.boards[1].verdicts
        #expect(refusals.contains(.notAuthentic))
    }

    @Test func `a session is renewed with the first send after an hour, and not when idle`() throws {
        var network = VirtualNetwork(seed: 1)
        network.send([1], from: 0)
        network.run(for: .seconds(3_700))
        #expect(network.boards[0].sessions == 1)
        network.send([2], from: 0)
        #expect(network.run(for: .seconds(2)) { $0.boards[1].messages.count == 2 })
        network.run(for: .seconds(2))
        #expect(network.boards[0].sessions == 2 && network.boards[1].sessions == 2)
        #expect(network.boards[1].messages == [[1], [2]])
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func `large messages under way go on in a new session, once`(_ seed: UInt64) throws {
        var network = VirtualNetwork(seed: seed, weather: Weather(loss: 20, delay: 5...40))
        network.send([1], from: 0)
        network.run(for: .seconds(5))
        network.run(for: .seconds(3_600))
        let messages = (0..<6).map { _ in network.dice.bytes(30_000) }
        for message in messages { _ = try network.send(message, from: Int(seed % 2), class: .bulk).get() }
        let sender = Int(seed % 2)
        #expect(network.run(for: .seconds(120)) { $0.status(sender).queuedMessages == 0 })
        let received = network.boards[1 - sender].messages.filter { $0.count > 1 }
        #expect(received.count == messages.count && Set(received) == Set(messages))
    }

    @Test func `one session is enough when a Response comes late`() throws {
        var network = VirtualNetwork(seed: 1, weather: Weather(delay: 1_900...1_900))
        network.send([1], from: 0)
        #expect(network.run(for: .seconds(30)) { $0.boards[0].delivered == 1 })
        #expect(network.boards[0].sessions == 1 && network.boards[1].messages == [[1]])
    }

    @Test func `a forged RETRY is not believed, and one challenge is answered once`() throws {
        var network = VirtualNetwork(seed: 1, weather: Weather(loss: 100))
        network.send([1], from: 0)
        let bytes = network.record[0].bytes
        let initiation = try InitDatagram(bytes.span)
        let forged = RetryDatagram.encoded(receiver: initiation.sender, challenge: Bytes16(bits: 1), key: .zero)
        let source = network.boards[1].address
        #expect(network.boards[0].endpoint.receive(forged.span, from: source, now: network.now) == .notAuthentic)
        #expect(network.boards[0].endpoint.nextDatagram(now: network.now) == nil)
    }
}

extension Result {
    func assertSuccess() {
        if case .failure = self { Issue.record("refused") }
    }
}
