import Quantities

/// The smoothed round trip and its variation (RFC 6298 with the refinements of RFC 9002 §5), in integers.
struct RoundTripEstimator: Sendable {
    /// Microseconds; nil before the first sample.
    private var smoothed: Int64?
    private var variation: Int64 = 0
    private var smallest: Int64 = 0
    private var latest: Int64 = 0

    /// Samples beyond a minute are cut: they tell of a sleep, not of a path.
    private static let longestSampleMilliseconds: Int64 = 60_000

    /// Takes a sample, of which the peer spent `acknowledgementDelay` waiting; a delay that leaves
    /// less than the shortest round trip so far is not believed.
    mutating func observe(_ sample: TimeSpan, acknowledgementDelay: TimeSpan = .zero) {
        let measured = min(max(sample.milliseconds, 0), RoundTripEstimator.longestSampleMilliseconds) * 1000
        let delay = min(max(acknowledgementDelay, .zero), LinkTimes.longestToldDelay).milliseconds * 1000
        guard let smoothed else {
            self.smoothed = measured
            variation = measured / 2
            smallest = measured
            latest = measured
            return
        }
        smallest = min(smallest, measured)
        latest = measured - smallest >= delay ? measured - delay : measured
        variation = (3 * variation + abs(smoothed - latest)) / 4
        self.smoothed = (7 * smoothed + latest) / 8
    }

    /// The smoothed round trip rounded up to a millisecond, nil before the first sample.
    var roundTrip: TimeSpan? { smoothed.map { .milliseconds(($0 + 999) / 1000) } }

    /// How long after a later packet's acknowledgement an earlier one is still not taken for lost: 9/8 round trips.
    var lossDelay: TimeSpan {
        guard let smoothed else { return max(milliseconds(LinkTimes.initialRoundTrip, 9, 8), LinkTimes.granularity) }
        let microseconds = max(smoothed, latest) * 9 / 8
        return max(.milliseconds((microseconds + 999) / 1000), LinkTimes.granularity)
    }

    /// How long an acknowledgement may take before the peer is asked again (RFC 9002 §6.2.1), without back-off.
    var probeTimeout: TimeSpan {
        guard let smoothed else { return milliseconds(LinkTimes.initialRoundTrip, 3, 1) }
        let spread = max(4 * variation, LinkTimes.granularity.milliseconds * 1000)
        return .milliseconds((smoothed + spread + 999) / 1000) + LinkTimes.acknowledgementDelay
    }

    private func milliseconds(_ span: TimeSpan, _ numerator: Int64, _ denominator: Int64) -> TimeSpan {
        .milliseconds(span.milliseconds * numerator / denominator)
    }
}
