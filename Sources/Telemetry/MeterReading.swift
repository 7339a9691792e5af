import Quantities

/// What a meter is given: one look at a source.
public struct MeterReading: Hashable, Sendable {
    /// When the source was read, or the earliest moment at which it may have been.
    public var at: BootTime
    /// How much later than `at` it may have been read.
    public var doubt: TimeSpan
    /// The power read, or nil where it could not be read, or is but what the counter gained; negative below a
    /// sensor's zero or into a battery.
    public var power: Power?
    /// The source's own energy counter (RAPL, NVML), or nil where it has none or could not be read.
    public var counter: EnergyRegister?
    /// How much further than by its sensor's step the power may jump, since its voltage has steps too.
    public var voltageStep: Power
    /// What looks at the source since the reading before showed of its power; nil without any.
    public var looks: PowerLooks?

    /// A reading of `power`, `counter` or both.
    public init(
        at: BootTime, power: Power? = nil, counter: EnergyRegister? = nil, doubt: TimeSpan = .zero,
        voltageStep: Power = .zero, looks: PowerLooks? = nil
    ) {
        self.at = at
        self.doubt = min(max(doubt, .zero), MeterLimits.longestPeriod)
        self.power = power
        self.counter = counter
        self.voltageStep = min(voltageStep.clampedToZero, MeterLimits.largestPower)
        self.looks = looks
    }
}

/// Which way energy counts.
public enum MeterDirection: UInt8, Hashable, Sendable {
    /// Consumption or production: a negative reading is a sensor below its zero and counts as none.
    case forward
    /// A store such as a battery, positive while it gives: only the net output counts.
    case netOutput
}

/// What a meter has to know about its source.
public struct MeterConfiguration: Hashable, Sendable {
    /// The intended time between two samples, 1 ms … `MeterLimits.longestPeriod`.
    public let samplePeriod: TimeSpan
    /// The sensor's smallest step; an INA3221 on a Jetson steps by 98 to 393 mW.
    public let sensorStep: Power
    /// The counter's smallest step.
    public let counterStep: EnergyRegister
    /// What is added when the counter wraps (RAPL's `max_energy_range_uj`); nil where it never wraps.
    public let counterRange: EnergyRegister?
    /// Power that the source can have at most, also where nobody looks, for as long as no reading shows more.
    public internal(set) var maximumPower: Power
    /// Beyond this, which is no less than `maximumPower`, a reading is a broken sensor and a counter's jump a reset;
    /// it is what the source can have at most once a reading showed more than `maximumPower`.
    public internal(set) var believablePower: Power
    /// The time before a reading over which it is the mean (NVML on Ampere and newer: 1 s); zero for a sensor that
    /// shows power at a moment, as an INA3221 does.
    public let averaging: TimeSpan
    /// How old the counter's value may be when it is read (RAPL 1 ms, NVML about 100 ms).
    public let counterRefresh: TimeSpan
    /// How long a reading counts where the source renews it at its own pace; zero where every look is a reading.
    public let validity: TimeSpan
    /// Whether it draws something at any time, as a board that runs: a counter that stands still shows nothing of it.
    public let alwaysDraws: Bool
    /// Which way energy counts.
    public let direction: MeterDirection

    /// A configuration, its numbers brought into their ranges.
    public init(
        samplePeriod: TimeSpan, sensorStep: Power, counterStep: EnergyRegister = .zero,
        counterRange: EnergyRegister? = nil, maximumPower: Power = MeterLimits.largestPower,
        believablePower: Power = .zero, direction: MeterDirection = .forward, averaging: TimeSpan = .zero,
        counterRefresh: TimeSpan = .zero, validity: TimeSpan = .zero, alwaysDraws: Bool = false
    ) {
        self.samplePeriod = min(max(samplePeriod, .milliseconds(1)), MeterLimits.longestPeriod)
        self.maximumPower = min(max(maximumPower, Power(microwatts: 1)), MeterLimits.largestPower)
        self.believablePower = min(max(believablePower, self.maximumPower), MeterLimits.largestPower)
        self.sensorStep = min(sensorStep.clampedToZero, self.maximumPower)
        self.counterStep = min(counterStep, MeterLimits.largestRegister)
        self.counterRange = counterRange == .zero ? nil : counterRange
        self.direction = direction
        self.alwaysDraws = alwaysDraws
        self.averaging = min(max(averaging, .zero), MeterLimits.longestPeriod)
        self.counterRefresh = min(max(counterRefresh, .zero), MeterLimits.longestPeriod)
        self.validity = min(max(validity, .zero), MeterLimits.longestPeriod)
    }

    /// The longest interval between two samples over which energy is counted.
    public var gapLimit: TimeSpan { samplePeriod * MeterLimits.gapPeriods + validity }

    /// The longest time from one reading to the next where nothing is missing.
    var pace: TimeSpan { max(samplePeriod, validity) }

    /// How long nobody may have looked at a load that still counts as known.
    var memorySpan: TimeSpan { samplePeriod * Int64(MeterLimits.memory) }
}

/// Why a register's epoch began.
public enum MeterEpochReason: UInt8, Sendable, CaseIterable {
    /// The source was never metered before.
    case firstStart = 1
    /// The meter's state was lost; what the register said before is unknown.
    case stateLost = 2
    /// The hardware counter moved in a way that neither power nor a wrap explains, and did not go back.
    case counterReset = 3
    /// The register reached its limit.
    case registerFull = 4
    /// The source is measured in another way than before.
    case sensorChanged = 5
    /// Boot time went back within one boot.
    case clockWentBack = 6

    /// The reason in the words of output.
    public var name: String {
        switch self {
        case .firstStart: "first-start"
        case .stateLost: "state-lost"
        case .counterReset: "counter-reset"
        case .registerFull: "register-full"
        case .sensorChanged: "sensor-changed"
        case .clockWentBack: "clock-went-back"
        }
    }
}

/// What became of a reading.
public enum MeterOutcome: Hashable, Sendable {
    /// The interval since the last reading was counted.
    case counted
    /// The time since the last reading, or since the window's start, could not be measured and adds nothing.
    case gap(TimeSpan)
    /// Not later than a reading before it, or before the window's start: ignored.
    case stale
    /// Neither a power within bounds nor a counter that is believed: a lost sample.
    case unreadable
    /// The register could not be continued; the old epoch's last window, if it has any length, is closed.
    case newEpoch(MeterEpochReason, lastWindow: MeterWindow?)
}
