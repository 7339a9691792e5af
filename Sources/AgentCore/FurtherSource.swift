import EnergyProofs
import Quantities
import Telemetry

/// A source beside the board: a part of it that has readings of its own, a battery, a meter, or the operator's word.
struct FurtherSource: Sendable {
    let id: SourceID
    /// What samples and the configuration call it.
    let name: String
    /// What the operator says of it; nil where nobody declared it.
    let declaration: SourceDeclaration?
    private(set) var meter: SourceMeter
    /// How it was last shown; nil before the first time, and for a source without readings.
    private(set) var shown: EnergySource?
    /// When it was last read.
    private(set) var readAt: BootTime?
    /// Windows without a reading since the last one with readings.
    private var emptyWindows = 0
    private let settings: EnergySettings
    private let bootID: Bytes16
    private var lastPage: PreviousPage?
    private var rating = RatingWatch()
    /// Where the open window of a source without readings begins.
    private var unmeasuredSince: BootTime?

    /// A source that goes on from what was stored.
    init(
        _ id: SourceID, name: String, declaration: SourceDeclaration?, _ settings: EnergySettings, bootID: Bytes16,
        resuming record: SourceRecord?
    ) {
        self.id = id
        self.name = name
        self.declaration = declaration
        self.settings = settings
        self.bootID = bootID
        lastPage = record?.lastPage
        meter = SourceMeter(settings, bootID: bootID, resuming: record)
    }

    /// The power that it gives by the operator's word; nil for one with readings.
    var declaredPower: Power? {
        if case .declared(let power)? = declaration?.origin { power } else { nil }
    }

    /// How its energy is known; a recording is one, whatever the operator says of what it shows.
    var evidence: EvidenceClass {
        declaredPower != nil ? .declared : shown?.evidence ?? declaration?.evidence ?? .modeled
    }

    /// What it is rated for; nil where nobody says it.
    var rated: Power? { shown?.traits.rated ?? declaration?.rated ?? declaredPower }

    /// What it is registered with: its rating, or what is believed of one that nobody rated.
    var registeredPower: Power { min(rated ?? SourceLimits.unratedPower, EnergyProofLimits.largestPower) }

    /// The name of the source that it is a part of.
    var parent: String? { declaration?.parent ?? shown?.traits.parent }

    /// The name of the battery that it fills.
    var feeds: String? { declaration?.feeds }

    /// Whether it has not been read for so long that it makes no pages until it is back, be it shown or not.
    var isAway: Bool { emptyWindows >= SourceLimits.emptyWindows }

    /// When its open window is decided at the latest; nil while there is none.
    var deadline: BootTime? {
        declaredPower == nil ? isAway ? nil : meter.deadline : unmeasuredSince.map { $0 + settings.window }
    }

    // MARK: Samples

    /// Takes in how the sample of `now` shows it.
    mutating func record(_ source: EnergySource, at now: BootTime, _ board: BoardEnergy) -> [ClosedWindow] {
        guard declaredPower == nil else { return [] }
        shown = source
        if source.power != nil || source.counter != nil { readAt = now }
        let traits = source.traits
        rating.note(Rating(power: rated))
        let configuration = MeterConfiguration(
            samplePeriod: settings.samplePeriod, sensorStep: traits.step ?? BoardEnergy.assumedStep,
            counterStep: traits.counterStep, counterRange: traits.counterRange,
            maximumPower: SourceLimits.mostPower(rated: rated),
            believablePower: SourceLimits.believablePower(rated: rated),
            direction: traits.direction, averaging: traits.averaging, counterRefresh: traits.counterRefresh,
            validity: traits.validity)
        // What draws less than nothing is wired wrongly, or broken; a meter of the grid may well run backwards.
        let isNegative = id.kind == .compute && source.power.map { $0 < .zero - configuration.sensorStep } ?? false
        let power = isNegative ? nil : source.power
        // A counter is worth no more than the power that it comes to.
        let isBelieved = source.power.map { !SourceLimits.isUnbelievable($0, rated: rated) } ?? true
        let counter = isBelieved ? source.counter : nil
        let direction = traits.direction == .netOutput ? " net" : ""
        let time = source.time ?? ReadingTime(at: now)
        let look = SourceLook(
            reading: MeterReading(
                at: time.earliest, power: source.isPowerCounted && counter != nil ? nil : power, counter: counter,
                doubt: time.doubt),
            now: now, configuration: configuration,
            way: sourceWay(evidence, (traits.method.isEmpty ? name : traits.method) + direction))
        // What is away is told to its meter when it is back: every look would close one more empty window.
        guard !isAway || look.isReading else { return [] }
        let closed = meter.record(look)
        return closed.map { close($0, board) }
    }

