import Cryptography
import Quantities
import Wire

/// The symmetric half of a Noise handshake with ChaChaPoly and SHA256.
///
/// Follows the Noise Protocol Framework, revision 34, §5.1 and §5.2.
struct NoiseSymmetricState {
    /// `ck`: what all keys are derived from.
    private(set) var chainingKey: SymmetricKey
    /// `h`: the hash of everything that happened.
    private(set) var hash: Bytes32
    /// `k` and `n`: the key of the next sealed field, none before the first key is mixed in.
    private var key: SymmetricKey?
    private var counter: UInt64 = 0

    /// The state at the start of the protocol called `name`.
    init(protocolName name: String) {
        let bytes = Array(name.utf8)
        // A name of up to 32 bytes is padded with zeros, a longer one is hashed.
        if bytes.count <= 32 {
            hash = Bytes32(bytes + [UInt8](repeating: 0, count: 32 - bytes.count)) ?? .zero
        } else {
            hash = Hashing.sha256(bytes.span)
        }
        chainingKey = SymmetricKey(hash.array) ?? .zero
    }

    /// MixHash.
    mutating func mixHash(_ bytes: Span<UInt8>) {
        var input = hash.array
        input.append(copying: bytes)
        hash = Hashing.sha256(input.span)
    }

    /// MixHash of 32 bytes.
    mutating func mixHash(_ bytes: Bytes32) {
        let array = bytes.array
        mixHash(array.span)
    }

    /// MixKey with a public value.
    mutating func mixKey(_ input: Bytes32) {
        let array = input.array
        replaceKeys(by: KeyDerivation.derive(from: chainingKey, input: array.span))
    }

    /// MixKey with a shared secret.
    mutating func mixKey(_ input: SymmetricKey) {
        replaceKeys(by: KeyDerivation.derive(from: chainingKey, input: input))
    }

    /// MixKeyAndHash.
    mutating func mixKeyAndHash(_ input: SymmetricKey) {
        let derived = KeyDerivation.derive(from: chainingKey, input: input)
        derived.1.withBytes { mixHash($0) }
        replaceKeys(by: (derived.0, derived.2, derived.1))
    }

    private mutating func replaceKeys(by derived: (SymmetricKey, SymmetricKey, SymmetricKey)) {
        chainingKey = derived.0
        key = derived.1
        counter = 0
    }

    /// EncryptAndHash, appended to `output`; in clear as long as there is no key.
    mutating func sealAndHash(_ plain: Span<UInt8>, appendingTo output: inout [UInt8]) {
        let start = output.count
        if let key {
            let header = hash.array
            ChaCha20Poly1305.seal(plain, key: key, counter: counter, header: header.span, appendingTo: &output)
            counter += 1
        } else {
            output.append(copying: plain)
        }
        mixHash(output.span.extracting(start..<output.count))
    }

    /// DecryptAndHash; nil where `sealed` is not authentic.
    mutating func openAndHash(_ sealed: Span<UInt8>) -> [UInt8]? {
        var plain: [UInt8] = []
        if let key {
            let header = hash.array
            guard
                ChaCha20Poly1305.open(sealed, key: key, counter: counter, header: header.span, appendingTo: &plain)
            else { return nil }
            counter += 1
        } else {
            plain.append(copying: sealed)
        }
        mixHash(sealed)
        return plain
    }

    /// Split: the initiator's sending key, then the responder's.
    func split() -> (SymmetricKey, SymmetricKey) {
        let nothing: [UInt8] = []
        let derived = KeyDerivation.derive(from: chainingKey, input: nothing.span)
        return (derived.0, derived.1)
    }
}
