import Quantities
import Testing

@testable import sage_edge

@Suite struct `a time on the command line` {
    private static let now = WallTime(milliseconds: 1_795_743_347_302)  // 2026-11-27T01:35:47.302Z

    @Test(arguments: [
        ("2026-11-27T01:00:00Z", "2026-11-27T01:00:00Z"), ("2026-11-27T01:00Z", "2026-11-27T01:00:00Z"),
        ("2026-11-27t01:00:00.5z", "2026-11-27T01:00:00Z"), ("2026-11-27T01:00:00+02:00", "2026-11-26T23:00:00Z"),
        ("2026-11-27 01:00-0330", "2026-11-27T04:30:00Z"), ("2026-11-27T01:00", "2026-11-27T00:00:00Z"),
        ("2026-11-27", "2026-11-26T23:00:00Z"), ("2h", "2026-11-26T23:35:47Z"), ("3d", "2026-11-24T01:35:47Z"),
        ("90m", "2026-11-27T00:05:47Z"), ("1w", "2026-11-20T01:35:47Z"), ("now", "2026-11-27T01:35:47Z"),
        ("today", "2026-11-26T23:00:00Z"), ("yesterday", "2026-11-25T23:00:00Z"),
        ("999999999w", "1970-01-01T00:00:00Z"),
    ])
    func `is read on a clock an hour ahead of UTC`(text: String, expected: String) throws {
        let time = try #require(TimeArgument.time(text, now: Self.now, offset: .seconds(3600)))
        #expect(CivilTime(time).text == expected)
    }

    @Test(arguments: [
        "", "h", "-2h", "2", "2x", "1234567890h", "2026-11-31", "2026-1-1", "2026-11-27T", "2026-11-27T24:00",
        "2026-11-27T01:00:60Z", "2026-11-27T01:00:00.Z", "2026-11-27T01:00Zx", "2026-11-27T01:00+1", "tomorrow",
        "2026-11-27T01:00+19:00", "+2026-11-27",
    ])
    func `is refused where it is none`(text: String) {
        #expect(TimeArgument.time(text, now: Self.now, offset: .zero) == nil)
    }

    @Test(
        arguments: [
            ("Z", Int64(0)), ("+01:00", 3600), ("-0330", -12_600), ("+18:00", 64_800), ("+18:01", nil), ("01:00", nil),
            ("+1:00", nil), ("", nil), ("+01:60", nil),
        ] as [(String, Int64?)])
    func `has a distance from UTC`(text: String, seconds: Int64?) {
        #expect(TimeArgument.offset(text) == seconds.map { .seconds($0) })
    }
}
