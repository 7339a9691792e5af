import Quantities

/// Limits of what the parsers take in; beyond them input is refused or ignored, never stored.
public enum TelemetryLimits {
    /// Highest voltage of a rail, in mV; beyond it, either way, a number is no reading.
    public static let millivolts: Int64 = 100_000_000
    /// Highest current of a rail, in mA.
    public static let milliamperes: Int64 = 100_000_000
    /// Highest power of a rail, in µW: the sum of as many rails as a line may have stays exact.
    public static let microwatts: Int64 = 10_000_000_000_000_000
    /// Highest state of an energy counter, in µJ: half of what the register of a meter can hold.
    public static let counterMicrojoules: UInt64 = MeterLimits.largestRegister.microjoules / 2
    /// How old a processor's energy counter may be when it is read (RAPL is brought up to date every millisecond).
    public static let processorCounterRefresh = TimeSpan.milliseconds(1)
    /// How old a graphics board's energy counter may be when it is read (NVML: about a tenth of a second).
    public static let graphicsCounterRefresh = TimeSpan.milliseconds(100)
    /// The time over which a graphics board's power is the mean (NVML on Ampere and newer).
    public static let graphicsAveraging = TimeSpan.seconds(1)
    /// Highest power between two readings of an energy counter; beyond it the counter was reset.
    public static let counterPower = Power(milliwatts: 10_000_000)
    /// The step of an energy counter, in µJ: NVML's; RAPL's is 61 or less.
    public static let counterStepMicrojoules: UInt64 = 1000
    /// Longest time between two readings of a counter whose mean is still shown as power.
    public static let counterSpan = TimeSpan.seconds(300)
    /// Temperatures that a sensor in a machine can show, in thousandths of a degree; others are a broken sensor's.
    public static let millidegrees: ClosedRange<Int32> = -60_000...200_000
    /// A power from which on the limit of one processor is no limit.
    public static let processorPower = Power(milliwatts: 2_000_000)
    /// Most µV, µA and µW of a battery: a thousand of each unit; as many kilowatts are no battery of a computer.
    public static let batteryMicrounits: Int64 = 1_000_000_000
    /// Longest document of an external meter, in bytes.
    public static let meterDocumentBytes = 4096
    /// Longest name of a rail, zone, engine, mode or cause, in bytes.
    public static let nameBytes = 128
    /// Longest line of tegrastats, in bytes; real ones stay below 1500.
    public static let tegrastatsLineBytes = 8192
    /// Most cores in one CPU list of tegrastats.
    public static let tegrastatsCores = 256
    /// Most zones, most rails and most engines of one line of tegrastats.
    public static let tegrastatsEntries = 64
    /// The most that a mode's name is worth on a board of which no profile knows a rating; the largest module of
    /// NVIDIA's is rated for 130 W.
    public static let namedModePower = Power(milliwatts: 150_000)
    /// Most power modes of one nvpmodel file.
    public static let powerModes = 64
    /// Longest nvpmodel file or output, device-tree property or release file that is looked at, in bytes.
    public static let fileBytes = 65_536
}
