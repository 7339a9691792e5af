import Experiments
import Foundation

/// Holds the delegation decision against an oracle and simple rules, on generated and recorded streams of tasks.
///
/// `sage-edge-experiment [SEED…]`: one table for each seed; 1, 2 and 3 without any.
@main
struct ExperimentProgram {
    static func main() throws {
        let words = CommandLine.arguments.dropFirst()
        let seeds = words.compactMap { UInt64($0) }
        guard seeds.count == words.count else {
            print("usage: sage-edge-experiment [SEED…]")
            exit(64)
        }
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/telemetry")
        print(
            """
            Costs over those of an oracle that knows what each task takes everywhere, and takes the best place or waits.
            A task costs the energy of its runs, of sending and of waiting, and 50 J more without a result in time.
            \(TaskStream.count) tasks each; the first \(TaskStream.warmUp) are for learning and do not count.
            misses: the decision's / the oracle's. above p95: runs above the time said to hold for 19 of 20.

            """)
        for seed in seeds.isEmpty ? [1, 2, 3] : seeds {
            print("seed \(seed)")
            print(ExperimentTable.text(try Experiment.all(seed: seed, recordings: folder)) + "\n")
        }
    }
}
