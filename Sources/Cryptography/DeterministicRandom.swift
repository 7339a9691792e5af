import CSodium
import Quantities
import Wire

/// A random generator that a pure machine can carry: seeded once from outside, deterministic after.
///
/// Every draw replaces the key with fresh key stream (fast key erasure), so that a later look at
/// the state does not reveal earlier output.
public struct DeterministicRandom: Sendable {
    private var key: [UInt8]

    /// A generator that `seed` determines.
    public init(seed: Bytes32) { key = seed.array }

    /// The next `count` bytes.
    public mutating func bytes(_ count: Int) -> [UInt8] {
        var stream = [UInt8](repeating: 0, count: 32 + count)
        unsafe stream.withUnsafeMutableBufferPointer { target in
            if let base = target.baseAddress { unsafe csodium_chacha20_stream(base, target.count, key) }
        }
        key = Array(stream.prefix(32))
        return Array(stream.dropFirst(32))
    }

    /// The next sixteen bytes.
    public mutating func bytes16() -> Bytes16 { Bytes16(bytes(16).span) ?? .zero }

    /// The next thirty-two bytes.
    public mutating func bytes32() -> Bytes32 { Bytes32(bytes(32).span) ?? .zero }

    /// A number below `bound`, which is positive; bias is below bound ÷ 2^64.
    public mutating func number(below bound: UInt64) -> UInt64 {
        precondition(bound > 0, "a positive bound")
        var value: UInt64 = 0
        for byte in bytes(8) { value = value << 8 | UInt64(byte) }
        return UInt64((UInt128(value) * UInt128(bound)) >> 64)
    }
}
