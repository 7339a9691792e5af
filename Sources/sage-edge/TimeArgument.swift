import Quantities

/// A point in time as the command line names it.
///
/// | form | meaning |
/// |---|---|
/// | `2026-11-27T10:00:00Z`, `2026-11-27T10:00+01:00` | that moment (RFC 3339; seconds may be left out) |
/// | `2026-11-27T10:00` | that moment on the report's clock |
/// | `2026-11-27` | midnight at its beginning, on the report's clock |
/// | `90m`, `2h`, `3d`, `2w` | that long ago |
/// | `now`, `today`, `yesterday` | now, and midnight at the beginning of that day |
enum TimeArgument {
    /// What a person is told who named a time otherwise.
    static let forms = "a time such as 2026-11-27, 2026-11-27T10:00:00Z, 90m, 2h, 3d, 2w, yesterday, today or now"

    /// Every form, and what it means.
    static let table = [
        ("now, today, yesterday", "now, and midnight at the beginning of that day"),
        ("90m, 2h, 3d, 2w", "so long ago; 30s, too"),
        ("2026-11-27", "midnight at its beginning"),
        ("2026-11-27T10:00", "that moment; of UTC, or of --utc-offset"),
        ("2026-11-27T10:00:00+01:00", "that moment; Z for UTC"),
    ]

    /// The time of `text` where it is `now`, on a clock that is `offset` ahead of UTC; nil where it names none.
    static func time(_ text: String, now: WallTime, offset: TimeSpan) -> WallTime? {
        let day = TimeSpan.milliseconds(CivilTime.dayMilliseconds)
        switch text {
        case "now": return now
        case "today": return midnight(now, offset)
        case "yesterday": return midnight(now, offset) - day
        default: break
        }
        if let span = ago(text) { return max(.origin, now - span) }
        return civil(Array(text.utf8), offset)
    }

    /// A distance from UTC such as `+01:00`, `-0330` or `Z`; nil where `text` is none, or of more than 18 hours.
    static func offset(_ text: String) -> TimeSpan? {
        var digits = Digits(Array(text.utf8))
        let offset = digits.offset()
        return digits.isAtEnd ? offset : nil
    }

    private static func midnight(_ now: WallTime, _ offset: TimeSpan) -> WallTime {
        let days = (now + offset).milliseconds.flooredQuotient(by: CivilTime.dayMilliseconds)
        return WallTime(milliseconds: days * CivilTime.dayMilliseconds) - offset
    }

    private static func ago(_ text: String) -> TimeSpan? {
        let seconds: Int64
        switch text.last {
        case "s": seconds = 1
        case "m": seconds = 60
        case "h": seconds = 3600
        case "d": seconds = 86_400
        case "w": seconds = 7 * 86_400
        default: return nil
        }
        let digits = text.dropLast()
        guard !digits.isEmpty, digits.utf8.count <= 9, digits.utf8.allSatisfy(isDigit), let number = Int64(digits)
        else { return nil }
        return .seconds(number * seconds)
    }

    private static func civil(_ text: [UInt8], _ clock: TimeSpan) -> WallTime? {
        var digits = Digits(text)
        guard let year = digits.number(4), digits.take("-"), let month = digits.number(2), digits.take("-"),
            let day = digits.number(2)
        else { return nil }
        if digits.isAtEnd { return CivilTime(year: year, month: month, day: day, offset: clock)?.time }
        guard digits.take("T") || digits.take("t") || digits.take(" "), let hour = digits.number(2), digits.take(":"),
            let minute = digits.number(2)
        else { return nil }
        var second: Int64 = 0
        var millisecond: Int64 = 0
        if digits.take(":") {
            guard let seconds = digits.number(2) else { return nil }
            second = seconds
            if digits.take(".") {
                guard let fraction = digits.fraction() else { return nil }
                millisecond = fraction
            }
        }
        let offset = digits.isAtEnd ? clock : digits.offset()
        guard let offset, digits.isAtEnd else { return nil }
        let time = CivilTime(
            year: year, month: month, day: day, hour: hour, minute: minute, second: second,
            millisecond: millisecond, offset: offset)
        return time?.time
    }
}

private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

/// The parts of a time, read from the left.
private struct Digits {
    private var rest: ArraySlice<UInt8>

    init(_ text: [UInt8]) { rest = text[...] }

    var isAtEnd: Bool { rest.isEmpty }

    /// Takes `character` where it comes next.
    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest = rest.dropFirst()
        return true
    }

    /// Exactly `count` digits.
    mutating func number(_ count: Int) -> Int64? {
        let digits = rest.prefix(count)
        guard digits.count == count, digits.allSatisfy(isDigit) else { return nil }
        rest = rest.dropFirst(count)
        return digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }

    /// One or more digits after a point, as milliseconds rounded down.
    mutating func fraction() -> Int64? {
        let digits = rest.prefix(while: isDigit)
        guard !digits.isEmpty else { return nil }
        rest = rest.dropFirst(digits.count)
        return (0..<3).reduce(0) { value, index in
            let place = digits.startIndex + index
            return value * 10 + (place < digits.endIndex ? Int64(digits[place] - UInt8(ascii: "0")) : 0)
        }
    }

    /// `Z`, or a sign with hours and minutes.
    mutating func offset() -> TimeSpan? {
        if take("Z") || take("z") { return .zero }
        let isWest = take("-")
        guard isWest || take("+"), let hours = number(2) else { return nil }
        _ = take(":")
        guard let minutes = number(2), minutes < 60 else { return nil }
        let span = TimeSpan.seconds((hours * 60 + minutes) * 60)
        guard span <= CivilTime.largestOffset else { return nil }
        return isWest ? .zero - span : span
    }
}
