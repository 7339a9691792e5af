import Cryptography
import Foundation
import Quantities
import TestKit
import Testing
import Wire

/// Keys as PEM text against `openssl` and Python's `cryptography`.
struct PEMTests {
    static let modules = ["cryptography": "python3-cryptography"]
    static let key = SigningKey(seed: [UInt8](0..<32))

    @Test func `openssl reads both keys and writes the same text`() throws {
        let key = try #require(Self.key)
        let secret = PEM.secretText(key)
        let text = PEM.text(key.publicKey)
        #expect(try ExternalTool.openssl.run(["pkey"], input: Array(secret.utf8)) == Array(secret.utf8))
        #expect(try ExternalTool.openssl.run(["pkey", "-pubin"], input: Array(text.utf8)) == Array(text.utf8))
        #expect(try ExternalTool.openssl.run(["pkey", "-pubout"], input: Array(secret.utf8)) == Array(text.utf8))
    }

    @Test func `keys that openssl makes are read, and read back the same`() throws {
        for _ in 0..<5 {
            let secret = try ExternalTool.openssl.run(["genpkey", "-algorithm", "ed25519"])
            let text = try ExternalTool.openssl.run(["pkey", "-pubout"], input: secret)
            let key = try PEM.signingKey(String(decoding: secret, as: UTF8.self))
            #expect(Array(PEM.secretText(key).utf8) == secret)
            #expect(try PEM.publicKey(String(decoding: text, as: UTF8.self)) == key.publicKey)
        }
    }

