import Ledger

/// A task that this board has with a peer, and that ends some time.
protocol PeerTask {
    /// Whether nothing more can happen to it.
    var isOver: Bool { get }
}

extension PayingTask: PeerTask {}
extension WorkingTask: PeerTask {}

/// Tasks by their ids, of which those that are not over are found without looking at the others.
///
/// Ended tasks stay listed for the operator, and there may be many times as many of them.
struct TaskTable<Entry: PeerTask & Sendable>: Sendable {
    /// All tasks.
    private(set) var entries: [TaskID: Entry] = [:]
    /// Those that are not over.
    private(set) var openIDs: Set<TaskID> = []

    /// The task `id`; nil removes it.
    subscript(id: TaskID) -> Entry? {
        get { entries[id] }
        _modify {
            defer { note(id) }
            yield &entries[id]
        }
    }

    /// How many tasks there are.
    var count: Int { entries.count }
    /// How many of them are over.
    var endedCount: Int { entries.count - openIDs.count }
    /// All tasks.
    var values: Dictionary<TaskID, Entry>.Values { entries.values }
    /// The ids of all tasks.
    var keys: Dictionary<TaskID, Entry>.Keys { entries.keys }

    /// Those that are not over.
    ///
    /// Complexity: O(n) in their number.
    var open: [Entry] { openIDs.compactMap { entries[$0] } }

    /// The tasks in the order in which `precedes` puts them.
    func sorted(
        by precedes: ((key: TaskID, value: Entry), (key: TaskID, value: Entry)) -> Bool
    ) -> [(key: TaskID, value: Entry)] {
        entries.sorted(by: precedes)
    }

    private mutating func note(_ id: TaskID) {
        if entries[id]?.isOver == false { openIDs.insert(id) } else { openIDs.remove(id) }
    }
}
