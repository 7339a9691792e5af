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
    /// For how long it acted since the agent's start, up to the last sample.
    public internal(set) var time = TimeSpan.zero

    /// When it was last heard of; of a counter, when it last rose.
    var heardAt: BootTime
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
struct ThrottleWatch: Sendable {
    /// The causes that were ever active, and every counter, in the order in which they were first seen.
    private(set) var causes: [ThrottleCause] = []
    /// The reasons that acted since they were last taken.
    private var reasons = ThrottleReasons.none
    private var lastSample: BootTime?

    /// The causes that act now.
    var active: [ThrottleCause] { causes.filter { $0.isActive } }

    /// The reasons that acted since the last call; those that still act are among the next ones too.
    mutating func takeReasons() -> ThrottleReasons {
        defer { reasons = ThrottleReasons(active.map { $0.reason }) }
        return reasons
    }

    /// Takes in what the sample of `now` says; returns the beginnings and ends that are to be told.
    mutating func record(_ readings: [ThrottleReading], at now: BootTime) -> [ThrottleChange] {
        var changes: [ThrottleChange] = []
        let passed = lastSample.map { max(now.since($0), .zero) } ?? .zero
        for index in causes.indices where causes[index].isActive { causes[index].time = causes[index].time + passed }
        lastSample = now
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
            end(index, now, &changes)
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
                maximum: reading.maximum, heardAt: now))
        return causes.count - 1
    }

    private mutating func step(
        _ reading: ThrottleReading, _ index: Int, _ now: BootTime, _ changes: inout [ThrottleChange]
    ) {
        causes[index].heardAt = now
        causes[index].state = max(0, reading.state)
        causes[index].maximum = reading.maximum
        if reading.state > 0 {
            if !causes[index].isActive {
                causes[index].events &+= 1
                begin(index, depth: reading.state, now, &changes)
            }
            causes[index].depth = max(causes[index].depth, reading.state)
            reasons.insert(causes[index].reason)
        } else if causes[index].isActive {
            end(index, now, &changes)
        }
    }

    private mutating func count(
        _ reading: ThrottleReading, _ index: Int, _ now: BootTime, _ changes: inout [ThrottleChange]
    ) {
        let risen = reading.state > causes[index].state ? reading.state - causes[index].state : 0
        causes[index].state = reading.state
        guard risen > 0 else { return }
        causes[index].heardAt = now
        causes[index].events &+= UInt64(risen)
        if causes[index].isActive {
            causes[index].depth = causes[index].depth &+ risen
        } else {
            begin(index, depth: risen, now, &changes)
        }
        reasons.insert(causes[index].reason)
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

    private mutating func end(_ index: Int, _ now: BootTime, _ changes: inout [ThrottleChange]) {
        let last = causes[index]
        causes[index].isActive = false
        // Of a counter the last rise is known, of a step the sample in which it was gone.
        let end = last.maximum == nil ? last.heardAt : now
        causes[index].until = end
        // The end of what nobody was told of is not told either.
        guard let since = last.since, last.toldAt == since else { return }
        changes.append(ThrottleChange(kind: .ended(after: end.since(since)), cause: causes[index], untold: 0))
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
            return "\(cause.cause) is quiet after \(cause.depth) events in \(time.milliseconds) ms"
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
