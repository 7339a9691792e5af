import CSodium
import Quantities

/// HKDF with SHA-256 (RFC 5869), in the form of the Noise framework (revision 34, §4.3).
public enum KeyDerivation {
    /// Three keys from `chainingKey` as salt and `input` as key material; Noise uses the first two or all.
    public static func derive(
        from chainingKey: SymmetricKey, input: Span<UInt8>
    ) -> (SymmetricKey, SymmetricKey, SymmetricKey) {
        let extracted = unsafe SecretBytes(count: 32) { target in
            unsafe input.withUnsafeBufferPointer { input in
                unsafe chainingKey.secret.withBytes {
                    unsafe csodium_hmac_sha256(target, $0, 32, input.baseAddress, input.count)
                }
            }
        }
        let first = expand(extracted, after: nil, number: 1)
        let second = expand(extracted, after: first, number: 2)
        let third = expand(extracted, after: second, number: 3)
        return (SymmetricKey(secret: first), SymmetricKey(secret: second), SymmetricKey(secret: third))
    }

    /// The same with a secret as key material.
    public static func derive(
        from chainingKey: SymmetricKey, input: SymmetricKey
    ) -> (SymmetricKey, SymmetricKey, SymmetricKey) {
        input.withBytes { derive(from: chainingKey, input: $0) }
    }

    /// Output block `number`: HMAC over the block before it and its number.
    private static func expand(_ key: SecretBytes, after previous: SecretBytes?, number: UInt8) -> SecretBytes {
        var message = previous?.copied ?? []
        message.append(number)
        let block = unsafe SecretBytes(count: 32) { target in
            unsafe key.withBytes { unsafe csodium_hmac_sha256(target, $0, 32, message, message.count) }
        }
        unsafe message.withUnsafeMutableBufferPointer { bytes in
            if let base = bytes.baseAddress { unsafe csodium_wipe(base, bytes.count) }
        }
        return block
    }
}

extension SymmetricKey {
    /// Runs `body` with the key's 32 bytes, which must not be kept.
    public func withBytes<Result>(_ body: (Span<UInt8>) -> Result) -> Result {
        unsafe secret.withBytes { base in
            let bytes = unsafe Span(_unsafeStart: base, count: 32)
            return body(bytes)
        }
    }
}
