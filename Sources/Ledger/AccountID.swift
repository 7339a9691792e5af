import Cryptography
import Quantities
import Wire

/// A platform, named by the id of its node key; also names the society that issues a lot.
public typealias PlatformID = KeyID

/// The name of an account: an agent's LCT, opaque to the ledger.
///
/// 1 … 256 printable ASCII characters without space, so that equal names are equal bytes.
public struct AccountID: Hashable, Comparable, Sendable {
    /// The name.
    public let text: String

    /// The account called `text`, or nil where that is no name of an account.
    public init?(_ text: String) {
        let utf8 = text.utf8
        guard (1...LedgerLimits.accountNameBytes).contains(utf8.count), utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { return nil }
        self.text = text
    }

    /// Orders by byte.
    public static func < (left: AccountID, right: AccountID) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
}

extension AccountID: LedgerCodable {
    /// Reads a text.
    public init(from reader: inout CBORReader) throws(CBORError) {
        let start = reader.offset
        guard let account = AccountID(try reader.text(limit: LedgerLimits.accountNameBytes)) else {
            throw .invalidValue(at: start)
        }
        self = account
    }

    /// Writes a text.
    public func write(to writer: inout CBORWriter) { writer.text(text) }
}

/// One side of a transfer: an account and the platform whose ledger keeps it.
public struct Party: Hashable, Sendable {
    /// The platform that keeps the account.
    public let platform: PlatformID
    /// The account.
    public let account: AccountID

    /// The party of `account` at `platform`.
    public init(platform: PlatformID, account: AccountID) {
        self.platform = platform
        self.account = account
    }
}

extension Party: LedgerCodable {
    /// Reads `[platform, account]`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 2)
        platform = KeyID(bytes: try reader.bytes32())
        account = try AccountID(from: &reader)
        reader.endArray()
    }

    /// Writes `[platform, account]`.
    public func write(to writer: inout CBORWriter) {
        writer.array(2)
        writer.byteString(platform.bytes)
        account.write(to: &writer)
    }
}
