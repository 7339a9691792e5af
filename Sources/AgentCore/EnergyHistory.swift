import Quantities
import Telemetry
import Wire

/// One look at a board, as its history takes it in.
struct HistoryReading {
    let at: BootTime
    let wall: WallTime
    /// The board's power; nil where it was not read in full.
    let power: Power?
    /// The board's register after this sample; nil where no meter runs.
    let register: EnergyRegister?
    let temperature: Temperature?
    let isThrottled: Bool
}

/// A sample as it is remembered.
struct HistorySample: Hashable, Sendable {
    let wall: WallTime
    private let milliwatts: Int32
    private let millidegrees: Int32

    private static let unknown = Int32.min

    init(_ reading: HistoryReading) {
        wall = reading.wall
        milliwatts = reading.power.map { Int32(clamping: max(Int64(-Int32.max), $0.milliwatts)) } ?? Self.unknown
        millidegrees = reading.temperature?.millidegrees ?? Self.unknown
    }

    var power: Power? { milliwatts == Self.unknown ? nil : Power(milliwatts: Int64(milliwatts)) }

    var temperature: Temperature? {
        millidegrees == Self.unknown ? nil : Temperature(millidegrees: millidegrees)
    }
}

/// What a board drew and how warm it was: the newest samples, and minutes and hours that are handed out to be stored.
///
/// A stretch between two samples is shared, in proportion to time, among the minutes in which it lies: nothing is
/// counted twice or left out. Minutes and hours are those of the wall clock; where that jumps a new one begins, and
/// length is always that of boot time. Each has a number one higher than the one before, under which it is stored.
struct EnergyHistory: Sendable {
    /// A minute or an hour that is over.
    struct Closed: Hashable {
        let resolution: HistoryResolution
        let number: UInt64
        let bucket: HistoryBucket
    }

    /// Longest time between two samples that counts as measured.
    private let longestSpan: TimeSpan
    private var samples: [HistorySample] = []
    /// Where the next sample goes once the ring is full.
    private var nextSample = 0
    private var last: HistoryReading?
    private var minute: HistoryState.Open?
    /// What outlives a restart.
    private(set) var state: HistoryState

    /// The history of a board that is looked at every `samplePeriod`, going on from what was stored.
    init(samplePeriod: TimeSpan, resuming state: HistoryState?) {
        longestSpan = samplePeriod * MeterLimits.gapPeriods
        self.state = state ?? HistoryState()
    }

    /// The samples that are remembered, oldest first.
    var newestSamples: [HistorySample] { Array(samples[nextSample...] + samples[..<nextSample]) }

    /// What is not over yet, or not known to be, oldest first.
    func open(_ resolution: HistoryResolution) -> [HistoryBucket] {
        let newest = minute.map { [$0.bucket] } ?? []
        switch resolution {
        case .sample: return []
        case .minute: return newest
        case .hour:
            guard var open = state.hour else { return newest }
            guard let minute else { return [open.bucket] }
            guard minute.index.flooredQuotient(by: EnergyHistory.minutesPerHour) == open.index else {
                return [open.bucket, minute.bucket]
            }
            open.bucket.add(minute.bucket)
            return [open.bucket]
        }
    }

    private static let minutesPerHour: Int64 = 60

    /// Takes in a sample; returns what it ends, the minute before its hour.
    mutating func record(_ reading: HistoryReading) -> [Closed] {
        remember(HistorySample(reading))
        defer { last = reading }
        let index = reading.wall.milliseconds.flooredQuotient(by: EnergyHistory.minuteMilliseconds)
        var closed: [Closed] = []
        var stretch = self.stretch(to: reading)
        while var open = minute, open.index < index, let part = stretch?.takePart(before: open.index + 1) {
            open.bucket.add(part)
            minute = open
            closed += closeMinute()
            // Where samples lie further apart than minutes, one has no sample of its own.
            if open.index + 1 < index { minute = EnergyHistory.begun(open.index + 1) }
        }
        if let open = minute, open.index != index { closed += closeMinute() }
        var open = minute ?? EnergyHistory.begun(index)
        if let power = reading.power { open.bucket.add(power: power) }
        if let temperature = reading.temperature { open.bucket.add(temperature: temperature) }
        if let stretch { open.bucket.add(stretch) }
        minute = open
        return closed
    }

    /// The minute `index` of the wall clock, with nothing in it.
    private static func begun(_ index: Int64) -> HistoryState.Open {
        HistoryState.Open(
            index: index, bucket: HistoryBucket(start: WallTime(milliseconds: index * minuteMilliseconds)))
    }

    static let minuteMilliseconds: Int64 = 60_000

