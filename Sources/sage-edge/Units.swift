import Quantities

// Figures as people read them, in 80 columns; whole numbers all the way, rounded half away from zero.

/// A number of thousandths with three digits after the point.
func decimal(thousandths value: Int64) -> String {
    let digits = "\(value.magnitude % 1000)"
    return (value < 0 ? "-" : "") + "\(value.magnitude / 1000)." + String(repeating: "0", count: 3 - digits.utf8.count)
        + digits
}

/// A number of thousandths with one digit after the point.
func decimal(tenthsOf value: Int64) -> String {
    let tenths = value.magnitude / 100 + (value.magnitude % 100 >= 50 ? 1 : 0)
    return (value < 0 && tenths > 0 ? "-" : "") + "\(tenths / 10).\(tenths % 10)"
}

/// A power in watts, `4.785 W`.
func watts(microwatts: Int64) -> String {
    let rest = microwatts % 1000
    let half: Int64 = rest >= 500 ? 1 : rest <= -500 ? -1 : 0
    return decimal(thousandths: microwatts / 1000 + half) + " W"
}

/// A power in watts from whole milliwatts.
func watts(milliwatts: Int64) -> String { decimal(thousandths: milliwatts) + " W" }

/// An energy in joules, `12.345 J`.
func joules(millijoules: Int64) -> String { decimal(thousandths: millijoules) + " J" }

/// A temperature in degrees, `50.8 °C`.
func degrees(millidegrees: Int64) -> String { decimal(tenthsOf: millidegrees) + " °C" }

/// An amount of memory, `4.7 GiB`.
func memorySize(bytes: Int64) -> String {
    var unit = "KiB"
    var size: Int64 = 1 << 10
    for (name, power) in [("MiB", 20), ("GiB", 30), ("TiB", 40)] as [(String, Int64)] where bytes >= 1 << power {
        unit = name
        size = 1 << power
    }
    if bytes < 1 << 10 { return "\(bytes) B" }
    return decimal(tenthsOf: bytes / size * 1000 + bytes % size * 1000 / size) + " " + unit
}

/// A length of time in its two largest units, `3 h 12 min`; below a minute in seconds.
func duration(milliseconds: Int64) -> String {
    if milliseconds.magnitude < 1000 { return "\(milliseconds) ms" }
    if milliseconds.magnitude < 60_000 { return decimal(tenthsOf: milliseconds) + " s" }
    let seconds = milliseconds / 1000
    let (minutes, hours, days) = (seconds / 60 % 60, seconds / 3600 % 24, seconds / 86_400)
    if days != 0 { return "\(days) d \(hours) h" }
    return hours != 0 ? "\(hours) h \(minutes) min" : "\(minutes) min \(seconds % 60) s"
}

/// A share in ten-thousandths as percent with two digits, `99.50 %`.
func percent(basisPoints: Int64) -> String {
    let hundredths = basisPoints % 100
    return "\(basisPoints / 100)." + (hundredths < 10 ? "0" : "") + "\(hundredths) %"
}

/// A point in wall time in UTC, `2026-01-31 17:05:09Z`.
///
/// The days are counted as in H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
func utc(milliseconds: Int64) -> String {
    let seconds = milliseconds.flooredQuotient(by: 1000)
    let days = seconds.flooredQuotient(by: 86_400) + 719_468
    let second = seconds - (days - 719_468) * 86_400
    let era = days.flooredQuotient(by: 146_097)
    let dayOfEra = days - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    let day = dayOfYear - (153 * shifted + 2) / 5 + 1
    func two(_ number: Int64) -> String { (number < 10 ? "0" : "") + "\(number)" }
    return "\(year)-" + two(month) + "-" + two(day) + " " + two(second / 3600) + ":" + two(second / 60 % 60) + ":"
        + two(second % 60) + "Z"
}
