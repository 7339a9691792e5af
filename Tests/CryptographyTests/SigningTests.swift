import Cryptography
import Quantities
import TestKit
import Testing
import Wire

struct SigningTests {
    static func key(_ number: UInt8) throws -> SigningKey {
        try #require(SigningKey(seed: [UInt8](repeating: number, count: 32)))
    }

    /// RFC 8032 §7.1, test 3.
    @Test func `the signature of the RFC's message`() throws {
        let seed = try octets("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")
        let key = try #require(SigningKey(seed: seed))
        #expect(
            hexadecimal(key.publicKey.bytes.array)
                == "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")
        let message: [UInt8] = [0xaf, 0x82]
        let signature = Ed25519().sign(message.span, with: key)
        #expect(
            hexadecimal(signature.array)
                == "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                + "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a")
    }

    /// The points of order 1, 2, 4 and 8, and their non-canonical encodings.
    static let smallOrderKeys = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ]

    /// With A of order 1, R the neutral point and S zero, the equation holds for every message.
    @Test(arguments: smallOrderKeys)
    func `a key of small order signs nothing`(hex: String) throws {
        let key = PublicKey(bytes: try #require(Bytes32(try octets(hex))))
        let message: [UInt8] = [1]
        for point in Self.smallOrderKeys {
            let r = try octets(point)
            let signature = try #require(Signature(r + [UInt8](repeating: 0, count: 32)))
            let accepted = Ed25519().isValid(signature, of: message.span, by: key)
            #expect(!accepted)
        }
    }

    @Test func `a signature with the group's order added is refused`() throws {
        let key = try Self.key(1)
        let message: [UInt8] = [1, 2, 3]
        let scheme = Ed25519()
        let signature = scheme.sign(message.span, with: key)
        let order = try octets("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
        var carry = 0
        let sum = zip(signature.s.array, order).map { left, right in
            let digit = Int(left) + Int(right) + carry
            carry = digit >> 8
            return UInt8(digit & 255)
        }
        let malleated = try #require(Signature(signature.r.array + sum))
        let accepted = scheme.isValid(malleated, of: message.span, by: key.publicKey)
        let original = scheme.isValid(signature, of: message.span, by: key.publicKey)
        #expect(!accepted)
        #expect(original)
    }

    @Test(arguments: [0, 1, 31, 33, 64])
    func `seeds and secrets of another length are refused`(count: Int) {
        let bytes = [UInt8](repeating: 1, count: count)
        #expect(SigningKey(seed: bytes) == nil)
        #expect(KeyAgreementKey(secret: bytes) == nil)
        #expect(SymmetricKey(bytes) == nil)
        if count != 64 { #expect(Signature(bytes) == nil) }
    }

    @Test func `a fingerprint is the first half of the key id in eight decimal groups`() throws {
        let id = KeyID(bytes: Bytes32(high: 1_2345_6789, low: .max))
        #expect(id.fingerprint == "6789 2345 0001 0000 0000 0000 0000 0000")
        #expect(id.text == "0000000000000000000000000" + "75bcd15" + String(repeating: "f", count: 32))
        let key = try Self.key(1)
        #expect(key.publicKey.id.bytes == Hashing.hash(key.publicKey.bytes.array, for: .key))
        #expect(try key.publicKey.id != Self.key(2).publicKey.id)
    }

    @Test func `both sides agree on a secret, and keys keep their bytes`() throws {
        let left = try #require(KeyAgreementKey(secret: [UInt8](repeating: 1, count: 32)))
        let right = try #require(KeyAgreementKey(secret: [UInt8](repeating: 2, count: 32)))
        #expect(left.secretBytes == [UInt8](repeating: 1, count: 32))
        #expect(try Self.key(7).seedBytes == [UInt8](repeating: 7, count: 32))
        let first = try #require(left.sharedSecret(with: right.publicKey))
        let second = try #require(right.sharedSecret(with: left.publicKey))
        let message: [UInt8] = [9]
        let header: [UInt8] = [8]
        var sealed: [UInt8] = []
        var opened: [UInt8] = []
        ChaCha20Poly1305.seal(message.span, key: first, counter: 3, header: header.span, appendingTo: &sealed)
        let authentic = ChaCha20Poly1305.open(
            sealed.span, key: second, counter: 3, header: header.span, appendingTo: &opened)
        #expect(authentic)
        #expect(opened == [9])
    }
}

struct SealingTests {
    @Test func `the nonce is four zero bytes and the counter, little-endian`() {
        #expect(ChaCha20Poly1305.nonce(0x0102) == [0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0])
        #expect(ChaCha20Poly1305.nonce(.max) == [0, 0, 0, 0] + [UInt8](repeating: 255, count: 8))
    }

    @Test func `any changed bit, header, counter or key is refused and leaves the output alone`() throws {
        let key = try #require(SymmetricKey([UInt8](repeating: 1, count: 32)))
        let message: [UInt8] = Array("a reading".utf8)
        let header: [UInt8] = [7, 7]
        var sealed: [UInt8] = []
        ChaCha20Poly1305.seal(message.span, key: key, counter: 5, header: header.span, appendingTo: &sealed)
        #expect(sealed.count == message.count + ChaCha20Poly1305.tagLength)
        func open(_ sealed: [UInt8], _ key: SymmetricKey, _ counter: UInt64, _ header: [UInt8]) -> [UInt8]? {
            var output: [UInt8] = [42]
            let opened = ChaCha20Poly1305.open(
                sealed.span, key: key, counter: counter, header: header.span, appendingTo: &output)
            return opened ? output : output == [42] ? nil : [0]
        }
        #expect(open(sealed, key, 5, header) == [42] + message)
        for bit in 0..<(sealed.count * 8) {
            var changed = sealed
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(open(changed, key, 5, header) == nil)
        }
        for length in 0..<sealed.count { #expect(open(Array(sealed[..<length]), key, 5, header) == nil) }
        #expect(open(sealed, key, 6, header) == nil)
        #expect(open(sealed, key, 5, [7, 6]) == nil)
        #expect(open(sealed, key, 5, []) == nil)
        #expect(open(sealed, .zero, 5, header) == nil)
    }
}
