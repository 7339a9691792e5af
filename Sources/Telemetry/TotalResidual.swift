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
    /// By how much the sensors of all these rails can be wrong together.
    public var tolerance: Power
    /// The first part that alone shows more than the whole, by more than both sensors can be wrong; nil without any.
    ///
    /// Then one of the two cannot be what its label says. A sum of parts that is more than the whole may come of each
    /// part being read at a moment of its own.
    public var greaterPart: String?

    /// What is left: it feeds the rest of the board.
    public var residual: Power { power - partsPower }

    /// Whether the parts show more than the whole by more than their sensors can be wrong, which no wiring explains.
    public var isImpossible: Bool { residual < .zero - tolerance }
}

extension HardwareProfile {
    /// What the parts of the total of `sample` leave of it.
    public func residual(of sample: TelemetrySample) -> TotalResidual? {
        sample.total.flatMap { residual(of: $0, among: sample.rails) }
    }

    /// What the parts of `total` among `rails` leave of it.
    ///
    /// Parts are known only of a total that is one rail with the role `total`: it feeds every other rail that the
    /// profile names and that is read where it is read. Nil for any other total, and where none of the parts was read.
    public func residual(of total: TotalPower, among rails: [RailReading]) -> TotalResidual? {
        guard total.isComplete, let power = total.power, total.rails.count == 1, let name = total.rails.first,
            role(ofRail: name) == .total, let whole = rails.first(where: { $0.name == name })
        else { return nil }
        let parts = rails.filter {
            $0.name != whole.name && rail($0.name) != nil && $0.role != .total && $0.power != nil
                && $0.source.canBePart(of: whole.source)
        }
        guard !parts.isEmpty else { return nil }
        let wholeStep = step(ofRail: whole.name)
        return TotalResidual(
            total: whole.name, power: power, parts: parts.map { $0.name },
            partsPower: parts.reduce(.zero) { $0 + ($1.power ?? .zero) },
            tolerance: parts.reduce(wholeStep) { $0 + step(ofRail: $1.name) },
            greaterPart: parts.first { ($0.power ?? .zero) > power + wholeStep + step(ofRail: $0.name) }?.name)
    }

    /// The smallest difference that the sensor of the rail called `name` can tell, or what is assumed of one of which
    /// the profile does not say it.
    public func step(ofRail name: String) -> Power { rail(name)?.step ?? Power(milliwatts: 100) }
}

extension HardwareProfile {
    /// Why the total of `sample` cannot be what the board draws, whatever it is rated for; nil where it can.
    public func contradiction(in sample: TelemetrySample) -> String? {
        sample.total.flatMap { contradiction(of: $0) }
    }

    /// Why `total` cannot be what a board draws, whatever it is rated for; nil where it can.
    ///
    /// Whoever reads it runs on that board, so that it draws something: a sensor that shows nothing is dead, and a
    /// counter that stands still counts nothing. Of a single rail nothing, or a step below it, is a reading.
    public func contradiction(of total: TotalPower) -> String? {
        guard let power = total.power, !(power > .zero) else { return nil }
        return power < .zero ? "\(power.milliwatts) mW is below zero" : "0 mW is what no running board draws"
    }
}

extension ReadingSource {
    /// Monitors on the board's power lines, beside one another on one supply.
    private static let monitors: [ReadingSource] = [.ina3221, .ina238, .iio, .tegrastats]

    /// Whether what is read here can hang on what is read by `whole`: power monitors on each other, and the domains of
    /// a processor on its package; what a package draws is no part of what a monitor shows.
    fileprivate func canBePart(of whole: ReadingSource) -> Bool {
        self == whole || ReadingSource.monitors.contains(self) && ReadingSource.monitors.contains(whole)
    }
}
