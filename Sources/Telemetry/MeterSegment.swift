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
    /// Error that each millisecond may hide.
    var errorPerMillisecond: UInt128 = 0
    var peak: Power = .zero

    var endTotal: UInt128 { startTotal + energy }

    /// The register at `time`, brought into the segment: a straight line between its ends.
    func total(at time: BootTime) -> UInt128 {
        guard time > start, energy > 0 else { return startTotal }
        guard time < end else { return endTotal }
        return startTotal + energy * part(time.since(start)) / part(end.since(start))
    }

    /// Error that the part from `from` to `to` may hide.
    func error(from: BootTime, to: BootTime) -> UInt128 {
        switch measure {
        case .gap: 0
        case .power: errorPerMillisecond * part(to.since(from))
        case .counter: splitError(at: from) + splitError(at: to)
        }
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

/// What a window has collected so far.
struct MeterTally: Sendable {
    var start: BootTime
    var startTotal: UInt128
    /// A battery's intake at the start that still has to be given back before output counts.
    var startDeficit: UInt128
    var covered: TimeSpan = .zero
    var gap: TimeSpan = .zero
    var samples: UInt64 = 0
    var peak: Power = .zero
    var error: UInt128 = 0
    var usedCounter = false

    /// Takes in the part of `segment` from `from` to `to`; the reading at its end belongs to that part.
    mutating func add(_ segment: MeterSegment, from: BootTime, to: BootTime) {
        if to == segment.end { samples += 1 }
        switch segment.measure {
        case .gap: gap = gap + to.since(from)
        case .power, .counter:
            guard to > from else { return }
            covered = covered + to.since(from)
            error += segment.error(from: from, to: to)
            peak = max(peak, segment.peak)
            if segment.measure == .counter { usedCounter = true }
        }
    }

    /// The error bound in thousandths of `energy`, rounded up: sensor step and change between samples,
    /// the counter's step at both ends, and gaps as though the peak had been drawn in them.
    func errorBoundPermille(energy: UInt128, _ configuration: MeterConfiguration) -> UInt32 {
        let ceiling = MeterLimits.errorBoundCeilingPermille
        guard covered.milliseconds > 0 else { return gap.milliseconds > 0 ? ceiling : 0 }
        let highest = 2 * UInt128(peak.microwatts) + UInt128(configuration.sensorStep.microwatts)
        var error = error + highest * UInt128(gap.milliseconds)
        if usedCounter { error += 2 * UInt128(configuration.counterStep.microjoules) * MeterSegment.perMicrojoule }
        guard error > 0 else { return 0 }
        guard energy > 0 else { return ceiling }
        return UInt32(min(UInt128(ceiling), (error * 1000 + energy - 1) / energy))
    }
}
