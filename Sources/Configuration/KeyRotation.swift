import Cryptography
import Federation
import Platform
import Quantities

// A new signing key for a node, in steps that can be cut short anywhere and repeated.
extension NodeKeys {
    static let nextName = "identity.next.pem"
    static let oldName = "identity.old.pem"

    /// The name of the file with the `number`th succession of the node's keys.
    static func successionName(_ number: Int) -> String { "succession-\(number).txt" }

    /// Replaces the signing key of the node that keeps its state in `paths`, or goes on where that was cut short.
    ///
    /// The key before stays in `identity.old.pem`; both count until `overlap` after `now`. No agent may run meanwhile.
    ///
    /// - Returns: the succession, signed by both keys in `domain`; nil where there is no key yet.
    /// - Throws: `keyElsewhere` where the key is a credential of the service; `notASuccession` where as many keys
    ///   have followed one another as may, or the overlap is too long.
    public static func rotate(
        _ paths: StatePaths, overlap: TimeSpan, at now: WallTime, in domain: SignatureDomain
    ) throws(KeyFileError) -> CountersignedSuccession? {
        let path = paths.keys + "/" + identityName
        guard paths.keyFile(identityName) == path else { throw .keyElsewhere(path: paths.keyFile(identityName)) }
        guard let identity = try text(path) else { return nil }
        let old = try parse(path) { () throws(PEMError) in try PEM.signingKey(identity) }
        let successions = try storedSuccessions(paths)
        let new = try nextKey(paths)
        if let last = successions.last, last.payload.old == old.publicKey, last.payload.new == new.publicKey {
            try replace(path, by: new, paths)
            return last
        }
        let place = paths.keys + "/" + successionName(successions.count + 1)
        guard successions.count < IdentityLimits.successionsInARow else {
            throw .notASuccession(
                path: place, reason: SuccessionError.tooManyInARow(limit: IdentityLimits.successionsInARow).explanation)
        }
        guard
            let succession = CountersignedSuccession(
                from: old, to: new, at: now, overlapEnd: now + overlap, in: domain, by: Ed25519())
        else { throw .notASuccession(path: place, reason: "the overlap is longer than a succession may have") }
        try write(PEM.secretText(old), to: paths.keys + "/" + oldName)
        try write(IdentityText.succession(succession).text, to: place)
        try replace(path, by: new, paths)
        return succession
    }

    /// The key that is to come: of a rotation that was cut short, or a new one.
    private static func nextKey(_ paths: StatePaths) throws(KeyFileError) -> SigningKey {
        let path = paths.keys + "/" + nextName
        if let begun = try text(path) {
            return try parse(path) { () throws(PEMError) in try PEM.signingKey(begun) }
        }
        let new = try newKey { SigningKey(seed: $0) }
        try write(PEM.secretText(new), to: path)
        return new
    }

    private static func replace(_ path: String, by new: SigningKey, _ paths: StatePaths) throws(KeyFileError) {
        try write(PEM.secretText(new), to: path)
        try system { () throws(SystemError) in try FileSystem.remove(paths.keys + "/" + nextName) }
    }

    /// The successions in the folder of the keys, oldest first, each from the key that the one before led to.
    static func storedSuccessions(_ paths: StatePaths) throws(KeyFileError) -> [CountersignedSuccession] {
        var successions: [CountersignedSuccession] = []
        for number in 1...IdentityLimits.successionsInARow {
            let path = paths.keys + "/" + successionName(number)
            guard let stored = try text(path) else { break }
            let succession: CountersignedSuccession
            do throws(IdentityTextError) { succession = try IdentityText.ownSuccession(stored) } catch {
                throw .notASuccession(path: path, reason: error.explanation)
            }
            if let before = successions.last, before.payload.new != succession.payload.old {
                throw .notASuccession(path: path, reason: "it does not follow the one before")
            }
            successions.append(succession)
        }
        return successions
    }
}
