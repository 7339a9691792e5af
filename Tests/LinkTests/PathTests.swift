import Quantities
import Testing
import Wire

@testable import Link

@Suite struct PathTests {
    private let elsewhere = NetworkAddress(ipv4: 198, 51, 100, 7, port: 50_000)

    @Test func `a peer behind a NAT that rebinds is followed and the new address is proven`() throws {
        var network = VirtualNetwork(seed: 1)
        network.send([1], from: 0)
        network.run(for: .seconds(1))
        network.boards[0].publicAddress = elsewhere
        network.send([2], from: 0)
        network.run(for: .seconds(1))
        #expect(network.status(1).address == elsewhere)
        #expect(network.boards[1].events.last == .addressChanged(network.boards[0].id, elsewhere))
        network.send([3], from: 1)
        #expect(network.run(for: .seconds(1)) { $0.boards[0].messages == [[3]] })
        #expect(network.boards[0].sessions == 1)
    }

    @Test func `a large reply waits for the proof of a new address`() throws {
        var network = VirtualNetwork(seed: 1)
        network.send([1], from: 0)
        network.run(for: .seconds(1))
        network.boards[0].publicAddress = elsewhere
        network.send([2], from: 0)
        let before = network.record.count
        network.send(network.dice.bytes(60_000), from: 1)
        let old = network.record.count
        #expect(old > before, "the old address is proven and may be sent to")
        #expect(network.run(for: .seconds(5)) { $0.boards[1].delivered == 1 })
        #expect(network.boards[0].messages.map(\.count) == [60_000])
    }

    @Test func `a datagram that an attacker carries elsewhere does not take the peer with it`() throws {
        var network = VirtualNetwork(seed: 1)
        network.send([1], from: 0)
        network.run(for: .seconds(1))
        network.weather.loss = 100
        network.send([2], from: 0)
        network.weather.loss = 0
        let stolen = try #require(network.record.last)
        network.inject(stolen.bytes, to: stolen.destination, from: elsewhere, at: network.now)
        let before = network.record.count
        network.run(for: .milliseconds(10))
        #expect(network.status(1).address == elsewhere)
        network.send(network.dice.bytes(50_000), from: 1)
        network.run(for: .milliseconds(10))
        let toElsewhere = network.record[before...].filter { $0.destination == elsewhere }
        let bytes = toElsewhere.reduce(0) { $0 + $1.bytes.count }
        #expect(bytes <= 3 * stolen.bytes.count, "bytes to an unproven address are bounded")
        #expect(network.run(for: .seconds(20)) { $0.boards[1].delivered == 1 })
        #expect(network.status(1).address == network.boards[0].address)
        #expect(!network.boards[1].events.contains(.addressChanged(network.boards[0].id, elsewhere)))
    }

    @Test func `an unproven address is given up when it does not answer`() throws {
        var network = VirtualNetwork(seed: 1)
        network.send([1], from: 0)
        network.run(for: .seconds(1))
        network.weather.loss = 100
        network.send([2], from: 0)
        let stolen = try #require(network.record.last)
        network.inject(stolen.bytes, to: stolen.destination, from: elsewhere, at: network.now)
        network.boards[0].isUp = false
        network.run(for: .seconds(4))
        #expect(network.status(1).address == network.boards[0].address)
    }

    @Test func `an older datagram from elsewhere moves nothing`() throws {
        var network = VirtualNetwork(seed: 1)
        network.send([1], from: 0)
        network.run(for: .seconds(1))
        network.weather.loss = 100
        network.send([2], from: 0)
        let held = try #require(network.record.last)
        network.weather.loss = 0
        network.send([3], from: 0)
        network.run(for: .milliseconds(20))
        network.inject(held.bytes, to: held.destination, from: elsewhere, at: network.now)
        network.run(for: .milliseconds(1))
        #expect(network.status(1).address == network.boards[0].address)
        #expect(network.boards[1].messages.contains([2]))
    }

