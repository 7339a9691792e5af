import Quantities
import Wire

/// Why a PEM text is not an accepted key.
public enum PEMError: Error, Equatable, Sendable {
    /// There is no block with a label that is accepted here.
    case noBlock
    /// The block's body is not base64.
    case notBase64
    /// The block is encrypted; it has to be decrypted first.
    case encrypted
    /// The key is of another algorithm than Ed25519, or not in the accepted form.
    case notEd25519

    /// What is wrong and what to do, for a person.
    public var explanation: String {
        switch self {
        case .noBlock: "no PUBLIC KEY or PRIVATE KEY block was found"
        case .notBase64: "the block between BEGIN and END is not base64"
        case .encrypted: "the key is encrypted; decrypt it first (openssl pkey -in FILE)"
        case .notEd25519: "the key is not an Ed25519 key in SubjectPublicKeyInfo or PKCS#8 form"
        }
    }
}

/// Ed25519 keys as PEM texts (RFC 7468, RFC 8410): what `openssl pkey` reads and writes.
public enum PEM {
    // DER of everything before the 32 key bytes (RFC 8410 §4 and §7).
    private static let publicPrefix: [UInt8] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]
    private static let privatePrefix: [UInt8] = [
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
    ]

    /// The SubjectPublicKeyInfo text of `key`.
    public static func text(_ key: PublicKey) -> String { block("PUBLIC KEY", publicPrefix + key.bytes.array) }

    /// The unencrypted PKCS#8 text of `key`'s secret.
    public static func secretText(_ key: SigningKey) -> String { block("PRIVATE KEY", privatePrefix + key.seedBytes) }

    /// The public key of a SubjectPublicKeyInfo text.
    public static func publicKey(_ text: String) throws(PEMError) -> PublicKey {
        let der = try body("PUBLIC KEY", of: text)
        guard der.count == publicPrefix.count + 32, der.starts(with: publicPrefix) else { throw .notEd25519 }
        guard let bytes = Bytes32(Array(der.suffix(32)).span) else { throw .notEd25519 }
        return PublicKey(bytes: bytes)
    }

    /// The key pair of an unencrypted PKCS#8 text.
    public static func signingKey(_ text: String) throws(PEMError) -> SigningKey {
        if text.utf8Contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") { throw .encrypted }
        let der = try body("PRIVATE KEY", of: text)
        guard der.count == privatePrefix.count + 32, der.starts(with: privatePrefix),
            let key = SigningKey(seed: Array(der.suffix(32)).span)
        else { throw .notEd25519 }
        return key
    }

    private static func block(_ label: String, _ der: [UInt8]) -> String {
        var text = "-----BEGIN \(label)-----\n"
        let body = Array(Base64.encode(der).utf8)
        for start in stride(from: 0, to: body.count, by: 64) {
            text += String(decoding: body[start..<min(start + 64, body.count)], as: UTF8.self) + "\n"
        }
        return text + "-----END \(label)-----\n"
    }

    private static func body(_ label: String, of text: String) throws(PEMError) -> [UInt8] {
        let lines = text.utf8.split { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }.map { Array($0) }
        let begin = Array("-----BEGIN \(label)-----".utf8)
        let end = Array("-----END \(label)-----".utf8)
        guard let first = lines.firstIndex(of: begin), let last = lines[first...].firstIndex(of: end) else {
            throw .noBlock
        }
        guard let der = Base64.decode(Array(lines[(first + 1)..<last].joined())) else { throw .notBase64 }
        return der
    }
}

extension String {
    fileprivate func utf8Contains(_ needle: String) -> Bool {
        let text = Array(utf8)
        let pattern = Array(needle.utf8)
        guard text.count >= pattern.count else { return false }
        return (0...(text.count - pattern.count)).contains { text[$0..<($0 + pattern.count)].elementsEqual(pattern) }
    }
}
