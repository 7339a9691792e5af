import Quantities
import TestKit
import Testing

@Suite struct CivilTimeTests {
    @Test func `dates are those of Python's calendar, over ten thousand years`() throws {
        var random = SeededRandom(seed: 11)
        let times = (0..<2_000).map { _ in Int64.random(in: 0..<253_402_300_800, using: &random) } + [0, 951_782_399]
        let expected = try PythonTool.lines(
            """
            import sys
            from datetime import datetime, timedelta
            for line in sys.stdin:
                print((datetime(1970, 1, 1) + timedelta(seconds=int(line))).strftime("%Y-%m-%dT%H:%M:%SZ"))
            """, input: times.map { "\($0)" })
        for (seconds, text) in zip(times, expected) {
            let time = WallTime(milliseconds: seconds * 1000 + 7)
            let civil = CivilTime(time)
            #expect(civil.text == text)
            #expect(civil.millisecond == 7)
            let back = CivilTime(
                year: civil.year, month: civil.month, day: civil.day, hour: civil.hour, minute: civil.minute,
                second: civil.second, millisecond: 7)
            #expect(back?.time == time)
        }
    }

    @Test(arguments: [
        (Int64(3600), "2026-11-27T01:30:00+01:00", "+0100"), (-12_600, "2026-11-26T21:00:00-03:30", "-0330"),
        (0, "2026-11-27T00:30:00Z", "+0000"),
    ])
    func `a clock beside UTC shows its distance`(offset: Int64, text: String, short: String) throws {
        let time = try #require(CivilTime(year: 2026, month: 11, day: 27, minute: 30)).time
        let civil = CivilTime(time, offset: .seconds(offset))
        #expect(civil.text == text)
        #expect(civil.offsetText(separator: "") == short)
        #expect(civil.time == time)
    }

    @Test(arguments: [
        (Int64(2026), Int64(2), Int64(29)), (2026, 4, 31), (1900, 2, 29), (2026, 13, 1), (2026, 0, 1), (2026, 1, 0),
        (10_000, 1, 1), (-1, 1, 1),
    ])
    func `a day that does not exist is none`(year: Int64, month: Int64, day: Int64) {
        #expect(CivilTime(year: year, month: month, day: day) == nil)
    }

    @Test func `a leap day exists`() {
        #expect(CivilTime(year: 2000, month: 2, day: 29)?.date == "2000-02-29")
        #expect(CivilTime(year: 2024, month: 2, day: 29, hour: 24) == nil)
    }
}
