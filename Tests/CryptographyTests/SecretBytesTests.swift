import Glibc
import Testing

@testable import Cryptography

struct SecretBytesTests {
    @Test func `secrets hold the bytes that were given to them`() {
        let source: [UInt8] = [1, 2, 3]
        let secret = SecretBytes(copying: source.span)
        #expect(secret.copied == [1, 2, 3])
        let filled = SecretBytes(count: 4) { $0[2] = 9 }
        #expect(filled.copied == [0, 0, 9, 0])
        #expect(filled.withBytes { $0[2] } == 9)
    }

    @Test func `copies of a key share one secret, which goes with the last of them`() throws {
        weak var secret: SecretBytes?
        var first = SymmetricKey([UInt8](repeating: 5, count: 32))
        secret = first?.secret
        var second = first
        first = nil
        #expect(secret?.copied == [UInt8](repeating: 5, count: 32))
        second = nil
        #expect(second == nil)
        #expect(secret == nil)
    }

    @Test func `the memory of a secret is wiped when it goes`() throws {
        let descriptor = open("/proc/self/mem", O_RDONLY)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let marker = [UInt8](repeating: 0x5a, count: Self.count)
        var seen = [UInt8](repeating: 0, count: Self.count)

        var secret: SecretBytes? = SecretBytes(copying: marker.span)
        let address = secret?.withBytes { Int(bitPattern: $0) } ?? 0
        #expect(pread(descriptor, &seen, Self.count, address) == Self.count)
        #expect(seen == marker)
        secret = nil
        #expect(pread(descriptor, &seen, Self.count, address) == Self.count)
        #expect(!seen.dropFirst(Self.allocatorNotes).contains(0x5a))

        // The same look at plain memory that was given back finds it, so that the look is known to work.
        let plain = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: Self.count)
        _ = plain.initialize(from: marker)
        let left = Int(bitPattern: plain.baseAddress)
        plain.deallocate()
        #expect(pread(descriptor, &seen, Self.count, left) == Self.count)
        #expect(seen.dropFirst(Self.allocatorNotes).contains(0x5a))
    }

    /// Small enough to stay in this thread's cache of free memory, so that nobody else takes it meanwhile.
    private static let count = 600
    /// What the allocator writes over the beginning of memory that it got back.
    private static let allocatorNotes = 32
}
