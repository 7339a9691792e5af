import Cryptography
import Quantities
import Testing
import Wire

@testable import Link

/// A reproducible generator for the network's own dice.
struct Dice {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
    mutating func chance(percent: Int) -> Bool { below(100) < percent }
    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }
}

/// What the network does to datagrams.
struct Weather {
    var loss = 0
    var duplication = 0
    /// One-way delay in ms, uniform; a range reorders.
    var delay = 15...15

    static let calm = Weather()
}

/// One board: its endpoint, its address, and what it was told.
struct Board {
    let name: String
    let node: KeyID
    let key: KeyAgreementKey
    var endpoint: LinkEndpoint
    var address: NetworkAddress
    /// The address that others see; differs behind a NAT.
    var publicAddress: NetworkAddress
    var bootEpoch: UInt64
    var events: [LinkEvent] = []
    var verdicts: [DatagramVerdict] = []
    var isUp = true

    var id: LinkPeerID { LinkPeerID(staticKey: key.publicKey) }

    var messages: [[UInt8]] {
        events.compactMap { if case .message(_, _, let bytes) = $0 { bytes } else { nil } }
    }
    var delivered: Int { events.filter { if case .delivered = $0 { true } else { false } }.count }
    var sessions: Int { events.filter { if case .established = $0 { true } else { false } }.count }
    var position: HandshakePosition? {
        events.compactMap { if case .durablePosition(_, let position) = $0 { position } else { nil } }.last
    }
}

/// Two boards and a network in virtual time.
struct VirtualNetwork {
    struct Flight {
        let arrival: BootTime
        let order: Int
        let destination: NetworkAddress
        let source: NetworkAddress
        let bytes: [UInt8]
    }

    var boards: [Board]
    var weather: Weather
    var now: BootTime
    var dice: Dice
    private var flights: [Flight] = []
    private var order = 0
    /// Every datagram that was sent: sender, destination, bytes.
    private(set) var record: [(sender: Int, destination: NetworkAddress, bytes: [UInt8])] = []
    private var sealedHeaders: Set<[UInt8]> = []

    static let prologue = Array("test federation".utf8)

    init(seed: UInt64, weather: Weather = .calm, start: BootTime = BootTime(milliseconds: 1_000), known: Bool = true) {
        self.weather = weather
        now = start
        dice = Dice(seed: seed)
        boards = []
        for (index, name) in ["sprout", "thor"].enumerated() {
            let secret = [UInt8](repeating: UInt8(index + 1), count: 32)
            guard let key = KeyAgreementKey(secret: secret) else { preconditionFailure("32 bytes") }
            let node = KeyID(bytes: Bytes32(high: 0xa0 + UInt128(index), low: 1))
            let address = NetworkAddress(ipv4: 192, 0, 2, UInt8(index + 1), port: 7400)
            let endpoint = VirtualNetwork.endpoint(node, key, bootEpoch: 1, seed: seed &+ UInt64(index))
            boards.append(
                Board(
                    name: name, node: node, key: key, endpoint: endpoint, address: address, publicAddress: address,
                    bootEpoch: 1))
        }
        let position = known ? HandshakePosition(bootEpoch: 0, sequence: 0) : nil
        introduce(position)
    }

    static func endpoint(
        _ node: KeyID, _ key: KeyAgreementKey, bootEpoch: UInt64, seed: UInt64, limits: LinkLimits = LinkLimits()
    ) -> LinkEndpoint {
        var dice = Dice(seed: seed &* 7919 &+ bootEpoch)
        return LinkEndpoint(
            configuration: LinkConfiguration(
                localNode: node, prologue: prologue, staticKey: key, bootEpoch: bootEpoch,
                storeEpoch: 77 + bootEpoch, capabilities: 5, limits: limits),
            random: DeterministicRandom(seed: Bytes32(high: UInt128(dice.next()), low: UInt128(dice.next()))))
    }

    mutating func introduce(_ position: HandshakePosition?) {
        for index in 0...1 { addPeer(of: index, position: position) }
    }

    mutating func addPeer(of index: Int, position: HandshakePosition?) {
        let other = boards[1 - index]
        boards[index].endpoint.addPeer(
            LinkPeer(id: other.id, node: other.node, durablePosition: position, address: other.publicAddress))
    }

