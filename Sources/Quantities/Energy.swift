/// An amount of energy, and of the credits that stand for it: 1 ATP = 1 J, 1 mATP = 1 mJ.
///
/// Whole millijoules in an `Int64`. Amounts that come from outside go through `adding` and
/// `subtracting`, which say when they do not fit; `+` and `-` are for sums already known to fit.
public struct Energy: Hashable, Comparable, Sendable {
    /// Millijoules.
    public var millijoules: Int64

    /// No energy.
    public static let zero = Energy(millijoules: 0)

    /// The largest amount any account, lot or message may hold (2^53 − 1 mJ, about 2.5 GWh).
    ///
    /// Sums of up to 1024 such amounts fit in the representation, and every amount survives a
    /// reader of JSON that keeps numbers as doubles.
    public static let largest = Energy(millijoules: (1 << 53) - 1)

    /// An energy of `millijoules` mJ.
    public init(millijoules: Int64) { self.millijoules = millijoules }

    /// An energy of `joules` J, saturating at the representable range.
    public init(joules: Int64) { self.millijoules = Int64(clamping: Int128(joules) * 1000) }

    /// The sum, or nil where it is not representable.
    public func adding(_ other: Energy) -> Energy? {
        let (sum, overflow) = millijoules.addingReportingOverflow(other.millijoules)
        return overflow ? nil : Energy(millijoules: sum)
    }

    /// The difference, or nil where it is not representable.
    public func subtracting(_ other: Energy) -> Energy? {
        let (difference, overflow) = millijoules.subtractingReportingOverflow(other.millijoules)
        return overflow ? nil : Energy(millijoules: difference)
    }

    /// This energy scaled by `share`, rounded towards zero.
    public func scaled(by share: BasisPoints) -> Energy {
        Energy(millijoules: product(millijoules, Int64(share.value), over: Int64(BasisPoints.one.value)))
    }

    /// Mean power of this energy over `span`; nil when the span is not positive.
    public func meanPower(over span: TimeSpan) -> Power? {
        guard span.milliseconds > 0 else { return nil }
        return Power(microwatts: Int64(clamping: Int128(millijoules) * 1_000_000 / Int128(span.milliseconds)))
    }

    /// This energy, or zero where it is negative.
    public var clampedToZero: Energy { Energy(millijoules: max(0, millijoules)) }

    /// The sum; a precondition failure where it is not representable.
    public static func + (left: Energy, right: Energy) -> Energy {
        Energy(millijoules: left.millijoules + right.millijoules)
    }

    /// The difference; a precondition failure where it is not representable.
    public static func - (left: Energy, right: Energy) -> Energy {
        Energy(millijoules: left.millijoules - right.millijoules)
    }

    /// Adds in place; a precondition failure where the sum is not representable.
    public static func += (left: inout Energy, right: Energy) { left = left + right }

    /// Subtracts in place; a precondition failure where the difference is not representable.
    public static func -= (left: inout Energy, right: Energy) { left = left - right }

    /// Orders by magnitude on the number line.
    public static func < (left: Energy, right: Energy) -> Bool { left.millijoules < right.millijoules }
}

/// A monotone cumulative energy register in whole microjoules.
public struct EnergyRegister: Hashable, Comparable, Sendable {
    /// Microjoules since the register's epoch began.
    public var microjoules: UInt64

    /// An empty register.
    public static let zero = EnergyRegister(microjoules: 0)

    /// A register that reads `microjoules` µJ.
    public init(microjoules: UInt64) { self.microjoules = microjoules }

    /// The register as an energy, floored to whole millijoules.
    public var energy: Energy { Energy(millijoules: Int64(clamping: microjoules / 1000)) }

    /// Energy registered since `earlier`, from the two floored readings; nil when the register is behind it.
    public func energy(since earlier: EnergyRegister) -> Energy? {
        guard microjoules >= earlier.microjoules else { return nil }
        return energy - earlier.energy
    }

    /// Orders by reading.
    public static func < (left: EnergyRegister, right: EnergyRegister) -> Bool {
        left.microjoules < right.microjoules
    }
}
