import Cryptography
import Quantities
import Testing
import Wire

struct SignedEnvelopeTests {
    static let domain = SignatureDomain(federation: Bytes32(high: 1, low: 2), configurationEpoch: 3)
    static let payload: [UInt8] = [0xa1, 0x01, 0x02]
    let scheme = Ed25519()

    func envelope(as type: SignatureType = .task, version: UInt8 = 1) throws -> SignedEnvelope {
        SignedEnvelope(
            signing: Self.payload, as: type, version: version, with: try SigningTests.key(1), in: Self.domain,
            by: scheme)
    }

    /// The envelope with some of what its signature covers put in place of the original.
    func forged(
        _ envelope: SignedEnvelope, type: SignatureType? = nil, version: UInt8? = nil, signer: KeyID? = nil,
        payload: [UInt8]? = nil
    ) throws -> SignedEnvelope {
        var writer = CBORWriter()
        writer.array(5)
        writer.unsigned(UInt64((type ?? envelope.type).rawValue))
        writer.unsigned(UInt64(version ?? envelope.version))
        writer.byteString((signer ?? envelope.signer).bytes)
        writer.byteString(payload ?? envelope.payload)
        writer.byteString(envelope.signature.array)
        let encoded = writer.bytes
        return try SignedEnvelope(decoding: encoded.span)
    }

    @Test func `an envelope reads back from its bytes and is accepted`() throws {
        let envelope = try envelope(as: .energyProof)
        let encoded = envelope.encoded
        let read = try SignedEnvelope(decoding: encoded.span)
        #expect(read == envelope)
        #expect(read.encoded == encoded)
        try read.verify(as: .energyProof, by: SigningTests.key(1).publicKey, in: Self.domain, using: scheme)
    }

    /// The bytes under the signature, written out by hand: they must never change.
    @Test func `what is signed is the COSE structure with its domain`() throws {
        let key = try SigningTests.key(1)
        let message =
            [0x84, 0x6a] + Array("Signature1".utf8) + [0xa4, 0x01, 0x27, 0x04, 0x58, 0x20]
            + key.publicKey.id.bytes.array + [0x10, 0x02, 0x11, 0x01, 0x58, 0x28]
            + Self.domain.federation.array + [0, 0, 0, 0, 0, 0, 0, 3] + [0x43, 0xa1, 0x01, 0x02]
        #expect(try envelope().signature == scheme.sign(message.span, with: key))
    }

