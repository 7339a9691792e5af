import Cryptography
import Quantities

/// Which key stands for which: the accepted successions, at most one away from a key and one towards it.
///
/// A key that has gone can hand its place on no second time, so whoever steals it after its overlap has nothing.
public struct KeySuccessions: Sendable {
    private var away: [PublicKey: CountersignedSuccession] = [:]
    private var towards: [PublicKey: PublicKey] = [:]

    /// No successions.
    public init() {}

    /// How many there are.
    public var count: Int { away.count }

    /// All of them, in the order of their old keys.
    public var all: [CountersignedSuccession] { away.keys.sorted().compactMap { away[$0] } }

    /// Accepts `succession`; false where it is known already.
    ///
    /// Complexity: O(length of the row).
    public mutating func add(_ succession: CountersignedSuccession) throws(SuccessionError) -> Bool {
        let (old, new) = (succession.payload.old, succession.payload.new)
        if let known = away[old] {
            guard known.payload == succession.payload else { throw .alreadySucceeded(by: known.payload.new.id) }
            return false
        }
        // One that comes late may join two rows, but a row never comes back to itself.
        guard towards[new] == nil, newest(new) != old else { throw .keyUsedBefore(new.id) }
        guard rowLength(through: old) + rowLength(through: new) < IdentityLimits.successionsInARow else {
            throw .tooManyInARow(limit: IdentityLimits.successionsInARow)
        }
        guard away.count < IdentityLimits.successions else { throw .full(limit: IdentityLimits.successions) }
        away[old] = succession
        towards[new] = old
        return true
    }

    /// The key that stands for `key` now.
    public func newest(_ key: PublicKey) -> PublicKey {
        var newest = key
        // No row comes back to itself, see `add`.
        while let next = away[newest] { newest = next.payload.new }
        return newest
    }

    /// The first key of the row in which `key` stands.
    public func first(_ key: PublicKey) -> PublicKey {
        var first = key
        while let before = towards[first] { first = before }
        return first
    }

    /// Whether `key` counts at `time`: it was not succeeded, or both count still.
    ///
    /// While nobody vouches for the clock only the newest key counts.
    public func counts(_ key: PublicKey, at time: IdentityTime) -> Bool {
        guard let succession = away[key]?.payload else { return true }
        return time.status == .synchronized && time.wall < succession.overlapEnd
    }

    /// Whether `key` stands for what `known` stood for, and counts at `time`.
    public func accepts(_ key: PublicKey, for known: PublicKey, at time: IdentityTime) -> Bool {
        newest(key) == newest(known) && counts(key, at: time)
    }

    /// Whether both keys stand in one row, whatever the time.
    public func isSameHolder(_ one: PublicKey, _ other: PublicKey) -> Bool {
        one == other || newest(one) == newest(other)
    }

    /// The keys that stand for `known` at `time`, the newest first.
    public func keys(for known: PublicKey, at time: IdentityTime) -> [PublicKey] {
        var keys = [newest(known)]
        while let last = keys.last, let before = towards[last], counts(before, at: time) { keys.append(before) }
        return keys
    }

    /// How many successions are in the row in which `key` stands.
    private func rowLength(through key: PublicKey) -> Int {
        var length = 0
        var key = first(key)
        while let next = away[key] {
            length += 1
            key = next.payload.new
        }
        return length
    }
}
