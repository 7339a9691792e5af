import Cryptography
import Quantities
import Wire

/// Why a handshake message was refused.
enum NoiseError: Error, Equatable, Sendable {
    /// The message is too short for its fields.
    case truncated
    /// A public key in it is a point of small order.
    case weakKey
    /// A sealed field is not authentic.
    case notAuthentic
}

/// The two patterns that exist here; what is sent always uses the second.
enum NoisePattern: Sendable {
    /// `Noise_IK_25519_ChaChaPoly_SHA256`
    case ik
    /// `Noise_IKpsk2_25519_ChaChaPoly_SHA256`
    case ikPSK2

    var protocolName: String {
        switch self {
        case .ik: "Noise_IK_25519_ChaChaPoly_SHA256"
        case .ikPSK2: "Noise_IKpsk2_25519_ChaChaPoly_SHA256"
        }
    }
}

/// The keys of a finished handshake, from the side of their holder.
struct TransportKeys: Sendable {
    let sending: SymmetricKey
    let receiving: SymmetricKey
    /// The hash of the whole handshake, the same on both sides.
    let handshakeHash: Bytes32
}

/// The Noise pattern IK, with or without a pre-shared key at its end.
///
/// ```
/// <- s
/// ...
/// -> e, es, s, ss
/// <- e, ee, se [, psk]
/// ```
/// Follows the Noise Protocol Framework, revision 34. Keys come in from outside. A handshake is a
/// value: to try a message that may be forged, read it with a copy.
struct NoiseHandshake: Sendable {
    private let pattern: NoisePattern
    private let localStatic: KeyAgreementKey
    private var state: NoiseSymmetricState
    private var localEphemeral: KeyAgreementKey?
    private var remoteStatic: Bytes32?
    private var remoteEphemeral: Bytes32?

    /// Bytes of the first message around its payload: e, the sealed s, the payload's tag.
    static let initOverhead = 32 + 48 + 16
    /// Bytes of the second message around its payload: e, the payload's tag.
    static let responseOverhead = 32 + 16

    /// The initiator's side, towards the holder of `remoteStatic`.
    init(
        pattern: NoisePattern, initiator localStatic: KeyAgreementKey, remoteStatic: Bytes32, prologue: Span<UInt8>
    ) {
        self.init(pattern, localStatic, responderStatic: remoteStatic, prologue)
        self.remoteStatic = remoteStatic
    }

    /// The responder's side.
    init(pattern: NoisePattern, responder localStatic: KeyAgreementKey, prologue: Span<UInt8>) {
        self.init(pattern, localStatic, responderStatic: localStatic.publicKey, prologue)
    }

    private init(
        _ pattern: NoisePattern, _ localStatic: KeyAgreementKey, responderStatic: Bytes32, _ prologue: Span<UInt8>
    ) {
        self.pattern = pattern
        self.localStatic = localStatic
        state = NoiseSymmetricState(protocolName: pattern.protocolName)
        state.mixHash(prologue)
        state.mixHash(responderStatic)
    }

    /// The first message.
    mutating func writeInit(ephemeral: KeyAgreementKey, payload: Span<UInt8>) throws(NoiseError) -> [UInt8] {
        guard let remoteStatic else { preconditionFailure("the initiator knows the responder's key") }
        var message = ephemeral.publicKey.array
        mixEphemeral(ephemeral.publicKey)
        localEphemeral = ephemeral
        try mixShared(ephemeral, remoteStatic)
        let localPublic = localStatic.publicKey.array
        state.sealAndHash(localPublic.span, appendingTo: &message)
        try mixShared(localStatic, remoteStatic)
        state.sealAndHash(payload, appendingTo: &message)
        return message
    }

    /// Takes the first message; its sender's static key and its payload.
    mutating func readInit(_ message: Span<UInt8>) throws(NoiseError) -> (remoteStatic: Bytes32, payload: [UInt8]) {
        guard message.count >= NoiseHandshake.initOverhead, let ephemeral = Bytes32(message.extracting(0..<32)) else {
            throw .truncated
        }
        mixEphemeral(ephemeral)
        remoteEphemeral = ephemeral
        try mixShared(localStatic, ephemeral)
        guard let opened = state.openAndHash(message.extracting(32..<80)), let remote = Bytes32(opened) else {
            throw .notAuthentic
        }
        remoteStatic = remote
        try mixShared(localStatic, remote)
        guard let payload = state.openAndHash(message.extracting(80..<message.count)) else { throw .notAuthentic }
        return (remote, payload)
    }

    /// The second message; `presharedKey` in the pattern that has one, nil in the other.
    mutating func writeResponse(
        ephemeral: KeyAgreementKey, presharedKey: SymmetricKey?, payload: Span<UInt8>
    ) throws(NoiseError) -> [UInt8] {
        guard let remoteEphemeral, let remoteStatic else { preconditionFailure("the first message has been read") }
        var message = ephemeral.publicKey.array
        mixEphemeral(ephemeral.publicKey)
        localEphemeral = ephemeral
        try mixShared(ephemeral, remoteEphemeral)
        try mixShared(ephemeral, remoteStatic)
        mixPresharedKey(presharedKey)
        state.sealAndHash(payload, appendingTo: &message)
        return message
    }

    /// Takes the second message; its payload.
    mutating func readResponse(_ message: Span<UInt8>, presharedKey: SymmetricKey?) throws(NoiseError) -> [UInt8] {
        guard let localEphemeral else { preconditionFailure("the first message has been written") }
        guard message.count >= NoiseHandshake.responseOverhead, let ephemeral = Bytes32(message.extracting(0..<32))
        else { throw .truncated }
        mixEphemeral(ephemeral)
        try mixShared(localEphemeral, ephemeral)
        try mixShared(localStatic, ephemeral)
        mixPresharedKey(presharedKey)
        guard let payload = state.openAndHash(message.extracting(32..<message.count)) else { throw .notAuthentic }
        return payload
    }

    /// The initiator's keys after the second message.
    func initiatorKeys() -> TransportKeys {
        let (first, second) = state.split()
        return TransportKeys(sending: first, receiving: second, handshakeHash: state.hash)
    }

    /// The responder's keys after the second message.
    func responderKeys() -> TransportKeys {
        let (first, second) = state.split()
        return TransportKeys(sending: second, receiving: first, handshakeHash: state.hash)
    }

    /// A key for `label` that only the two sides of the handshake so far can know.
    ///
    /// No label may have 32 bytes, so that no input of the pattern itself equals one.
    func exportedKey(for label: String) -> SymmetricKey {
        let bytes = Array(label.utf8)
        precondition(bytes.count != 32, "a label apart from all keys")
        return KeyDerivation.derive(from: state.chainingKey, input: bytes.span).0
    }

    // MARK: Tokens

    private mutating func mixEphemeral(_ key: Bytes32) {
        state.mixHash(key)
        // §9.2: with a pre-shared key, the ephemeral keys go into the chaining key as well.
        if pattern == .ikPSK2 { state.mixKey(key) }
    }

    private mutating func mixShared(_ key: KeyAgreementKey, _ point: Bytes32) throws(NoiseError) {
        guard let secret = key.sharedSecret(with: point) else { throw .weakKey }
        state.mixKey(secret)
    }

    private mutating func mixPresharedKey(_ key: SymmetricKey?) {
        precondition((key != nil) == (pattern == .ikPSK2), "a pre-shared key exactly where the pattern has one")
        if let key { state.mixKeyAndHash(key) }
    }
}
