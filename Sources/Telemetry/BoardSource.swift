import Quantities

extension EnergySource {
    /// The board itself as `sample` shows it: the total's power and counter, where the total is complete.
    ///
    /// A part of the whole would be less than what was drawn, and is left out.
    /// - Parameter limits: what rails are limited to now, by their names, where their sources say it.
    public init(
        boardIn sample: TelemetrySample, profile: HardwareProfile, evidence: EvidenceClass,
        limits: [String: Power] = [:]
    ) {
        let total = sample.total.flatMap { $0.isComplete ? $0 : nil }
        let names = total?.rails ?? []
        let used = sample.rails.filter { names.contains($0.name) }
        var sources: [String] = []
        for rail in used where !sources.contains(rail.source.rawValue) { sources.append(rail.source.rawValue) }
        var limit: Power? = used.isEmpty ? nil : .zero
        for rail in used { limit = limits[rail.name].flatMap { one in limit.map { $0 + one } } }
        // A sum of an average and of moments is neither; the shorter memory is the safe one.
        let isAveraged = !used.isEmpty && used.allSatisfy { $0.source == .nvml }
        let averaging = isAveraged ? TelemetryLimits.graphicsAveraging : .zero
        // The whole was read when all of its rails were; a rail that is shown again makes it as old as that.
        let moment = ReadingTime(at: sample.taken)
        var time: ReadingTime?
        if used.contains(where: { $0.time != nil }) {
            for rail in used { time = (rail.time ?? moment).joined(with: time ?? rail.time ?? moment) }
        }
        // A counter may be a step off for each of its rails.
        let counterStep = UInt64(used.count) * TelemetryLimits.counterStepMicrojoules
        self.init(
            name: "compute:" + profile.family, kind: .compute, evidence: evidence, power: total?.power,
            counter: total?.counter, time: time,
            traits: SourceTraits(
                method: total.map { sources.joined(separator: "+") + ":" + $0.rule } ?? "",
                step: total.flatMap { profile.powerStep(of: $0) },
                counterStep: EnergyRegister(microjoules: counterStep), averaging: averaging,
                counterRefresh: used.contains { $0.source == .nvml }
                    ? TelemetryLimits.graphicsCounterRefresh : TelemetryLimits.processorCounterRefresh,
                rated: sample.powerMode?.rated ?? limit))
        isPowerCounted = counter != nil && used.contains { $0.source != .nvml }
        voltageStep = used.reduce(.zero) { $0 + $1.voltageStep }
    }
}
