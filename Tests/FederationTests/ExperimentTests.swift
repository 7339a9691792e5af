import Experiments
import Foundation
import TestKit
import Testing

/// The delegation decision beside an oracle that knows the true times and energies, and beside simple rules.
@Suite struct `what the decision costs` {
    private static let recordings = Fixtures.url("telemetry")

    /// Streams whose boards do not change, and on which a few runs do not take many times as long as most.
    static let calm = [
        "steady", "bursts", "heat", "memory", "slow links", "false statements", "Orin Nano and Thor",
    ]

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `it is ahead of every simple rule on every stream, and within 5 % of the oracle where boards do not change`(
        seed: UInt64
    ) throws {
        let experiments = try Self.experiments(seed)
        for experiment in experiments {
            if Self.calm.contains(experiment.stream) {
                #expect(experiment.ratio <= 1.05, "\(experiment.stream), seed \(seed)")
            }
            for (baseline, tally) in zip(Baseline.allCases, experiment.baselines) {
                #expect(
                    experiment.decision.joules < tally.joules,
                    "\(experiment.stream), seed \(seed): \(baseline.rawValue)")
            }
        }
    }

    /// One stream that is drawn anew may be an exception, twelve together are not: over some hundred seeds all
    /// came to 2.5 % at the median and 6 % at the most.
    @Test func `whatever the streams, it is ahead of every simple rule, and within a tenth of the oracle`() throws {
        let seed = UInt64.random(in: 4...UInt64(UInt32.max))
        let experiments = try Self.experiments(seed)
        let joules = experiments.reduce(0) { $0 + $1.decision.joules }
        #expect(joules < 1.1 * experiments.reduce(0) { $0 + $1.oracle.joules }, "seed \(seed)")
        for (index, baseline) in Baseline.allCases.enumerated() {
            let ruled = experiments.reduce(0) { $0 + $1.baselines[index].joules }
            #expect(joules < ruled, "seed \(seed): \(baseline.rawValue)")
        }
    }

    private static func experiments(_ seed: UInt64) throws -> [Experiment] {
        let experiments = try Experiment.all(seed: seed, recordings: recordings)
        print("seed \(seed)\n" + ExperimentTable.text(experiments))
        #expect(experiments.count == 12)
        for experiment in experiments { #expect(experiment.oracle.joules > 0 && experiment.tasks == 3_000) }
        return experiments
    }

    @Test func `the same seed gives the same streams and the same decisions`() throws {
        let first = Experiment(.generated(.everything, seed: 5))
        let second = Experiment(.generated(.everything, seed: 5))
        #expect(first.decision.joules == second.decision.joules && first.places == second.places)
        #expect(first.decision.joules != Experiment(.generated(.everything, seed: 6)).decision.joules)
    }
}
