import Quantities
import Telemetry
import Wire

/// How finely the energy history is told.
public enum HistoryResolution: UInt8, Sendable, CaseIterable {
    /// Every sample.
    case sample = 1
    /// Whole minutes of the wall clock.
    case minute = 2
    /// Whole hours of the wall clock.
    case hour = 3

    /// The resolution in the words of requests and output.
    public var name: String {
        switch self {
        case .sample: "sample"
        case .minute: "minute"
        case .hour: "hour"
        }
    }

    /// The resolution called `name`, or nil.
    public init?(name: String) {
        guard let resolution = HistoryResolution.allCases.first(where: { $0.name == name }) else { return nil }
        self = resolution
    }

    /// Length of what is told as one; nil for single samples.
    var length: TimeSpan? {
        switch self {
        case .sample: nil
        case .minute: .seconds(60)
        case .hour: .seconds(3600)
        }
    }

    /// Where what is told as one begins that `time` lies in.
    func start(of time: WallTime) -> WallTime {
        guard let length = length?.milliseconds else { return time }
        return WallTime(milliseconds: time.milliseconds.flooredQuotient(by: length) * length)
    }

    /// The records that hold it; nil for what is only remembered.
    public var recordKind: StoreRecordKind? {
        switch self {
        case .sample: nil
        case .minute: .historyMinute
        case .hour: .historyHour
        }
    }

    /// How many of them are kept.
    var kept: UInt64 {
        switch self {
        case .sample: UInt64(EnergyHistoryLimits.samples)
        case .minute: EnergyHistoryLimits.minutes
        case .hour: EnergyHistoryLimits.hours
        }
    }
}

/// What is kept of a minute or an hour of a board.
public struct HistoryBucket: Hashable, Sendable {
    /// Where the minute or hour of the wall clock begins; in records of the first release, where its first measured
    /// stretch does.
    public internal(set) var start: WallTime
    /// Time in it that was measured.
    public internal(set) var covered: TimeSpan = .zero
    /// Energy of that time, in µJ.
    public internal(set) var microjoules: UInt64 = 0
    /// Samples that showed power.
    public internal(set) var samples: UInt64 = 0
    /// The lowest power that was read; zero where none was.
    public internal(set) var lowest: Power = .zero
    /// The highest power that was read; zero where none was.
    public internal(set) var highest: Power = .zero
    /// The hottest that a die was; nil where no zone was read.
    public internal(set) var hottest: Temperature?
    /// Measured time in which something throttled the board.
    public internal(set) var throttled: TimeSpan = .zero

    init(start: WallTime) { self.start = start }

    /// Mean power over the measured time; zero where none was.
    public var mean: Power {
        guard covered.milliseconds > 0 else { return .zero }
        return Power(microwatts: Int64(clamping: UInt128(microjoules) * 1000 / UInt128(covered.milliseconds)))
    }

    mutating func add(power: Power) {
        lowest = samples == 0 ? power : min(lowest, power)
        highest = samples == 0 ? power : max(highest, power)
        samples += 1
    }

    mutating func add(temperature: Temperature) { hottest = max(hottest ?? temperature, temperature) }

    mutating func add(_ stretch: MeasuredStretch) {
        add(covered: stretch.covered, microjoules: stretch.microjoules, isThrottled: stretch.isThrottled)
    }

    private mutating func add(covered span: TimeSpan, microjoules energy: UInt64, isThrottled: Bool) {
        covered = covered + span
        microjoules = microjoules.addingReportingOverflow(energy).overflow ? .max : microjoules + energy
        if isThrottled { throttled = throttled + span }
    }

    /// Takes in a bucket that lies within this one.
    mutating func add(_ part: HistoryBucket) {
        if part.samples > 0 {
            lowest = samples == 0 ? part.lowest : min(lowest, part.lowest)
            highest = samples == 0 ? part.highest : max(highest, part.highest)
            samples += part.samples
        }
        if let temperature = part.hottest { add(temperature: temperature) }
        add(covered: part.covered, microjoules: part.microjoules, isThrottled: false)
        throttled = throttled + part.throttled
    }

    // MARK: Coding

    /// Reads a bucket: start (wall ms), covered (ms), µJ, samples, lowest and highest (mW), throttled (ms), and the
    /// hottest (m°C) where there is one.
    init(from reader: inout CBORReader) throws(CBORError) {
        let count = try reader.beginArray(limit: 8)
        guard count >= 7 else { throw .invalidValue(at: reader.offset) }
        start = WallTime(milliseconds: try reader.integer())
        covered = .milliseconds(try reader.nonNegative())
        microjoules = try reader.unsigned()
        samples = try reader.unsigned()
        lowest = Power(milliwatts: try reader.integer())
        highest = Power(milliwatts: try reader.integer())
        throttled = .milliseconds(try reader.nonNegative())
        if count == 8 {
            let offset = reader.offset
            guard let millidegrees = Int32(exactly: try reader.integer()) else { throw .invalidValue(at: offset) }
            hottest = Temperature(millidegrees: millidegrees)
        }
        reader.endArray()
    }

    /// Appends the bucket's encoding.
    func write(to writer: inout CBORWriter) {
        writer.array(hottest == nil ? 7 : 8)
        writer.integer(start.milliseconds)
        writer.unsigned(UInt64(max(0, covered.milliseconds)))
        writer.unsigned(microjoules)
        writer.unsigned(samples)
        writer.integer(lowest.milliwatts)
        writer.integer(highest.milliwatts)
        writer.unsigned(UInt64(max(0, throttled.milliseconds)))
        if let hottest { writer.integer(Int64(hottest.millidegrees)) }
    }

    /// The bucket that a record's value holds; nil where it holds none.
    public init?(decoding bytes: [UInt8]) {
        do throws(CBORError) {
            var reader = try CBORReader(bytes.span, limit: EnergyHistoryLimits.bucketBytes)
            let bucket = try HistoryBucket(from: &reader)
            try reader.finish()
            self = bucket
        } catch { return nil }
    }

    /// The bucket as a record's value.
    var encoded: [UInt8] {
        var writer = CBORWriter()
        write(to: &writer)
        return writer.bytes
    }
}
