import Cryptography
import EnergyProofs
import Federation
import Ledger
import Quantities
import Telemetry
import Wire

/// How this board's energy is metered and reported.
public struct EnergySettings: Sendable {
    /// Intended time between two samples.
    public var samplePeriod: TimeSpan
    /// Length of a page's window.
    public var window: TimeSpan
    /// The identity of the board as a source.
    public var source: SourceID
    /// Power that is allowed where no power mode says it.
    public var rated: Power
    /// What the operator declares beside the board.
    public var declarations: [SourceDeclaration]
    /// Whether `rated` is a guess, since neither the operator nor the board's profile says it.
    public var isRatedByGuess: Bool

    /// Settings for `source`; one sample a second, a page every ten.
    public init(
        source: SourceID, rated: Power, samplePeriod: TimeSpan = .seconds(1), window: TimeSpan = .seconds(10),
        declarations: [SourceDeclaration] = [], isRatedByGuess: Bool = false
    ) {
        self.source = source
        self.rated = rated
        self.samplePeriod = samplePeriod
        self.window = window
        self.declarations = declarations
        self.isRatedByGuess = isRatedByGuess
    }
}

/// The energy of one task, and how it is known.
struct TaskEnergy: Hashable, Sendable {
    /// What the task is charged.
    let energy: Energy
    /// How that is known.
    let evidence: EvidenceClass
    /// The board's register when the run began.
    let registerStart: EnergyRegister
    /// The board's register when the run ended.
    let registerEnd: EnergyRegister
    /// How far the register's difference may be from the truth; nil where the meter did not resolve the task.
    let errorBound: Energy?
    /// What the board's register showed; nil where the meter does not remember the whole run.
    let span: RegisterSpan?
}

/// Meters the board: samples in, windows and the energy of tasks out.
struct BoardEnergy: Sendable {
    let settings: EnergySettings
    let profile: HardwareProfile
    private(set) var meter: SourceMeter
    private var runs = WorkRuns()
    /// The last sample.
    private(set) var sample: TelemetrySample?
    /// Power drawn without work: the mean of the last window in which nothing ran.
    private(set) var baseline: Power
    private var hottest: Temperature?
    private var rating = RatingWatch()
    private var total = TotalWatch()
    /// What the board's counter showed in the last sample.
    private var lastCounter: EnergyRegister?
    /// Whether the open window saw a total that is less than what is drawn.
    private var showedLowerBound = false
    /// What slows the board down.
    private(set) var throttle = ThrottleWatch()
    private var throttleChanges: [ThrottleChange] = []

    /// A meter for a board of `profile` that goes on from what was stored.
    init(_ settings: EnergySettings, profile: HardwareProfile, bootID: Bytes16, resuming record: SourceRecord?) {
        self.settings = settings
        self.profile = profile
        self.meter = SourceMeter(settings, bootID: bootID, resuming: record)
        self.baseline = profile.priors.idle
    }

    /// How the readings are known; nil before the first.
    ///
    /// A reading that fails changes nothing.
    private(set) var evidence: EvidenceClass?

    /// Power that the active mode allows, or what processor and graphics board are limited to, or else what the
    /// settings say.
    var rated: Power { shownRating ?? settings.rated }

    /// Why the last total cannot be what the board draws, whatever it is rated for; nil where it can.
    var contradiction: String? { total.contradiction }

    /// Whether nothing says that, neither the board nor the operator nor the profile.
    var isRatedByGuess: Bool { settings.isRatedByGuess && shownRating == nil }

    /// What the board's readings are judged by: a guess says nothing of what a board can draw.
    var judgedRating: Power? { isRatedByGuess ? nil : rated }

    /// What the last sample shows that the board may draw.
    private var shownRating: Power? { sample?.shownRating }

    /// The board's register as far as it is measured.
    var register: EnergyRegister? { meter.register }

    /// What was measured since the agent's start.
    var measured: EnergyRegister? { meter.measured }

    /// The temperatures between which the capacity falls.
    var limits: ThermalLimits { ThermalLimits(soft: profile.thermal.soft, throttle: profile.thermal.throttle) }

