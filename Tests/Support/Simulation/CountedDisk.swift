import AgentCore
import Ledger
import Quantities

/// A store that keeps what an agent starts from, and of everything else only how much there is.
///
/// A month of energy pages would take a hundred megabytes, and moving them about would take longer than all the rest.
struct CountedDisk {
    /// Kinds of which only the size is kept; their keys are numbers that only grow.
    private static let counted: [StoreRecordKind] = [.proof, .historyMinute, .historyHour, .run, .decision]

    private struct Tally {
        /// Sizes by number.
        var sizes: [UInt64: Int] = [:]
        /// Nothing is kept below this number.
        var lowest: UInt64 = 0
        var bytes = 0
        var last: StoredRecord?
    }

    private var image: StoreImage
    private var tallies: [StoreRecordKind: Tally] = [:]
    private var sizes: [StoreRecordKind: [[UInt8]: Int]] = [:]

    init(_ image: StoreImage) { self.image = image }

    /// How many records there are.
    var records: Int { tallies.values.reduce(0) { $0 + $1.sizes.count } + sizes.values.reduce(0) { $0 + $1.count } }

    /// Their size, keys included.
    var bytes: Int {
        tallies.values.reduce(0) { $0 + $1.bytes }
            + sizes.values.reduce(0) { $0 + $1.values.reduce(0) { $0 + $1 } }
    }

    func count(of kind: StoreRecordKind) -> Int { tallies[kind]?.sizes.count ?? sizes[kind]?.count ?? 0 }

    mutating func apply(_ writes: [StoreWrite]) {
        var kept: [StoreWrite] = []
        for write in writes {
            switch write {
            case .put(let kind, let key, let value) where CountedDisk.counted.contains(kind):
                let number = CountedDisk.number(key)
                let before = tallies[kind, default: Tally()].sizes.updateValue(8 + value.count, forKey: number) ?? 0
                tallies[kind]?.bytes += 8 + value.count - before
                tallies[kind]?.last = StoredRecord(key: key, value: value)
            case .removeRange(let kind, _, let below) where CountedDisk.counted.contains(kind):
                let end = CountedDisk.number(below)
                while let lowest = tallies[kind]?.lowest, lowest < end {
                    if let size = tallies[kind]?.sizes.removeValue(forKey: lowest) { tallies[kind]?.bytes -= size }
                    tallies[kind]?.lowest = lowest + 1
                }
            case .put(let kind, let key, let value):
                sizes[kind, default: [:]][key] = key.count + value.count
                kept.append(write)
            case .remove(let kind, let key):
                sizes[kind]?[key] = nil
                kept.append(write)
            case .removeRange(let kind, let from, let below):
                sizes[kind] = sizes[kind]?.filter {
                    $0.key.lexicographicallyPrecedes(from) || !$0.key.lexicographicallyPrecedes(below)
                }
                kept.append(write)
            case .ledger: kept.append(write)
            }
        }
        image.apply(kept)
    }

    /// Opens the store once more, with the last of the pages.
    mutating func open() -> StoreImage {
        image = image.reopened()
        var opened = image
        if let last = tallies[.proof]?.last { opened.apply([.put(.proof, key: last.key, value: last.value)]) }
        return opened
    }

    /// What the store says of what it keeps.
    func answer(_ query: RecordQuery) -> StoreAnswer {
        switch query.kind {
        case .proofs, .newestProofs: .pages(tallies[.proof]?.last.map { [$0.value] } ?? [])
        case .chargedPage(let hash): .pages(image.value(.chargedPage, key: hash.array).map { [$0] } ?? [])
        case .history(let resolution, _, _):
            .history(resolution.recordKind.flatMap { tallies[$0]?.last }.map { [$0] } ?? [])
        case .runs: .history(tallies[.run]?.last.map { [$0] } ?? [])
        case .decisions: .history(tallies[.decision]?.last.map { [$0] } ?? [])
        case .dispute(let key):
            .history(image.value(.task, key: key).map { [StoredRecord(key: key, value: $0)] } ?? [])
        case .newestJournal: .journal([])
        case .verification: .notVerified("only sizes are kept")
        }
    }

    private static func number(_ key: [UInt8]) -> UInt64 { key.reduce(0) { $0 << 8 | UInt64($1) } }
}
