import Quantities
import Wire

/// The most that one task may take for its worker to have kept its word.
public struct StatedCost: Hashable, Sendable {
    /// Longest run.
    public let time: TimeSpan
    /// Most energy.
    public let energy: Energy

    /// How far above its word a run may be, as a share of it.
    public static let tolerance = BasisPoints(clamping: 5_000)
    /// How far it may be above at least: a run that is short differs by more than it takes.
    public static let leastTimeTolerance = TimeSpan.milliseconds(100)
    /// The same of energy.
    public static let leastEnergyTolerance = Energy(millijoules: 100)

    /// What a task on `inputSize` bytes may take by what a platform has `stated` of an ordinary one.
    public init(_ stated: ServedOperation, inputSize: ByteCount) {
        let word = stated.grown(to: inputSize)
        let share = Int64(StatedCost.tolerance.value)
        let moreTime = scaled(word.typicalTime.milliseconds, by: share, over: 10_000) ?? .max
        let moreEnergy = word.typicalEnergy.scaled(by: StatedCost.tolerance)
        let time = word.typicalTime + max(StatedCost.leastTimeTolerance, .milliseconds(moreTime))
        self.time = min(time, FederationLimits.longestTaskTime)
        self.energy = min(word.typicalEnergy + max(StatedCost.leastEnergyTolerance, moreEnergy), .largest)
    }

    /// Whether a run that took so much is within it.
    public func covers(time: TimeSpan, energy: Energy) -> Bool { time <= self.time && energy <= self.energy }

    /// How a run that took so much stands to the word; `isLockCut` says that no more was locked than the word allows.
    ///
    /// Then that is what bounds the run: one that takes all of it is beyond the word, and only one within what was
    /// said, without tolerance, shows that the word is kept again.
    public func keeping(time: TimeSpan, energy: Energy, isLockCut: Bool) -> WordKeeping {
        guard covers(time: time, energy: energy) else { return .broken }
        guard isLockCut else { return .kept }
        if energy >= self.energy { return .broken }
        // The tolerance is half of what was said, and so a third of both.
        let tolerance = max(StatedCost.leastEnergyTolerance, Energy(millijoules: self.energy.millijoules / 3))
        return energy <= self.energy - tolerance ? .kept : .neither
    }

    /// Reads `[ms, mJ]`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 2)
        time = try reader.span(atMost: FederationLimits.longestTaskTime)
        energy = try reader.amount()
        reader.endArray()
    }

    /// Writes `[ms, mJ]`.
    public func write(to writer: inout CBORWriter) {
        writer.array(2)
        writer.integer(time.milliseconds)
        writer.integer(energy.millijoules)
    }
}

/// What a run says of its worker's word.
public enum WordKeeping: Hashable, Sendable {
    /// It is within it.
    case kept
    /// It may be within it for no more having been locked.
    case neither
    /// It is beyond it.
    case broken
}

extension ServedOperation {
    /// What is said of a run on `inputSize` bytes: in proportion on more than it was said of, and no less on less.
    public func grown(to inputSize: ByteCount) -> ServedOperation {
        let size = TaskKind.size(ofBucket: TaskKind.bucket(inputSize))
        guard let typicalSize, size > typicalSize else { return self }
        func raised(_ amount: Int64, _ most: Int64) -> Int64 {
            min(most, scaled(amount, by: size.bytes, over: typicalSize.bytes) ?? most)
        }
        let time = raised(typicalTime.milliseconds, FederationLimits.longestTaskTime.milliseconds)
        let energy = raised(typicalEnergy.millijoules, Energy.largest.millijoules)
        return ServedOperation(
            operation: operation, typicalTime: .milliseconds(time), typicalEnergy: Energy(millijoules: energy),
            typicalSize: typicalSize) ?? self
    }
}

/// Whether a peer keeps its word of what runs of one operation take.
///
/// One run says nothing: they scatter, and a word may be wrong until its board has measured. What counts is whether
/// more of them are beyond it than within.
public struct WordRecord: Hashable, Sendable {
    /// Runs beyond the word, less those within it since; 0 … `habit`.
    public private(set) var score: UInt32 = 0
    /// When the last one beyond it was proven; nil where there was none.
    public private(set) var brokenAt: LedgerTime?

    /// From this score on a run beyond the word is no chance any more.
    public static let habit: UInt32 = 8

    /// Before so many of its tasks are verified a run beyond the word does not count: what is said is the mean of what
    /// was measured, and that of fewer runs says little of those to come.
    public static let learning: UInt32 = 4

    /// Nothing is known yet.
    public init() {}

    /// Whether it was beyond its word too often.
    public var isHabit: Bool { score >= WordRecord.habit }

    /// Takes in a run that was handed out at `handedAt` and proven at `now`; returns whether it counts against the
    /// peer.
    ///
    /// Runs that were under way when one beyond the word was proven do not count: until then the peer may not have
    /// known that its word is wrong.
    public mutating func add(isKept: Bool, handedAt: LedgerTime, at now: LedgerTime) -> Bool {
        guard !isKept else {
            score -= min(1, score)
            return false
        }
        if let brokenAt, handedAt < brokenAt { return false }
        brokenAt = now
        score = min(WordRecord.habit, score + 1)
        return isHabit
    }

    /// Reads `[score, broken at]`.
    init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 2)
        score = UInt32(try reader.unsigned(atMost: UInt64(WordRecord.habit)))
        brokenAt = LedgerTime(milliseconds: try reader.integer())
        reader.endArray()
    }

    /// Writes `[score, broken at]` of a record that is not new.
    func write(brokenAt: LedgerTime, to writer: inout CBORWriter) {
        writer.array(2)
        writer.unsigned(UInt64(score))
        writer.integer(brokenAt.milliseconds)
    }
}
