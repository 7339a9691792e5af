import Cryptography
import Quantities
import Testing
import Wire

@testable import Link

@Suite struct DatagramTests {
    /// Two boards whose random bytes are fixed, after the first message in both directions.
    private func conversation(known: Bool) -> VirtualNetwork {
        var network = VirtualNetwork(seed: 42, known: known)
        network.send(Array("hello".utf8), from: 0)
        network.run(for: .seconds(1))
        return network
    }

    @Test func `handshake datagrams have the documented sizes and heads`() throws {
        let record = conversation(known: false).record.map(\.bytes)
        #expect(record.map(\.count).prefix(4) == [184, 40, 184, 120])
        let first = record[0]
        let retry = record[1]
        let second = record[2]
        let response = record[3]
        #expect(first[0...1] == [1, 1] && first[5...7] == [0, 0, 0] && first[168...] == second[168...])
        #expect(first[168...].allSatisfy { $0 == 0 }, "mac2 is zero")
        #expect(retry[0...4] == [3, 1] + first[2...4] && retry[5...7] == [0, 0, 0])
        #expect(response[0...1] == [2, 1] && response[5...7] == second[2...4])
        #expect(response[104...].allSatisfy { $0 == 0 })
        #expect(record[4][0] == 0x10 && record[4][1...3] == response[2...4] && record[4][4...7] == [0, 0, 0, 0])
    }

    /// An endpoint of which every byte is fixed here.
    private func fixedEndpoint(_ value: UInt8, peer: UInt8, position: HandshakePosition?) throws -> LinkEndpoint {
        let key = try #require(KeyAgreementKey(secret: [UInt8](repeating: value, count: 32)))
        let peerKey = try #require(KeyAgreementKey(secret: [UInt8](repeating: peer, count: 32)))
        let presharedKey = try #require(SymmetricKey([UInt8](repeating: 0x55, count: 32)))
        func node(_ value: UInt8) -> KeyID { KeyID(bytes: Bytes32(high: UInt128(value), low: 0)) }
        var endpoint = LinkEndpoint(
            configuration: LinkConfiguration(
                localNode: node(value), prologue: Array("golden".utf8), staticKey: key, presharedKey: presharedKey,
                bootEpoch: 3, storeEpoch: 4, capabilities: 5),
            random: DeterministicRandom(seed: Bytes32(high: UInt128(value), low: 9)))
        endpoint.addPeer(
            LinkPeer(
                id: LinkPeerID(staticKey: peerKey.publicKey), node: node(peer), durablePosition: position,
                address: NetworkAddress(ipv4: 192, 0, 2, peer, port: 7400)))
        return endpoint
    }

    @Test func `golden datagrams of version 1`() throws {
        var endpoints = [
            try fixedEndpoint(1, peer: 2, position: nil), try fixedEndpoint(2, peer: 1, position: nil),
        ]
        let now = BootTime(milliseconds: 1_000)
        endpoints[0].send(Array("hello".utf8), to: endpoints[0].peers[0], class: .task, now: now).assertSuccess()
        var datagrams: [[UInt8]] = []
        for turn in 0..<5 {
            let sender = turn % 2
            while let datagram = endpoints[sender].nextDatagram(now: now) {
                datagrams.append(datagram.bytes)
                let source = NetworkAddress(ipv4: 192, 0, 2, UInt8(sender + 1), port: 7400)
                _ = endpoints[1 - sender].receive(datagram.bytes.span, from: source, now: now)
            }
        }
        #expect(datagrams.map(\.count) == [184, 40, 184, 120, 33])
        let hashes = datagrams.map { String(hexadecimal(Hashing.blake2b256($0.span).array).prefix(16)) }
        #expect(hashes == DatagramTests.goldenHashes)
    }

    /// The first bytes of the BLAKE2b-256 of Init, RETRY, Init, Response and the first sealed datagrams.
    ///
    /// A change here is a change of the protocol, and needs another version.
    static let goldenHashes = [
        "f3fd2eeb563ec1c2", "c4735cb96a1735b9", "ba827b613edcf169", "ae72e8e4447c33b9", "11ff462cb45360c2",
    ]

    @Test func `a small sealed message costs 27 bytes, and 7 more with an acknowledgement`() {
        var network = VirtualNetwork(seed: 1)
        network.send([0], from: 0)
        network.run(for: .seconds(1))
        network.send([UInt8](repeating: 1, count: 100), from: 0)
        let size = network.record.last?.bytes.count
        network.run(for: .milliseconds(20))
        network.send([UInt8](repeating: 1, count: 100), from: 1)
        #expect(size.map { $0 == 127 || $0 == 134 } == true)
        #expect(network.record.last?.bytes.count == 134)
    }