    /// Starts a board's process anew; it keeps what it had stored, or nothing.
    mutating func reboot(_ index: Int, keepsState: Bool) {
        let position = keepsState ? boards[index].position : nil
        boards[index].bootEpoch = keepsState ? boards[index].bootEpoch + 1 : 1
        boards[index].endpoint = VirtualNetwork.endpoint(
            boards[index].node, boards[index].key, bootEpoch: boards[index].bootEpoch, seed: dice.next())
        addPeer(of: index, position: position)
    }

    @discardableResult
    mutating func send(
        _ bytes: [UInt8], from index: Int, class messageClass: MessageClass = .task
    ) -> Result<MessageNumber, SendRefusal> {
        let result = boards[index].endpoint.send(bytes, to: boards[1 - index].id, class: messageClass, now: now)
        flush()
        return result
    }

    func status(_ index: Int) -> LinkPeerStatus {
        guard let status = boards[index].endpoint.status(of: boards[1 - index].id) else {
            preconditionFailure("both boards know each other")
        }
        return status
    }

    /// Takes what the endpoints have to say, until they are quiet.
    mutating func flush() {
        for index in boards.indices {
            while let datagram = boards[index].endpoint.nextDatagram(now: now) { launch(datagram, from: index) }
            while let event = boards[index].endpoint.nextEvent() { boards[index].events.append(event) }
        }
    }

    private mutating func launch(_ datagram: OutgoingDatagram, from index: Int) {
        guard boards[index].isUp else { return }
        if datagram.bytes[0] == DatagramKind.sealed {
            // A header names a key of its receiver and a counter: it is never used twice.
            let header = [UInt8(index)] + Array(datagram.bytes.prefix(8))
            #expect(sealedHeaders.insert(header).inserted, "a counter was reused under a key")
        }
        #expect(datagram.bytes.count <= LinkLimits.datagramLength)
        record.append((index, datagram.destination, datagram.bytes))
        for _ in 0..<(dice.chance(percent: weather.duplication) ? 2 : 1) where !dice.chance(percent: weather.loss) {
            let delay = weather.delay.lowerBound + dice.below(weather.delay.count)
            inject(
                datagram.bytes, to: datagram.destination, from: boards[index].publicAddress,
                at: now + .milliseconds(Int64(delay)))
        }
    }

    /// Puts a datagram on its way.
    mutating func inject(
        _ bytes: [UInt8], to destination: NetworkAddress, from source: NetworkAddress, at arrival: BootTime
    ) {
        order += 1
        flights.append(
            Flight(arrival: arrival, order: order, destination: destination, source: source, bytes: bytes))
    }

    /// Lets virtual time pass until `end`, or until `condition` holds; whether it does.
    @discardableResult
    mutating func run(
        for span: TimeSpan, until condition: (VirtualNetwork) -> Bool = { _ in false }
    ) -> Bool {
        let end = now + span
        flush()
        while !condition(self) {
            let deadlines = boards.filter(\.isUp).compactMap(\.endpoint.nextDeadline)
            for deadline in deadlines {
                #expect(deadline > now, "a timer that is due stays due")
                if deadline <= now { return false }
            }
            let arrival = flights.min { ($0.arrival, $0.order) < ($1.arrival, $1.order) }
            let next = min(deadlines.min() ?? .distantFuture, arrival?.arrival ?? .distantFuture)
            guard next <= end else {
                now = end
                return condition(self)
            }
            now = max(now, next)
            if let arrival, arrival.arrival <= now {
                flights.removeAll { $0.order == arrival.order }
                deliver(arrival)
            }
            for index in boards.indices where boards[index].isUp { boards[index].endpoint.advance(to: now) }
            flush()
        }
        return true
    }

    private mutating func deliver(_ flight: Flight) {
        guard let index = boards.firstIndex(where: { $0.publicAddress == flight.destination && $0.isUp })
        else { return }
        let verdict = boards[index].endpoint.receive(flight.bytes.span, from: flight.source, now: now)
        boards[index].verdicts.append(verdict)
        #expect(status(index).partialBytes <= LinkLimits().partialBytesPerPeer)
    }
}
