import Cryptography
import EnergyProofs
import Federation
import Ledger
import Quantities
import Telemetry
import Wire

/// Keys of the store's single records.
enum SettingKey {
    /// The number of the next task.
    static let nextTask = Array("next-task".utf8)
    /// The ledger's clock.
    static let clock = Array("clock".utf8)
    /// What was learned about operations.
    static let predictor = Array("predictor".utf8)
    /// What was earned from others today.
    static let earnings = Array("earnings".utf8)
    /// What own tasks cost today.
    static let spending = Array("spending".utf8)
    /// What each identity used today, all in one record; earlier versions kept it so.
    static let uses = Array("identity-uses".utf8)
    /// The number of the next run that is kept.
    static let nextRun = Array("next-run".utf8)
    /// The number of the next decision that is kept.
    static let nextDecision = Array("next-decision".utf8)
    /// Where the energy history stands.
    static let history = Array("history".utf8)
    /// Whose store this is.
    static let owner = Array("owner".utf8)
    /// The charging gate.
    static let gate = Array("gate".utf8)
    /// The board's meter.
    static let meter = Array("board".utf8)
}

/// What the store's records say, decoded.
struct RestoredRecords {
    var clock: LedgerClock?
    /// What is kept of each source, by the key of its record.
    var meters: [[UInt8]: SourceRecord] = [:]
    var gate: ChargingGate?
    /// The board's last page, where the image holds it.
    var lastPage: ProofPage?
    var predictor: Predictor?
    var nextTask: UInt64 = 1
    var nextRun: UInt64 = 0
    var nextDecision: UInt64 = 0
    var earnings = DayTotal()
    var spending = DayTotal()
    var uses = IdentityUses()
    var identities = IdentityRegistry()
    var clients = ClientBook()
    var owner: StoreOwner?
    var history: HistoryState?
    var paying = TaskTable<PayingTask>()
    var working = TaskTable<WorkingTask>()
    var outbox: [PlatformID: [OutboxRow]] = [:]
    var peers: [PeerState] = []
    var disputes = DisputeBook()

    /// No records.
    init() {}

    /// The records of `store`; the gate goes on under `policy`.
    init(_ store: StoreImage, policy: ChargingPolicy) throws(AgentRestoreError) {
        for record in store.records(.setting) { try setting(record) }
        for record in store.records(.meter) {
            meters[record.key] = try RestoredRecords.read(.meter, record) { reader throws(CBORError) in
                try SourceRecord(from: &reader, firstByte: record.value.first)
            }
        }
        for record in store.records(.gate) {
            gate = try RestoredRecords.read(.gate, record) { reader throws(CBORError) in
                try ChargingGate(from: &reader, policy: policy)
            }
        }
        // The records of a kind come in the order of their keys: the last page is the newest.
        let end = PageKeys.board.end
        if let record = store.records(.proof).last(where: { $0.key.lexicographicallyPrecedes(end) }) {
            do throws(EnergyProofError) { lastPage = try ProofPage(decoding: record.value) } catch {
                throw .malformed(.proof, key: record.key)
            }
        }
        for record in store.records(.peer) {
            peers.append(
                try RestoredRecords.read(.peer, record) { reader throws(CBORError) in try PeerState(from: &reader) })
        }
        for record in store.records(.outbox) {
            let row = try RestoredRecords.read(.outbox, record) { reader throws(CBORError) in
                try OutboxRow(from: &reader)
            }
            outbox[row.peer, default: []].append(row)
        }
        for record in store.records(.task) { try task(record) }
        for record in store.records(.certificate) {
            do throws(CBORError) { try identities.restore(key: record.key, value: record.value) } catch {
                throw .malformed(.certificate, key: record.key)
            }
        }
        try restoreClients(store)
        for record in store.records(.identityUse) {
            let isKnown = try RestoredRecords.read(.identityUse, record) { reader throws(CBORError) in
                try uses.restore(key: record.key, from: &reader)
            }
            guard isKnown else { throw .malformed(.identityUse, key: record.key) }
        }
        for id in Array(paying.keys) { paying[id]?.dropMessages() }
        for id in Array(working.keys) { working[id]?.dropMessages() }
    }

    /// What is kept of the board, which is called `board` now, and of the other sources.
    ///
    /// A record that is older than the gate, or tells no page as those of the first release, goes on from what the
    /// gate accepted.
    func sources(board: SourceID, _ gate: ChargingGate) -> (board: SourceRecord?, others: [SourceID: SourceRecord]) {
        func newest(_ first: PreviousPage?, _ second: PreviousPage?) -> PreviousPage? {
            guard let first, let second else { return first ?? second }
            return second.page > first.page ? second : first
        }
        var own = meters[SettingKey.meter]
        let last = newest(newest(own?.lastPage, lastPage?.link), gate.lastPage(of: board))
        if own != nil || last != nil { own = SourceRecord(meter: own?.meter, way: own?.way, lastPage: last) }
        var others: [SourceID: SourceRecord] = [:]
        for (key, record) in meters {
            guard let source = SourceID(String(decoding: key, as: UTF8.self)), source != board else { continue }
            others[source] = record
        }
        for registration in gate.sources where registration.source != board {
            let source = registration.source
            let link = newest(others[source]?.lastPage, gate.lastPage(of: source))
            if link != nil { others[source, default: SourceRecord()].lastPage = link }
        }
        return (own, others)
    }

