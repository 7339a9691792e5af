import Cryptography
import Ledger
import Quantities
import Wire

/// Learns what tasks take at each place, apart for each operation and size of input.
///
/// Keeps at most `FederationLimits.maximumPredictions`; the least recently measured makes room.
public struct Predictor: Sendable {
    struct Key: Hashable, Comparable {
        var place: PlatformID
        var kind: TaskKind

        static func < (left: Key, right: Key) -> Bool {
            left.place != right.place ? left.place < right.place : left.kind < right.kind
        }
    }

    /// What was measured of one kind at one place.
    struct Entry: Hashable {
        var time: MovingStatistic
        var energy: MovingStatistic
        var memory: MovingStatistic
        var runs: UInt32
        var lastRun: UInt64
        /// Runs of the kind, at all places, when the last one here was taken in.
        var ofKind: UInt64
    }

    private(set) var entries: [Key: Entry] = [:]
    private var clock: UInt64 = 0
    /// Runs of each kind at all places, as far as one of its entries is left.
    private(set) var runs: [TaskKind: UInt64] = [:]

    /// A predictor that has seen nothing.
    public init() {}

    /// Takes in one run.
    public mutating func record(
        place: PlatformID, operation: Operation, inputSize: ByteCount, time: TimeSpan, energy: Energy,
        memory: ByteCount
    ) {
        clock += 1
        let key = Key(place: place, kind: TaskKind(operation, inputSize: inputSize))
        let ofKind = (runs[key.kind] ?? 0) + 1
        runs[key.kind] = ofKind
        if var entry = entries[key] {
            let unseen = ofKind - 1 - min(entry.ofKind, ofKind - 1)
            let timeChange = entry.time.add(time.milliseconds, unseen: unseen)
            let energyChange = entry.energy.add(energy.millijoules, unseen: unseen)
            entry.memory.add(memory.bytes, unseen: unseen)
            entry.runs = entry.runs == .max ? .max : entry.runs + 1
            entry.lastRun = clock
            entry.ofKind = ofKind
            entries[key] = entry
            if timeChange != nil || energyChange != nil { tellSiblings(of: key, timeChange, energyChange) }
        } else {
            if entries.count >= FederationLimits.maximumPredictions { forgetOldest() }
            entries[key] = Entry(
                time: MovingStatistic(first: time.milliseconds), energy: MovingStatistic(first: energy.millijoules),
                memory: MovingStatistic(first: memory.bytes), runs: 1, lastRun: clock, ofKind: ofKind)
        }
    }

    /// Where runs on one size have changed, those on other sizes there are taken to have changed alike.
    private mutating func tellSiblings(
        of key: Key, _ time: (before: Int64, after: Int64)?, _ energy: (before: Int64, after: Int64)?
    ) {
        for bucket in 0...TaskKind.highestBucket where bucket != key.kind.bucket {
            let sibling = Key(place: key.place, kind: TaskKind(key.kind.operation, bucket: bucket))
            if let time { entries[sibling]?.time.follow(time) }
            if let energy { entries[sibling]?.energy.follow(energy) }
        }
    }

    /// What a run will take, or nil where none was measured.
    public func prediction(place: PlatformID, operation: Operation, inputSize: ByteCount) -> Prediction? {
        prediction(of: Key(place: place, kind: TaskKind(operation, inputSize: inputSize)))
    }

    func prediction(of key: Key) -> Prediction? {
        guard let entry = entries[key] else { return nil }
        let ofKind = runs[key.kind] ?? entry.ofKind
        return Prediction(
            time: .milliseconds(entry.time.mean), timeP95: .milliseconds(entry.time.bound),
            energy: Energy(millijoules: entry.energy.mean), energyP95: Energy(millijoules: entry.energy.bound),
            memory: ByteCount(bytes: entry.memory.bound), basis: .measured, runs: entry.runs,
            unseen: UInt32(clamping: ofKind - min(entry.ofKind, ofKind)), uncertainty: entry.energy.uncertainty)
    }

    /// Everything that was measured at `place`, by kind.
    /// - Complexity: O(predictions).
    public func predictions(place: PlatformID) -> [(kind: TaskKind, prediction: Prediction)] {
        entries.keys.filter { $0.place == place }.sorted().compactMap { key in
            prediction(of: key).map { (key.kind, $0) }
        }
    }

