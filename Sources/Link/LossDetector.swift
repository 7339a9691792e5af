import Quantities

/// A part of a message, as a datagram carried it.
struct MessagePart: Hashable, Sendable {
    let messageClass: MessageClass
    let number: UInt64
    /// Index of the part within its message.
    let index: Int
    /// How often the message had been begun anew when this was sent.
    let generation: UInt8
}

/// What a datagram carried that has to arrive.
enum SentFrame: Hashable, Sendable {
    case part(MessagePart)
    case resetMessage(UInt64)
}

/// A datagram that wants an acknowledgement and has none yet.
struct SentPacket: Equatable, Sendable {
    let counter: UInt32
    let sentAt: BootTime
    let frames: [SentFrame]
    /// The highest counter that this datagram acknowledged, nil where it carried no acknowledgement.
    let acknowledges: UInt32?
    /// Its frames were sent again by a probe, so its loss needs no answer.
    var wasProbed = false
}

/// Finds lost datagrams and decides when to probe, per session.
///
/// Follows RFC 9002 §6 with adaptive thresholds: each loss that proves spurious raises them to the
/// reordering seen, in packets and in time. Frames are sent again, packets never.
struct LossDetector: Sendable {
    /// What an acknowledgement brought.
    struct Outcome: Equatable, Sendable {
        var acknowledged: [SentPacket] = []
        var lost: [SentPacket] = []
    }

    /// Datagrams under way, oldest first.
    private(set) var inFlight: [SentPacket] = []
    /// Probes since the last acknowledgement of something new.
    private(set) var probeCount = 0
    /// A packet this many counters behind an acknowledged one is lost.
    private(set) var packetThreshold: UInt32 = 3
    /// The longest that a packet, held for lost, took to be acknowledged.
    private var reorderingDelay = TimeSpan.zero
    private var largestAcknowledged: UInt32?
    private var lastSentAt = BootTime.origin
    /// Packets lately declared lost, to notice that they were not; oldest first.
    private var declaredLost: [(counter: UInt32, sentAt: BootTime)] = []

    private static let highestPacketThreshold: UInt32 = 64
    private static let rememberedLosses = 64
    /// Back-off of probes in sixteenths of the probe timeout: ×1.5, ×1.5, then ×2.
    private static let backOff: [Int64] = [16, 24, 36, 72, 144, 288, 576, 1152]

    /// Notes a datagram that was just sent; counters rise.
    mutating func sent(_ packet: SentPacket) {
        inFlight.append(packet)
        lastSentAt = packet.sentAt
    }

    /// Takes an acknowledgement with its runs from the newest down, and measures the round trip.
    mutating func acknowledge(
        _ runs: [CounterRun], delay: TimeSpan, now: BootTime, roundTrip: inout RoundTripEstimator
    ) -> Outcome {
        guard let largest = runs.first?.high else { return Outcome() }
        noteSpuriousLosses(in: runs, largest: largest, now: now)
        var outcome = Outcome()
        inFlight.removeAll { packet in
            guard LossDetector.contains(runs, packet.counter) else { return false }
            outcome.acknowledged.append(packet)
            return true
        }
        largestAcknowledged = max(largestAcknowledged ?? 0, largest)
        guard let newest = outcome.acknowledged.last else { return outcome }
        probeCount = 0
        if newest.counter == largest, delay < LinkTimes.longestToldDelay {
            roundTrip.observe(now.since(newest.sentAt), acknowledgementDelay: delay)
        }
        outcome.lost = detectLost(now: now, roundTrip: roundTrip)
        return outcome
    }

    /// Takes out the datagrams that count as lost at `now`.
    mutating func detectLost(now: BootTime, roundTrip: RoundTripEstimator) -> [SentPacket] {
        guard let largestAcknowledged else { return [] }
        let delay = lossDelay(roundTrip)
        var lost: [SentPacket] = []
        inFlight.removeAll { packet in
            guard packet.counter < largestAcknowledged,
                largestAcknowledged - packet.counter >= packetThreshold || packet.sentAt + delay <= now
            else { return false }
            lost.append(packet)
            return true
        }
        declaredLost += lost.map { ($0.counter, $0.sentAt) }
        declaredLost.removeFirst(max(0, declaredLost.count - LossDetector.rememberedLosses))
        return lost
    }

    /// When `detectLost` finds the next loss by time; nil when nothing waits for that.
    func lossDeadline(roundTrip: RoundTripEstimator) -> BootTime? {
        guard let largestAcknowledged, let oldest = inFlight.first, oldest.counter < largestAcknowledged else {
            return nil
        }
        return oldest.sentAt + lossDelay(roundTrip)
    }

    /// 9/8 round trips, or the reordering seen, which counts up to where a probe would find out.
    private func lossDelay(_ roundTrip: RoundTripEstimator) -> TimeSpan {
        max(roundTrip.lossDelay, min(reorderingDelay, roundTrip.probeTimeout))
    }

    /// When to probe; nil when nothing is under way, or when enough probes have failed.
    func probeDeadline(roundTrip: RoundTripEstimator) -> BootTime? {
        guard !inFlight.isEmpty, probeCount < LinkTimes.probesBeforeSilence else { return nil }
        let factor = LossDetector.backOff[min(probeCount, LossDetector.backOff.count - 1)]
        let timeout = TimeSpan.milliseconds((roundTrip.probeTimeout * factor).milliseconds / 16)
        return lastSentAt + min(timeout, LinkTimes.longestProbeTimeout)
    }

    /// Counts a probe sent at `now`, and tells what the two oldest datagrams under way carried.
    mutating func probe(now: BootTime) -> [SentFrame] {
        probeCount += 1
        // The next timeout counts from here, also when the probe itself cannot leave.
        lastSentAt = now
        var frames: [SentFrame] = []
        var chosen = 0
        for index in inFlight.indices where !inFlight[index].wasProbed && chosen < 2 {
            inFlight[index].wasProbed = true
            frames += inFlight[index].frames
            chosen += 1
        }
        return frames
    }

    private mutating func noteSpuriousLosses(in runs: [CounterRun], largest: UInt32, now: BootTime) {
        declaredLost.removeAll { packet in
            guard LossDetector.contains(runs, packet.counter) else { return false }
            let distance = min(largest - packet.counter, LossDetector.highestPacketThreshold - 1) + 1
            packetThreshold = max(packetThreshold, distance)
            reorderingDelay = max(reorderingDelay, now.since(packet.sentAt))
            return true
        }
    }

    private static func contains(_ runs: [CounterRun], _ counter: UInt32) -> Bool {
        runs.contains { $0.low <= counter && counter <= $0.high }
    }
}
