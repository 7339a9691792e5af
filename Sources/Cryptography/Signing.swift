import CSodium
import Quantities
import Wire

/// An Ed25519 public key (RFC 8032).
public struct PublicKey: Hashable, Comparable, Sendable {
    /// The key's 32 bytes.
    public let bytes: Bytes32

    /// The public key of `bytes`; whether it is a good one is decided when a signature is verified.
    public init(bytes: Bytes32) { self.bytes = bytes }

    /// The id of the node that holds this key: BLAKE2b-256 of the key.
    public var id: KeyID { KeyID(bytes: Hashing.hash(bytes.array, for: .key)) }

    /// Orders by byte.
    public static func < (left: PublicKey, right: PublicKey) -> Bool { left.bytes < right.bytes }
}

/// The id of an Ed25519 key, and of the node that holds it.
public struct KeyID: Hashable, Comparable, Sendable {
    /// The hash's 32 bytes.
    public let bytes: Bytes32

    /// The id of `bytes`.
    public init(bytes: Bytes32) { self.bytes = bytes }

    /// Eight groups of four decimal digits (about 106 bits), which two people can compare by voice.
    public var fingerprint: String {
        var number = bytes.high
        var groups: [String] = []
        for _ in 0..<8 {
            let digits = "\(number % 10_000)"
            groups.append(String(repeating: "0", count: 4 - digits.utf8.count) + digits)
            number /= 10_000
        }
        return groups.joined(separator: " ")
    }

    /// Lower-case hexadecimal text of the id.
    public var text: String { hexadecimal(bytes.array) }

    /// Orders by byte.
    public static func < (left: KeyID, right: KeyID) -> Bool { left.bytes < right.bytes }
}

/// An Ed25519 signature of 64 bytes.
public struct Signature: Hashable, Sendable {
    /// The first half, R.
    public let r: Bytes32
    /// The second half, S.
    public let s: Bytes32

    /// The signature of exactly 64 bytes, or nil.
    public init?(_ bytes: Span<UInt8>) {
        guard bytes.count == 64, let r = Bytes32(bytes.extracting(0..<32)), let s = Bytes32(bytes.extracting(32..<64))
        else { return nil }
        self.r = r
        self.s = s
    }

    /// The signature of exactly 64 bytes, or nil.
    public init?(_ bytes: [UInt8]) { self.init(bytes.span) }

    /// The 64 bytes.
    public var array: [UInt8] { r.array + s.array }
}

/// An Ed25519 key pair; the secret is wiped when the last holder lets go.
public struct SigningKey: Sendable {
    let secret: SecretBytes
    /// The public key.
    public let publicKey: PublicKey

    /// The key pair of a 32-byte seed, or nil where there are not exactly 32 bytes.
    public init?(seed: Span<UInt8>) {
        guard seed.count == 32 else { return nil }
        var out = [UInt8](repeating: 0, count: 32)
        secret = unsafe SecretBytes(count: 64) { secret in
            unsafe out.withUnsafeMutableBufferPointer { target in
                unsafe seed.withUnsafeBufferPointer { seed in
                    guard let target = target.baseAddress, let seed = seed.baseAddress else { return }
                    unsafe csodium_ed25519_keypair(target, secret, seed)
                }
            }
        }
        publicKey = PublicKey(bytes: Bytes32(out.span) ?? .zero)
    }

    /// The key pair of a 32-byte seed, or nil where there are not exactly 32 bytes.
    public init?(seed: [UInt8]) { self.init(seed: seed.span) }

    /// The seed's bytes, for writing the key to its file.
    public var seedBytes: [UInt8] { Array(secret.copied.prefix(32)) }
}

/// How messages are signed and signatures checked.
///
/// Agents use `Ed25519`. The simulator puts a keyed hash in its place, because what it tests is
/// what the agents do with valid and invalid signatures, a hundred times faster.
public protocol SignatureScheme: AnyObject, Sendable {
    /// The signature of `message` by `key`.
    func sign(_ message: Span<UInt8>, with key: SigningKey) -> Signature
    /// Whether `signature` is that of `message` by the holder of `key`.
    func isValid(_ signature: Signature, of message: Span<UInt8>, by key: PublicKey) -> Bool
}

/// Ed25519 by libsodium: refuses small-order keys and non-canonical signatures.
public final class Ed25519: SignatureScheme {
    /// The scheme; it has no state.
    public init() {}

    /// The signature of `message` by `key`.
    public func sign(_ message: Span<UInt8>, with key: SigningKey) -> Signature {
        var out = [UInt8](repeating: 0, count: 64)
        unsafe out.withUnsafeMutableBufferPointer { target in
            unsafe message.withUnsafeBufferPointer { message in
                guard let target = target.baseAddress else { return }
                unsafe key.secret.withBytes {
                    unsafe csodium_ed25519_sign(target, message.baseAddress, message.count, $0)
                }
            }
        }
        guard let signature = Signature(out.span) else { preconditionFailure("64 bytes were written") }
        return signature
    }

    /// Whether `signature` is that of `message` by the holder of `key`.
    public func isValid(_ signature: Signature, of message: Span<UInt8>, by key: PublicKey) -> Bool {
        let signatureBytes = signature.array
        let keyBytes = key.bytes.array
        return unsafe message.withUnsafeBufferPointer { message in
            unsafe csodium_ed25519_verify(signatureBytes, message.baseAddress, message.count, keyBytes) == 0
        }
    }
}
