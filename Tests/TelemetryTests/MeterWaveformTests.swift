import Quantities
import Telemetry
import Testing
import TestKit

/// One row of the table of cases.
struct WaveformRow: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// The load's shape; any where nil.
    let shape: WaveformShape?
    /// The sensor; any where nil.
    let sensor: WaveformSensor?
    let trouble: WaveformTrouble
    let cases: Int
    /// Whether the load is looked at between the samples.
    let looks: Bool

    /// Where it has been watched for long enough.
    var known: Int64 { looks ? WaveformCase.knownByLooks : WaveformCase.known }

    init(
        _ name: String, _ shape: WaveformShape? = nil, _ sensor: WaveformSensor? = nil,
        _ trouble: WaveformTrouble = .none, looks: Bool = false, cases: Int = 1000
    ) {
        testDescription = name
        self.shape = shape
        self.sensor = sensor
        self.trouble = trouble
        self.cases = cases
        self.looks = looks
    }

    /// Case `seed` of this row.
    func metered(seed: Int) -> WaveformCase {
        let name = testDescription.utf8.reduce(UInt64(5381)) { $0 &* 33 &+ UInt64($1) }
        var random = SeededRandom(seed: name &+ UInt64(seed))
        let shape = shape ?? WaveformShape.allCases[random.number(in: 0...WaveformShape.allCases.count - 1)]
        let sensor = sensor ?? WaveformSensor.allCases[random.number(in: 0...WaveformSensor.allCases.count - 1)]
        return WaveformCase(shape, sensor, trouble, looks: looks, &random)
    }
}

@Suite struct MeterWaveformTests {
    /// Ten thousand cases.
    static let rows = [
        WaveformRow("constant, moments", .constant, .moment, cases: 500),
        WaveformRow("constant, moments and looks", .constant, .moment, looks: true, cases: 500),
        WaveformRow("ramp, moments", .ramp, .moment),
        WaveformRow("any load, moments and looks", nil, .moment, looks: true),
        WaveformRow("square, moments", .square, .moment), WaveformRow("bursts, moments", .bursts, .moment),
        WaveformRow("constant, counter", .constant, .counter, cases: 500),
        WaveformRow("any load, counter", nil, .counter, cases: 500),
        WaveformRow("any load, averages", nil, .averaging, cases: 500),
        WaveformRow("constant, counter that stands still", .constant, .counter, .stalls, cases: 200),
        WaveformRow("any load, counter that stands still", nil, .counter, .stalls, cases: 300),
        WaveformRow("lost samples", nil, nil, .lostSamples, cases: 500),
        WaveformRow("restarts", nil, nil, .restarts, cases: 500),
        WaveformRow("clock jumps", nil, nil, .clockJumps), WaveformRow("suspend", nil, nil, .suspend),
    ]

