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

    /// Settings for `source`; one sample a second, a page every ten.
    public init(
        source: SourceID, rated: Power, samplePeriod: TimeSpan = .seconds(1), window: TimeSpan = .seconds(10)
    ) {
        self.source = source
        self.rated = rated
        self.samplePeriod = samplePeriod
        self.window = window
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
}

/// Meters the board: samples in, windows and the energy of tasks out.
struct BoardEnergy: Sendable {
    let settings: EnergySettings
    let profile: HardwareProfile
    private let bootID: Bytes16
    private var meter: Meter?
    private var resumed: MeterState?
    private var runs = WorkRuns()
    /// The last sample.
    private(set) var sample: TelemetrySample?
    /// Power drawn without work: the mean of the last window in which nothing ran.
    private(set) var baseline: Power
    private var wasBusy = false
    private var hottest: Temperature?
    private var throttle = ThrottleReasons.none
    private var overCurrentCounts: [String: Int64] = [:]

    /// A meter for a board of `profile` that goes on from what was stored.
    init(_ settings: EnergySettings, profile: HardwareProfile, bootID: Bytes16, resuming state: MeterState?) {
        self.settings = settings
        self.profile = profile
        self.bootID = bootID
        self.resumed = state
        self.baseline = profile.priors.idle
    }

    /// One closed window, with everything its page has to say.
    struct ClosedWindow {
        let window: MeterWindow
        let state: SourceState
        let meter: MeterState
    }

    /// How the readings are known; nil before the first.
    ///
    /// A reading that fails changes nothing.
    private(set) var evidence: EvidenceClass?

    /// Power that the active mode allows.
    var rated: Power { sample?.powerMode?.rated ?? profile.moduleRating ?? settings.rated }

    /// The board's register as far as it is measured.
    var register: EnergyRegister? { meter?.register }

    // MARK: Samples

    /// Takes in a sample to be seen, and not to be metered.
    mutating func show(_ sample: TelemetrySample) {
        self.sample = sample
        evidence = sample.sources.first?.evidence ?? evidence
    }

    /// Takes in a sample; returns the windows that it completes.
    mutating func record(_ sample: TelemetrySample) -> [ClosedWindow] {
        show(sample)
        if let temperature = sample.hottest?.temperature { hottest = max(hottest ?? temperature, temperature) }
        for reading in sample.throttle { note(reading) }
        // A board that shows no power is not metered, and makes no pages.
        guard evidence != nil else { return [] }
        var closed: [ClosedWindow] = []
        var meter = startedMeter(for: sample, &closed)
        // A part of the whole would be less than what was drawn, and more than may be charged would seem left.
        let power = sample.total.flatMap { $0.isComplete ? $0.power : nil }
        let outcome = meter.record(MeterReading(at: sample.taken, power: power))
        if case .newEpoch(_, let lastWindow?) = outcome { closed.append(close(lastWindow, meter)) }
        self.meter = meter
        return closed + passTime(to: sample.taken)
    }

    /// Closes every window whose end is decided at `now`.
    mutating func passTime(to now: BootTime) -> [ClosedWindow] {
        guard var meter else { return [] }
        var closed: [ClosedWindow] = []
        while let window = meter.closeWindow(at: meter.windowStart + settings.window, now: now) {
            closed.append(close(window, meter))
        }
        self.meter = meter
        return closed
    }

    /// When the open window is decided at the latest, readings or not.
    var windowDeadline: BootTime? {
        guard let meter else { return nil }
        let silent = max(meter.lastReadingAt ?? meter.windowStart, meter.windowStart + settings.window)
        return silent + settings.samplePeriod * (MeterLimits.gapPeriods + 1)
    }

    /// What to keep for a restart.
    var meterState: MeterState? { meter?.state }

