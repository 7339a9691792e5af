import Quantities
import Testing

@testable import Link

@Suite struct RoundTripEstimatorTests {
    private func estimator(_ samples: [(Int64, Int64)]) -> RoundTripEstimator {
        var estimator = RoundTripEstimator()
        for (sample, delay) in samples {
            estimator.observe(.milliseconds(sample), acknowledgementDelay: .milliseconds(delay))
        }
        return estimator
    }

    @Test func `before the first sample a round trip of 100 ms is assumed`() {
        let estimator = RoundTripEstimator()
        #expect(estimator.roundTrip == nil)
        #expect(estimator.probeTimeout == .milliseconds(300))
        #expect(estimator.lossDelay == .milliseconds(112))
    }

    // Worked by hand after RFC 9002 §5.3, §6.1.2 and §6.2.1.
    @Test(
        arguments: [
            ([(30, 0)], 30, 30 + 60 + 25, 34),
            ([(30, 0), (30, 0)], 30, 30 + 45 + 25, 34),
            ([(30, 0), (55, 25)], 30, 30 + 45 + 25, 34),
            ([(30, 0), (40, 25)], 32, 32 + 55 + 25, 45),
            ([(0, 0)], 0, 0 + 2 + 25, 2),
            ([(100, 0), (20, 0)], 90, 90 + 230 + 25, 102),
        ] as [([(Int64, Int64)], Int64, Int64, Int64)])
    func `round trip, probe timeout and loss delay follow the samples`(
        _ samples: [(Int64, Int64)], _ roundTrip: Int64, _ probeTimeout: Int64, _ lossDelay: Int64
    ) {
        let estimator = estimator(samples)
        #expect(estimator.roundTrip == .milliseconds(roundTrip))
        #expect(estimator.probeTimeout == .milliseconds(probeTimeout))
        #expect(estimator.lossDelay == .milliseconds(lossDelay))
    }

    @Test func `samples of a clock that jumped stay within bounds`() {
        let estimator = estimator([(-5, 0), (.max, .max), (.min, -3)])
        #expect(estimator.probeTimeout < .seconds(120))
        #expect(estimator.lossDelay >= .milliseconds(2))
    }
}
