import EnergyProofs
import Quantities

/// Limits of what one agent meters.
public enum SourceLimits {
    /// Most sources of one agent, the board among them; a further one is named in the log and not metered.
    public static let sources = 16
    /// Longest description of how a source is measured, in bytes; the rest is cut.
    public static let wayBytes = 160
    /// Energy pages of one source beside the board kept in the store, the newest: a week of ten-second windows.
    public static let storedPages: UInt64 = 65_536
    /// After so many windows without a reading a source beside the board counts as away; it makes no more pages
    /// until it is back, and then one for all the time between.
    public static let emptyWindows = 6
    /// The most that is believed of a source that nobody rated.
    public static let unratedPower = Power(milliwatts: 10_000_000)
    /// A source is taken to have no more than so many times its rating where nobody looks: a rating limits what is
    /// drawn on average, not at every moment.
    private static let mostOverRated: Int64 = 2
    /// What has to be read and cannot for so long is told, and degrades the agent's health.
    public static let failureTime = TimeSpan.seconds(5)
    /// A total that is less than one of its parts for so long is not metered.
    static let contradictionTime = TimeSpan.seconds(5)
    /// Most causes of throttling that are followed; further ones are not.
    public static let throttleCauses = 64
    /// A cause that is not heard of, or a counter that does not rise, for so long has ended.
    public static let throttleQuiet = TimeSpan.seconds(10)
    /// Most separate times of one reason that are kept for the windows that are open.
    static let throttleStretches = 128
    /// How long they are kept: longer than a window waits for its last reading.
    static let throttleMemory = TimeSpan.seconds(3_600)
    /// Beginnings of one cause within this time are told once.
    public static let throttleLogPause = TimeSpan.seconds(60)

    /// What a source that is rated for `rated`, or by nobody, can have at most, for as long as no reading shows more.
    static func mostPower(rated: Power?) -> Power { times(mostOverRated, rated) }

    /// A reading above so many times a source's rating is a broken sensor.
    public static let believedOverRated: Int64 = 16

    /// The most that is believed of a source that is rated for `rated`, or by nobody.
    static func believablePower(rated: Power?) -> Power { times(believedOverRated, rated) }

    /// So many times `rated`; where nobody said it, the bound itself, which no rating stands behind.
    private static func times(_ times: Int64, _ rated: Power?) -> Power {
        guard let rated else { return unratedPower }
        return Power(milliwatts: max(min(rated, EnergyProofLimits.largestPower).milliwatts, 1) * times)
    }

    /// Whether `power` is more, either way, than is believed of a source that is rated for `rated`, or by nobody.
    public static func isUnbelievable(_ power: Power, rated: Power?) -> Bool {
        power.microwatts.magnitude > UInt64(believablePower(rated: rated).microwatts)
    }
}
