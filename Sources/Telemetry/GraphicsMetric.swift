import Quantities

/// What can be asked of a graphics board through NVIDIA's management library; the numbers are those of the C shim.
public enum GraphicsMetric: UInt32, Sendable, CaseIterable {
    /// Power in mW; of the whole board, except on a Jetson, where it is the GPU's rail.
    case power = 0
    /// Energy in mJ since the driver was loaded.
    case energy = 1
    /// The power limit in force, in mW.
    case limit = 2
    /// Temperature in °C, as a signed number of 64 bits.
    case temperature = 3
    /// Bytes of its own memory.
    case memoryTotal = 4
    /// Bytes of it that are free.
    case memoryFree = 5
    /// Load in percent.
    case load = 6
    /// Clock in MHz.
    case clock = 7
    /// Highest clock in MHz.
    case maximumClock = 8
    /// Bits for the reasons why the clock is lower than it could be.
    case reasons = 9

    /// All metrics, as the shim takes them.
    public static let all = allCases.reduce(UInt32(0)) { $0 | $1.mask }

    /// Those that only an operator changes, and that a driver may take milliseconds to tell.
    public static let settled = [limit, maximumClock]

    /// The metric as a bit.
    public var mask: UInt32 { 1 << rawValue }

    /// The metric's name in `unavailable`, after the board's.
    public var name: String {
        switch self {
        case .power: "power"
        case .energy: "energy"
        case .limit: "limit"
        case .temperature: "temperature"
        case .memoryTotal, .memoryFree: "memory"
        case .load: "load"
        case .clock: "clock"
        case .maximumClock: "max_clock"
        case .reasons: "throttle"
        }
    }

    /// What of `value` is a reading; nil where no board can have it.
    public func reading(_ value: UInt64) -> Int64? {
        guard let value = self == .temperature ? Int64(bitPattern: value) : Int64(exactly: value),
            range.contains(value)
        else { return nil }
        return value
    }

    private var range: ClosedRange<Int64> {
        switch self {
        case .power, .limit: 0...TelemetryLimits.processorPower.milliwatts
        case .energy: 0...Int64(TelemetryLimits.counterMicrojoules / 1000)
        case .temperature: -50...150
        case .memoryTotal, .memoryFree: 0...(1 << 50)
        case .load: 0...100
        case .clock, .maximumClock: 0...100_000
        case .reasons: 0...Int64.max
        }
    }
}

/// What a result of NVIDIA's management library (`nvmlReturn_t`) means for what was asked.
public enum GraphicsResult: Hashable, Sendable {
    /// There is a value.
    case value
    /// This board will never tell it: it is not asked again.
    case unsupported
    /// The board is gone; it is looked for again after a pause.
    case lost
    /// Not this time.
    case failed(UnavailableReason)

    /// The meaning of `code`; negative ones are the shim's.
    public init(code: Int32) {
        switch code {
        case 0: self = .value
        // Not supported, function not found, argument of another version, deprecated.
        case 3, 13, 25, 26: self = .unsupported
        case 15: self = .lost
        case 4: self = .failed(.permission)
        case 10: self = .failed(.timeout)
        // Not found, driver not loaded, no library, no board.
        case 6, 9, 12, 28: self = .failed(.absent)
        // Library and driver of different versions, until the machine is started again.
        case 18: self = .failed(.notSupported)
        case -2: self = .failed(.malformed)
        default: self = .failed(.inputOutput)
        }
    }

    /// Why there is no value; nil where there is one.
    public var reason: UnavailableReason? {
        switch self {
        case .value: nil
        case .unsupported: .notSupported
        case .lost: .absent
        case .failed(let reason): reason
        }
    }
}

extension ThrottleCause {
    /// The causes in the bits of a graphics board's clock reasons, and whether each is in force.
    ///
    /// An idle clock and one that somebody set are no throttling.
    public static func graphics(reasons bits: Int64) -> [(cause: String, isInForce: Bool)] {
        let named: [(name: String, bit: Int64)] = [
            ("software-power-cap", 0x4), ("software-thermal", 0x20), ("hardware-slowdown", 0x8),
            ("hardware-thermal", 0x40), ("power-brake", 0x80),
        ]
        return named.map { ("nvml:" + $0.name, bits & $0.bit != 0) }
    }
}
