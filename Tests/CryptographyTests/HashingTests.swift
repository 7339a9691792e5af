import Cryptography
import Quantities
import TestKit
import Testing
import Wire

/// Hashes against Python's `hashlib` and `hmac`.
struct HashingTests {
    /// Seeded inputs around the block lengths of the hashes, and what Python makes of them.
    static func compare(_ expression: String, keyed: Bool, _ hash: ([UInt8], [UInt8]) -> [UInt8]) throws {
        var random = SeededRandom(seed: 7693)
        let lengths = [0, 1, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 255, 256, 1000] + (0..<40).map { $0 * 7 }
        let inputs = lengths.map { length in
            (random.bytes(length), keyed ? random.bytes(random.number(in: 1...64)) : [])
        }
        let script = """
            import sys, hashlib, hmac
            for line in sys.stdin:
                data, key = map(bytes.fromhex, line.rstrip("\\n").split(","))
                print(\(expression))
            """
        let lines = try PythonTool.lines(script, input: inputs.map { hexadecimal($0) + "," + hexadecimal($1) })
        try #require(lines.count == inputs.count)
        for ((data, key), line) in zip(inputs, lines) { #expect(hexadecimal(hash(data, key)) == line) }
    }

    @Test(arguments: 1...14)
    func `hashes are BLAKE2b-256, personalised by their purpose`(number: UInt8) throws {
        let purpose = try #require(HashPurpose(rawValue: number))
        try Self.compare(
            "hashlib.blake2b(data, digest_size=32, person=b'sage-edge' + bytes(6) + bytes([\(number)])).hexdigest()",
            keyed: false
        ) { data, _ in Hashing.hash(data, for: purpose).array }
    }

    @Test func `plain BLAKE2b-256`() throws {
        try Self.compare("hashlib.blake2b(data, digest_size=32).hexdigest()", keyed: false) { data, _ in
            Hashing.blake2b256(data.span).array
        }
    }

    @Test func `keyed BLAKE2b-128`() throws {
        try Self.compare("hashlib.blake2b(data, digest_size=16, key=key).hexdigest()", keyed: true) { data, key in
            Hashing.blake2b128(data.span, key: key.span).array
        }
    }

    @Test func `SHA-256 and HMAC-SHA-256`() throws {
        try Self.compare("hashlib.sha256(data).hexdigest()", keyed: false) { data, _ in
            Hashing.sha256(data.span).array
        }
        try Self.compare("hmac.digest(key, data, 'sha256').hex()", keyed: true) { data, key in
            Hashing.hmacSHA256(data.span, key: key.span).array
        }
        // Without a key, and with one longer than a block.
        try Self.compare("hmac.digest(b'', data, 'sha256').hex()", keyed: false) { data, key in
            Hashing.hmacSHA256(data.span, key: key.span).array
        }
        let long = [UInt8](repeating: 0x61, count: 200)
        try Self.compare("hmac.digest(b'a' * 200, data, 'sha256').hex()", keyed: false) { data, _ in
            Hashing.hmacSHA256(data.span, key: long.span).array
        }
    }

    @Test func `two purposes never give the same hash`() {
        let hashes = Set((1...14).compactMap { HashPurpose(rawValue: $0) }.map { Hashing.hash([1, 2, 3], for: $0) })
        #expect(hashes.count == 14)
        #expect(HashPurpose(rawValue: 15) == nil, "add the new purpose to these tests")
    }

    @Test func `bytes are compared by length and content`() {
        let bytes: [UInt8] = [1, 2, 3]
        let other: [UInt8] = [1, 2, 4]
        let empty: [UInt8] = []
        let same = Hashing.constantTimeEqual(bytes.span, bytes.span)
        let different = Hashing.constantTimeEqual(bytes.span, other.span)
        let shorter = Hashing.constantTimeEqual(bytes.span, empty.span)
        let nothing = Hashing.constantTimeEqual(empty.span, empty.span)
        #expect(same)
        #expect(!different)
        #expect(!shorter)
        #expect(nothing)
    }
}
