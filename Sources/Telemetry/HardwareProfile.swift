import Quantities

/// What is known beforehand about one kind of board: how to recognise it, and what its sensors mean.
///
/// The profile suggests, the board decides: what a profile names is used only once it was read.
public struct HardwareProfile: Equatable, Sendable {
    /// The profile's name, such as `orin-nano-8gb`.
    public var name: String
    /// Under which name telemetry shows its boards: of variants that differ only in what they are rated for, the
    /// name of the common one; else the profile's own.
    public var family: String
    /// The board in words.
    public var title: String
    /// How the board is recognised.
    public var recognition: Recognition
    /// The rails and what they feed.
    public var rails: [Rail]
    /// How the total is made; best rule first.
    public var totals: [TotalRule]
    /// The power modes by name.
    public var powerModes: [Mode]
    /// The most that the module is rated for; nil where unknown.
    public var moduleRating: Power?
    /// Temperatures that matter.
    public var thermal: Thermal
    /// Memory that is kept free for the system.
    public var memoryReserve: ByteCount
    /// Where load and clock of the GPU are found.
    public var gpu: GPU
    /// What the board costs and gives until it has been measured.
    public var priors: Priors

    /// A profile with a name and a title that knows nothing yet.
    public init(name: String, title: String) {
        self.name = name
        self.family = name
        self.title = title
        self.recognition = Recognition()
        self.rails = []
        self.totals = []
        self.powerModes = []
        self.thermal = Thermal()
        self.memoryReserve = .mebibytes(512)
        self.gpu = GPU()
        self.priors = Priors()
    }

    /// How a board is recognised; every condition that is set must hold.
    public struct Recognition: Equatable, Sendable {
        /// Module part numbers (`p3767-0005`); a longer number that continues one after `-` is the same module.
        public var modules: [String] = []
        /// Whole `compatible` entries of the device tree.
        public var compatible: [String] = []
        /// Least memory, where modules of one number differ in it.
        public var minimumMemory: ByteCount?
        /// Most memory.
        public var maximumMemory: ByteCount?
        /// Whether the machine describes itself by firmware tables, as PCs do.
        public var firmwareTables: Bool?
        /// Whether the machine runs from a battery of its own.
        public var battery: Bool?

        /// No conditions.
        public init() {}
    }

    /// One rail.
    public struct Rail: Equatable, Sendable {
        /// The rail's label.
        public var name: String
        /// What it feeds.
        public var role: RailRole
        /// The hwmon chip whose unlabelled first channel this rail is.
        public var chip: String?
        /// The smallest difference that its sensor can tell.
        public var step: Power?

        /// A rail of its parts.
        public init(name: String, role: RailRole, chip: String? = nil, step: Power? = nil) {
            self.name = name
            self.role = role
            self.chip = chip
            self.step = step
        }
    }

    /// One power mode.
    public struct Mode: Equatable, Sendable {
        /// The mode's name in the board's mode file.
        public var name: String
        /// The power it allows.
        public var rated: Power

        /// A mode and its power.
        public init(name: String, rated: Power) {
            self.name = name
            self.rated = rated
        }
    }

    /// Temperatures that matter.
    public struct Thermal: Equatable, Sendable {
        /// From here on the board's capacity is counted as falling.
        public var soft = Temperature(millidegrees: 85_000)
        /// Here the board slows itself down, and its capacity counts as nothing.
        public var throttle = Temperature(millidegrees: 95_000)
        /// Beginnings of the names of zones on a die, compared without case.
        public var dieZones: [String] = []

        /// Careful limits for an unknown board.
        public init() {}

        /// What a limit of a die can be; firmware of PCs reports others for trips that are not in use.
        private static let plausible = Temperature(millidegrees: 60_000)...Temperature(millidegrees: 130_000)

        /// Takes the lowest of the board's own limits where it is lower, and keeps the soft limit 5 °C below it.
        public mutating func lower(to limits: [Temperature]) {
            guard let limit = limits.filter({ Thermal.plausible.contains($0) }).min(), limit < throttle else { return }
            throttle = limit
            soft = min(soft, Temperature(millidegrees: limit.millidegrees - 5000))
        }
    }

