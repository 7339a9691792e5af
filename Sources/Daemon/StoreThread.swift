import AgentCore
import Ledger
import Platform
import Quantities
import Store

/// What the store's thread is to do.
final class StoreJob: Sendable {
    enum Task: Sendable {
        case commit(PersistenceToken, [StoreWrite])
        case read(RecordQuery)
    }

    let task: Task

    init(_ task: Task) { self.task = task }
}

/// What the store's thread has done.
final class StoreCompletion: Sendable {
    enum Outcome: Sendable {
        case opened(StoreImage)
        case cannotOpen(StoreError)
        case committed(PersistenceToken)
        case commitFailed(StoreError)
        case read(UInt64, StoreAnswer)
    }

    let outcome: Outcome

    init(_ outcome: Outcome) { self.outcome = outcome }
}

/// The thread that owns the store: everything that waits is made durable in one transaction.
struct StoreThread: ~Copyable {
    private let thread: WorkerThread<StoreJob, StoreCompletion>
    /// Jobs that were not handed over yet, in order.
    private var waiting: [StoreJob] = []
    /// Since when, by the clock in nanoseconds.
    private var waitingSince: Int64 = 0

    /// Jobs under way at once.
    private static let capacity = 128
    /// How long a job is kept back for others that could be committed with it.
    private static let longestWait: Int64 = 2_000_000

    /// Makes the signed form of a checkpoint.
    typealias CheckpointSigner = @Sendable (LedgerCheckpoint) -> [UInt8]

    /// Starts the thread, which opens the store at `path`; its first completion says how that went.
    ///
    /// - Parameters:
    ///   - creates: whether a store is made where there is none. Not where one was open before: its place
    ///     would be taken by an empty one.
    ///   - sign: signs the checkpoints into which the journal is folded; without it the journal stays whole.
    init(path: String, creates: Bool = true, signing sign: CheckpointSigner? = nil) throws(SystemError) {
        let random = try Entropy.bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
        let newEpoch = creates ? StoreEpoch(random) : nil
        thread = try WorkerThread(name: "store", capacity: StoreThread.capacity) { port in
            StoreThread.work(port, path: path, newEpoch: newEpoch, sign)
        }
        // The opening is a job like any other: it has one completion.
        add(StoreJob(.read(RecordQuery(id: 0, kind: .newestJournal, limit: 0))))
        handOver()
    }

    /// What to wait for.
    var descriptor: Int32 { thread.descriptor }

    /// Takes a job that is handed over later; jobs stay in order.
    ///
    /// What waits goes there together: handed over one by one, the first would be committed alone, and the others wait
    /// for a second flush.
    mutating func add(_ job: StoreJob) {
        if waiting.isEmpty { waitingSince = Clock.bootNanoseconds }
        waiting.append(job)
    }

    /// Whether anything is to be handed over.
    var isWaiting: Bool { !waiting.isEmpty }

    /// Whether that has waited long enough for others.
    var isOverdue: Bool { Clock.bootNanoseconds - waitingSince >= StoreThread.longestWait }

    /// Hands over what was added, as far as there is room.
    mutating func handOver() {
        guard !waiting.isEmpty else { return }
        let count = waiting.firstIndex { !thread.offer($0) } ?? waiting.count
        waiting.removeFirst(count)
    }

    /// The oldest completion; nil where there is none yet.
    mutating func collect() -> StoreCompletion.Outcome? { thread.collect()?.outcome }

    /// Ends the thread, which closes the store; nothing is offered afterwards.
    func stop() { thread.stop() }

    // MARK: On the thread

    private static func work(
        _ port: WorkerPort<StoreJob, StoreCompletion>, path: String, newEpoch: StoreEpoch?, _ sign: CheckpointSigner?
    ) {
        guard port.take() != nil else { return }
        let store: AgentStore
        do throws(StoreError) {
            store = try AgentStore(path: path, for: .agent(newEpoch: newEpoch))
            port.complete(StoreCompletion(.opened(try store.load(StoreThread.restoredKinds))))
        } catch {
            port.complete(StoreCompletion(.cannotOpen(error)))
            return
        }
        while let jobs = port.takeAll() {
            var batch: [(PersistenceToken, [StoreWrite])] = []
            for job in jobs {
                switch job.task {
                case .commit(let token, let writes): batch.append((token, writes))
                case .read(let query):
                    commit(&batch, store, port)
                    port.complete(StoreCompletion(.read(query.id, answer(query, store))))
                }
            }
            commit(&batch, store, port)
            if let sign { bound(store, sign) }
        }
    }

    /// Keeps the journal bounded, where nobody waits for it.
    private static func bound(_ store: AgentStore, _ sign: CheckpointSigner) {
        guard !store.isPoisoned else { return }
        // A failure poisons the store: the next commit says so.
        do throws(StoreError) { try store.boundJournal(signing: sign) } catch {}
    }

    /// All energy pages but the last stay on the disk.
    private static let restoredKinds: [StoreRecordKind] = [
        .task, .outbox, .meter, .peer, .setting, .gate, .certificate, .client, .clientTask, .identityUse,
    ]

    private static func commit(
        _ batch: inout [(PersistenceToken, [StoreWrite])], _ store: AgentStore,
        _ port: WorkerPort<StoreJob, StoreCompletion>
    ) {
        guard !batch.isEmpty else { return }
        do throws(StoreError) {
            try store.commit(batch.flatMap { $0.1 })
            for (token, _) in batch { port.complete(StoreCompletion(.committed(token))) }
        } catch {
            for _ in batch { port.complete(StoreCompletion(.commitFailed(error))) }
        }
        batch = []
    }

    private static func answer(_ query: RecordQuery, _ store: AgentStore) -> StoreAnswer {
        do throws(StoreError) {
            switch query.kind {
            case .proofs(let key, let end):
                return .pages(try store.records(.proof, from: key, below: end, limit: query.limit).map { $0.value })
            case .newestProofs(let keys):
                let found = try store.lastRecords(.proof, from: keys.start, below: keys.end, limit: query.limit)
                return .pages(found.map { $0.value })
            case .chargedPage(let hash):
                return .pages(try store.value(.chargedPage, key: hash.array).map { [$0] } ?? [])
            case .history(let resolution, let key, let end):
                guard let kind = resolution.recordKind else { return .history([]) }
                return .history(try store.records(kind, from: key, below: end, limit: query.limit))
            case .runs(let key, let end):
                return .history(try store.records(.run, from: key, below: end, limit: query.limit))
            case .decisions(let key, let end):
                return .history(try store.records(.decision, from: key, below: end, limit: query.limit))
            case .dispute(let key):
                return .history(
                    try store.value(.task, key: key).map { [StoredRecord(key: key, value: $0)] } ?? [])
            case .newestJournal:
                return .journal(try journal(store, limit: query.limit))
            case .verification: return verification(store)
            }
        } catch { return .failed(error.explanation) }
    }

    private static func verification(_ store: AgentStore) -> StoreAnswer {
        do throws(StoreVerificationError) {
            return .verified(LedgerVerification(try store.verify()))
        } catch { return .notVerified(error.explanation) }
    }

    /// The newest lines with their hashes, newest first; each line's hash needs the one before it.
    private static func journal(_ store: AgentStore, limit: Int) throws(StoreError) -> [JournalRecord] {
        let lines = try store.history(before: nil, limit: limit + 1)
        return zip(lines, lines.dropFirst()).map { $0.record(after: $1.hash) }
            + (lines.last.map { $0.sequence == 1 ? [$0.record(after: .zero)] : [] } ?? [])
    }
}
