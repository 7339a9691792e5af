import Foundation
import Quantities
import Simulation
import Telemetry
import TestKit
import Testing
import Wire

@testable import AgentCore

/// Readings of a board, one a second, as a history takes them in.
private struct HistoryTape {
    var history: EnergyHistory
    var boot: Int64 = 1_000_000
    /// 2027-01-15 08:00:00 UTC.
    var wall: Int64 = 1_800_000_000_000
    var microjoules: UInt64 = 0
    var closed: [EnergyHistory.Closed] = []

    init(period: TimeSpan = .seconds(1)) { history = EnergyHistory(samplePeriod: period, resuming: nil) }

    mutating func pass(_ seconds: Int64, milliwatts: Int64?, degrees: Int32 = 50, isThrottled: Bool = false) {
        for _ in 0..<seconds {
            pass(milliseconds: 1000, milliwatts: milliwatts, degrees: degrees, isThrottled: isThrottled)
        }
    }

    /// One reading, so long after the one before.
    mutating func pass(milliseconds: Int64, milliwatts: Int64?, degrees: Int32 = 50, isThrottled: Bool = false) {
        boot += milliseconds
        wall += milliseconds
        microjoules += UInt64(max(0, milliwatts ?? 0)) * UInt64(milliseconds)
        closed += history.record(
            HistoryReading(
                at: BootTime(milliseconds: boot), wall: WallTime(milliseconds: wall),
                power: milliwatts.map { Power(milliwatts: $0) }, register: EnergyRegister(microjoules: microjoules),
                temperature: Temperature(millidegrees: degrees * 1000), isThrottled: isThrottled))
    }

    func buckets(_ resolution: HistoryResolution) -> [HistoryBucket] {
        closed.filter { $0.resolution == resolution }.map(\.bucket)
    }
}

@Suite struct EnergyHistoryTests {
    @Test func `minutes add up to hours, and both to the register`() throws {
        var tape = HistoryTape()
        for hour in 0..<3 as Range<Int64> {
            tape.pass(1800, milliwatts: 5000 + hour * 1000)
            tape.pass(1800, milliwatts: 15_000, degrees: 80, isThrottled: true)
        }
        tape.pass(1, milliwatts: 5000)
        let minutes = tape.buckets(.minute)
        #expect(minutes.count == 180)
        #expect(tape.buckets(.hour).count == 2)
        let hours = tape.buckets(.hour) + tape.history.open(.hour)
        #expect(hours.count == 4)
        let open = try #require(tape.history.open(.minute).first)
        // The first sample only begins: nothing is known of the second before it.
        let total = tape.microjoules - 5_000_000
        #expect(minutes.reduce(0) { $0 + $1.microjoules } + open.microjoules == total)
        #expect(hours.reduce(0) { $0 + $1.microjoules } == total)
        let second = hours[1]
        #expect(second.covered == .seconds(3600))
        #expect(second.lowest == Power(milliwatts: 6000))
        #expect(second.highest == Power(milliwatts: 15_000))
        #expect(second.hottest == Temperature(millidegrees: 80_000))
        #expect(second.throttled == .seconds(1800))
        #expect(second.samples == 3600)
        #expect(second.mean > Power(milliwatts: 10_490) && second.mean < Power(milliwatts: 10_510))
        #expect(tape.closed.filter { $0.resolution == .minute }.map(\.number) == Array(0..<180))
    }

    @Test func `under a constant load every minute is measured whole and reads the same, wherever samples lie`() {
        var tape = HistoryTape()
        var random = SeededRandom(seed: 11)
        for _ in 0..<4000 { tape.pass(milliseconds: random.number(in: 700...1300), milliwatts: 4784) }
        let minutes = tape.buckets(.minute).dropFirst()
        #expect(minutes.count > 60)
        for minute in minutes {
            #expect(minute.covered == .seconds(60))
            // What the division of a stretch leaves over.
            #expect((287_039_999...287_040_001).contains(minute.microjoules))
            #expect(minute.start.milliseconds % 60_000 == 0)
        }
    }

