import Cryptography
import Quantities
import Wire

/// What an Init says, sealed.
///
/// `boot epoch 8 | sequence 8 | store epoch 8 | capabilities 4 | challenge 16 | numbering 4`
struct InitPayload: Equatable, Sendable {
    static let length = 48

    var position: HandshakePosition
    var storeEpoch: UInt64
    var capabilities: UInt32
    /// The answer to a RETRY, zero where there was none.
    var challenge: Bytes16
    /// A random name for the sender's numbering of messages: another one starts another numbering.
    var numbering: UInt32

    /// The bytes of the payload.
    var encoded: [UInt8] {
        var writer = ByteWriter(capacity: InitPayload.length)
        writer.uint64(position.bootEpoch)
        writer.uint64(position.sequence)
        writer.uint64(storeEpoch)
        writer.uint32(capabilities)
        writer.append(challenge.array)
        writer.uint32(numbering)
        return writer.bytes
    }
}

extension InitPayload {
    /// Reads the payload; nil where it has another length.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == InitPayload.length, let challenge = Bytes16(bytes.span.extracting(28..<44)) else {
            return nil
        }
        position = HandshakePosition(bootEpoch: littleEndian(bytes, 0, 8), sequence: littleEndian(bytes, 8, 8))
        storeEpoch = littleEndian(bytes, 16, 8)
        capabilities = UInt32(truncatingIfNeeded: littleEndian(bytes, 24, 4))
        self.challenge = challenge
        numbering = UInt32(truncatingIfNeeded: littleEndian(bytes, 44, 4))
    }
}

/// What a Response says, sealed.
///
/// `boot epoch 8 | sequence 8 | store epoch 8 | capabilities 4 | numbering 4`
struct ResponsePayload: Equatable, Sendable {
    static let length = 32

    /// The sender's boot epoch and its last Init, so that all its Inits up to here are known to be old.
    var position: HandshakePosition
    var storeEpoch: UInt64
    var capabilities: UInt32
    /// A random name for the sender's numbering of messages.
    var numbering: UInt32

    /// The bytes of the payload.
    var encoded: [UInt8] {
        var writer = ByteWriter(capacity: ResponsePayload.length)
        writer.uint64(position.bootEpoch)
        writer.uint64(position.sequence)
        writer.uint64(storeEpoch)
        writer.uint32(capabilities)
        writer.uint32(numbering)
        return writer.bytes
    }
}

extension ResponsePayload {
    /// Reads the payload; nil where it has another length.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == ResponsePayload.length else { return nil }
        position = HandshakePosition(bootEpoch: littleEndian(bytes, 0, 8), sequence: littleEndian(bytes, 8, 8))
        storeEpoch = littleEndian(bytes, 16, 8)
        capabilities = UInt32(truncatingIfNeeded: littleEndian(bytes, 24, 4))
        numbering = UInt32(truncatingIfNeeded: littleEndian(bytes, 28, 4))
    }
}

/// What a handshake is bound to besides its keys.
enum HandshakeBinding {
    /// The prologue: the protocol and its version, the federation, and the node that is called.
    static func prologue(federation: [UInt8], responder: KeyID) -> [UInt8] {
        var writer = ByteWriter(capacity: 64 + federation.count)
        writer.append(Array("sage-edge link".utf8))
        writer.uint8(DatagramKind.version)
        writer.uint8(UInt8(truncatingIfNeeded: federation.count))
        writer.append(federation)
        writer.append(responder.bytes.array)
        return writer.bytes
    }

    /// The pre-shared key of one pair of nodes.
    ///
    /// The caller's node id cannot be in the prologue, because the called one learns the caller
    /// only from inside the Init; so both ids are bound through the pre-shared key, which enters with the Response.
    static func presharedKey(fleet: SymmetricKey, initiator: KeyID, responder: KeyID) -> SymmetricKey {
        let input = Array("sage-edge link psk".utf8) + initiator.bytes.array + responder.bytes.array
        return KeyDerivation.derive(from: fleet, input: input.span).0
    }
}

/// `count` bytes of `bytes` from `offset`, which must lie within, as a little-endian number.
private func littleEndian(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> UInt64 {
    var value: UInt64 = 0
    for index in stride(from: offset + count - 1, through: offset, by: -1) { value = value << 8 | UInt64(bytes[index]) }
    return value
}
