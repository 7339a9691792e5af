import EnergyProofs
import Quantities
import Telemetry

/// One cause of throttling: whether it acts now, since when and how deep, and what it came to.
public struct ThrottleCause: Hashable, Sendable {
    /// The cause as telemetry names it: a cooling device's type, `over-current:<n>` or `nvml:<reason>`.
    public let cause: String
    /// The reason that proofs give for it.
    public let reason: ThrottleReason
    /// Whether it acts now; of a counter, whether it rose lately.
    public internal(set) var isActive = false
    /// When it began to act, or began the last time.
    public internal(set) var since: BootTime?
    /// When it ended the last time.
    public internal(set) var until: BootTime?
    /// The step in force, or the counter's value.
    public internal(set) var state: Int64
    /// The highest step; nil for a counter.
    public internal(set) var maximum: Int64?
    /// The highest step since it began, or the events counted since then.
    public internal(set) var depth: Int64 = 0
    /// How often it began since the agent's start; of a counter, the events counted.
    public internal(set) var events: UInt64 = 0
    /// For how long it acted since the agent's start, up to the last sample; of a counter, the time between the looks
    /// that saw it rise and the looks before them, within which the events lie.
    public internal(set) var time = TimeSpan.zero

    /// When it was last heard of; of a counter, when it last rose.
    var heardAt: BootTime
    /// When a counter was last looked at.
    var lookedAt: BootTime
    /// What `time` was when it began the last time.
    var timeBefore = TimeSpan.zero
    /// When its beginning was last told.
    var toldAt: BootTime?
    /// Beginnings that were not told since then.
    var untold: UInt64 = 0
}

/// A cause began to act, or ended.
struct ThrottleChange: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case began
        case ended(after: TimeSpan)
    }

    let kind: Kind
    let cause: ThrottleCause
    /// Beginnings before this one that nobody was told of.
    let untold: UInt64
}

/// Follows the causes of throttling through the samples.
///
/// A cooling device or a reason of NVML acts while its step is above zero. An over-current counter has no step: it
/// acts while it rises, and has ended once it has not risen for `SourceLimits.throttleQuiet`; the first look only
/// says where it stands, and one that goes back was reset. What is not heard of any more ends after the same time.
/// That quiet time only keeps beginnings and ends from being told too often: it is in no duration and on no page.
struct ThrottleWatch: Sendable {
    /// The causes that were ever active, and every counter, in the order in which they were first seen.
    private(set) var causes: [ThrottleCause] = []
    private var timeline = ThrottleTimeline()

    /// The causes that act now.
    var active: [ThrottleCause] { causes.filter { $0.isActive } }

    /// The reasons that acted in the window from `start` until before `end`, as far as they are known by now.
    ///
    /// A step that was in force and has not been heard of since is taken to be in force still.
    func reasons(from start: BootTime, to end: BootTime) -> ThrottleReasons {
        var reasons = timeline.reasons(from: start, to: end)
        for cause in causes where cause.isActive && cause.maximum != nil && cause.heardAt < end {
            reasons.insert(cause.reason)
        }
        return reasons
    }

    /// Takes in what the sample of `now` says; returns the beginnings and ends that are to be told.
    mutating func record(_ readings: [ThrottleReading], at now: BootTime) -> [ThrottleChange] {
        var changes: [ThrottleChange] = []
        timeline.forget(before: now - SourceLimits.throttleMemory)
        for reading in readings {
            guard let index = index(of: reading, at: now) else { continue }
            if reading.maximum == nil {
                count(reading, index, now, &changes)
            } else {
                step(reading, index, now, &changes)
            }
        }
        for index in causes.indices
        where causes[index].isActive && now.since(causes[index].heardAt) > SourceLimits.throttleQuiet {
            end(index, at: causes[index].heardAt, &changes)
        }
        return changes
    }

    /// Where the cause of `reading` is kept; nil where there is nothing to keep of it, or no room.
    private mutating func index(of reading: ThrottleReading, at now: BootTime) -> Int? {
        if let known = causes.firstIndex(where: { $0.cause == reading.cause }) { return known }
        guard reading.maximum == nil || reading.state > 0, causes.count < SourceLimits.throttleCauses,
            let reason = ThrottleReason(cause: reading.cause)
        else { return nil }
        causes.append(
            ThrottleCause(
                cause: reading.cause, reason: reason, state: reading.maximum == nil ? reading.state : 0,
                maximum: reading.maximum, heardAt: now, lookedAt: now))
        return causes.count - 1
    }

