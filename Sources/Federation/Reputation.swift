import Quantities
import Wire

/// A moving average of shares: each new value moves it a tenth of the way (α = 0.1).
///
/// Steps are rounded towards the old value, so it comes to rest within nine ten-thousandths of a
/// constant input.
public struct MovingShare: Hashable, Sendable {
    /// The average.
    public private(set) var value: BasisPoints

    /// An average that starts at `value`.
    public init(_ value: BasisPoints) { self.value = value }

    /// Takes in `sample`.
    public mutating func add(_ sample: BasisPoints) {
        let old = Int64(value.value)
        value = BasisPoints(clamping: old + (Int64(sample.value) - old) / 10)
    }
}

/// How good one peer's verified work of one operation was.
public struct Reputation: Hashable, Sendable {
    /// The operation.
    public let operation: Operation
    /// Moving average of verified quality; starts at one half.
    public private(set) var average: MovingShare
    /// Verified tasks.
    public private(set) var verified: UInt32
    /// When the last one was verified.
    public private(set) var updated: LedgerTime
    /// Results since then that were taken on their claim.
    public private(set) var unverified: UInt32 = 0
    /// Results in a row that have yet to be verified as good before any is taken on its claim again.
    public private(set) var probation: UInt32 = 0
    /// Whether its runs take what it says.
    public private(set) var word = WordRecord()

    /// Where every reputation begins and to which it decays.
    public static let start = BasisPoints(clamping: 5_000)
    /// Below this a peer is not chosen once it is known.
    public static let minimum = BasisPoints(clamping: 6_000)
    /// From this many verified tasks on a peer is known.
    public static let knownAfter: UInt32 = 10

    /// Verified tasks of one operation that count at most for the others.
    static let mostWeight: UInt32 = 1_000

    /// No experience with `operation` yet.
    public init(operation: Operation, at now: LedgerTime) {
        self.operation = operation
        self.average = MovingShare(Reputation.start)
        self.verified = 0
        self.updated = now
    }

    /// Takes in the quality of a task that was verified at `now`; `isFalse` says that it was not paid for that.
    public mutating func add(_ quality: BasisPoints, isFalse: Bool = false, at now: LedgerTime) {
        unverified = 0
        probation = isFalse ? Reputation.knownAfter : probation - min(1, probation)
        average = MovingShare(value(at: now))
        average.add(quality)
        let counted = verified(at: now)
        verified = counted == .max ? .max : counted + 1
        updated = max(updated, now)
    }

    /// Takes in whether a run was within its word; returns whether it counts against the peer.
    mutating func addWord(isKept: Bool, handedAt: LedgerTime, at now: LedgerTime) -> Bool {
        word.add(isKept: isKept, handedAt: handedAt, at: now)
    }

    /// Takes in that a result was taken on its claim.
    mutating func addUnverified() { if unverified < .max { unverified += 1 } }

    /// The reputation at `now`: each idle day takes it a hundredth of the way back to one half.
    /// - Complexity: O(idle days), at most 365.
    public func value(at now: LedgerTime) -> BasisPoints {
        let day: Int64 = 86_400_000
        let days = min(365, max(0, now.since(updated).milliseconds) / day)
        var value = Int64(average.value.value)
        for _ in 0..<days { value += (Int64(Reputation.start.value) - value) / 100 }
        return BasisPoints(clamping: value)
    }

    /// The verified tasks that still count at `now`: half of them after every thirty idle days, so that who has not
    /// worked for long begins anew, with small tasks, rather than being left out for good.
    public func verified(at now: LedgerTime) -> UInt32 {
        let halvings = max(0, now.since(updated).milliseconds) / Reputation.halvingTime.milliseconds
        return halvings < 32 ? verified >> UInt32(halvings) : 0
    }

    /// Idle time after which half of the verified tasks count.
    static let halvingTime = TimeSpan.seconds(30 * 86_400)

    /// A broken bond costs half of it.
    mutating func halve() { average = MovingShare(BasisPoints(clamping: Int64(average.value.value) / 2)) }

    /// Reads `[operation, average, verified, updated]`, with unverified and probation behind where there are some, and
    /// behind those `[score, broken at]` of its word where it was beyond it.
    init(from reader: inout CBORReader) throws(CBORError) {
        let start = reader.offset
        let count = try reader.beginArray(limit: 7)
        guard count == 4 || count >= 6 else { throw .wrongCount(at: start, expected: 4, found: count) }
        operation = try Operation(from: &reader)
        average = MovingShare(try reader.share())
        verified = try reader.unsigned32()
        updated = LedgerTime(milliseconds: try reader.integer())
        if count >= 6 {
            unverified = try reader.unsigned32()
            probation = UInt32(try reader.unsigned(atMost: UInt64(Reputation.knownAfter)))
            guard unverified > 0 || probation > 0 || count == 7 else { throw .invalidValue(at: start) }
        }
        if count == 7 { word = try WordRecord(from: &reader) }
        reader.endArray()
    }

    func write(to writer: inout CBORWriter) {
        let brokenAt = word.brokenAt
        let isPlain = unverified == 0 && probation == 0 && brokenAt == nil
        writer.array(isPlain ? 4 : brokenAt == nil ? 6 : 7)
        writer.text(operation.name)
        writer.unsigned(UInt64(average.value.value))
        writer.unsigned(UInt64(verified))
        writer.integer(updated.milliseconds)
        guard !isPlain else { return }
        writer.unsigned(UInt64(unverified))
        writer.unsigned(UInt64(probation))
        if let brokenAt { word.write(brokenAt: brokenAt, to: &writer) }
    }
}