    /// What an ordinary run of `operation` takes at `place`, and on how much: the mean of those that were measured
    /// there on inputs of all sizes; nil where none was.
    ///
    /// It is raised as far as it has to be so that, grown in proportion to the input, it is no more than a quarter
    /// short for any size of which there were some runs.
    public func ordinary(place: PlatformID, operation: Operation) -> ServedOperation? {
        var known: [(size: Int64, entry: Entry)] = []
        for bucket in 0...TaskKind.highestBucket {
            guard let entry = entries[Key(place: place, kind: TaskKind(operation, bucket: bucket))] else { continue }
            known.append((TaskKind.size(ofBucket: bucket).bytes, entry))
        }
        let runs = known.reduce(Int128(0)) { $0 + Int128($1.entry.runs) }
        guard runs > 0 else { return nil }
        func mean(_ value: ((size: Int64, entry: Entry)) -> Int64) -> Int64 {
            Int64(clamping: known.reduce(Int128(0)) { $0 + Int128($1.entry.runs) * Int128(value($1)) } / runs)
        }
        let size = max(1, mean { $0.size })
        func raised(_ value: (Entry) -> Int64) -> Int64 {
            known.reduce(mean { value($0.entry) }) { least, kind in
                guard kind.entry.runs >= Predictor.leastRuns else { return least }
                let inProportion = scaled(value(kind.entry), by: size, over: max(size, kind.size)) ?? .max
                return max(least, inProportion / 5 * 4)
            }
        }
        let (time, energy) = (raised { $0.time.mean }, raised { $0.energy.mean })
        return ServedOperation(
            operation: operation, typicalTime: min(.milliseconds(time), FederationLimits.longestTaskTime),
            typicalEnergy: min(Energy(millijoules: energy), .largest), typicalSize: ByteCount(bytes: size))
    }

    /// Runs on one size from which on they count for what is said of an ordinary one.
    private static let leastRuns: UInt32 = 4

    /// Forgets what was measured at `place`.
    public mutating func forget(place: PlatformID) {
        entries = entries.filter { $0.key.place != place }
        dropUnusedCounts()
    }

    private mutating func forgetOldest() {
        guard let oldest = entries.min(by: { $0.value.lastRun < $1.value.lastRun })?.key else { return }
        entries[oldest] = nil
        dropUnusedCounts()
    }

    private mutating func dropUnusedCounts() {
        var used: Set<TaskKind> = []
        for key in entries.keys { used.insert(key.kind) }
        runs = runs.filter { used.contains($0.key) }
    }

    // MARK: Storage

    /// Reads a stored predictor:
    /// `{1: clock, 2: [[place, operation, bucket, time, energy, memory, runs, last run, runs of the kind]]}`;
    /// rows of earlier versions end with the last run.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(1, of: &map)
        clock = try reader.unsigned(atMost: UInt64(Int64.max))
        try reader.field(2, of: &map)
        var previous: Key?
        for _ in 0..<(try reader.beginArray(limit: FederationLimits.maximumPredictions)) {
            let start = reader.offset
            let count = try reader.beginArray(limit: 9)
            guard count == 8 || count == 9 else { throw .wrongCount(at: start, expected: 9, found: count) }
            let place = KeyID(bytes: try reader.bytes32())
            let operation = try Operation(from: &reader)
            let bucket = UInt8(try reader.unsigned(atMost: UInt64(TaskKind.highestBucket)))
            let key = Key(place: place, kind: TaskKind(operation, bucket: bucket))
            if let previous, previous >= key { throw .invalidValue(at: start) }
            previous = key
            var entry = Entry(
                time: try MovingStatistic(from: &reader), energy: try MovingStatistic(from: &reader),
                memory: try MovingStatistic(from: &reader), runs: try reader.unsigned32(),
                lastRun: try reader.unsigned(atMost: clock), ofKind: 0)
            if count == 9 { entry.ofKind = try reader.unsigned(atMost: clock) }
            reader.endArray()
            entries[key] = entry
            // What is not stored of a kind is taken from the place that has seen it last.
            runs[key.kind] = max(runs[key.kind] ?? 0, entry.ofKind)
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
                writer.array(9)
                writer.byteString(key.place.bytes)
                writer.text(key.kind.operation.name)
                writer.unsigned(UInt64(key.kind.bucket))
                entry.time.write(to: &writer)
                entry.energy.write(to: &writer)
                entry.memory.write(to: &writer)
                writer.unsigned(UInt64(entry.runs))
                writer.unsigned(entry.lastRun)
                writer.unsigned(entry.ofKind)
            }
        }
        fields.finish(into: &writer)
    }
}
