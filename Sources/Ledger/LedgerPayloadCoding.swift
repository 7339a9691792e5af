import Cryptography
import Quantities
import Wire

// The payloads of events. Fields are numbered from 1 in the order in which the comments name them.

extension ReputationCredit: LedgerCodable {
    /// Reads `[worker, quality]`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 2)
        worker = try AccountID(from: &reader)
        let start = reader.offset
        guard let quality = BasisPoints(try reader.integer()) else { throw .invalidValue(at: start) }
        self.quality = quality
        reader.endArray()
    }

    /// Writes `[worker, quality]`.
    public func write(to writer: inout CBORWriter) {
        writer.array(2)
        worker.write(to: &writer)
        writer.unsigned(UInt64(quality.value))
    }
}

extension Genesis: LedgerCodable {
    /// Reads `{1: home, 2: store epoch, 3: supply in mJ, 4: longest lot lifetime in ms, 5: return grace in ms}`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        home = try reader.platform(1, of: &map)
        storeEpoch = try reader.storeEpoch(2, of: &map)
        supply = try reader.energy(3, of: &map)
        longestLotLifetime = try reader.span(4, of: &map)
        returnGrace = try reader.span(5, of: &map)
        try reader.endMap(&map)
    }

    /// Writes `{1: home, 2: store epoch, 3: supply in mJ, 4: longest lot lifetime in ms, 5: return grace in ms}`.
    public func write(to writer: inout CBORWriter) {
        writer.map(5)
        writer.field(1, home)
        writer.field(2, storeEpoch)
        writer.field(3, supply)
        writer.field(4, longestLotLifetime)
        writer.field(5, returnGrace)
    }
}

extension ChargeAuthorisation: LedgerCodable {
    /// Reads fields 1 … 6: proof, account, amount in mJ, limit in mJ, charged before in mJ, expires in ledger ms.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        proof = try reader.bytes32(1, of: &map)
        account = try reader.value(2, of: &map)
        amount = try reader.energy(3, of: &map)
        limit = try reader.energy(4, of: &map)
        chargedBefore = try reader.energy(5, of: &map)
        expires = try reader.time(6, of: &map)
        try reader.endMap(&map)
    }

    /// Writes fields 1 … 6: proof, account, amount in mJ, limit in mJ, charged before in mJ, expires in ledger ms.
    public func write(to writer: inout CBORWriter) {
        writer.map(6)
        writer.field(1, proof)
        writer.field(2, account)
        writer.field(3, amount)
        writer.field(4, limit)
        writer.field(5, chargedBefore)
        writer.field(6, expires)
    }
}

extension LockRequest: LedgerCodable {
    /// Reads fields 1 … 6: task, payer, payee, amount in mJ, deadline in ledger ms, least lifetime beyond in ms.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        task = try reader.value(1, of: &map)
        payer = try reader.value(2, of: &map)
        payee = try reader.value(3, of: &map)
        amount = try reader.energy(4, of: &map)
        deadline = try reader.time(5, of: &map)
        leastLifetimeBeyond = try reader.span(6, of: &map)
        try reader.endMap(&map)
    }

    /// Writes fields 1 … 6: task, payer, payee, amount in mJ, deadline in ledger ms, least lifetime beyond in ms.
    public func write(to writer: inout CBORWriter) {
        writer.map(6)
        writer.field(1, task)
        writer.field(2, payer)
        writer.field(3, payee)
        writer.field(4, amount)
        writer.field(5, deadline)
        writer.field(6, leastLifetimeBeyond)
    }
}

extension PostRequest: LedgerCodable {
    /// Reads `{1: task, 2: by, 3: payee, 4: amount in mJ, 5: proof}`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        task = try reader.task(1, of: &map)
        by = try reader.platform(2, of: &map)
        payee = try reader.value(3, of: &map)
        amount = try reader.energy(4, of: &map)
        proof = try reader.bytes32(5, of: &map)
        try reader.endMap(&map)
    }

    /// Writes `{1: task, 2: by, 3: payee, 4: amount in mJ, 5: proof}`.
    public func write(to writer: inout CBORWriter) {
        writer.map(5)
        writer.field(1, task)
        writer.field(2, by)
        writer.field(3, payee)
        writer.field(4, amount)
        writer.field(5, proof)
    }
}

extension VoidRequest: LedgerCodable {
    /// Reads `{1: task, 2: by, 3: reason}`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        task = try reader.task(1, of: &map)
        by = try reader.platform(2, of: &map)
        reason = try reader.code(3, of: &map)
        try reader.endMap(&map)
    }

    /// Writes `{1: task, 2: by, 3: reason}`.
    public func write(to writer: inout CBORWriter) {
        writer.map(3)
        writer.field(1, task)
        writer.field(2, by)
        writer.field(3, UInt64(reason.rawValue))
    }
}

