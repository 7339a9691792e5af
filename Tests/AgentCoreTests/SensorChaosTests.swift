import AgentCore
import Cryptography
import EnergyProofs
import Quantities
import Simulation
import Telemetry
import Testing
import TestKit

/// A steady board whose sensors do everything that sensors do when they break, all of them, all the time.
private struct ChaoticSensors {
    enum Mood: CaseIterable { case fine, failing, garbage, partial, gone, hanging, stale }

    static let truth = Power(milliwatts: 7840)
    static let step = Power(milliwatts: 98)

    private var random: SeededRandom
    private var mood = Mood.fine
    private var until: Int64 = 0
    private var lastTaken: BootTime?
    /// How often each mood came.
    private(set) var moods: [Mood: Int] = [:]

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    /// What there is to see at `milliseconds`; nothing where every read hangs.
    mutating func sample(at milliseconds: Int64, taken: BootTime) -> TelemetrySample? {
        if milliseconds >= until {
            mood = random.oneIn(3) ? .fine : Mood.allCases[random.number(in: 0...Mood.allCases.count - 1)]
            until = milliseconds + random.number(in: 1...20) * 1000
            moods[mood, default: 0] += 1
        }
        var sample = TelemetrySample(taken: taken, board: BoardIdentity(profile: "simulated"))
        sample.sources = [EnergySource(name: "VDD_IN", kind: .compute, evidence: .metered)]
        switch mood {
        case .hanging: return nil
        case .fine: show(Self.truth, in: &sample)
        case .garbage:
            // What no source of 15 W can draw; a wrong power that it could have drawn nobody can tell from a right one.
            let nonsense: [Int64] = [.max, .min, 1_000_000_000_000, 400_000_000, -1, -392_000, -50_000_000_000]
            show(Power(microwatts: nonsense[random.number(in: 0...nonsense.count - 1)]), in: &sample)
        case .partial:
            show(Power(milliwatts: 3000), in: &sample, isComplete: false)
            sample.unavailable.append(Unavailable("VDD_SOC", .tryAgain))
        case .failing:
            for what in ["VDD_IN", "tj-thermal", "total"] {
                let reasons = UnavailableReason.allCases
                sample.unavailable.append(Unavailable(what, reasons[random.number(in: 0...reasons.count - 1)]))
            }
        case .gone:
            sample.unavailable.append(Unavailable("total", .absent))
            sample.sources = []
        case .stale:
            show(Self.truth, in: &sample)
            sample.taken = lastTaken ?? taken
        }
        lastTaken = sample.taken
        return sample
    }

    private mutating func show(_ power: Power, in sample: inout TelemetrySample, isComplete: Bool = true) {
        sample.rails = [RailReading(name: "VDD_IN", role: .total, power: power, source: .ina3221)]
        sample.total = TotalPower(power: power, isComplete: isComplete, rails: ["VDD_IN"], scope: .module)
        sample.sources[0].power = isComplete ? power : nil
        let heat: [Int32] = [50_000, 50_000, .max, .min, -256_000]
        let zone = ZoneReading(
            name: "tj-thermal", temperature: Temperature(millidegrees: heat[random.number(in: 0...heat.count - 1)]))
        sample.zones = [zone]
        sample.hottest = zone
        sample.throttle = [ThrottleReading(cause: "oc", state: Int64(truncatingIfNeeded: random.next()), maximum: nil)]
    }
}

@Suite struct SensorChaosTests {
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `an hour of chaos counts no energy that was not there, and every failure has its name`(seed: UInt64) throws {
        try #require(prepareCryptography())
        var agent = try LoneAgent(seed: seed)
        var sensors = ChaoticSensors(seed: seed)
        var rhythm = SamplingRhythm(period: .seconds(1), start: .origin, seed: seed)
        var shown = 0
        while rhythm.due.milliseconds < 3_600_000 {
            let now = rhythm.due.milliseconds
            rhythm.advance(past: BootTime(milliseconds: now))
            agent.pass(to: now)
            guard let sample = sensors.sample(at: now, taken: agent.boot(at: now)) else { continue }
            shown += 1
            agent.show(sample)
            let reply = agent.ask(.telemetry)
            let told = try #require(reply)
            for failure in sample.unavailable {
                #expect(told.json.contains("\"" + failure.what + "\""), "\(failure.what) at \(now) ms")
                #expect(told.json.contains("\"" + failure.reason.rawValue + "\""), "\(failure.reason) at \(now) ms")
            }
        }
        agent.pass(to: 3_700_000)
        #expect(shown > 1500)
        #expect(ChaoticSensors.Mood.allCases.allSatisfy { (sensors.moods[$0] ?? 0) > 5 })
        #expect(agent.pages.count > 200)
        var (drawn, covered) = (Energy.zero, TimeSpan.zero)
        for page in agent.pages {
            // A negative reading counts as none, and a straight line leads there and back; nothing makes more.
            let most = (ChaoticSensors.truth + ChaoticSensors.step).held(for: page.covered) + Energy(millijoules: 1)
            #expect(page.drawn <= most, "page \(page.page)")
            #expect(page.chargeable <= page.capacity.held(for: page.covered) + Energy(millijoules: 1))
            #expect(page.covered <= page.window)
            drawn = drawn + page.drawn
            covered = covered + page.covered
        }
        #expect(covered > .seconds(600))
        #expect(covered < .seconds(3000))
        // Half an hour or so of good readings is not lost either.
        #expect(drawn.millijoules > covered.milliseconds * 5)
        #expect(agent.log.count < 400)
    }

    @Test func `while every read hangs the agent goes on, and the time is a gap`() throws {
        try #require(prepareCryptography())
        var agent = try LoneAgent(seed: 9)
        var sample = TelemetrySample(taken: agent.boot(at: 0), board: BoardIdentity(profile: "simulated"))
        sample.sources = [EnergySource(name: "VDD_IN", kind: .compute, evidence: .metered)]
        sample.total = TotalPower(power: Power(milliwatts: 5000), isComplete: true, rails: ["VDD_IN"], scope: .module)
        sample.sources[0].power = Power(milliwatts: 5000)
        for second in 0...30 as ClosedRange<Int64> {
            agent.pass(to: second * 1000)
            sample.taken = agent.boot(at: second * 1000)
            agent.show(sample)
        }
        // Nothing comes for an hour: every second the agent is asked, and every time it answers.
        for second in 31...3630 as ClosedRange<Int64> {
            agent.pass(to: second * 1000)
            let reply = agent.ask(.status)
            #expect(reply != nil && reply?.refusal == nil)
        }
        let silent = agent.pages.filter { $0.covered == .zero }
        #expect(silent.count > 300)
        #expect(silent.allSatisfy { $0.drawn == .zero && $0.chargeable == .zero })
        #expect(agent.pages.reduce(Energy.zero) { $0 + $1.drawn } == Energy(joules: 150))
    }
}
