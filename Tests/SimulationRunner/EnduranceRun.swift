import Platform
import Quantities
import Simulation

/// Lets one agent live for months, and shows that what it keeps does not grow.
enum EnduranceRun {
    /// Memory that a process may take more for after a third of the time: what an allocator does.
    private static let memoryMargin: Int64 = 4 << 20

    static func run(days: Int, seed: UInt64) -> Int32 {
        let start = Clock.bootNanoseconds
        do throws(SimulationSetupError) {
            var life = try Endurance(seed: seed, samplePeriod: .seconds(10))
            life.live(days: days / 3)
            let before = resident
            life.live(days: days - days / 3)
            let after = resident
            for third in 1...3 { print(row(life.days.prefix(days * third / 3).suffix(days / 3), third)) }
            let milliseconds = (Clock.bootNanoseconds - start) / 1_000_000
            print(
                "endurance: \(days) days in \(milliseconds) ms, seed \(seed): \(life.samples) samples, \(life.starts) "
                    + "starts, \(life.works) tasks; most memory \(before >> 10) KiB after a third, \(after >> 10) KiB "
                    + "at the end")
            if let finding = life.finding ?? life.growth {
                print("endurance: " + finding)
                return 1
            }
            guard after <= before + memoryMargin else {
                print("endurance: memory grew")
                return 1
            }
            return 0
        } catch {
            print("endurance: the board cannot be set up")
            return 1
        }
    }

    private static func row(_ days: ArraySlice<Endurance.Figures>, _ third: Int) -> String {
        var text = "endurance: third \(third), most of a day:"
        for (index, name) in Endurance.Figures.names.enumerated() {
            text += " \(days.map { $0.counts[index] }.max() ?? 0) " + name + ","
        }
        return String(text.dropLast())
    }

    /// The most memory that this process has had.
    private static var resident: Int64 {
        do throws(SystemError) { return try ResourceUsage.ofProcess().peakResident.bytes } catch { return 0 }
    }
}
