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
func percent(basisPoints: Int64) -> String { decimal(hundredths: basisPoints) + " %" }

/// A number of hundredths with two digits after the point; not below zero.
func decimal(hundredths value: Int64) -> String {
    let rest = value % 100
    return "\(value / 100)." + (rest < 10 ? "0" : "") + "\(rest)"
}

/// A point in wall time in UTC, `2026-01-31 17:05:09Z`.
func utc(milliseconds: Int64) -> String {
    let time = CivilTime(WallTime(milliseconds: milliseconds))
    return time.date + " " + time.timeOfDay + "Z"
}

/// A unit in which energies of one size are read.
struct EnergyUnit {
    /// The unit's sign.
    let name: String
    /// Millijoules of a thousandth of it.
    let thousandth: Int64

    /// Joules up to one watt-hour, watt-hours up to ten kilowatt-hours, and then kilowatt-hours.
    init(fitting largest: Energy) {
        if largest.millijoules < 3_600_000 {
            (name, thousandth) = ("J", 1)
        } else if largest.millijoules < 36_000_000_000 {
            (name, thousandth) = ("Wh", 3_600)
        } else {
            (name, thousandth) = ("kWh", 3_600_000)
        }
    }

    /// An energy in this unit with three digits after the point, rounded half up; not below zero.
    func figure(_ energy: Energy) -> String {
        decimal(
            thousandths: Int64(clamping: (Int128(energy.millijoules) + Int128(thousandth / 2)) / Int128(thousandth)))
    }

    /// An energy with the unit behind it.
    func text(_ energy: Energy) -> String { figure(energy) + " " + name }
}

/// An energy in the unit that fits it, `12.345 Wh`.
func energyText(_ energy: Energy) -> String { EnergyUnit(fitting: energy).text(energy) }
