import EnergyProofs
import Quantities

/// When each reason of throttling acted, so far as windows that are still open may ask for it.
///
/// Causes of one reason are one: what two caps hold at a time is held once.
struct ThrottleTimeline: Sendable {
    /// A time in which a reason acted: from `from` on, at the latest from `seen` on, until before `to`.
    private struct Stretch {
        var from: BootTime
        var seen: BootTime
        var to: BootTime
    }

    /// One list for each reason, in the order of time.
    private var stretches: [[Stretch]] = Array(repeating: [], count: ThrottleReason.allCases.count)

    /// Takes in that `reason` acted until before `to`: it did at `seen`, and may have done so since `from`.
    mutating func add(_ reason: ThrottleReason, from: BootTime, seen: BootTime, to: BootTime) {
        let index = Int(reason.rawValue)
        var stretch = Stretch(from: from, seen: max(from, seen), to: to)
        // Whatever is seen lasts for the moment of the look.
        stretch.to = max(to, stretch.seen + .milliseconds(1))
        while let last = stretches[index].last, stretch.from <= last.to {
            stretch.from = min(stretch.from, last.from)
            stretch.seen = min(stretch.seen, last.seen)
            stretch.to = max(stretch.to, last.to)
            stretches[index].removeLast()
        }
        stretches[index].append(stretch)
        // Of what comes and goes without end the oldest is told in one, rather than forgotten.
        guard stretches[index].count > SourceLimits.throttleStretches else { return }
        stretches[index][0].to = stretches[index][1].to
        stretches[index].remove(at: 1)
    }

    /// Forgets what had ended before `time`.
    mutating func forget(before time: BootTime) {
        for index in stretches.indices { stretches[index].removeAll { $0.to <= time } }
    }

    /// The reasons that acted in the window from `start` until before `end`.
    func reasons(from start: BootTime, to end: BootTime) -> ThrottleReasons {
        var reasons = ThrottleReasons.none
        for reason in ThrottleReason.allCases {
            // Without what an event that was seen after the window may have done in it.
            if stretches[Int(reason.rawValue)].contains(where: { $0.seen < end && $0.to > start }) {
                reasons.insert(reason)
            }
        }
        return reasons
    }
}
