/// A run of consecutive packet counters.
struct CounterRun: Hashable, Sendable {
    var low: UInt32
    var high: UInt32
}

/// The packet counters to acknowledge, as runs from the newest down.
///
/// At most `LinkLimits.acknowledgedRuns` runs are kept, the oldest go first: what they would tell
/// the peer has sent again long since.
struct AckRanges: Sendable {
    /// The runs, newest first; never adjacent, never overlapping.
    private(set) var runs: [CounterRun] = []

    /// Adds a counter; false where it is there already.
    mutating func insert(_ counter: UInt32) -> Bool {
        // The first run from the top that does not lie wholly above the counter.
        var index = 0
        while index < runs.count, runs[index].low > counter { index += 1 }
        if index < runs.count, runs[index].high >= counter { return false }
        // Adding one cannot overflow below: run `index - 1` lies above the counter, run `index` below it.
        let joinsAbove = index > 0 && runs[index - 1].low == counter + 1
        let joinsBelow = index < runs.count && runs[index].high + 1 == counter
        switch (joinsAbove, joinsBelow) {
        case (true, true):
            runs[index - 1].low = runs[index].low
            runs.remove(at: index)
        case (true, false): runs[index - 1].low = counter
        case (false, true): runs[index].high = counter
        case (false, false):
            runs.insert(CounterRun(low: counter, high: counter), at: index)
            if runs.count > LinkLimits.acknowledgedRuns { runs.removeLast() }
        }
        return true
    }

    /// Forgets every counter up to `counter`: the peer knows that they arrived.
    mutating func forget(through counter: UInt32) {
        while let last = runs.last, last.low <= counter {
            if last.high <= counter {
                runs.removeLast()
            } else {
                runs[runs.count - 1].low = counter + 1
                return
            }
        }
    }
}