    /// Ends the open minute, as when the agent stops.
    mutating func closeMinute() -> [Closed] {
        guard let ended = minute else { return [] }
        minute = nil
        defer { state.nextMinute += 1 }
        let index = ended.index.flooredQuotient(by: EnergyHistory.minutesPerHour)
        var closed = [Closed(resolution: .minute, number: state.nextMinute, bucket: ended.bucket)]
        if let open = state.hour, open.index != index {
            closed.append(Closed(resolution: .hour, number: state.nextHour, bucket: open.bucket))
            state.nextHour += 1
            state.hour = nil
        }
        let start = WallTime(milliseconds: index * EnergyHistory.minutesPerHour * EnergyHistory.minuteMilliseconds)
        var open = state.hour ?? HistoryState.Open(index: index, bucket: HistoryBucket(start: start))
        open.bucket.add(ended.bucket)
        state.hour = open
        return closed
    }

    /// What was measured since the last sample, where power was read at both ends and no gap is between.
    private func stretch(to reading: HistoryReading) -> MeasuredStretch? {
        guard let last, last.power != nil, reading.power != nil else { return nil }
        guard let before = last.register, let register = reading.register else { return nil }
        let span = reading.at.since(last.at)
        guard span > .zero, span <= longestSpan else { return nil }
        // A register that fell is that of a new epoch: what it counted so far is not known to be of this stretch.
        let energy = register >= before ? register.microjoules - before.microjoules : 0
        return MeasuredStretch(
            covered: span, microjoules: energy, isThrottled: reading.isThrottled, end: reading.wall)
    }

    private mutating func remember(_ sample: HistorySample) {
        if samples.count < EnergyHistoryLimits.samples {
            samples.append(sample)
        } else {
            samples[nextSample] = sample
            nextSample = (nextSample + 1) % EnergyHistoryLimits.samples
        }
    }
}

/// Measured time, up to a moment of the wall clock.
struct MeasuredStretch: Hashable, Sendable {
    private(set) var covered: TimeSpan
    private(set) var microjoules: UInt64
    let isThrottled: Bool
    let end: WallTime

    /// A stretch of its parts.
    init(covered: TimeSpan, microjoules: UInt64, isThrottled: Bool, end: WallTime) {
        self.covered = covered
        self.microjoules = microjoules
        self.isThrottled = isThrottled
        self.end = end
    }

    /// Takes away what lies before the minute `index` of the wall clock; nil where nothing does.
    ///
    /// Its energy is shared in proportion to time; what the division leaves over stays in the rest.
    mutating func takePart(before index: Int64) -> MeasuredStretch? {
        let border = WallTime(milliseconds: index * EnergyHistory.minuteMilliseconds)
        let rest = min(covered, max(.zero, end.since(border)))
        let length = covered.milliseconds - rest.milliseconds
        guard length > 0 else { return nil }
        let share = UInt64(UInt128(microjoules) * UInt128(length) / UInt128(covered.milliseconds))
        let part = MeasuredStretch(
            covered: .milliseconds(length), microjoules: share, isThrottled: isThrottled, end: min(end, border))
        covered = rest
        microjoules -= share
        return part
    }
}

/// Where an energy history stands: what of it outlives a restart besides the minutes and hours that are over.
struct HistoryState: Hashable, Sendable {
    /// A minute or an hour that is not over.
    struct Open: Hashable, Sendable {
        /// Which minute or hour of the wall clock it is.
        var index: Int64
        var bucket: HistoryBucket
    }

    /// Numbers of the next minute and hour.
    var nextMinute: UInt64 = 0
    var nextHour: UInt64 = 0
    var hour: Open?

    /// Nothing yet.
    init() {}

    /// Reads an array of the next minute's number, the next hour's, and, where an hour is open, which one it is and
    /// its bucket.
    init(from reader: inout CBORReader) throws(CBORError) {
        let count = try reader.beginArray(limit: 4)
        guard count == 2 || count == 4 else { throw .invalidValue(at: reader.offset) }
        nextMinute = try reader.unsigned(atMost: UInt64(Int64.max))
        nextHour = try reader.unsigned(atMost: UInt64(Int64.max))
        if count == 4 { hour = Open(index: try reader.integer(), bucket: try HistoryBucket(from: &reader)) }
        reader.endArray()
    }

    /// The state that a record's value holds; nil where it holds none.
    init?(decoding bytes: [UInt8]) {
        do throws(CBORError) {
            var reader = try CBORReader(bytes.span, limit: 2 * EnergyHistoryLimits.bucketBytes)
            let state = try HistoryState(from: &reader)
            try reader.finish()
            self = state
        } catch { return nil }
    }

    /// The stored form.
    var encoded: [UInt8] {
        var writer = CBORWriter()
        writer.array(hour == nil ? 2 : 4)
        writer.unsigned(nextMinute)
        writer.unsigned(nextHour)
        if let hour {
            writer.integer(hour.index)
            hour.bucket.write(to: &writer)
        }
        return writer.bytes
    }
}
