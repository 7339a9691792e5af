import CSodium
import Wire
import Quantities

/// Secret bytes on the heap, wiped when the last holder lets go.
@safe final class SecretBytes: Sendable {
    nonisolated(unsafe) private let storage: UnsafeMutableBufferPointer<UInt8>

    /// `count` bytes that `fill` writes.
    init(count: Int, _ fill: (UnsafeMutablePointer<UInt8>) -> Void) {
        unsafe storage = .allocate(capacity: count)
        unsafe storage.initialize(repeating: 0)
        if let base = unsafe storage.baseAddress { unsafe fill(base) }
    }

    /// A copy of `bytes`.
    convenience init(copying bytes: Span<UInt8>) {
        unsafe self.init(count: bytes.count) { target in
            for index in bytes.indices { unsafe target[index] = bytes[index] }
        }
    }

    deinit {
        if let base = unsafe storage.baseAddress { unsafe csodium_wipe(base, storage.count) }
        unsafe storage.deallocate()
    }

    /// Runs `body` with the address of the bytes.
    func withBytes<Result>(_ body: (UnsafePointer<UInt8>) -> Result) -> Result {
        guard let base = unsafe storage.baseAddress else { preconditionFailure("secrets are never empty") }
        return unsafe body(UnsafePointer(base))
    }

    /// A copy that is not wiped; for writing a key to its file.
    var copied: [UInt8] { unsafe Array(storage) }
}

/// A symmetric key of 32 bytes, wiped when the last copy is gone.
public struct SymmetricKey: Sendable {
    let secret: SecretBytes

    /// The key of exactly 32 bytes, or nil.
    public init?(_ bytes: Span<UInt8>) {
        guard bytes.count == 32 else { return nil }
        secret = SecretBytes(copying: bytes)
    }

    /// The key of exactly 32 bytes, or nil.
    public init?(_ bytes: [UInt8]) { self.init(bytes.span) }

    /// The key of thirty-two zero bytes: what "no pre-shared key" means in the handshake.
    public static let zero = SymmetricKey(secret: unsafe SecretBytes(count: 32) { _ in })

    init(secret: SecretBytes) { self.secret = secret }
}
