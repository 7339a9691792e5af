import Cryptography
import Quantities
import Wire

/// The kinds of datagrams, by their first byte.
enum DatagramKind {
    static let initiation: UInt8 = 0x01
    static let response: UInt8 = 0x02
    static let retry: UInt8 = 0x03
    // 0x04 is kept for the cookie answer under load and refused in this version.
    static let sealed: UInt8 = 0x10

    /// The protocol version in handshake datagrams and in the prologue.
    static let version: UInt8 = 1
}

/// The number of a session at the side that chose it, 24 bits; zero is never used.
struct SessionIndex: Hashable, Sendable {
    let value: UInt32

    static let limit: UInt32 = 1 << 24
}

/// The keyed checks at the end of handshake datagrams.
///
/// `mac1` proves that the sender knows whom it calls, before any curve operation; `mac2` has its
/// place for a later cookie and is zero.
enum HandshakeAuthenticator {
    /// Bytes of both checks.
    static let length = 32

    /// The key of `mac1` towards the holder of `staticKey`.
    static func key(for staticKey: Bytes32) -> Bytes32 {
        let input = Array("sage-edge link mac1".utf8) + staticKey.array
        return Hashing.blake2b256(input.span)
    }

    /// Appends both checks to a datagram.
    static func append(to datagram: inout [UInt8], key: Bytes32) {
        let key = key.array
        datagram += Hashing.blake2b128(datagram.span, key: key.span).array
        datagram += [UInt8](repeating: 0, count: 16)
    }

    /// Whether `mac1` of a datagram of at least 32 bytes is right.
    static func isValid(_ datagram: Span<UInt8>, key: Bytes32) -> Bool {
        let key = key.array
        let start = datagram.count - length
        let expected = Hashing.blake2b128(datagram.extracting(0..<start), key: key.span).array
        return Hashing.constantTimeEqual(expected.span, datagram.extracting(start..<(start + 16)))
    }

    static func isReservedZero(_ datagram: Span<UInt8>) -> Bool {
        for index in (datagram.count - 16)..<datagram.count where datagram[index] != 0 { return false }
        return true
    }
}

/// The first datagram of a handshake.
///
/// `type 1 | version 1 | sender index 3 | zero 3 | Noise message 144 | mac1 16 | mac2 16`
struct InitDatagram: Sendable {
    static let length = 184

    let sender: SessionIndex
    let noise: [UInt8]

    /// The ephemeral key that the Noise message begins with; tells Inits apart.
    let ephemeral: Bytes32

    /// Reads the datagram; its checks and the Noise message are not looked at.
    init(_ bytes: Span<UInt8>) throws(DatagramError) {
        guard bytes.count == InitDatagram.length else { throw .length(count: bytes.count) }
        guard bytes[1] == DatagramKind.version else { throw .version(bytes[1]) }
        sender = SessionIndex(value: sessionIndex(bytes, at: 2))
        guard sender.value != 0, sessionIndex(bytes, at: 5) == 0, HandshakeAuthenticator.isReservedZero(bytes) else {
            throw .reserved
        }
        noise = [UInt8](copying: bytes.extracting(8..<152))
        ephemeral = Bytes32(bytes.extracting(8..<40)) ?? .zero
    }

    /// The datagram's bytes.
    static func encoded(sender: SessionIndex, noise: [UInt8], authenticatorKey: Bytes32) -> [UInt8] {
        var writer = ByteWriter(capacity: length)
        writer.uint8(DatagramKind.initiation)
        writer.uint8(DatagramKind.version)
        writer.littleEndian(UInt64(sender.value), 3)
        writer.zeros(3)
        writer.append(noise)
        var bytes = writer.bytes
        HandshakeAuthenticator.append(to: &bytes, key: authenticatorKey)
        return bytes
    }
}

/// The answer to an Init.
///
/// `type 1 | version 1 | sender index 3 | receiver index 3 | Noise message 80 | mac1 16 | mac2 16`
struct ResponseDatagram: Sendable {
    static let length = 120

    let sender: SessionIndex
    let receiver: SessionIndex
    let noise: [UInt8]

    /// Reads the datagram; its checks and the Noise message are not looked at.
    init(_ bytes: Span<UInt8>) throws(DatagramError) {
        guard bytes.count == ResponseDatagram.length else { throw .length(count: bytes.count) }
        guard bytes[1] == DatagramKind.version else { throw .version(bytes[1]) }
        sender = SessionIndex(value: sessionIndex(bytes, at: 2))
        receiver = SessionIndex(value: sessionIndex(bytes, at: 5))
        guard sender.value != 0, HandshakeAuthenticator.isReservedZero(bytes) else { throw .reserved }
        noise = [UInt8](copying: bytes.extracting(8..<88))
    }

