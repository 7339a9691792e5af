/// One line of NVIDIA's `tegrastats`, of any release from R28 to R39.
///
/// Numbers are as printed. What a line does not print is nil or empty.
public struct TegrastatsLine: Equatable, Sendable {
    /// Date and time as printed: local time without a zone; printed from R35 on.
    public var timestamp: String?
    /// Memory in use and in all, in MB.
    public var memory: Usage?
    /// The largest free blocks of memory.
    public var largestFreeBlocks: FreeBlocks?
    /// Swap in MB; absent where there is none.
    public var swap: Swap?
    /// Memory on the chip in kB; on TX1 and Nano.
    public var chipMemory: ChipMemory?
    /// The cores in order.
    public var cores: [Core] = []
    /// The memory controller.
    public var memoryController: Load?
    /// The graphics processor; further engines of it append their clocks.
    public var graphics: Load?
    /// Video, vision and other engines.
    public var engines: [Engine] = []
    /// Clock of the audio engine in MHz.
    public var audioMegahertz: Int64?
    /// Foreground and background time of the processor's translation layer, in percent.
    public var translation: Translation?
    /// Thermal zones.
    public var zones: [Zone] = []
    /// Power rails.
    public var rails: [Rail] = []
    /// Words that mean nothing here, in order.
    public var ignored: [String] = []

    /// An amount in use and the whole.
    public struct Usage: Hashable, Sendable {
        /// In use.
        public var used: Int64
        /// In all.
        public var total: Int64
    }

    /// Free blocks of memory of one size.
    public struct FreeBlocks: Hashable, Sendable {
        /// How many there are.
        public var blocks: Int64
        /// How large each is, in `unit`.
        public var blockSize: Int64
        /// `MB` or `kB`.
        public var unit: String
    }

    /// Swap, in MB.
    public struct Swap: Hashable, Sendable {
        /// In use and in all.
        public var usage: Usage
        /// Of it cached; nil where not printed.
        public var cached: Int64?
    }

    /// Memory on the chip, in kB.
    public struct ChipMemory: Hashable, Sendable {
        /// In use and in all.
        public var usage: Usage
        /// The largest free block; nil where not printed.
        public var largestFreeBlock: Int64?
    }

    /// One processor core.
    public struct Core: Hashable, Sendable {
        /// Whether the core is on.
        public var isOnline: Bool
        /// Load in percent; nil when off.
        public var loadPercent: Int64?
        /// Clock in MHz; nil when off or not printed.
        public var frequencyMegahertz: Int64?
    }

    /// Load and clocks of a unit.
    public struct Load: Hashable, Sendable {
        /// Load in percent; nil where only clocks are printed, which is not a load of 0.
        public var percent: Int64?
        /// Clocks in MHz; empty where none is printed.
        public var megahertz: [Int64]
    }

    /// One engine.
    public struct Engine: Hashable, Sendable {
        /// The engine's name, without the `_FREQ` that some releases append.
        public var name: String
        /// Whether it is on; nil load and no clocks when off.
        public var isOn: Bool
        /// Load and clocks.
        public var load: Load
    }

    /// Shares of time of the translation layer, in percent.
    public struct Translation: Hashable, Sendable {
        /// In the foreground.
        public var foreground: Int64
        /// In the background.
        public var background: Int64
    }

    /// One thermal zone; temperatures are decimal numbers of degrees Celsius as printed.
    public struct Zone: Hashable, Sendable {
        /// The zone's name as printed.
        public var name: String
        /// The temperature.
        public var current: String
        /// The highest temperature since tegrastats was started; not a limit.
        public var maximum: String?
        /// Whether the sensor is on; a sensor that is off prints −256.
        public var isValid: Bool
    }

    /// One power rail, in mW.
    public struct Rail: Hashable, Sendable {
        /// The rail's label.
        public var name: String
        /// Power now; negative when a sensor reads below its zero.
        public var current: Int64
        /// The mean since tegrastats was started.
        public var average: Int64
        /// The highest power since tegrastats was started; printed from R39 on.
        public var maximum: Int64?
    }
}

/// Why bytes are not a line of tegrastats.
public enum TegrastatsError: Error, Equatable, Sendable {
    /// Nothing but blanks.
    case empty
    /// Longer than `TelemetryLimits.tegrastatsLineBytes`.
    case tooLong(bytes: Int)
    /// A byte that is neither printable ASCII nor a blank.
    case notText(at: Int, byte: UInt8)
    /// No memory, processor, clock, temperature or power in it, or more unknown words than known ones.
    case notTegrastats(knownWords: Int, unknownWords: Int)

    /// What is wrong, for a person.
    public var explanation: String {
        switch self {
        case .empty: "an empty line"
        case .tooLong(let bytes):
            "a line of \(bytes) bytes; at most \(TelemetryLimits.tegrastatsLineBytes) are read"
        case .notText(let at, let byte):
            "not text: byte 0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16) + " at offset \(at)"
        case .notTegrastats(let known, let unknown):
            "not a line of tegrastats: \(known) words are known to it, \(unknown) are not"
        }
    }
}
