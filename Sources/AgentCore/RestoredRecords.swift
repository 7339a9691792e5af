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
    var meter: MeterState?
    var gate: ChargingGate?
    var lastPage: ProofPage?
    var predictor: Predictor?
    var nextTask: UInt64 = 1
    var earnings = DayTotal()
    var spending = DayTotal()
    var owner: StoreOwner?
    var paying: [TaskID: PayingTask] = [:]
    var working: [TaskID: WorkingTask] = [:]
    var outbox: [PlatformID: [OutboxRow]] = [:]
    var peers: [PeerState] = []

    /// No records.
    init() {}

    /// The records of `store`; the gate goes on under `policy`.
    init(_ store: StoreImage, policy: ChargingPolicy) throws(AgentRestoreError) {
        for record in store.records(.setting) { try setting(record) }
        for record in store.records(.meter) {
            meter = try RestoredRecords.read(.meter, record) { reader throws(CBORError) in
                try MeterState(from: &reader)
            }
        }
        for record in store.records(.gate) {
            gate = try RestoredRecords.read(.gate, record) { reader throws(CBORError) in
                try ChargingGate(from: &reader, policy: policy)
            }
        }
        // The records of a kind come in the order of their keys: the last page is the newest.
        if let record = store.records(.proof).last {
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
        for id in Array(paying.keys) { paying[id]?.dropMessages() }
        for id in Array(working.keys) { working[id]?.dropMessages() }
    }

    private mutating func setting(_ record: StoredRecord) throws(AgentRestoreError) {
        switch record.key {
        case SettingKey.nextTask:
            nextTask = try RestoredRecords.read(.setting, record) { reader throws(CBORError) in try reader.unsigned() }
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
        case SettingKey.owner:
            owner = try RestoredRecords.read(.setting, record) { reader throws(CBORError) in
                try StoreOwner(from: &reader)
            }
        default: break
        }
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
