import AgentCore
import Foundation
import Gateway
import Quantities
import TestKit
import Testing

@testable import sage_edge

private func history(
    _ resolution: HistoryResolution, _ answers: [String], offset: TimeSpan = .zero
) throws -> ShownHistory {
    var history = ShownHistory(resolution: resolution, offset: offset)
    for answer in answers { history.prepend(try JSONValue(parsing: Array(answer.utf8))) }
    return history
}

private func bucket(_ start: Int64, mean: Int64?, throttled: Int64 = 0) -> String {
    let power = mean.map { "\($0)" } ?? "null"
    return "{\"start_ms\":\(start),\"covered_ms\":\(mean == nil ? 0 : 60_000),\"energy_mj\":\"\((mean ?? 0) * 60)\","
        + "\"samples\":60,\"mean_mw\":\(power),\"lowest_mw\":\(power),\"highest_mw\":\(power),\"hottest_mc\":50780,"
        + "\"throttled_ms\":\(throttled)}"
}

/// 2026-11-27 06:00 in UTC.
private let six: Int64 = 1_795_759_200_000

@Suite struct `the energy history as it is shown` {
    @Test func `minutes stand below each other, with a picture in which what is missing is blank`() throws {
        let older =
            "{\"buckets\":[\(bucket(six, mean: 4000)),\(bucket(six + 60_000, mean: 6000))],\"next_before\":null}"
        // Two minutes later, after the agent was stopped.
        let newer = "{\"buckets\":[\(bucket(six + 240_000, mean: 8000, throttled: 15_000))],\"damaged\":1}"
        let shown = try history(.minute, [newer, older], offset: .seconds(3600))
        let lines = shown.text.components(separatedBy: "\n")
        #expect(["power ▁▄ █", "power _- #"].contains(lines[0]))
        #expect(lines[1] == "      from 4.000 W to 8.000 W")
        #expect(
            lines[3...] == [
                "minute +01:00     energy J  mean W  least   most  hottest  measured  slowed",
                "2026-11-27 07:00   240.000   4.000  4.000  4.000  50.8 °C   100.0 %",
                "2026-11-27 07:01   360.000   6.000  6.000  6.000  50.8 °C   100.0 %",
                "2026-11-27 07:04   480.000   8.000  8.000  8.000  50.8 °C   100.0 %  25.0 %", "",
                "1080.000 J in 3 min 0 s that were measured", "1 record cannot be read", "",
            ])
        let object = try JSONValue(parsing: Array(shown.json.utf8))
        #expect(object["buckets"]?.elements.map { $0["start_ms"]?.number } == [six, six + 60_000, six + 240_000])
        #expect(object["damaged"]?.number == 1)
    }

    @Test func `a minute without power has a dash, and nothing at all is said in words`() throws {
        let shown = try history(.minute, ["{\"buckets\":[\(bucket(six, mean: nil))]}"])
        #expect(shown.text.contains("2026-11-27 06:00     0.000       -"))
        #expect(shown.text.hasPrefix("power unknown\n"))
        #expect(try history(.hour, ["{\"buckets\":[]}"]).text == "nothing is known of that time\n")
    }

    @Test func `many values are shown as the means of stretches, and none is left out`() {
        #expect(Downsampling.means(of: [1, 2, 3], to: 3) == [1, 2, 3])
        #expect(Downsampling.means(of: [1, 3, nil, 5, nil, nil], to: 3) == [2, 5, nil])
        #expect(Downsampling.means(of: [.max, .max, .min, .min], to: 2) == [.max, .min])
        #expect(Downsampling.means(of: (0..<8_784).map { Int64($0) }, to: 70).count == 70)
    }
}

@Suite(.timeLimit(.minutes(10)), .enabled(if: BuiltProgram.canStartItself)) struct `the energy history of an agent` {
    @Test func `is told by sample, minute and hour, and from its files when it has ended`() throws {
        let agent = try RunningAgent(tree: "orin-nano")
        let samples = try agent.json(["energy", "history", "--by", "sample"])
        let newest = try #require((samples["samples"] as? [[String: Any]])?.last)
        #expect(newest["power_mw"] as? Int == 4784)
        func energy(_ resolution: String) throws -> Int {
            let object = try agent.json(["energy", "history", "--by", resolution])
            #expect(object["resolution"] as? String == resolution)
            let buckets = try #require(object["buckets"] as? [[String: Any]])
            return buckets.compactMap { ($0["energy_mj"] as? String).flatMap { Int($0) } }.reduce(0, +)
        }
        let before = try energy("minute")
        #expect(before > 0)
        #expect(try energy("hour") >= before)
        let text = try agent.run(["energy", "history"])
        #expect(text.lines.first?.hasPrefix("power ") == true)
        #expect(text.output.contains("minute UTC"))
        // All of it is of today.
        let none = try agent.run(["energy", "history", "--to", "2d"])
        #expect(none.output == "nothing is known of that time\n")
        #expect(try agent.run(["energy", "history", "--by", "day"]).status == 64)
        agent.stop()
        let minutes = try energy("minute")
        #expect(minutes >= before)
        #expect(abs(try energy("hour") - minutes) <= 1)
        let stored = try agent.run(["energy", "history"])
        #expect(stored.errors.hasPrefix("sage-edge: no agent is running; this is from"))
        let gone = try agent.run(["energy", "history", "--by", "sample"])
        #expect(gone.status == 69)
        #expect(gone.errors.contains("sage-edge energy history --by minute"))
    }
}
