import Quantities

/// What looks at a source between two samples showed: how often it was looked at, and between which powers it was.
///
/// They measure nothing. A meter learns from them how far a load swings, sooner than from its samples alone.
public struct PowerLooks: Hashable, Sendable {
    /// How many there were, 1 or more.
    public private(set) var count = 1
    /// The lowest power that they showed.
    public private(set) var least: Power
    /// The highest.
    public private(set) var greatest: Power

    /// One look, which showed `power`.
    public init(_ power: Power) {
        least = power
        greatest = power
    }

    /// `looks` and one more, which showed `power`.
    public init(_ looks: PowerLooks?, and power: Power) {
        self = looks ?? PowerLooks(power)
        guard looks != nil else { return }
        count += 1
        least = min(least, power)
        greatest = max(greatest, power)
    }
}