    @Test(arguments: rows)
    func `the true energy of every window of every case is within the stated bound`(row: WaveformRow) throws {
        var bounds: [UInt32] = []
        var newBounds: [UInt32] = []
        var (windows, outside, unbounded) = (0, 0, 0)
        for seed in 1...row.cases {
            let metered = row.metered(seed: seed)
            #expect(metered.windows.count > (row.looks ? 5 : 10), "seed \(seed)")
            for window in metered.windows {
                windows += 1
                if window.errorBoundPermille == MeterLimits.errorBoundCeilingPermille { unbounded += 1 }
                if !metered.holds(window) {
                    outside += 1
                    Issue.record("seed \(seed), window at \(window.start.milliseconds) ms")
                }
                if window.start.milliseconds < row.known {
                    newBounds.append(window.errorBoundPermille)
                } else {
                    bounds.append(window.errorBoundPermille)
                }
            }
        }
        bounds.sort()
        newBounds.sort()
        let worst = try #require(bounds.last)
        print(
            "meter: \(row.testDescription): \(row.cases) cases, \(windows) windows, \(outside) outside their bound; "
                + "bound of a known load: median \(bounds[bounds.count / 2]) ‰, worst \(worst) ‰; of one just met: "
                + "median \(newBounds[newBounds.count / 2]) ‰; \(unbounded) windows say ten times or more")
        if row.shape == .constant, row.trouble != .stalls { #expect(worst <= 20) }
    }

    @Test func `a load that swings by less than two steps of the sensor is within the bound too`() throws {
        var bounds: [UInt32] = []
        var outside = 0
        for seed in 1...500 {
            var random = SeededRandom(seed: UInt64(seed))
            let metered = WaveformCase(swingingLittleWith: .moment, &random)
            outside += metered.windows.count { !metered.holds($0) }
            bounds += metered.windows.filter { $0.start.milliseconds >= WaveformCase.known }
                .map { $0.errorBoundPermille }
        }
        bounds.sort()
        #expect(outside == 0)
        print(
            "meter: swings of less than two steps: 500 cases, \(outside) windows outside their bound; bound of a known "
                + "load: median \(bounds[bounds.count / 2]) ‰, worst \(bounds[bounds.count - 1]) ‰")
    }

    @Test(arguments: [(20, 10), (300, 80), (4500, nil)] as [(Int64, UInt32?)])
    func `readings whose time is in doubt are within the bound, which a steady load makes as narrow as the doubt`(
        longest: Int64, narrow: UInt32?
    ) throws {
        var (windows, outside, worst) = (0, 0, UInt32(0))
        for seed in 1...200 {
            var random = SeededRandom(seed: UInt64(seed))
            let metered = WaveformCase(
                answeringWithin: longest, shape: seed % 2 == 0 ? .constant : .bursts, &random)
            #expect(metered.windows.count > 10)
            for window in metered.windows {
                windows += 1
                outside += metered.holds(window) && window.gap == .zero ? 0 : 1
                if seed % 2 == 0, window.start.milliseconds > WaveformCase.known * 5 {
                    worst = max(worst, window.errorBoundPermille)
                }
            }
        }
        print(
            "meter: answers within \(longest) ms: \(windows) windows, \(outside) outside their bound; worst bound of a "
                + "known steady load \(worst) ‰")
        #expect(outside == 0)
        // A meter that takes half a window to answer says little of that window.
        if let narrow { #expect(worst <= narrow) }
    }

    @Test func `there are ten thousand cases`() {
        #expect(Self.rows.reduce(0) { $0 + $1.cases } == 10_000)
    }

    @Test func `a wall clock that jumps by a year and back changes no window`() {
        for seed in 1...20 {
            let quiet = WaveformRow("jumps", .bursts, .moment, .none).metered(seed: seed)
            let jumping = WaveformRow("jumps", .bursts, .moment, .clockJumps).metered(seed: seed)
            #expect(jumping.clockJumps > 5)
            #expect(jumping.wallEnds != quiet.wallEnds)
            #expect(jumping.windows == quiet.windows)
        }
    }

    @Test func `a load that repeats as often as a sensor takes its means is all that those cannot tell`() {
        var missed = 0
        for seed in 1...30 {
            var random = SeededRandom(seed: UInt64(seed))
            let metered = WaveformCase(repeatingAsMeansAreTaken: 980 + Int64(seed), &random)
            missed += metered.windows.allSatisfy { metered.holds($0) } ? 0 : 1
        }
        #expect(missed > 10)
    }

    @Test func `the first burst between two readings of a steady load is all that a sensor of moments cannot tell`() {
        var (missed, counted) = (0, 0)
        for seed in 1...30 {
            for sensor in [WaveformSensor.moment, .counter] {
                var random = SeededRandom(seed: UInt64(seed))
                let metered = WaveformCase(isolatedBurstWith: sensor, &random)
                let holds = metered.windows.allSatisfy { metered.holds($0) }
                if sensor == .counter { counted += holds ? 1 : 0 } else { missed += holds ? 0 : 1 }
            }
        }
        #expect(missed > 20)
        #expect(counted == 30)
    }
}