    @Test(
        arguments: [
            ([], .length(count: 0)), ([0x00], .kind(0)), ([0x04], .kind(4)), ([0x11], .kind(0x11)),
            ([1] + [UInt8](repeating: 0, count: 182), .length(count: 183)),
            ([1, 2] + [UInt8](repeating: 0, count: 182), .version(2)),
            ([1, 1, 0, 0, 0] + [UInt8](repeating: 0, count: 179), .reserved),
            ([1, 1, 1, 0, 0, 1] + [UInt8](repeating: 0, count: 178), .reserved),
            ([1, 1, 1, 0, 0] + [UInt8](repeating: 0, count: 178) + [1], .reserved),
            ([2, 1, 1] + [UInt8](repeating: 0, count: 116) + [1], .reserved),
            ([2, 9, 1] + [UInt8](repeating: 0, count: 117), .version(9)),
            ([3, 1, 1, 0, 0, 1] + [UInt8](repeating: 0, count: 34), .reserved),
            ([3] + [UInt8](repeating: 0, count: 40), .length(count: 41)),
            ([0x10] + [UInt8](repeating: 0, count: 23), .length(count: 24)),
            ([0x10] + [UInt8](repeating: 0, count: 1_452), .length(count: 1_453)),
        ] as [([UInt8], DatagramError)])
    func `bytes that are no datagram are refused by name`(_ bytes: [UInt8], _ error: DatagramError) {
        var network = VirtualNetwork(seed: 1)
        let verdict = network.boards[0].endpoint.receive(
            bytes.span, from: network.boards[1].address, now: network.now)
        #expect(verdict == .malformed(error))
        #expect(network.boards[0].endpoint.counters.malformed == 1)
    }

    @Test func `mac1 is the keyed hash of the documentation`() throws {
        let network = conversation(known: true)
        let datagram = network.record[0].bytes
        let label = Array("sage-edge link mac1".utf8) + network.boards[1].key.publicKey.array
        let key = Hashing.blake2b256(label.span).array
        let covered = Array(datagram.prefix(152))
        #expect(Array(datagram[152..<168]) == Hashing.blake2b128(covered.span, key: key.span).array)
    }

    @Test func `an Init with a wrong mac1 is refused before anything else is looked at`() {
        var network = VirtualNetwork(seed: 1, weather: Weather(loss: 100))
        network.send([1], from: 0)
        var datagram = network.record[0].bytes
        datagram[160] ^= 1
        let verdict = network.boards[1].endpoint.receive(
            datagram.span, from: network.boards[0].address, now: network.now)
        #expect(verdict == .badAuthenticator)
        #expect(network.boards[1].endpoint.nextDatagram(now: network.now) == nil)
    }

    @Test func `every flipped bit of every datagram of a conversation is noticed`() {
        let network = conversation(known: true)
        for (index, entry) in network.record.enumerated() {
            for bit in stride(from: 0, to: entry.bytes.count * 8, by: 5) {
                // The conversation up to this datagram, then the forged one.
                var replayed = VirtualNetwork(seed: 42, known: true)
                if index > 0, bit % 25 != 0 { continue }
                replayed.weather.loss = 0
                replayed.send(Array("hello".utf8), from: 0)
                replayed.run(for: .seconds(1)) { $0.record.count > index }
                var bytes = entry.bytes
                bytes[bit / 8] ^= 1 << UInt8(bit % 8)
                let receiver = 1 - entry.sender
                let verdict = replayed.boards[receiver].endpoint.receive(
                    bytes.span, from: replayed.boards[entry.sender].address, now: replayed.now)
                if case .accepted = verdict { Issue.record("datagram \(index), bit \(bit) was accepted") }
            }
        }
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func `no bytes trap an endpoint, and a session survives them`(_ seed: UInt64) {
        var network = VirtualNetwork(seed: seed)
        network.send(network.dice.bytes(3_000), from: 0)
        network.send([1], from: 1)
        network.run(for: .seconds(2))
        let samples = network.record.map(\.bytes)
        for round in 0..<2_000 {
            var bytes = samples[network.dice.below(samples.count)]
            if round % 5 == 0 { bytes = network.dice.bytes(network.dice.below(1_500)) }
            for _ in 0...network.dice.below(4) where !bytes.isEmpty {
                switch network.dice.below(3) {
                case 0: bytes[network.dice.below(bytes.count)] = UInt8(network.dice.below(256))
                case 1: bytes.removeLast(network.dice.below(bytes.count) + 1)
                default: bytes += network.dice.bytes(network.dice.below(40))
                }
            }
            let source = NetworkAddress(ipv4: 203, 0, 113, UInt8(round % 256), port: 5)
            let receiver = round % 2
            let verdict = network.boards[receiver].endpoint.receive(bytes.span, from: source, now: network.now)
            if case .accepted = verdict, !samples.contains(bytes) { Issue.record("seed \(seed), round \(round)") }
        }
        network.flush()
        network.send([7], from: 0)
        network.run(for: .seconds(5)) { $0.boards[1].messages.last == [7] }
        #expect(network.boards[1].messages.last == [7])
        #expect(network.boards[0].sessions == 1)
    }
}
