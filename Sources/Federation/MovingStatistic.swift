import Quantities
import Wire

/// Mean and spread of a number, recent values weighing more, and a bound that one value in twenty is above.
///
/// A new value counts as one of those that are known, of which there are 64 at most. A second mean, in which it counts
/// an eighth, runs beside: where both part by more than chance explains, the number has changed, and the mean goes on
/// from the quick one with little behind it.
///
/// The bound is the mean and so many spreads. How many is learned: a value above the bound raises it, every other one
/// lowers it by a nineteenth of that. So the share of values above their bound nears one in twenty whatever the
/// numbers are distributed like, and whether or not they drift. All parts are kept in 1/256; they saturate.
struct MovingStatistic: Hashable, Sendable {
    private(set) var mean256: Int64
    /// The quick mean.
    private var quick256: Int64
    /// Mean distance from the quick mean.
    private(set) var spread256: Int64
    /// How many spreads the bound is above the mean.
    private(set) var margin256: Int64
    /// How many values the mean stands for; below nothing while it has changed lately, and goes as the quick one does.
    private var known: Int64

    static let largest: Int64 = 1 << 53

    private static let mostKnown: Int64 = 64
    private static let firstMargin256: Int64 = 2 * 256
    private static let largestMargin256: Int64 = 64 * 256
    private static let lowered256: Int64 = 8
    private static let raised256 = 19 * lowered256

    init(first value: Int64) {
        let value = max(0, min(value, MovingStatistic.largest))
        mean256 = value * 256
        quick256 = mean256
        // A single value says little: its distance is taken to be a quarter of it.
        spread256 = value * 64
        margin256 = MovingStatistic.firstMargin256
        known = 1
    }

    /// Takes in `value`, which comes after `unseen` others of its kind elsewhere: the more they are, the less the past
    /// counts.
    ///
    /// Returns the means before and after while the number changes; nil ordinarily.
    @discardableResult
    mutating func add(_ value: Int64, unseen: UInt64 = 0) -> (before: Int64, after: Int64)? {
        var value = max(0, min(value, MovingStatistic.largest))
        margin256 += value > bound ? MovingStatistic.raised256 : -MovingStatistic.lowered256
        margin256 = max(0, min(margin256, MovingStatistic.largestMargin256))
        count(after: unseen)
        // One value that is far out, as heavy tails have them, counts as one that is not so far out.
        let far = Int64(clamping: Int128(quick256) + max(Int128(quick256), 3 * Int128(spread256))) / 256
        value = min(value, max(1, far))
        let (before, distance256) = (mean256, value * 256 - quick256)
        mean256 += (value * 256 - mean256) / weight
        quick256 += distance256 / min(MovingStatistic.quickWeight, weight)
        spread256 += (abs(distance256) - spread256) / min(16, weight)
        // The quick mean is off by a third of the spread ordinarily.
        if abs(quick256 - mean256) > spread256 + spread256 / 2 {
            mean256 = quick256
            known = -MovingStatistic.settlingTime
        }
        return known < 0 ? (before: before, after: mean256) : nil
    }

    /// Takes in that a number which this one goes with has changed.
    mutating func follow(_ change: (before: Int64, after: Int64)) {
        mean256 = MovingStatistic.moved(mean256, change)
        quick256 = MovingStatistic.moved(quick256, change)
        spread256 = MovingStatistic.moved(spread256, change)
        known = min(weight, MovingStatistic.quickWeight)
    }

    private static func moved(_ value: Int64, _ change: (before: Int64, after: Int64)) -> Int64 {
        let moved = scaled(value, by: max(1, change.after), over: max(1, change.before)) ?? .max
        return max(0, min(moved, largest * 256))
    }

    /// Counts a value that comes after `unseen` others elsewhere.
    private mutating func count(after unseen: UInt64) {
        let others = Int64(min(unseen, 1 << 20))
        if known < 0, others < MovingStatistic.halfLife {
            known += 1
            if known == 0 { known = MovingStatistic.quickWeight }
            return
        }
        let left = weight * MovingStatistic.halfLife / (MovingStatistic.halfLife + others)
        known = min(MovingStatistic.mostKnown, max(1, left) + 1)
    }

    /// How many values the next one is weighed as one of.
    var weight: Int64 { known > 0 ? known : MovingStatistic.quickWeight }

    private static let quickWeight: Int64 = 8
    /// Values after a change in which the mean goes as the quick one does.
    private static let settlingTime: Int64 = 24
    /// Values elsewhere after which half of what is known counts.
    private static let halfLife: Int64 = 32

    /// The mean, rounded.
    var mean: Int64 { (mean256 + 128) / 256 }

    /// By what share the mean is off ordinarily: its standard error.
    var uncertainty: BasisPoints {
        // The standard deviation is about five fourths of the mean distance.
        let error = Int128(spread256) * 20_000 / Int128(max(1, squareRoot(UInt64(weight) * 256)))
        return BasisPoints(clamping: Int64(clamping: error * 10 / Int128(max(1, mean256))))
    }

    /// What nineteen values of twenty are not above.
    var bound: Int64 {
        let margin = Int128(spread256) * Int128(margin256) / 256
        return Int64(clamping: (Int128(mean256) + margin) / 256)
    }

    /// Reads `[mean, quick mean, spread, margin, known]`, or the `[mean, variance]` of earlier versions, which kept the
    /// variance in whole square units.
    init(from reader: inout CBORReader) throws(CBORError) {
        let start = reader.offset
        let count = try reader.beginArray(limit: 5)
        mean256 = try MovingStatistic.part(&reader, largest: MovingStatistic.largest * 256)
        if count == 2 {
            let deviation = squareRoot(UInt64(try reader.nonNegative()))
            quick256 = mean256
            // Of the usual distributions the mean distance is about four fifths of the deviation.
            spread256 = Int64(min(deviation, UInt64(MovingStatistic.largest))) * 256 / 5 * 4
            margin256 = MovingStatistic.firstMargin256
            known = 8
        } else {
            guard count == 5 else { throw .wrongCount(at: start, expected: 5, found: count) }
            quick256 = try MovingStatistic.part(&reader, largest: MovingStatistic.largest * 256)
            spread256 = try MovingStatistic.part(&reader, largest: MovingStatistic.largest * 256)
            margin256 = try MovingStatistic.part(&reader, largest: MovingStatistic.largestMargin256)
            let last = reader.offset
            known = try reader.integer()
            guard known != 0, (-MovingStatistic.settlingTime...MovingStatistic.mostKnown).contains(known) else {
                throw .invalidValue(at: last)
            }
        }
        reader.endArray()
    }

    private static func part(_ reader: inout CBORReader, largest: Int64) throws(CBORError) -> Int64 {
        Int64(try reader.unsigned(atMost: UInt64(largest)))
    }

    func write(to writer: inout CBORWriter) {
        writer.array(5)
        for part in [mean256, quick256, spread256, margin256, known] { writer.integer(part) }
    }
}

/// The largest integer whose square is not above `value`.
func squareRoot(_ value: UInt64) -> UInt64 {
    var root: UInt64 = 0
    var bit: UInt64 = 1 << 31
    while bit > 0 {
        let candidate = root | bit
        if candidate * candidate <= value { root = candidate }
        bit >>= 1
    }
    return root
}
