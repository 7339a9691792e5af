import Quantities
import Wire

/// What is known about the board itself.
public struct BoardIdentity: Hashable, Sendable {
    /// Name of the hardware profile in use.
    public var profile: String
    /// The model text of the firmware; for display only.
    public var model: String?
    /// Release of Jetson Linux, such as `R36.4.4`.
    public var l4t: String?

    /// An identity of its three parts.
    public init(profile: String, model: String? = nil, l4t: String? = nil) {
        self.profile = profile
        self.model = model
        self.l4t = l4t
    }
}

/// The power mode that is set.
public struct PowerMode: Hashable, Sendable {
    /// The mode's number on this board and release; means nothing elsewhere.
    public var identifier: Int64
    /// The mode's name; nil where the board's mode file does not name it.
    public var name: String?
    /// The power that the mode allows; nil where the profile does not know it.
    public var rated: Power?

    /// A mode of its three parts.
    public init(identifier: Int64, name: String? = nil, rated: Power? = nil) {
        self.identifier = identifier
        self.name = name
        self.rated = rated
    }
}

/// One thermal zone and its temperature.
public struct ZoneReading: Hashable, Sendable {
    /// The zone's type, as the kernel names it.
    public var name: String
    /// Its temperature.
    public var temperature: Temperature
    /// Whether it is of a chip of which nobody knows what it measures; it is shown, and judges nothing.
    ///
    /// Not part of the printed object.
    public var isForeign: Bool

    /// A zone and its temperature.
    public init(name: String, temperature: Temperature, isForeign: Bool = false) {
        self.name = name
        self.temperature = temperature
        self.isForeign = isForeign
    }
}

/// Load and clocks of the graphics processor.
public struct GPUReading: Hashable, Sendable {
    /// Load in thousandths, 0 … 1000; nil where it cannot be known.
    public var loadPermille: Int64?
    /// Clock in kHz; 0 is a powered-down GPU.
    public var frequencyKilohertz: Int64?
    /// Highest clock allowed now, in kHz.
    public var maximumKilohertz: Int64?
    /// Memory of its own; nothing where it shares the system's.
    ///
    /// Not part of the printed object.
    public var memory = MemoryReading()

    /// A reading of its three parts.
    public init(loadPermille: Int64?, frequencyKilohertz: Int64?, maximumKilohertz: Int64?) {
        self.loadPermille = loadPermille
        self.frequencyKilohertz = frequencyKilohertz
        self.maximumKilohertz = maximumKilohertz
    }
}

/// System memory; on a Jetson the GPU shares it.
public struct MemoryReading: Hashable, Sendable {
    /// All memory that the kernel manages.
    public var total: ByteCount?
    /// What could be given to new work without swapping.
    public var available: ByteCount?

    /// A reading of its two parts.
    public init(total: ByteCount? = nil, available: ByteCount? = nil) {
        self.total = total
        self.available = available
    }
}

/// One cause for which the board may be slowed down.
public struct ThrottleReading: Hashable, Sendable {
    /// The cooling device's type, or `over-current:<n>`.
    public var cause: String
    /// The cooling step in force (0 is none), or the events counted since boot.
    public var state: Int64
    /// The highest step; nil for a counter.
    public var maximum: Int64?

    /// A cause and its state.
    public init(cause: String, state: Int64, maximum: Int64?) {
        self.cause = cause
        self.state = state
        self.maximum = maximum
    }

    /// Whether the board is being slowed down for this cause now.
    ///
    /// A counter of over-current events is a signal and never says so by itself: it is cumulative,
    /// and on some boards climbs in normal heavy use.
    public var isActive: Bool { maximum != nil && state > 0 }
}

/// One look at a board: everything that could be read at about one moment, and what could not.
public struct TelemetrySample: Equatable, Sendable {
    /// When the sample was taken.
    public var taken: BootTime
    /// The board.
    public var board: BoardIdentity
    /// The power mode, where there is one.
    public var powerMode: PowerMode?
    /// The rails that could be read, in the order of chips and channels.
    public var rails: [RailReading]
    /// The total of the profile's rule; nil where not one of its rails could be read.
    public var total: TotalPower?
    /// The zones that could be read, in the kernel's order.
    public var zones: [ZoneReading]
    /// The hottest zone on a die.
    public var hottest: ZoneReading?
    /// The graphics processor, where one can be seen.
    public var gpu: GPUReading?
    /// System memory.
    public var memory: MemoryReading
    /// Causes of throttling, in the kernel's order, then over-current counters.
    public var throttle: [ThrottleReading]
    /// The energy sources this sample feeds.
    public var sources: [EnergySource]
    /// What could not be read, in the order in which it was tried.
    public var unavailable: [Unavailable]

    /// A sample of `board` in which nothing has been read yet.
    public init(taken: BootTime, board: BoardIdentity) {
        self.taken = taken
        self.board = board
        self.rails = []
        self.zones = []
        self.memory = MemoryReading()
        self.throttle = []
        self.sources = []
        self.unavailable = []
    }

    /// The total power, where it is known.
    public var totalPower: Power? { total?.power }

    /// The board itself as a source, by which tasks are measured; nil where its power is not known.
    public var boardSource: EnergySource? {
        sources.first.flatMap { $0.kind == .compute && $0.traits.parent == nil ? $0 : nil }
    }

    /// What the board may draw: the rating of its power mode, or else what processor and graphics board are limited to;
    /// nil where it shows neither.
    public var shownRating: Power? { powerMode?.rated ?? boardSource?.traits.rated }

    /// The sources beside the board: its parts, batteries, meters, and what the operator declares.
    public var furtherSources: ArraySlice<EnergySource> { sources.dropFirst(boardSource == nil ? 0 : 1) }

    /// The power of the rail called `name`, where it was read.
    public func power(ofRail name: String) -> Power? { rails.first { $0.name == name }?.power }
}
