import Cryptography
import Foundation
import Quantities
import Testing
import Wire

@testable import Link

/// One entry of the public Noise vectors (the format of cacophony and snow).
struct NoiseVector: Decodable, CustomTestStringConvertible, Sendable {
    struct Message: Decodable, Sendable {
        let payload: String
        let ciphertext: String
    }

    let protocol_name: String
    let init_prologue: String
    let init_psks: [String]?
    let init_static: String
    let init_ephemeral: String
    let init_remote_static: String
    let resp_prologue: String
    let resp_static: String
    let resp_ephemeral: String
    let handshake_hash: String?
    let messages: [Message]

    var testDescription: String { "\(protocol_name), \(messages.count) messages, prologue \(init_prologue.prefix(8))…" }

    static let all: [NoiseVector] = {
        struct File: Decodable { let vectors: [NoiseVector] }
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/vectors/noise-ik-ikpsk2-25519-chachapoly-sha256.json")
        guard let bytes = try? Data(contentsOf: path), let file = try? JSONDecoder().decode(File.self, from: bytes)
        else { return [] }
        return file.vectors
    }()
}

func bytes(hex: String) throws -> [UInt8] {
    var result: [UInt8] = []
    var rest = Substring(hex)
    while !rest.isEmpty {
        result.append(try #require(UInt8(rest.prefix(2), radix: 16)))
        rest = rest.dropFirst(2)
    }
    return result
}

@Suite struct NoiseVectorTests {
    @Test func `the file holds both patterns`() {
        let names = Set(NoiseVector.all.map(\.protocol_name))
        #expect(names == ["Noise_IK_25519_ChaChaPoly_SHA256", "Noise_IKpsk2_25519_ChaChaPoly_SHA256"])
        #expect(NoiseVector.all.count == 3)
    }

    @Test(arguments: NoiseVector.all)
    func `every message of the public vectors comes out byte for byte, and is read back`(_ vector: NoiseVector) throws {
        let pattern = vector.protocol_name.contains("psk2") ? NoisePattern.ikPSK2 : .ik
        #expect(pattern.protocolName == vector.protocol_name)
        let psk = try (vector.init_psks?.first).flatMap { SymmetricKey(try bytes(hex: $0)) }
        let initiatorStatic = try #require(KeyAgreementKey(secret: try bytes(hex: vector.init_static)))
        let responderStatic = try #require(KeyAgreementKey(secret: try bytes(hex: vector.resp_static)))
        let initiatorEphemeral = try #require(KeyAgreementKey(secret: try bytes(hex: vector.init_ephemeral)))
        let responderEphemeral = try #require(KeyAgreementKey(secret: try bytes(hex: vector.resp_ephemeral)))
        #expect(responderStatic.publicKey.array == (try bytes(hex: vector.init_remote_static)))

        let initiatorPrologue = try bytes(hex: vector.init_prologue)
        let responderPrologue = try bytes(hex: vector.resp_prologue)
        var initiator = NoiseHandshake(
            pattern: pattern, initiator: initiatorStatic, remoteStatic: responderStatic.publicKey,
            prologue: initiatorPrologue.span)
        var responder = NoiseHandshake(pattern: pattern, responder: responderStatic, prologue: responderPrologue.span)

        let firstPayload = try bytes(hex: vector.messages[0].payload)
        let first = try initiator.writeInit(ephemeral: initiatorEphemeral, payload: firstPayload.span)
        #expect(first == (try bytes(hex: vector.messages[0].ciphertext)))
        let read = try responder.readInit(first.span)
        #expect(read.remoteStatic == initiatorStatic.publicKey)
        #expect(read.payload == firstPayload)

        let secondPayload = try bytes(hex: vector.messages[1].payload)
        let second = try responder.writeResponse(
            ephemeral: responderEphemeral, presharedKey: psk, payload: secondPayload.span)
        #expect(second == (try bytes(hex: vector.messages[1].ciphertext)))
        #expect(try initiator.readResponse(second.span, presharedKey: psk) == secondPayload)

        let ours = initiator.initiatorKeys()
        let theirs = responder.responderKeys()
        #expect(ours.handshakeHash == theirs.handshakeHash)
        if let hash = vector.handshake_hash { #expect(ours.handshakeHash.array == (try bytes(hex: hash))) }

        let nothing: [UInt8] = []
        for (index, message) in vector.messages.enumerated().dropFirst(2) {
            let sender = index % 2 == 0 ? ours : theirs
            let receiver = index % 2 == 0 ? theirs : ours
            let counter = UInt64(index / 2 - 1)
            let payload = try bytes(hex: message.payload)
            var sealed: [UInt8] = []
            ChaCha20Poly1305.seal(
                payload.span, key: sender.sending, counter: counter, header: nothing.span, appendingTo: &sealed)
            #expect(sealed == (try bytes(hex: message.ciphertext)))
            var opened: [UInt8] = []
            #expect(
                ChaCha20Poly1305.open(
                    sealed.span, key: receiver.receiving, counter: counter, header: nothing.span, appendingTo: &opened))
            #expect(opened == payload)
        }
    }

    @Test(arguments: [0, 31, 32, 79, 80, 95, 96, 143])
    func `an Init with one flipped bit is refused`(_ index: Int) throws {
        let initiatorStatic = try #require(KeyAgreementKey(secret: [UInt8](repeating: 3, count: 32)))
        let responderStatic = try #require(KeyAgreementKey(secret: [UInt8](repeating: 4, count: 32)))
        let ephemeral = try #require(KeyAgreementKey(secret: [UInt8](repeating: 5, count: 32)))
        let prologue: [UInt8] = [1]
        let payload = [UInt8](repeating: 9, count: 48)
        var initiator = NoiseHandshake(
            pattern: .ikPSK2, initiator: initiatorStatic, remoteStatic: responderStatic.publicKey,
            prologue: prologue.span)
        var message = try initiator.writeInit(ephemeral: ephemeral, payload: payload.span)
        let fresh = NoiseHandshake(pattern: .ikPSK2, responder: responderStatic, prologue: prologue.span)
        var responder = fresh
        #expect(try responder.readInit(message.span).payload == payload)
        message[index] ^= 1
        responder = fresh
        #expect(throws: NoiseError.notAuthentic) { try responder.readInit(message.span) }
    }

    @Test func `a short Init and a point of small order are refused by name`() throws {
        let key = try #require(KeyAgreementKey(secret: [UInt8](repeating: 4, count: 32)))
        let nothing: [UInt8] = []
        let fresh = NoiseHandshake(pattern: .ikPSK2, responder: key, prologue: nothing.span)
        var responder = fresh
        let short = [UInt8](repeating: 0, count: 95)
        #expect(throws: NoiseError.truncated) { try responder.readInit(short.span) }
        responder = fresh
        let zeroPoint = [UInt8](repeating: 0, count: 144)
        #expect(throws: NoiseError.weakKey) { try responder.readInit(zeroPoint.span) }
    }
}
