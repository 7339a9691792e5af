import Cryptography
import Federation
import Foundation
import Quantities
import TestKit
import Testing
import Wire

/// Python's `cbor2`, `hashlib` and `cryptography` as a second opinion on certificates and LCTs.
@Suite struct IdentityPeerTests {
    static let modules = ["cbor2": "python3-cbor2", "cryptography": "python3-cryptography"]

    /// What an envelope's signature covers, and whether it is the one of the 32-byte key.
    static let check = """
        import sys, cbor2, hashlib
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        def key_id(key):
            return hashlib.blake2b(key, digest_size=32, person=b"sage-edge" + bytes(6) + b"\\x01").digest()
        def check(envelope, kind, key, domain):
            assert envelope[:3] == [kind, 1, key_id(key)], envelope[:3]
            words = ["Signature1", {1: -8, 4: envelope[2], 16: kind, 17: 1}, domain, envelope[3]]
            Ed25519PublicKey.from_public_bytes(key).verify(envelope[4], cbor2.dumps(words, canonical=True))
            payload = cbor2.loads(envelope[3])
            assert cbor2.dumps(payload, canonical=True) == envelope[3]
            return payload
        domain = bytes.fromhex(sys.argv[1]) + (1).to_bytes(8, "big")

        """

    static func body(_ text: String) throws -> String {
        let base64 = text.split(separator: "\n").dropFirst().dropLast().joined()
        return hexadecimal(try #require(Base64.decode(base64)))
    }

    @Test func `Python reads a certificate, its endorsement and the chain above it, and verifies every signature`()
        throws
    {
        let script =
            Self.check + """
                chain = cbor2.loads(bytes.fromhex(sys.stdin.readline()))
                below = None
                for certificate, endorsement in chain:
                    c = cbor2.loads(certificate[3])
                    assert check(certificate, 8, c[7], domain) == c
                    e = cbor2.loads(endorsement[3])
                    assert check(endorsement, 13, e[6], domain) == e
                    assert (e[2], e[3], e[4], e[5]) == (c[1], c[2], c[3], certificate[4])
                    if below:
                        assert below[7] == c[3] and below[1].rpartition(".")[0] == c[1]
                        assert below[4] & ~c[4] == 0 and below[5][1] <= c[5][1]
                        assert c[6][0] <= below[6][0] and below[6][1] <= c[6][1]
                    below = c
                    print(c[1] + "@" + e[1], c[2], hex(c[4]), c[5], c[6], c[3].hex())
                assert below[3] == below[7]
                """
        let chain = try Minted.chain()
        let lines = try PythonTool.lines(
            script, arguments: [hexadecimal(Fixture.domain.federation.array)],
            input: [try Self.body(IdentityText.certificates(chain).text)], modules: Self.modules)
        let expected = chain.map { one in
            let (budget, validity) = (one.payload.allowance, one.payload.validity)
            return one.payload.lineage.text + "@" + one.lct.context.text + " 7 0x"
                + String(one.payload.permissions.bits, radix: 16)
                + " {1: \(budget.dailyATP?.millijoules ?? -1), 2: \(budget.memory.bytes), 3: \(budget.cores), "
                + "4: \(budget.concurrentTasks)} [\(validity.from.milliseconds), \(validity.until.milliseconds)] "
                + hexadecimal(one.payload.key.bytes.array)
        }
        #expect(lines == expected)
    }

    @Test func `a certificate that Python made and signed is accepted`() throws {
        let script = """
            import sys, cbor2, hashlib, base64
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
            from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
            domain = bytes.fromhex(sys.argv[1]) + (1).to_bytes(8, "big")
            def key(seed):
                secret = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
                return secret, secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
            def sign(kind, payload, secret, public):
                payload = cbor2.dumps(payload, canonical=True)
                person = b"sage-edge" + bytes(6) + b"\\x01"
                name = hashlib.blake2b(public, digest_size=32, person=person).digest()
                words = ["Signature1", {1: -8, 4: name, 16: kind, 17: 1}, domain, payload]
                return [kind, 1, name, payload, secret.sign(cbor2.dumps(words, canonical=True))]
            (creator, creator_public), (platform, platform_public) = key(11), key(2)
            start, day = 1_800_000_000_000, 86_400_000
            certificate = sign(8, {1: "dp", 2: 1, 3: creator_public, 4: 1, 5: {1: 1000, 2: 1 << 20, 3: 1, 4: 1},
                6: [start, start + 9 * day], 7: creator_public}, creator, creator_public)
            endorsement = sign(13, {1: "Thor", 2: "dp", 3: 1, 4: creator_public, 5: certificate[4],
                6: platform_public}, platform, platform_public)
            body = base64.b64encode(cbor2.dumps([[certificate, endorsement]], canonical=True)).decode()
            print("-----BEGIN SAGE-EDGE CERTIFICATE-----")
            for at in range(0, len(body), 64): print(body[at:at + 64])
            print("-----END SAGE-EDGE CERTIFICATE-----")
            """
        let text = String(
            decoding: try PythonTool.run(
                script, arguments: [hexadecimal(Fixture.domain.federation.array)], modules: Self.modules),
            as: UTF8.self)
        let chain = try CertificateTests.read(text)
        #expect(chain.map(\.lct.text) == ["lct:web4:agent:dp@Thor#perception"])
        var registry = IdentityRegistry()
        #expect(try registry.add(chain, Minted.judge()).count == 1)
        #expect(registry.refusal(of: chain[0].lct, Minted.judge()) == nil)
        #expect(IdentityText.certificates(chain).text == text)
    }

    @Test func `revocations and successions are what Python reads`() throws {
        let script =
            Self.check + """
                r = cbor2.loads(bytes.fromhex(sys.stdin.readline()))
                p = check(r, 14, cbor2.loads(r[3])[3], domain)
                print(p[1], p[2].hex(), p[3].hex(), p[4])
                old, new = cbor2.loads(bytes.fromhex(sys.stdin.readline()))
                p = cbor2.loads(old[3])
                assert check(old, 15, p[1], domain) == check(new, 15, p[2], domain)
                print(p[1].hex(), p[2].hex(), p[3], p[4])
                """
        let revocation = Minted.revocation(of: Minted.child, for: "dp.a", by: Minted.creator)
        let succession = Minted.succession(Minted.child, Minted.creator)
        let lines = try PythonTool.lines(
            script, arguments: [hexadecimal(Fixture.domain.federation.array)],
            input: [
                try Self.body(IdentityText.revocation(revocation).text),
                try Self.body(IdentityText.succession(succession).text),
            ], modules: Self.modules)
        let key = { (key: PublicKey) in hexadecimal(key.bytes.array) }
        let (one, two) = (revocation.payload, succession.payload)
        #expect(
            lines == [
                "dp.a \(key(one.key)) \(key(one.revoker)) \(one.signedAt.milliseconds)",
                "\(key(two.old)) \(key(two.new)) \(two.signedAt.milliseconds) \(two.overlapEnd.milliseconds)",
            ])
    }

