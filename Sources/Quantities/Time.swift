/// A length of time in whole milliseconds; negative spans are allowed.
public struct TimeSpan: Hashable, Comparable, Sendable {
    /// Milliseconds.
    public var milliseconds: Int64

    /// No time.
    public static let zero = TimeSpan(milliseconds: 0)

    /// A span of `milliseconds` ms.
    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// A span of `seconds` s, saturating at the representable range.
    public static func seconds(_ seconds: Int64) -> TimeSpan {
        TimeSpan(milliseconds: Int64(clamping: Int128(seconds) * 1000))
    }

    /// A span of `milliseconds` ms.
    public static func milliseconds(_ milliseconds: Int64) -> TimeSpan { TimeSpan(milliseconds: milliseconds) }

    /// The sum, saturating at the representable range.
    public static func + (left: TimeSpan, right: TimeSpan) -> TimeSpan {
        let (sum, overflow) = left.milliseconds.addingReportingOverflow(right.milliseconds)
        return TimeSpan(milliseconds: overflow ? (right.milliseconds < 0 ? .min : .max) : sum)
    }

    /// The difference, saturating at the representable range.
    public static func - (left: TimeSpan, right: TimeSpan) -> TimeSpan {
        let (difference, overflow) = left.milliseconds.subtractingReportingOverflow(right.milliseconds)
        return TimeSpan(milliseconds: overflow ? (right.milliseconds < 0 ? .max : .min) : difference)
    }

    /// The span `factor` times, saturating at the representable range.
    public static func * (span: TimeSpan, factor: Int64) -> TimeSpan {
        TimeSpan(milliseconds: Int64(clamping: Int128(span.milliseconds) * Int128(factor)))
    }

    /// Orders shorter before longer.
    public static func < (left: TimeSpan, right: TimeSpan) -> Bool { left.milliseconds < right.milliseconds }
}

/// A point on one timeline, in whole milliseconds since that timeline's origin.
///
/// The timeline is part of the type: boot time, wall time and ledger time do not mix.
public struct Instant<Timeline>: Hashable, Comparable, Sendable {
    /// Milliseconds since the origin of the timeline.
    public var milliseconds: Int64

    /// The origin of the timeline.
    public static var origin: Instant { Instant(milliseconds: 0) }

    /// A point no event reaches; for "no deadline".
    public static var distantFuture: Instant { Instant(milliseconds: .max) }

    /// The point `milliseconds` ms after the origin.
    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// The point `span` later, saturating at the representable range.
    public static func + (instant: Instant, span: TimeSpan) -> Instant {
        Instant(milliseconds: Int64(clamping: Int128(instant.milliseconds) + Int128(span.milliseconds)))
    }

    /// The point `span` earlier, saturating at the representable range.
    public static func - (instant: Instant, span: TimeSpan) -> Instant {
        Instant(milliseconds: Int64(clamping: Int128(instant.milliseconds) - Int128(span.milliseconds)))
    }

    /// The span from `earlier` to this point; negative when this point is the earlier one.
    public func since(_ earlier: Instant) -> TimeSpan {
        TimeSpan(milliseconds: Int64(clamping: Int128(milliseconds) - Int128(earlier.milliseconds)))
    }

    /// Orders earlier before later.
    public static func < (left: Instant, right: Instant) -> Bool { left.milliseconds < right.milliseconds }
}

/// The timeline of `CLOCK_BOOTTIME`: starts at boot, runs through suspend, never steps.
public enum BootTimeline {}
/// The timeline of people and records, since 1970 UTC; steps whenever somebody sets the clock.
public enum WallTimeline {}
/// The ledger's persisted, monotone timeline (design: ledger time).
public enum LedgerTimeline {}

/// A point in time since boot; the only time that durations and deadlines use.
public typealias BootTime = Instant<BootTimeline>
/// A point in wall time; for people and records, never for safety.
public typealias WallTime = Instant<WallTimeline>
/// A point in ledger time.
public typealias LedgerTime = Instant<LedgerTimeline>

/// How far the wall clock can be trusted.
public enum TimeStatus: UInt8, Sendable, CaseIterable {
    /// Nobody vouches for it; a board without a battery wakes up in 1970.
    case unsynchronized = 0
    /// The kernel says that a time service disciplines it.
    case synchronized = 1
}
