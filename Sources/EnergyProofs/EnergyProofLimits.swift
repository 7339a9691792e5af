import Quantities

/// Limits of energy proofs and of the charging gate.
public enum EnergyProofLimits {
    /// Longest identity of a source in bytes.
    public static let sourceIDBytes = 192
    /// Longest name of a power mode in bytes.
    public static let powerModeBytes = 64
    /// Longest validation method in bytes.
    public static let validationMethodBytes = 240
    /// Longest payload of one page in bytes.
    public static let payloadBytes = 2048
    /// Longest encoded page, envelope included, in bytes.
    public static let pageBytes = 2304
    /// Largest count, page number or time in milliseconds that a page may carry.
    public static let largestCount: UInt64 = (1 << 53) - 1
    /// Largest power that a page may carry.
    public static let largestPower = Power(milliwatts: 1_000_000_000)
    /// Least and most power a person may declare.
    public static let humanPower = Power(milliwatts: 50_000)...Power(milliwatts: 200_000)
    /// Most time of a day for which a person's power charges.
    public static let humanTimeADay = TimeSpan.seconds(16 * 3600)
    /// Most sources one charging gate knows; another one is refused.
    public static let sources = 64
    /// Pages of one source that can be charged from; the oldest makes room.
    public static let openProofs = 512
    /// Most pages of one export.
    public static let exportPages = 65_536
    /// Most sources, each counted once for every class it shows, of one export.
    public static let exportSources = 64
    /// Longest export in bytes.
    public static let exportBytes = 67_108_864
    /// Longest description of a board in an export in bytes.
    public static let boardDescriptionBytes = 256
    /// Most periods that a report cuts its time into.
    public static let reportPeriods = 8_784
    /// Most entries of a report: what one source gave in one period, class and register.
    public static let reportEntries = 65_536
    /// Longest line of the metering export in bytes.
    public static let meteringRecordBytes = 4_096
    /// Most lines of the metering export.
    public static let meteringRecords = 65_536
    /// Longest encoding of a charging gate's state in bytes.
    public static let gateBytes = 16_777_216
}