    /// The grammar as one regular expression of Python's, on texts near it.
    @Test func `Python's grammar accepts and refuses the same LCTs`() throws {
        var random = SeededRandom(seed: 11)
        let types =
            TaskType.allCases.map(\.name) + ["cognition", "cognition.sage", "Perception", "perception.more", ""]
        let pieces = ["dp", "a", ".", "..", ":", "_", "-", "@", "#", " ", "\n", "\u{0}", "é", "Thor", "A9"]
        func word(_ most: Int) -> String {
            (0..<Int.random(in: 0...most, using: &random)).map { _ in
                pieces[
                    Int.random(in: 0..<(Int.random(in: 0..<6, using: &random) == 0 ? pieces.count : 7), using: &random)]
            }.joined()
        }
        var texts: [String] = []
        for _ in 0..<20_000 {
            let prefix = Int.random(in: 0..<50, using: &random) == 0 ? "lct:web4:agents:" : "lct:web4:agent:"
            let tail = Int.random(in: 0..<20, using: &random) == 0 ? "\n" : ""
            texts.append(
                prefix + word(6) + "@" + word(6) + "#" + types[Int.random(in: 0..<types.count, using: &random)] + tail)
        }
        let script = """
            import re, sys
            types = "perception|planning|planning[.]strategic|execution[.]safe|execution[.]code|" \\
                "delegation[.]federation|(?:consciousness|cognition)(?:[.]sage)?|admin[.]readonly|admin[.]full"
            segment = "[A-Za-z0-9_:-]+"
            lct = re.compile(f"lct:web4:agent:{segment}(?:[.]{segment})*@[A-Za-z0-9._:-]{{1,64}}#(?:{types})")
            for line in sys.stdin:
                text = bytes.fromhex(line).decode()
                print(bool(lct.fullmatch(text)) and len(text) <= 256)
            """
        let verdicts = try PythonTool.lines(script, input: texts.map { hexadecimal(Array($0.utf8)) })
        try #require(verdicts.count == texts.count)
        var accepted = 0
        for (text, verdict) in zip(texts, verdicts) {
            let isAccepted = (try? LCT(text)) != nil
            accepted += isAccepted ? 1 : 0
            #expect(isAccepted == (verdict == "True"), "\(text.debugDescription)")
        }
        #expect(accepted > 1_000)
    }
}
