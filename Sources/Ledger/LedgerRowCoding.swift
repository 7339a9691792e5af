import Cryptography
import Quantities
import Wire

extension LedgerSummary: LedgerCodable {
    /// Reads fields 1 … 8 in the order of the properties.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        genesis = try reader.value(1, of: &map)
        supply = try reader.balance(2, of: &map)
        adp = try reader.balance(3, of: &map)
        wasted = try reader.total(4, of: &map)
        reclaimed = try reader.total(5, of: &map)
        nextLot = try reader.number(6, of: &map)
        taskFloor = try reader.number(7, of: &map)
        chargeFloor = try reader.time(8, of: &map)
        try reader.endMap(&map)
    }

    /// Writes fields 1 … 8 in the order of the properties.
    public func write(to writer: inout CBORWriter) {
        writer.map(8)
        writer.field(1, genesis)
        writer.field(2, supply)
        writer.field(3, adp)
        writer.field(4, wasted)
        writer.field(5, reclaimed)
        writer.field(6, nextLot)
        writer.field(7, taskFloor)
        writer.field(8, chargeFloor)
    }
}

extension Account: LedgerCodable {
    /// Reads fields 1 … 10 in the order of the properties.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        id = try reader.value(1, of: &map)
        available = try reader.balance(2, of: &map)
        locked = try reader.balance(3, of: &map)
        reserved = try reader.balance(4, of: &map)
        charged = try reader.total(5, of: &map)
        received = try reader.total(6, of: &map)
        sent = try reader.total(7, of: &map)
        discharged = try reader.total(8, of: &map)
        expired = try reader.total(9, of: &map)
        reputation = try reader.total(10, of: &map)
        try reader.endMap(&map)
    }

    /// Writes fields 1 … 10 in the order of the properties.
    public func write(to writer: inout CBORWriter) {
        writer.map(10)
        writer.field(1, id)
        writer.field(2, available)
        writer.field(3, locked)
        writer.field(4, reserved)
        writer.field(5, charged)
        writer.field(6, received)
        writer.field(7, sent)
        writer.field(8, discharged)
        writer.field(9, expired)
        writer.field(10, reputation)
    }
}

extension LotShare: LedgerCodable {
    /// Reads `[lot, amount in mJ]`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 2)
        lot = try reader.unsigned()
        amount = try reader.balance()
        reader.endArray()
    }

    /// Writes `[lot, amount in mJ]`.
    public func write(to writer: inout CBORWriter) {
        writer.array(2)
        writer.unsigned(lot)
        writer.integer(amount.millijoules)
    }
}

extension Hold: LedgerCodable {
    /// Reads fields 1 … 8 in the order of the properties; 4, the payee, may be absent.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        task = try reader.value(1, of: &map)
        account = try reader.value(2, of: &map)
        payerPlatform = try reader.platform(3, of: &map)
        payee = try reader.optional(4, of: &map)
        amount = try reader.balance(5, of: &map)
        deadline = try reader.time(6, of: &map)
        digest = try reader.bytes16(7, of: &map)
        shares = try reader.values(8, of: &map, limit: LedgerLimits.lotsPerTransfer)
        try reader.endMap(&map)
    }

    /// Writes fields 1 … 8 in the order of the properties.
    public func write(to writer: inout CBORWriter) {
        writer.map(payee == nil ? 7 : 8)
        writer.field(1, task)
        writer.field(2, account)
        writer.field(3, payerPlatform)
        if let payee { writer.field(4, payee) }
        writer.field(5, amount)
        writer.field(6, deadline)
        writer.field(7, digest)
        writer.field(8, shares)
    }
}

extension TaskOutcome: LedgerCodable {
    /// Reads `[kind, …]`: 1 posted, 2 voided, 3 expired, 4 completed, 5 failed, 6 settled, 7 granted.
    public init(from reader: inout CBORReader) throws(CBORError) {
        let start = reader.offset
        let count = try reader.beginArray(limit: 3)
        let kind = try reader.unsigned()
        switch (kind, count) {
        case (1, 2): self = .posted(try reader.balance())
        case (2, 2): self = .voided(try TaskOutcome.reason(&reader))
        case (3, 1): self = .expired
        case (4, 2): self = .completed(discharged: try reader.balance())
        case (5, 2): self = .failed(try TaskOutcome.reason(&reader))
        case (6, 3):
            let received = try reader.balance()
            self = .settled(received: received, discharged: try reader.balance())
        case (7, 2): self = .granted(try reader.balance())
        default: throw .invalidValue(at: start)
        }
        reader.endArray()
    }

    /// Writes `[kind, …]`.
    public func write(to writer: inout CBORWriter) {
        switch self {
        case .posted(let amount): TaskOutcome.write(1, amount.millijoules, to: &writer)
        case .voided(let reason): TaskOutcome.write(2, Int64(reason.rawValue), to: &writer)
        case .expired:
            writer.array(1)
            writer.unsigned(3)
        case .completed(let amount): TaskOutcome.write(4, amount.millijoules, to: &writer)
        case .failed(let reason): TaskOutcome.write(5, Int64(reason.rawValue), to: &writer)
        case .settled(let received, let discharged):
            writer.array(3)
            writer.unsigned(6)
            writer.integer(received.millijoules)
            writer.integer(discharged.millijoules)
        case .granted(let amount): TaskOutcome.write(7, amount.millijoules, to: &writer)
        }
    }

