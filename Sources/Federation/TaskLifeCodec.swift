import Cryptography
import Ledger
import Quantities
import Wire

extension PayerLife {
    private enum Field {
        static let task: UInt64 = 1
        static let worker: UInt64 = 2
        static let budget: UInt64 = 3
        static let pricing: UInt64 = 4
        static let silence: UInt64 = 5
        static let acceptBy: UInt64 = 6
        static let deadlines: UInt64 = 7
        static let taskHash: UInt64 = 8
        static let state: UInt64 = 9
        static let cancelRequested: UInt64 = 10
        static let retry: UInt64 = 11
    }

    /// Reads a stored life.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(Field.task, of: &map)
        task = try reader.task()
        try reader.field(Field.worker, of: &map)
        worker = KeyID(bytes: try reader.bytes32())
        try reader.field(Field.budget, of: &map)
        budget = try reader.amount()
        try reader.field(Field.pricing, of: &map)
        pricing = try reader.choice(Pricing.self)
        try reader.field(Field.silence, of: &map)
        silence = try reader.choice(SilenceRule.self)
        try reader.field(Field.acceptBy, of: &map)
        acceptBy = LedgerTime(milliseconds: try reader.integer())
        try reader.field(Field.deadlines, of: &map)
        deadlines = try TaskDeadlines(from: &reader)
        taskHash = try reader.hasField(Field.taskHash, of: &map) ? try reader.bytes32() : nil
        try reader.field(Field.state, of: &map)
        state = try PayerState(from: &reader)
        try reader.field(Field.cancelRequested, of: &map)
        cancelRequested = try reader.boolean()
        try reader.field(Field.retry, of: &map)
        retry = try RetryTimer(from: &reader)
        try reader.endMap(&map)
    }

    /// Appends the life's encoding.
    public func write(to writer: inout CBORWriter) {
        var fields = FieldWriter()
        fields.task(Field.task, task)
        fields.bytes(Field.worker, worker.bytes)
        fields.energy(Field.budget, budget)
        fields.unsigned(Field.pricing, UInt64(pricing.rawValue))
        fields.unsigned(Field.silence, UInt64(silence.rawValue))
        fields.integer(Field.acceptBy, acceptBy.milliseconds)
        fields.nested(Field.deadlines) { deadlines.write(to: &$0) }
        if let taskHash { fields.bytes(Field.taskHash, taskHash) }
        fields.nested(Field.state) { state.write(to: &$0) }
        fields.boolean(Field.cancelRequested, cancelRequested)
        fields.nested(Field.retry) { retry.write(to: &$0) }
        fields.finish(into: &writer)
    }
}

extension PayerState {
    /// Reads `[number, payload …]`.
    init(from reader: inout CBORReader) throws(CBORError) {
        let start = reader.offset
        let count = try reader.beginArray(limit: 3)
        var expected = 1
        switch try reader.unsigned(atMost: 7) {
        case 0: self = .created
        case 1: self = .unfunded
        case 2: self = .locked
        case 3: self = .sent
        case 4: self = .accepted
        case 5: self = .running
        case 6:
            let hash = try reader.bytes32()
            self = .proven(proofHash: hash, charged: try reader.amount())
            expected = 3
        default:
            let outcome = try SettlementOutcome(from: &reader)
            self = .settled(outcome, try reader.choice(PayerReceipt.self))
            expected = 3
        }
        guard count == expected else { throw .wrongCount(at: start, expected: expected, found: count) }
        reader.endArray()
    }

    func write(to writer: inout CBORWriter) {
        let plain: UInt64
        switch self {
        case .created: plain = 0
        case .unfunded: plain = 1
        case .locked: plain = 2
        case .sent: plain = 3
        case .accepted: plain = 4
        case .running: plain = 5
        case .proven(let hash, let charged):
            writer.array(3)
            writer.unsigned(6)
            writer.byteString(hash)
            return writer.integer(charged.millijoules)
        case .settled(let outcome, let receipt):
            writer.array(3)
            writer.unsigned(7)
            outcome.write(to: &writer)
            return writer.unsigned(UInt64(receipt.rawValue))
        }
        writer.array(1)
        writer.unsigned(plain)
    }
}

extension WorkerLife {
    private enum Field {
        static let task: UInt64 = 1
        static let payer: UInt64 = 2
        static let terms: UInt64 = 3
        static let state: UInt64 = 4
        static let attempts: UInt64 = 5
        static let proofStored: UInt64 = 6
        static let retry: UInt64 = 7
    }

