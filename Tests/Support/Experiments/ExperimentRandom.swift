import Foundation

/// Random numbers of an experiment, determined by its seed: SplitMix64, by Steele, Lea and Flood (2014).
public struct ExperimentRandom: Sendable {
    private var state: UInt64

    /// A generator that `seed` determines.
    public init(seed: UInt64) { state = seed }

    /// A generator for one thing that happens, named by numbers; what others draw does not change it.
    init(seed: UInt64, _ names: Int...) {
        state = seed
        for name in names { state = next() ^ UInt64(truncatingIfNeeded: name) &* 0xd6e8_feb8_6659_fd93 }
        _ = next()
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
        return bits ^ (bits >> 31)
    }

    /// A number in 0 ..< 1.
    public mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// A number from `low` to `high`.
    public mutating func number(_ low: Double, _ high: Double) -> Double { low + (high - low) * unit() }

    /// A whole number below `bound`.
    mutating func index(below bound: Int) -> Int { min(bound - 1, Int(unit() * Double(bound))) }

    /// Of the standard normal distribution.
    mutating func normal() -> Double {
        sqrt(-2 * log(1 - unit())) * cos(2 * .pi * unit())
    }

    /// Of a distribution that falls off exponentially, with this mean.
    public mutating func exponential(mean: Double) -> Double { -mean * log(1 - unit()) }

    /// Of the log-normal distribution with mean 1.
    public mutating func logNormal(_ sigma: Double) -> Double { exp(sigma * normal() - sigma * sigma / 2) }

    /// Of Pareto's distribution with mean 1: the tail falls with the power `shape`, above 1.
    public mutating func pareto(_ shape: Double) -> Double { (shape - 1) / shape * pow(1 - unit(), -1 / shape) }
}