    private mutating func setting(_ record: StoredRecord) throws(AgentRestoreError) {
        switch record.key {
        case SettingKey.nextTask:
            nextTask = try RestoredRecords.read(.setting, record) { reader throws(CBORError) in try reader.unsigned() }
        case SettingKey.nextRun:
            nextRun = try RestoredRecords.read(.setting, record) { reader throws(CBORError) in
                try reader.unsigned(atMost: UInt64(Int64.max))
            }
        case SettingKey.nextDecision:
            nextDecision = try RestoredRecords.read(.setting, record) { reader throws(CBORError) in
                try reader.unsigned(atMost: UInt64(Int64.max))
            }
        case SettingKey.clock:
            clock = try RestoredRecords.read(.setting, record) { reader throws(CBORError) in
                try LedgerClock(from: &reader)
            }
        case SettingKey.predictor:
            predictor = try RestoredRecords.read(.setting, record) { reader throws(CBORError) in
                try Predictor(from: &reader)
            }
        case SettingKey.earnings:
            earnings = try RestoredRecords.read(.setting, record) { reader throws(CBORError) in
                try DayTotal(from: &reader)
            }
        case SettingKey.spending:
            spending = try RestoredRecords.read(.setting, record) { reader throws(CBORError) in
                try DayTotal(from: &reader)
            }
        case SettingKey.uses:
            try RestoredRecords.read(.setting, record) { reader throws(CBORError) in
                try uses.restoreAll(from: &reader)
            }
        case SettingKey.owner:
            owner = try RestoredRecords.read(.setting, record) { reader throws(CBORError) in
                try StoreOwner(from: &reader)
            }
        case SettingKey.history:
            history = try RestoredRecords.read(.setting, record) { reader throws(CBORError) in
                try HistoryState(from: &reader)
            }
        default: break
        }
    }

    private mutating func restoreClients(_ store: StoreImage) throws(AgentRestoreError) {
        var book = ClientBook()
        for record in store.records(.clientTask) {
            guard let number = AgentMachine.number(ofKey: record.key) else {
                throw .malformed(.clientTask, key: record.key)
            }
            try RestoredRecords.read(.clientTask, record) { reader throws(CBORError) in
                try book.restoreTask(number: number, from: &reader)
            }
        }
        for record in store.records(.client) {
            let isKnown = try RestoredRecords.read(.client, record) { reader throws(CBORError) in
                try book.restoreClient(key: record.key, from: &reader)
            }
            guard isKnown else { throw .malformed(.client, key: record.key) }
        }
        clients = book
    }

    /// The parts of a task come in the order of their numbers: its life first.
    private mutating func task(_ record: StoredRecord) throws(AgentRestoreError) {
        guard let (part, id) = TaskPart.parse(record.key) else { throw .malformed(.task, key: record.key) }
        switch part {
        case .payerLife:
            paying[id] = try RestoredRecords.read(.task, record) { reader throws(CBORError) in
                try PayingTask(from: &reader)
            }
        case .payerTask:
            paying[id]?.task = try RestoredRecords.read(.task, record) { reader throws(CBORError) in
                try SignedEnvelope(from: &reader)
            }
        case .payerResult:
            paying[id]?.result = try RestoredRecords.read(.task, record) { reader throws(CBORError) in
                try TaskResult(from: &reader)
            }
        case .workerLife:
            working[id] = try RestoredRecords.read(.task, record) { reader throws(CBORError) in
                try WorkingTask(from: &reader)
            }
        case .workerTask:
            let envelope = try RestoredRecords.read(.task, record) { reader throws(CBORError) in
                try SignedEnvelope(from: &reader)
            }
            do throws(EnvelopeError) { working[id]?.task = try Signed(stored: envelope) } catch {
                throw .malformed(.task, key: record.key)
            }
        case .workerResult:
            working[id]?.result = try RestoredRecords.read(.task, record) { reader throws(CBORError) in
                try TaskResult(from: &reader)
            }
        case .dispute:
            disputes.add(
                try RestoredRecords.read(.task, record) { reader throws(CBORError) in
                    try DisputeRecord(from: &reader)
                })
        }
    }

    private static func read<Value>(
        _ kind: StoreRecordKind, _ record: StoredRecord, _ body: (inout CBORReader) throws(CBORError) -> Value
    ) throws(AgentRestoreError) -> Value {
        do throws(CBORError) {
            let bytes = record.value
            var reader = try CBORReader(bytes.span, limit: EnergyProofLimits.gateBytes)
            let value = try body(&reader)
            try reader.finish()
            return value
        } catch { throw .malformed(kind, key: record.key) }
    }
}
