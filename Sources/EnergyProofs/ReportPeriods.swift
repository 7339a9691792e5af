import Quantities

/// How long the periods of a report are.
public enum ReportInterval: UInt8, Sendable, CaseIterable {
    /// Hours, which begin where a clock shows whole ones.
    case hour
    /// Days, which begin at midnight.
    case day
    /// The whole time of the report.
    case whole

    /// A period's length; nil for the whole time.
    public var length: TimeSpan? {
        switch self {
        case .hour: .seconds(3600)
        case .day: .milliseconds(CivilTime.dayMilliseconds)
        case .whole: nil
        }
    }
}

/// The time of a report, cut into periods that touch.
///
/// A page is signed as a whole and is never divided: it counts in the period in which its window *ends*. A window
/// that ends exactly where one period ends and the next begins belongs to the earlier one. So what stands in a
/// period can come from up to one window before it, and an entry's registers say exactly which energy it is.
public struct ReportPeriods: Hashable, Sendable {
    /// Where the report begins.
    public let from: WallTime
    /// Where it ends.
    public let to: WallTime
    /// How it is cut.
    public let interval: ReportInterval
    /// How far the clock whose hours and days are meant is ahead of UTC, the whole year long.
    public let offset: TimeSpan
    /// How many periods there are.
    public let count: Int
    private let firstBorder: Int64

    /// The periods of the time from `from` to `to`; nil where that is no time, or cut into more than
    /// `EnergyProofLimits.reportPeriods`.
    public init?(from: WallTime, to: WallTime, by interval: ReportInterval, offset: TimeSpan = .zero) {
        let longest = TimeSpan.milliseconds(Int64(EnergyProofLimits.largestCount))
        guard from >= .origin, to > from, to.since(.origin) <= longest,
            offset <= CivilTime.largestOffset, offset >= .zero - CivilTime.largestOffset
        else { return nil }
        self.from = from
        self.to = to
        self.interval = interval
        self.offset = offset
        guard let length = interval.length else {
            firstBorder = 0
            count = 1
            return
        }
        let first = ReportPeriods.border(at: from, length, offset)
        let last = ReportPeriods.border(at: to - .milliseconds(1), length, offset)
        guard last - first < Int64(EnergyProofLimits.reportPeriods) else { return nil }
        firstBorder = first
        count = Int(last - first) + 1
    }

    /// The number of the hour or day, counted from 1970 on this clock, that contains `time`.
    private static func border(at time: WallTime, _ length: TimeSpan, _ offset: TimeSpan) -> Int64 {
        (time + offset).milliseconds.flooredQuotient(by: length.milliseconds)
    }

    /// The period in which a window that ends at `end` counts; nil where it does not belong to the report.
    public func index(ofWindowEndingAt end: WallTime) -> Int? {
        guard end > from, end <= to else { return nil }
        guard let length = interval.length else { return 0 }
        return Int(ReportPeriods.border(at: end - .milliseconds(1), length, offset) - firstBorder)
    }

    /// Where period `index` begins: at its border, or where the report begins.
    public func start(of index: Int) -> WallTime { max(from, border(index)) }

    /// Where period `index` ends: at the next one's border, or where the report ends.
    public func end(of index: Int) -> WallTime { index + 1 < count ? border(index + 1) : to }

    /// How much of period `index` belongs to the report.
    public func length(of index: Int) -> TimeSpan { end(of: index).since(start(of: index)) }

    /// The number of period `index` counted from 1970 on this clock: consecutive periods have consecutive numbers.
    public func number(of index: Int) -> Int64 { firstBorder + Int64(index) }

    private func border(_ index: Int) -> WallTime {
        guard let length = interval.length else { return from }
        return WallTime(milliseconds: (firstBorder + Int64(index)) * length.milliseconds) - offset
    }
}
