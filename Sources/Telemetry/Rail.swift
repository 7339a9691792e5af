import Quantities

/// What a power rail feeds.
public enum RailRole: String, Sendable, CaseIterable {
    /// The whole of the total's scope; never added to another rail.
    case total
    /// CPU, GPU and vision cores together.
    case cpuGPU = "cpu-gpu"
    /// The GPU alone.
    case gpu
    /// The CPU alone.
    case cpu
    /// The GPU and the rest of the chip.
    case gpuSoC = "gpu-soc"
    /// CPU and vision cores.
    case cpuCV = "cpu-cv"
    /// CPU, chip and memory.
    case cpuSoCMemory = "cpu-soc-memory"
    /// The chip without CPU and GPU.
    case soc
    /// The 5 V system supply.
    case sys5V = "sys5v"
    /// Memory.
    case memory
    /// Anything else, and every rail that the profile does not know.
    case other
}

/// Where a reading comes from.
public enum ReadingSource: String, Sendable, CaseIterable {
    /// Texas Instruments INA3221 through hwmon.
    case ina3221
    /// Texas Instruments INA238 through hwmon.
    case ina238
    /// The industrial I/O files of Jetson kernels up to 4.9.
    case iio
    /// Another hwmon chip.
    case hwmon
    /// Running average power limit counters of x86 processors.
    case rapl
    /// NVIDIA's management library.
    case nvml
    /// A battery or charger of the power supply class.
    case powerSupply = "power_supply"
    /// A line of tegrastats.
    case tegrastats
    /// A command from the configuration.
    case command
}

/// One reading of one power rail.
public struct RailReading: Hashable, Sendable {
    /// The rail's label, as the driver or tegrastats prints it.
    public var name: String
    /// What the rail feeds.
    public var role: RailRole
    /// Voltage at the rail's input; nil where the source gives power only.
    public var voltage: Voltage?
    /// Current; nil where the source gives power only.
    ///
    /// Negative when the sensor reads below its zero.
    public var current: Current?
    /// Power; exactly voltage × current where a sensor gives both; nil where only a counter was read so far.
    public var power: Power?
    /// The source's own energy counter, made to grow; nil where it has none.
    public var counter: EnergyRegister?
    /// When it was read; nil for when its sample was taken.
    public var time: ReadingTime?
    /// Where the reading comes from.
    public var source: ReadingSource

    /// A reading of voltage and current; the power is their exact product.
    public init(name: String, role: RailRole, voltage: Voltage, current: Current, source: ReadingSource) {
        self.name = name
        self.role = role
        self.voltage = voltage
        self.current = current
        self.power = Power(voltage, current)
        self.source = source
    }

    /// A reading of power alone.
    public init(name: String, role: RailRole, power: Power, source: ReadingSource) {
        self.init(name: name, role: role, counter: nil, power: power, source: source)
    }

    /// A reading of a counter, and of the power that it or its source tells.
    public init(
        name: String, role: RailRole, counter: EnergyRegister?, power: Power?, voltage: Voltage? = nil,
        current: Current? = nil, time: ReadingTime? = nil, source: ReadingSource
    ) {
        self.name = name
        self.role = role
        self.voltage = voltage
        self.current = current
        self.power = power
        self.counter = counter
        self.time = time
        self.source = source
    }

    /// How much further than by its current's step its power may jump where nothing happens: by one code of its
    /// voltage, 8 mV of an INA3221 and less than 4 mV of an INA238; zero where the source is no such monitor.
    ///
    /// A line of tegrastats tells no voltage; the least that a board's monitor measures is taken to be 4 V.
    public var voltageStep: Power {
        func code(_ millivolts: Int64) -> Power {
            guard voltage != nil, let current else { return .zero }
            let step = Power(Voltage(millivolts: millivolts), current)
            return step < .zero ? .zero - step : step
        }
        return switch source {
        case .ina3221, .iio: code(8)
        case .ina238: code(4)
        case .tegrastats: Power(microwatts: (power ?? .zero).clampedToZero.microwatts / 500)
        case .hwmon, .rapl, .nvml, .powerSupply, .command: .zero
        }
    }
}