    @Test func `sixty seconds of total loss lose nothing, and the link is back within a second`() throws {
        var network = VirtualNetwork(seed: 1)
        network.send([1], from: 0)
        network.run(for: .seconds(1))
        network.weather.loss = 100
        let large = network.dice.bytes(30_000)
        network.send(large, from: 0, class: .bulk)
        network.send([2], from: 1)
        network.run(for: .seconds(60))
        #expect(network.boards[0].events.contains(.unresponsive(network.boards[1].id)))
        network.weather.loss = 0
        let start = network.now
        #expect(network.run(for: .seconds(30)) { $0.boards[0].delivered == 2 && $0.boards[1].delivered == 1 })
        #expect(network.now.since(start) < .milliseconds(1_200))
        #expect(network.boards[0].events.contains(.responsive(network.boards[1].id)))
        #expect(network.boards[1].messages == [[1], large] && network.boards[0].messages == [[2]])
    }

    @Test func `a silent peer is probed ever more slowly, at last once a minute, and its messages stay`() throws {
        var network = VirtualNetwork(seed: 1)
        network.boards[1].isUp = false
        network.send([1], from: 0)
        network.run(for: .seconds(300))
        let before = network.record.count
        network.run(for: .seconds(3_600))
        let perHour = network.record.count - before
        #expect((59...61).contains(perHour))
        #expect(network.status(0).queuedMessages == 1)
        #expect(network.boards[0].events == [.unresponsive(network.boards[1].id)])
        network.boards[1].isUp = true
        #expect(network.run(for: .seconds(61)) { $0.boards[0].delivered == 1 })
        #expect(network.boards[1].messages == [[1]])
    }

    @Test func `a peer without an address is not called, but answers`() throws {
        var network = VirtualNetwork(seed: 1)
        let other = network.boards[1]
        network.boards[0].endpoint.removePeer(other.id)
        network.boards[0].endpoint.addPeer(
            LinkPeer(
                id: other.id, node: other.node, durablePosition: HandshakePosition(bootEpoch: 0, sequence: 0),
                address: nil))
        network.send([1], from: 0)
        network.run(for: .seconds(10))
        #expect(network.record.isEmpty && network.boards[0].endpoint.nextDeadline == nil)
        network.send([2], from: 1)
        #expect(network.run(for: .seconds(1)) { $0.boards[0].delivered == 1 && $0.boards[1].delivered == 1 })
    }

    @Test func `a given address is tried at once`() throws {
        var network = VirtualNetwork(seed: 1)
        network.boards[1].publicAddress = elsewhere
        network.send([1], from: 0)
        network.run(for: .seconds(400))
        network.boards[0].endpoint.setAddress(elsewhere, of: network.boards[1].id, now: network.now)
        #expect(network.run(for: .seconds(1)) { $0.boards[0].delivered == 1 })
    }

    @Test func `a removed peer is told, and a closed session begins anew with the next message`() throws {
        var network = VirtualNetwork(seed: 1)
        network.send([1], from: 0)
        network.run(for: .seconds(1))
        network.boards[0].endpoint.close()
        network.run(for: .seconds(1))
        #expect(network.boards[1].events.last == .closed(network.boards[0].id))
        #expect(!network.status(1).isEstablished)
        network.send([2], from: 1)
        #expect(network.run(for: .seconds(1)) { $0.boards[0].messages == [[2]] })
    }

    @Test func `numbers of a peer that was removed and added again are not taken for old ones`() throws {
        var network = VirtualNetwork(seed: 1)
        for value in 0..<5 as Range<UInt8> { network.send([value], from: 0) }
        network.run(for: .seconds(1))
        network.boards[0].endpoint.removePeer(network.boards[1].id)
        network.addPeer(of: 0, position: HandshakePosition(bootEpoch: 0, sequence: 0))
        network.send([9], from: 0)
        #expect(network.run(for: .seconds(3)) { $0.boards[1].messages.last == [9] })
    }
}
