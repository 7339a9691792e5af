import AgentCore
import Quantities

/// The clocks of one board over the simulation's time.
public struct SimulatedClock: Sendable {
    /// The boot of the machine.
    public private(set) var bootID: Bytes16
    private var bootedAt: Int64
    private var bootBase: Int64
    /// What the wall clock shows beyond the simulation's time.
    private var wallOffset: Int64
    private var status: TimeStatus

    /// 2027-01-15, where good wall clocks stand when the simulation begins.
    private static let wallStart: Int64 = 1_800_000_000_000

    /// A clock as `random` draws it: right, wrong, or in 1970.
    public init(_ random: inout SimulationRandom) {
        bootID = Bytes16(bits: UInt128(random.next()))
        bootedAt = 0
        bootBase = random.number(in: 5_000...1_000_000_000)
        switch random.number(below: 4) {
        case 0: (wallOffset, status) = (bootBase, .unsynchronized)
        case 1:
            (wallOffset, status) = (
                SimulatedClock.wallStart + random.number(in: -86_400_000...86_400_000), .synchronized
            )
        default: (wallOffset, status) = (SimulatedClock.wallStart, .synchronized)
        }
    }

    /// What the board's clocks show at `now`.
    public func moment(at now: Int64) -> Moment {
        Moment(
            boot: BootTime(milliseconds: bootBase + now - bootedAt),
            wall: WallTime(milliseconds: max(0, now + wallOffset)),
            status: status)
    }

    /// The simulation's time at which the board's boot time is `boot`.
    public func time(of boot: BootTime) -> Int64 {
        let (sum, overflow) = (boot.milliseconds - bootBase).addingReportingOverflow(bootedAt)
        return overflow ? .max : sum
    }

    /// The board starts anew at `now`: boot time begins again.
    public mutating func reboot(at now: Int64, _ random: inout SimulationRandom) {
        bootID = Bytes16(bits: UInt128(random.next()))
        bootedAt = now
        bootBase = random.number(in: 500...30_000)
    }

    /// The wall clock is set, forward or back.
    public mutating func step(_ random: inout SimulationRandom) {
        let longest: Int64 = random.chance(permille: 100) ? 3_600_000 : 120_000
        wallOffset += random.number(in: -longest...longest)
        status = .synchronized
    }
}
