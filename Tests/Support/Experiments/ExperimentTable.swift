import Foundation

/// Experiments as a table.
public struct ExperimentTable {
    private static let header = [
        "stream", "seed", "oracle J", "decision", "misses", "above p95",
    ]

    /// The lines of one table; costs are over the oracle's.
    public static func text(_ experiments: [Experiment]) -> String {
        var rows = [header + Baseline.allCases.map { $0.rawValue }]
        for experiment in experiments {
            rows.append(row(experiment))
        }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row.enumerated().map { column, text in
                let space = String(repeating: " ", count: widths[column] - text.count)
                return column == 0 ? text + space : space + text
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }

    private static func row(_ experiment: Experiment) -> [String] {
        let (above, of) = experiment.aboveBound
        return [
            experiment.stream, "\(experiment.seed)", String(format: "%.0f", experiment.oracle.joules),
            over(experiment.decision, experiment.oracle),
            "\(experiment.decision.missed)/\(experiment.oracle.missed)",
            of == 0 ? "-" : String(format: "%.1f %%", 100 * Double(above) / Double(of)),
        ] + experiment.baselines.map { over($0, experiment.oracle) }
    }

    private static func over(_ tally: Tally, _ oracle: Tally) -> String {
        String(format: "%+.1f %%", 100 * (tally.joules / oracle.joules - 1))
    }
}