    @Test(arguments: [1, 2, 3, 5, 8] as [UInt64]) func `whatever is drawn, the buckets come to the register`(
        seed: UInt64
    ) throws {
        var tape = HistoryTape(period: .seconds(60))
        var random = SeededRandom(seed: seed)
        tape.pass(milliseconds: 60_000, milliwatts: 1)
        let before = tape.microjoules
        for _ in 0..<2000 {
            // Sixty seconds, or a few minutes in one stretch; and odd microjoules.
            tape.microjoules += UInt64(random.number(in: 0...7))
            tape.pass(milliseconds: random.number(in: 1...149_000), milliwatts: random.number(in: 0...99_999))
        }
        let minutes = tape.buckets(.minute) + tape.history.open(.minute)
        let hours = tape.buckets(.hour) + tape.history.open(.hour)
        #expect(minutes.reduce(0) { $0 + $1.microjoules } == tape.microjoules - before)
        #expect(hours.reduce(0) { $0 + $1.microjoules } == tape.microjoules - before)
        #expect(minutes.allSatisfy { $0.covered <= .seconds(60) })
        #expect(hours.allSatisfy { $0.covered <= .seconds(3600) })
        // No minute between two others is left out.
        let starts = minutes.map { $0.start.milliseconds / 60_000 }
        #expect(starts == Array((starts.first ?? 0)...(starts.last ?? 0)))
    }

    @Test func `two parts of one minute are told as one, by the minute that they lie in`() throws {
        // As an agent leaves them that was stopped and started again; the first release told where one began.
        var first = HistoryBucket(start: WallTime(milliseconds: 1_800_000_003_000))
        first.add(power: Power(milliwatts: 4000))
        first.add(MeasuredStretch(covered: .seconds(20), microjoules: 80_000_000, isThrottled: false, end: .origin))
        var second = HistoryBucket(start: WallTime(milliseconds: 1_800_000_000_000))
        second.add(power: Power(milliwatts: 8000))
        second.add(MeasuredStretch(covered: .seconds(10), microjoules: 80_000_000, isThrottled: true, end: .origin))
        let records = [first, second].enumerated().map {
            StoredRecord(key: AgentMachine.numberKey(UInt64($0.offset)), value: $0.element.encoded)
        }
        func buckets(_ query: HistoryQuery) throws -> [[String: Any]] {
            let json = AgentViews.energyHistory(records, settings: [], query).json
            let answer = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
            return try #require(answer?["buckets"] as? [[String: Any]])
        }
        let told = try buckets(HistoryQuery(.minute))
        #expect(told.count == 1)
        #expect(told[0]["start_ms"] as? Int64 == 1_800_000_000_000)
        #expect(told[0]["covered_ms"] as? Int64 == 30_000)
        #expect(told[0]["energy_mj"] as? String == "160000")
        #expect(told[0]["mean_mw"] as? Int64 == 5333 && told[0]["throttled_ms"] as? Int64 == 10_000)
        #expect(told[0]["lowest_mw"] as? Int64 == 4000 && told[0]["highest_mw"] as? Int64 == 8000)
        // They begin where their minute does.
        #expect(try buckets(HistoryQuery(.minute, from: WallTime(milliseconds: 1_800_000_000_001))).isEmpty)
        #expect(try buckets(HistoryQuery(.minute, to: WallTime(milliseconds: 1_800_000_000_001))).count == 1)
        #expect(try buckets(HistoryQuery(.hour))[0]["start_ms"] as? Int64 == 1_800_000_000_000)
    }

    @Test func `a gap is not covered and a failed read is no power`() throws {
        var tape = HistoryTape()
        tape.pass(20, milliwatts: 5000)
        tape.boot += 20_000
        tape.wall += 20_000
        tape.pass(10, milliwatts: 5000)
        tape.pass(5, milliwatts: nil)
        let minute = try #require(tape.history.open(.minute).first)
        #expect(minute.samples == 30)
        #expect(minute.covered == .seconds(19 + 9))
        #expect(minute.mean == Power(milliwatts: 5000))
    }

