import Cryptography
import Federation
import Platform
import Quantities

/// Why the node's keys cannot be used.
public enum KeyFileError: Error, Sendable {
    /// The file could not be read or written.
    case system(SystemError)
    /// The file does not hold such a key.
    case notAKey(path: String, PEMError)
    /// Others than the owner may read the file.
    case exposed(path: String, mode: UInt32)
    /// The file is longer than any key.
    case tooLong(path: String)
    /// There is a key already.
    case exists(path: String)
    /// The file holds no succession of keys, or one that does not lead to the node's key.
    case notASuccession(path: String, reason: String)
    /// A rotation of the key was cut short.
    case unfinishedRotation(path: String)
    /// The key is not in the state folder, where it could be replaced.
    case keyElsewhere(path: String)

    /// What is wrong and what to do, for a person.
    public var explanation: String {
        switch self {
        case .system(let error): error.description
        case .notAKey(let path, let error): "\(path): \(error.explanation)"
        case .exposed(let path, let mode):
            "\(path) has mode \(String(mode, radix: 8)), which lets others read it; run: chmod 600 \(path)"
        case .tooLong(let path): "\(path) is longer than any key"
        case .exists(let path): "\(path) exists already"
        case .notASuccession(let path, let reason): "\(path): \(reason)"
        case .unfinishedRotation(let path): "the key was to be replaced by that of \(path), and that was cut short"
        case .keyElsewhere(let path): "the key is in \(path), and not in the state folder, where it could be replaced"
        }
    }
}

/// The two secret keys of a node, each in a PKCS#8 PEM file of mode 0600.
public struct NodeKeys: Sendable {
    /// Signs proofs, tasks and receipts.
    public let identity: SigningKey
    /// Agrees on session keys with peers.
    public let link: KeyAgreementKey
    /// The successions that led to the signing key, oldest first; none where it is the first one.
    public let successions: [CountersignedSuccession]

    /// The keys of a node.
    public init(identity: SigningKey, link: KeyAgreementKey, successions: [CountersignedSuccession] = []) {
        self.identity = identity
        self.link = link
        self.successions = successions
    }

    /// The node's id: that of its first signing key.
    public var nodeID: KeyID { (successions.first?.payload.old ?? identity.publicKey).id }

    /// The names of the two files.
    public static let fileNames = [identityName, linkName]

    static let identityName = "identity.pem"
    static let linkName = "link.pem"
    static let maximumFileLength = 4096

    /// The keys of the node that keeps its state in `paths`; nil where it has none yet.
    public static func load(_ paths: StatePaths) throws(KeyFileError) -> NodeKeys? {
        guard let identity = try text(paths.keyFile(identityName)), let link = try text(paths.keyFile(linkName)) else {
            return nil
        }
        let keys = NodeKeys(
            identity: try parse(paths.keyFile(identityName)) { () throws(PEMError) in try PEM.signingKey(identity) },
            link: try parse(paths.keyFile(linkName)) { () throws(PEMError) in try PEM.keyAgreementKey(link) },
            successions: try storedSuccessions(paths))
        if let last = keys.successions.last?.payload, last.new != keys.identity.publicKey {
            let next = paths.keys + "/" + nextName
            guard last.old == keys.identity.publicKey, try text(next) != nil else {
                throw .notASuccession(
                    path: paths.keys + "/" + successionName(keys.successions.count),
                    reason: "it leads to another key than that of \(paths.keyFile(identityName))")
            }
            throw .unfinishedRotation(path: next)
        }
        return keys
    }

    /// Makes and writes new keys; `identity` is used instead of a new one where it is given.
    ///
    /// - Throws: `exists` where the node has an identity already; keys are never replaced silently.
    public static func create(_ paths: StatePaths, identity given: SigningKey? = nil) throws(KeyFileError) -> NodeKeys {
        try system { () throws(SystemError) in
            try FileSystem.makeDirectories(paths.state, mode: 0o750)
            try FileSystem.makeDirectories(paths.keys, mode: 0o700)
        }
        let identityPath = paths.keys + "/" + identityName
        let linkPath = paths.keys + "/" + linkName
        if try text(identityPath) != nil { throw .exists(path: identityPath) }
        let identity: SigningKey
        if let given { identity = given } else { identity = try newKey { SigningKey(seed: $0) } }
        // The identity is written last: without it the node has no keys, and making them can be repeated.
        let link = try newKey { KeyAgreementKey(secret: $0) }
        try write(PEM.secretText(link), to: linkPath)
        try write(PEM.secretText(identity), to: identityPath)
        return NodeKeys(identity: identity, link: link)
    }

    static func newKey<Key>(_ make: ([UInt8]) -> Key?) throws(KeyFileError) -> Key {
        let bytes = try system { () throws(SystemError) in try Entropy.bytes(32) }
        guard let key = make(bytes) else { preconditionFailure("thirty-two bytes are a key") }
        return key
    }

    static func write(_ text: String, to path: String) throws(KeyFileError) {
        let bytes = Array(text.utf8)
        try system { () throws(SystemError) in try FileSystem.replace(path, with: bytes.span, mode: 0o600) }
    }

    static func text(_ path: String) throws(KeyFileError) -> String? {
        guard let status = try system({ () throws(SystemError) in try FileSystem.status(path) }) else { return nil }
        guard status.mode & 0o077 == 0 else { throw .exposed(path: path, mode: status.mode & 0o777) }
        guard status.size.bytes <= maximumFileLength else { throw .tooLong(path: path) }
        let bytes = try system { () throws(SystemError) in try FileSystem.read(path, limit: maximumFileLength) }
        return String(decoding: bytes, as: UTF8.self)
    }

    static func system<Result>(_ body: () throws(SystemError) -> Result) throws(KeyFileError) -> Result {
        do throws(SystemError) { return try body() } catch { throw .system(error) }
    }

    static func parse<Key>(_ path: String, _ body: () throws(PEMError) -> Key) throws(KeyFileError) -> Key {
        do throws(PEMError) { return try body() } catch { throw .notAKey(path: path, error) }
    }
}
