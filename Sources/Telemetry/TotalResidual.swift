import Quantities

/// What the rails inside a total leave of it: shown to whoever doubts a sensor, and added to nothing.
public struct TotalResidual: Hashable, Sendable {
    /// The rail that is the total.
    public var total: String
    /// Its power.
    public var power: Power
    /// The rails that it feeds, as far as they were read.
    public var parts: [String]
    /// Their sum.
    public var partsPower: Power

    /// What is left; negative where the parts show more than the whole, which no wiring explains.
    public var residual: Power { power - partsPower }
}

extension HardwareProfile {
    /// What the parts of the total of `sample` leave of it.
    ///
    /// Parts are known only of a total that is one rail with the role `total`: it feeds every other rail that the
    /// profile names. Nil for any other total, and where none of the parts was read.
    public func residual(of sample: TelemetrySample) -> TotalResidual? {
        guard let total = sample.total, total.isComplete, let power = total.power, role(ofRail: total.rule) == .total
        else { return nil }
        let parts = sample.rails.filter {
            $0.name != total.rule && rail($0.name) != nil && $0.role != .total && $0.power != nil
        }
        guard !parts.isEmpty else { return nil }
        return TotalResidual(
            total: total.rule, power: power, parts: parts.map { $0.name },
            partsPower: parts.reduce(.zero) { $0 + ($1.power ?? .zero) })
    }
}
