import Cryptography
import Platform
import Simulation

/// Runs seeds of the simulator.
///
/// `sage-edge-simulation [--seeds FIRST...LAST] [--seconds N] [--hashes] [--lines] [--go-on]`: one line at the
/// end, or one with the trace's hash for each seed; goes on past LAST until N seconds have passed; exits with 1
/// where a checker found something. `--endurance DAYS` lets one agent live for so long instead, and prints what it
/// keeps; exits with 1 where that grows.
@main
struct SimulationRunner {
    static func main() {
        guard prepareCryptography() else {
            print("libsodium cannot be used on this machine")
            Program.exit(1)
        }
        guard let options = RunnerOptions(Program.arguments) else {
            print(
                "usage: sage-edge-simulation [--seeds FIRST...LAST] [--seconds N] [--hashes] [--lines] [--endurance DAYS]"
            )
            Program.exit(64)
        }
        if let days = options.days { Program.exit(EnduranceRun.run(days: days, seed: options.seeds.lowerBound)) }
        Program.exit(run(options))
    }

    private static func run(_ options: RunnerOptions) -> Int32 {
        let start = Clock.bootNanoseconds
        var (seeds, events, payments, paidBelow, starts, virtual) = (0, 0, 0, 0, Int64(0), Int64(0))
        var failed = 0
        let end = start + options.seconds * 1_000_000_000
        var seed = options.seeds.lowerBound
        while seed <= options.seeds.upperBound || Clock.bootNanoseconds < end {
            defer { seed += 1 }
            let run = SimulationRun(seed: seed, keepingLines: options.printsLines)
            seeds += 1
            events += run.events
            payments += run.payments
            paidBelow += run.paidBelow
            starts += run.starts
            virtual += run.milliseconds
            if options.printsLines { for line in run.lastLines { print(line) } }
            if options.printsHashes { print("\(seed) " + hexadecimal(run.hash)) }
            if run.finding != nil {
                failed += 1
                print(SimulationRun.report(run))
                if !options.goesOn { break }
            }
        }
        guard !options.printsHashes else { return failed == 0 ? 0 : 1 }
        let milliseconds = max(1, (Clock.bootNanoseconds - start) / 1_000_000)
        print(
            "simulation: \(seeds) seeds, \(failed) failed, \(events) events, \(starts) starts, \(payments) payments, "
                + "\(paidBelow) of them below, "
                + "\(virtual / 3_600_000) h simulated in \(milliseconds) ms "
                + "(\(Int64(seeds) * 1000 / milliseconds) seeds/s, \(Int64(events) * 1000 / milliseconds) events/s)")
        return failed == 0 ? 0 : 1
    }

    private static func hexadecimal(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
