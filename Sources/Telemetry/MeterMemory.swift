import Quantities
import Wire

/// What a meter knew of its load's swings when it was kept for a restart.
///
/// It claims that the load goes on as it was watched: that it swings between two readings no further than it did
/// in the intervals before. That is what a running meter claims from one interval to the next, and no more than
/// that while nobody looked for a moment. After hours other programs may be at work, and after a reboot others
/// are; so it counts only within the boot, where readings go on before as much time has passed as it takes to get
/// to know a load (`MeterLimits.memory` sample periods). A running meter forgets after a gap of that length too.
/// It counts only for the same sample period and sensor step: what changes between readings that are further
/// apart, or less than a coarser sensor could show, was never watched. The largest change is then remembered for
/// as long as if it had been the last one. What was seen after the last page that was kept is lost with it.
///
/// Encoding: an array of the sample period (ms), the sensor's step (µW), the intervals seen and the largest change
/// (µW).
struct MeterMemory: Hashable, Sendable {
    /// The time between two samples when it was watched.
    let samplePeriod: TimeSpan
    /// The sensor's step then.
    let sensorStep: Power
    /// Intervals seen, 1 … `MeterLimits.memory`.
    let seen: Int
    /// The largest change of them, at most `MeterLimits.largestPower`.
    let largest: Power

    /// What `swing` knows of a load that is watched by `configuration`; nil where it has seen nothing.
    init?(_ swing: MeterSwing, _ configuration: MeterConfiguration) {
        guard swing.seen > 0 else { return nil }
        samplePeriod = configuration.samplePeriod
        sensorStep = configuration.sensorStep
        seen = swing.seen
        largest = min(swing.change, MeterLimits.largestPower)
    }

    /// Whether it says anything of a load that is watched by `configuration`.
    func fits(_ configuration: MeterConfiguration) -> Bool {
        samplePeriod == configuration.samplePeriod && sensorStep == configuration.sensorStep
    }

    /// Reads the memory that comes next.
    init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 4)
        samplePeriod = .milliseconds(
            Int64(try MeterMemory.positive(&reader, atMost: UInt64(MeterLimits.longestPeriod.milliseconds))))
        let most = UInt64(MeterLimits.largestPower.microwatts)
        sensorStep = Power(microwatts: Int64(try reader.unsigned(atMost: most)))
        seen = Int(try MeterMemory.positive(&reader, atMost: UInt64(MeterLimits.memory)))
        largest = Power(microwatts: Int64(try reader.unsigned(atMost: most)))
        reader.endArray()
    }

    /// Appends the memory's encoding.
    func write(to writer: inout CBORWriter) {
        writer.array(4)
        writer.unsigned(UInt64(samplePeriod.milliseconds))
        writer.unsigned(UInt64(sensorStep.microwatts))
        writer.unsigned(UInt64(seen))
        writer.unsigned(UInt64(largest.microwatts))
    }

    private static func positive(_ reader: inout CBORReader, atMost most: UInt64) throws(CBORError) -> UInt64 {
        let offset = reader.offset
        let value = try reader.unsigned(atMost: most)
        guard value > 0 else { throw .invalidValue(at: offset) }
        return value
    }
}