    // MARK: Samples

    /// Takes in a sample to be seen, and not to be metered.
    mutating func show(_ sample: TelemetrySample) {
        self.sample = sample
        total.note(sample, profile)
        evidence = sample.boardSource?.evidence ?? evidence
        throttleChanges += throttle.record(sample.throttle, at: sample.taken)
    }

    /// The beginnings and ends of throttling that are to be told.
    mutating func takeThrottleChanges() -> [ThrottleChange] {
        defer { throttleChanges = [] }
        return throttleChanges
    }

    /// Takes in a sample; returns the windows that it completes.
    mutating func record(_ sample: TelemetrySample) -> [ClosedWindow] {
        show(sample)
        if let temperature = sample.hottest?.temperature { hottest = max(hottest ?? temperature, temperature) }
        // A board that shows no power is not metered, and makes no pages.
        guard evidence != nil else { return [] }
        if sample.total?.scope == .moduleLowerBound { showedLowerBound = true }
        rating.note(
            Rating(
                power: rated, mode: sample.powerMode?.name,
                isLimit: sample.powerMode?.rated == nil && sample.boardSource?.traits.rated != nil))
        let closed = meter.record(look(at: sample))
        lastCounter = sample.boardSource?.counter
        return closed.map { close($0) }
    }

    /// Closes every window whose end is decided at `now`.
    mutating func passTime(to now: BootTime) -> [ClosedWindow] {
        let closed = meter.passTime(to: now)
        return closed.map { close($0) }
    }

    /// Closes the open window where the board was read last; nil where nothing is open.
    mutating func end() -> ClosedWindow? { meter.end().map { close($0) } }

    private func look(at sample: TelemetrySample) -> SourceLook {
        let source = sample.boardSource
        let traits = source?.traits ?? SourceTraits()
        // A part of the whole would be less than what was drawn, and more than may be charged would seem left.
        let isWhole = (sample.total?.isComplete ?? true) && contradiction == nil
        let power = isWhole ? source?.power ?? sample.total?.power : nil
        // A counter is worth no more than the power that it comes to.
        let isBelieved = power.map { !SourceLimits.isUnbelievable($0, rated: judgedRating) } ?? true
        let configuration = MeterConfiguration(
            samplePeriod: settings.samplePeriod,
            sensorStep: traits.step ?? sample.total.flatMap { profile.powerStep(of: $0) } ?? BoardEnergy.assumedStep,
            counterStep: traits.counterStep, counterRange: traits.counterRange,
            maximumPower: SourceLimits.mostPower(rated: rated),
            believablePower: SourceLimits.believablePower(rated: judgedRating),
            averaging: traits.averaging, counterRefresh: traits.counterRefresh, validity: traits.validity,
            alwaysDraws: true)
        let time = source?.time ?? ReadingTime(at: sample.taken)
        // One that stands still shows no power that is believed, and the meter has to know since when.
        let isStill = source?.counter != nil && source?.counter == lastCounter
        let counter = isWhole && isBelieved || isStill ? source?.counter : nil
        let isCounted = counter != nil && source?.isPowerCounted == true
        let reading = MeterReading(
            at: time.earliest, power: isCounted ? nil : power, counter: counter, doubt: time.doubt,
            voltageStep: source?.voltageStep ?? .zero, looks: source?.looks)
        return SourceLook(
            reading: reading, now: sample.taken, configuration: configuration,
            way: isWhole ? way(of: source, sample.total) : nil)
    }

    /// How the board is measured: by which rule, and what that covers.
    ///
    /// What a recording shows is another register.
    private func way(of source: EnergySource?, _ total: TotalPower?) -> String? {
        guard let source, let total else { return nil }
        return sourceWay(source.evidence, total.rule + " scope " + total.scope.rawValue)
    }

    /// The step of a sensor that the profile does not know: an INA3221's with a common shunt.
    static let assumedStep = Power(milliwatts: 100)

