import Foundation
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
        let marker = [UInt8](repeating: 0x5a, count: 4096)
        var secret: SecretBytes? = SecretBytes(copying: marker.span)
        let wiped = UInt64(UInt(bitPattern: try #require(secret?.withBytes { $0 })))
        #expect(try Self.memory(at: wiped, count: 4096) == marker)
        secret = nil
        #expect(secret == nil)
        // The allocator writes its own notes over the first bytes of what it got back.
        #expect(try !Self.memory(at: wiped, count: 4096).contains(0x5a))

        // The same look at plain memory finds it, so that the look is known to work.
        let plain = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 4096)
        _ = plain.initialize(from: marker)
        let left = UInt64(UInt(bitPattern: plain.baseAddress))
        plain.deallocate()
        #expect(try Self.memory(at: left, count: 4096).contains(0x5a))
    }

    /// What this process has at `address`, whether it is allocated or not.
    private static func memory(at address: UInt64, count: Int) throws -> [UInt8] {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/self/mem"))
        defer { try? file.close() }
        try file.seek(toOffset: address)
        return [UInt8](try file.read(upToCount: count) ?? Data())
    }
}
