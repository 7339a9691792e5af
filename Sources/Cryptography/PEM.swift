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
    /// The key is of another algorithm than was due, or not in the accepted form.
    case wrongAlgorithm

    /// What is wrong and what to do, for a person.
    public var explanation: String {
        switch self {
        case .noBlock: "there is no block of the kind that is due (PUBLIC KEY, or PRIVATE KEY for a secret)"
        case .notBase64: "the block between BEGIN and END is not base64"
        case .encrypted: "the key is encrypted; decrypt it first (openssl pkey -in FILE)"
        case .wrongAlgorithm: "another algorithm than was due, or not in SubjectPublicKeyInfo or PKCS#8 form"
        }
    }
}

/// Keys as PEM texts (RFC 7468, RFC 8410): what `openssl pkey` reads and writes.
public enum PEM {
    /// The SubjectPublicKeyInfo text of `key`.
    public static func text(_ key: PublicKey) -> String {
        block("PUBLIC KEY", publicPrefix(ed25519) + key.bytes.array)
    }

    /// The unencrypted PKCS#8 text of `key`'s secret.
    public static func secretText(_ key: SigningKey) -> String {
        block("PRIVATE KEY", privatePrefix(ed25519) + key.seedBytes)
    }

    /// The unencrypted PKCS#8 text of an X25519 key's secret.
    public static func secretText(_ key: KeyAgreementKey) -> String {
        block("PRIVATE KEY", privatePrefix(x25519) + key.secretBytes)
    }

    /// The public key of a SubjectPublicKeyInfo text.
    public static func publicKey(_ text: String) throws(PEMError) -> PublicKey {
        let der = try body("PUBLIC KEY", of: text)
        guard let bytes = Bytes32(try keyBytes(der, after: publicPrefix(ed25519))) else { throw .wrongAlgorithm }
        return PublicKey(bytes: bytes)
    }

    /// The key pair of an unencrypted PKCS#8 text.
    public static func signingKey(_ text: String) throws(PEMError) -> SigningKey {
        guard let key = SigningKey(seed: try secretBytes(text, ed25519)) else { throw .wrongAlgorithm }
        return key
    }

    /// The X25519 key pair of an unencrypted PKCS#8 text.
    public static func keyAgreementKey(_ text: String) throws(PEMError) -> KeyAgreementKey {
        guard let key = KeyAgreementKey(secret: try secretBytes(text, x25519)) else { throw .wrongAlgorithm }
        return key
    }

    // The last byte of the object identifiers 1.3.101.112 and 1.3.101.110 (RFC 8410 §3).
    private static let ed25519: UInt8 = 0x70
    private static let x25519: UInt8 = 0x6e

    // DER of everything before the 32 key bytes (RFC 8410 §4 and §7).
    private static func publicPrefix(_ algorithm: UInt8) -> [UInt8] {
        [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, algorithm, 0x03, 0x21, 0x00]
    }
    private static func privatePrefix(_ algorithm: UInt8) -> [UInt8] {
        [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, algorithm, 0x04, 0x22, 0x04, 0x20]
    }

    private static func secretBytes(_ text: String, _ algorithm: UInt8) throws(PEMError) -> [UInt8] {
        if text.utf8Contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") { throw .encrypted }
        return try keyBytes(try body("PRIVATE KEY", of: text), after: privatePrefix(algorithm))
    }

    private static func keyBytes(_ der: [UInt8], after prefix: [UInt8]) throws(PEMError) -> [UInt8] {
        guard der.count == prefix.count + 32, der.starts(with: prefix) else { throw .wrongAlgorithm }
        return Array(der.suffix(32))
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