    private mutating func close(_ closed: SourceMeter.Closed) -> ClosedWindow {
        let window = closed.window
        let work = meter.meter.map { runs.work(by: $0, above: baseline, from: window.start, to: window.end) }
        let isBusy = runs.runs.contains { $0.overlaps(from: window.start, to: window.end) }
        if !isBusy, window.covered > .zero { baseline = window.mean }
        // Nothing is charged from capacity that nobody stated, nor from what is left where more was drawn than is read:
        // it is what was drawn.
        let mean = Power(milliwatts: window.mean.milliwatts)
        var least = (isRatedByGuess ? nil : rating.rating) ?? Rating(power: rated)
        if isRatedByGuess || showedLowerBound { least.power = min(least.power ?? rated, mean) }
        let state = SourceState(
            evidence: evidence ?? .modeled, rated: least.power ?? rated, validationMethod: validationMethod(least),
            baseline: baseline, work: work ?? .zero, hottest: hottest, limits: limits,
            throttle: throttle.reasons(from: window.start, to: window.end),
            powerMode: least.mode.map { ProofText(replacing: $0, limit: EnergyProofLimits.powerModeBytes) })
        rating.endWindow()
        showedLowerBound = sample?.total?.scope == .moduleLowerBound
        hottest = sample?.hottest?.temperature
        runs.forget(before: window.start)
        return ClosedWindow(source: settings.source, window: window, state: state, meter: closed.meter, way: meter.way)
    }

    private func validationMethod(_ rating: Rating) -> ProofText {
        let total = sample?.total
        let traits = sample?.boardSource?.traits
        var text = traits?.method ?? ""
        if text.isEmpty {
            text = (sample?.rails.first?.source.rawValue ?? "none") + ":" + (total?.rule ?? "no total")
        }
        if let total { text += " scope " + total.scope.rawValue + (total.isComplete ? "" : " incomplete") }
        if let mode = rating.mode {
            text += ", nvpmodel " + mode
        } else if rating.isLimit, let limit = rating.power {
            text += ", limit \(limit.milliwatts) mW"
        }
        if isRatedByGuess { text += ", not rated" }
        if evidence == .replayed { text = "replayed recording: " + text }
        return ProofText(replacing: text, limit: EnergyProofLimits.validationMethodBytes)
    }

    // MARK: Tasks

    /// A worker began to run `task`.
    mutating func beginWork(_ task: TaskID, at start: BootTime) { runs.begin(task, at: start) }

    /// The worker of `task` ended.
    mutating func endWork(_ task: TaskID, at end: BootTime) { runs.end(task, at: end) }

    /// Whether the energy of a run that ended at `end` can be told now, or only after the next sample.
    func isSettled(_ start: BootTime, _ end: BootTime) -> Bool {
        guard let meter = meter.meter, end.since(start) >= settings.samplePeriod else { return true }
        return meter.register(at: end)?.isSettled ?? true
    }

    /// The energy of the ended run of `task`: measured above the baseline where the meter resolves it, else
    /// processor time at the profile's power of one core; at least 1 mJ.
    func energy(of task: TaskID, from start: BootTime, to end: BootTime, processor: TimeSpan) -> TaskEnergy {
        let meter = meter.meter
        let first = meter?.register(at: start)?.register ?? meter?.register ?? .zero
        let second = max(first, meter?.register(at: end)?.register ?? first)
        let isMeasured = meter?.register(at: start)?.isSettled == true && meter?.register(at: end)?.isSettled == true
        let span = meter.flatMap {
            isMeasured ? RegisterSpan(epoch: $0.epoch, start: first.energy, end: second.energy) : nil
        }
        if let meter, let interval = meter.interval(from: start, to: end), interval.isSettled,
            let share = runs.share(of: task, by: meter, above: baseline), share > interval.errorBound
        {
            return TaskEnergy(
                energy: share, evidence: evidence ?? .modeled, registerStart: first, registerEnd: second,
                errorBound: interval.errorBound, span: span)
        }
        let modeled = profile.priors.core.held(for: processor)
        return TaskEnergy(
            energy: max(modeled, Energy(millijoules: 1)), evidence: .modeled, registerStart: first,
            registerEnd: second, errorBound: nil, span: span)
    }
}
