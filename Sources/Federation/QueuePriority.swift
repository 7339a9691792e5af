import Quantities

/// Where a task stands in the queue: smaller comes first.
///
/// From trust 1, 3, 5, 7 or 10; up to two better for urgent tasks and two worse for those that can
/// wait; and one better for every interval waited, without end, so that every task's turn comes.
public struct QueuePriority: Hashable, Comparable, Sendable {
    /// The number that is compared.
    public let value: Int64

    /// How long a task waits for one step.
    public static let agingInterval = TimeSpan.seconds(5)

    /// The priority of a task of `urgency` 1 (most) … 10 (least) from somebody trusted by `trust` that has
    /// `waited` so long.
    public init(trust: BasisPoints, urgency: UInt8, waited: TimeSpan) {
        let shift = max(-2, min(2, Int64(urgency) - 5))
        let steps = max(0, waited.milliseconds) / QueuePriority.agingInterval.milliseconds
        value = Int64(QueuePriority.band(trust)) + shift - steps
    }

    /// The number that trust alone gives.
    public static func band(_ trust: BasisPoints) -> UInt8 {
        switch trust.value {
        case 9_000...: 1
        case 7_000...: 3
        case 5_000...: 5
        case 3_000...: 7
        default: 10
        }
    }

    /// Orders what is served first before what waits.
    public static func < (left: QueuePriority, right: QueuePriority) -> Bool { left.value < right.value }
}
