import Cryptography
import Ledger
import Quantities
import Wire

/// Mean and variance of a number, recent values weighing more (each new one an eighth).
///
/// The mean is kept in 1/256, the variance in whole square units; both saturate.
struct MovingStatistic: Hashable, Sendable {
    private(set) var mean256: Int64
    private(set) var variance: Int64

    static let largest: Int64 = 1 << 53

    init(first value: Int64) {
        let value = max(0, min(value, MovingStatistic.largest))
        mean256 = value * 256
        // A single run says little: its deviation is taken to be a quarter of its value.
        variance = Int64(clamping: Int128(value / 4) * Int128(value / 4))
    }

    mutating func add(_ value: Int64) {
        let value = max(0, min(value, MovingStatistic.largest))
        let difference256 = value * 256 - mean256
        let step256 = difference256 / 8
        mean256 += step256
        let spread = Int128(variance) + Int128(difference256) * Int128(step256) / 65_536
        variance = Int64(clamping: spread * 7 / 8)
    }

    var mean: Int64 { mean256 / 256 }

    /// Mean and two standard deviations.
    ///
    /// 1.645 would do for a known mean and variance; these are guesses from about the last fifteen values.
    var p95: Int64 { Int64(clamping: Int128(mean) + 2 * Int128(squareRoot(UInt64(max(0, variance))))) }

    init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 2)
        mean256 = Int64(try reader.unsigned(atMost: UInt64(MovingStatistic.largest) * 256))
        variance = try reader.nonNegative()
        reader.endArray()
    }

    func write(to writer: inout CBORWriter) {
        writer.array(2)
        writer.integer(mean256)
        writer.integer(variance)
    }
}

/// The largest integer whose square is not above `value`.
func squareRoot(_ value: UInt64) -> UInt64 {
    var root: UInt64 = 0
    var bit: UInt64 = 1 << 31
    while bit > 0 {
        let candidate = root | bit
        if candidate * candidate <= value { root = candidate }
        bit >>= 1
    }
    return root
}

/// Learns what operations take at each place, apart for inputs of different size.
///
/// Keeps at most `FederationLimits.maximumPredictions`; the least recently measured makes room.
public struct Predictor: Sendable {
    private struct Key: Hashable, Comparable {
        var place: PlatformID
        var operation: Operation
        var bucket: UInt8

        static func < (left: Key, right: Key) -> Bool {
            if left.place != right.place { return left.place < right.place }
            if left.operation != right.operation { return left.operation < right.operation }
            return left.bucket < right.bucket
        }
    }

    private struct Entry: Hashable {
        var time: MovingStatistic
        var energy: MovingStatistic
        var memory: MovingStatistic
        var runs: UInt32
        var lastRun: UInt64
    }

    private var entries: [Key: Entry] = [:]
    private var clock: UInt64 = 0

    /// A predictor that has seen nothing.
    public init() {}

    /// The bucket of an input: 0 up to 1 KiB, one more for every doubling, 16 from 32 MiB on.
    public static func bucket(_ size: ByteCount) -> UInt8 {
        let kibibytes = UInt64(max(0, size.bytes - 1)) / 1024
        return UInt8(min(16, 64 - kibibytes.leadingZeroBitCount))
    }

    /// Takes in one run.
    public mutating func record(
        place: PlatformID, operation: Operation, inputSize: ByteCount, time: TimeSpan, energy: Energy,
        memory: ByteCount
    ) {
        clock += 1
        let key = Key(place: place, operation: operation, bucket: Predictor.bucket(inputSize))
        if var entry = entries[key] {
            entry.time.add(time.milliseconds)
            entry.energy.add(energy.millijoules)
            entry.memory.add(memory.bytes)
            entry.runs = entry.runs == .max ? .max : entry.runs + 1
            entry.lastRun = clock
            entries[key] = entry
            return
        }
        if entries.count >= FederationLimits.maximumPredictions,
            let oldest = entries.min(by: { $0.value.lastRun < $1.value.lastRun })
        {
            entries[oldest.key] = nil
        }
        entries[key] = Entry(
            time: MovingStatistic(first: time.milliseconds), energy: MovingStatistic(first: energy.millijoules),
            memory: MovingStatistic(first: memory.bytes), runs: 1, lastRun: clock)
    }

    /// What a run will take, or nil where none was measured.
    public func prediction(place: PlatformID, operation: Operation, inputSize: ByteCount) -> Prediction? {
        let key = Key(place: place, operation: operation, bucket: Predictor.bucket(inputSize))
        guard let entry = entries[key] else { return nil }
        return Prediction(
            time: .milliseconds(entry.time.mean), timeP95: .milliseconds(entry.time.p95),
            energy: Energy(millijoules: entry.energy.mean), energyP95: Energy(millijoules: entry.energy.p95),
            memory: ByteCount(bytes: entry.memory.p95), basis: .measured, runs: entry.runs)
    }

    /// Forgets what was measured at `place`.
    public mutating func forget(place: PlatformID) { entries = entries.filter { $0.key.place != place } }

    // MARK: Storage

    /// Reads a stored predictor: `{1: clock, 2: [[place, operation, bucket, time, energy, memory, runs, last run]]}`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(1, of: &map)
        clock = try reader.unsigned(atMost: UInt64(Int64.max))
        try reader.field(2, of: &map)
        var previous: Key?
        for _ in 0..<(try reader.beginArray(limit: FederationLimits.maximumPredictions)) {
            let start = reader.offset
            try reader.beginArray(of: 8)
            let place = KeyID(bytes: try reader.bytes32())
            let operation = try Operation(from: &reader)
            let key = Key(place: place, operation: operation, bucket: UInt8(try reader.unsigned(atMost: 16)))
            if let previous, previous >= key { throw .invalidValue(at: start) }
            previous = key
            entries[key] = Entry(
                time: try MovingStatistic(from: &reader), energy: try MovingStatistic(from: &reader),
                memory: try MovingStatistic(from: &reader), runs: try reader.unsigned32(),
                lastRun: try reader.unsigned(atMost: clock))
            reader.endArray()
        }
        reader.endArray()
        try reader.endMap(&map)
    }

    /// Appends the predictor's encoding, places in ascending order.
    public func write(to writer: inout CBORWriter) {
        var fields = FieldWriter()
        fields.unsigned(1, clock)
        fields.array(2, count: entries.count) { writer in
            for (key, entry) in entries.sorted(by: { $0.key < $1.key }) {
                writer.array(8)
                writer.byteString(key.place.bytes)
                writer.text(key.operation.name)
                writer.unsigned(UInt64(key.bucket))
                entry.time.write(to: &writer)
                entry.energy.write(to: &writer)
                entry.memory.write(to: &writer)
                writer.unsigned(UInt64(entry.runs))
                writer.unsigned(entry.lastRun)
            }
        }
        fields.finish(into: &writer)
    }
}
