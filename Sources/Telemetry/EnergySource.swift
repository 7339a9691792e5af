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

/// One energy source as a sample shows it.
public struct EnergySource: Hashable, Sendable {
    /// The source's identity, such as `compute:orin-nano-8gb`.
    public var name: String
    /// What kind of source it is.
    public var kind: SourceKind
    /// How its energy is known.
    public var evidence: EvidenceClass
    /// Its register; zero where no meter runs.
    public var register: EnergyRegister

    /// A source with its register.
    public init(name: String, kind: SourceKind, evidence: EvidenceClass, register: EnergyRegister = .zero) {
        self.name = name
        self.kind = kind
        self.evidence = evidence
        self.register = register
    }
}