    private static func write(_ kind: UInt64, _ value: Int64, to writer: inout CBORWriter) {
        writer.array(2)
        writer.unsigned(kind)
        writer.integer(value)
    }

    private static func reason(_ reader: inout CBORReader) throws(CBORError) -> ReleaseReason {
        let start = reader.offset
        guard let reason = ReleaseReason(rawValue: UInt8(try reader.unsigned(atMost: 255))) else {
            throw .invalidValue(at: start)
        }
        return reason
    }
}

extension FinishedTask: LedgerCodable {
    /// Reads fields 1 … 4 in the order of the properties.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        task = try reader.value(1, of: &map)
        outcome = try reader.value(2, of: &map)
        beginning = try reader.bytes16(3, of: &map)
        ending = try reader.bytes16(4, of: &map)
        try reader.endMap(&map)
    }

    /// Writes fields 1 … 4 in the order of the properties.
    public func write(to writer: inout CBORWriter) {
        writer.map(4)
        writer.field(1, task)
        writer.field(2, outcome)
        writer.field(3, beginning)
        writer.field(4, ending)
    }
}

extension ChargeRecord: LedgerCodable {
    /// Reads fields 1 … 5 in the order of the properties.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        proof = try reader.bytes32(1, of: &map)
        charged = try reader.balance(2, of: &map)
        limit = try reader.balance(3, of: &map)
        expires = try reader.time(4, of: &map)
        digest = try reader.bytes16(5, of: &map)
        try reader.endMap(&map)
    }

    /// Writes fields 1 … 5 in the order of the properties.
    public func write(to writer: inout CBORWriter) {
        writer.map(5)
        writer.field(1, proof)
        writer.field(2, charged)
        writer.field(3, limit)
        writer.field(4, expires)
        writer.field(5, digest)
    }
}

extension Peer: LedgerCodable {
    /// Reads fields 1 … 13 in the order of the properties; 7, the stop, may be absent.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        platform = try reader.platform(1, of: &map)
        storeEpoch = try reader.storeEpoch(2, of: &map)
        bootEpoch = try reader.number(3, of: &map)
        sent = try reader.value(4, of: &map)
        acknowledged = try reader.value(5, of: &map)
        received = try reader.value(6, of: &map)
        stop = try reader.optionalCode(7, of: &map)
        taskFloor = try reader.number(8, of: &map)
        lastReturnNumber = try reader.number(9, of: &map)
        lastReturn = try reader.bytes16(10, of: &map)
        lastReturnAccepted = try reader.total(11, of: &map)
        lastReturnUnmatched = try reader.total(12, of: &map)
        unmatchedReturns = try reader.total(13, of: &map)
        try reader.endMap(&map)
    }

    /// Writes fields 1 … 13 in the order of the properties.
    public func write(to writer: inout CBORWriter) {
        writer.map(stop == nil ? 12 : 13)
        writer.field(1, platform)
        writer.field(2, storeEpoch)
        writer.field(3, bootEpoch)
        writer.field(4, sent)
        writer.field(5, acknowledged)
        writer.field(6, received)
        if let stop { writer.field(7, UInt64(stop.rawValue)) }
        writer.field(8, taskFloor)
        writer.field(9, lastReturnNumber)
        writer.field(10, lastReturn)
        writer.field(11, lastReturnAccepted)
        writer.field(12, lastReturnUnmatched)
        writer.field(13, unmatchedReturns)
    }
}

extension AbroadKey: LedgerCodable {
    /// Reads `[holder, origin]`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 2)
        holder = KeyID(bytes: try reader.bytes32())
        origin = try LotOrigin(from: &reader)
        reader.endArray()
    }

    /// Writes `[holder, origin]`.
    public func write(to writer: inout CBORWriter) {
        writer.array(2)
        writer.byteString(holder.bytes)
        origin.write(to: &writer)
    }
}

extension AbroadLot: LedgerCodable {
    /// Reads `{1: key, 2: amount, 3: taken for others}`; 3 may be absent.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        key = try reader.value(1, of: &map)
        amount = try reader.balance(2, of: &map)
        if try reader.hasField(3, of: &map) {
            let start = reader.offset
            takenForOthers = try reader.balance()
            guard takenForOthers > .zero else { throw .invalidValue(at: start) }
        }
        try reader.endMap(&map)
    }

    /// Writes `{1: key, 2: amount, 3: taken for others}`, the last only where there is any.
    public func write(to writer: inout CBORWriter) {
        writer.map(takenForOthers == .zero ? 2 : 3)
        writer.field(1, key)
        writer.field(2, amount)
        if takenForOthers > .zero { writer.field(3, takenForOthers) }
    }
}

extension OwedReturn: LedgerCodable {
    /// Reads `{1: giver, 2: issuer, 3: proof, 4: discharged, 5: expired}`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        let giver = try reader.platform(1, of: &map)
        let issuer = try reader.platform(2, of: &map)
        key = OwedKey(giver: giver, issuer: issuer, proof: try reader.bytes32(3, of: &map))
        discharged = try reader.balance(4, of: &map)
        expired = try reader.balance(5, of: &map)
        try reader.endMap(&map)
    }

    /// Writes `{1: giver, 2: issuer, 3: proof, 4: discharged, 5: expired}`.
    public func write(to writer: inout CBORWriter) {
        writer.map(5)
        writer.field(1, key.giver)
        writer.field(2, key.issuer)
        writer.field(3, key.proof)
        writer.field(4, discharged)
        writer.field(5, expired)
    }
}
