import Quantities
import Wire

extension PeerLink {
    /// What the frames of a datagram came to.
    enum FramesOutcome: Equatable, Sendable {
        case used
        case noRoom
        case refused(FrameError)
    }

    /// Uses the frames of an authentic, new datagram, in order.
    ///
    /// Where a limit or an error stops one, the datagram is not acknowledged: its sender repeats
    /// it, and what was used already is known by its number then.
    mutating func use(
        _ frames: [Frame], of bytes: [UInt8], _ header: SealedHeader, from source: NetworkAddress,
        partialRoom: Int, now: BootTime, events: inout [LinkEvent]
    ) -> FramesOutcome {
        var outcome = FramesOutcome.used
        var room = partialRoom
        for frame in frames {
            let before = reassembly.byteCount
            let result = use(frame, of: bytes, header, from: source, partialRoom: room, now: now, events: &events)
            room -= reassembly.byteCount - before
            if result != .used { outcome = result }
            if case .refused = result { return result }
            guard session != nil else { return outcome }
        }
        if outcome == .used {
            session?.received(
                header.counter, isEliciting: frames.contains { $0.isEliciting },
                asksAtOnce: frames.contains(.ping), now: now)
        }
        return outcome
    }

    private mutating func use(
        _ frame: Frame, of bytes: [UInt8], _ header: SealedHeader, from source: NetworkAddress,
        partialRoom: Int, now: BootTime, events: inout [LinkEvent]
    ) -> FramesOutcome {
        switch frame {
        case .acknowledgement(let runs, let delay):
            return acknowledge(runs, delay: delay, now: now, events: &events)
        case .message(let messageClass, let low, let payload):
            if receivedNumbers.insert(expandedReceived(low)) {
                events.append(.message(id, messageClass, Array(bytes[payload])))
            }
        case .heartbeat(let payload):
            if session?.newestHeartbeat.map({ $0 < header.counter }) ?? true {
                session?.newestHeartbeat = header.counter
                events.append(.message(id, .heartbeat, Array(bytes[payload])))
            }
        case .fragment(let messageClass, let low, let offset, let isLast, let payload):
            let number = expandedReceived(low)
            guard receivedNumbers.standing(of: number) == .fresh else { return .used }
            let fragment = ReceivedFragment(
                messageClass: messageClass, number: number, offset: offset, isLast: isLast, payload: bytes[payload])
            switch reassembly.insert(fragment, room: partialRoom, now: now) {
            case .stored: break
            case .complete(let message):
                _ = receivedNumbers.insert(number)
                events.append(.message(id, messageClass, message))
            case .noRoom: return .noRoom
            case .inconsistent: return .refused(.inconsistentFragment(number: low))
            }
        case .ping: break
        case .pathChallenge(let value): pathAnswer = value
        case .pathResponse(let value): finishPathCheck(value, from: source, events: &events)
        case .resetMessage(let low): queue.restart(low: low)
        case .close:
            dropSession()
            events.append(.closed(id))
        }
        return .used
    }

    /// The peer's message number that ends in `low`; the first one is placed so that older ones lie above zero.
    private func expandedReceived(_ low: UInt16) -> UInt64 {
        expandedNumber(low, near: receivedNumbers.highest ?? 0x1_0000)
    }

    private mutating func acknowledge(
        _ runs: [CounterRun], delay: TimeSpan, now: BootTime, events: inout [LinkEvent]
    ) -> FramesOutcome {
        guard var session, let largest = runs.first?.high else { return .used }
        guard largest < session.nextCounter else { return .refused(.acknowledgedUnsent(largest)) }
        self.session = nil
        let outcome = session.loss.acknowledge(runs, delay: delay, now: now, roundTrip: &roundTrip)
        for packet in outcome.acknowledged {
            if let through = packet.acknowledges { session.forgetAcknowledged(through: through) }
        }
        if !outcome.acknowledged.isEmpty { session.probeAllowance = 0 }
        self.session = session
        for frame in outcome.acknowledged.lazy.flatMap({ $0.frames }) {
            switch frame {
            case .part(let part):
                if let number = queue.markDelivered(part) { events.append(.delivered(id, number)) }
            case .resetMessage(let number): reassembly.forgetDropped(number)
            }
        }
        resend(outcome.lost)
        return .used
    }

    /// Queues again what lost datagrams carried.
    mutating func resend(_ lost: [SentPacket]) {
        datagramsLost += UInt64(lost.count)
        for packet in lost where !packet.wasProbed { resend(packet.frames) }
    }

    /// Queues frames again.
    mutating func resend(_ frames: [SentFrame]) {
        for frame in frames {
            switch frame {
            case .part(let part): queue.markLost(part)
            case .resetMessage(let number): if !resets.contains(number) { resets.append(number) }
            }
        }
    }

    // MARK: Address

    /// Follows the peer to `source`, from where the newest datagram of its session came.
    mutating func follow(to source: NetworkAddress, received count: Int, newChallenge: UInt64, now: BootTime) {
        if source == address {
            path?.allowance += LinkLimits.unprovenFactor * count
        } else if source == provenAddress {
            address = source
            path = nil
        } else {
            address = source
            path = PathCheck(
                challenge: newChallenge, deadline: now + LinkTimes.pathTimeout,
                allowance: LinkLimits.unprovenFactor * count)
        }
    }

    private mutating func finishPathCheck(_ value: UInt64, from source: NetworkAddress, events: inout [LinkEvent]) {
        guard let path, path.challenge == value, source == address else { return }
        self.path = nil
        provenAddress = source
        // What was measured on the old path says nothing of the new one.
        roundTrip = RoundTripEstimator()
        events.append(.addressChanged(id, source))
    }
}
