import Cryptography
import Quantities
import Telemetry

/// What a page says about a source besides its register.
public struct SourceState: Hashable, Sendable {
    /// How the energy is known.
    public var evidence: EvidenceClass
    /// Power that the active power mode, or the limit in force, allows.
    public var rated: Power
    /// Power drawn without work.
    public var baseline: Power
    /// Measured energy of tasks, during the part of their run inside the window.
    public var work: Energy
    /// Highest temperature of the die in the window; nil where none is known.
    public var hottest: Temperature?
    /// Temperatures between which capacity falls; nil where none are known.
    public var limits: ThermalLimits?
    /// What throttled the source in the window.
    public var throttle: ThrottleReasons
    /// Name of the active power mode; nil where there is none.
    public var powerMode: ProofText?
    /// How capacity is known, in words.
    public var validationMethod: ProofText

    /// The state of a source that runs freely.
    public init(
        evidence: EvidenceClass, rated: Power, validationMethod: ProofText, baseline: Power = .zero,
        work: Energy = .zero, hottest: Temperature? = nil, limits: ThermalLimits? = nil,
        throttle: ThrottleReasons = .none, powerMode: ProofText? = nil
    ) {
        self.evidence = evidence
        self.rated = rated
        self.baseline = baseline
        self.work = work
        self.hottest = hottest
        self.limits = limits
        self.throttle = throttle
        self.powerMode = powerMode
        self.validationMethod = validationMethod
    }
}

extension EnergyCapacityProof {
    /// The page about `window` that follows `previous`, or the first one.
    ///
    /// Registers are floored to millijoules; since the next window begins with the same register in
    /// microjoules, the remainder is carried. Powers are floored to milliwatts, the peak is rounded
    /// up. Work beyond what was drawn is cut, and a source that is not a compute source has none.
    ///
    /// - Parameters:
    ///   - wallEnd: wall time at the window's end; that of its start follows from the window's length.
    public init(
        of window: MeterWindow, from source: SourceID, in state: SourceState, wallEnd: WallTime,
        timeStatus: TimeStatus, federation: Bytes32, after previous: PreviousPage?
    ) {
        let isCompute = source.kind == .compute
        self.federation = federation
        self.source = source
        kind = source.kind
        evidence = state.evidence
        epoch = window.epoch
        epochReason = window.epochReason
        page = previous.map { $0.page + 1 } ?? 0
        bootID = window.bootID
        windowStart = window.start
        windowEnd = window.end
        self.wallEnd = max(wallEnd, .origin)
        wallStart = max(wallEnd - window.length, .origin)
        self.timeStatus = timeStatus
        registerStart = window.registerStart.energy
        registerEnd = window.registerEnd.energy
        rated = state.rated.forPage
        capacity = .zero
        baseline = isCompute ? state.baseline.forPage : .zero
        let largest = EnergyProofLimits.largestPower
        peak = min(Power(milliwatts: (window.peak + Power(microwatts: 999)).milliwatts), largest)
        work = .zero
        chargeable = .zero
        hottest = state.hottest
        throttle = state.throttle
        powerMode = state.powerMode
        samples = min(window.samples, EnergyProofLimits.largestCount)
        expected = min(window.expected, EnergyProofLimits.largestCount)
        gap = window.gap
        errorBoundPermille = min(window.errorBoundPermille, MeterLimits.errorBoundCeilingPermille)
        validationMethod = state.validationMethod
        previousHash = previous?.hash
        if isCompute { work = min(state.work.clampedToZero, drawn) }
        capacity = CapacityRule.capacity(
            rated: rated, hottest: state.hottest, limits: state.limits, throttle: state.throttle, mean: mean)
        chargeable = ChargeableRule.chargeable(of: self)
    }
}

extension Power {
    /// This power in whole milliwatts within what a page may carry.
    fileprivate var forPage: Power {
        Power(milliwatts: min(clampedToZero, EnergyProofLimits.largestPower).milliwatts)
    }
}
