import AgentCore
import Ledger

/// A store in memory: lists of writes become durable in order, later; a crash loses what is not.
public struct SimulatedDisk: Sendable {
    /// What survives a crash at this moment.
    public private(set) var durable: StoreImage
    /// What will be durable once every write has been made.
    public private(set) var latest: StoreImage
    /// The newest lines of the durable journal, oldest first.
    public private(set) var journal: [JournalRecord] = []
    private var pending: [(token: PersistenceToken, writes: [StoreWrite])] = []
    private static let journalLines = 64

    /// A disk that holds `image`.
    public init(_ image: StoreImage) {
        durable = image
        latest = image
    }

    /// The durable energy pages whose keys are not below `start` and below `end`, in the order of their keys.
    func pages(from start: [UInt8], below end: [UInt8]) -> [StoredRecord] {
        durable.records(.proof).filter {
            !$0.key.lexicographicallyPrecedes(start) && $0.key.lexicographicallyPrecedes(end)
        }
    }

    /// Whether every write is durable.
    public var isFlushed: Bool { pending.isEmpty }

    /// Takes writes in; they are durable after `flushNext` has been called for them.
    public mutating func persist(_ token: PersistenceToken, _ writes: [StoreWrite]) {
        pending.append((token, writes))
        latest.apply(writes)
    }

    /// Makes the oldest list of writes durable, all of it.
    public mutating func flushNext() -> (token: PersistenceToken, writes: [StoreWrite])? {
        guard !pending.isEmpty else { return nil }
        let next = pending.removeFirst()
        durable.apply(next.writes)
        for case .ledger(let commit) in next.writes { journal.append(commit.record) }
        if journal.count > 2 * SimulatedDisk.journalLines {
            journal.removeFirst(journal.count - SimulatedDisk.journalLines)
        }
        return next
    }

    /// Changes what is stored, behind the back of the agent.
    public mutating func spoil(_ writes: [StoreWrite]) {
        durable.apply(writes)
        latest.apply(writes)
    }

    /// The process or the board is gone: some of the oldest unconfirmed lists were written, the others are lost.
    ///
    /// Returns the lists that turn out to be written.
    public mutating func crash(_ random: inout SimulationRandom) -> [[StoreWrite]] {
        var written: [[StoreWrite]] = []
        for _ in 0..<random.number(in: 0...Int64(pending.count)) {
            if let next = flushNext() { written.append(next.writes) }
        }
        pending = []
        latest = durable
        return written
    }

    /// Opens the store once more, as an agent does when it starts.
    public mutating func open() -> StoreImage {
        durable = durable.reopened()
        latest = durable
        return durable
    }
}