    private mutating func startedMeter(for sample: TelemetrySample, _ closed: inout [ClosedWindow]) -> Meter {
        if let meter { return meter }
        // A reading beyond what a page may show as drawn is a broken sensor.
        let believable = Power(milliwatts: max(rated.milliwatts, 1) * EnergyProofLimits.drawnOverRated)
        let configuration = MeterConfiguration(
            samplePeriod: settings.samplePeriod,
            sensorStep: sample.total.flatMap { profile.powerStep(of: $0) } ?? BoardEnergy.assumedStep,
            maximumPower: believable)
        defer { resumed = nil }
        guard let resumed else { return Meter(configuration, bootID: bootID, at: sample.taken) }
        var meter = Meter(resuming: resumed, configuration, bootID: bootID, at: sample.taken)
        // The time in which no agent ran is one window without energy, not a row of them.
        if let window = meter.closeWindow(at: sample.taken, now: sample.taken) { closed.append(close(window, meter)) }
        return meter
    }

    /// The step of a sensor that the profile does not know: an INA3221's with a common shunt.
    private static let assumedStep = Power(milliwatts: 100)

    private mutating func note(_ reading: ThrottleReading) {
        if reading.maximum == nil {
            // A cumulative counter: it throttles while it rises.
            let before = overCurrentCounts.updateValue(reading.state, forKey: reading.cause)
            if let before, reading.state > before { throttle.insert(.overCurrent) }
        } else if reading.isActive {
            throttle.insert(.thermalAlert)
        }
    }

    private mutating func close(_ window: MeterWindow, _ meter: Meter) -> ClosedWindow {
        let work = runs.work(by: meter, above: baseline, from: window.start, to: window.end)
        let isBusy = runs.runs.contains { $0.overlaps(from: window.start, to: window.end) }
        if !isBusy, window.covered > .zero { baseline = window.mean }
        let state = SourceState(
            evidence: evidence ?? .modeled, rated: rated, validationMethod: validationMethod, baseline: baseline,
            work: work,
            hottest: hottest, limits: ThermalLimits(soft: profile.thermal.soft, throttle: profile.thermal.throttle),
            throttle: throttle,
            powerMode: sample?.powerMode?.name.map {
                ProofText(replacing: $0, limit: EnergyProofLimits.powerModeBytes)
            })
        hottest = sample?.hottest?.temperature
        throttle = .none
        for reading in sample?.throttle ?? [] where reading.isActive { throttle.insert(.thermalAlert) }
        runs.forget(before: window.start)
        return ClosedWindow(window: window, state: state, meter: meter.state)
    }

    private var validationMethod: ProofText {
        let total = sample?.total
        let source = sample?.rails.first?.source.rawValue ?? "none"
        var text = source + ":" + (total?.rule ?? "no total")
        if let total { text += " scope " + total.scope.rawValue + (total.isComplete ? "" : " incomplete") }
        if let mode = sample?.powerMode?.name { text += ", nvpmodel " + mode }
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
        guard let meter, end.since(start) >= settings.samplePeriod else { return true }
        return meter.register(at: end)?.isSettled ?? true
    }

    /// The energy of the ended run of `task`: measured above the baseline where the meter resolves it, else
    /// processor time at the profile's power of one core; at least 1 mJ.
    func energy(of task: TaskID, from start: BootTime, to end: BootTime, processor: TimeSpan) -> TaskEnergy {
        let first = meter?.register(at: start)?.register ?? meter?.register ?? .zero
        let second = max(first, meter?.register(at: end)?.register ?? first)
        if let meter, let interval = meter.interval(from: start, to: end), interval.isSettled,
            let share = runs.share(of: task, by: meter, above: baseline), share > interval.errorBound
        {
            return TaskEnergy(energy: share, evidence: evidence ?? .modeled, registerStart: first, registerEnd: second)
        }
        let modeled = profile.priors.core.held(for: processor)
        return TaskEnergy(
            energy: max(modeled, Energy(millijoules: 1)), evidence: .modeled, registerStart: first,
            registerEnd: second)
    }
}
