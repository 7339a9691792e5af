import Cryptography
import Quantities
import Wire

/// A place where tokens can be, as double entry sees it.
public enum LedgerBook: Hashable, Sendable {
    /// Where the supply comes from, and goes when it is lowered.
    case mint
    /// The society's pool.
    case adp
    /// What an account can spend.
    case available(AccountID)
    /// What an account's locks hold.
    case locked(AccountID)
    /// What an account's reservations hold.
    case reserved(AccountID)
    /// On the other side of a lane: with a peer, or on the way.
    case abroad(PlatformID)
    /// Used up here and owed back to a peer.
    case owed(PlatformID)

    /// The book in the words of output.
    public var name: String {
        switch self {
        case .mint: "mint"
        case .adp: "adp"
        case .available(let account): "available " + account.text
        case .locked(let account): "locked " + account.text
        case .reserved(let account): "reserved " + account.text
        case .abroad(let platform): "abroad " + platform.text
        case .owed(let platform): "owed " + platform.text
        }
    }
}

/// Why tokens move.
public enum LedgerEntryKind: UInt8, Sendable, CaseIterable {
    /// The society sets its supply.
    case supply = 1
    /// Pool to credits.
    case charge = 2
    /// Credits to a lock.
    case lock = 3
    /// A lock to its payee.
    case post = 4
    /// A lock or reservation back to its account.
    case release = 5
    /// Credits to a reservation.
    case reserve = 6
    /// Spent by accepted work.
    case discharge = 7
    /// Run out unused.
    case expire = 8
    /// Credits from a peer.
    case receive = 9
    /// Credits to another account.
    case grant = 10
    /// Used-up tokens back along the way they came.
    case giveBack = 11
    /// Tokens that nobody reported, back after their lifetime and the grace.
    case reclaim = 12

    /// The reason in the words of output.
    public var name: String {
        switch self {
        case .supply: "supply"
        case .charge: "charge"
        case .lock: "lock"
        case .post: "post"
        case .release: "release"
        case .reserve: "reserve"
        case .discharge: "discharge"
        case .expire: "expire"
        case .receive: "receive"
        case .grant: "grant"
        case .giveBack: "give-back"
        case .reclaim: "reclaim"
        }
    }
}

/// One line of double entry: an amount leaves one book for another.
public struct LedgerEntry: Hashable, Sendable {
    /// Why.
    public let kind: LedgerEntryKind
    /// The society that issued the tokens.
    public let issuer: PlatformID
    /// The amount, above zero.
    public let amount: Energy
    /// The book it leaves.
    public let source: LedgerBook
    /// The book it enters.
    public let target: LedgerBook
}

extension LedgerBook: LedgerCodable {
    /// Reads `[book]` or `[book, name]`: 0 mint, 1 pool, 2 available, 3 locked, 4 reserved, 5 abroad, 6 owed.
    public init(from reader: inout CBORReader) throws(CBORError) {
        let start = reader.offset
        let count = try reader.beginArray(limit: 2)
        let book = try reader.unsigned()
        switch (book, count) {
        case (0, 1): self = .mint
        case (1, 1): self = .adp
        case (2, 2): self = .available(try AccountID(from: &reader))
        case (3, 2): self = .locked(try AccountID(from: &reader))
        case (4, 2): self = .reserved(try AccountID(from: &reader))
        case (5, 2): self = .abroad(KeyID(bytes: try reader.bytes32()))
        case (6, 2): self = .owed(KeyID(bytes: try reader.bytes32()))
        default: throw .invalidValue(at: start)
        }
        reader.endArray()
    }

    /// Writes `[book]` or `[book, name]`.
    public func write(to writer: inout CBORWriter) {
        switch self {
        case .mint:
            writer.array(1)
            writer.unsigned(0)
        case .adp:
            writer.array(1)
            writer.unsigned(1)
        case .available(let account): LedgerBook.write(2, account, to: &writer)
        case .locked(let account): LedgerBook.write(3, account, to: &writer)
        case .reserved(let account): LedgerBook.write(4, account, to: &writer)
        case .abroad(let peer): LedgerBook.write(5, peer, to: &writer)
        case .owed(let peer): LedgerBook.write(6, peer, to: &writer)
        }
    }

    private static func write(_ book: UInt64, _ account: AccountID, to writer: inout CBORWriter) {
        writer.array(2)
        writer.unsigned(book)
        account.write(to: &writer)
    }

    private static func write(_ book: UInt64, _ peer: PlatformID, to writer: inout CBORWriter) {
        writer.array(2)
        writer.unsigned(book)
        writer.byteString(peer.bytes)
    }
}

extension LedgerEntry: LedgerCodable {
    /// Reads `[kind, issuer, amount in mJ, source, target]`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 5)
        let start = reader.offset
        guard let kind = LedgerEntryKind(rawValue: UInt8(try reader.unsigned(atMost: 255))) else {
            throw .invalidValue(at: start)
        }
        self.kind = kind
        issuer = KeyID(bytes: try reader.bytes32())
        amount = Energy(millijoules: try reader.nonNegative())
        source = try LedgerBook(from: &reader)
        target = try LedgerBook(from: &reader)
        reader.endArray()
    }

    /// Writes `[kind, issuer, amount in mJ, source, target]`.
    public func write(to writer: inout CBORWriter) {
        writer.array(5)
        writer.unsigned(UInt64(kind.rawValue))
        writer.byteString(issuer.bytes)
        writer.integer(amount.millijoules)
        source.write(to: &writer)
        target.write(to: &writer)
    }
}
