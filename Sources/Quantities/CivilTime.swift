/// A point in wall time as people write it: a date and a time of day, this far from UTC.
///
/// The days are counted as in H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days and
/// days_from_civil. Leap seconds do not exist, as in POSIX time.
public struct CivilTime: Hashable, Sendable {
    /// The year, 0 … 9999 where it was read from a text.
    public let year: Int64
    /// The month, 1 … 12.
    public let month: Int64
    /// The day of the month, 1 … 31.
    public let day: Int64
    /// The hour, 0 … 23.
    public let hour: Int64
    /// The minute, 0 … 59.
    public let minute: Int64
    /// The second, 0 … 59.
    public let second: Int64
    /// The millisecond, 0 … 999.
    public let millisecond: Int64
    /// How far its clock is ahead of UTC, in whole minutes.
    public let offset: TimeSpan
    /// The point in wall time.
    public let time: WallTime

    /// Milliseconds of a day.
    public static let dayMilliseconds: Int64 = 86_400_000
    /// The largest distance from UTC that is read or shown.
    public static let largestOffset = TimeSpan.seconds(18 * 3600)

    /// `time` on a clock that is `offset` ahead of UTC.
    public init(_ time: WallTime, offset: TimeSpan = .zero) {
        let local = (time + offset).milliseconds
        let days = local.flooredQuotient(by: CivilTime.dayMilliseconds)
        let rest = local - days * CivilTime.dayMilliseconds
        let shifted = days + 719_468
        let era = shifted.flooredQuotient(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        hour = rest / 3_600_000
        minute = rest / 60_000 % 60
        second = rest / 1000 % 60
        millisecond = rest % 1000
        self.offset = offset
        self.time = time
    }

    /// The time with these parts, or nil where there is none: 30 February, 24:00, the year 10000.
    public init?(
        year: Int64, month: Int64, day: Int64, hour: Int64 = 0, minute: Int64 = 0, second: Int64 = 0,
        millisecond: Int64 = 0, offset: TimeSpan = .zero
    ) {
        guard (0...9999).contains(year), (1...12).contains(month), (1...31).contains(day), (0...23).contains(hour),
            (0...59).contains(minute), (0...59).contains(second), (0...999).contains(millisecond)
        else { return nil }
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear.flooredQuotient(by: 400)
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second
        self.init(WallTime(milliseconds: seconds * 1000 + millisecond) - offset, offset: offset)
        // A day that the month does not have comes out as one of the next month.
        guard self.day == day else { return nil }
    }

    /// The date, `2026-01-31`.
    public var date: String { padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2) }

    /// The time of day, `17:05:09`.
    public var timeOfDay: String { padded(hour, 2) + ":" + padded(minute, 2) + ":" + padded(second, 2) }

    /// The distance from UTC, `+01:00`; with another separator between hours and minutes, or none, `+0100`.
    public func offsetText(separator: String = ":") -> String {
        let minutes = Int64(clamping: offset.milliseconds.magnitude) / 60_000
        let sign = offset < .zero ? "-" : "+"
        return sign + padded(minutes / 60, 2) + separator + padded(minutes % 60, 2)
    }

    /// The milliseconds, `042`.
    public var milliseconds: String { padded(millisecond, 3) }

    /// RFC 3339 (§5.6) to the second, `2026-01-31T17:05:09Z` or with the distance from UTC behind it.
    public var text: String { date + "T" + timeOfDay + (offset == .zero ? "Z" : offsetText()) }
}

/// `number` with at least `digits` digits.
private func padded(_ number: Int64, _ digits: Int) -> String {
    let text = "\(number)"
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
}
