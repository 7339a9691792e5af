import CSodium
import Quantities
import Wire

/// Authenticated encryption: ChaCha20-Poly1305 with a 96-bit nonce (RFC 8439).
public enum ChaCha20Poly1305 {
    /// Bytes that sealing adds.
    public static let tagLength = 16

    /// The nonce of the Noise framework and of the link: four zero bytes and the counter, little-endian.
    public static func nonce(_ counter: UInt64) -> [UInt8] {
        var writer = ByteWriter(capacity: 12)
        writer.zeros(4)
        writer.uint64(counter)
        return writer.bytes
    }

    /// Appends the sealed `message` and its tag to `output`; a nonce must never repeat under a key.
    public static func seal(
        _ message: Span<UInt8>, key: SymmetricKey, counter: UInt64, header: Span<UInt8>,
        appendingTo output: inout [UInt8]
    ) {
        let start = output.count
        output.append(contentsOf: repeatElement(0, count: message.count + tagLength))
        let nonce = nonce(counter)
        unsafe output.withUnsafeMutableBufferPointer { target in
            guard let base = target.baseAddress else { return }
            unsafe message.withUnsafeBufferPointer { message in
                unsafe header.withUnsafeBufferPointer { header in
                    unsafe key.secret.withBytes { key in
                        unsafe csodium_aead_seal(
                            base + start, message.baseAddress, message.count, header.baseAddress, header.count, nonce,
                            key)
                    }
                }
            }
        }
    }

    /// Appends the opened message to `output`; where `sealed` is not authentic, leaves it as it was and returns false.
    public static func open(
        _ sealed: Span<UInt8>, key: SymmetricKey, counter: UInt64, header: Span<UInt8>,
        appendingTo output: inout [UInt8]
    ) -> Bool {
        open(sealed, key: key, nonce: nonce(counter), header: header, appendingTo: &output)
    }

    /// The same with a nonce of twelve bytes.
    public static func open(
        _ sealed: Span<UInt8>, key: SymmetricKey, nonce: [UInt8], header: Span<UInt8>, appendingTo output: inout [UInt8]
    ) -> Bool {
        guard sealed.count >= tagLength, nonce.count == 12 else { return false }
        let start = output.count
        output.append(contentsOf: repeatElement(0, count: sealed.count - tagLength))
        let opened = unsafe output.withUnsafeMutableBufferPointer { target in
            unsafe sealed.withUnsafeBufferPointer { sealed in
                guard let source = sealed.baseAddress else { return false }
                return unsafe header.withUnsafeBufferPointer { header in
                    unsafe key.secret.withBytes { key in
                        unsafe csodium_aead_open(
                            target.baseAddress.map { unsafe $0 + start }, source, sealed.count, header.baseAddress,
                            header.count, nonce, key) == 0
                    }
                }
            }
        }
        if !opened { output.removeLast(output.count - start) }
        return opened
    }
}