    @Test func `X25519 secrets that openssl makes are read, and read back the same`() throws {
        let secret = try ExternalTool.openssl.run(["genpkey", "-algorithm", "x25519"])
        let key = try PEM.keyAgreementKey(String(decoding: secret, as: UTF8.self))
        #expect(Array(PEM.secretText(key).utf8) == secret)
        let der = try ExternalTool.openssl.run(["pkey", "-pubout", "-outform", "DER"], input: secret)
        #expect(Array(der.suffix(32)) == key.publicKey.array)
        let other = PEM.secretText(try #require(Self.key))
        #expect(throws: PEMError.wrongAlgorithm) { try PEM.keyAgreementKey(other) }
    }

    @Test func `openssl accepts signatures made here, and its own are accepted here`() throws {
        let key = try #require(Self.key)
        let scheme = Ed25519()
        let message = Array("fifteen joules".utf8)
        try withTemporaryFolder { folder in
            func path(_ name: String) -> String { folder.appendingPathComponent(name).path }
            try Data(PEM.secretText(key).utf8).write(to: URL(fileURLWithPath: path("secret")))
            try Data(PEM.text(key.publicKey).utf8).write(to: URL(fileURLWithPath: path("public")))
            try Data(message).write(to: URL(fileURLWithPath: path("message")))
            try Data(scheme.sign(message.span, with: key).array).write(to: URL(fileURLWithPath: path("signature")))
            let answer = try ExternalTool.openssl.run([
                "pkeyutl", "-verify", "-pubin", "-inkey", path("public"), "-rawin", "-in", path("message"),
                "-sigfile", path("signature"),
            ])
            #expect(String(decoding: answer, as: UTF8.self).contains("Signature Verified Successfully"))
            let theirs = try ExternalTool.openssl.run([
                "pkeyutl", "-sign", "-inkey", path("secret"), "-rawin", "-in", path("message"),
            ])
            let signature = try #require(Signature(theirs))
            let accepted = scheme.isValid(signature, of: message.span, by: key.publicKey)
            #expect(accepted)
        }
    }

    @Test func `Python's cryptography reads our keys, and we read its`() throws {
        let key = try #require(Self.key)
        let script = """
            import sys
            from cryptography.hazmat.primitives import serialization as s
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
            def texts(secret):
                return (secret.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption()),
                        secret.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo))
            ours = s.load_pem_private_key(sys.stdin.buffer.read(), None)
            for text in texts(ours) + texts(Ed25519PrivateKey.generate()):
                print(text.hex())
            """
        let output = try PythonTool.run(script, input: Array(PEM.secretText(key).utf8), modules: Self.modules)
        let texts = String(decoding: output, as: UTF8.self).split(separator: "\n").compactMap {
            bytes(hexadecimal: String($0)).map { String(decoding: $0, as: UTF8.self) }
        }
        try #require(texts.count == 4)
        #expect(texts[0] == PEM.secretText(key))
        #expect(texts[1] == PEM.text(key.publicKey))
        #expect(try PEM.signingKey(texts[2]).publicKey == PEM.publicKey(texts[3]))
    }

    @Test func `text around the block and line ends of either kind are passed over`() throws {
        let key = try #require(Self.key)
        let text = "Bag Attributes\n" + PEM.text(key.publicKey) + "after\n"
        #expect(try PEM.publicKey(text) == key.publicKey)
        #expect(try PEM.publicKey(text.replacingOccurrences(of: "\n", with: "\r\n")) == key.publicKey)
    }

    @Test func `encrypted keys and keys of other algorithms are refused by name`() throws {
        func openssl(_ arguments: [String], _ input: [UInt8] = []) throws -> String {
            String(decoding: try ExternalTool.openssl.run(arguments, input: input), as: UTF8.self)
        }
        let key = try #require(Self.key)
        let encrypted = try openssl(["pkey", "-aes256", "-passout", "pass:x"], Array(PEM.secretText(key).utf8))
        #expect(throws: PEMError.encrypted) { try PEM.signingKey(encrypted) }
        for algorithm in ["x25519", "ed448"] {
            let secret = try openssl(["genpkey", "-algorithm", algorithm])
            #expect(throws: PEMError.wrongAlgorithm) { try PEM.signingKey(secret) }
            let text = try openssl(["pkey", "-pubout"], Array(secret.utf8))
            #expect(throws: PEMError.wrongAlgorithm) { try PEM.publicKey(text) }
        }
        let curve = try openssl(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"])
        #expect(throws: PEMError.wrongAlgorithm) { try PEM.signingKey(curve) }
    }

    @Test func `damaged blocks are refused`() throws {
        let key = try #require(Self.key)
        let text = PEM.text(key.publicKey)
        let body = text.split(separator: "\n").map(String.init)
        #expect(throws: PEMError.noBlock) { try PEM.publicKey("") }
        #expect(throws: PEMError.noBlock) { try PEM.publicKey(PEM.secretText(key)) }
        #expect(throws: PEMError.noBlock) { try PEM.signingKey(text) }
        #expect(throws: PEMError.noBlock) { try PEM.publicKey(body[0] + "\n" + body[1]) }
        #expect(throws: PEMError.noBlock) { try PEM.publicKey(body[2] + "\n" + body[1] + "\n" + body[0]) }
        #expect(throws: PEMError.wrongAlgorithm) { try PEM.publicKey(body[0] + "\n" + body[2]) }
        for damage in ["*", " ", "=", "AAAA=AAA", "A"] {
            #expect(throws: PEMError.notBase64) {
                try PEM.publicKey([body[0], body[1] + damage, body[2]].joined(separator: "\n"))
            }
        }
        let secret = PEM.secretText(key).split(separator: "\n").map(String.init)
        for longer in ["AAAA", "AA=="] {
            #expect(throws: PEMError.wrongAlgorithm) {
                try PEM.signingKey([secret[0], secret[1] + longer, secret[2]].joined(separator: "\n"))
            }
        }
        #expect(throws: PEMError.wrongAlgorithm) {
            try PEM.publicKey([body[0], String(body[1].dropLast(4)), body[2]].joined(separator: "\n"))
        }
    }

    @Test func `a changed prefix is refused, a changed key is another key`() throws {
        let key = try #require(Self.key)
        let body = try #require(Base64.decode(PEM.text(key.publicKey).split(separator: "\n").map(String.init)[1]))
        for index in body.indices {
            var changed = body
            changed[index] ^= 1
            let text = "-----BEGIN PUBLIC KEY-----\n\(Base64.encode(changed))\n-----END PUBLIC KEY-----\n"
            if index < 12 {
                #expect(throws: PEMError.wrongAlgorithm) { try PEM.publicKey(text) }
            } else {
                #expect(try PEM.publicKey(text) != key.publicKey)
            }
        }
    }

    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func `base64 has the vectors of RFC 4648`(plain: String, encoded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(plain.utf8))
        #expect(Base64.decode("\r\n" + encoded + "\n") == Array(plain.utf8))
    }

    @Test(arguments: [
        "Z", "Zg", "Zg=", "Zh==", "Zm9", "Zm8", "Zm9v=", "Zm9v====", "Zg==Zg==", "Z-8=", "Z_8=", "Zm 9v", "é",
    ])
    func `other text is not base64`(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test func `base64 reads back at every length`() {
        var random = SeededRandom(seed: 4648)
        for length in 0..<300 {
            let plain = random.bytes(length)
            #expect(Base64.decode(Base64.encode(plain)) == plain)
        }
    }
}
