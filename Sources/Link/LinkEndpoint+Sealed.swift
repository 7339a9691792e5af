import Cryptography
import Quantities
import Wire

extension LinkEndpoint {
    /// Takes a sealed datagram of a session.
    mutating func takeSealed(
        _ header: SealedHeader, _ datagram: Span<UInt8>, from source: NetworkAddress, now: BootTime
    ) -> DatagramVerdict {
        guard events.count < configuration.limits.events else { return .busy }
        guard let index = links.firstIndex(where: { $0.receives(on: header.receiver) }) else { return .unknownSession }
        opened.removeAll(keepingCapacity: true)
        let opening: Session.Opening?
        let isConfirmation = links[index].unconfirmed?.session.localIndex == header.receiver
        if isConfirmation {
            opening = links[index].unconfirmed?.session.open(datagram, header, into: &opened)
        } else {
            opening = links[index].session?.open(datagram, header, into: &opened)
        }
        let id = links[index].id
        guard case .opened(let isNewest) = opening else {
            return opening == .replayed ? .replayed : .notAuthentic
        }
        if isConfirmation, let confirmed = links[index].unconfirmed {
            links[index].address = confirmed.source
            links[index].provenAddress = confirmed.source
            links[index].initiation = nil
            if !confirmed.wasRepeated { links[index].roundTrip.observe(now.since(confirmed.answeredAt)) }
            establish(confirmed.session, with: index, at: confirmed.source, now: now)
        }
        links[index].datagramsReceived += 1
        heard(from: index, now: now)
        let verdict = use(header, of: datagram.count, isNewest: isNewest, index: index, from: source, now: now)
        maintainInitiation(of: index, now: now)
        return verdict ?? .accepted(id)
    }

    /// Uses the frames in `opened`; nil when all were used.
    private mutating func use(
        _ header: SealedHeader, of count: Int, isNewest: Bool, index: Int, from source: NetworkAddress, now: BootTime
    ) -> DatagramVerdict? {
        let id = links[index].id
        if isNewest {
            let challenge = random.number(below: .max)
            links[index].follow(to: source, received: count, newChallenge: challenge, now: now)
        }
        let frames: [Frame]
        do throws(FrameError) {
            let bytes = opened.span
            frames = try Frame.parse(bytes)
        } catch { return .malformedFrames(id, error) }
        let partialBytes = links.reduce(0) { $0 + $1.reassembly.byteCount }
        let room = min(
            configuration.limits.partialBytes - partialBytes,
            configuration.limits.partialBytesPerPeer - links[index].reassembly.byteCount)
        let outcome = links[index].use(
            frames, of: opened, header, from: source, partialRoom: room, now: now, events: &events)
        switch outcome {
        case .used: return nil
        case .noRoom: return .noRoom(id)
        case .refused(let error): return .malformedFrames(id, error)
        }
    }
}

extension PeerLink {
    /// Whether datagrams to `index` belong to a session with this peer.
    func receives(on index: SessionIndex) -> Bool {
        session?.localIndex == index || unconfirmed?.session.localIndex == index
    }

    /// Whether `index` is taken by this peer.
    func uses(_ index: SessionIndex) -> Bool { receives(on: index) || initiation?.localIndex == index }
}
