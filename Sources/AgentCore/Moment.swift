import Quantities

/// The time at which something happens, as the shell read its clocks once for the event.
public struct Moment: Hashable, Sendable {
    /// Time since boot: all durations and deadlines.
    public let boot: BootTime
    /// Wall time: for people and records.
    public let wall: WallTime
    /// How far the wall time can be trusted.
    public let status: TimeStatus

    /// A moment on both timelines.
    public init(boot: BootTime, wall: WallTime, status: TimeStatus) {
        self.boot = boot
        self.wall = wall
        self.status = status
    }
}
