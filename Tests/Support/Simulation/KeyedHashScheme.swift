import Cryptography
import Quantities

/// Signatures that everybody could forge and that break like real ones: a hash of key and message.
///
/// What the simulator tests is what agents do with valid and broken signatures, not how they are made.
public final class KeyedHashScheme: SignatureScheme {
    /// The scheme; it has no state.
    public init() {}

    /// The signature of `message` by `key`.
    public func sign(_ message: Span<UInt8>, with key: SigningKey) -> Signature {
        signature(of: message, by: key.publicKey)
    }

    /// Whether `signature` is that of `message` by the holder of `key`.
    public func isValid(_ signature: Signature, of message: Span<UInt8>, by key: PublicKey) -> Bool {
        signature == self.signature(of: message, by: key)
    }

    private func signature(of message: Span<UInt8>, by key: PublicKey) -> Signature {
        let keyBytes = key.bytes.array
        let half = Hashing.blake2b128(message, key: keyBytes.span).array
        guard let signature = Signature(half + half + half + half) else { preconditionFailure("64 bytes") }
        return signature
    }
}
