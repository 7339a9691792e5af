import Quantities

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
    /// The highest power that its readings may mean.
    var greatest: Power = .zero
    /// Error that the readings may hide where power does not turn between two of them.
    var error: UInt128 = 0
    /// What of `error` the swing covers too, where power leaves neither of two readings by more than that.
    var shared: UInt128 = 0
    /// The smallest and the largest step of the sensor, which grows with the current.
    var leastStep: Power?
    var greatestStep: Power = .zero
    /// Covered time that no reading says anything about.
    var unseen: TimeSpan = .zero
    /// How much later than at their times the readings at both ends of what was measured may have been made.
    var startDoubt: TimeSpan?
    var endDoubt: TimeSpan = .zero
    var usedCounter = false
    var usedPower = false

    /// Takes in the part of `segment` from `from` to `to`; the reading at its end belongs to that part.
    mutating func add(
        _ segment: MeterSegment, from: BootTime, to: BootTime, _ configuration: MeterConfiguration
    ) {
        if to == segment.end { samples += 1 }
        switch segment.measure {
        case .gap: gap = gap + to.since(from)
        case .power, .counter:
            guard to > from else { return }
            covered = covered + to.since(from)
            error += segment.error(from: from, to: to)
            shared += segment.shared(from: from, to: to)
            startDoubt = startDoubt ?? segment.startDoubt
            endDoubt = segment.endDoubt
            unseen = unseen + segment.unseen(from: from, to: to, averaging: configuration.averaging)
            peak = max(peak, segment.peak)
            greatest = max(greatest, segment.greatest)
            guard segment.measure == .power else {
                usedCounter = true
                return
            }
            usedPower = true
            leastStep = min(leastStep ?? segment.step, segment.step)
            greatestStep = max(greatestStep, segment.step)
        }
    }

    /// The error bound in thousandths of `energy`, rounded up, where power may leave the readings by `swing`
    /// between two of them and the source can have `most`.
    ///
    /// It adds up the sensor's step and the change between samples; the swing for as long as nothing was seen; at
    /// both ends what an average or a counter that is not up to date says of the time before, and what may have been
    /// drawn between the moment that a reading carries and the one at which it was made; the counter's step at both
    /// ends. Where the swing is the sensor's step, what the load turns to unseen is a step from both readings. No
    /// more can be wrong than everything counted, or everything that the source could have drawn beyond it; and in a
    /// gap that much may have been drawn.
    func errorBoundPermille(
        energy: UInt128, swing: Power, most: Power, _ configuration: MeterConfiguration
    ) -> UInt32 {
        let ceiling = MeterLimits.errorBoundCeilingPermille
        guard covered.milliseconds > 0 else { return gap.milliseconds > 0 ? ceiling : 0 }
        var error = error + product(swing, unseen)
        if usedPower { error += 2 * product(swing, configuration.averaging + doubt) }
        if configuration.averaging == .zero, swing <= leastStep ?? configuration.sensorStep {
            error -= min(shared, product(swing, unseen))
        }
        if usedCounter {
            error += 2 * UInt128(configuration.counterStep.microjoules) * MeterSegment.perMicrojoule
            error += product(greatest + swing, configuration.counterRefresh + doubt)
        }
        if configuration.direction == .forward {
            let drawable = product(most + max(greatestStep, configuration.sensorStep), covered)
            error = min(error, max(energy, drawable > energy ? drawable - energy : 0))
        }
        error += product(most, gap)
        guard error > 0 else { return 0 }
        guard energy > 0 else { return ceiling }
        return UInt32(min(UInt128(ceiling), (error * 1000 + energy - 1) / energy))
    }

    /// How much earlier or later than it says the window may be where it begins or where it ends.
    var doubt: TimeSpan { max(startDoubt ?? .zero, endDoubt) }

    /// What a counter that was read late puts on the wrong side of an end, where power stays below the greatest.
    var late: UInt128 { usedCounter ? product(greatest, doubt) : 0 }

    /// The mean of `energy` over what was covered, rounded up: no peak is below it.
    func mean(of energy: UInt128) -> Power {
        let covered = MeterSegment.perMicrojoule * part(covered)
        return covered == 0 ? .zero : Power(microwatts: Int64(clamping: (energy * 1000 + covered - 1) / covered))
    }

    /// Half nanojoules of `power` over `span`.
    private func product(_ power: Power, _ span: TimeSpan) -> UInt128 {
        2 * UInt128(max(0, power.microwatts)) * part(span)
    }

    private func part(_ span: TimeSpan) -> UInt128 { UInt128(max(0, span.milliseconds)) }
}
