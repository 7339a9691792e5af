import Cryptography
import Quantities
import Wire

/// The ledger: a pure machine that turns events into double entry.
///
/// It reads no clock and does no I/O; what it returns must be stored before it is acted on. An event
/// that is refused changes nothing. The same events at the same times give the same state on
/// every machine.
public struct LedgerMachine: Sendable {
    /// The state.
    public internal(set) var image: LedgerImage

    /// What the event in progress has done so far.
    var step = LedgerStep()

    /// A ledger that goes on from `image`; before genesis from an empty one.
    public init(image: LedgerImage = LedgerImage()) { self.image = image }

    /// Applies `event` at `now`, which is never before the event before it.
    ///
    /// Throws `LedgerError` in the order of precedence stated there; the state is unchanged then.
    public mutating func apply(_ event: LedgerEvent, at now: LedgerTime) throws(LedgerError) -> LedgerOutcome {
        try applyUndoably(event, at: now).outcome
    }

    /// Applies `events` as one: all of them, or none when one is refused.
    ///
    /// Throws what the first refused event throws.
    public mutating func apply(
        all events: [LedgerEvent], at now: LedgerTime
    ) throws(LedgerError) -> [LedgerOutcome] {
        guard events.count <= LedgerLimits.eventsPerBatch else {
            throw .limitReached(.eventsPerBatch, limit: LedgerLimits.eventsPerBatch)
        }
        let head = image.head
        var outcomes: [LedgerOutcome] = []
        var undo: [LedgerChange] = []
        for event in events {
            do throws(LedgerError) {
                let applied = try applyUndoably(event, at: now)
                outcomes.append(applied.outcome)
                undo += applied.undo
            } catch {
                for change in undo.reversed() { image.apply(change) }
                image.head = head
                throw error
            }
        }
        return outcomes
    }

    private mutating func applyUndoably(
        _ event: LedgerEvent, at now: LedgerTime
    ) throws(LedgerError) -> (outcome: LedgerOutcome, undo: [LedgerChange]) {
        guard now >= image.head.at else { throw .timeWentBack(last: image.head.at, given: now) }
        step = LedgerStep(now: now)
        defer { step = LedgerStep() }
        let encoded = event.encoded
        let effect: LedgerEffect
        do throws(LedgerError) {
            effect = try perform(event, encoded)
        } catch {
            for change in step.undo.reversed() { image.apply(change) }
            throw error
        }
        switch effect {
        case .unchanged(let result):
            return (.unchanged(result), [])
        case .changed(let result):
            let commit = LedgerCommit(
                record: JournalRecord(
                    sequence: image.head.sequence + 1, at: now, previousHash: image.head.hash, event: encoded,
                    entries: JournalRecord.encode(step.entries)),
                entries: step.entries, changes: changes(), result: result)
            image.head = commit.record.head
            return (.committed(commit), step.undo)
        }
    }

    /// The net changes of the step, in the order of their keys.
    private func changes() -> [LedgerChange] {
        // Each key is spelled once, and not at each comparison; the rows stay where they are meanwhile.
        let order = step.undo.indices
            .map { place in
                let key = step.undo[place].key
                return (kind: key.kind.rawValue, key: key.bytes, place: place)
            }
            .sorted { $0.kind != $1.kind ? $0.kind < $1.kind : $0.key.lexicographicallyPrecedes($1.key) }
        var changes: [LedgerChange] = []
        changes.reserveCapacity(order.count)
        for (_, _, place) in order {
            let key = step.undo[place].key
            let after = image.row(key)
            switch step.undo[place] {
            case .put(let row):
                guard let after else {
                    changes.append(.remove(key))
                    continue
                }
                if after != row { changes.append(.put(after)) }
            case .remove:
                if let after { changes.append(.put(after)) }
            }
        }
        return changes
    }

    private mutating func perform(_ event: LedgerEvent, _ encoded: [UInt8]) throws(LedgerError) -> LedgerEffect {
        if case .genesis(let genesis) = event { return try begin(genesis) }
        guard let summary = image.summary else { throw .notBegun }
        let digest = LedgerEvent.digest(of: encoded)
        switch event {
        case .genesis: throw .alreadyBegun
        case .configure(let supply): return try configure(supply, summary)
        case .charge(let authorisation): return try charge(authorisation, digest, summary)
        case .lock(let request): return try lock(request, digest, summary)
        case .post(let request): return try post(request, digest, summary)
        case .void(let request): return try void(request, digest)
        case .expire(let task): return try expire(task, digest)
        case .reserve(let request): return try reserve(request, digest, summary)
        case .completeWork(let completion): return try completeWork(completion, digest)
        case .failWork(let task, let reason): return try failWork(task, reason, digest)
        case .receive(let credit): return try receive(credit, digest, summary)
        case .issueReturn(let peer): return try issueReturn(to: peer, summary)
        case .acceptReturn(let notice): return try acceptReturn(notice, digest, summary)
        case .expireLots: return try expireLots(summary)
        case .advanceLane(let advance): return try advanceLane(advance)
        case .observePeer(let observation): return try observe(observation, summary)
        case .reconcile(let observation): return try reconcile(observation, summary)
        case .grant(let request): return try grant(request, digest, summary)
        case .raiseFloor(let platform, let epoch, let floor):
            return try raiseFloor(of: platform, epoch, to: floor, summary)
        }
    }
}

/// What the event in progress has done so far.
struct LedgerStep: Sendable {
    var now = LedgerTime.origin
    var entries: [LedgerEntry] = []
    /// What the touched rows were before, in the order of the first touch.
    var undo: [LedgerChange] = []
    var touched: Set<LedgerRowKey> = []

    init(now: LedgerTime = .origin) { self.now = now }
}

/// Whether an event changes anything.
enum LedgerEffect {
    case changed(LedgerResult)
    case unchanged(LedgerResult)
}
