import Quantities
import Telemetry

/// Temperatures between which a source's capacity counts as falling.
public struct ThermalLimits: Hashable, Sendable {
    /// Up to here capacity is whole.
    public var soft: Temperature
    /// From here on capacity is nothing.
    public var throttle: Temperature

    /// Limits at `soft` and `throttle`; where `soft` is not the lower one, capacity drops at `throttle` at once.
    public init(soft: Temperature, throttle: Temperature) {
        self.soft = soft
        self.throttle = throttle
    }
}

/// How much of its rating a source could give.
public enum CapacityRule {
    /// `rated`, lowered in a straight line from the soft limit to nothing at the throttle limit, and never above the
    /// measured `mean` while something limits it; whole milliwatts, rounded down.
    ///
    /// Without a temperature, or without limits, heat lowers nothing.
    public static func capacity(
        rated: Power, hottest: Temperature?, limits: ThermalLimits?, throttle: ThrottleReasons, mean: Power
    ) -> Power {
        var capacity = rated.clampedToZero
        if let hottest, let limits {
            if hottest >= limits.throttle {
                capacity = .zero
            } else if hottest > limits.soft {
                let left = Int64(limits.throttle.millidegrees) - Int64(hottest.millidegrees)
                let range = Int64(limits.throttle.millidegrees) - Int64(limits.soft.millidegrees)
                capacity = Power(microwatts: scaled(capacity.microwatts, by: left, over: range) ?? 0)
            }
        }
        if throttle.limitsCapacity { capacity = min(capacity, mean) }
        return Power(milliwatts: capacity.milliwatts)
    }
}

/// How much may be charged from a window.
public enum ChargeableRule {
    /// What the fields of a page allow to be charged, whatever its own `chargeable` says.
    ///
    /// - A declared source without readings: rated power over the covered time (the policy's share is applied when
    ///   charging).
    /// - A compute source: what was left to give, capacity over the covered time less what it drew for
    ///   other things than work. One that drew nothing was off, or its sensor is dead: it had nothing to give.
    /// - Every other source: what it gave, at most its rated power over the covered time.
    public static func chargeable(of proof: EnergyCapacityProof) -> Energy {
        let amount: Energy
        if proof.isUnmeasured {
            amount = proof.rated.held(for: proof.covered)
        } else if proof.kind == .compute {
            let overhead = (proof.drawn - proof.work).clampedToZero
            amount = proof.drawn > .zero ? proof.capacity.held(for: proof.covered) - overhead : .zero
        } else {
            amount = min(proof.drawn, proof.rated.held(for: proof.covered))
        }
        return min(amount.clampedToZero, .largest)
    }
}
