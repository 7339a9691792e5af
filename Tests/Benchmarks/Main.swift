import CBenchmarkPeers
import Cryptography
import Platform
import Quantities

/// Measures this machine and asserts nothing; docs/benchmarks.md says what each line means.
///
/// Usage: sage-edge-bench FOLDER PROGRAM SYSROOT [IDLE-SECONDS] [MEASURE…]
///
/// `sage-edge-bench worker` is an external executor that does nothing.
@main
struct Benchmarks {
    private static let rounds = 5

    static func main() {
        let arguments = Program.arguments
        if arguments == ["worker"] { Program.exit(peers_work()) }
        guard arguments.count >= 3, prepareCryptography() else {
            Table.print("usage: sage-edge-bench FOLDER PROGRAM SYSROOT [IDLE-SECONDS] [MEASURE…]")
            Program.exit(64)
        }
        let setup = AgentProcess.Setup(program: arguments[1], sysroot: arguments[2], folder: arguments[0])
        let seconds = arguments.count > 3 ? Int64(arguments[3]) ?? 30 : 30
        let chosen = arguments.dropFirst(4)
        Table.print(machine)
        Table.header()
        var failed = false
        // `http:100000` watches the memory over so many tasks.
        let count = chosen.compactMap { $0.hasPrefix("http:") ? Int($0.dropFirst(5)) : nil }.first ?? 2_000
        let names = chosen.map { $0.hasPrefix("http:") ? "http" : $0 }
        for measure in measures(setup, seconds, count) where names.isEmpty || names.contains(measure.name) {
            do throws(BenchmarkError) { try measure.run() } catch {
                Table.print("  " + measure.name + ": not measured: " + error.explanation)
                failed = true
            }
        }
        Program.exit(failed ? 70 : 0)
    }

    /// A part of the report that can be asked for by name.
    private struct Measure {
        let name: String
        let run: () throws(BenchmarkError) -> Void
    }

    private static func measures(_ setup: AgentProcess.Setup, _ seconds: Int64, _ count: Int) -> [Measure] {
        [
            Measure(name: "link") { () throws(BenchmarkError) in
                try LinkBenchmark.run(rounds: rounds, count: 2_000)
            },
            Measure(name: "decision") { () throws(BenchmarkError) in
                try DecisionBenchmark.run(rounds: rounds, count: 500)
            },
            Measure(name: "signature") { () throws(BenchmarkError) in
                try SignatureBenchmark.run(rounds: rounds, count: 500)
            },
            Measure(name: "report") { () throws(BenchmarkError) in try ReportBenchmark.run(count: 26_214) },
            Measure(name: "ledger") { () throws(BenchmarkError) in
                try LedgerBenchmark.run(rounds: rounds, count: 200, folder: setup.folder)
            },
            Measure(name: "delegation") { () throws(BenchmarkError) in
                try DelegationBenchmark.run(count: 100, folder: setup.folder)
            },
            Measure(name: "agents") { () throws(BenchmarkError) in
                try AgentBenchmark.delegation(setup, count: 20)
            },
            Measure(name: "http") { () throws(BenchmarkError) in try HTTPBenchmark.run(setup, count: count) },
            Measure(name: "start") { () throws(BenchmarkError) in try AgentBenchmark.start(setup, count: 20) },
            Measure(name: "idle") { () throws(BenchmarkError) in try AgentBenchmark.idle(setup, seconds: seconds) },
        ]
    }

    /// The machine in one line.
    private static var machine: String {
        let processor =
            (try? lines("/proc/cpuinfo"))?.first { $0.hasPrefix("model name") }?.split(separator: ":").last.map {
                String($0.drop { $0 == " " })
            } ?? Host.machine
        let governor = (try? lines("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"))?.first ?? "not readable"
        return "\(Host.processorCount) × \(processor), \(Host.machine), Linux \(Host.kernelRelease), governor "
            + governor
    }
}
