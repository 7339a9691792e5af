import Quantities

/// What kind of source a stream of energy comes from.
public enum SourceKind: UInt8, Sendable, CaseIterable {
    /// A board, processor or graphics card that turns energy into work.
    case compute = 1
    /// A battery.
    case battery = 2
    /// A photovoltaic panel.
    case solar = 3
    /// A wind turbine.
    case wind = 4
    /// A meter at the grid.
    case grid = 5
    /// A nuclear source.
    case nuclear = 6
    /// A person.
    case human = 7

    /// The kind in the words of configuration and output.
    public var name: String {
        switch self {
        case .compute: "compute"
        case .battery: "battery"
        case .solar: "solar"
        case .wind: "wind"
        case .grid: "grid"
        case .nuclear: "nuclear"
        case .human: "human"
        }
    }

    /// The kind called `name`, or nil.
    public init?(name: String) {
        guard let kind = SourceKind.allCases.first(where: { $0.name == name }) else { return nil }
        self = kind
    }
}

/// How an amount of energy is known; unlike classes are never summed.
public enum EvidenceClass: UInt8, Sendable, CaseIterable {
    /// A sensor on the quantity itself.
    case metered = 1
    /// Utilisation times a rating.
    case modeled = 2
    /// The operator's word.
    case declared = 3
    /// A recording.
    case replayed = 4

    /// The class in the words of configuration and output.
    public var name: String {
        switch self {
        case .metered: "metered"
        case .modeled: "modeled"
        case .declared: "declared"
        case .replayed: "replayed"
        }
    }

    /// The class called `name`, or nil.
    public init?(name: String) {
        guard let evidence = EvidenceClass.allCases.first(where: { $0.name == name }) else { return nil }
        self = evidence
    }
}

/// What a meter and a page need to know of a source besides its readings.
public struct SourceTraits: Hashable, Sendable {
    /// The smallest difference in power that its sensor can tell; nil where unknown.
    public var step: Power?
    /// The smallest difference that its energy counter can tell.
    public var counterStep: EnergyRegister
    /// What is added when its energy counter wraps; nil where it never wraps.
    public var counterRange: EnergyRegister?
    /// The time before a reading over which its power is the mean; zero where it shows a moment.
    public var averaging: TimeSpan
    /// How old its energy counter's value may be when it is read.
    public var counterRefresh: TimeSpan
    /// How long a reading counts where the source renews it at its own pace; zero where every look is a reading.
    public var validity: TimeSpan
    /// The power that it is made or set for now; nil where the source does not say it.
    public var rated: Power?
    /// Which way its energy counts.
    public var direction: MeterDirection
    /// The name of the source that this one is a part of; nil where it stands alone.
    public var parent: String?
    /// How its readings and, behind a comma, its rating are known, in words.
    ///
    /// Such as `rapl:package-0`, or `nvml:RTX 4090, enforced limit 450 W`. Where what stands before the first comma
    /// changes, its register begins anew.
    public var method: String

    /// Traits of a source whose readings are known by `method`.
    public init(
        method: String = "", step: Power? = nil, counterStep: EnergyRegister = .zero,
        counterRange: EnergyRegister? = nil, averaging: TimeSpan = .zero, counterRefresh: TimeSpan = .zero,
        validity: TimeSpan = .zero, rated: Power? = nil, direction: MeterDirection = .forward, parent: String? = nil
    ) {
        self.method = method
        self.step = step
        self.counterStep = counterStep
        self.counterRange = counterRange
        self.averaging = averaging
        self.counterRefresh = counterRefresh
        self.validity = validity
        self.rated = rated
        self.direction = direction
        self.parent = parent
    }
}

/// One energy source as a sample shows it.
///
/// The first source of a sample is the board itself; its energy is what tasks are measured by. A source that showed
/// neither power nor counter this time has a gap there.
public struct EnergySource: Hashable, Sendable {
    /// The source's identity, such as `compute:orin-nano-8gb`.
    public var name: String
    /// What kind of source it is.
    public var kind: SourceKind
    /// How its energy is known.
    public var evidence: EvidenceClass
    /// Its register; zero where no meter runs.
    public var register: EnergyRegister
    /// Whether it has one: what is nothing but the operator's word has none.
    public var hasRegister = true
    /// Its power in this sample; nil where it was not read.
    public var power: Power?
    /// Whether that power is but what its counter gained, and says nothing that the counter does not.
    public var isPowerCounted = false
    /// Its own energy counter in this sample; nil where it has none, or it was not read.
    public var counter: EnergyRegister?
    /// When these were read; nil for when the sample was taken.
    ///
    /// What was shown before carries the time that it had then, and is no new reading.
    public var time: ReadingTime?
    /// How much further than its step its power may jump at what it draws now, where nothing happens.
    public var voltageStep = Power.zero
    /// What looks at it since the last sample showed; nil without any.
    public var looks: PowerLooks?
    /// What does not change from sample to sample.
    public var traits: SourceTraits

    /// A source with its register and its readings.
    public init(
        name: String, kind: SourceKind, evidence: EvidenceClass, register: EnergyRegister = .zero,
        power: Power? = nil, counter: EnergyRegister? = nil, time: ReadingTime? = nil,
        traits: SourceTraits = SourceTraits()
    ) {
        self.name = name
        self.kind = kind
        self.evidence = evidence
        self.register = register
        self.power = power
        self.counter = counter
        self.time = time
        self.traits = traits
    }
}
