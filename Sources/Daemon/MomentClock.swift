import AgentCore
import Platform
import Quantities

/// The clocks by which the core is told the time.
///
/// Whether a time service keeps the wall clock takes a call of the kernel's, which the clocks themselves do not; it is
/// asked now and then.
struct MomentClock {
    private static let statusTime = TimeSpan.milliseconds(100)

    private var status = Clock.timeStatus
    private var askedAt = Clock.bootTime

    /// The time now.
    var now: Moment { Moment(boot: Clock.bootTime, wall: Clock.wallTime, status: status) }

    /// Asks for the state of the wall clock where it was asked for too long ago.
    mutating func askIfDue() {
        let now = Clock.bootTime
        guard now >= askedAt + MomentClock.statusTime else { return }
        status = Clock.timeStatus
        askedAt = now
    }
}
