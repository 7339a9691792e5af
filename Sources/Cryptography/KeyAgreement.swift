import CSodium
import Quantities
import Wire

/// An X25519 key pair (RFC 7748); the secret is wiped when the last holder lets go.
public struct KeyAgreementKey: Sendable {
    let secret: SecretBytes
    /// The public key.
    public let publicKey: Bytes32

    /// The key pair of a 32-byte secret, or nil where there are not exactly 32 bytes.
    public init?(secret bytes: Span<UInt8>) {
        guard bytes.count == 32 else { return nil }
        let secret = SecretBytes(copying: bytes)
        var out = [UInt8](repeating: 0, count: 32)
        unsafe out.withUnsafeMutableBufferPointer { target in
            guard let base = target.baseAddress else { return }
            unsafe secret.withBytes { unsafe csodium_x25519_base(base, $0) }
        }
        self.secret = secret
        self.publicKey = Bytes32(out.span) ?? .zero
    }

    /// The key pair of a 32-byte secret, or nil where there are not exactly 32 bytes.
    public init?(secret bytes: [UInt8]) { self.init(secret: bytes.span) }

    /// The secret's bytes, for writing the key to its file.
    public var secretBytes: [UInt8] { secret.copied }

    /// The shared secret with `peer`, or nil where `peer` is a point of small order.
    public func sharedSecret(with peer: Bytes32) -> SymmetricKey? {
        let point = peer.array
        var valid = false
        let shared = unsafe SecretBytes(count: 32) { target in
            unsafe secret.withBytes { valid = unsafe csodium_x25519(target, $0, point) == 0 }
        }
        return valid ? SymmetricKey(secret: shared) : nil
    }
}
