import Telemetry

/// Why a source gave less than it could: the closed list that proofs carry.
public enum ThrottleReason: UInt8, Sendable, CaseIterable {
    /// A board's firmware says that it slows down for the heat (`*-throttle-alert`).
    case thermalAlert = 0
    /// An over-current counter rose: a signal, which by itself limits nothing.
    case overCurrent = 1
    /// NVML: software keeps to the power limit.
    case softwarePowerCap = 2
    /// NVML: software keeps to the temperature limit.
    case softwareThermal = 3
    /// NVML: the hardware slowed down.
    case hardwareSlowdown = 4
    /// NVML: the hardware slowed down for its temperature.
    case hardwareThermal = 5
    /// NVML: an external power brake.
    case powerBrake = 6
    /// A cooling device holds a clock below what it could be (`devfreq-*`, `cpufreq-*`, `17000000.gpu`).
    case clockCap = 7

    /// The reason in the words of output.
    public var name: String {
        switch self {
        case .thermalAlert: "thermal-alert"
        case .overCurrent: "over-current"
        case .softwarePowerCap: "software-power-cap"
        case .softwareThermal: "software-thermal"
        case .hardwareSlowdown: "hardware-slowdown"
        case .hardwareThermal: "hardware-thermal"
        case .powerBrake: "power-brake"
        case .clockCap: "clock-cap"
        }
    }

    /// The reasons that NVML gives.
    private static let nvml: [ThrottleReason] = [
        .softwarePowerCap, .softwareThermal, .hardwareSlowdown, .hardwareThermal, .powerBrake,
    ]

    /// Whether the source could give no more than it gave while the reason acted.
    ///
    /// Not so for over-current counters: on some boards they rise thousands of times an hour in normal heavy use,
    /// for milliseconds each; what really slows the board down shows as a clock cap or an alert too.
    public var limitsCapacity: Bool { self != .overCurrent }

    /// The reason behind a cause as a telemetry sample names it: a cooling device's type, `over-current:<n>` or
    /// `nvml:<reason>`; nil where the cause says nothing about throttling.
    public init?(cause: String) {
        if cause.hasSuffix("-throttle-alert") {
            self = .thermalAlert
        } else if ThrottleCause.isClockCap(coolingType: cause) {
            self = .clockCap
        } else if cause.hasPrefix("over-current:") {
            self = .overCurrent
        } else if let reason = ThrottleReason.nvml.first(where: { "nvml:" + $0.name == cause }) {
            self = reason
        } else {
            return nil
        }
    }
}

/// A set of throttle reasons; encoded as one number, bit n for the reason with raw value n.
public struct ThrottleReasons: Hashable, Sendable {
    /// The bits.
    public private(set) var bits: UInt64 = 0

    /// No reason: nothing throttles.
    public static let none = ThrottleReasons([])

    /// The set of `reasons`.
    public init(_ reasons: [ThrottleReason]) { for reason in reasons { insert(reason) } }

    /// The set with `bits`, or nil where a bit stands for no reason.
    public init?(bits: UInt64) {
        guard bits < 1 << UInt64(ThrottleReason.allCases.count) else { return nil }
        self.bits = bits
    }

    /// Whether nothing throttles.
    public var isEmpty: Bool { bits == 0 }

    /// Whether a reason is in the set that keeps the source from giving more than it gave.
    public var limitsCapacity: Bool { all.contains { $0.limitsCapacity } }

    /// Whether `reason` is in the set.
    public func contains(_ reason: ThrottleReason) -> Bool { bits >> UInt64(reason.rawValue) & 1 == 1 }

    /// Adds `reason`.
    public mutating func insert(_ reason: ThrottleReason) { bits |= 1 << UInt64(reason.rawValue) }

    /// The reasons in the order of their numbers.
    public var all: [ThrottleReason] { ThrottleReason.allCases.filter { contains($0) } }
}
