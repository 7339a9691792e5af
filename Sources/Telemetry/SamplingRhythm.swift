import Quantities

/// When samples are due: one in every period, at a moment within it that nobody can foresee.
///
/// A load that repeats at the pace of a clock (a camera's frames) would show an even rhythm the same moment of its
/// cycle every time, and the energy would be wrong for as long as that goes on. Moments drawn anew in every period
/// meet all of it (Bilinskis, *Digital Alias-free Signal Processing*, 2007, on stratified sampling). The first
/// sample is due at once.
public struct SamplingRhythm: Sendable {
    private let period: TimeSpan
    /// Where the period of the next sample begins.
    private var slot: BootTime
    private var state: UInt64
    /// When the next sample is due.
    public private(set) var due: BootTime

    /// One sample per `period` from `start` on, at moments that `seed` determines.
    public init(period: TimeSpan, start: BootTime, seed: UInt64) {
        self.period = max(period, .milliseconds(1))
        self.slot = start
        self.due = start
        self.state = seed
    }

    /// Goes on to the sample after the one that was due; whole periods before `now` are left out, as after sleep.
    public mutating func advance(past now: BootTime) {
        slot = slot + period
        let behind = now.since(slot).milliseconds / period.milliseconds
        if behind > 0 { slot = slot + period * behind }
        due = slot + .milliseconds(Int64(number(below: UInt64(period.milliseconds))))
    }

    /// A number below `bound`, by SplitMix64 (Steele, Lea, Flood 2014).
    private mutating func number(below bound: UInt64) -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var bits = state
        bits = (bits ^ bits >> 30) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ bits >> 27) &* 0x94d0_49bb_1331_11eb
        return (bits ^ bits >> 31).multipliedFullWidth(by: bound).high
    }
}
