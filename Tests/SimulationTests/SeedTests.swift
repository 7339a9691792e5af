import Cryptography
import Foundation
import Simulation
import Testing

/// Seeds that differ from run to run, with every check of a debug build; `.ci/simulate` runs many more without.
///
/// For as long as `SIMULATION_SECONDS` (30) says, and at least 20 of them.
@Suite struct SeedTests {
    private static let environment = ProcessInfo.processInfo.environment

    /// The first seed: `SIMULATION_SEED`, or the clock, so that every run tries others.
    private static let firstSeed =
        environment["SIMULATION_SEED"].flatMap { UInt64($0) } ?? UInt64(Date().timeIntervalSince1970)

    private static let seconds = environment["SIMULATION_SECONDS"].flatMap { Int($0) } ?? 30
    private static let leastSeeds: UInt64 = 20

    @Test func `fleets come to rest with every ledger right, whatever goes wrong`() throws {
        try #require(prepareCryptography())
        let start = ContinuousClock.now
        var seed = Self.firstSeed
        var (events, starts, payments, paidBelow) = (0, Int64(0), 0, 0)
        while seed < Self.firstSeed + Self.leastSeeds || ContinuousClock.now - start < .seconds(Self.seconds) {
            let run = SimulationRun(seed: seed)
            guard run.finding == nil else {
                Issue.record("\(SimulationRun.report(run))")
                break
            }
            events += run.events
            starts += run.starts
            payments += run.payments
            paidBelow += run.paidBelow
            seed += 1
        }
        print(
            "simulation: \(seed - Self.firstSeed) seeds from \(Self.firstSeed) on, \(events) events, \(starts) starts, "
                + "\(payments) payments, \(paidBelow) of them below")
        #expect(payments > 0)
    }

    @Test(arguments: [1, 7, 42] as [UInt64])
    func `a seed runs the same every time`(seed: UInt64) throws {
        try #require(prepareCryptography())
        let first = SimulationRun(seed: seed)
        let second = SimulationRun(seed: seed, keepingLines: true)
        #expect(first.hash == second.hash)
        #expect(first.events == second.events)
        #expect(first.finding == nil)
        #expect(!second.lastLines.isEmpty)
    }

    @Test func `different seeds are different runs`() throws {
        try #require(prepareCryptography())
        #expect(Set((1...8).map { SimulationRun(seed: $0).hash }).count == 8)
    }
}
