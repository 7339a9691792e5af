import AgentCore
import CBenchmarkPeers
import Cryptography
import Ledger
import Platform
import Quantities
import Store

/// Two-phase transfers through ledger and store, beside plain SQLite rows and the disk's own flush.
enum LedgerBenchmark {
    private static let group = 64
    private static let groups = 25

    /// Transfers in `rounds` rounds of `count` commits each, in files under `folder`.
    static func run(rounds: Int, count: Int, folder: String) throws(BenchmarkError) {
        var book = try Book(folder + "/book.db")
        var memory = try Book(nil)
        let rows = try PlainRows(folder + "/rows.db")
        var (flushes, alone, rowsAlone) = (Durations(), Durations(), Durations())
        var (grouped, rowsGrouped, bare) = (Durations(), Durations(), Durations())
        for _ in 0..<rounds {
            flushes.add(try Durations.ofPeer("fdatasync", count) { peers_flushes(folder + "/flushes", count, $0) })
            for _ in 0..<count { alone.add(try book.commit(phases: 1)) }
            rowsAlone.add(try rows.commit(group: 1, count))
            for _ in 0..<groups { grouped.add(try book.commit(phases: group)) }
            rowsGrouped.add(try rows.commit(group: group, groups))
            for _ in 0..<count { bare.add(try memory.commit(phases: 1)) }
        }
        try book.checkConservation()
        Table.row("flush of 4 KiB on this disk", Figure(flushes))
        Table.row("  rate", .rate(flushes.rate()))
        let peer = "plain SQLite rows"
        Table.row("ledger phase, one commit", Figure(alone), beside: peer, Figure(rowsAlone))
        // A transfer is a lock and a post.
        Table.row(
            "  transfers, two commits each", .rate(alone.rate(permille: 500)), beside: peer,
            .rate(rowsAlone.rate(permille: 500)))
        Table.row("ledger commit of \(group) phases", Figure(grouped), beside: peer, Figure(rowsGrouped))
        let share = Int64(group) * 500
        Table.row(
            "  transfers, in groups", .rate(grouped.rate(permille: share)), beside: peer,
            .rate(rowsGrouped.rate(permille: share)))
        Table.row("ledger phase without the store", Figure(bare))
    }
}

/// A ledger, with a store or without: one account pays another, lock and post by turns.
private struct Book {
    private static let start = LedgerTime(milliseconds: 1_000)
    /// Ended tasks that are remembered before the oldest are forgotten.
    private static let remembered: UInt64 = 1_024

    private let store: AgentStore?
    private let epoch: StoreEpoch
    private var machine = LedgerMachine()
    private let home = KeyID(bytes: Bytes32(high: 1, low: 2))
    private let payer: Party
    private let payee: Party
    private var sequence: UInt64 = 1
    private var locked: TaskReference?

    init(_ path: String?) throws(BenchmarkError) {
        if let path { store = try benchmarkStore(path) } else { store = nil }
        epoch = store?.storeEpoch ?? StoreEpoch(1)
        payer = Party(platform: home, account: try sure(AccountID("lct:web4:agent:payer"), "account"))
        payee = Party(platform: home, account: try sure(AccountID("lct:web4:agent:payee"), "account"))
        let supply = Energy(joules: 1_000_000)
        try keep([
            .genesis(Genesis(home: home, storeEpoch: epoch, supply: supply)),
            .charge(
                ChargeAuthorisation(
                    proof: Bytes32(high: 3, low: 4), account: payer.account, amount: supply, limit: supply,
                    chargedBefore: .zero, expires: Book.start + .seconds(86_400))),
        ])
    }

    /// Commits `phases` phases as one, and says how long that took.
    mutating func commit(phases: Int) throws(BenchmarkError) -> Int64 {
        let begin = Clock.bootNanoseconds
        var writes: [StoreWrite] = []
        for _ in 0..<phases { writes += try perform(nextPhase()) }
        try keep(writes)
        return Clock.bootNanoseconds - begin
    }

    /// Nothing was made or lost.
    func checkConservation() throws(BenchmarkError) {
        guard machine.image.violations.isEmpty else { throw .failed("the ledger does not balance") }
    }

    private mutating func nextPhase() -> [LedgerEvent] {
        if let task = locked {
            locked = nil
            let post = LedgerEvent.post(
                PostRequest(
                    task: task.id, by: home, payee: payee, amount: Energy(millijoules: 3), proof: .zero))
            guard sequence % Book.remembered == 0 else { return [post] }
            return [post, .raiseFloor(of: home, storeEpoch: epoch, to: sequence)]
        }
        let task = TaskReference(delegator: home, storeEpoch: epoch, sequence: sequence)
        sequence += 1
        locked = task
        return [
            .lock(
                LockRequest(
                    task: task, payer: payer, payee: payee, amount: Energy(millijoules: 4),
                    deadline: Book.start + .seconds(60), leastLifetimeBeyond: .zero))
        ]
    }

    private mutating func perform(_ events: [LedgerEvent]) throws(BenchmarkError) -> [StoreWrite] {
        var writes: [StoreWrite] = []
        for event in events {
            do throws(LedgerError) {
                if let commit = try machine.apply(event, at: Book.start).commit { writes.append(.ledger(commit)) }
            } catch { throw .ledger(error) }
        }
        return writes
    }

    private mutating func keep(_ events: [LedgerEvent]) throws(BenchmarkError) { try keep(perform(events)) }

    private func keep(_ writes: [StoreWrite]) throws(BenchmarkError) {
        do throws(StoreError) { try store?.commit(writes) } catch { throw .store(error) }
    }
}

/// A new store at `path`.
func benchmarkStore(_ path: String) throws(BenchmarkError) -> AgentStore {
    do throws(StoreError) {
        return try AgentStore(path: path, for: .agent(newEpoch: StoreEpoch(7)))
    } catch { throw .store(error) }
}

/// The peer's tables.
private final class PlainRows {
    private let handle: OpaquePointer

    init(_ path: String) throws(BenchmarkError) {
        var made: OpaquePointer?
        let refused = peers_rows_open(path, &made)
        guard let made else { throw .peer("plain rows", refused) }
        handle = made
    }

    deinit { peers_rows_close(handle) }

    func commit(group: Int, _ count: Int) throws(BenchmarkError) -> Durations {
        try Durations.ofPeer("plain rows", count) { peers_rows_commit(handle, group, count, $0) }
    }
}
