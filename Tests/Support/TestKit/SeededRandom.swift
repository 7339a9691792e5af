/// Random numbers that a seed determines: the same on every machine and in every run.
///
/// SplitMix64 (Steele, Lea, Flood 2014). For choosing test input, never for keys.
public struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// A generator that `seed` determines.
    public init(seed: UInt64) { state = seed }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var bits = state
        bits = (bits ^ bits >> 30) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ bits >> 27) &* 0x94d0_49bb_1331_11eb
        return bits ^ bits >> 31
    }

    /// A number in `range`, which is not empty.
    public mutating func number<Number: FixedWidthInteger>(in range: ClosedRange<Number>) -> Number {
        Number.random(in: range, using: &self)
    }

    /// `true` once in `count` draws on average.
    public mutating func oneIn(_ count: Int) -> Bool { number(in: 1...count) == 1 }

    /// The next `count` bytes.
    public mutating func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        for _ in 0..<count { bytes.append(UInt8(truncatingIfNeeded: next())) }
        return bytes
    }

    /// A number whose length in bits is itself random, so that small, large and edge values all turn up.
    public mutating func edgy() -> UInt64 {
        let power = UInt64.max >> UInt64(number(in: 0...63))
        switch number(in: 0...3) {
        case 0: return power
        case 1: return power &+ 1
        default: return next() & power
        }
    }
}
