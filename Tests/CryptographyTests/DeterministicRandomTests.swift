import Cryptography
import Quantities
import TestKit
import Testing
import Wire

struct DeterministicRandomTests {
    static let seed = Bytes32(high: 7, low: 9)

    /// The stream is ChaCha20's (RFC 8439) with a zero nonce; the first 32 bytes become the next key.
    @Test func `draws are ChaCha20 key stream with fast key erasure`() throws {
        var random = DeterministicRandom(seed: Self.seed)
        let script = """
            import sys
            from cryptography.hazmat.primitives.ciphers import Cipher
            from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
            key = bytes.fromhex(sys.argv[1])
            for count in map(int, sys.argv[2:]):
                stream = Cipher(ChaCha20(key, bytes(16)), None).encryptor().update(bytes(32 + count))
                key = stream[:32]
                print(stream[32:].hex())
            """
        let counts = [0, 1, 16, 32, 31, 33, 100, 1000]
        let lines = try PythonTool.lines(
            script, arguments: [hexadecimal(Self.seed.array)] + counts.map { "\($0)" },
            modules: ["cryptography": "python3-cryptography"])
        #expect(counts.map { hexadecimal(random.bytes($0)) } == lines)
    }

    @Test func `equal seeds draw equally, other seeds and later draws do not`() {
        var first = DeterministicRandom(seed: Self.seed)
        var second = DeterministicRandom(seed: Self.seed)
        var other = DeterministicRandom(seed: Bytes32(high: 7, low: 8))
        let drawn = first.bytes32()
        #expect(drawn == second.bytes32())
        #expect(drawn != other.bytes32())
        #expect(drawn != first.bytes32())
        #expect(first.bytes16() != first.bytes16())
    }

    @Test func `a copy goes on from where it was taken`() {
        var random = DeterministicRandom(seed: Self.seed)
        _ = random.bytes(5)
        var copy = random
        #expect(copy.bytes(40) == random.bytes(40))
    }

    @Test(arguments: [UInt64(1), 2, 3, 10, 1000, 1 << 32, .max])
    func `numbers stay below their bound and spread over it`(bound: UInt64) {
        var random = DeterministicRandom(seed: Self.seed)
        let numbers = (0..<1000).map { _ in random.number(below: bound) }
        #expect(numbers.allSatisfy { $0 < bound })
        if bound <= 10 { #expect(Set(numbers).count == Int(bound)) }
        // Mean of 1000 uniform draws: within a tenth of the middle (more than five standard deviations).
        let mean = numbers.reduce(UInt128(0)) { $0 + UInt128($1) } / 1000
        if bound >= 1000 {
            #expect(mean > UInt128(bound) * 45 / 100)
            #expect(mean < UInt128(bound) * 55 / 100)
        }
    }
}