    @Test(arguments: [365 * 86_400_000, -365 * 86_400_000] as [Int64])
    func `a wall clock that jumps by a year begins another minute, and no energy is lost or made`(jump: Int64) throws {
        var tape = HistoryTape()
        tape.pass(90, milliwatts: 10_000)
        tape.wall += jump
        tape.pass(90, milliwatts: 10_000)
        let open = try #require(tape.history.open(.minute).first)
        let sum = tape.buckets(.minute).reduce(open.microjoules) { $0 + $1.microjoules }
        #expect(sum == 179 * 10_000_000)
        #expect(tape.buckets(.hour).count == 1)
        #expect(
            tape.closed.map(\.number).count
                == Set(tape.closed.map { [Int($0.number), Int($0.resolution.rawValue)] }).count)
    }

    @Test func `a register of a new epoch takes nothing with it`() throws {
        var tape = HistoryTape()
        tape.pass(10, milliwatts: 10_000)
        tape.microjoules = 0
        tape.pass(1, milliwatts: 10_000)
        let open = try #require(tape.history.open(.minute).first)
        #expect(open.microjoules == 90_000_000)
    }

    @Test func `only so many samples are remembered, the newest`() {
        var tape = HistoryTape()
        tape.pass(1000, milliwatts: 5000)
        tape.pass(1, milliwatts: 7000)
        let samples = tape.history.newestSamples
        #expect(samples.count == EnergyHistoryLimits.samples)
        #expect(samples.last?.power == Power(milliwatts: 7000))
        #expect(samples.map(\.wall) == samples.map(\.wall).sorted())
        #expect(MemoryLayout<HistorySample>.size * EnergyHistoryLimits.samples < 16 * 1024)
    }

    @Test func `what is stored is read back, and damage is refused`() throws {
        var tape = HistoryTape()
        tape.pass(7300, milliwatts: 12_345, degrees: -5)
        for closed in tape.closed {
            let bytes = closed.bucket.encoded
            #expect(bytes.count <= 60)
            #expect(HistoryBucket(decoding: bytes) == closed.bucket)
            for end in bytes.indices { #expect(HistoryBucket(decoding: Array(bytes[..<end])) == nil) }
            #expect(HistoryBucket(decoding: bytes + [0]) == nil)
        }
        let state = tape.history.state
        let encoded = state.encoded
        var reader = try CBORReader(encoded.span, limit: 512)
        #expect(try HistoryState(from: &reader) == state)
        #expect(state.hour != nil)
    }

    @Test func `a running agent tells its past, by samples, minutes and hours, also after a restart`() throws {
        var fleet = try ScriptedFleet(boards: 1)
        fleet.pass(milliseconds: 7_200_000)
        func told(_ query: HistoryQuery) throws -> String {
            let command = fleet.ask(0, .energyHistory(query))
            fleet.pass(milliseconds: 1000)
            let reply = try #require(fleet.reply(to: command))
            #expect(reply.refusal == nil)
            return reply.json
        }
        func count(_ text: String, _ word: String) -> Int { text.split(separator: word).count - 1 }
        #expect(try count(told(HistoryQuery(.sample, limit: 50)), "\"at_ms\"") == 50)
        let minutes = try count(told(HistoryQuery(.minute)), "\"start_ms\"")
        #expect((119...122).contains(minutes))
        #expect(try count(told(HistoryQuery(.hour)), "\"start_ms\"") >= 2)
        #expect(try count(told(HistoryQuery(.minute, to: .origin)), "\"start_ms\"") == 0)
        let page = try told(HistoryQuery(.minute, limit: 10))
        #expect(page.contains("\"next_before\":"))
        #expect(count(page, "\"start_ms\"") == 10)
        // One is one, and the next one is the one before it.
        var one = HistoryQuery(.minute, limit: 1)
        var single: [Int64] = []
        for _ in 0..<4 {
            let answer = try JSONSerialization.jsonObject(with: Data(told(one).utf8)) as? [String: Any]
            let buckets = try #require(answer?["buckets"] as? [[String: Any]])
            #expect(buckets.count == 1)
            single = buckets.compactMap { $0["start_ms"] as? Int64 } + single
            one.before = try #require(answer?["next_before"] as? UInt64)
        }
        #expect(single.count == 4 && zip(single, single.dropFirst()).allSatisfy { $1 - $0 == 60_000 })
        // In parts each minute is told once, and there is an end to it also where the first ones were given up.
        fleet.put(
            [.removeRange(.historyMinute, from: AgentMachine.numberKey(0), below: AgentMachine.numberKey(50))], of: 0)
        var starts: [Int64] = []
        var query = HistoryQuery(.minute, limit: 30)
        var parts = 0
        repeat {
            let answer = try JSONSerialization.jsonObject(with: Data(told(query).utf8)) as? [String: Any]
            let buckets = try #require(answer?["buckets"] as? [[String: Any]])
            starts = buckets.compactMap { $0["start_ms"] as? Int64 } + starts
            query.before = answer?["next_before"] as? UInt64
            parts += 1
        } while query.before != nil && parts < 10
        #expect((4...5).contains(parts))
        #expect(Set(starts).count == starts.count && starts == starts.sorted())
        #expect(starts.allSatisfy { $0 % 60_000 == 0 })
        let refused = fleet.ask(0, .energyHistory(HistoryQuery(.sample, before: 1)))
        fleet.pass(milliseconds: 1000)
        #expect(fleet.reply(to: refused)?.refusal == .invalid)
        #expect(fleet.reply(to: refused)?.json.contains("'before'") == true)
        fleet.crash(0)
        fleet.pass(milliseconds: 60_000)
        let after = try count(told(HistoryQuery(.minute)), "\"start_ms\"")
        #expect(after >= minutes - 51)
        #expect(fleet.finding == nil)
    }
}