    /// Reads a stored life.
    public init(from reader: inout CBORReader) throws(CBORError) {
        var map = try reader.beginMap()
        try reader.field(Field.task, of: &map)
        task = try reader.task()
        try reader.field(Field.payer, of: &map)
        payer = KeyID(bytes: try reader.bytes32())
        terms = try reader.hasField(Field.terms, of: &map) ? try WorkerTerms(from: &reader) : nil
        try reader.field(Field.state, of: &map)
        state = try WorkerState(from: &reader)
        try reader.field(Field.attempts, of: &map)
        attempts = UInt8(try reader.unsigned(atMost: UInt64(FederationLimits.maximumWorkAttempts)))
        try reader.field(Field.proofStored, of: &map)
        proofStored = try reader.boolean()
        try reader.field(Field.retry, of: &map)
        retry = try RetryTimer(from: &reader)
        try reader.endMap(&map)
    }

    /// Appends the life's encoding.
    public func write(to writer: inout CBORWriter) {
        var fields = FieldWriter()
        fields.task(Field.task, task)
        fields.bytes(Field.payer, payer.bytes)
        if let terms { fields.nested(Field.terms) { terms.write(to: &$0) } }
        fields.nested(Field.state) { state.write(to: &$0) }
        fields.unsigned(Field.attempts, UInt64(attempts))
        fields.boolean(Field.proofStored, proofStored)
        fields.nested(Field.retry) { retry.write(to: &$0) }
        fields.finish(into: &writer)
    }
}

extension WorkerTerms {
    /// Reads `[task hash, budget, pricing, silence, deadlines]`.
    init(from reader: inout CBORReader) throws(CBORError) {
        try reader.beginArray(of: 5)
        taskHash = try reader.bytes32()
        budget = try reader.amount()
        pricing = try reader.choice(Pricing.self)
        silence = try reader.choice(SilenceRule.self)
        deadlines = try TaskDeadlines(from: &reader)
        reader.endArray()
    }

    func write(to writer: inout CBORWriter) {
        writer.array(5)
        writer.byteString(taskHash)
        writer.integer(budget.millijoules)
        writer.unsigned(UInt64(pricing.rawValue))
        writer.unsigned(UInt64(silence.rawValue))
        deadlines.write(to: &writer)
    }
}

extension WorkerState {
    /// Reads `[number, payload …]`.
    init(from reader: inout CBORReader) throws(CBORError) {
        let start = reader.offset
        let count = try reader.beginArray(limit: 4)
        var expected = 1
        switch try reader.unsigned(atMost: 7) {
        case 0: self = .unseen
        case 1:
            self = .refused(try TaskRefusal(from: &reader))
            expected = 2
        case 2: self = .accepted
        case 3: self = .running
        case 4:
            let hash = try reader.bytes32()
            self = .proven(proofHash: hash, due: try reader.amount())
            expected = 3
        case 5:
            let rule = try reader.choice(SilenceRule.self)
            let hash = try reader.bytes32()
            self = .presumed(rule, proofHash: hash, due: try reader.amount())
            expected = 4
        case 6:
            self = .settled(try SettlementOutcome(from: &reader))
            expected = 2
        default:
            self = .handedOn(try reader.task())
            expected = 2
        }
        guard count == expected else { throw .wrongCount(at: start, expected: expected, found: count) }
        reader.endArray()
    }

    func write(to writer: inout CBORWriter) {
        let plain: UInt64
        switch self {
        case .unseen: plain = 0
        case .accepted: plain = 2
        case .running: plain = 3
        case .refused(let reason):
            writer.array(2)
            writer.unsigned(1)
            return reason.write(to: &writer)
        case .proven(let hash, let due):
            writer.array(3)
            writer.unsigned(4)
            writer.byteString(hash)
            return writer.integer(due.millijoules)
        case .presumed(let rule, let hash, let due):
            writer.array(4)
            writer.unsigned(5)
            writer.unsigned(UInt64(rule.rawValue))
            writer.byteString(hash)
            return writer.integer(due.millijoules)
        case .settled(let outcome):
            writer.array(2)
            writer.unsigned(6)
            return outcome.write(to: &writer)
        case .handedOn(let child):
            writer.array(2)
            writer.unsigned(7)
            return writer.byteString(child.bytes)
        }
        writer.array(1)
        writer.unsigned(plain)
    }
}