    private mutating func step(
        _ reading: ThrottleReading, _ index: Int, _ now: BootTime, _ changes: inout [ThrottleChange]
    ) {
        if causes[index].isActive {
            let last = causes[index].heardAt
            causes[index].time = causes[index].time + max(now.since(last), .zero)
            timeline.add(causes[index].reason, from: last, seen: last, to: now)
        }
        causes[index].heardAt = now
        causes[index].state = max(0, reading.state)
        causes[index].maximum = reading.maximum
        if reading.state > 0 {
            if !causes[index].isActive {
                causes[index].events &+= 1
                causes[index].timeBefore = causes[index].time
                begin(index, depth: reading.state, now, &changes)
            }
            causes[index].depth = max(causes[index].depth, reading.state)
            timeline.add(causes[index].reason, from: now, seen: now, to: now)
        } else if causes[index].isActive {
            end(index, at: now, &changes)
        }
    }

    private mutating func count(
        _ reading: ThrottleReading, _ index: Int, _ now: BootTime, _ changes: inout [ThrottleChange]
    ) {
        let risen = reading.state > causes[index].state ? reading.state - causes[index].state : 0
        causes[index].state = reading.state
        // A look that comes late does not say that events came all the while.
        let passed = min(max(now.since(causes[index].lookedAt), .zero), SourceLimits.throttleQuiet)
        causes[index].lookedAt = now
        guard risen > 0 else { return }
        causes[index].heardAt = now
        causes[index].events &+= UInt64(risen)
        if !causes[index].isActive { causes[index].timeBefore = causes[index].time }
        causes[index].time = causes[index].time + passed
        // What this look saw came before it.
        timeline.add(causes[index].reason, from: now - passed, seen: now - .milliseconds(1), to: now)
        if causes[index].isActive {
            causes[index].depth = causes[index].depth &+ risen
        } else {
            begin(index, depth: risen, now, &changes)
        }
    }

    private mutating func begin(_ index: Int, depth: Int64, _ now: BootTime, _ changes: inout [ThrottleChange]) {
        causes[index].isActive = true
        causes[index].since = now
        causes[index].until = nil
        causes[index].depth = depth
        guard causes[index].toldAt.map({ now.since($0) >= SourceLimits.throttleLogPause }) ?? true else {
            causes[index].untold &+= 1
            return
        }
        changes.append(ThrottleChange(kind: .began, cause: causes[index], untold: causes[index].untold))
        causes[index].toldAt = now
        causes[index].untold = 0
    }

    /// Of a counter, and of what is not heard of any more, the end is where it was last heard of; else where it was
    /// found to be gone.
    private mutating func end(_ index: Int, at end: BootTime, _ changes: inout [ThrottleChange]) {
        causes[index].isActive = false
        causes[index].until = end
        let last = causes[index]
        // The end of what nobody was told of is not told either.
        guard let since = last.since, last.toldAt == since else { return }
        changes.append(ThrottleChange(kind: .ended(after: last.time - last.timeBefore), cause: last, untold: 0))
    }
}

extension ThrottleChange {
    /// The change in a line for the operator.
    var text: String {
        let often = untold == 0 ? "" : "; it also began \(untold) times since it was last told"
        switch (kind, cause.maximum) {
        case (.began, let maximum?): return "throttled: \(cause.cause), step \(cause.state) of \(maximum)" + often
        case (.began, nil): return "\(cause.cause) counts \(cause.depth) events" + often
        case (.ended(let time), let maximum?):
            return "no longer throttled: \(cause.cause), after \(time.milliseconds) ms, at most step "
                + "\(cause.depth) of \(maximum)"
        case (.ended(let time), nil):
            return "\(cause.cause) is quiet after \(cause.depth) events within \(time.milliseconds) ms"
        }
    }

    /// How urgent it is: that a counter rises is a signal and no fault.
    var level: LogEntry.Level {
        switch (kind, cause.maximum) {
        case (.began, .some): .warning
        case (.ended, .some): .notice
        case (_, nil): .info
        }
    }
}
