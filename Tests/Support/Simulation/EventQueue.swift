/// What will happen, in order of time, and in order of scheduling among equals.
public struct EventQueue<Event> {
    private var heap: [Entry] = []
    private var scheduled: UInt64 = 0

    private struct Entry {
        let at: Int64
        let order: UInt64
        let event: Event

        func precedes(_ other: Entry) -> Bool { at != other.at ? at < other.at : order < other.order }
    }

    /// An empty queue.
    public init() {}

    /// When the next event is due, in milliseconds; nil when there is none.
    public var next: Int64? { heap.first?.at }

    /// Schedules `event` at `milliseconds`.
    ///
    /// Complexity: O(log n).
    public mutating func schedule(_ event: Event, at milliseconds: Int64) {
        heap.append(Entry(at: milliseconds, order: scheduled, event: event))
        scheduled += 1
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child].precedes(heap[parent]) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes the next event.
    ///
    /// Complexity: O(log n).
    public mutating func take() -> (at: Int64, event: Event)? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return (first.at, first.event)
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].precedes(heap[least])
            {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