    @Test func `a signature for one type never passes for another`() throws {
        let key = try SigningTests.key(1).publicKey
        for signed in SignatureType.allCases {
            let envelope = try envelope(as: signed)
            for claimed in SignatureType.allCases where claimed != signed {
                #expect(throws: EnvelopeError.wrongType(expected: claimed, found: signed)) {
                    try envelope.verify(as: claimed, by: key, in: Self.domain, using: scheme)
                }
                // Also not when the envelope says the type that was due.
                let forged = try forged(envelope, type: claimed)
                #expect(throws: EnvelopeError.badSignature) {
                    try forged.verify(as: claimed, by: key, in: Self.domain, using: scheme)
                }
            }
        }
    }

    @Test func `a signature for one version never passes for another`() throws {
        let key = try SigningTests.key(1).publicKey
        let envelope = try envelope(version: 1)
        #expect(throws: EnvelopeError.unknownVersion(1)) {
            try envelope.verify(as: .task, version: 2, by: key, in: Self.domain, using: scheme)
        }
        let forged = try forged(envelope, version: 2)
        #expect(throws: EnvelopeError.badSignature) {
            try forged.verify(as: .task, version: 2, by: key, in: Self.domain, using: scheme)
        }
    }

    @Test(arguments: [
        SignatureDomain(federation: Bytes32(high: 1, low: 3), configurationEpoch: 3),
        SignatureDomain(federation: Bytes32(high: 0, low: 2), configurationEpoch: 3),
        SignatureDomain(federation: Bytes32(high: 1, low: 2), configurationEpoch: 4),
        SignatureDomain(federation: Bytes32(high: 1, low: 2), configurationEpoch: 3 << 56),
    ])
    func `a signature in one federation and epoch never passes in another`(domain: SignatureDomain) throws {
        let key = try SigningTests.key(1).publicKey
        let envelope = try envelope()
        #expect(throws: EnvelopeError.badSignature) {
            try envelope.verify(as: .task, by: key, in: domain, using: scheme)
        }
    }

    @Test func `a signature by one key never passes for another's`() throws {
        let first = try SigningTests.key(1).publicKey
        let second = try SigningTests.key(2).publicKey
        let envelope = try envelope()
        #expect(throws: EnvelopeError.wrongKey(expected: second.id, found: first.id)) {
            try envelope.verify(as: .task, by: second, in: Self.domain, using: scheme)
        }
        let forged = try forged(envelope, signer: second.id)
        #expect(throws: EnvelopeError.badSignature) {
            try forged.verify(as: .task, by: second, in: Self.domain, using: scheme)
        }
    }

    @Test func `another payload is refused`() throws {
        let key = try SigningTests.key(1).publicKey
        let envelope = try envelope()
        for payload in [[], [0xa1, 0x01, 0x03], Self.payload + [0]] {
            let forged = try forged(envelope, payload: payload)
            #expect(throws: EnvelopeError.badSignature) {
                try forged.verify(as: .task, by: key, in: Self.domain, using: scheme)
            }
        }
    }

    @Test func `any flipped bit is refused`() throws {
        let key = try SigningTests.key(1).publicKey
        let encoded = try envelope().encoded
        for bit in 0..<(encoded.count * 8) {
            var flipped = encoded
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: EnvelopeError.self, "bit \(bit)") {
                try Self.accept(flipped, key, scheme)
            }
        }
    }

    private static func accept(_ bytes: [UInt8], _ key: PublicKey, _ scheme: Ed25519) throws(EnvelopeError) {
        let envelope = try SignedEnvelope(decoding: bytes.span)
        try envelope.verify(as: .task, by: key, in: domain, using: scheme)
    }

    @Test func `bytes that are no envelope are refused by place`() throws {
        let encoded = try envelope().encoded
        func refusal(_ bytes: [UInt8]) -> EnvelopeError? {
            do throws(EnvelopeError) {
                _ = try SignedEnvelope(decoding: bytes.span)
                return nil
            } catch { return error }
        }
        for length in 0..<encoded.count {
            #expect(refusal(Array(encoded[..<length])) == .malformed(.truncated(at: length)))
        }
        #expect(refusal(encoded + [0]) == .malformed(.trailingBytes(at: encoded.count)))
        #expect(refusal([0x84] + encoded[1...]) == .malformed(.wrongCount(at: 0, expected: 5, found: 4)))
        #expect(refusal([0x85, 0x00] + encoded[2...]) == .malformed(.invalidValue(at: 1)))
        #expect(refusal([0x85, 0x18, 0x63] + encoded[2...]) == .malformed(.invalidValue(at: 1)))
        #expect(refusal([0x85, 0x19, 0x01, 0x02] + encoded[2...]) == .malformed(.outOfRange(at: 1)))
        let huge = [UInt8](repeating: 0, count: SignedEnvelope.maximumLength + 1)
        #expect(refusal(huge) == .malformed(.tooLong(at: 0, limit: SignedEnvelope.maximumLength)))
    }

    @Test func `refusals are explained in words`() throws {
        #expect(
            EnvelopeError.wrongType(expected: .task, found: .refusal).explanation == "signed as type 11, not as type 2")
        #expect(EnvelopeError.unknownVersion(9).explanation == "version 9 is not known")
        #expect(
            EnvelopeError.malformed(.truncated(at: 4)).explanation
                == "malformed: the input ends inside an item at byte 4")
    }
}
