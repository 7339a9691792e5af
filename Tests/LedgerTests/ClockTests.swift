import Ledger
import Quantities
import Testing
import Wire

@Suite struct ClockTests {
    private func boot(_ milliseconds: Int64) -> BootTime { BootTime(milliseconds: milliseconds) }
    private func wall(_ milliseconds: Int64) -> WallTime { WallTime(milliseconds: milliseconds) }

    /// The clock as it is after a restart.
    private func restarted(_ clock: LedgerClock) throws -> LedgerClock {
        try LedgerClock(decoding: clock.encoded, limit: 64)
    }

    @Test func `it runs with boot time`() {
        var clock = LedgerClock(at: LedgerTime(milliseconds: 500))
        clock.advance(boot: boot(90_000), wall: nil)
        #expect(clock.now.milliseconds == 500)
        clock.advance(boot: boot(90_010), wall: nil)
        #expect(clock.now.milliseconds == 510)
    }

    @Test func `a restart of the program loses nothing, a reboot only what the board was off`() throws {
        var clock = LedgerClock(at: .origin)
        clock.advance(boot: boot(10_000), wall: nil)
        clock.advance(boot: boot(15_000), wall: nil)
        clock = try restarted(clock)
        clock.advance(boot: boot(16_000), wall: nil)
        #expect(clock.now.milliseconds == 6_000)
        clock = try restarted(clock)
        clock.advance(boot: boot(2_000), wall: nil)
        #expect(clock.now.milliseconds == 8_000)
    }

    @Test func `a trusted wall clock adds what passed while the board was off`() throws {
        var clock = LedgerClock(at: .origin)
        clock.advance(boot: boot(1_000), wall: wall(1_700_000_000_000))
        clock.advance(boot: boot(2_000), wall: wall(1_700_000_001_000))
        #expect(clock.now.milliseconds == 1_000)
        clock = try restarted(clock)
        // Off for an hour; the board wakes up in 1970, then learns the time.
        clock.advance(boot: boot(500), wall: nil)
        #expect(clock.now.milliseconds == 1_500)
        let jump = clock.advance(boot: boot(600), wall: wall(1_700_003_600_000))
        #expect(clock.now.milliseconds == 3_600_000)
        #expect(jump.milliseconds == 3_600_000 - 1_600)
    }

    @Test func `a wall clock set back and forth moves it once`() {
        var clock = LedgerClock(at: .origin)
        clock.advance(boot: boot(0), wall: wall(1_000_000))
        for step in 1...10 {
            clock.advance(boot: boot(Int64(step)), wall: wall(step % 2 == 0 ? 1_000_000 : 1_000_000 + 3_600_000))
        }
        #expect(clock.now.milliseconds == 3_600_009)
        clock.advance(boot: boot(11), wall: wall(0))
        #expect(clock.now.milliseconds == 3_600_010)
    }

    @Test func `it never goes back, whatever clocks say`() {
        var clock = LedgerClock(at: LedgerTime(milliseconds: 7))
        var last = clock.now
        for (bootTime, wallTime) in [
            (Int64.max, Int64.max), (0, .min), (.max, nil), (5, .max), (4, 0), (.max, .min),
        ] as [(Int64, Int64?)] {
            clock.advance(boot: boot(bootTime), wall: wallTime.map { wall($0) })
            #expect(clock.now >= last)
            last = clock.now
        }
    }

    @Test(arguments: ["a0", "a10120", "a2010002", "a201000220", "a40100020003000400", "a1011b8000000000000000"])
    func `what no clock wrote is refused`(_ text: String) throws {
        let encoded = try #require(bytes(hexadecimal: text))
        #expect(throws: CBORError.self) { try LedgerClock(decoding: encoded, limit: 64) }
    }
}
