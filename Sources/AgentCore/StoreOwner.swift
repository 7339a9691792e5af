import Cryptography
import Ledger
import Quantities
import Wire

/// Whose store it is: what every signature and every credit in it stands on.
///
/// Under another key, federation or account the same file would go on with pages that nobody can verify and
/// credits that nobody can spend; it takes another store.
struct StoreOwner: Hashable, Sendable {
    /// The node's key.
    let node: PlatformID
    /// The federation and its epoch.
    let domain: SignatureDomain
    /// The home account.
    let account: AccountID

    /// The owner that an agent with this identity is.
    init(_ identity: AgentIdentity) {
        node = identity.id
        domain = identity.domain
        account = AgentIdentity.account(of: identity.delegator)
    }

    /// What makes `other` another owner, in words; nil where it is the same one.
    func difference(from other: StoreOwner) -> String? {
        if node != other.node { return "it belongs to the key \(node.fingerprint), not to \(other.node.fingerprint)" }
        if domain.federation != other.domain.federation { return "it was begun in another federation" }
        if domain.configurationEpoch != other.domain.configurationEpoch {
            return "it was begun in configuration epoch \(domain.configurationEpoch) of the federation, not "
                + "\(other.domain.configurationEpoch)"
        }
        if account != other.account { return "its credits belong to \(account.text), not to \(other.account.text)" }
        return nil
    }

    /// Reads `[node, federation, configuration epoch, account]`.
    init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 4)
        node = KeyID(bytes: try reader.bytes32())
        let federation = try reader.bytes32()
        domain = SignatureDomain(federation: federation, configurationEpoch: try reader.unsigned())
        account = try AccountID(from: &reader)
        reader.endArray()
    }

    /// The stored form.
    var encoded: [UInt8] {
        var writer = CBORWriter()
        writer.array(4)
        writer.byteString(node.bytes)
        writer.byteString(domain.federation)
        writer.unsigned(domain.configurationEpoch)
        account.write(to: &writer)
        return writer.bytes
    }
}

/// The record of a store that says whose it is, for whoever only looks at the store.
public enum StoreOwnerRecord {
    /// Its key, among the settings.
    public static let key = SettingKey.owner

    /// The federation and epoch in which the store of the owner in `record` was begun; nil where it cannot be read.
    public static func domain(_ record: [UInt8]) -> SignatureDomain? {
        do throws(CBORError) {
            var reader = try CBORReader(record.span, limit: record.count)
            let owner = try StoreOwner(from: &reader)
            try reader.finish()
            return owner.domain
        } catch { return nil }
    }
}
