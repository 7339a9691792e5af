/// Electrical power in whole microwatts.
///
/// Microwatts, because a rail's power is millivolts times milliamperes and must stay exact;
/// signed and stored forms carry `milliwatts`. Range ±9.2 TW.
public struct Power: Hashable, Comparable, Sendable {
    /// Microwatts; negative when a sensor reads below its zero.
    public var microwatts: Int64

    /// No power.
    public static let zero = Power(microwatts: 0)

    /// A power of `microwatts` µW.
    public init(microwatts: Int64) { self.microwatts = microwatts }

    /// A power of `milliwatts` mW, saturating at the representable range.
    public init(milliwatts: Int64) {
        self.microwatts = Int64(clamping: Int128(milliwatts) * 1000)
    }

    /// The product of a rail's voltage and current: mV × mA = µW, exact.
    public init(_ voltage: Voltage, _ current: Current) {
        self.microwatts = Int64(clamping: Int128(voltage.millivolts) * Int128(current.milliamperes))
    }

    /// Whole milliwatts, rounded towards negative infinity.
    public var milliwatts: Int64 { microwatts.flooredQuotient(by: 1000) }

    /// This power, or zero where a sensor read below zero.
    public var clampedToZero: Power { Power(microwatts: max(0, microwatts)) }

    /// Energy of this power held for `span`: µW × ms, in whole millijoules rounded towards zero.
    public func held(for span: TimeSpan) -> Energy {
        Energy(millijoules: product(microwatts, span.milliseconds, over: 1_000_000))
    }

    /// This power scaled by `share`, rounded towards zero.
    public func scaled(by share: BasisPoints) -> Power {
        Power(microwatts: Int64(clamping: Int128(microwatts) * Int128(share.value) / Int128(BasisPoints.one.value)))
    }

    /// The sum, saturating at the representable range.
    public static func + (left: Power, right: Power) -> Power {
        Power(microwatts: Int64(clamping: Int128(left.microwatts) + Int128(right.microwatts)))
    }

    /// The difference, saturating at the representable range.
    public static func - (left: Power, right: Power) -> Power {
        Power(microwatts: Int64(clamping: Int128(left.microwatts) - Int128(right.microwatts)))
    }

    /// Orders by magnitude on the number line.
    public static func < (left: Power, right: Power) -> Bool { left.microwatts < right.microwatts }
}

/// Electric potential in whole millivolts.
public struct Voltage: Hashable, Comparable, Sendable {
    /// Millivolts.
    public var millivolts: Int64

    /// A voltage of `millivolts` mV.
    public init(millivolts: Int64) { self.millivolts = millivolts }

    /// Orders by magnitude on the number line.
    public static func < (left: Voltage, right: Voltage) -> Bool { left.millivolts < right.millivolts }
}

/// Electric current in whole milliamperes.
public struct Current: Hashable, Comparable, Sendable {
    /// Milliamperes; negative when it flows backwards or reads below zero.
    public var milliamperes: Int64

    /// A current of `milliamperes` mA.
    public init(milliamperes: Int64) { self.milliamperes = milliamperes }

    /// Orders by magnitude on the number line.
    public static func < (left: Current, right: Current) -> Bool { left.milliamperes < right.milliamperes }
}
