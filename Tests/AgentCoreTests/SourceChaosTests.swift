import AgentCore
import Cryptography
import EnergyProofs
import Quantities
import Simulation
import Telemetry
import Testing
import TestKit

/// Every kind of source breaking at once, each in its own way and now and then all in the same way.
@Suite struct SourceChaosTests {
    private static let hour: Int64 = 3_600_000

    private static func sources() -> [ChaoticSource] {
        [
            ChaoticSource("VDD_IN", .compute, .power, milliwatts: 9800, rated: 15_000),
            ChaoticSource("battery:BAT0", .battery, .power, milliwatts: 5000, rated: 60_000),
            // A processor whose counter wraps every half an hour, as RAPL's do.
            ChaoticSource(
                "compute:package-0", .compute, .counter(range: 65_532_610_987), milliwatts: 35_000, rated: 65_000),
            ChaoticSource("compute:gpu-0", .compute, .counter(range: nil), milliwatts: 120_000, rated: 450_000),
            ChaoticSource("grid:meter", .grid, .document, milliwatts: 182_400, rated: 400_000),
            ChaoticSource("solar:roof", .solar, .power, milliwatts: 12_000, rated: 20_000),
        ]
    }

    /// What an operator declares: the meter by its command, the panel by a path.
    private static let declarations = [
        SourceDeclaration(
            name: "grid:meter", kind: .grid, evidence: .metered, origin: .command(["/usr/bin/meter"]),
            rated: Power(milliwatts: 400_000)),
        SourceDeclaration(
            name: "solar:roof", kind: .solar, evidence: .metered, origin: .path("/sys/class/hwmon/roof/power1_input"),
            rated: Power(milliwatts: 20_000)),
    ]

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func `an hour of it counts no energy that was not there, names every failure, and all come back`(seed: UInt64)
        throws
    {
        try #require(prepareCryptography())
        var agent = try LoneAgent(seed: seed, declarations: Self.declarations)
        var random = SeededRandom(seed: seed)
        var sources = Self.sources()
        var rhythm = SamplingRhythm(period: .seconds(1), start: .origin, seed: seed)
        let origin = agent.boot(at: 0)
        var disasterUntil: Int64 = 0
        while rhythm.due.milliseconds < Self.hour + 60_000 {
            let now = rhythm.due.milliseconds
            rhythm.advance(past: BootTime(milliseconds: now))
            agent.pass(to: now)
            var disaster: ChaoticSource.Mood?
            if now >= Self.hour {
                // The last minute is for those who come back.
                if disasterUntil < .max { (disaster, disasterUntil) = (.fine, .max) }
            } else if now >= disasterUntil, random.oneIn(120) {
                disaster = ChaoticSource.Mood.allCases[random.number(in: 1...ChaoticSource.Mood.allCases.count - 1)]
                disasterUntil = now + random.number(in: 2000...30_000)
            }
            for index in sources.indices {
                sources[index].change(disaster, at: now, until: disasterUntil, &random)
                sources[index].limit(isOver: now >= Self.hour, &random)
            }
            let sample = sample(of: &sources, at: agent.boot(at: now), since: origin, &random)
            agent.show(sample)
            let (telemetry, status) = (agent.ask(.telemetry)?.json ?? "", agent.ask(.status)?.json ?? "")
            for failure in sample.unavailable {
                let reason = failure.reason.rawValue
                #expect(telemetry.contains("\"what\":\"\(failure.what)\",\"reason\":\"\(reason)\""), "\(now) ms")
                #expect(status.contains("\"\(failure.what): \(reason)\""), "\(now) ms")
            }
        }
        // Pages are kept once a minute.
        agent.pass(to: Self.hour + 200_000)
        for source in sources { check(source, agent.pages, since: origin) }
        #expect(agent.log.count < 600)
        // Every page goes on where the one before ended, by the rules that others check.
        #expect(!agent.log.contains { $0.contains("is not accepted") })
    }

    private func sample(
        of sources: inout [ChaoticSource], at now: BootTime, since origin: BootTime, _ random: inout SeededRandom
    ) -> TelemetrySample {
        var sample = TelemetrySample(taken: now, board: BoardIdentity(profile: "simulated"))
        for index in sources.indices { sources[index].show(in: &sample, since: origin, &random) }
        if let board = sample.boardSource, let power = board.power {
            sample.rails = [RailReading(name: "VDD_IN", role: .total, power: power, source: .ina3221)]
            sample.total = TotalPower(power: power, isComplete: true, rails: ["VDD_IN"], scope: .module)
        }
        return sample
    }

    /// Every page of `source` holds the truth within its bound, and none holds energy of time that nobody watched.
    private func check(_ source: ChaoticSource, _ all: [EnergyCapacityProof], since origin: BootTime) {
        let pages = all.filter {
            source.name == "VDD_IN"
                ? $0.source.text.hasPrefix("compute:simulated:") : $0.source.text.hasPrefix(source.name)
        }
        #expect(pages.count > 150, "\(source.name)")
        #expect(
            ChaoticSource.Mood.allCases.allSatisfy { (source.moods[$0] ?? 0) > 3 }, "\(source.name): \(source.moods)")
        var (drawn, covered, bounded) = (Energy.zero, TimeSpan.zero, 0)
        // A millijoule at each end of a counter, and one of rounding.
        let rounding: Int64 = 3
        for page in pages {
            let place = "\(source.name), page \(page.page)"
            #expect(page.drawn <= source.truth.held(for: page.covered) + Energy(millijoules: rounding), "\(place)")
            if page.errorBoundPermille < MeterLimits.errorBoundCeilingPermille {
                bounded += 1
                let off = abs(source.truth.held(for: page.window).millijoules - page.drawn.millijoules)
                let bound = page.drawn.millijoules * Int64(page.errorBoundPermille) / 1000 + rounding
                #expect(off <= bound, "\(place): off by \(off) mJ, stated \(bound) mJ")
            }
            drawn = drawn + page.drawn
            covered = covered + page.covered
        }
        // All that was watched was counted, and much was not watched.
        #expect(drawn.millijoules >= source.truth.held(for: covered).millijoules - rounding * Int64(pages.count))
        #expect(covered > .seconds(900) && covered < .seconds(3000), "\(source.name): \(covered.milliseconds) ms")
        #expect(bounded > 50, "\(source.name): \(bounded) pages state a bound")
        // It came back.
        let end = origin + .milliseconds(Self.hour)
        #expect(pages.contains { $0.windowStart >= end && $0.gap == .zero }, "\(source.name)")
        print(
            "chaos: \(source.name): \(pages.count) pages, \(bounded) with a bound below ten times, "
                + "\(covered.milliseconds / 1000) s watched, \(drawn.millijoules) mJ")
    }
}
