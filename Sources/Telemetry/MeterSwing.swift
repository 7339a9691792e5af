import Quantities

/// The largest change between neighbouring readings of late: what is known of how far power may swing unseen.
///
/// A sensor that shows power at single moments says nothing of what happened between two of them. What may have
/// happened is taken from memory: power that went from one level to another within a sample period lately may
/// do so again, up and down, between any two samples. Until `MeterLimits.memory` intervals have been seen,
/// or fewer with looks between their ends, nothing is known, and any power that the source can have may hide.
struct MeterSwing: Sendable {
    /// Intervals that share one remembered change; the memory forgets so many at once.
    private static let intervalsPerSlot = 16
    private static let slots = MeterLimits.memory / intervalsPerSlot

    /// Largest change of each run of intervals, in µW; the oldest makes room.
    private var largest: [Int64] = []
    private var current = 0
    private var inSlot = 0
    /// Intervals and looks seen, at most `MeterLimits.memory`.
    private(set) var seen = 0

    /// Nothing seen so far.
    init() {}

    /// What `memory` knows, its change remembered for as long as one that comes now.
    init(_ memory: MeterMemory) {
        seen = memory.seen
        largest = [memory.largest.microwatts]
    }

    /// The largest change that is remembered.
    var change: Power { Power(microwatts: largest.max() ?? 0) }

    /// Takes in the change over one interval.
    ///
    /// Each of the `looks` at the source beside the readings at the interval's ends tells as much of a load as a
    /// further interval would.
    mutating func note(_ change: Power, looks: Int = 0) {
        seen = min(MeterLimits.memory, seen + 1 + looks)
        if largest.isEmpty { largest = [0] }
        if inSlot == MeterSwing.intervalsPerSlot {
            inSlot = 0
            // One slot more than the memory needs, so that it never holds less than it promises.
            if largest.count <= MeterSwing.slots {
                largest.append(0)
                current = largest.count - 1
            } else {
                current = (current + 1) % largest.count
                largest[current] = 0
            }
        }
        inSlot += 1
        largest[current] = max(largest[current], change.microwatts)
    }

    /// How far power may leave the readings between two of them, for a source that never goes beyond `most`.
    ///
    /// Complexity: linear in the slots, of which there are few.
    func unseen(atMost most: Power) -> Power {
        guard seen >= MeterLimits.memory else { return most }
        return min(most, change)
    }
}
