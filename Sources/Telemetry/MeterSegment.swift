import Quantities

/// The time between two neighbouring readings.
///
/// Energy is in half nanojoules: a trapezoid of two powers in µW over whole milliseconds is a
/// whole number of them, so nothing is lost to rounding however long the register runs.
struct MeterSegment: Sendable {
    enum Measure: Sendable {
        case gap
        case power
        case counter
    }

    static let perMicrojoule: UInt128 = 2000
    static let perMillijoule: UInt128 = 2_000_000

    var start: BootTime
    var end: BootTime
    /// Register at `start`.
    var startTotal: UInt128
    /// Energy from `start` to `end`.
    var energy: UInt128 = 0
    var measure: Measure = .gap
    /// The smallest difference that the sensor can tell at its two readings.
    var step: Power = .zero
    /// Error that each millisecond may hide.
    var errorPerMillisecond: UInt128 = 0
    /// How far its two readings are apart, in µW.
    var change: UInt128 = 0
    /// How much later than at its start the reading there may have been made.
    var startDoubt: TimeSpan = .zero
    /// How much later than at its end the reading there may have been made.
    var endDoubt: TimeSpan = .zero
    /// The highest power that its readings show.
    var peak: Power = .zero
    /// The highest that they may mean: a counter read late shows the time between too short.
    var greatest: Power = .zero

    var endTotal: UInt128 { startTotal + energy }

    /// Whether it is too short for its mean to say much of the load.
    func isShort(_ configuration: MeterConfiguration) -> Bool {
        end.since(start) * 4 < configuration.samplePeriod
    }

    /// The register at `time`, brought into the segment: a straight line between its ends.
    func total(at time: BootTime) -> UInt128 {
        guard time > start, energy > 0 else { return startTotal }
        guard time < end else { return endTotal }
        return startTotal + energy * part(time.since(start)) / part(end.since(start))
    }

    /// Error that the part from `from` to `to` may hide, where power does not turn between two readings.
    func error(from: BootTime, to: BootTime) -> UInt128 {
        switch measure {
        case .gap: 0
        case .power: errorPerMillisecond * part(to.since(from))
        case .counter: splitError(at: from) + splitError(at: to)
        }
    }

    /// How much of the part from `from` to `to` no reading covers, with a sensor that averages over `averaging`.
    ///
    /// What comes after a reading that was made later than it seems is not what came after it.
    func unseen(from: BootTime, to: BootTime, averaging: TimeSpan) -> TimeSpan {
        guard measure == .power else { return .zero }
        return min(to.since(from), max(.zero, end.since(start) - averaging)) + startDoubt
    }

    /// How much of `error` the part from `from` to `to` counts twice where power leaves neither reading by more than
    /// a swing: it then leaves the mean of both by less than the farther one.
    func shared(from: BootTime, to: BootTime) -> UInt128 {
        measure == .power && change <= UInt128(step.microwatts) ? 2 * change * part(to.since(from)) : 0
    }

    /// What cutting a counted interval at `time` may put on the wrong side of the cut, where power
    /// never rises above twice the interval's mean.
    private func splitError(at time: BootTime) -> UInt128 {
        let length = part(end.since(start))
        guard length > 0 else { return 0 }
        return energy * min(part(time.since(start)), part(end.since(time))) / length
    }

    private func part(_ span: TimeSpan) -> UInt128 { UInt128(max(0, span.milliseconds)) }
}
