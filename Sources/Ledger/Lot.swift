import Cryptography
import Quantities
import Wire

/// A lot: usable credits that were charged together and run out together.
///
/// Issuer, proof and expiry never change, whoever holds the lot.
public struct Lot: Hashable, Sendable {
    /// The lot's number in this ledger; never used again.
    public let number: UInt64
    /// The account that owns it.
    public let account: AccountID
    /// What the lot stands on.
    public let origin: LotOrigin
    /// What its owner can spend.
    public var available: Energy
    /// What is frozen in locks and reservations.
    public var held: Energy

    /// Everything in the lot.
    public var amount: Energy { available + held }
}

/// What a lot stands on: who issued it, on which proof, until when, and who handed it on.
public struct LotOrigin: Hashable, Sendable {
    /// The society that charged it and to which its tokens return.
    public let issuer: PlatformID
    /// The peer it was received from, to which returned tokens are reported; nil for a lot charged here.
    public let giver: PlatformID?
    /// Hash of the energy proof it was charged on.
    public let proof: Bytes32
    /// When it runs out.
    public let expires: LedgerTime

    /// The origin of a lot.
    public init(issuer: PlatformID, giver: PlatformID?, proof: Bytes32, expires: LedgerTime) {
        self.issuer = issuer
        self.giver = giver
        self.proof = proof
        self.expires = expires
    }

    /// Whether both name the same issuer, giver and proof; only such tokens are as good as each other.
    func isAlike(_ other: LotOrigin) -> Bool {
        issuer == other.issuer && giver == other.giver && proof == other.proof
    }
}

extension LotOrigin: Comparable {
    /// Orders what runs out first before what runs out later; the rest only makes the order total.
    public static func < (left: LotOrigin, right: LotOrigin) -> Bool {
        if left.expires != right.expires { return left.expires < right.expires }
        if left.issuer != right.issuer { return left.issuer < right.issuer }
        if left.proof != right.proof { return left.proof < right.proof }
        return (left.giver?.bytes ?? .zero) < (right.giver?.bytes ?? .zero)
    }
}

extension LotOrigin: LedgerCodable {
    /// Reads `{1: issuer, 2: proof, 3: expires, 4: giver?}`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        issuer = try reader.platform(1, of: &map)
        proof = try reader.bytes32(2, of: &map)
        expires = try reader.time(3, of: &map)
        giver = try reader.hasField(4, of: &map) ? KeyID(bytes: try reader.bytes32()) : nil
        try reader.endMap(&map)
    }

    /// Writes `{1: issuer, 2: proof, 3: expires, 4: giver?}`.
    public func write(to writer: inout CBORWriter) {
        writer.map(giver == nil ? 3 : 4)
        writer.field(1, issuer)
        writer.field(2, proof)
        writer.field(3, expires)
        if let giver { writer.field(4, giver) }
    }
}

extension Lot: LedgerCodable {
    /// Reads `{1: number, 2: account, 3: origin, 4: available, 5: held}`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        number = try reader.number(1, of: &map)
        account = try reader.value(2, of: &map)
        origin = try reader.value(3, of: &map)
        available = try reader.balance(4, of: &map)
        held = try reader.balance(5, of: &map)
        try reader.endMap(&map)
    }

    /// Writes `{1: number, 2: account, 3: origin, 4: available, 5: held}`.
    public func write(to writer: inout CBORWriter) {
        writer.map(5)
        writer.field(1, number)
        writer.field(2, account)
        writer.field(3, origin)
        writer.field(4, available)
        writer.field(5, held)
    }
}

/// Part of a lot that leaves an account or is frozen: an amount and what it stands on.
public struct LotSlice: Hashable, Sendable {
    /// The amount.
    public let amount: Energy
    /// What it stands on.
    public let origin: LotOrigin

    /// A slice of `amount` from `origin`.
    public init(amount: Energy, origin: LotOrigin) {
        self.amount = amount
        self.origin = origin
    }

    /// The slice as it crosses the wire when it is sent to `receiver` at `now`; a spent lifetime is zero.
    public func transfer(at now: LedgerTime, to receiver: PlatformID) -> LotTransfer {
        LotTransfer(
            issuer: origin.issuer, amount: amount, remaining: max(.zero, origin.expires.since(now)),
            proof: origin.proof, isReturning: origin.giver == receiver)
    }
}

extension LotSlice: LedgerCodable {
    /// Reads `[amount, origin]`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 2)
        amount = Energy(millijoules: try reader.integer())
        origin = try LotOrigin(from: &reader)
        reader.endArray()
    }

    /// Writes `[amount, origin]`.
    public func write(to writer: inout CBORWriter) {
        writer.array(2)
        writer.integer(amount.millijoules)
        origin.write(to: &writer)
    }
}

/// A lot on its way to another platform: its lifetime travels as what remains of it at sending.
public struct LotTransfer: Hashable, Sendable {
    /// The society that charged it.
    public let issuer: PlatformID
    /// The amount.
    public let amount: Energy
    /// What remains of its lifetime, recomputed at every sending.
    public let remaining: TimeSpan
    /// Hash of the energy proof it was charged on.
    public let proof: Bytes32
    /// Whether the sender had it from the receiver, so that it goes back the way it came.
    ///
    /// Lots of one proof are alike; without this word both sides could remember different ones as gone.
    public let isReturning: Bool

    /// A lot of `amount` from `issuer` that has `remaining` to live.
    public init(issuer: PlatformID, amount: Energy, remaining: TimeSpan, proof: Bytes32, isReturning: Bool = false) {
        self.issuer = issuer
        self.amount = amount
        self.remaining = remaining
        self.proof = proof
        self.isReturning = isReturning
    }

    /// The same lot `age` later; a spent lifetime is zero.
    public func aged(by age: TimeSpan) -> LotTransfer {
        LotTransfer(
            issuer: issuer, amount: amount, remaining: max(.zero, remaining - age), proof: proof,
            isReturning: isReturning)
    }
}

extension LotTransfer: LedgerCodable {
    /// Reads `[issuer, amount in mJ, remaining ms, proof, returning]`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 5)
        issuer = KeyID(bytes: try reader.bytes32())
        amount = Energy(millijoules: try reader.integer())
        remaining = TimeSpan(milliseconds: try reader.integer())
        proof = try reader.bytes32()
        isReturning = try reader.boolean()
        reader.endArray()
    }

    /// Writes `[issuer, amount in mJ, remaining ms, proof, returning]`.
    public func write(to writer: inout CBORWriter) {
        writer.array(5)
        writer.byteString(issuer.bytes)
        writer.integer(amount.millijoules)
        writer.integer(remaining.milliseconds)
        writer.byteString(proof)
        writer.boolean(isReturning)
    }
}
