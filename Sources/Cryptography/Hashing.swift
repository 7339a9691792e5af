import CSodium
import Quantities
import Wire

/// What a hash stands for.
///
/// The purpose personalises BLAKE2b, so that a hash for one purpose is
/// never equal to a hash for another of the same bytes.
public enum HashPurpose: UInt8, Sendable {
    /// An Ed25519 public key: the id of the node that holds it.
    case key = 1
    /// An energy proof's payload.
    case energyProof = 2
    /// A task's payload.
    case task = 3
    /// An execution proof's payload.
    case executionProof = 4
    /// The result bytes of an operation.
    case result = 5
    /// The input bytes of a task.
    case input = 6
    /// One entry of the ledger's journal.
    case journal = 7
    /// The ledger's whole state.
    case ledgerState = 8
    /// A lane's message in settlement between two platforms.
    case lane = 9
    /// A node record's payload.
    case nodeRecord = 10
    /// A certificate's payload, or that of a statement about certified keys.
    case certificate = 11
    /// The derivation of a short id.
    case identifier = 12
    /// A trace of the simulator.
    case trace = 13
    /// What is kept of a result that turned out to be false.
    case dispute = 14
}

/// Hash functions; complexity is linear in the input.
public enum Hashing {
    /// BLAKE2b-256 (RFC 7693) of `bytes`, personalised by `purpose`.
    public static func hash(_ bytes: Span<UInt8>, for purpose: HashPurpose) -> Bytes32 {
        unsafe digest(32) { out in
            unsafe bytes.withUnsafeBufferPointer { input in
                unsafe csodium_blake2b_for(out, 32, input.baseAddress, input.count, purpose.rawValue)
            }
        }
    }

    /// BLAKE2b-256 of `bytes`, personalised by `purpose`.
    public static func hash(_ bytes: [UInt8], for purpose: HashPurpose) -> Bytes32 { hash(bytes.span, for: purpose) }

    /// BLAKE2b-256 of `bytes`, neither keyed nor personalised.
    public static func blake2b256(_ bytes: Span<UInt8>) -> Bytes32 {
        unsafe digest(32) { out in
            unsafe bytes.withUnsafeBufferPointer { input in
                unsafe csodium_blake2b(out, 32, input.baseAddress, input.count, nil, 0, nil)
            }
        }
    }

    /// BLAKE2b-128 of `bytes` keyed with `key` (1 … 64 bytes): a message authentication code.
    public static func blake2b128(_ bytes: Span<UInt8>, key: Span<UInt8>) -> Bytes16 {
        precondition((1...64).contains(key.count), "a key of 1 to 64 bytes")
        var out = [UInt8](repeating: 0, count: 16)
        unsafe out.withUnsafeMutableBufferPointer { target in
            unsafe bytes.withUnsafeBufferPointer { input in
                unsafe key.withUnsafeBufferPointer { key in
                    guard let base = target.baseAddress else { return }
                    unsafe csodium_blake2b(base, 16, input.baseAddress, input.count, key.baseAddress, key.count, nil)
                }
            }
        }
        return Bytes16(out.span) ?? .zero
    }

    /// SHA-256 (FIPS 180-4) of `bytes`.
    public static func sha256(_ bytes: Span<UInt8>) -> Bytes32 {
        unsafe digest(32) { out in
            unsafe bytes.withUnsafeBufferPointer { unsafe csodium_sha256(out, $0.baseAddress, $0.count) }
        }
    }

    /// HMAC-SHA-256 (RFC 2104) of `bytes` under `key`, which may be of any length.
    public static func hmacSHA256(_ bytes: Span<UInt8>, key: Span<UInt8>) -> Bytes32 {
        unsafe digest(32) { out in
            unsafe bytes.withUnsafeBufferPointer { input in
                unsafe key.withUnsafeBufferPointer { key in
                    // An empty key has no address; HMAC pads any key with zeros, so one zero byte is the same key.
                    var zero: UInt8 = 0
                    if let base = key.baseAddress, key.count > 0 {
                        unsafe csodium_hmac_sha256(out, base, key.count, input.baseAddress, input.count)
                    } else {
                        unsafe csodium_hmac_sha256(out, &zero, 1, input.baseAddress, input.count)
                    }
                }
            }
        }
    }

    /// Whether two byte sequences are equal, in time that depends on their length alone.
    public static func constantTimeEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        return unsafe left.withUnsafeBufferPointer { left in
            unsafe right.withUnsafeBufferPointer { right in
                guard let first = left.baseAddress, let second = right.baseAddress else { return true }
                return unsafe csodium_equal(first, second, left.count) == 1
            }
        }
    }

    private static func digest(_ count: Int, _ fill: (UnsafeMutablePointer<UInt8>) -> Void) -> Bytes32 {
        unsafe withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count) { out in
            unsafe out.initialize(repeating: 0)
            if let base = out.baseAddress { unsafe fill(base) }
            return Bytes32(unsafe UnsafeBufferPointer(out).span) ?? .zero
        }
    }
}
