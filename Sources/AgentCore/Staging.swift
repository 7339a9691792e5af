import Federation
import Link
import Quantities

/// Puts effects behind the writes that they depend on: persist, then send.
///
/// Within one event the core collects writes and, apart from them, what may only happen once they are
/// durable. Writes that can wait (`putOff`) ride along with the next write that cannot, or go alone after `delay`.
///
/// Some belong to something whose end is to be stored together with its beginning (`letWait`): they wait for that end
/// likewise. But whatever depends on all writes so far is never told before they are durable, and so has them written.
struct Staging {
    /// Something that waits for a write.
    enum Dependent {
        /// An effect for the shell.
        case effect(AgentEffect)
        /// A message for a peer.
        case message(LinkPeerID, MessageClass, [UInt8])
    }

    private struct Batch {
        let token: PersistenceToken
        let dependents: [Dependent]
    }

    /// How long a write that can wait is put off for each source, so that many idle ones cost the disk little more
    /// than one does: what a write costs is the pages of the file that it touches, for each source some.
    static let delayPerSource = TimeSpan.seconds(60)
    /// Longest time for which a write that can wait is put off.
    static let longestDelay = TimeSpan.seconds(300)

    /// For how long a write that can wait is put off.
    var delay = Staging.delayPerSource

    /// Everything that is to be written, in the order in which it came to be.
    private var writes: [StoreWrite] = []
    /// Whether they are written at the end of this event.
    private var isUrgent = false
    /// Whether one of them is written as soon as anything depends on it.
    private var hasBeginning = false
    private var dependents: [Dependent] = []
    private var delayedSince: BootTime?
    private var inFlight: [Batch] = []
    private var nextToken: UInt64 = 1

    /// When the writes that were put off are due; nil when there are none.
    var deadline: BootTime? { delayedSince.map { $0 + delay } }

    /// Whether everything that was given to the shell is durable and nothing waits.
    var isSettled: Bool { writes.isEmpty && inFlight.isEmpty }

    /// Adds a write of this event.
    mutating func write(_ write: StoreWrite) {
        writes.append(write)
        isUrgent = true
    }

    /// Adds a write that may wait; a later one for the same record replaces it.
    mutating func putOff(_ write: StoreWrite, now: BootTime) {
        if case .put(let kind, let key, _) = write {
            writes.removeAll {
                guard case .put(let otherKind, let otherKey, _) = $0 else { return false }
                return otherKind == kind && otherKey == key
            }
        }
        writes.append(write)
        if delayedSince == nil { delayedSince = now }
    }

    /// Adds a write of something that has begun, and need not be known after a crash before it has ended.
    mutating func letWait(_ write: StoreWrite, now: BootTime) {
        writes.append(write)
        hasBeginning = true
        if delayedSince == nil { delayedSince = now }
    }

    /// Adds something that must wait for the writes of this event and all before.
    mutating func afterWrites(_ dependent: Dependent) { dependents.append(dependent) }

    /// Writes what was put off together with this event's writes, even before it is due.
    mutating func hurry() { isUrgent = true }

    /// Ends the event: the write to hand out, if any, and what may happen at once.
    mutating func finish(now: BootTime) -> (write: AgentEffect?, ready: [Dependent]) {
        if deadline.map({ $0 <= now }) == true { hurry() }
        if hasBeginning, !dependents.isEmpty { hurry() }
        defer { isUrgent = false }
        if isUrgent, !writes.isEmpty {
            delayedSince = nil
            hasBeginning = false
            let token = PersistenceToken(value: nextToken)
            nextToken += 1
            inFlight.append(Batch(token: token, dependents: dependents))
            let effect = AgentEffect.persist(token, writes)
            writes = []
            dependents = []
            return (effect, [])
        }
        // Without a write of its own the event depends on what is still under way.
        if let last = inFlight.popLast() {
            inFlight.append(Batch(token: last.token, dependents: last.dependents + dependents))
            dependents = []
            return (nil, [])
        }
        let ready = dependents
        dependents = []
        return (nil, ready)
    }

    /// The shell confirms `token`: what waited for it and for all before may happen.
    mutating func confirm(_ token: PersistenceToken) -> [Dependent] {
        var released: [Dependent] = []
        while let first = inFlight.first, first.token <= token {
            released += first.dependents
            inFlight.removeFirst()
        }
        return released
    }
}