    /// The datagram's bytes.
    static func encoded(
        sender: SessionIndex, receiver: SessionIndex, noise: [UInt8], authenticatorKey: Bytes32
    ) -> [UInt8] {
        var writer = ByteWriter(capacity: length)
        writer.uint8(DatagramKind.response)
        writer.uint8(DatagramKind.version)
        writer.littleEndian(UInt64(sender.value), 3)
        writer.littleEndian(UInt64(receiver.value), 3)
        writer.append(noise)
        var bytes = writer.bytes
        HandshakeAuthenticator.append(to: &bytes, key: authenticatorKey)
        return bytes
    }
}

/// The answer to an Init that may be an old one.
///
/// `type 1 | version 1 | receiver index 3 | zero 3 | challenge 16 | code 16`
///
/// The code is keyed with a key exported from the handshake after its first message, so only the
/// peer that was called can have made it.
struct RetryDatagram: Sendable {
    static let length = 40
    static let keyLabel = "sage-edge link retry"

    let receiver: SessionIndex
    let challenge: Bytes16

    /// Reads the datagram; its code is not looked at.
    init(_ bytes: Span<UInt8>) throws(DatagramError) {
        guard bytes.count == RetryDatagram.length else { throw .length(count: bytes.count) }
        guard bytes[1] == DatagramKind.version else { throw .version(bytes[1]) }
        receiver = SessionIndex(value: sessionIndex(bytes, at: 2))
        guard sessionIndex(bytes, at: 5) == 0 else { throw .reserved }
        challenge = Bytes16(bytes.extracting(8..<24)) ?? .zero
    }

    /// Whether the code of `bytes` was made with `key`.
    static func isAuthentic(_ bytes: Span<UInt8>, key: SymmetricKey) -> Bool {
        let expected = key.withBytes { Hashing.blake2b128(bytes.extracting(0..<24), key: $0) }.array
        return Hashing.constantTimeEqual(expected.span, bytes.extracting(24..<40))
    }

    /// The datagram's bytes.
    static func encoded(receiver: SessionIndex, challenge: Bytes16, key: SymmetricKey) -> [UInt8] {
        var writer = ByteWriter(capacity: length)
        writer.uint8(DatagramKind.retry)
        writer.uint8(DatagramKind.version)
        writer.littleEndian(UInt64(receiver.value), 3)
        writer.zeros(3)
        writer.append(challenge.array)
        let head = writer.bytes
        writer.append(key.withBytes { Hashing.blake2b128(head.span, key: $0) }.array)
        return writer.bytes
    }
}

/// The header of sealed datagrams, which is also their associated data.
///
/// `type and flags 1 | receiver index 3 | packet counter 4`
struct SealedHeader: Equatable, Sendable {
    static let length = 8
    /// Header and tag.
    static let overhead = length + ChaCha20Poly1305.tagLength

    let receiver: SessionIndex
    let counter: UInt32

    init(receiver: SessionIndex, counter: UInt32) {
        self.receiver = receiver
        self.counter = counter
    }

    /// Reads the header of a datagram whose kind is `sealed`.
    init(_ bytes: Span<UInt8>) throws(DatagramError) {
        guard bytes.count > SealedHeader.overhead, bytes.count <= LinkLimits.acceptedDatagramLength else {
            throw .length(count: bytes.count)
        }
        receiver = SessionIndex(value: sessionIndex(bytes, at: 1))
        counter = sessionIndex(bytes, at: 4) | UInt32(bytes[7]) << 24
    }

    var encoded: [UInt8] {
        var writer = ByteWriter(capacity: LinkLimits.datagramLength)
        writer.uint8(DatagramKind.sealed)
        writer.littleEndian(UInt64(receiver.value), 3)
        writer.uint32(counter)
        return writer.bytes
    }
}

/// Three little-endian bytes at `offset`, which must lie within `bytes`.
private func sessionIndex(_ bytes: Span<UInt8>, at offset: Int) -> UInt32 {
    UInt32(bytes[offset]) | UInt32(bytes[offset + 1]) << 8 | UInt32(bytes[offset + 2]) << 16
}
