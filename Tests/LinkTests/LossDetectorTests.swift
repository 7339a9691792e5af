import Quantities
import Testing

@testable import Link

@Suite struct LossDetectorTests {
    private func at(_ milliseconds: Int64) -> BootTime { BootTime(milliseconds: milliseconds) }

    private func packet(_ counter: UInt32, at time: Int64) -> SentPacket {
        let part = MessagePart(messageClass: .task, number: UInt64(counter), index: 0, generation: 0)
        return SentPacket(counter: counter, sentAt: at(time), frames: [.part(part)], acknowledges: nil)
    }

    /// Ten packets, one each 1 ms, and a measured round trip of 30 ms.
    private func prepared() -> (LossDetector, RoundTripEstimator) {
        var detector = LossDetector()
        var roundTrip = RoundTripEstimator()
        roundTrip.observe(.milliseconds(30))
        for counter in 0..<10 as Range<UInt32> { detector.sent(packet(counter, at: Int64(counter))) }
        return (detector, roundTrip)
    }

    @Test(
        arguments: [
            ([0...0], [0], []), ([2...2], [2], []), ([3...3], [3], [0]), ([9...9], [9], [0, 1, 2, 3, 4, 5, 6]),
            ([9...9, 0...7], [0, 1, 2, 3, 4, 5, 6, 7, 9], []),
        ] as [([ClosedRange<UInt32>], [UInt32], [UInt32])])
    func `a packet three behind an acknowledged one is lost`(
        _ runs: [ClosedRange<UInt32>], _ acknowledged: [UInt32], _ lost: [UInt32]
    ) {
        var (detector, roundTrip) = prepared()
        let counterRuns = runs.map { CounterRun(low: $0.lowerBound, high: $0.upperBound) }
        let outcome = detector.acknowledge(counterRuns, delay: .zero, now: at(30), roundTrip: &roundTrip)
        #expect(outcome.acknowledged.map(\.counter) == acknowledged)
        #expect(outcome.lost.map(\.counter) == lost)
        #expect(detector.inFlight.count == 10 - acknowledged.count - lost.count)
    }

    @Test func `a packet one behind is lost by time, at 9/8 round trips`() {
        var (detector, roundTrip) = prepared()
        let outcome = detector.acknowledge(
            [CounterRun(low: 1, high: 1)], delay: .zero, now: at(31), roundTrip: &roundTrip)
        #expect(outcome.lost.isEmpty)
        #expect(detector.lossDeadline(roundTrip: roundTrip) == at(34))
        #expect(detector.detectLost(now: at(33), roundTrip: roundTrip).isEmpty)
        #expect(detector.detectLost(now: at(34), roundTrip: roundTrip).map(\.counter) == [0])
        #expect(detector.lossDeadline(roundTrip: roundTrip) == nil)
    }

    @Test func `a loss that proves spurious raises the threshold to the reordering seen`() {
        var (detector, roundTrip) = prepared()
        let outcome = detector.acknowledge(
            [CounterRun(low: 5, high: 5)], delay: .zero, now: at(35), roundTrip: &roundTrip)
        #expect(outcome.lost.map(\.counter) == [0, 1, 2])
        #expect(detector.packetThreshold == 3)
        _ = detector.acknowledge(
            [CounterRun(low: 5, high: 5), CounterRun(low: 1, high: 1)], delay: .zero, now: at(36),
            roundTrip: &roundTrip)
        #expect(detector.packetThreshold == 5)
    }

    @Test func `probes back off by 1.5 twice, then double, up to five seconds, and end`() {
        var (detector, roundTrip) = prepared()
        var now = at(9)
        var waits: [Int64] = []
        while let deadline = detector.probeDeadline(roundTrip: roundTrip) {
            waits.append(deadline.since(now).milliseconds)
            now = deadline
            _ = detector.probe(now: now)
        }
        #expect(waits == [115, 172, 258, 517, 1035, 2070, 4140, 5000])
    }

    @Test func `a probe carries the oldest frames, each datagram's once`() {
        var (detector, roundTrip) = prepared()
        var carried: [[SentFrame]] = []
        for _ in 0..<6 { carried.append(detector.probe(now: at(200))) }
        let pairs = [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9], []] as [[UInt32]]
        #expect(carried == pairs.map { $0.flatMap { packet($0, at: 0).frames } })
        #expect(detector.probeCount == 6)
        _ = detector.acknowledge([CounterRun(low: 4, high: 4)], delay: .zero, now: at(201), roundTrip: &roundTrip)
        #expect(detector.probeCount == 0)
    }

    @Test func `nothing under way means no timer`() {
        let detector = LossDetector()
        #expect(detector.probeDeadline(roundTrip: RoundTripEstimator()) == nil)
        #expect(detector.lossDeadline(roundTrip: RoundTripEstimator()) == nil)
    }

    @Test func `an acknowledgement of what is known already changes nothing`() {
        var (detector, roundTrip) = prepared()
        let runs = [CounterRun(low: 0, high: 9)]
        _ = detector.acknowledge(runs, delay: .zero, now: at(30), roundTrip: &roundTrip)
        let before = roundTrip.roundTrip
        let outcome = detector.acknowledge(runs, delay: .zero, now: at(900), roundTrip: &roundTrip)
        #expect(outcome == LossDetector.Outcome())
        #expect(roundTrip.roundTrip == before)
    }
}
