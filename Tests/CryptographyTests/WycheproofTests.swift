import Cryptography
import Quantities
import TestKit
import Testing
import Wire

/// Project Wycheproof's edge cases; every group and every test of the three files.
struct WycheproofTests {
    struct SignatureGroup: Decodable, Sendable {
        struct PublicKey: Decodable, Sendable { let pk: String }
        struct Test: Decodable, Sendable {
            let tcId: Int
            let msg: String
            let sig: String
            let result: WycheproofResult
        }
        let publicKey: PublicKey
        let publicKeyPem: String
        let tests: [Test]
    }

    @Test func `Ed25519 accepts the valid signatures and no other`() throws {
        let file = try Vectors.load("wycheproof-ed25519.json", as: WycheproofFile<SignatureGroup>.self)
        let scheme = Ed25519()
        var counts: [WycheproofResult: Int] = [:]
        for group in file.testGroups {
            let key = PublicKey(bytes: try #require(Bytes32(try octets(group.publicKey.pk))))
            #expect(try PEM.publicKey(group.publicKeyPem) == key)
            for test in group.tests {
                counts[test.result, default: 0] += 1
                let message = try octets(test.msg)
                let signature = Signature(try octets(test.sig))
                let accepted = signature.map { scheme.isValid($0, of: message.span, by: key) } ?? false
                #expect(accepted == (test.result == .valid), "test \(test.tcId)")
            }
        }
        #expect(counts == [.valid: 88, .invalid: 63])
    }

    struct AgreementGroup: Decodable, Sendable {
        struct Test: Decodable, Sendable {
            let tcId: Int
            let flags: [String]
            let `public`: String
            let `private`: String
            let shared: String
            let result: WycheproofResult
        }
        let tests: [Test]
    }

    @Test func `X25519 gives the shared secret, except with a point of small order`() throws {
        let file = try Vectors.load("wycheproof-x25519.json", as: WycheproofFile<AgreementGroup>.self)
        var agreed = 0
        var refused = 0
        for test in file.testGroups.flatMap(\.tests) {
            let key = try #require(KeyAgreementKey(secret: try octets(test.private)))
            let peer = try #require(Bytes32(try octets(test.public)))
            let shared = key.sharedSecret(with: peer)
            if test.flags.contains("ZeroSharedSecret") {
                refused += 1
                #expect(shared == nil, "test \(test.tcId)")
            } else {
                agreed += 1
                let expected = try #require(SymmetricKey(try octets(test.shared)))
                #expect(shared.map(fingerprint) == fingerprint(expected), "test \(test.tcId)")
            }
        }
        #expect(agreed == 487)
        #expect(refused == 31)
    }

    struct SealGroup: Decodable, Sendable {
        struct Test: Decodable, Sendable {
            let tcId: Int
            let key: String
            let iv: String
            let aad: String
            let msg: String
            let ct: String
            let tag: String
            let result: WycheproofResult
        }
        let tests: [Test]
    }

    @Test func `ChaCha20-Poly1305 opens what is authentic and nothing else`() throws {
        let file = try Vectors.load("wycheproof-chacha20_poly1305.json", as: WycheproofFile<SealGroup>.self)
        var counts: [WycheproofResult: Int] = [:]
        for test in file.testGroups.flatMap(\.tests) {
            counts[test.result, default: 0] += 1
            let key = try #require(SymmetricKey(try octets(test.key)))
            let nonce = try octets(test.iv)
            let header = try octets(test.aad)
            let sealed = try octets(test.ct + test.tag)
            var message: [UInt8] = [1, 2, 3]
            let opened = ChaCha20Poly1305.open(
                sealed.span, key: key, nonce: nonce, header: header.span, appendingTo: &message)
            #expect(opened == (test.result == .valid), "test \(test.tcId)")
            #expect(message == [1, 2, 3] + (opened ? try octets(test.msg) : []))
        }
        #expect(counts == [.valid: 256, .invalid: 69])
    }

    /// What a key seals nothing to: equal for equal keys only.
    private func fingerprint(_ key: SymmetricKey) -> [UInt8] {
        var tag: [UInt8] = []
        let nothing: [UInt8] = []
        ChaCha20Poly1305.seal(nothing.span, key: key, counter: 0, header: nothing.span, appendingTo: &tag)
        return tag
    }
}