    /// Closes every window whose end is decided at `now`.
    mutating func passTime(to now: BootTime, _ board: BoardEnergy) -> [ClosedWindow] {
        if let power = declaredPower { return passUnmeasuredTime(to: now, power) }
        guard !isAway else { return [] }
        let closed = meter.passTime(to: now)
        return closed.map { close($0, board) }
    }

    /// Closes the open window: where it was read last or, for one by the operator's word, `now`.
    mutating func end(at now: BootTime, _ board: BoardEnergy) -> [ClosedWindow] {
        if let power = declaredPower { return endUnmeasured(at: now, power) }
        return meter.end().map { [close($0, board)] } ?? []
    }

    private mutating func close(_ closed: SourceMeter.Closed, _ board: BoardEnergy) -> ClosedWindow {
        var window = closed.window
        // A reading may count for longer than a window.
        emptyWindows = window.samples > 0 || window.covered > .zero ? 0 : emptyWindows + 1
        // What is read is not to look like what never is.
        window.expected = max(window.expected, 1)
        // Nothing is charged from capacity that nobody stated: where there is no rating, it is what was given.
        let least = rating.rating?.power ?? self.rated
        let rated = min(least ?? Power(milliwatts: window.mean.milliwatts), registeredPower)
        rating.endWindow()
        var state = SourceState(evidence: evidence, rated: rated, validationMethod: validationMethod)
        if id.kind == .compute, declaration == nil {
            // A part of the board shares its heat and what slows it down.
            state.hottest = board.sample?.hottest?.temperature
            state.limits = board.limits
            state.throttle = board.throttle.reasons(from: window.start, to: window.end)
        }
        return ClosedWindow(source: id, window: window, state: state, meter: closed.meter, way: meter.way)
    }

    private var validationMethod: ProofText {
        var text = shown.map { $0.traits.method.isEmpty ? name : $0.traits.method } ?? name
        if let power = declaredPower { text = "declared by the operator: \(power.milliwatts) mW" }
        if rated == nil { text += ", not rated" }
        if evidence == .replayed { text = "replayed recording: " + text }
        return ProofText(replacing: text, limit: EnergyProofLimits.validationMethodBytes)
    }

    // MARK: The operator's word

    /// Windows of `power`, one after the other; time in which no agent ran is one window that was not covered.
    private mutating func passUnmeasuredTime(to now: BootTime, _ power: Power) -> [ClosedWindow] {
        guard let start = unmeasuredSince else {
            let last = lastPage.flatMap { $0.bootID == bootID && $0.windowEnd < now ? $0.windowEnd : nil }
            unmeasuredSince = now
            return last.map { [unmeasured(from: $0, to: now, power, isCovered: false)] } ?? []
        }
        let windows = now.since(start).milliseconds / settings.window.milliseconds
        guard windows > 0 else { return [] }
        let end = start + settings.window * windows
        unmeasuredSince = end
        return [unmeasured(from: start, to: end, power, isCovered: windows == 1)]
    }

    private mutating func endUnmeasured(at now: BootTime, _ power: Power) -> [ClosedWindow] {
        let closed = passUnmeasuredTime(to: now, power)
        guard let start = unmeasuredSince, start < now else { return closed }
        unmeasuredSince = now
        return closed + [unmeasured(from: start, to: now, power, isCovered: true)]
    }

    private func unmeasured(from start: BootTime, to end: BootTime, _ power: Power, isCovered: Bool) -> ClosedWindow {
        // A register that was measured before does not go on in what is declared.
        let wasMeasured = lastPage.map { $0.registerEnd > .zero } ?? false
        var window = MeterWindow.unmeasured(
            from: start, to: end, bootID: bootID, epoch: (lastPage?.epoch ?? 1) &+ (wasMeasured ? 1 : 0),
            epochReason: wasMeasured ? .sensorChanged : .firstStart)
        if !isCovered { window.gap = window.length }
        let state = SourceState(evidence: .declared, rated: power, validationMethod: validationMethod)
        return ClosedWindow(source: id, window: window, state: state, meter: nil, way: nil)
    }
}

extension SourceLook {
    /// Whether it shows anything that its meter believes.
    fileprivate var isReading: Bool {
        if let power = reading.power,
            power.microwatts.magnitude <= UInt64(configuration.believablePower.microwatts)
        {
            return true
        }
        return reading.counter != nil
    }
}