    /// Where load and clock of the GPU are found.
    public struct GPU: Equatable, Sendable {
        /// Files that hold the load in thousandths, tried in order.
        public var loadPaths: [String] = []
        /// Names under `/sys/class/devfreq`, tried in order.
        public var devfreqNames: [String] = []

        /// No GPU.
        public init() {}
    }

    /// What the board costs and gives until it has been measured.
    public struct Priors: Equatable, Sendable {
        /// Power of the idle board.
        public var idle = Power(milliwatts: 5000)
        /// Power that one busy core adds.
        public var core = Power(milliwatts: 1500)
        /// Power that the busy GPU adds; zero where there is none.
        public var gpu = Power.zero
        /// Speed of one core in thousandths of an Orin Nano's.
        public var corePermille: Int64 = 1000

        /// A small unknown board.
        public init() {}
    }

    /// The rail called `name`, where the profile knows it: by that name, or by one that ends with `*` and fits.
    public func rail(_ name: String) -> Rail? {
        rails.first { $0.name == name } ?? rails.first { TotalRule.name(name, fits: $0.name) }
    }

    /// What the rail called `name` feeds.
    public func role(ofRail name: String) -> RailRole { rail(name)?.role ?? .other }

    /// The power that the mode called `name` allows.
    ///
    /// A mode that the profile does not list is worth the watts in its own name (`40W`,
    /// `MODE_20W_6CORE`), and no more than the board is rated for: a name is only a word. Without any watts it is
    /// unknown.
    public func rated(modeNamed name: String) -> Power? {
        if let mode = powerModes.first(where: { $0.name == name }) { return mode.rated }
        let most = moduleRating ?? powerModes.map { $0.rated }.max() ?? TelemetryLimits.namedModePower
        return PowerModeName.watts(in: name).map { min(Power(milliwatts: $0 * 1000), most) }
    }

    /// What the board is rated for while nobody can tell which mode is set: the least that any of its modes allows,
    /// or the module's rating where it has none; nil where neither is known.
    public var ratedWithoutMode: Power? { powerModes.map { $0.rated }.min() ?? moduleRating }

    /// The smallest difference that the sensors behind `total` can tell: the sum of the rails' steps.
    ///
    /// Nil where the profile does not know the step of one of them.
    public func powerStep(of total: TotalPower) -> Power? {
        var sum = Power.zero
        for name in total.rails {
            guard let step = rail(name)?.step else { return nil }
            sum = sum + step
        }
        return sum
    }

    /// Whether the zone called `name` lies on a die.
    public func isDieZone(_ name: String) -> Bool {
        let lower = name.lowercased()
        return thermal.dieZones.contains { lower.hasPrefix($0.lowercased()) }
    }

    /// The hottest of `zones` on a die, the first of equals.
    ///
    /// Where no zone is known to lie on a die, the hottest that is not a power chip's, since those report
    /// a fixed value on many boards. What no sensor can show is not among them: of a die it would hide the heat of the
    /// others.
    public func hottest(of zones: [ZoneReading]) -> ZoneReading? {
        let zones = zones.filter {
            !$0.isForeign && TelemetryLimits.millidegrees.contains($0.temperature.millidegrees)
        }
        let dies = zones.filter { isDieZone($0.name) }
        let candidates = dies.isEmpty ? zones.filter { !$0.name.lowercased().hasPrefix("pmic") } : dies
        var hottest: ZoneReading?
        for zone in candidates where hottest.map({ $0.temperature < zone.temperature }) ?? true { hottest = zone }
        return hottest
    }
}

/// Reads the watts in the name of a power mode.
enum PowerModeName {
    /// The first number directly before a `W` that ends a word of the name; 1 … 9999.
    static func watts(in name: String) -> Int64? {
        for word in name.utf8.split(separator: UInt8(ascii: "_")) {
            guard word.last == UInt8(ascii: "W"), word.count <= 5 else { continue }
            if let watts = DecimalText.unsigned(Array(word.dropLast())[...]), watts > 0 { return Int64(watts) }
        }
        return nil
    }
}
