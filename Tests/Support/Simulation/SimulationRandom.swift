/// The simulator's generator: small, fast, the same everywhere.
///
/// SplitMix64, by Steele, Lea and Flood (2014).
public struct SimulationRandom: Sendable {
    private var state: UInt64

    /// A generator that `seed` determines.
    public init(seed: UInt64) { state = seed }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// A number below `bound`, which is positive.
    public mutating func number(below bound: Int64) -> Int64 {
        precondition(bound > 0, "a positive bound")
        return Int64(truncatingIfNeeded: (UInt128(next()) * UInt128(bound)) >> 64)
    }

    /// A number within `range`.
    public mutating func number(in range: ClosedRange<Int64>) -> Int64 {
        range.lowerBound + number(below: range.upperBound - range.lowerBound + 1)
    }

    /// True in `permille` of a thousand draws.
    public mutating func chance(permille: Int64) -> Bool { number(below: 1000) < permille }

    /// A generator of its own for one part of the simulation.
    public mutating func split() -> SimulationRandom { SimulationRandom(seed: next()) }
}