extension ReserveRequest: LedgerCodable {
    /// Reads `{1: task, 2: account, 3: amount in mJ, 4: deadline in ledger ms}`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        task = try reader.value(1, of: &map)
        account = try reader.value(2, of: &map)
        amount = try reader.energy(3, of: &map)
        deadline = try reader.time(4, of: &map)
        try reader.endMap(&map)
    }

    /// Writes `{1: task, 2: account, 3: amount in mJ, 4: deadline in ledger ms}`.
    public func write(to writer: inout CBORWriter) {
        writer.map(4)
        writer.field(1, task)
        writer.field(2, account)
        writer.field(3, amount)
        writer.field(4, deadline)
    }
}

extension WorkCompletion: LedgerCodable {
    /// Reads `{1: task, 2: measured in mJ, 3: proof, 4: reputation?}`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        task = try reader.task(1, of: &map)
        measured = try reader.energy(2, of: &map)
        proof = try reader.bytes32(3, of: &map)
        reputation = try reader.optional(4, of: &map)
        try reader.endMap(&map)
    }

    /// Writes `{1: task, 2: measured in mJ, 3: proof, 4: reputation?}`.
    public func write(to writer: inout CBORWriter) {
        writer.map(reputation == nil ? 3 : 4)
        writer.field(1, task)
        writer.field(2, measured)
        writer.field(3, proof)
        if let reputation { writer.field(4, reputation) }
    }
}

extension ReceiptCredit: LedgerCodable {
    /// Reads `{1: task, 2: account, 3: lots, 4: receipt, 5: head, 6: measured in mJ, 7: reputation?}`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        task = try reader.value(1, of: &map)
        account = try reader.value(2, of: &map)
        lots = try reader.values(3, of: &map, limit: LedgerLimits.lotsPerTransfer)
        receipt = try reader.bytes32(4, of: &map)
        head = try reader.value(5, of: &map)
        measured = try reader.energy(6, of: &map)
        reputation = try reader.optional(7, of: &map)
        try reader.endMap(&map)
    }

    /// Writes `{1: task, 2: account, 3: lots, 4: receipt, 5: head, 6: measured in mJ, 7: reputation?}`.
    public func write(to writer: inout CBORWriter) {
        writer.map(reputation == nil ? 6 : 7)
        writer.field(1, task)
        writer.field(2, account)
        writer.field(3, lots)
        writer.field(4, receipt)
        writer.field(5, head)
        writer.field(6, measured)
        if let reputation { writer.field(7, reputation) }
    }
}

extension GrantRequest: LedgerCodable {
    /// Reads `{1: task, 2: from, 3: to, 4: amount in mJ}`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        task = try reader.value(1, of: &map)
        from = try reader.value(2, of: &map)
        to = try reader.value(3, of: &map)
        amount = try reader.energy(4, of: &map)
        try reader.endMap(&map)
    }

    /// Writes `{1: task, 2: from, 3: to, 4: amount in mJ}`.
    public func write(to writer: inout CBORWriter) {
        writer.map(4)
        writer.field(1, task)
        writer.field(2, from)
        writer.field(3, to)
        writer.field(4, amount)
    }
}

extension LaneAdvance: LedgerCodable {
    /// Reads `{1: peer, 2: direction, 3: head}`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        peer = try reader.platform(1, of: &map)
        direction = try reader.code(2, of: &map)
        head = try reader.value(3, of: &map)
        try reader.endMap(&map)
    }

    /// Writes `{1: peer, 2: direction, 3: head}`.
    public func write(to writer: inout CBORWriter) {
        writer.map(3)
        writer.field(1, peer)
        writer.field(2, UInt64(direction.rawValue))
        writer.field(3, head)
    }
}

extension PeerObservation: LedgerCodable {
    /// Reads `{1: peer, 2: store epoch, 3: boot epoch, 4: sent, 5: received}`.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        peer = try reader.platform(1, of: &map)
        storeEpoch = try reader.storeEpoch(2, of: &map)
        bootEpoch = try reader.number(3, of: &map)
        sent = try reader.value(4, of: &map)
        received = try reader.value(5, of: &map)
        try reader.endMap(&map)
    }

    /// Writes `{1: peer, 2: store epoch, 3: boot epoch, 4: sent, 5: received}`.
    public func write(to writer: inout CBORWriter) {
        writer.map(5)
        writer.field(1, peer)
        writer.field(2, storeEpoch)
        writer.field(3, bootEpoch)
        writer.field(4, sent)
        writer.field(5, received)
    }
}
