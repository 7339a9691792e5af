import Quantities

/// A part of a message, as it arrived.
struct ReceivedFragment {
    let messageClass: MessageClass
    let number: UInt64
    let offset: Int
    let isLast: Bool
    let payload: ArraySlice<UInt8>
}

/// The partial messages of one peer.
///
/// A message is handed over when every byte of it is there, and never before. One without progress
/// for 30 s is dropped; its number stays until the sender has acknowledged the request to begin it
/// anew, because parts that the sender takes for delivered would be missing otherwise.
struct Reassembly: Sendable {
    /// What became of a fragment.
    enum Outcome: Equatable, Sendable {
        /// It is kept, or was there already.
        case stored
        /// It was the missing one.
        case complete([UInt8])
        /// There is no room for its message, or its message waits to be begun anew.
        case noRoom
        /// It contradicts earlier fragments of its message.
        case inconsistent
    }

    fileprivate struct Partial: Sendable {
        let number: UInt64
        let messageClass: MessageClass
        /// The bytes up to the highest offset so far, zero where none has arrived.
        var bytes: [UInt8] = []
        /// The bytes that have arrived, ascending, neither overlapping nor touching.
        var arrived: [Range<Int>] = []
        /// The message's length, once its last fragment is there.
        var length: Int?
        var lastProgress: BootTime
        /// Dropped; waits for the sender to know.
        var isDropped = false
    }

    private var partials: [Partial] = []
    /// Bytes of memory that partial messages hold.
    private(set) var byteCount = 0

    /// Messages begun or dropped and not yet forgotten.
    var count: Int { partials.count }

    /// Takes a well-formed fragment; `room` is how many bytes more may be held.
    mutating func insert(_ fragment: ReceivedFragment, room: Int, now: BootTime) -> Outcome {
        let found = partials.firstIndex { $0.number == fragment.number }
        let end = fragment.offset + fragment.payload.count
        let held = found.map { Reassembly.capacity(for: partials[$0].bytes.count) } ?? 0
        let growth = max(0, Reassembly.capacity(for: end) - held)
        if let found {
            guard !partials[found].isDropped else { return .noRoom }
            guard Reassembly.isConsistent(fragment, end: end, with: partials[found]) else { return .inconsistent }
        } else if partials.count >= LinkLimits.partialMessages {
            return .noRoom
        }
        guard growth <= room else { return .noRoom }
        let index = found ?? partials.count
        if found == nil {
            partials.append(
                Partial(number: fragment.number, messageClass: fragment.messageClass, lastProgress: now))
        }
        byteCount += growth
        guard partials[index].store(fragment, end: end) else { return .stored }
        partials[index].lastProgress = now
        guard let length = partials[index].length, partials[index].arrived == [0..<length] else { return .stored }
        let message = partials[index].bytes
        remove(at: index)
        return .complete(message)
    }

    /// When the next partial message dies; nil when there is none.
    var nextDeadline: BootTime? {
        partials.lazy.filter { !$0.isDropped }.map { $0.lastProgress + LinkTimes.partialLife }.min()
    }

    /// Drops the messages that made no progress; their numbers.
    mutating func dropStalled(now: BootTime) -> [UInt64] {
        var dropped: [UInt64] = []
        for index in partials.indices
        where !partials[index].isDropped && partials[index].lastProgress + LinkTimes.partialLife <= now {
            byteCount -= Reassembly.capacity(for: partials[index].bytes.count)
            partials[index].bytes = []
            partials[index].arrived = []
            partials[index].isDropped = true
            dropped.append(partials[index].number)
        }
        return dropped
    }

    /// The sender knows that a message was dropped, and begins it anew.
    mutating func forgetDropped(_ number: UInt64) {
        partials.removeAll { $0.number == number && $0.isDropped }
    }

    private mutating func remove(at index: Int) {
        byteCount -= Reassembly.capacity(for: partials[index].bytes.count)
        partials.remove(at: index)
    }

    private static func isConsistent(_ fragment: ReceivedFragment, end: Int, with partial: Partial) -> Bool {
        guard partial.messageClass == fragment.messageClass else { return false }
        if let length = partial.length { return fragment.isLast ? end == length : end < length }
        return !fragment.isLast || end >= partial.bytes.count
    }

    /// Memory held for `count` bytes: a power of two from 4 KiB, at most the longest message.
    fileprivate static func capacity(for count: Int) -> Int {
        guard count > 0 else { return 0 }
        var capacity = 4096
        while capacity < count { capacity *= 2 }
        return min(capacity, LinkLimits.messageLength)
    }
}

extension Reassembly.Partial {
    /// Copies the fragment in; false where all of it was there before.
    fileprivate mutating func store(_ fragment: ReceivedFragment, end: Int) -> Bool {
        if fragment.isLast { length = end }
        if arrived.contains(where: { $0.lowerBound <= fragment.offset && end <= $0.upperBound }) { return false }
        if bytes.count < end {
            bytes.reserveCapacity(Reassembly.capacity(for: end))
            bytes.append(contentsOf: repeatElement(0, count: end - bytes.count))
        }
        bytes.replaceSubrange(fragment.offset..<end, with: fragment.payload)
        merge(fragment.offset..<end)
        return true
    }

    private mutating func merge(_ range: Range<Int>) {
        var merged = range
        arrived.removeAll { other in
            guard other.lowerBound <= merged.upperBound, merged.lowerBound <= other.upperBound else { return false }
            merged = min(merged.lowerBound, other.lowerBound)..<max(merged.upperBound, other.upperBound)
            return true
        }
        let index = arrived.firstIndex { $0.lowerBound > merged.lowerBound } ?? arrived.count
        arrived.insert(merged, at: index)
    }
}
