import Platform
import Quantities

/// Both clocks at one moment: files carry the time of the one, and meters need that of the other.
struct ClockReading {
    var boot: BootTime
    var wall: WallTime

    /// The machine's clocks now.
    static func now() -> ClockReading { ClockReading(boot: Clock.bootTime, wall: Clock.wallTime) }
}
